/** From the books of a chain to what Clearing takes: the merit order, the claim, and the words it checks by hash. */
import { concat, toBeHex, ZeroHash } from "ethers";

import {
  EntryTag,
  hashWords,
  packRest,
  packTrade,
  TradeLevel,
  unpackBilaterals,
  unpackEntries,
  unpackRests,
  type Entry,
  type Rest,
} from "../records.js";
import { clearBook, type Cleared, type EdgePaths, type Orders } from "./merge.js";

/** What a cleared book leaves: as Clearing emits it. */
export interface BookResult {
  readonly price: bigint;
  readonly volumeWh: bigint;
  readonly trades: readonly string[];
  readonly rests: readonly string[];
}

/** How a child's rests reach its parent. */
export interface Edge {
  /** Fee of the edge to the parent, micro-credits per kWh. */
  readonly fee: bigint;
  /** Most rests that rise per side. */
  readonly share: number;
}

/** A limited tree below a district or city: what each edge still carries in the slot, Wh; absent: no limit. */
export interface EdgeLeft {
  readonly area: bigint;
  readonly upWh: bigint;
  readonly downWh: bigint;
}

/** Argument of Clearing.clearFeeder. */
export interface FeederSubmission {
  readonly feeder: bigint;
  readonly slot: bigint;
  readonly price: bigint;
  readonly tradesHash: string;
  readonly entries: readonly string[];
  readonly cancelTargets: string;
  readonly bids: string;
  readonly asks: string;
}

/** Argument of Clearing.clearParent. */
export interface ParentSubmission {
  readonly area: bigint;
  readonly slot: bigint;
  readonly price: bigint;
  readonly tradesHash: string;
  readonly rests: readonly (readonly string[])[];
  readonly childTradesHashes: readonly string[];
  readonly bids: string;
  readonly asks: string;
}

/** Clears a feeder's book from its whole log. `edge` is the one above the feeder. */
export function clearFeederBook(
  feeder: bigint,
  slot: bigint,
  entries: readonly string[],
  edge: Edge,
): { readonly submission: FeederSubmission; readonly result: BookResult } {
  const log = unpackEntries(entries);
  const targets = cancelTargets(log);
  const cancelled = new Set(targets);
  const live = (tag: bigint): number[] =>
    [...log.keys()].filter((index) => log[index]?.tag === tag && !cancelled.has(index));
  const cleared = clearSides(log, live(EntryTag.Buy), live(EntryTag.Sell));
  const result = resultOf(log, cleared, TradeLevel.Feeder, edge);
  return {
    submission: {
      feeder,
      slot,
      price: result.price,
      tradesHash: hashWords(result.trades),
      entries,
      cancelTargets: indexList(targets),
      bids: indexList(cleared.bids),
      asks: indexList(cleared.asks),
    },
    result,
  };
}

/** A child of a district or city, in the order of `childrenOf`; rests and hash are empty unless it was cleared. */
export interface Child {
  readonly rests: readonly string[];
  readonly tradesHash: string;
}

/** What a district's or city's book needs beside its children. */
export interface ParentBook {
  readonly area: bigint;
  readonly slot: bigint;
  readonly isCity: boolean;
  readonly children: readonly Child[];
  /** The edge above a district; a city has none. */
  readonly edge?: Edge;
  /** The limited edges below, and the district of each feeder (0n in a district's book). */
  readonly limits?: { readonly left: readonly EdgeLeft[]; readonly districtOf: (feeder: bigint) => bigint };
}

/** Clears a district's or city's book from its children's rests. */
export function clearParentBook(book: ParentBook): {
  readonly submission: ParentSubmission;
  readonly result: BookResult;
} {
  const orders = book.children.flatMap((child) => unpackRests(child.rests));
  const side = (tag: bigint): number[] => [...orders.keys()].filter((index) => orders[index]?.tag === tag);
  const paths = book.limits === undefined ? undefined : pathsOf(orders, book.limits);
  const cleared = clearSides(orders, side(EntryTag.Buy), side(EntryTag.Sell), paths);
  const level = book.isCity ? TradeLevel.City : TradeLevel.District;
  const result = resultOf(orders, cleared, level, book.edge);
  return {
    submission: {
      area: book.area,
      slot: book.slot,
      price: result.price,
      tradesHash: hashWords(result.trades),
      rests: book.children.map((child) => child.rests),
      childTradesHashes: book.children.map((child) => child.tradesHash),
      bids: indexList(cleared.bids),
      asks: indexList(cleared.asks),
    },
    result,
  };
}

/** Argument of Clearing.close. */
export interface CloseSubmission {
  readonly city: bigint;
  readonly slot: bigint;
  readonly positionCount: number;
  readonly bilaterals: readonly string[];
  readonly entries: readonly (readonly string[])[];
  readonly cancelTargets: readonly string[];
  readonly trades: readonly (readonly string[])[];
  readonly restsHashes: readonly string[];
  readonly places: string;
}

/** What closes a slot: all feeders' logs, and all books' results (feeders, districts, city; undefined: not cleared). */
export interface SlotToClose {
  readonly city: bigint;
  readonly slot: bigint;
  readonly bilaterals: readonly string[];
  readonly entries: readonly (readonly string[])[];
  readonly books: readonly (BookResult | undefined)[];
}

