/**
 * The attacker: has homes of its own in the neighbourhood (one in ten, at least three), learns from them what tells
 * accounts apart, and joins all the others by each strategy and by all together.
 */
import type { Random } from "../inputs/index.js";
import { assign } from "./assignment.js";
import type { MarketAccount, VaultAccount } from "./observe.js";
import { STRATEGIES, type Costs } from "./strategies.js";

/** All strategies, each with the weight that it earned among the attacker's own homes. */
export const TOGETHER = "all together";

/** How many accounts of others each strategy joined right, of so many. */
export interface Attempt {
  readonly of: number;
  readonly hits: Readonly<Record<string, number>>;
}

/** The homes that are the attacker's, out of so many. */
export function ownHomes(homes: number): number {
  return Math.max(3, Math.floor(homes / 10));
}

/**
 * @param truth the market account of each vault account: for the attacker's own homes, and for counting afterwards
 * @param random shuffles both lists first, so that the order in which they come helps nobody
 */
export function attack(
  observed: { readonly markets: readonly MarketAccount[]; readonly vaults: readonly VaultAccount[] },
  truth: ReadonlyMap<string, string>,
  random: Random,
): Attempt {
  const markets = random.fork("markets").shuffled(observed.markets);
  const vaults = random.fork("vaults").shuffled(observed.vaults);
  const rightOf = rightColumns(markets, vaults, truth);
  const own = Array.from({ length: ownHomes(markets.length) }, (_, row) => row);
  const ownColumns = new Set(own.map((row) => rightOf[row]));
  const rows = markets.map((_, row) => row).slice(own.length);
  const columns = vaults.map((_, column) => column).filter((column) => !ownColumns.has(column));
  const costs = Object.entries(STRATEGIES).map(
    ([name, strategy]) => [name, placed(strategy(markets, vaults))] as const,
  );
  const weights = costs.map(([, matrix]) => weightOf(own.map((row) => matrix[row]?.[rightOf[row] ?? -1] ?? 1)));
  const all = [
    ...costs,
    [
      TOGETHER,
      added(
        costs.map(([, matrix]) => matrix),
        weights,
      ),
    ] as const,
  ];
  const hits = all.map(([name, matrix]) => {
    const assigned = assign(rows.map((row) => columns.map((column) => matrix[row]?.[column] ?? 0)));
    return [name, rows.filter((row, at) => columns[assigned[at] ?? -1] === rightOf[row]).length];
  });
  return { of: rows.length, hits: Object.fromEntries(hits) as Record<string, number> };
}

function rightColumns(
  markets: readonly MarketAccount[],
  vaults: readonly VaultAccount[],
  truth: ReadonlyMap<string, string>,
): number[] {
  const columns = new Map(vaults.map(({ account }, column) => [truth.get(account) ?? "", column]));
  return markets.map(({ account }) => columns.get(account) ?? -1);
}

/** Each cost as its place in its row, from 0 to 1: strategies of any unit can be added up. Equal costs share a place. */
function placed(costs: Costs): Costs {
  return costs.map((row) => {
    const sorted = row.toSorted((a, b) => a - b);
    const first = new Map<number, number>();
    const count = new Map<number, number>();
    sorted.forEach((cost, place) => {
      if (!first.has(cost)) first.set(cost, place);
      count.set(cost, (count.get(cost) ?? 0) + 1);
    });
    return row.map((cost) => ((first.get(cost) ?? 0) + ((count.get(cost) ?? 1) - 1) / 2) / Math.max(1, row.length - 1));
  });
}

/** From 0, where the own homes' right partners stand no better than by chance, upwards; they stand at 0.5 then. */
function weightOf(places: readonly number[]): number {
  const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
  return Math.max(0, 0.5 - mean) ** 2 / (mean + 0.005);
}

function added(matrices: readonly Costs[], weights: readonly number[]): Costs {
  const [first = []] = matrices;
  return first.map((row, at) =>
    row.map((_, column) =>
      matrices.reduce((sum, costs, index) => sum + (weights[index] ?? 0) * (costs[at]?.[column] ?? 0), 0),
    ),
  );
}
