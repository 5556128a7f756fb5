import { expect } from "chai";

import { gainAt, nodalPrices, type NodalArea, type NodalOrder } from "../../scripts/bench/nodal.js";
import { Random } from "../../scripts/inputs/random.js";

const buy = (wh: number, limit: number): NodalOrder => ({ buys: true, wh, limit });
const sell = (wh: number, limit: number): NodalOrder => ({ buys: false, wh, limit });

function feeder(name: string, fee: number, ...orders: NodalOrder[]): NodalArea {
  return { name, fee, orders, below: [] };
}

function cityOf(...districts: (readonly [fee: number, feeders: readonly NodalArea[]])[]): NodalArea {
  const below = districts.map(([fee, feeders], index) => ({ name: `d${index}`, fee, orders: [], below: feeders }));
  return { name: "city", fee: 0, orders: [], below };
}

function gainsOf(city: NodalArea): number {
  const prices = nodalPrices(city);
  const feeders = city.below.flatMap(({ below }) => below);
  return feeders.reduce(
    (sum, { name, orders }) => sum + orders.reduce((own, order) => own + gainAt(order, prices.get(name) ?? NaN), 0),
    0,
  );
}

/** The best use of single Wh by trying every pairing: for each bid an ask of its own, or none. */
function bestByTrying(city: NodalArea): number {
  const placed = city.below.flatMap((district) =>
    district.below.flatMap((area) => area.orders.map((order) => ({ order, area, district }))),
  );
  const [bids, asks] = [placed.filter(({ order }) => order.buys), placed.filter(({ order }) => !order.buys)];
  const worth = (bid: (typeof placed)[number], ask: (typeof placed)[number]): number => {
    const between = bid.district === ask.district ? 0 : bid.district.fee + ask.district.fee;
    const fees = bid.area === ask.area ? 0 : bid.area.fee + ask.area.fee + between;
    return bid.order.limit - ask.order.limit - fees;
  };
  const best = (at: number, used: ReadonlySet<number>): number => {
    const bid = bids[at];
    if (bid === undefined) return 0;
    return asks.reduce(
      (most, ask, index) =>
        used.has(index) ? most : Math.max(most, worth(bid, ask) + best(at + 1, new Set([...used, index]))),
      best(at + 1, used),
    );
  };
  return best(0, new Set());
}

describe("nodal prices", () => {
  it("lets a feeder alone have the middle of what bid and ask would take", () => {
    const city = cityOf([7, [feeder("a", 5, buy(10, 300), sell(10, 100))]]);
    expect(nodalPrices(city).get("a")).to.equal(200);
    expect(gainsOf(city)).to.equal(10 * 200);
  });

  it("puts both edges' fees between a selling and a buying feeder", () => {
    const city = cityOf([7, [feeder("a", 5, sell(10, 100))]], [9, [feeder("b", 6, buy(10, 300))]]);
    const prices = nodalPrices(city);
    expect((prices.get("b") ?? 0) - (prices.get("a") ?? 0)).to.equal(5 + 7 + 9 + 6);
    expect(gainsOf(city)).to.equal(10 * (300 - 100 - 27));
  });

  it("keeps feeders apart where the fees eat what they would gain", () => {
    const city = cityOf([7, [feeder("a", 50, sell(10, 100)), feeder("b", 60, buy(10, 200))]]);
    expect(gainsOf(city)).to.equal(0);
  });

  it("finds what trying every pairing finds", () => {
    const random = new Random("nodal");
    for (let round = 0; round < 200; round++) {
      const some = (): NodalOrder[] =>
        Array.from({ length: random.between(0, 3) }, () =>
          random.chance(0.5) ? buy(1, random.between(0, 60)) : sell(1, random.between(0, 60)),
        );
      const areaOf = (name: string): NodalArea => feeder(name, random.between(0, 9), ...some());
      const city = cityOf([random.between(0, 9), [areaOf("a"), areaOf("b")]], [random.between(0, 9), [areaOf("c")]]);
      expect(gainsOf(city), `round ${round}`).to.equal(bestByTrying(city));
    }
  });
});
