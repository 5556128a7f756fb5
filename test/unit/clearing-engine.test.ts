import { expect } from "chai";
import fc from "fast-check";

import { clearBook, sortByMerit, type Cleared, type EdgePaths, type Orders } from "../../sdk/clearing/index.js";

interface Order {
  readonly wh: number;
  readonly limit: number;
  readonly arrival: number;
  /** Edges that the order crosses. */
  readonly edges: readonly number[];
}

interface Book {
  readonly bids: readonly Order[];
  readonly asks: readonly Order[];
  /** What each edge carries up and down. */
  readonly capacities: readonly { readonly upWh: number; readonly downWh: number }[];
}

interface Outcome {
  readonly price: number;
  /** Arrival of the bid, arrival of the ask, Wh. */
  readonly trades: readonly (readonly [number, number, number])[];
  /** Arrivals of what counts as unfilled, by merit, with what is left. */
  readonly bidRests: readonly (readonly [number, number])[];
  readonly askRests: readonly (readonly [number, number])[];
}

/**
 * The rules read aloud: look for the best bid and the best ask among all whose edges are not full, let them trade what
 * they can, begin again. Quadratic, and nothing is sorted.
 */
function reference({ bids, asks, capacities }: Book): Outcome {
  const up = capacities.map(({ upWh }) => upWh);
  const down = capacities.map(({ downWh }) => downWh);
  const left = new Map([...bids, ...asks].map((order) => [order, order.wh]));
  const carried = (order: Order, edges: readonly number[]): number =>
    order.edges.reduce((least, edge) => Math.min(least, edges[edge] ?? Infinity), Infinity);
  const open = (order: Order, edges: readonly number[]): boolean =>
    (left.get(order) ?? 0) > 0 && carried(order, edges) > 0;
  const best = (orders: readonly Order[], edges: readonly number[], sign: number): Order | undefined =>
    orders
      .filter((order) => open(order, edges))
      .reduce<Order | undefined>((found, order) => {
        if (found === undefined) return order;
        const better = sign * (order.limit - found.limit);
        return better > 0 || (better === 0 && order.arrival < found.arrival) ? order : found;
      }, undefined);
  const trades: (readonly [number, number, number])[] = [];
  let last: { bid: Order; ask: Order } | undefined;
  for (;;) {
    const bid = best(bids, down, 1);
    const ask = best(asks, up, -1);
    if (bid === undefined || ask === undefined || bid.limit < ask.limit) break;
    const wh = Math.min(left.get(bid) ?? 0, left.get(ask) ?? 0, carried(bid, down), carried(ask, up));
    trades.push([bid.arrival, ask.arrival, wh]);
    left.set(bid, (left.get(bid) ?? 0) - wh);
    left.set(ask, (left.get(ask) ?? 0) - wh);
    for (const edge of bid.edges) down[edge] = (down[edge] ?? 0) - wh;
    for (const edge of ask.edges) up[edge] = (up[edge] ?? 0) - wh;
    last = { bid, ask };
  }
  const rests = (orders: readonly Order[], edges: readonly number[], sign: number) =>
    orders
      .filter((order) => open(order, edges))
      .sort((a, b) => sign * (b.limit - a.limit) || a.arrival - b.arrival)
      .map((order) => [order.arrival, left.get(order) ?? 0] as const);
  const bestBid = best(bids, down, 1);
  const bestAsk = best(asks, up, -1);
  const price =
    last === undefined
      ? 0
      : Math.floor(
          (Math.max(last.ask.limit, bestBid?.limit ?? 0) + Math.min(last.bid.limit, bestAsk?.limit ?? Infinity)) / 2,
        );
  return { price, trades, bidRests: rests(bids, down, 1), askRests: rests(asks, up, -1) };
}

