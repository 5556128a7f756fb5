/** A settled meter and slot as the market rules' section "CSV of the simulation" names its figures. */
import type { MeterOutcome } from "./types.js";

/** The settled columns of `out/settlements.csv`; `price_micro_per_kwh` is undefined where nothing was delivered. */
export interface SettlementRow {
  readonly import_wh: bigint;
  readonly export_wh: bigint;
  readonly community_bought_wh: bigint;
  readonly community_sold_wh: bigint;
  readonly grid_import_wh: bigint;
  readonly grid_export_wh: bigint;
  readonly price_micro_per_kwh: bigint | undefined;
  readonly paid_micro: bigint;
  readonly received_micro: bigint;
  readonly fees_micro: bigint;
  readonly bond_paid_micro: bigint;
  readonly bond_received_micro: bigint;
}

/** The row of one meter and slot. */
export function settlementRow(o: MeterOutcome): SettlementRow {
  return {
    import_wh: o.importWh,
    export_wh: o.exportWh,
    community_bought_wh: o.boughtWh,
    community_sold_wh: o.soldWh,
    grid_import_wh: o.gridImportWh,
    grid_export_wh: o.gridExportWh,
    price_micro_per_kwh: o.pricePerKwh,
    paid_micro: o.energyPaidMicro + o.gridPaidMicro,
    received_micro: o.energyReceivedMicro + o.gridReceivedMicro,
    fees_micro: o.feesMicro,
    bond_paid_micro: o.bondPaidMicro,
    bond_received_micro: o.bondReceivedMicro,
  };
}

/** What a row changes on the home's account: received - paid - fees - bond paid + bond received. */
export function creditChangeOf(row: SettlementRow): bigint {
  return row.received_micro - row.paid_micro - row.fees_micro - row.bond_paid_micro + row.bond_received_micro;
}
