/**
 * What the market's events say: books, results, positions, outcomes and readings. The contracts keep hashes of all
 * this; whoever clears, closes, settles or finalizes supplies it again, and finds it here.
 */
import type { BookResult } from "./clearing/index.js";
import type { TransactionChain } from "./connect.js";
import { AreaLevel, type ReadingStatus } from "./enums.js";
import { CommonwattError } from "./errors.js";
import { readEvents, type ChainEvent } from "./events.js";
import { unpackBilaterals, unpackEntries, unpackReadings } from "./records.js";

/** Packed 32-byte words, as events and calldata carry them (sdk/records.ts). */
export type Words = readonly string[];

/** What a settled part of a slot came to, as it was settled last. */
export interface SettledPart {
  /** Four words a meter (Records.sol). */
  readonly outcomes: Words;
  /** Two words a supplier or grid operator; none for meters without orders. */
  readonly parties: Words;
  /** Whether what it held is free. */
  readonly isFinal: boolean;
}

/** A city tree's slot once it is closed. */
export interface ClosedSlotWords {
  readonly positions: Words;
  readonly trades: Words;
}

/** A reading as the ledger stores it. */
export interface ViewedReading {
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
  readonly sequence: bigint;
}

interface Area {
  readonly parent: bigint;
  readonly level: AreaLevel;
  readonly fromSlot: bigint;
}

/** Places of a feeder's list that one `settleRest` looks at. */
const CHUNK_METERS = 64;
const CONTRACTS = [
  "GridTopology",
  "EnergyMarket",
  "BilateralContracts",
  "Clearing",
  "MeterLedger",
  "Settlement",
] as const;

/** A reducer over events; feed it all of them, in order, from the deployment's block on. */
export class MarketView {
  readonly #areas = new Map<bigint, Area>();
  readonly #entries = new Map<string, string[]>();
  readonly #bilaterals = new Map<string, string[]>();
  readonly #results = new Map<string, BookResult>();
  readonly #closed = new Map<string, ClosedSlotWords>();
  readonly #settled = new Map<string, SettledPart>();
  readonly #rests = new Map<string, SettledPart>();
  readonly #meters = new Map<bigint, bigint[]>();
  readonly #readings = new Map<string, ViewedReading>();
  #nextBlock: number | undefined;
  /** Place of the last event taken in by a sync. */
  #last: Pick<ChainEvent, "block" | "logIndex"> = { block: -1, logIndex: -1 };

  /** Reads what happened since the last time, up to `toBlock` (absent: the latest block). */
  async sync(chain: TransactionChain, toBlock?: number): Promise<this> {
    const last = toBlock ?? (await chain.provider.getBlockNumber());
    const fromBlock = this.#nextBlock ?? chain.deployment.deploymentBlock;
    for await (const events of readEvents(chain, { fromBlock, toBlock: last, contracts: CONTRACTS })) {
      for (const event of events) this.#applyOnce(event);
    }
    this.#nextBlock = Math.max(fromBlock, last + 1);
    return this;
  }

