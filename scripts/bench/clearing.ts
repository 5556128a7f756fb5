/** The on-chain check of clearings: a book of 500 orders, and the worst that the bounds of MarketBounds allow. */
import { MAX_ORDERS_PER_SLOT, MAX_TREE_METERS } from "../../sdk/bounds.js";
import { clearTree, closeTree } from "../../sdk/actions/clearing.js";
import { cancelOrder } from "../../sdk/actions/orders.js";
import { submitFinalize, submitSettle } from "../../sdk/actions/settlement.js";
import { withSigner } from "../../sdk/connect.js";
import { Side } from "../../sdk/enums.js";
import { isCommonwattError, type CommonwattError } from "../../sdk/errors.js";
import { unpackTrades, type Trade } from "../../sdk/records.js";
import type { SignedOrder } from "../../sdk/signing/orders.js";
import type { Receipt } from "../../sdk/transact.js";
import type { Grid, GridDistrict } from "../grid/index.js";
import { Random } from "../inputs/random.js";
import { MarketStage, type StageOrder } from "../market/stage.js";
import type { NeighbourHome } from "../neighbourhood.js";
import { tableText, verdict, whole, type BenchOptions, type Figures } from "./report.js";

const GOAL_PER_ORDER = 6_000;
/** Of the goal, and what the book of a tree's only feeder holds. */
const GOAL_ORDERS = MAX_TREE_METERS * MAX_ORDERS_PER_SLOT;
const GAS_CAP = 16_777_216;

const DISTRICTS = 4;
const FEEDERS_PER_DISTRICT = 4;
const HOMES_PER_FEEDER = Math.floor(MAX_TREE_METERS / DISTRICTS / FEEDERS_PER_DISTRICT);
const TREE_METERS = DISTRICTS * FEEDERS_PER_DISTRICT * HOMES_PER_FEEDER;
const TREE_ORDERS = TREE_METERS * MAX_ORDERS_PER_SLOT;
const LIMITED_EDGES = DISTRICTS * (1 + FEEDERS_PER_DISTRICT);
/** Never reached: the edges cost gas, not trades. */
const AMPLE_WH = 1_000_000_000;
const CONNECTION_WH = 20_000;

const LONE = "Lone feeder";

/** One measured transaction; gas null: more than a transaction may use. */
interface Row {
  readonly figure: string;
  readonly what: string;
  readonly orders: number;
  readonly gas: number | null;
}

export async function benchClearing({ seed, print }: BenchOptions): Promise<Figures> {
  print(
    `Admitting two city trees: ${MAX_TREE_METERS} homes on one feeder, ${TREE_METERS} below ${LIMITED_EDGES} limited edges...`,
  );
  const stage = await MarketStage.open({ seed, grid: twoCities() });
  try {
    const random = new Random(seed).fork("clearing");
    const first = stage.neighbourhood.firstSlot;
    const lone = await loneBooks(stage, first, random);
    const tree = await fullTree(stage, first + 4n, random);
    const rows = [...lone, ...tree];
    print(
      tableText(
        `On-chain checks at the bounds (a transaction has at most ${whole(GAS_CAP)} gas)`,
        ["transaction", "orders", "gas", "gas per order", "of the cap"],
        rows.map(({ what, orders, gas }) => [
          what,
          whole(orders),
          gas === null ? "too much" : whole(gas),
          gas === null ? "" : whole(gas / orders),
          gas === null ? "over 100 %" : `${((100 * gas) / GAS_CAP).toFixed(0)} %`,
        ]),
      ),
    );
    const perOrder = (rows[0]?.gas ?? NaN) / GOAL_ORDERS;
    print(
      `Goal: ${whole(GOAL_PER_ORDER)} gas per order at ${GOAL_ORDERS} orders: ${verdict(perOrder, GOAL_PER_ORDER)}.`,
    );
    return {
      gasPerOrderChecked: Math.round(perOrder),
      ...Object.fromEntries(rows.map(({ figure, gas }) => [figure, gas])),
    };
  } finally {
    await stage.close();
  }
}

