/** The user chain: who is admitted, who produces its blocks, and what people keep to themselves. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { ZeroAddress } from "ethers";

import { AccessRole } from "../sdk/enums.js";
import { deployAccessManager, deployFederation, deployGovernance, grantRole, reserveFunctions } from "./access.js";
import { deployElection } from "./election.js";
import { EMPTY_GROUND, PREDEPLOYED_GROUND, type Ground } from "./predeployed.js";
import { USER_FUNCTIONS } from "./wiring.js";

const chainOn = (ground: Ground) =>
  buildModule("UserChain", (m) => {
    const FederationAccessManager = deployAccessManager(m, ground);
    const Federation = deployFederation(m, ground, FederationAccessManager);
    const election = deployElection(m, ground, { manager: FederationAccessManager, federation: Federation });
    m.call(election.AccountantElection, "bindParts", [election.VoteBook, election.TurnCourt, ZeroAddress]);
    const governance = deployGovernance(m, FederationAccessManager, Federation, election.AccountantElection);
    const NodeDirectory = m.contract("NodeDirectory", [Federation]);
    const BackupRegister = m.contract("BackupRegister", [Federation]);
    const PersonalRecords = m.contract("PersonalRecords", [Federation]);
    const RecordGrants = m.contract("RecordGrants", [Federation]);
    const KeyDirectory = m.contract("KeyDirectory", [Federation]);
    const contracts = {
      FederationAccessManager,
      Federation,
      ...governance,
      ...election,
      NodeDirectory,
      BackupRegister,
      PersonalRecords,
      RecordGrants,
      KeyDirectory,
    };
    reserveFunctions(m, FederationAccessManager, USER_FUNCTIONS, contracts);
    grantRole(m, FederationAccessManager, AccessRole.Council, m.getParameter<string>("council"), "council");
    return contracts;
  });

export default chainOn(EMPTY_GROUND);
/** The same on a chain whose genesis block holds the predeployed contracts. */
export const predeployedUserChain = chainOn(PREDEPLOYED_GROUND);
