/** From a forecast to orders: how much a home offers or asks for, and at which limit between feed-in and retail. */
import type { Random } from "../inputs/random.js";

import type { SlotValue } from "./forecast.js";

/** Prices of a slot, in micro-credits per kWh. */
export interface SlotPrices {
  readonly retail: bigint;
  readonly feedIn: bigint;
}

/** What a home does with its forecast; thousandths. The same in all slots of a run. */
export interface Willingness {
  /** Where a bid lies between feed-in (0) and retail (1,000). */
  readonly bidAt: bigint;
  /** Where an ask lies between feed-in (0) and retail (1,000). */
  readonly askAt: bigint;
  /** The share of the forecast that is ordered: a buyer takes or pays, a seller delivers or makes whole. */
  readonly share: bigint;
}

/** An order over consecutive slots; `wh[i]` 0: none in that slot. Limits in micro-credits per kWh. */
export interface OrderProfile {
  readonly side: "buy" | "sell";
  readonly firstSlot: number;
  readonly wh: readonly bigint[];
  readonly limits: readonly bigint[];
}

/** What bounds a home's orders. */
export interface OrderBounds {
  readonly minimumWh: bigint;
  readonly connectionWh: bigint;
  readonly willingness: Willingness;
}

/** The most slots that one order holds (EnergyMarket). */
export const MAX_PROFILE_SLOTS = 128;

/** A home's own willingness, drawn from its stream: bids in the upper 40 % of the spread, asks in the lower 40 %. */
export function drawWillingness(random: Random): Willingness {
  return {
    bidAt: BigInt(random.between(600, 1000)),
    askAt: BigInt(random.between(0, 400)),
    share: BigInt(random.between(850, 1000)),
  };
}

/** A home's buy profile and sell profile over the forecast's slots; none where there is nothing to order. */
export function buildOrders(
  forecast: readonly SlotValue[],
  firstSlot: number,
  pricesAt: (slot: number) => SlotPrices,
  bounds: OrderBounds,
): { readonly buy: OrderProfile[]; readonly sell: OrderProfile[] } {
  const profilesOf = (side: "buy" | "sell"): OrderProfile[] => {
    const slots = forecast.map((value, index) => {
      const wh = orderedWh(side === "buy" ? value.importWh : value.exportWh, bounds);
      return { wh, limit: wh === 0n ? 0n : limitOf(side, pricesAt(firstSlot + index), bounds.willingness) };
    });
    return cut(side, firstSlot, slots);
  };
  return { buy: profilesOf("buy"), sell: profilesOf("sell") };
}

function orderedWh(forecastWh: number, { minimumWh, connectionWh, willingness }: OrderBounds): bigint {
  const wh = (BigInt(forecastWh) * willingness.share) / 1000n;
  const most = wh < connectionWh ? wh : connectionWh;
  return most < minimumWh ? 0n : most;
}

function limitOf(side: "buy" | "sell", { retail, feedIn }: SlotPrices, willingness: Willingness): bigint {
  const at = side === "buy" ? willingness.bidAt : willingness.askAt;
  return feedIn + ((retail - feedIn) * at) / 1000n;
}

/** Pieces that fit an order, without empty slots at either end. */
function cut(
  side: "buy" | "sell",
  firstSlot: number,
  slots: readonly { readonly wh: bigint; readonly limit: bigint }[],
): OrderProfile[] {
  const profiles: OrderProfile[] = [];
  for (let from = 0; from < slots.length; from += MAX_PROFILE_SLOTS) {
    const piece = slots.slice(from, from + MAX_PROFILE_SLOTS);
    const first = piece.findIndex((slot) => slot.wh > 0n);
    if (first === -1) continue;
    const used = piece.slice(first, piece.findLastIndex((slot) => slot.wh > 0n) + 1);
    const [wh, limits] = [used.map((slot) => slot.wh), used.map((slot) => slot.limit)];
    profiles.push({ side, firstSlot: firstSlot + from + first, wh, limits });
  }
  return profiles;
}
