/**
 * What clearing feeder by feeder costs: the gains of the homes (what a Wh is worth to them less what they pay, fees
 * included) against those in the best market over the whole city at once with the same fees (nodal.ts), on the orders
 * of the Fontana day. No edge is limited in either, for the fees are compared, not the wires.
 */
import { marketParameters } from "../../deploy/parameters.js";
import { clearCity } from "../../sdk/clearing/index.js";
import { EntryTag, packEntry, TradeLevel, unpackTrades } from "../../sdk/records.js";
import type { GridCity } from "../grid/index.js";
import { simulateCommand, type SimulateOptions } from "../simulate/options.js";
import { loadInputs, planRun, slotsOf, type Plan } from "../simulate/plan.js";
import { orderRounds } from "../simulate/schedule.js";
import { gainAt, nodalPrices, type NodalArea, type NodalOrder } from "./nodal.js";
import { tableText, whole, type BenchOptions, type Figures } from "./report.js";

/** An order of one slot, with its home. */
interface SlotOrder extends NodalOrder {
  readonly home: string;
}

/** Gains of a slot by home, micro-credits x 1,000, and the largest lead of the single market's price over what a Wh that traded on its own feeder got. */
interface SlotGains {
  readonly feederFirst: ReadonlyMap<string, number>;
  readonly single: ReadonlyMap<string, number>;
  readonly worstPerKwh: number;
}

const HOMES = [17, 200];
const NOBODY = "0x0000000000000000000000000000000000000000";
/** Any; slots are compared one by one. */
const SLOT = 1n;
const MAX_FEEDER_ORDERS = 1_000;
const CREDIT = 1e9; // of micro-credits x 1,000

export async function benchWelfare({ seed, print }: BenchOptions): Promise<Figures> {
  const rows: string[][] = [];
  let figures: Figures = {};
  for (const homes of HOMES) {
    const plan = await planOf(homes, seed);
    const gains = plan.grid.cities.flatMap((city) => slotsOf(plan.inputs).map((slot) => gainsOf(plan, city, slot)));
    const feederFirst = total(gains.map((slot) => slot.feederFirst));
    const single = total(gains.map((slot) => slot.single));
    const [won, best] = [sumOf(feederFirst), sumOf(single)];
    const losers = [...single].filter(([home, gain]) => (feederFirst.get(home) ?? 0) < gain);
    const worst = Math.max(0, ...losers.map(([home, gain]) => gain - (feederFirst.get(home) ?? 0)));
    const worstPerKwh = Math.max(0, ...gains.map((slot) => slot.worstPerKwh));
    const lost = best === 0 ? 0 : 1 - won / best;
    rows.push([
      whole(homes),
      (won / CREDIT).toFixed(3),
      (best / CREDIT).toFixed(3),
      `${(lost * 100).toFixed(2)} %`,
      `${losers.length} of ${single.size}`,
      (worst / CREDIT).toFixed(3),
      (worstPerKwh / 1e6).toFixed(4),
    ]);
    figures = {
      ...figures,
      [`welfareLost${homes}Percent`]: Math.round(lost * 10_000) / 100,
      [`welfareWorstHome${homes}Micro`]: Math.round(worst / 1_000),
      [`welfareWorstLocal${homes}MicroPerKwh`]: worstPerKwh,
    };
  }
  print(
    tableText(
      "Feeder first against one market over the whole city with the same fees (gains of the homes, credits a day)",
      ["homes", "feeder first", "one market", "lost", "homes that gain less", "most", "worst per local kWh"],
      rows,
    ),
  );
  return figures;
}

async function planOf(homes: number, seed: number): Promise<Plan> {
  const defaults = simulateCommand().parse([], { from: "user" }).opts<SimulateOptions>();
  const loaded = await loadInputs({ ...defaults, homes, seed });
  const market = await marketParameters(loaded.inputs.slotSeconds);
  return planRun(loaded, market, orderRounds(loaded.inputs, market.windows, loaded.inputs.slotSeconds), seed);
}

function gainsOf(plan: Plan, city: GridCity, slot: number): SlotGains {
  const tree = treeOf(plan, city, slot);
  const prices = nodalPrices(tree);
  const single = new Map<string, number>();
  for (const feeder of feedersOf(tree)) {
    for (const order of feeder.orders) add(single, order.home, gainAt(order, prices.get(feeder.name) ?? 0));
  }
  return { single, ...feederFirstGains(tree, prices) };
}

