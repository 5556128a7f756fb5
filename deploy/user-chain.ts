/** The user chain: who is admitted. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import { AccessRole } from "../sdk/enums.js";
import { deployAccessManager, deployFederation, deployGovernance, grantRole, reserveFunctions } from "./access.js";
import { USER_FUNCTIONS } from "./wiring.js";

export default buildModule("UserChain", (m) => {
  const FederationAccessManager = deployAccessManager(m);
  const Federation = deployFederation(m, FederationAccessManager);
  const governance = deployGovernance(m, FederationAccessManager, Federation);
  const contracts = { FederationAccessManager, Federation, ...governance };
  reserveFunctions(m, FederationAccessManager, USER_FUNCTIONS, contracts);
  grantRole(m, FederationAccessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
  return contracts;
});
