/**
 * The one table of what went wrong and what to do about it: the SDK's own errors and each custom error of the contracts.
 * docs/errors.md is written from it (npm run docs:errors).
 */
import type { Advice } from "./advice/advice.js";
import { ANCHORS_ERRORS } from "./advice/anchors.js";
import { BACKUPS_ERRORS } from "./advice/backups.js";
import { CLEARING_ERRORS } from "./advice/clearing.js";
import { DEVICES_ERRORS } from "./advice/devices.js";
import { ELECTION_ERRORS } from "./advice/election.js";
import { FEDERATION_ERRORS } from "./advice/federation.js";
import { GOVERNANCE_ERRORS } from "./advice/governance.js";
import { GRID_ERRORS } from "./advice/grid.js";
import { LIBRARY_ERRORS } from "./advice/library.js";
import { LIGHT_ERRORS } from "./advice/light.js";
import { MONEY_ERRORS } from "./advice/money.js";
import { NODES_ERRORS } from "./advice/nodes.js";
import { ORDERS_ERRORS } from "./advice/orders.js";
import { PERSONAL_ERRORS } from "./advice/personal.js";
import { QBFT_ERRORS } from "./advice/qbft.js";
import { READINGS_ERRORS } from "./advice/readings.js";
import { RULES_ERRORS } from "./advice/rules.js";
import { SDK_ERRORS } from "./advice/sdk.js";
import { SETTLEMENT_ERRORS } from "./advice/settlement.js";
import { VAULT_ERRORS } from "./advice/vault.js";

export type { Advice } from "./advice/advice.js";

/** The table by part, in the order of docs/errors.md. */
export const ERROR_GROUPS: Readonly<Record<string, Readonly<Record<string, Advice>>>> = {
  SDK: SDK_ERRORS,
  "Light verification": LIGHT_ERRORS,
  Vault: VAULT_ERRORS,
  Federation: FEDERATION_ERRORS,
  "FederationGovernor and EmergencySuspension": GOVERNANCE_ERRORS,
  NodeDirectory: NODES_ERRORS,
  BackupRegister: BACKUPS_ERRORS,
  "AccountantElection, VoteBook, TurnCourt and AccountingRevenue": ELECTION_ERRORS,
  "QBFT headers, seals and turns": QBFT_ERRORS,
  HeaderAnchors: ANCHORS_ERRORS,
  DeviceRegistry: DEVICES_ERRORS,
  "GridTopology, Tariffs and the schedules by slot": GRID_ERRORS,
  "MarketRules and MarketCalendar": RULES_ERRORS,
  "MeterLedger, ReadingQuorum and Disputes": READINGS_ERRORS,
  "EnergyMarket and BilateralContracts": ORDERS_ERRORS,
  "Clearing and its libraries": CLEARING_ERRORS,
  "EnergyCredit, TradeEscrow, Arrears and accounting fees": MONEY_ERRORS,
  Settlement: SETTLEMENT_ERRORS,
  "PersonalRecords, RecordGrants and KeyDirectory": PERSONAL_ERRORS,
  "OpenZeppelin and the EVM": LIBRARY_ERRORS,
};

/** The whole table. */
export const ERROR_ADVICE: Readonly<Record<string, Advice>> = Object.assign(
  {},
  ...Object.values(ERROR_GROUPS),
) as Record<string, Advice>;