/** The city's tree with the slot's orders on its feeders. */
function treeOf(plan: Plan, city: GridCity, slot: number): NodalArea<SlotOrder> {
  const byHome = new Map(plan.homes.map(({ home, profiles }) => [home.id, profiles]));
  const below = city.districts.map((district) => ({
    name: district.name,
    fee: district.feeMicroPerKwh,
    orders: [],
    below: district.feeders.map(({ name, feeMicroPerKwh, homes }) => ({
      name,
      fee: feeMicroPerKwh,
      below: [],
      orders: homes.flatMap(({ home }) =>
        (byHome.get(home) ?? []).flatMap(({ side, firstSlot, wh, limits }): SlotOrder[] => {
          const energy = Number(wh[slot - firstSlot] ?? 0n);
          const limit = Number(limits[slot - firstSlot] ?? 0n);
          return energy === 0 ? [] : [{ home, buys: side === "buy", wh: energy, limit }];
        }),
      ),
    })),
  }));
  return { name: city.name, fee: 0, orders: [], below };
}

/** Clears book by book, as the chain does, and says what each home gains. */
function feederFirstGains(
  city: NodalArea<SlotOrder>,
  prices: ReadonlyMap<string, number>,
): Pick<SlotGains, "feederFirst" | "worstPerKwh"> {
  const feeders = feedersOf(city);
  const districts = city.below.map((district, index) => ({
    area: BigInt(feeders.length + index),
    fee: BigInt(district.fee),
    feeders: district.below.map((feeder) => {
      const area = feeders.indexOf(feeder);
      return { area: BigInt(area), fee: BigInt(feeder.fee), entries: entriesOf(feeder, area) };
    }),
  }));
  const { results } = clearCity({ city: BigInt(feeders.length + districts.length), slot: SLOT, districts });
  const feeOf = (feeder: NodalArea<SlotOrder>, level: bigint): number => {
    const district = city.below.find(({ below }) => below.includes(feeder));
    return (level >= TradeLevel.District ? feeder.fee : 0) + (level === TradeLevel.City ? (district?.fee ?? 0) : 0);
  };
  const feederFirst = new Map<string, number>();
  let worstPerKwh = 0;
  for (const trade of [...results.values()].flatMap(({ trades }) => unpackTrades(trades))) {
    const price = Number(trade.price);
    for (const [area, index] of [
      [trade.buyFeeder, trade.buyIndex],
      [trade.sellFeeder, trade.sellIndex],
    ] as const) {
      const feeder = feeders[Number(area)];
      const order = feeder?.orders[Number(index)];
      if (feeder === undefined || order === undefined) throw new RangeError("a trade of no order");
      const fee = feeOf(feeder, trade.level);
      const gainPerKwh = order.buys ? order.limit - price - fee : price - fee - order.limit;
      add(feederFirst, order.home, Number(trade.wh) * gainPerKwh);
      const single = prices.get(feeder.name) ?? 0;
      if (trade.level === TradeLevel.Feeder) {
        worstPerKwh = Math.max(worstPerKwh, order.buys ? price - single : single - price);
      }
    }
  }
  return { feederFirst, worstPerKwh };
}

/** The log of a feeder's book; arrivals in the order of the homes. */
function entriesOf({ orders }: NodalArea<SlotOrder>, feeder: number): string[] {
  return orders.flatMap(({ buys, wh, limit }, index) =>
    packEntry({
      tag: buys ? EntryTag.Buy : EntryTag.Sell,
      meter: BigInt(index + 1),
      feeder: BigInt(feeder),
      arrival: BigInt(feeder * MAX_FEEDER_ORDERS + index + 1), // unique in the tree
      wh: BigInt(wh),
      limit: BigInt(limit),
      index: BigInt(index),
      slot: SLOT,
      account: NOBODY,
      nonce: BigInt(index),
    }),
  );
}

function feedersOf(city: NodalArea<SlotOrder>): NodalArea<SlotOrder>[] {
  return city.below.flatMap((district) => district.below);
}

function total(slots: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const gains of slots) for (const [home, gain] of gains) add(sums, home, gain);
  return sums;
}

function sumOf(gains: ReadonlyMap<string, number>): number {
  return [...gains.values()].reduce((sum, gain) => sum + gain, 0);
}

function add(sums: Map<string, number>, home: string, gain: number): void {
  sums.set(home, (sums.get(home) ?? 0) + gain);
}
