import { BILL_SUMS, netCostOf, sumsOf } from "../../sdk/bill-sums.js";
import type { HomeBill, HomeSlot } from "./result.js";

const SUMMED = ["madeWh", ...BILL_SUMS, "withoutMarketMicro"] as const satisfies readonly (keyof HomeSlot)[];

/**
 * What a reading costs with the supplier alone: all import at retail (rounded up), all export at feed-in (rounded
 * down); both prices in micro-credits per kWh.
 */
export function costWithoutMarket(importWh: bigint, exportWh: bigint, retail: bigint, feedIn: bigint): bigint {
  return (importWh * retail + 999n) / 1000n - (exportWh * feedIn) / 1000n;
}

/** Adds up a period's rows by home, in the order of `homes`. */
export function billHomes(
  homes: readonly { readonly home: string; readonly feeder: string; readonly resampled: boolean }[],
  rows: readonly HomeSlot[],
): HomeBill[] {
  const byHome = new Map<string, HomeSlot[]>(homes.map((home) => [home.home, []]));
  for (const row of rows) byHome.get(row.home)?.push(row);
  return homes.map((home) => {
    const own = byHome.get(home.home) ?? [];
    const sums = sumsOf(SUMMED, own);
    return {
      ...home,
      ...sums,
      usedWh: sums.importWh - sums.exportWh + sums.madeWh,
      netCostMicro: netCostOf(sums),
      slotsNotActual: own.filter((row) => row.status !== "actual").length,
    };
  });
}

export function sum(values: Iterable<bigint>): bigint {
  let total = 0n;
  for (const value of values) total += value;
  return total;
}
