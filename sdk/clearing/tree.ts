/** A whole city tree's slot cleared at once, off chain: what every transaction from the gate closure to `close` says. */
import { MAX_PARENT_RESTS } from "../bounds.js";
import { AreaLevel } from "../enums.js";
import { hashWords, unpackTrades } from "../records.js";
import {
  clearFeederBook,
  clearParentBook,
  closeSlot,
  type BookResult,
  type Child,
  type CloseSubmission,
  type Edge,
  type EdgeLeft,
  type FeederSubmission,
  type ParentSubmission,
} from "./books.js";

/** The edge above a feeder or district, as in force in the slot. */
export interface TreeEdge {
  readonly area: bigint;
  /** Micro-credits per kWh. */
  readonly fee: bigint;
  /** Wh per direction; absent: no limit. */
  readonly capacityWh?: bigint;
}

export interface TreeFeeder extends TreeEdge {
  /** The whole log of its book, two words an entry. */
  readonly entries: readonly string[];
}

export interface TreeDistrict extends TreeEdge {
  readonly feeders: readonly TreeFeeder[];
}

/** Areas that count in the slot, in order of creation: the districts, and the feeders of each. */
export interface CityTree {
  readonly city: bigint;
  readonly slot: bigint;
  readonly districts: readonly TreeDistrict[];
  /** The tree's bilateral contracts, four words each; absent: none. */
  readonly bilaterals?: readonly string[];
  /** Areas whose book nobody cleared by its deadline; absent: none. */
  readonly voidAreas?: ReadonlySet<bigint>;
}

/** Everything that follows from the orders, if every book that is not void is cleared in time. */
export interface ClearedCity {
  /** By area; an idle or void book has none. */
  readonly results: ReadonlyMap<bigint, BookResult>;
  /** What to send, in this order. */
  readonly feeders: readonly FeederSubmission[];
  readonly districts: readonly ParentSubmission[];
  readonly city?: ParentSubmission;
  readonly close: CloseSubmission;
}

/**
 * Whether nothing can come of a book above feeders (BookResults): no child's rests rose to it, or those of one, which
 * never cross each other, unless they go on to a city with other districts.
 *
 * @param siblings how many districts the city has in the slot
 */
export function isIdle(level: AreaLevel, children: readonly Child[], siblings: number): boolean {
  const risen = children.filter(({ rests }) => rests.length > 0).length;
  return risen === 0 || (risen === 1 && (level === AreaLevel.City || siblings === 1));
}

/** Clears feeders, then districts, then the city. */
export function clearCity(tree: CityTree): ClearedCity {
  return new CityClearing(tree).run();
}

class CityClearing {
  readonly #results = new Map<bigint, BookResult>();
  /** What each limited edge still carries. */
  readonly #left: Map<bigint, EdgeLeft>;
  readonly #districtOf: ReadonlyMap<bigint, bigint>;

  constructor(private readonly tree: CityTree) {
    const edges = tree.districts.flatMap((district): TreeEdge[] => [district, ...district.feeders]);
    this.#left = new Map(
      edges.flatMap(({ area, capacityWh }) =>
        capacityWh === undefined ? [] : [[area, { area, upWh: capacityWh, downWh: capacityWh }] as const],
      ),
    );
    this.#districtOf = new Map(
      tree.districts.flatMap(({ area, feeders }) => feeders.map((feeder) => [feeder.area, area] as const)),
    );
  }

  run(): ClearedCity {
    const { city, slot, districts } = this.tree;
    const feeders = districts.flatMap((district) =>
      district.feeders
        .filter(({ area, entries }) => entries.length > 0 && !this.#isVoid(area))
        .map((feeder) => this.#clearFeeder(feeder, district)),
    );
    const cleared = districts.flatMap((district) => {
      const submission = this.#clearParent(district.area, district.feeders, edgeOf(district, districts.length));
      return submission === undefined ? [] : [submission];
    });
    const top = this.#clearParent(city, districts);
    return {
      results: this.#results,
      feeders,
      districts: cleared,
      ...(top === undefined ? {} : { city: top }),
      close: closeSlot({
        city,
        slot,
        bilaterals: this.tree.bilaterals ?? [],
        entries: this.#inTree((feeder) => feeder.entries),
        books: [...this.#inTree(({ area }) => area), ...districts.map(({ area }) => area), city].map((area) =>
          this.#results.get(area),
        ),
      }),
    };
  }

  #clearFeeder(feeder: TreeFeeder, { feeders }: TreeDistrict): FeederSubmission {
    const edge = edgeOf(feeder, feeders.length);
    const { submission, result } = clearFeederBook(feeder.area, this.tree.slot, feeder.entries, edge);
    this.#results.set(feeder.area, result);
    return submission;
  }

  #isVoid(area: bigint): boolean {
    return this.tree.voidAreas?.has(area) ?? false;
  }

  /** A district's book, or without an edge the city's; undefined when nothing can come of it. */
  #clearParent(area: bigint, below: readonly TreeEdge[], edge?: Edge): ParentSubmission | undefined {
    const children = below.map((child) => {
      const result = this.#results.get(child.area);
      return { rests: result?.rests ?? [], tradesHash: hashWords(result?.trades ?? []) };
    });
    const isCity = edge === undefined;
    const level = isCity ? AreaLevel.City : AreaLevel.District;
    if (this.#isVoid(area) || isIdle(level, children, this.tree.districts.length)) return undefined;
    const limits = {
      left: [...this.#left.values()],
      districtOf: (feeder: bigint) => (isCity ? (this.#districtOf.get(feeder) ?? 0n) : 0n),
    };
    const book = { area, slot: this.tree.slot, isCity, children, limits };
    const { submission, result } = clearParentBook(edge === undefined ? book : { ...book, edge });
    this.#results.set(area, result);
    this.#take(result, isCity);
    return submission;
  }

  /** Takes what a book traded from the edges that it crossed. */
  #take({ trades }: BookResult, isCity: boolean): void {
    for (const { buyFeeder, sellFeeder, wh } of unpackTrades(trades)) {
      this.#takeFrom(sellFeeder, wh, 0n);
      this.#takeFrom(buyFeeder, 0n, wh);
      if (!isCity) continue;
      this.#takeFrom(this.#districtOf.get(sellFeeder), wh, 0n);
      this.#takeFrom(this.#districtOf.get(buyFeeder), 0n, wh);
    }
  }

  #takeFrom(area: bigint | undefined, upWh: bigint, downWh: bigint): void {
    const left = area === undefined ? undefined : this.#left.get(area);
    if (left === undefined) return;
    this.#left.set(left.area, { area: left.area, upWh: left.upWh - upWh, downWh: left.downWh - downWh });
  }

  /** Feeders in order of creation, as feedersOfCity lists them. */
  #inTree<Value>(valueOf: (feeder: TreeFeeder) => Value): Value[] {
    const feeders = this.tree.districts.flatMap((district) => district.feeders);
    return [...feeders].sort((a, b) => Number(a.area - b.area)).map(valueOf);
  }
}

/** An edge with the child's share of its parent's book. */
function edgeOf({ fee }: TreeEdge, siblings: number): Edge {
  return { fee, share: Math.floor(MAX_PARENT_RESTS / siblings) };
}