/** A feeder's book alone: the orders that it holds, and those with half of them cancelled. */
async function loneBooks(stage: MarketStage, first: bigint, random: Random): Promise<Row[]> {
  const homes = stage.homesOf(LONE);
  const city = cityOf(homes);
  const area = stage.neighbourhood.feeders.find(({ name }) => name === LONE)?.area ?? 0n;
  const [full, cancelled] = [first, first + 1n];
  const signed = new Map<bigint, SignedOrder[]>();
  await stage.until(cancelled, "opens");
  for (const slot of [full, cancelled]) {
    const orders = homes.flatMap((home, index) =>
      Array.from({ length: MAX_ORDERS_PER_SLOT }, () => crossing(home, index, slot, random)),
    );
    signed.set(slot, await stage.sign(orders));
    await stage.relay(area, signed.get(slot) ?? []);
  }
  await cancelEverySecond(stage, homes, signed.get(cancelled) ?? []);
  const rows: Row[] = [];
  for (const [slot, figure, what] of [
    [full, "clear500Gas", "clear a feeder, all cross"],
    [cancelled, "clear500CancelledGas", "clear a feeder, half cancelled"],
  ] as const) {
    await stage.until(slot, "gateClosure");
    const [receipt] = await clearTree(stage.chain, stage.view, { city, slot });
    rows.push({ figure, what, orders: GOAL_ORDERS, gas: Number(receipt?.gasUsed ?? NaN) });
  }
  return rows;
}

/** A slot of the large tree, each home with as many orders. */
interface TreeCase {
  readonly figure: string;
  readonly name: string;
  readonly orders: number;
  /** Whether buyers and sellers meet in the city only, not on their own feeders. */
  readonly far: boolean;
}

const TREE_CASES: readonly TreeCase[] = [
  { figure: "FullLocal", name: "traded at home", orders: TREE_ORDERS, far: false },
  { figure: "FullFar", name: "traded through the city", orders: TREE_ORDERS, far: true },
  { figure: "SingleLocal", name: "one order each, traded at home", orders: TREE_METERS, far: false },
];

/** The tree, as full as it can be and less, from its city's book to the final date. */
async function fullTree(stage: MarketStage, first: bigint, random: Random): Promise<Row[]> {
  const homes = stage.neighbourhood.homes.filter(({ feeder }) => feeder.name !== LONE);
  const city = cityOf(homes);
  const cases = TREE_CASES.map((tree, index) => ({ ...tree, slot: first + BigInt(index) }));
  await stage.until(first + BigInt(cases.length), "opens");
  for (const tree of cases) await orderTree(stage, tree, random);
  const rows: Row[] = [];
  const keep = (step: string, { figure, name, orders }: TreeCase, receipt: Receipt | undefined): void => {
    const gas = receipt === undefined ? null : Number(receipt.gasUsed);
    rows.push({ figure: `${step}${figure}Gas`, what: `${step}, ${name}`, orders, gas });
  };
  for (const { slot, ...tree } of cases) {
    await stage.until(slot, "gateClosure");
    const books = await clearTree(stage.chain, stage.view, { city, slot });
    keep("clear", tree, books[0]);
    keep("close", tree, await closeTree(stage.chain, stage.view, { city, slot }));
  }
  for (const { slot, ...tree } of cases) {
    const trades = unpackTrades(stage.view.closedSlotOf(city, slot)?.trades ?? []);
    const trading = stage.view.tradingMetersOf(city, slot);
    await stage.until(slot, "deliveryEnd");
    const counted = homes.filter(({ meter }) => trading.has(meter));
    await stage.read(
      slot,
      counted.map((home) => ({ home, ...countedBy(home, trades, random) })),
    );
    keep("settle", tree, await ifItFits(() => settleTree(stage, city, slot)));
  }
  for (const { slot, ...tree } of cases) {
    const settled = stage.view.settledOf(city, slot);
    if (settled === undefined) continue;
    await stage.until(slot, "finalDate");
    keep("finalize", tree, await submitFinalize(stage.chain, { city, slot, ...settled }));
  }
  return rows;
}

/** The trading meters alone: the others wait for the end of the reading window. */
async function settleTree({ chain, view }: MarketStage, city: bigint, slot: bigint): Promise<Receipt> {
  const { positions, trades } = view.closedSlotOf(city, slot) ?? { positions: [], trades: [] };
  const prior = { priorOutcomes: [], priorParties: [] };
  const receipt = await submitSettle(chain, { city, slot, positions, trades, ...prior });
  await view.sync(chain);
  return receipt;
}

/** All homes order, each as often as makes the tree's orders. */
async function orderTree(
  stage: MarketStage,
  { orders, far, slot }: TreeCase & { readonly slot: bigint },
  random: Random,
): Promise<void> {
  const feeders = stage.neighbourhood.feeders.filter(({ name }) => name !== LONE);
  const districts = [...new Set(feeders.map(({ district }) => district))];
  const each = Array.from({ length: orders / TREE_METERS });
  for (const { name, area, district } of feeders) {
    const placed = stage
      .homesOf(name)
      .flatMap((home, index) =>
        each.map(() =>
          far ? apart(home, index, slot, districts.indexOf(district), random) : crossing(home, index, slot, random),
        ),
      );
    await stage.relay(area, await stage.sign(placed));
  }
}

