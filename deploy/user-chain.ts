/** The user chain: who is admitted, who produces its blocks, and what people keep to themselves. */
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
  const NodeDirectory = m.contract("NodeDirectory", [Federation]);
  const PersonalRecords = m.contract("PersonalRecords", [Federation]);
  const RecordGrants = m.contract("RecordGrants", [Federation]);
  const KeyDirectory = m.contract("KeyDirectory", [Federation]);
  const contracts = {
    FederationAccessManager,
    Federation,
    ...governance,
    ...election,
    NodeDirectory,
    PersonalRecords,
    RecordGrants,
    KeyDirectory,
  };
  reserveFunctions(m, FederationAccessManager, USER_FUNCTIONS, contracts);
  grantRole(m, FederationAccessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
  return contracts;
});
