/**
 * The clearing engine: one book's merge, price and rests by the market rules ("Clearing"), pure and in O(n log n). The
 * contracts check its result with the same merge in contracts/libraries/BookClearing.sol.
 *
 * Inside, Wh and limits are numbers in typed arrays: both are unsigned 32-bit integers on chain, sums stay below 2^53,
 * so nothing is ever rounded. Money is not computed here.
 */

/** Orders of one side as columns, in any order; all unsigned integers. */
export interface Orders {
  /** Energy to trade, Wh, above zero. */
  readonly wh: Uint32Array;
  /** Limit price at the book's level, micro-credits per kWh. */
  readonly limit: Uint32Array;
  /** Sequence of arrival; unique in the book. */
  readonly arrival: Uint32Array;
  /** Which of the book's {@link EdgePaths} each order stands behind; absent when no edge is limited. */
  readonly path?: Uint32Array;
}

/** The limited edges below a book's area. Directions: up (away from a seller), down (towards a buyer). */
export interface EdgePaths {
  /** For each path the edges that it crosses, as indices into the capacities. */
  readonly edges: readonly (readonly number[])[];
  /** What each edge still carries, Wh; Infinity without a limit. The merge takes from them. */
  readonly upWh: Float64Array;
  readonly downWh: Float64Array;
}

/** Trades as columns: indices into the two sides' orders, and Wh. */
export interface Trades {
  readonly bid: Uint32Array;
  readonly ask: Uint32Array;
  readonly wh: Uint32Array;
}

/** What a book comes to. */
export interface Cleared {
  /** Micro-credits per kWh; 0 when nothing traded. */
  readonly price: number;
  readonly volumeWh: number;
  readonly trades: Trades;
  /** Indices of the orders by merit: bids by price descending, asks ascending, ties by arrival. */
  readonly bidOrder: Uint32Array;
  readonly askOrder: Uint32Array;
  /** What each order keeps, Wh. */
  readonly bidRestWh: Uint32Array;
  readonly askRestWh: Uint32Array;
  /** Indices of the orders that count as unfilled, by merit: what may rise. */
  readonly unfilledBids: Uint32Array;
  readonly unfilledAsks: Uint32Array;
}

/** Largest number of orders a side: a sort key of limit and rank fits a double's 53 bits. */
export const MAX_SIDE = 2 ** 21;

/** Clears one book. */
export function clearBook(bids: Orders, asks: Orders, edges?: EdgePaths): Cleared {
  const bidOrder = sortByMerit(bids, true);
  const askOrder = sortByMerit(asks, false);
  const merge = new Merge(bids, asks, bidOrder, askOrder, edges);
  merge.run();
  const unfilledBids = merge.unfilled(bidOrder, merge.bidAt, bids, "down");
  const unfilledAsks = merge.unfilled(askOrder, merge.askAt, asks, "up");
  return {
    price: merge.price(unfilledBids[0], unfilledAsks[0]),
    volumeWh: merge.volumeWh,
    trades: merge.trades(),
    bidOrder,
    askOrder,
    bidRestWh: merge.bidRest,
    askRestWh: merge.askRest,
    unfilledBids,
    unfilledAsks,
  };
}

/** Indices by price (bids descending, asks ascending), ties by arrival. */
export function sortByMerit({ limit, arrival }: Orders, descending: boolean): Uint32Array {
  const count = limit.length;
  if (count > MAX_SIDE) throw new RangeError(`${count} orders on one side; the engine takes ${MAX_SIDE}`);
  const byArrival = arrivalOrder(arrival);
  const keys = new Float64Array(count);
  for (let rank = 0; rank < count; rank++) {
    const price = at(limit, at(byArrival, rank));
    keys[rank] = (descending ? 0xffffffff - price : price) * MAX_SIDE + rank;
  }
  keys.sort();
  const order = new Uint32Array(count);
  for (let place = 0; place < count; place++) order[place] = at(byArrival, at(keys, place) % MAX_SIDE);
  return order;
}

/** Indices by arrival; orders usually come in it already. */
function arrivalOrder(arrival: Uint32Array): Uint32Array {
  const order = new Uint32Array(arrival.length);
  for (let index = 0; index < order.length; index++) order[index] = index; // from(arrival.keys()) takes three times as long
  if (!arrival.every((value, index) => index === 0 || value > at(arrival, index - 1))) {
    const keys = Float64Array.from(arrival, (value, index) => value * MAX_SIDE + index).sort();
    for (let place = 0; place < keys.length; place++) order[place] = at(keys, place) % MAX_SIDE;
  }
  return order;
}

