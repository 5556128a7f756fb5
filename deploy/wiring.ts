/**
 * Who may call what behind the AccessManagers: the one table that the Ignition modules set up and the tests hold the
 * contracts to. A restricted function that is missing here belongs to ADMIN alone.
 */
import { AccessRole } from "../sdk/enums.js";
import type { TransactionContractName, UserContractName } from "../sdk/deployments/index.js";

/** Functions of a contract that a role may call. */
export interface RoleOfFunctions<Contract extends string> {
  readonly contract: Contract;
  readonly role: AccessRole;
  readonly functions: readonly string[];
}

/** Contracts that have a role. */
export interface RoleOfContracts<Contract extends string> {
  readonly role: AccessRole;
  readonly contracts: readonly Contract[];
}

const FEDERATION = {
  contract: "Federation",
  role: AccessRole.Council,
  functions: ["admitMember", "changeRoles", "suspend", "reinstate", "expel"],
} as const;

const EMERGENCY = [
  { contract: "Federation", role: AccessRole.Emergency, functions: ["suspendInEmergency"] },
  { contract: "EmergencySuspension", role: AccessRole.Council, functions: ["allowAgain"] },
] as const;

const ELECTION = {
  contract: "AccountantElection",
  role: AccessRole.Council,
  functions: ["setSeats", "slash", "unfreeze"],
} as const;

/** All but HeaderAnchors, which come later (anchors.ts), reserve nothing and have no role. */
export type WiredTransactionName = Exclude<TransactionContractName, "HeaderAnchors">;
export type WiredUserName = Exclude<UserContractName, "HeaderAnchors">;

export const USER_FUNCTIONS: readonly RoleOfFunctions<WiredUserName>[] = [
  FEDERATION,
  ...EMERGENCY,
  ELECTION,
  // for nobody: this chain has no revenue to bind, nor a holder of SETTLEMENT, and a hand-over seals that for ever
  { contract: "VoteBook", role: AccessRole.Settlement, functions: ["bindRevenue"] },
];

export const TRANSACTION_FUNCTIONS: readonly RoleOfFunctions<WiredTransactionName>[] = [
  FEDERATION,
  ...EMERGENCY,
  ELECTION,
  { contract: "GridTopology", role: AccessRole.Council, functions: ["createArea", "setParties", "setEdge"] },
  { contract: "ReadingQuorum", role: AccessRole.Council, functions: ["setQuorum"] },
  { contract: "AccountingRevenue", role: AccessRole.Council, functions: ["assignPool"] },
  { contract: "EnergyCredit", role: AccessRole.Issuer, functions: ["issue", "redeemFrom"] },
  { contract: "MarketRules", role: AccessRole.Regulator, functions: ["setRules", "setWindows"] },
  { contract: "TradeEscrow", role: AccessRole.Market, functions: ["lock", "unlock", "payLocked"] },
  { contract: "TradeEscrow", role: AccessRole.Settlement, functions: ["post", "release"] },
  { contract: "MeterLedger", role: AccessRole.Settlement, functions: ["bar"] },
  { contract: "AccountingRevenue", role: AccessRole.Settlement, functions: ["book"] },
  { contract: "EnergyMarket", role: AccessRole.Bilateral, functions: ["countBilateral"] },
];

export const CONTRACT_ROLES: readonly RoleOfContracts<WiredTransactionName>[] = [
  { role: AccessRole.Market, contracts: ["EnergyMarket", "BilateralContracts", "Clearing", "Disputes"] },
  { role: AccessRole.Settlement, contracts: ["Settlement"] },
  { role: AccessRole.Bilateral, contracts: ["BilateralContracts"] },
];

/** Contracts that have a role on both chains, given where they are deployed (access.ts). */
export const GOVERNANCE_ROLES: readonly RoleOfContracts<WiredUserName>[] = [
  { role: AccessRole.Emergency, contracts: ["EmergencySuspension"] },
];

/** Names of the roles, as the AccessManager's RoleLabel events carry them. */
export const ROLE_LABELS: readonly (readonly [AccessRole, string])[] = Object.entries(AccessRole)
  .filter(([name]) => name !== "Admin")
  .map(([name, role]) => [role, name.toUpperCase()] as const);