  /** After a sync that failed halfway, the next one reads the same events again. */
  #applyOnce(event: ChainEvent): void {
    const { block, logIndex } = this.#last;
    if (event.block < block || (event.block === block && event.logIndex <= logIndex)) return;
    this.apply(event);
    this.#last = { block: event.block, logIndex: event.logIndex };
  }

  /** Takes one event in. */
  apply({ contract, name, args }: ChainEvent): void {
    const handler = this.#handlers[`${contract}.${name}`];
    handler?.(args as unknown as EventArgs);
  }

  /** Areas right below an area that count in the slot, in order of creation. */
  childrenAt(area: bigint, slot: bigint): bigint[] {
    return this.#areasWhere((child) => child.parent === area && child.fromSlot <= slot);
  }

  /** Feeders of a city's tree that count in the slot, in order of creation. */
  feedersAt(city: bigint, slot: bigint): bigint[] {
    return this.#areasWhere(
      (area) => area.level === AreaLevel.Feeder && area.fromSlot <= slot && this.parentOf(area.parent) === city,
    );
  }

  /** All cities, in order of creation. */
  cities(): bigint[] {
    return this.#areasWhere((area) => area.level === AreaLevel.City);
  }

  /** The area above an area; 0 above a city. */
  parentOf(area: bigint): bigint {
    return this.#area(area).parent;
  }

  levelOf(area: bigint): AreaLevel {
    return this.#area(area).level;
  }

  /** The log of a feeder's book, two words an entry; empty when nobody ordered. */
  entriesOf(feeder: bigint, slot: bigint): Words {
    return this.#entries.get(key(feeder, slot)) ?? [];
  }

  /** The accepted bilateral contracts of a city tree's slot, four words each. */
  bilateralsOf(city: bigint, slot: bigint): Words {
    return this.#bilaterals.get(key(city, slot)) ?? [];
  }

  /** What a book came to; undefined while it is open, and for ever when it is empty or void. */
  resultOf(area: bigint, slot: bigint): BookResult | undefined {
    return this.#results.get(key(area, slot));
  }

  /** The results of all books of a tree as `close` takes them: feeders, districts, city; undefined: not cleared. */
  resultsOf(city: bigint, slot: bigint): (BookResult | undefined)[] {
    const areas = [...this.feedersAt(city, slot), ...this.childrenAt(city, slot), city];
    return areas.map((area) => this.resultOf(area, slot));
  }

  /** Whether somebody ordered or contracted in the tree's slot, so that there is something to close. */
  isTraded(city: bigint, slot: bigint): boolean {
    if (this.bilateralsOf(city, slot).length > 0) return true;
    return this.feedersAt(city, slot).some((feeder) => this.entriesOf(feeder, slot).length > 0);
  }

  /** Meters of the tree with an order or bilateral contract in the slot, cancelled ones included. */
  tradingMetersOf(city: bigint, slot: bigint): Set<bigint> {
    const contracts = unpackBilaterals(this.bilateralsOf(city, slot));
    const logs = this.feedersAt(city, slot).flatMap((feeder) => unpackEntries(this.entriesOf(feeder, slot)));
    return new Set([
      ...contracts.flatMap(({ trade }) => [trade.buyMeter, trade.sellMeter]),
      ...logs.map(({ meter }) => meter),
    ]);
  }

  /** Meters ever placed at a feeder, in order of their first placement, in chunks as `settleRest` takes them. */
  meterChunksOf(feeder: bigint): bigint[][] {
    const meters = this.#meters.get(feeder) ?? [];
    return Array.from({ length: Math.ceil(meters.length / CHUNK_METERS) }, (_, chunk) =>
      meters.slice(chunk * CHUNK_METERS, (chunk + 1) * CHUNK_METERS),
    );
  }

  /** Positions and trades of a closed slot. */
  closedSlotOf(city: bigint, slot: bigint): ClosedSlotWords | undefined {
    return this.#closed.get(key(city, slot));
  }

  /** The trading meters' outcomes of a slot, as settled last. */
  settledOf(city: bigint, slot: bigint): SettledPart | undefined {
    return this.#settled.get(key(city, slot));
  }

  /** The outcomes of a feeder's meters that did not trade, 64 of its list a chunk, as settled last. */
  restSettledOf(feeder: bigint, slot: bigint, chunk: bigint): SettledPart | undefined {
    return this.#rests.get(key(feeder, slot, chunk));
  }

  /** A meter's reading as stored now. */
  readingOf(meter: bigint, slot: bigint): ViewedReading | undefined {
    return this.#readings.get(key(meter, slot));
  }

  readonly #handlers: Readonly<Record<string, (args: EventArgs) => void>> = {
    "GridTopology.AreaCreated": ({ area, parent, level, fromSlot }) => {
      this.#areas.set(area, { parent, level: Number(level) as AreaLevel, fromSlot });
    },
    "GridTopology.SiteScheduled": ({ meter, feeder }) => {
      if (feeder === 0n) return;
      const meters = this.#meters.get(feeder) ?? [];
      if (!meters.includes(meter)) this.#meters.set(feeder, [...meters, meter]);
    },
    "EnergyMarket.EntriesAppended": ({ feeder, entries }) => {
      unpackEntries(entries).forEach(({ slot }, index) => {
        append(this.#entries, key(feeder, slot), entries.slice(index * 2, index * 2 + 2));
      });
    },
    "BilateralContracts.BilateralAccepted": ({ city, entries }) => {
      unpackBilaterals(entries).forEach(({ slot }, index) => {
        append(this.#bilaterals, key(city, slot), entries.slice(index * 4, index * 4 + 4));
      });
    },
    "Clearing.BookCleared": ({ area, slot, price, volumeWh, trades, rests }) => {
      this.#results.set(key(area, slot), { price, volumeWh, trades, rests });
    },
    "Clearing.SlotClosed": ({ city, slot, positions, trades }) => {
      this.#closed.set(key(city, slot), { positions, trades });
    },
    "Settlement.SlotSettled": ({ city, slot, outcomes, parties }) => {
      this.#settled.set(key(city, slot), { outcomes, parties, isFinal: false });
    },
    "Settlement.RestSettled": ({ feeder, slot, chunk, outcomes }) => {
      this.#rests.set(key(feeder, slot, chunk), { outcomes, parties: [], isFinal: false });
    },
    "Settlement.SlotFinalized": ({ city, slot }) => finalize(this.#settled, key(city, slot)),
    "Settlement.RestFinalized": ({ feeder, slot, chunk }) => finalize(this.#rests, key(feeder, slot, chunk)),
    "MeterLedger.ReadingBatchStored": ({ readings }) => {
      for (const { meter, slot, changed, status, importWh, exportWh, sequence } of unpackReadings(readings)) {
        if (changed === 0n) continue; // it was stored before
        const reading = { importWh, exportWh, status: Number(status) as ReadingStatus, sequence };
        this.#readings.set(key(meter, slot), reading);
      }
    },
  };

  #area(area: bigint): Area {
    const found = this.#areas.get(area);
    if (found === undefined) throw new CommonwattError("AreaUnknown", { area });
    return found;
  }

  #areasWhere(matches: (area: Area) => boolean): bigint[] {
    return [...this.#areas].filter(([, area]) => matches(area)).map(([number]) => number);
  }
}

/** The arguments of the events that the view reads; each has those that its handler names. */
interface EventArgs {
  readonly area: bigint;
  readonly parent: bigint;
  readonly level: bigint;
  readonly fromSlot: bigint;
  readonly city: bigint;
  readonly meter: bigint;
  readonly feeder: bigint;
  readonly slot: bigint;
  readonly chunk: bigint;
  readonly price: bigint;
  readonly volumeWh: bigint;
  readonly entries: Words;
  readonly trades: Words;
  readonly rests: Words;
  readonly positions: Words;
  readonly outcomes: Words;
  readonly parties: Words;
  readonly readings: Words;
}

function finalize(map: Map<string, SettledPart>, at: string): void {
  const part = map.get(at);
  if (part !== undefined) map.set(at, { ...part, isFinal: true });
}

function append(map: Map<string, string[]>, at: string, words: Words): void {
  const list = map.get(at);
  if (list === undefined) map.set(at, [...words]);
  else list.push(...words);
}

function key(...parts: readonly bigint[]): string {
  return parts.join("/");
}