function columns(orders: readonly Order[], paths: readonly (readonly number[])[]): Orders {
  const pathOf = ({ edges }: Order): number => paths.findIndex((path) => path.join() === edges.join());
  return {
    wh: Uint32Array.from(orders, ({ wh }) => wh),
    limit: Uint32Array.from(orders, ({ limit }) => limit),
    arrival: Uint32Array.from(orders, ({ arrival }) => arrival),
    path: Uint32Array.from(orders, pathOf),
  };
}

function engine({ bids, asks, capacities }: Book): { cleared: Cleared; outcome: Outcome } {
  const keys = new Set([...bids, ...asks].map(({ edges }) => edges.join()));
  const paths = [...keys].map((key) => (key === "" ? [] : key.split(",").map(Number)));
  const edges: EdgePaths = {
    edges: paths,
    upWh: Float64Array.from(capacities, ({ upWh }) => upWh),
    downWh: Float64Array.from(capacities, ({ downWh }) => downWh),
  };
  const cleared = clearBook(columns(bids, paths), columns(asks, paths), edges);
  const arrivalOf = (orders: readonly Order[], index: number | undefined): number => orders[index ?? -1]?.arrival ?? -1;
  const rests = (orders: readonly Order[], unfilled: Uint32Array, restWh: Uint32Array) =>
    Array.from(unfilled, (index) => [arrivalOf(orders, index), restWh[index] ?? -1] as const);
  const { trades } = cleared;
  return {
    cleared,
    outcome: {
      price: cleared.price,
      trades: Array.from(trades.wh, (wh, i) => [arrivalOf(bids, trades.bid[i]), arrivalOf(asks, trades.ask[i]), wh]),
      bidRests: rests(bids, cleared.unfilledBids, cleared.bidRestWh),
      askRests: rests(asks, cleared.unfilledAsks, cleared.askRestWh),
    },
  };
}

