/** The amounts of a bill, listed once: for homes' vaults, for the simulation's bills and for the audit's statements. */
import { gridOf } from "./audit/index.js";
import type { Outcome } from "./records.js";

/** Sums over slots as they were settled. Wh and micro-credits. */
export const BILL_SUMS = [
  "importWh",
  "exportWh",
  "communityBoughtWh",
  "communitySoldWh",
  "gridImportWh",
  "gridExportWh",
  "paidMicro",
  "receivedMicro",
  "feesMicro",
  "bondPaidMicro",
  "bondReceivedMicro",
] as const;

export type BillSums = Readonly<Record<(typeof BILL_SUMS)[number], bigint>>;

/** What one settled outcome puts on the bill. */
export function billOf(outcome: Outcome): BillSums {
  return {
    importWh: outcome.importWh,
    exportWh: outcome.exportWh,
    communityBoughtWh: outcome.boughtWh,
    communitySoldWh: outcome.soldWh,
    ...gridOf(outcome),
    paidMicro: outcome.energyPaid + outcome.gridPaid,
    receivedMicro: outcome.energyReceived + outcome.gridReceived,
    feesMicro: outcome.fees,
    bondPaidMicro: outcome.bondPaid,
    bondReceivedMicro: outcome.bondReceived,
  };
}

/** The sums of these fields over rows that have them; nothing is rounded. */
export function sumsOf<Field extends string>(
  fields: readonly Field[],
  rows: readonly Readonly<Record<NoInfer<Field>, bigint>>[],
): Record<Field, bigint> {
  const sumOf = (field: Field): bigint => rows.reduce((total, row) => total + row[field], 0n);
  return Object.fromEntries(fields.map((field) => [field, sumOf(field)])) as Record<Field, bigint>;
}

/** What a meter's settled outcomes come to. */
export function billSums(outcomes: readonly Outcome[]): BillSums {
  return sumsOf(BILL_SUMS, outcomes.map(billOf));
}

/** What a bill costs in all; below zero: earned. Micro-credits. */
export function netCostOf(sums: Pick<BillSums, MoneyOfBill>): bigint {
  return sums.paidMicro + sums.feesMicro + sums.bondPaidMicro - sums.receivedMicro - sums.bondReceivedMicro;
}

type MoneyOfBill = "paidMicro" | "receivedMicro" | "feesMicro" | "bondPaidMicro" | "bondReceivedMicro";