/** The merge while it runs: both sides' places in the merit order, and what each order keeps. */
class Merge {
  readonly bidRest: Uint32Array;
  readonly askRest: Uint32Array;
  bidAt = 0;
  askAt = 0;
  volumeWh = 0;
  readonly #bid: number[] = [];
  readonly #ask: number[] = [];
  readonly #wh: number[] = [];

  constructor(
    readonly bids: Orders,
    readonly asks: Orders,
    readonly bidOrder: Uint32Array,
    readonly askOrder: Uint32Array,
    readonly edges: EdgePaths | undefined,
  ) {
    this.bidRest = bids.wh.slice();
    this.askRest = asks.wh.slice();
  }

  /** Trades while bid >= ask; an order whose edge is full is passed over for good, for a full edge stays full. */
  run(): void {
    while (this.bidAt < this.bidOrder.length && this.askAt < this.askOrder.length) {
      const bid = at(this.bidOrder, this.bidAt);
      const ask = at(this.askOrder, this.askAt);
      const down = this.#left(this.bids, bid, "down");
      const up = this.#left(this.asks, ask, "up");
      if (down === 0) this.bidAt++;
      if (up === 0) this.askAt++;
      if (down === 0 || up === 0) continue;
      if (at(this.bids.limit, bid) < at(this.asks.limit, ask)) return;
      this.#trade(bid, ask, Math.min(at(this.bidRest, bid), at(this.askRest, ask), down, up));
    }
  }

  #trade(bid: number, ask: number, wh: number): void {
    this.#bid.push(bid);
    this.#ask.push(ask);
    this.#wh.push(wh);
    this.volumeWh += wh;
    this.#take(this.bids, bid, "down", wh);
    this.#take(this.asks, ask, "up", wh);
    this.bidRest[bid] = at(this.bidRest, bid) - wh;
    this.askRest[ask] = at(this.askRest, ask) - wh;
    if (this.bidRest[bid] === 0) this.bidAt++;
    if (this.askRest[ask] === 0) this.askAt++;
  }

  /** Orders from a place of the merit order on whose edges still carry something. */
  unfilled(order: Uint32Array, from: number, side: Orders, direction: "up" | "down"): Uint32Array {
    const rest = order.subarray(from);
    return this.edges === undefined ? rest : rest.filter((index) => this.#left(side, index, direction) > 0);
  }

  /** The middle, rounded down, of [max(last filled ask, best unfilled bid), min(last filled bid, best unfilled ask)]. */
  price(bestBid: number | undefined, bestAsk: number | undefined): number {
    const [bid, ask] = [this.#bid.at(-1), this.#ask.at(-1)];
    if (bid === undefined || ask === undefined) return 0;
    const lastAsk = at(this.asks.limit, ask);
    const lastBid = at(this.bids.limit, bid);
    const low = bestBid === undefined ? lastAsk : Math.max(lastAsk, at(this.bids.limit, bestBid));
    const high = bestAsk === undefined ? lastBid : Math.min(lastBid, at(this.asks.limit, bestAsk));
    return Math.floor((low + high) / 2);
  }

  trades(): Trades {
    return { bid: Uint32Array.from(this.#bid), ask: Uint32Array.from(this.#ask), wh: Uint32Array.from(this.#wh) };
  }

  #left(side: Orders, order: number, direction: "up" | "down"): number {
    if (this.edges === undefined || side.path === undefined) return Infinity;
    const left = direction === "up" ? this.edges.upWh : this.edges.downWh;
    const path = this.edges.edges[at(side.path, order)] ?? [];
    return path.reduce((least, edge) => Math.min(least, left[edge] ?? Infinity), Infinity);
  }

  #take(side: Orders, order: number, direction: "up" | "down", wh: number): void {
    if (this.edges === undefined || side.path === undefined) return;
    const left = direction === "up" ? this.edges.upWh : this.edges.downWh;
    for (const edge of this.edges.edges[at(side.path, order)] ?? []) left[edge] = (left[edge] ?? Infinity) - wh;
  }
}

/** An element that is there. */
function at(column: Uint32Array | Float64Array, index: number): number {
  const value = column[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${column.length}`);
  return value;
}
