/** Settled outcomes as rows: the sums of a bill, by slot, day, month or meter, with the quality of their readings. */
import type { AuditState } from "../../../sdk/audit/index.js";
import { BILL_SUMS, billOf, netCostOf, sumsOf } from "../../../sdk/bill-sums.js";
import { ReadingStatus } from "../../../sdk/enums.js";
import type { Outcome } from "../../../sdk/records.js";
import { grouped } from "../../simulate/grouped.js";
import { statusWord } from "../words.js";
import { isWithin, type Period } from "./period.js";
import type { Column, Row } from "./statement.js";

/** A meter's slot as it was settled last. */
export interface SettledRow {
  readonly slot: bigint;
  readonly outcome: Outcome;
  readonly isFinal: boolean;
}

/** All that was settled in the period of the outcomes that `isMeant` picks, by slot and meter. */
export function settledIn(
  { settled }: AuditState,
  { period, slotSeconds }: { readonly period: Period; readonly slotSeconds: bigint },
  isMeant: (outcome: Outcome) => boolean,
): SettledRow[] {
  const rows = [...settled.values()].flatMap(({ slot, outcomes, final: isFinal }) =>
    isWithin(period, slot, slotSeconds) ? outcomes.filter(isMeant).map((outcome) => ({ slot, outcome, isFinal })) : [],
  );
  return rows.sort((a, b) => Number(a.slot - b.slot) || Number(a.outcome.meter - b.outcome.meter));
}

/** The figures of a bill. Those of the community and the grid together are what the bill's sums call paid and received. */
const FIGURES = [
  ...BILL_SUMS,
  "communityPaidMicro",
  "gridPaidMicro",
  "communityReceivedMicro",
  "gridReceivedMicro",
  "deviationsMicro",
  "netCostMicro",
] as const;

export type Figures = Readonly<Record<(typeof FIGURES)[number], bigint>>;

/** The sums of settled rows; nothing is rounded. */
export function figuresOf(rows: readonly SettledRow[]): Figures {
  return sumsOf(
    FIGURES,
    rows.map(({ outcome }) => {
      const bill = billOf(outcome);
      return {
        ...bill,
        communityPaidMicro: outcome.energyPaid,
        gridPaidMicro: outcome.gridPaid,
        communityReceivedMicro: outcome.energyReceived,
        gridReceivedMicro: outcome.gridReceived,
        deviationsMicro: outcome.bondPaid - outcome.bondReceived,
        netCostMicro: netCostOf(bill),
      };
    }),
  );
}

/** How many readings were of each quality, best first, e.g. `22 actual, 2 substituted`. */
export function qualityText(rows: readonly SettledRow[]): string {
  const order = [
    ReadingStatus.Actual,
    ReadingStatus.Corrected,
    ReadingStatus.Substituted,
    ReadingStatus.Estimated,
    ReadingStatus.Missing,
  ];
  return order
    .map((status) => [BigInt(status), rows.filter(({ outcome }) => outcome.status === BigInt(status)).length] as const)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${statusWord(status)}`)
    .join(", ");
}

/** Columns of grouped rows, after those that say of what a row is. */
export const FIGURE_COLUMNS: readonly Column[] = [
  { key: "importWh", label: "drawn", unit: "wh", isDetail: true },
  { key: "exportWh", label: "fed in", unit: "wh", isDetail: true },
  { key: "communityBoughtWh", label: "bought", unit: "wh" },
  { key: "communitySoldWh", label: "sold", unit: "wh" },
  { key: "gridImportWh", label: "from grid", unit: "wh" },
  { key: "gridExportWh", label: "to grid", unit: "wh" },
  { key: "communityPaidMicro", label: "paid to neighbours", unit: "micro", isDetail: true },
  { key: "gridPaidMicro", label: "paid to the supplier", unit: "micro", isDetail: true },
  { key: "communityReceivedMicro", label: "received of neighbours", unit: "micro", isDetail: true },
  { key: "gridReceivedMicro", label: "received of the supplier", unit: "micro", isDetail: true },
  { key: "paidMicro", label: "paid", unit: "micro" },
  { key: "receivedMicro", label: "received", unit: "micro" },
  { key: "feesMicro", label: "grid fees", unit: "micro" },
  { key: "bondPaidMicro", label: "deviations paid", unit: "micro", isDetail: true },
  { key: "bondReceivedMicro", label: "received for deviations", unit: "micro", isDetail: true },
  { key: "deviationsMicro", label: "deviations", unit: "micro" },
  { key: "netCostMicro", label: "cost", unit: "micro" },
];

export const QUALITY_COLUMN: Column = { key: "readings", label: "readings", unit: "text" };

/** One row for each group, in order of appearance; `*` marks what is not measured in full. */
export function groupedRows(
  rows: readonly SettledRow[],
  key: string,
  labelOf: (row: SettledRow) => string,
): (Row & Figures)[] {
  return [...grouped(rows, labelOf)].map(([label, own]) => {
    const readings = qualityText(own);
    return { [key]: label, ...figuresOf(own), readings: isMeasured(own) ? readings : `* ${readings}` };
  });
}

/** Whether each reading was a meter's own, or a correction of it. */
export function isMeasured(rows: readonly SettledRow[]): boolean {
  const measured = new Set<bigint>([BigInt(ReadingStatus.Actual), BigInt(ReadingStatus.Corrected)]);
  return rows.every(({ outcome }) => measured.has(outcome.status));
}
