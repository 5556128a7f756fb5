/**
 * What the attacker tries: each strategy says how badly an account of the transaction chain fits one of the user chain.
 * Rows are the market's accounts, columns the vaults'; only their order within a row matters, and the least is best.
 */
import type { MarketAccount, Moment, VaultAccount } from "./observe.js";

export type Costs = readonly (readonly number[])[];
export type Strategy = (markets: readonly MarketAccount[], vaults: readonly VaultAccount[]) => Costs;

export const STRATEGIES = {
  "order of admission": (markets, vaults) =>
    apart(ranks(markets.map(({ admitted }) => admitted.order)), ranks(vaults.map(({ admitted }) => admitted.order))),
  "order of keys": (markets, vaults) =>
    apart(
      ranks(markets.map(({ admitted }) => admitted.order)),
      ranks(vaults.map(({ keyed }) => keyed?.order ?? Infinity)),
    ),
  "time of admission": (markets, vaults) =>
    apart(ranks(markets.map(({ admitted }) => admitted.time)), ranks(vaults.map(({ admitted }) => admitted.time))),
  "order of writing": (markets, vaults) => apart(ranks(placesOfReadings(markets)), ranks(placesOfWritings(vaults))),
  "time from reading to writing": (markets, vaults) =>
    markets.map(({ readings }) => {
      const times = [...new Set(readings.map(({ time }) => time))].sort((a, b) => a - b);
      return vaults.map(({ writings }) => mean(writings.map(({ time }) => Math.log1p(sinceLast(times, time)))));
    }),
  "count of activities": (markets, vaults) =>
    apart(
      ranks(markets.map(({ readings, orders }) => new Set(readings.map(({ time }) => time)).size + orders / 1e6)),
      ranks(vaults.map(({ writings }) => new Set(writings.map(({ time }) => time)).size + writings.length / 1e6)),
    ),
  "count of orders and movements": (markets, vaults) =>
    apart(
      ranks(markets.map(({ orders, movements }) => orders + movements)),
      ranks(vaults.map(({ writings }) => writings.length)),
    ),
  "size and energy": (markets, vaults) =>
    apart(
      ranks(markets.map(({ readings }) => sum(readings.map(({ wh }) => wh)))),
      ranks(vaults.map(({ writings }) => sum(writings.map(({ bytes }) => bytes)))),
    ),
  "size and money": (markets, vaults) =>
    apart(
      ranks(markets.map(({ movedMicro }) => movedMicro)),
      ranks(vaults.map(({ writings }) => sum(writings.map(({ bytes }) => bytes)))),
    ),
  "delay and energy, day by day": (markets, vaults) => {
    const energies = markets.map(({ readings }) => byDay(readings.map(({ time, wh }) => [time, wh])));
    const delays = vaults.map(({ writings }) => byDay(writings.map(({ time }) => [time, time % DAY])));
    return energies.map((energy) => delays.map((delay) => -Math.abs(correlation(energy, delay))));
  },
  "gas and transactions": (markets, vaults) =>
    apart(
      ranks(markets.map(({ spending }) => spending.nonce * 1e3 - spending.balance / 1e24)),
      ranks(vaults.map(({ spending }) => spending.nonce * 1e3 - spending.balance / 1e24)),
    ),
} as const satisfies Record<string, Strategy>;

export type StrategyName = keyof typeof STRATEGIES;

const DAY = 86_400;

/** How far each row's figure is from each column's. */
function apart(rows: readonly number[], columns: readonly number[]): Costs {
  return rows.map((row) => columns.map((column) => Math.abs(row - column)));
}

/** From 0 to 1, by size; equal ones share the mean of their places. */
export function ranks(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const most = Math.max(1, values.length - 1);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2 / most);
}

/** Each account's mean place among all accounts' readings of a slot. */
function placesOfReadings(markets: readonly MarketAccount[]): number[] {
  return meanPlaces(markets.map(({ readings }) => readings.map(({ slot, order }) => [String(slot), order] as const)));
}

/** Each account's mean place in the first writing of all accounts, in their second, and so on. */
function placesOfWritings(vaults: readonly VaultAccount[]): number[] {
  return meanPlaces(
    vaults.map(({ writings }) => distinct(writings).map(({ order }, round) => [String(round), order] as const)),
  );
}

/** One of what was written together. */
function distinct(writings: readonly Moment[]): Moment[] {
  return writings.filter(({ time }, index) => time !== writings[index - 1]?.time);
}

function meanPlaces(orders: readonly (readonly (readonly [round: string, order: number])[])[]): number[] {
  const rounds = new Map<string, number[]>();
  for (const [round, order] of orders.flat()) {
    const known = rounds.get(round);
    if (known === undefined) rounds.set(round, [order]);
    else known.push(order);
  }
  for (const round of rounds.values()) round.sort((a, b) => a - b);
  return orders.map((own) =>
    mean(own.map(([round, order]) => (rounds.get(round)?.indexOf(order) ?? 0) / (rounds.get(round)?.length ?? 1))),
  );
}

/** Seconds since the last of the times, which are sorted; a week where there is none. */
function sinceLast(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 7 * DAY : time - (times[low - 1] ?? 0);
}

function byDay(values: readonly (readonly [time: number, value: number])[]): Map<number, number> {
  const days = new Map<number, number>();
  for (const [time, value] of values) days.set(Math.floor(time / DAY), (days.get(Math.floor(time / DAY)) ?? 0) + value);
  return days;
}

/** Pearson's, over the days that both have; 0 where there are too few. A writing follows its readings by a day. */
function correlation(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number {
  const pairs = [...a].flatMap(([day, value]) => {
    const other = b.get(day + 1);
    return other === undefined ? [] : [[value, other] as const];
  });
  if (pairs.length < 3) return 0;
  const [meanA, meanB] = [mean(pairs.map(([value]) => value)), mean(pairs.map(([, value]) => value))];
  const covariance = sum(pairs.map(([x, y]) => (x - meanA) * (y - meanB)));
  const spread = Math.sqrt(sum(pairs.map(([x]) => (x - meanA) ** 2)) * sum(pairs.map(([, y]) => (y - meanB) ** 2)));
  return spread === 0 ? 0 : covariance / spread;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
