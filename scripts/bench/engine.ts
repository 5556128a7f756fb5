/** The clearing engine off chain: 1,600 bids and 1,600 asks against the goal of 50 ms, and its growth to a million. */
import { clearBook, type Orders } from "../../sdk/clearing/index.js";
import { Random } from "../inputs/random.js";
import { tableText, verdict, whole, type BenchOptions, type Figures } from "./report.js";

const GOAL_MS = 50;
const GOAL_ORDERS = 3_200;
const LARGEST = 1_000_000;
const SIZES = [GOAL_ORDERS, 10_000, 100_000, LARGEST];
const WARM_RUNS = 15;
const LARGE_RUNS = 3;

export function benchEngine({ seed, print }: BenchOptions): Promise<Figures> {
  const random = new Random(seed).fork("engine");
  const small = bookOf(GOAL_ORDERS, random.fork("cold"));
  const coldMs = timeOf(small); // nothing is compiled yet
  const rows = SIZES.map((orders) => {
    const book = bookOf(orders, random.fork(String(orders)));
    const runs = orders > GOAL_ORDERS ? LARGE_RUNS : WARM_RUNS;
    return { orders, ms: median(Array.from({ length: runs }, () => timeOf(book))) };
  });
  const unit = perLogOrder(rows[0]);
  print(
    tableText(
      `Clearing engine: one book, half bids, half asks (first run of the process: ${coldMs.toFixed(1)} ms)`,
      ["orders", "ms (median)", "ns per order", "n log n ratio"],
      rows.map((row) => [
        whole(row.orders),
        row.ms.toFixed(1),
        whole((row.ms * 1e6) / row.orders),
        (perLogOrder(row) / unit).toFixed(2),
      ]),
    ),
  );
  const msOf = (orders: number): number => rows.find((row) => row.orders === orders)?.ms ?? NaN;
  const goalMs = msOf(GOAL_ORDERS);
  print(`Goal: 1,600 bids and 1,600 asks within ${GOAL_MS} ms: ${verdict(goalMs, GOAL_MS)}.`);
  return Promise.resolve({
    clear3200Ms: round(goalMs),
    clear3200ColdMs: round(coldMs),
    clear10000Ms: round(msOf(10_000)),
    clear100000Ms: round(msOf(100_000)),
    clear1000000Ms: round(msOf(LARGEST)),
    growthTo1000000: round(perLogOrder(rows.at(-1)) / unit),
  });
}

/** Limits between feed-in and retail, so that about half of each side trades; arrivals interleaved, as in a real log. */
function bookOf(orders: number, random: Random): { readonly bids: Orders; readonly asks: Orders } {
  const side = (first: number): Orders => {
    const count = orders / 2;
    return {
      wh: Uint32Array.from({ length: count }, () => random.between(10, 5_000)),
      limit: Uint32Array.from({ length: count }, () => random.between(80_000, 400_000)),
      arrival: Uint32Array.from({ length: count }, (_, index) => first + 2 * index),
    };
  };
  return { bids: side(1), asks: side(2) };
}

function timeOf({ bids, asks }: { readonly bids: Orders; readonly asks: Orders }): number {
  const start = performance.now();
  clearBook(bids, asks);
  return performance.now() - start;
}

function perLogOrder(row: { readonly orders: number; readonly ms: number } | undefined): number {
  return row === undefined ? NaN : row.ms / (row.orders * Math.log2(row.orders));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
