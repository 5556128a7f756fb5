import { stringify } from "csv-stringify/sync";
import type { HomeSlot } from "./result.js";

/** Columns of `settlements.csv` (market rules, "CSV of the simulation"). */
const COLUMNS = [
  "slot_start",
  "home",
  "import_wh",
  "export_wh",
  "status",
  "community_bought_wh",
  "community_sold_wh",
  "grid_import_wh",
  "grid_export_wh",
  "price_micro_per_kwh",
  "paid_micro",
  "received_micro",
  "fees_micro",
  "bond_paid_micro",
  "bond_received_micro",
] as const;

/**
 * The settlements as CSV, a row per home and slot, by slot and then in the order given.
 * @param startOf writes a slot's start as the input did
 */
export function settlementsCsv(rows: readonly HomeSlot[], startOf: (slot: number) => string): string {
  const records = rows.map((row) => [
    startOf(row.slot),
    row.home,
    row.importWh,
    row.exportWh,
    row.status,
    row.communityBoughtWh,
    row.communitySoldWh,
    row.gridImportWh,
    row.gridExportWh,
    row.pricePerKwh ?? "",
    row.paidMicro,
    row.receivedMicro,
    row.feesMicro,
    row.bondPaidMicro,
    row.bondReceivedMicro,
  ]);
  return stringify([[...COLUMNS], ...records], { cast: { bigint: (value) => value.toString() } });
}