/** Every second home buys, dear, and the others sell, cheap: all trade. */
function crossing(home: NeighbourHome, index: number, firstSlot: bigint, random: Random): StageOrder {
  const side = index % 2 === 0 ? Side.Buy : Side.Sell;
  const limit = side === Side.Buy ? random.between(200_000, 300_000) : random.between(100_000, 150_000);
  return { home, side, firstSlot, wh: [BigInt(random.between(500, 2_000))], limit: BigInt(limit) };
}

/** Nobody meets within the district; buyers of the dear districts meet sellers of the cheap ones in the city. */
function apart(home: NeighbourHome, index: number, firstSlot: bigint, district: number, random: Random): StageOrder {
  const order = crossing(home, index, firstSlot, random);
  const base = district % 2 === 0 ? 600_000 : 150_000;
  const limit = order.side === Side.Buy ? base + random.between(0, 40_000) : base + 50_000 + random.between(0, 40_000);
  return { ...order, limit: BigInt(limit) };
}

/** What a home's meter counts: a fifth of the sellers a tenth short, all others something else than they traded. */
function countedBy(
  { meter }: NeighbourHome,
  trades: readonly Trade[],
  random: Random,
): { readonly importWh: bigint; readonly exportWh: bigint } {
  const sold = trades.filter(({ sellMeter }) => sellMeter === meter).reduce((sum, { wh }) => sum + wh, 0n);
  const isShort = random.chance(0.2);
  return {
    importWh: BigInt(random.between(0, 3_000)),
    exportWh: isShort ? (sold * 9n) / 10n : sold + BigInt(random.between(0, 500)),
  };
}

/** The holders of every second order take it back. */
async function cancelEverySecond(
  stage: MarketStage,
  homes: readonly NeighbourHome[],
  orders: readonly SignedOrder[],
): Promise<void> {
  const holderOf = new Map(homes.map((home) => [home.meter, home.chain.signer]));
  for (const { order } of orders.filter((_, index) => index % 2 === 0)) {
    const signer = holderOf.get(order.meter);
    if (signer !== undefined) await cancelOrder(withSigner(stage.chain, signer), { order });
  }
}

/** A transaction that runs out of gas reverts without a reason; undefined then. */
async function ifItFits<Result>(send: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await send();
  } catch (error) {
    if (isCommonwattError(error) && !isRevertWithReason(error)) return undefined;
    throw error;
  }
}

function isRevertWithReason({ code }: CommonwattError): boolean {
  return code.startsWith("Settlement") || code.startsWith("TradeEscrow");
}

/** One city with one feeder, and one of many feeders, every edge of it limited; in both all homes may trade. */
function twoCities(): Grid {
  let number = 0;
  const feederOf = (name: string, count: number, capacityWh: number | null): GridDistrict["feeders"][number] => ({
    name,
    supplier: "Supplier",
    gridOperator: "Grid operator",
    meteringOperator: "Metering operator",
    feeMicroPerKwh: 5_000,
    capacityWh,
    homes: Array.from({ length: count }, () => ({ home: String((number += 1)), connectionWh: CONNECTION_WH })),
  });
  const districts = Array.from({ length: DISTRICTS }, (_, district) => ({
    name: `District ${district + 1}`,
    feeMicroPerKwh: 8_000,
    capacityWh: AMPLE_WH,
    feeders: Array.from({ length: FEEDERS_PER_DISTRICT }, (_, feeder) =>
      feederOf(`Feeder ${district + 1}.${feeder + 1}`, HOMES_PER_FEEDER, AMPLE_WH),
    ),
  }));
  const lone = feederOf(LONE, MAX_TREE_METERS, null);
  const loneDistrict = { name: "Lone district", feeMicroPerKwh: 8_000, capacityWh: null, feeders: [lone] };
  return {
    version: 1,
    cities: [
      { name: "Lone city", districts: [loneDistrict] },
      { name: "City", districts },
    ],
  };
}

function cityOf(homes: readonly NeighbourHome[]): bigint {
  const [home] = homes;
  if (home === undefined) throw new RangeError("the stage has no such homes");
  return home.feeder.city;
}
