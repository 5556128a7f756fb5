/** A city tree of any size, closed and read, for measuring what its settlement costs. Loading the file does nothing. */
import { ReadingStatus, Side } from "../../sdk/enums.js";
import type { SlotReading, SlotTrade } from "../../sdk/settlement/index.js";
import {
  accountOf,
  FINAL_DATE,
  READING_END,
  settlementWorld,
  SLOT_SECONDS,
  type WorldMeter,
  type WorldStage,
} from "./settlement-world.js";

const SLOT = 600_000n;
const FUNDS_MICRO = 10n ** 12n;

export interface TreeOptions {
  readonly homes: number;
  /** Up to 16, of two a district. */
  readonly feeders: number;
  /** As it goes: a tenth of the sellers is short, most buyers use a little more or less than they bought. */
  readonly mood: "ordinary" | "everyone is short" | "everything is surplus";
  /** Trades of each home with each of its neighbours; absent: one. */
  readonly tradesEach?: number;
  /** Suppliers have nothing to pay feed-in with: each home becomes a creditor. */
  readonly brokeSuppliers?: boolean;
}

/** Buyers and sellers alternate; each trades with its neighbours on other feeders. */
export async function closedTree(stage: WorldStage, options: TreeOptions) {
  const feeders = Array.from({ length: options.feeders }, (_, i) => ({
    feeder: BigInt(11 + i),
    district: BigInt(100 + (i >> 1)),
    supplier: accountOf(-BigInt(1 + (i % 4))),
    gridOperator: accountOf(-BigInt(11 + (i % 4))),
    retail: 300_000n,
    feedIn: 100_000n,
    feederFee: 20_000n,
    districtFee: 30_000n,
  }));
  const world = await settlementWorld(stage, feeders);
  for (const account of new Set(feeders.flatMap((f) => [f.supplier, f.gridOperator]))) {
    await world.fund(account, FUNDS_MICRO);
  }
  const meters = Array.from({ length: options.homes }, (_, i): WorldMeter => {
    return {
      meter: BigInt(i + 1),
      feeder: BigInt(11 + (i % options.feeders)),
      side: i % 2 === 0 ? Side.Buy : Side.Sell,
    };
  });
  for (const m of meters) {
    await world.place(m.meter, m.feeder, 20_000n);
    await world.fund(accountOf(m.meter), FUNDS_MICRO);
  }
  const pairs = options.homes - 1;
  const trades = Array.from({ length: pairs * (options.tradesEach ?? 1) }, (_, n): SlotTrade => {
    const i = n % pairs;
    const [buyMeter, sellMeter] = i % 2 === 0 ? [i + 1, i + 2] : [i + 2, i + 1];
    return {
      level: 3,
      buyMeter: BigInt(buyMeter),
      sellMeter: BigInt(sellMeter),
      wh: 500n + BigInt(i % 97),
      price: 150_000n,
    };
  });
  await stage.networkHelpers.time.increaseTo(SLOT * SLOT_SECONDS);
  const closed = await world.close(SLOT, meters, trades);
  await world.read(SLOT, readingsOf(options, meters, 0n));
  await stage.networkHelpers.time.increaseTo(SLOT * SLOT_SECONDS + READING_END);
  if (options.brokeSuppliers === true) {
    for (const { supplier } of feeders.slice(0, 4)) {
      await world.escrow.lock(supplier, await world.escrow.freeOf(supplier), SLOT);
    }
  }
  return {
    settle: () => world.settle(SLOT, closed),
    send: () => world.sendSettle(SLOT, closed),
    sendFinal: () => world.sendFinalize(SLOT),
    /** A correction of every meter. */
    correct: () => world.read(SLOT, readingsOf(options, meters, 20n)),
    toFinalDate: () => stage.networkHelpers.time.increaseTo(SLOT * SLOT_SECONDS + FINAL_DATE),
    finalize: () => world.finalize(SLOT),
  };
}

function readingsOf(options: TreeOptions, meters: readonly WorldMeter[], changeWh: bigint) {
  const status = changeWh === 0n ? ReadingStatus.Actual : ReadingStatus.Corrected;
  return new Map(
    meters.map(({ meter, side }): [bigint, SlotReading] => {
      const [importWh, exportWh] = energyOf(options.mood, Number(meter), side === Side.Sell);
      return [meter, { importWh: importWh + changeWh, exportWh: exportWh + changeWh, status }];
    }),
  );
}

function energyOf(mood: TreeOptions["mood"], meter: number, sells: boolean): [importWh: bigint, exportWh: bigint] {
  if (mood === "everything is surplus") return [0n, 3_000n];
  if (mood === "everyone is short") return [3_000n, sells ? BigInt(300 + ((meter * 53) % 400)) : 5n];
  if (sells) return [BigInt(meter % 200), meter % 20 === 2 ? 700n : BigInt(1_300 + meter)];
  return [BigInt(800 + ((meter * 37) % 600)), BigInt(meter % 3)];
}
