/** The user chain: who is admitted, and who produces its blocks. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { ZeroAddress } from "ethers";

import { AccessRole } from "../sdk/enums.js";
import { deployAccessManager, grantRole, reserveFunctions } from "./access.js";
import { deployElection } from "./election.js";
import { USER_FUNCTIONS } from "./wiring.js";

export default buildModule("UserChain", (m) => {
  const AccessManager = deployAccessManager(m);
  const Federation = m.contract("Federation", [AccessManager]);
  const election = deployElection(m, { manager: AccessManager, federation: Federation });
  m.call(election.AccountantElection, "bindParts", [election.VoteBook, election.TurnCourt, ZeroAddress]);
  const contracts = { AccessManager, Federation, ...election };
  reserveFunctions(m, AccessManager, USER_FUNCTIONS, contracts);
  grantRole(m, AccessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
  return contracts;
});