/** Names each order's place among the positions, which stand ascending by meter. */
export function closeSlot({ city, slot, bilaterals, entries, books }: SlotToClose): CloseSubmission {
  const logs = entries.map((words) => unpackEntries(words));
  const contracts = unpackBilaterals(bilaterals).map(({ trade }) => trade);
  const meters = [
    ...contracts.flatMap(({ buyMeter, sellMeter }) => [buyMeter, sellMeter]),
    ...logs.flatMap((log) => log.filter(({ tag }) => tag !== EntryTag.Cancel).map(({ meter }) => meter)),
  ];
  const ascending = [...new Set(meters)].sort((a, b) => Number(a - b));
  const placeOf = new Map(ascending.map((meter, place) => [meter, place]));
  return {
    city,
    slot,
    positionCount: ascending.length,
    bilaterals,
    entries,
    cancelTargets: logs.map((log) => indexList(cancelTargets(log))),
    trades: books.map((book) => book?.trades ?? []),
    restsHashes: books.map((book) => (book === undefined ? ZeroHash : hashWords(book.rests))),
    places: indexList(meters.map((meter) => placeOf.get(meter) ?? 0)),
  };
}

interface ClearedSides extends Cleared {
  /** Indices into the book's orders instead of its sides. */
  readonly bids: readonly number[];
  readonly asks: readonly number[];
  readonly bidIndex: readonly number[];
  readonly askIndex: readonly number[];
}

function clearSides(
  orders: readonly Rest[],
  bidIndex: readonly number[],
  askIndex: readonly number[],
  paths?: { readonly edges: EdgePaths; readonly pathOf: readonly number[] },
): ClearedSides {
  const columns = (indices: readonly number[]): Orders => {
    const picked = indices.map((index) => orderAt(orders, index));
    return {
      wh: Uint32Array.from(picked, ({ wh }) => Number(wh)),
      limit: Uint32Array.from(picked, ({ limit }) => Number(limit)),
      arrival: Uint32Array.from(picked, ({ arrival }) => Number(arrival)),
      ...(paths === undefined ? {} : { path: Uint32Array.from(indices, (index) => paths.pathOf[index] ?? 0) }),
    };
  };
  const cleared = clearBook(columns(bidIndex), columns(askIndex), paths?.edges);
  return {
    ...cleared,
    bidIndex,
    askIndex,
    bids: Array.from(cleared.bidOrder, (index) => bidIndex[index] ?? 0),
    asks: Array.from(cleared.askOrder, (index) => askIndex[index] ?? 0),
  };
}

function resultOf(orders: readonly Rest[], cleared: ClearedSides, level: bigint, edge: Edge | undefined): BookResult {
  const price = BigInt(cleared.price);
  const trades = Array.from(cleared.trades.wh, (wh, trade) => {
    const buy = orderAt(orders, cleared.bidIndex[cleared.trades.bid[trade] ?? 0] ?? 0);
    const sell = orderAt(orders, cleared.askIndex[cleared.trades.ask[trade] ?? 0] ?? 0);
    return packTrade({
      level,
      buyFeeder: buy.feeder,
      sellFeeder: sell.feeder,
      buyIndex: buy.index,
      sellIndex: sell.index,
      wh: BigInt(wh),
      price,
      buyMeter: buy.meter,
      sellMeter: sell.meter,
      buyPos: 0n,
      sellPos: 0n,
    });
  });
  return { price, volumeWh: BigInt(cleared.volumeWh), trades, rests: restsOf(orders, cleared, edge) };
}

const MAX_LIMIT = (1n << 32n) - 1n;

/** What rises: a bid at its price less the fee (not below zero), an ask at its price and the fee; the best of each. */
function restsOf(orders: readonly Rest[], cleared: ClearedSides, edge: Edge | undefined): string[] {
  if (edge === undefined) return [];
  const { fee, share } = edge;
  const rising = (unfilled: Uint32Array, index: readonly number[], restWh: Uint32Array, sign: bigint): string[] =>
    Array.from(unfilled, (order) => {
      const entry = orderAt(orders, index[order] ?? 0);
      return { ...entry, wh: BigInt(restWh[order] ?? 0), limit: entry.limit + sign * fee };
    })
      .filter(({ limit }) => limit >= 0n && limit <= MAX_LIMIT)
      .slice(0, share)
      .map((rest) => packRest(rest));
  return [
    ...rising(cleared.unfilledBids, cleared.bidIndex, cleared.bidRestWh, -1n),
    ...rising(cleared.unfilledAsks, cleared.askIndex, cleared.askRestWh, 1n),
  ];
}

/** For each cancel of a log, in order, the index of the order that it cancels. */
function cancelTargets(log: readonly Entry[]): number[] {
  const orders = new Map<string, number>();
  const targets: number[] = [];
  log.forEach(({ tag, account, nonce }, index) => {
    const owner = `${account}/${nonce}`;
    if (tag !== EntryTag.Cancel) orders.set(owner, index);
    else targets.push(orders.get(owner) ?? 0);
  });
  return targets;
}

function pathsOf(
  orders: readonly Rest[],
  { left, districtOf }: NonNullable<ParentBook["limits"]>,
): { readonly edges: EdgePaths; readonly pathOf: number[] } {
  const edgeOf = new Map(left.map(({ area }, edge) => [area, edge]));
  const feeders = [...new Set(orders.map(({ feeder }) => feeder))];
  const edges = feeders.map((feeder) =>
    [edgeOf.get(feeder), edgeOf.get(districtOf(feeder))].filter((edge) => edge !== undefined),
  );
  return {
    edges: {
      edges,
      upWh: Float64Array.from(left, ({ upWh }) => Number(upWh)),
      downWh: Float64Array.from(left, ({ downWh }) => Number(downWh)),
    },
    pathOf: orders.map(({ feeder }) => feeders.indexOf(feeder)),
  };
}

/** Indices as Clearing reads them: two bytes each. */
function indexList(indices: readonly number[]): string {
  return concat(indices.map((index) => toBeHex(index, 2)));
}

function orderAt<Order>(orders: readonly Order[], index: number): Order {
  const order = orders[index];
  if (order === undefined) throw new RangeError(`no order ${index} of ${orders.length}`);
  return order;
}
