/** What a simulated period comes to: the one object that the table, the CSV, the page and `--json` are made from. */
import type { VaultSummary } from "../agents/index.js";
import type { Finding } from "../../sdk/audit/index.js";
import type { AccountingWork } from "./accounting.js";

/** The levels at which a Wh can change hands, in trade order. */
export const LEVELS = ["bilateral", "feeder", "district", "city"] as const;
export type Level = (typeof LEVELS)[number];

/** One home in one slot, as it was settled last. Energy in Wh, money in micro-credits. */
export interface HomeSlot {
  readonly slot: number;
  readonly home: string;
  /** What the panels made; the export where nobody knows it. */
  readonly madeWh: bigint;
  readonly status: "actual" | "substituted" | "estimated" | "corrected" | "missing";
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly communityBoughtWh: bigint;
  readonly communitySoldWh: bigint;
  readonly gridImportWh: bigint;
  readonly gridExportWh: bigint;
  /** Wh-weighted mean over delivered trades, rounded down; undefined when none was delivered. */
  readonly pricePerKwh: bigint | undefined;
  readonly paidMicro: bigint;
  readonly receivedMicro: bigint;
  readonly feesMicro: bigint;
  readonly bondPaidMicro: bigint;
  readonly bondReceivedMicro: bigint;
  /** What the same reading would have cost with the supplier alone (negative: earned). */
  readonly withoutMarketMicro: bigint;
}

/** One slot over all homes, for the plots. */
export interface SlotSummary {
  readonly slot: number;
  /** As the input writes it, e.g. `2016-09-14T07:00`. */
  readonly start: string;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly communityWh: bigint;
  readonly gridImportWh: bigint;
  readonly gridExportWh: bigint;
  readonly deliveredByLevelWh: Readonly<Record<Level, bigint>>;
  /** Micro-credits per kWh on the first feeder. */
  readonly retail: bigint;
  readonly feedIn: bigint;
  readonly pricePerKwh: bigint | undefined;
}

/** Delivered Wh between two feeders (or within one) over the period. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly wh: bigint;
}

/** A home over the whole period. */
export interface HomeBill {
  readonly home: string;
  readonly feeder: string;
  readonly resampled: boolean;
  /** What the home consumed and what its panels made; the chain sees only import and export. */
  readonly usedWh: bigint;
  readonly madeWh: bigint;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly communityBoughtWh: bigint;
  readonly communitySoldWh: bigint;
  readonly gridImportWh: bigint;
  readonly gridExportWh: bigint;
  readonly paidMicro: bigint;
  readonly receivedMicro: bigint;
  readonly feesMicro: bigint;
  readonly bondPaidMicro: bigint;
  readonly bondReceivedMicro: bigint;
  /** paid + fees + bond paid - received - bond received. */
  readonly netCostMicro: bigint;
  readonly withoutMarketMicro: bigint;
  readonly slotsNotActual: number;
}

export interface SimulationResult {
  readonly seed: number;
  readonly from: string;
  readonly slotSeconds: number;
  readonly homes: readonly HomeBill[];
  readonly homeSlots: readonly HomeSlot[];
  readonly slots: readonly SlotSummary[];
  readonly flows: readonly Flow[];
  readonly creditsIssuedMicro: bigint;
  readonly creditsHeldMicro: bigint;
  readonly auditDifferences: number;
  readonly firstDifference?: Finding | undefined;
  readonly auditChecks: number;
  readonly transactions: number;
  readonly gasUsed: bigint;
  readonly accounting: AccountingWork;
  /** Absent when the run had no vaults. */
  readonly vaults?: VaultSummary;
}
