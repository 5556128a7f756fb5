/**
 * What the oracle is made of. Each part stands behind an interface here, so that another source, rule, store or chain
 * takes its place without the rest noticing.
 */
import type { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import type { SlotTimes } from "../../sdk/time/slots.js";

import type { DeadLetters } from "./dead-letters.js";

/** Unix seconds, of the wall or of a simulation. */
export interface Clock {
  now(): number;
}

/** The wall clock. */
export const systemClock: Clock = { now: () => Math.floor(Date.now() / 1000) };

/** A message as a source delivers it. */
export interface SourceMessage {
  /** Where it came from, e.g. an MQTT topic. */
  readonly origin: string;
  readonly payload: Uint8Array;
  /** The broker had kept it from before: nobody knows for how long. */
  readonly isRetained?: boolean | undefined;
}

/** Takes a message; resolves once it is on disk (accepted or refused), rejects when it isn't: then it must come again. */
export type Accept = (message: SourceMessage) => Promise<void>;

/** Where readings come from. Delivers at least once, and again what was not accepted. */
export interface ReadingSource {
  /** Starts to deliver; rejects when the source can't be reached. */
  start(accept: Accept): Promise<void>;
  /** Stops to deliver. */
  stop(): Promise<void>;
}

/** A meter in a slot, as the federation knows it. */
export interface MeterSite {
  readonly connectionWh: bigint;
  /** Key of the active device; undefined while it is not active. */
  readonly deviceKey: string | undefined;
  readonly meteringOperator: string;
}

/** Looks meters up. */
export interface MeterDirectory {
  /** Where the meter stands in the slot; undefined when it is unknown. `fresh`: don't answer from memory. */
  siteOf(meter: bigint, slot: bigint, options?: { readonly fresh: boolean }): Promise<MeterSite | undefined>;
  /** Meters that may stand at feeders of the metering operator in the slot. */
  metersOf(operator: string, slot: bigint): Promise<bigint[]>;
}

/** The dates of a slot that matter to readings. */
export type ReadingDates = Pick<SlotTimes, "deliveryEnd" | "readingEnd" | "actualsUntil" | "decisionEnd">;

/** The market's calendar. */
export interface MarketTimes {
  readonly slotSeconds: bigint;
  timesOf(slot: bigint): Promise<ReadingDates>;
}

/** What rules look at besides the reading. */
export interface RuleContext {
  /** All readings under the signature of the one that is checked, itself among them, in order. */
  readonly signed: readonly SignedReading[];
  readonly origin: string;
  readonly clock: Clock;
  readonly times: MarketTimes;
  readonly directory: MeterDirectory;
}

/** One rule of validation, named, so that a refusal says which it was. */
export interface ReadingRule {
  readonly name: string;
  /** Why the reading is refused; undefined when it is not. Throws when it can't tell now. */
  check(reading: SignedReading, context: RuleContext): string | undefined | Promise<string | undefined>;
}

/** Where a reading in the outbox stands. */
export type OutboxState = "waiting" | "sent" | "confirmed" | "rejected";

/** A reading on its way to the chain. */
export interface OutboxEntry {
  readonly id: bigint;
  /** The same for all readings under one signature: they stand together in a batch, or not at all. */
  readonly message: bigint;
  readonly reading: SignedReading;
}

/** How many readings are in each state, and how many messages were refused. */
export type OutboxCounts = Readonly<Record<OutboxState | "refused", number>>;

/** The durable queue between source and chain. What returned is on disk, but for `accept` and `refuse`: see `durable`. */
export interface Outbox {
  /**
   * Resolves once all that was accepted and refused before is on disk, many in one write; rejects when that failed and
   * nothing of it is kept. Whoever sent a message may be told only then.
   */
  durable(): Promise<void>;
  /**
   * Takes the readings under one signature unless the meter, slot, rank and sequence of each are there already;
   * `conflict`: one is there with other values, so none is taken. What the chain rejected may come again, signed anew.
   */
  accept(signed: readonly SignedReading[], receivedAt: number): "stored" | "duplicate" | "conflict";
  /** Keeps a message that no rule let through. */
  refuse(message: SourceMessage, reason: string, receivedAt: number): void;
  /** Messages that were refused. */
  readonly letters: Pick<DeadLetters, "toReplay">;
  /** A refused message was replayed: its readings are in the outbox. Durable as `accept` is. */
  letterTaken(id: bigint): void;
  /** It was replayed in vain. Durable as `accept` is. */
  letterStillDead(id: bigint, reason: string): void;
  /** The next waiting readings by slot and meter; a few more than `limit`, so that no signature's are parted. */
  nextBatch(limit: number): OutboxEntry[];
  markSent(ids: readonly bigint[]): void;
  /** Waiting again. */
  release(ids: readonly bigint[]): void;
  confirm(ids: readonly bigint[], transactionHash: string | undefined): void;
  reject(id: bigint, reason: string): void;
  /** Whether a reading of any status is known and was not rejected. */
  has(meter: bigint, slot: bigint): boolean;
  /** Whether the chain refused one, because a measured reading that another sender brought stands there. */
  isOfAnother(meter: bigint, slot: bigint): boolean;
  /** The reading that counts among those that were not rejected: of the highest rank, of its last sequence. */
  latestAt(meter: bigint, slot: bigint): LatestReading | undefined;
  counts(): OutboxCounts;
  /** A number kept under a name, e.g. how far estimates were made. */
  mark(name: string): bigint | undefined;
  setMark(name: string, value: bigint): void;
  close(): void;
}

/** Gross import and export of a slot, in Wh, as last signed. */
export interface LatestReading {
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
  readonly sequence: bigint;
}

/** Meters that sign nothing themselves: the oracle is their gateway. */
export interface Gateway {
  /** Whether messages of that origin come from such meters. */
  takes(origin: string): boolean;
  /** Keeps what the message says, as durable as the outbox; why it is refused, else undefined. Unix seconds. */
  keep(message: SourceMessage, receivedAt: number): Promise<string | undefined>;
  /** Makes values of what is new or late, signs them and hands them on. */
  work(submit: SubmitSigned): Promise<void>;
}

/** Takes readings under one signature into the outbox; why they are refused, else undefined. */
export type SubmitSigned = (signed: readonly SignedReading[]) => Promise<string | undefined>;

/** What became of a batch; entries in none of the lists were not tried. */
export interface WriteResult {
  /** Without a hash: another sender's transaction brought it. */
  readonly confirmed: readonly { readonly id: bigint; readonly transactionHash?: string }[];
  readonly rejected: readonly { readonly id: bigint; readonly reason: string }[];
  /** Not yet acceptable, to be tried again. */
  readonly deferred: readonly bigint[];
  /** Waiting for other operators' attestations, while other readings go on. Absent: none. */
  readonly unattested?: readonly bigint[];
}

/** Brings readings onto the chain. Throws when the chain can't be reached: then all of the batch is tried again. */
export interface ChainWriter {
  write(batch: readonly OutboxEntry[]): Promise<WriteResult>;
}

/** Makes readings for silent meters. */
export interface GapFiller {
  /** Signed substitutes for the meters that have no reading in the slot. */
  fill(slot: bigint): Promise<SignedReading[]>;
}
