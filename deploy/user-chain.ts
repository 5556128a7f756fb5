/** The user chain: who is admitted, and who produces its blocks. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { ZeroAddress } from "ethers";

import { AccessRole } from "../sdk/enums.js";
import { deployAccessManager, deployFederation, deployGovernance, grantRole, reserveFunctions } from "./access.js";
import { deployElection } from "./election.js";
import { USER_FUNCTIONS } from "./wiring.js";

export default buildModule("UserChain", (m) => {
  const FederationAccessManager = deployAccessManager(m);
  const Federation = deployFederation(m, FederationAccessManager);
  const election = deployElection(m, { manager: FederationAccessManager, federation: Federation });
  m.call(election.AccountantElection, "bindParts", [election.VoteBook, election.TurnCourt, ZeroAddress]);
  const governance = deployGovernance(m, FederationAccessManager, Federation, election.AccountantElection);
  const contracts = { FederationAccessManager, Federation, ...governance, ...election };
  reserveFunctions(m, FederationAccessManager, USER_FUNCTIONS, contracts);
  grantRole(m, FederationAccessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
  return contracts;
});
