/** The user chain: who is admitted. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import { AccessRole } from "../sdk/enums.js";
import { deployAccessManager, deployFederation, grantRole, reserveFunctions } from "./access.js";
import { USER_FUNCTIONS } from "./wiring.js";

export default buildModule("UserChain", (m) => {
  const accessManager = deployAccessManager(m);
  const federation = deployFederation(m, accessManager);
  reserveFunctions(m, accessManager, USER_FUNCTIONS, {
    FederationAccessManager: accessManager,
    Federation: federation,
  });
  grantRole(m, accessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
  return { FederationAccessManager: accessManager, Federation: federation };
});
