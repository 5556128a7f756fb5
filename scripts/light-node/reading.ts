/** Was a meter's reading of a slot booked, and what did the slot come to? From events that headers prove, and nothing else. */
import { toBeHex } from "ethers";

import { CONTRACT_INTERFACES, type ContractName } from "../../sdk/contracts.js";
import type { TransactionDeployment } from "../../sdk/deployments/index.js";
import { eventDecoder, type ChainEvent } from "../../sdk/events.js";
import {
  unpackMovements,
  unpackOutcomes,
  unpackReadings,
  type Movement,
  type Outcome,
  type ReadingRecord,
} from "../../sdk/records.js";
import { basisOf, getLogBodies, knownHeader, type Basis, type BlockRange, type Sources } from "./answers.js";
import { isMatch, type LogFilter } from "./bodies.js";
import type { HeaderSource } from "./headers.js";

/** A record with the transaction that brought it, and the header that this was checked against. */
export type Placed<Value> = Value & { readonly transaction: string; readonly checkedAgainst: Basis };

export interface ReadingAnswer {
  /** Each time that the ledger stored a reading of it, in order; the last one counts. Wh. */
  readonly booked: readonly Placed<ReadingRecord>[];
  /** What the slot came to for the meter, in all, each time that it was settled; the last one counts. Wh, micro-credits. */
  readonly settled: readonly Placed<Outcome>[];
  /** What was then moved for the meter's account in the slot, other meters of the account included. Micro-credits. */
  readonly moved: readonly Placed<Movement>[];
  /** Nothing of it changes any more. */
  readonly isFinal: boolean;
  /** Which blocks were looked at, against which head, and in which of them more may be. */
  readonly lookedAt: BlockRange;
  readonly checkedAgainst: Basis;
  readonly isComplete: boolean;
  readonly notProven: readonly BlockRange[];
}

/** Reasons of movements (MovementLog.sol) before delivery: locks of orders, and what of them is unlocked. */
const OF_TRADING: readonly bigint[] = [3n, 4n];

export interface ReadingQuestion {
  readonly meter: bigint;
  readonly slot: bigint;
  readonly range: BlockRange;
}

export async function getReading(
  sources: Sources,
  { contracts }: Pick<TransactionDeployment, "contracts">,
  { meter, slot, range }: ReadingQuestion,
): Promise<ReadingAnswer> {
  const head = knownHeader(sources.store);
  const filters = filtersOf(contracts, slot);
  const decode = eventDecoder({ contracts });
  const events: { readonly event: ChainEvent; readonly basis: Basis }[] = [];
  const notProven = await getLogBodies(sources, filters, range, ({ header, logs }) => {
    for (const log of logs) {
      if (!filters.some((filter) => isMatch(log, filter))) continue;
      const event = decode({ ...log, blockNumber: Number(log.blockNumber) });
      if (event !== undefined) events.push({ event, basis: basisOf(sources.store, header) });
    }
  });
  const placed = <Value extends object>(read: (event: ChainEvent) => readonly Value[]): Placed<Value>[] =>
    events.flatMap(({ event, basis }) =>
      read(event).map((value) => ({ ...value, transaction: event.transaction, checkedAgainst: basis })),
    );
  const booked = placed(recordsOf("readings", unpackReadings)).filter(
    (record) => record.meter === meter && record.slot === slot && record.changed === 1n,
  );
  const settlements = placed((event) =>
    recordsOf("outcomes", unpackOutcomes)(event).map((outcome) => ({ ...outcome, part: partOf(event) })),
  ).filter((outcome) => outcome.meter === meter);
  const parts = new Set(settlements.map(({ part }) => part));
  const accounts = new Set(settlements.map(({ account }) => account));
  return {
    booked,
    settled: settlements.map(({ part: _, ...outcome }) => outcome),
    moved: placed(recordsOf("movements", unpackMovements)).filter(
      ({ account, reason }) => accounts.has(account) && !OF_TRADING.includes(reason),
    ),
    isFinal: events.some(({ event }) => event.name.endsWith("Finalized") && parts.has(partOf(event))),
    lookedAt: range,
    checkedAgainst: basisOf(sources.store, head),
    isComplete: notProven.length === 0,
    notProven,
  };
}

/** The first block at or after a time, as far as the headers between are there; never a later one. */
export function firstBlockSince(headers: HeaderSource, time: bigint, range: BlockRange): bigint {
  let [low, high] = [range.from, range.to];
  while (low < high) {
    const middle = (low + high) / 2n;
    const header = headers.header(middle);
    // what is not known may be of that time
    if (header === undefined || header.timestamp >= time) high = middle;
    else low = middle + 1n;
  }
  return low;
}

/** Batches name no meter; all else names the slot. */
function filtersOf(contracts: TransactionDeployment["contracts"], slot: bigint): LogFilter[] {
  const bySlot = toBeHex(slot, 32);
  const filter = (contract: "MeterLedger" | "Settlement" | "TradeEscrow", names: readonly string[]): LogFilter => ({
    addresses: [contracts[contract].address],
    topics: [
      names.map((name) => topicOf(contract, name)),
      ...(contract === "MeterLedger" ? [] : [undefined, [bySlot]]),
    ],
  });
  return [
    filter("MeterLedger", ["ReadingBatchStored"]),
    filter("Settlement", ["SlotSettled", "RestSettled", "SlotFinalized", "RestFinalized"]),
    filter("TradeEscrow", ["Moved"]),
  ];
}

function topicOf(contract: ContractName, name: string): string {
  const event = CONTRACT_INTERFACES[contract].getEvent(name);
  if (event === null) throw new RangeError(`${contract} has no event ${name}`);
  return event.topicHash;
}

/** Reads a list of packed records of events that have it. */
function recordsOf<Value>(
  argument: string,
  unpack: (words: readonly string[]) => readonly Value[],
): (event: ChainEvent) => readonly Value[] {
  return ({ args }) => unpack((args[argument] as readonly string[] | undefined) ?? []);
}

/** What is settled and made final together. */
function partOf({ args }: ChainEvent): string {
  const { city, feeder, chunk } = args as Readonly<Record<string, bigint | undefined>>;
  return city === undefined ? `feeder ${String(feeder)} ${String(chunk)}` : `city ${city}`;
}
