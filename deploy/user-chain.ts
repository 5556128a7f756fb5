/** The user chain: who is admitted. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import { AccessRole } from "../sdk/enums.js";
import { deployAccessManager, grantRole, reserveFunctions } from "./access.js";
import { USER_FUNCTIONS } from "./wiring.js";

export default buildModule("UserChain", (m) => {
  const accessManager = deployAccessManager(m);
  const federation = m.contract("Federation", [accessManager]);
  reserveFunctions(m, accessManager, USER_FUNCTIONS, { AccessManager: accessManager, Federation: federation });
  grantRole(m, accessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
  return { AccessManager: accessManager, Federation: federation };
});
