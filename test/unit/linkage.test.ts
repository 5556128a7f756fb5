import { expect } from "chai";
import fc from "fast-check";

import { assign, attack, TOGETHER, type MarketAccount, type VaultAccount } from "../../scripts/linkage/index.js";
import { interval } from "../../scripts/linkage/interval.js";
import { Random } from "../../scripts/inputs/index.js";

/** The least sum over all permutations. */
function leastSum(costs: readonly (readonly number[])[], row = 0, taken: readonly number[] = []): number {
  if (row === costs.length) return 0;
  const sums = (costs[row] ?? []).map((cost, column) =>
    taken.includes(column) ? Infinity : cost + leastSum(costs, row + 1, [...taken, column]),
  );
  return Math.min(...sums);
}

const DAY = 86_400;

/** Homes in a row; `leak` makes the vault's order of admission and the times of writing follow the market's. */
function world(
  homes: number,
  leak: boolean,
): { markets: MarketAccount[]; vaults: VaultAccount[]; truth: Map<string, string> } {
  const random = new Random(3);
  const order = random.shuffled(Array.from({ length: homes }, (_, index) => index));
  const markets = Array.from({ length: homes }, (_, home): MarketAccount => {
    const admitted = { time: 100 + home, order: home };
    const readings = [1, 2, 3].map((day) => {
      return { time: day * DAY + home * 60, order: 1_000 * day + home, slot: day, wh: random.between(1, 9_999) };
    });
    const counts = {
      orders: random.between(0, 99),
      movements: random.between(0, 99),
      movedMicro: random.between(0, 99),
    };
    return { account: `market ${home}`, admitted, readings, ...counts, spending: { nonce: 1, balance: 1 } };
  });
  const vaults = Array.from({ length: homes }, (_, home): VaultAccount => {
    const place = leak ? home : (order[home] ?? 0);
    const writings = [1, 2, 3].map((day) => {
      const time = leak ? day * DAY + home * 60 + 5 : (day + 1) * DAY + random.between(0, DAY - 1);
      return { time, order: 1_000 * day + place, record: "", bytes: 256 };
    });
    const admitted = { time: 900 + place, order: place };
    const keyed = { time: 1_900 + place, order: 500 + place };
    return { account: `vault ${home}`, admitted, keyed, writings, spending: { nonce: 5, balance: 1 } };
  });
  const truth = new Map(vaults.map(({ account }) => [account, account.replace("vault", "market")]));
  return { markets, vaults, truth };
}

describe("the linkage attacker", () => {
  it("assigns at the least cost there is", () => {
    const cost = fc.integer({ min: 0, max: 50 });
    const square = fc
      .integer({ min: 1, max: 6 })
      .chain((size) =>
        fc.array(fc.array(cost, { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
      );
    fc.assert(
      fc.property(square, (costs) => {
        const columns = assign(costs);
        expect([...columns].sort((a, b) => a - b)).to.deep.equal(costs.map((_, row) => row));
        const sum = columns.reduce((total, column, row) => total + (costs[row]?.[column] ?? Infinity), 0);
        expect(sum).to.equal(leastSum(costs));
      }),
    );
  });

  it("joins all homes of a neighbourhood that leaks, and says how many it could have joined", () => {
    const { truth, ...observed } = world(40, true);
    const { of, hits } = attack(observed, truth, new Random(1));
    expect(of).to.equal(36);
    expect(hits["order of admission"]).to.equal(36);
    expect(hits["time from reading to writing"]).to.be.above(30);
    expect(hits[TOGETHER]).to.equal(36);
  });

  it("gets nothing from the order in which it is given the accounts", () => {
    const { truth, ...observed } = world(40, false);
    let right = 0;
    for (let seed = 0; seed < 20; seed += 1) right += attack(observed, truth, new Random(seed)).hits[TOGETHER] ?? 0;
    expect(right / 20).to.be.below(4);
  });

  it("states shares with Wilson's interval", () => {
    const { share, low, high } = interval(5, 100);
    expect(share).to.equal(0.05);
    expect([low, high].map((bound) => bound.toFixed(4))).to.deep.equal(["0.0215", "0.1118"]);
    expect(interval(0, 100).low).to.equal(0);
    expect(interval(100, 100).high.toFixed(9)).to.equal("1.000000000");
  });
});