/** Books small enough to tie often, with up to three edges that may be full from the start. */
const anyBook = fc
  .record({
    orders: fc.array(
      fc.record({
        buys: fc.boolean(),
        wh: fc.integer({ min: 1, max: 20 }),
        limit: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(2 ** 32 - 1)),
        path: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 24 },
    ),
    shuffle: fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
    capacities: fc.array(fc.record({ upWh: fc.nat(40), downWh: fc.nat(40) }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ orders, shuffle, capacities }): Book => {
    // path 3 crosses the first and the third edge, as a feeder's and its district's
    const paths = [[], [0], [1], [0, 2]];
    const placed = orders
      .map((order, i) => ({ ...order, arrival: i + 1, edges: paths[order.path] ?? [], rank: shuffle[i] ?? 0 }))
      .sort((a, b) => a.rank - b.rank); // the input need not come in order of arrival
    return { bids: placed.filter(({ buys }) => buys), asks: placed.filter(({ buys }) => !buys), capacities };
  });

const side = (...orders: readonly (readonly [limit: number, wh: number, edges?: readonly number[]])[]) =>
  orders.map(([limit, wh, edges = []], i): Order => ({ limit, wh, edges, arrival: i + 1 }));

const priceOf = (bids: readonly Order[], asks: readonly Order[]): number => {
  const late = asks.map((ask) => ({ ...ask, arrival: ask.arrival + 100 }));
  return engine({ bids, asks: late, capacities: [] }).outcome.price;
};

describe("Clearing engine", () => {
  describe("price", () => {
    it("is the middle, rounded down", () => {
      expect(priceOf(side([101, 10]), side([50, 10]))).to.equal(75);
    });

    it("lets nobody who was left out gain", () => {
      expect(priceOf(side([100, 10], [80, 10]), side([50, 10]))).to.equal(90);
      expect(priceOf(side([100, 10]), side([50, 10], [70, 10]))).to.equal(60);
    });

    it("counts the rest of a partly filled order as unfilled", () => {
      expect(priceOf(side([100, 15]), side([50, 10]))).to.equal(100);
      expect(priceOf(side([100, 10]), side([50, 15]))).to.equal(50);
    });

    it("does not count an order whose edge is full", () => {
      const { price } = engine({
        bids: side([100, 10, [0]]),
        asks: side([50, 8]).map((ask) => ({ ...ask, arrival: 9 })),
        capacities: [{ upWh: 100, downWh: 8 }],
      }).outcome;
      expect(price).to.equal(75);
    });

    it("is 0 when nothing trades", () => {
      expect(priceOf(side([49, 10]), side([50, 10]))).to.equal(0);
      expect(priceOf([], side([50, 10]))).to.equal(0);
      expect(priceOf([], [])).to.equal(0);
    });
  });

  it("passes over an order whose edge is full, and goes on in the merit order", () => {
    const { trades, bidRests } = engine({
      bids: side([100, 10, [0]], [90, 10]),
      asks: side([50, 12]).map((ask) => ({ ...ask, arrival: 9 })),
      capacities: [{ upWh: 100, downWh: 8 }],
    }).outcome;
    expect(trades).to.deep.equal([
      [1, 9, 8],
      [2, 9, 4],
    ]);
    expect(bidRests).to.deep.equal([[2, 6]]);
  });

  it("finds what the rules say, in any book (against a quadratic reference)", () => {
    fc.assert(
      fc.property(anyBook, (book) => {
        expect(engine(book).outcome).to.deep.equal(reference(book));
      }),
      { numRuns: 2_000, seed: 17 },
    );
  });

  it("gives the merit order of both sides, each order once", () => {
    fc.assert(
      fc.property(anyBook, (book) => {
        const { cleared } = engine(book);
        const expected = (orders: readonly Order[], sign: number): number[] =>
          [...orders.keys()].sort((a, b) => {
            const [x, y] = [orders[a], orders[b]];
            if (x === undefined || y === undefined) throw new RangeError("no such order");
            return sign * (y.limit - x.limit) || x.arrival - y.arrival;
          });
        expect([...cleared.bidOrder]).to.deep.equal(expected(book.bids, 1));
        expect([...cleared.askOrder]).to.deep.equal(expected(book.asks, -1));
      }),
      { numRuns: 500, seed: 17 },
    );
  });

  it("makes at most one trade less than there are orders, and buys what it sells", () => {
    fc.assert(
      fc.property(anyBook, (book) => {
        const { cleared } = engine(book);
        const orders = book.bids.length + book.asks.length;
        if (cleared.trades.wh.length > 0) expect(cleared.trades.wh.length).to.be.lessThan(orders);
        const kept = (side: readonly Order[], rest: Uint32Array): number =>
          side.reduce((sum, { wh }, i) => sum + wh - (rest[i] ?? 0), 0);
        expect(kept(book.bids, cleared.bidRestWh)).to.equal(cleared.volumeWh);
        expect(kept(book.asks, cleared.askRestWh)).to.equal(cleared.volumeWh);
      }),
      { numRuns: 500, seed: 17 },
    );
  });

  it("is right for 3,200 orders too", () => {
    const random = fc.sample(fc.record({ wh: fc.integer({ min: 1, max: 5_000 }), limit: fc.nat(400_000) }), {
      numRuns: 3_200,
      seed: 17,
    });
    const orders = random.map((order, i): Order => ({ ...order, edges: [], arrival: i + 1 }));
    const book = { bids: orders.slice(0, 1_600), asks: orders.slice(1_600), capacities: [] };
    expect(engine(book).outcome).to.deep.equal(reference(book));
  });

  it("sorts by arrival first, whatever order the input comes in", () => {
    const orders = { wh: Uint32Array.of(1, 1, 1), limit: Uint32Array.of(5, 5, 5), arrival: Uint32Array.of(9, 2, 7) };
    expect([...sortByMerit(orders, true)]).to.deep.equal([1, 2, 0]);
    expect([...sortByMerit(orders, false)]).to.deep.equal([1, 2, 0]);
  });

  it("refuses more orders than a sort key can number", () => {
    const column = new Uint32Array(2 ** 21 + 1);
    expect(() => sortByMerit({ wh: column, limit: column, arrival: column }, true)).to.throw(RangeError);
  });
});
