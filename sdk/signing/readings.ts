/** A meter's reading of a slot, as MeterLedger takes it, alone or with others under one signature. */
import { concat, getBytes, id, keccak256, TypedDataEncoder, ZeroHash, type Signer } from "ethers";

import { ReadingStatus } from "../enums.js";
import {
  domainOf,
  fieldsOf,
  signCompact,
  type CompactSignature,
  type SigningDomain,
  type TypedMessage,
} from "./typed-data.js";

const LEDGER_NAME = "Commonwatt MeterLedger";
const READING_TEXT = "uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence";
const SERIES_TEXT = "Reading[] readings";
const READING = fieldsOf(READING_TEXT);
const SERIES = fieldsOf(SERIES_TEXT);

/** What a meter saw in a slot: gross import and export in Wh, never netted. */
export interface Reading {
  readonly meter: bigint;
  readonly slot: bigint;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
  /** Grows with each reading of the same rank for the same meter and slot. */
  readonly sequence: bigint;
}

/** With a zero signature, the one of the next reading of the batch that has one covers it too: it is in a series. */
export interface SignedReading extends Reading, CompactSignature {}

const RANKS: Readonly<Partial<Record<ReadingStatus, number>>> = {
  [ReadingStatus.Substituted]: 1,
  [ReadingStatus.Estimated]: 1,
  [ReadingStatus.Actual]: 2,
  [ReadingStatus.Corrected]: 3,
};

/** Market rules, what replaces what: a higher rank a lower one, within a rank a higher sequence. Throws RangeError. */
export function rankOf(status: ReadingStatus): number {
  const rank = RANKS[status];
  if (rank === undefined) throw new RangeError(`nobody signs readings of status ${status}`);
  return rank;
}

/** Longest series that meters sign: what MeterLedger takes at no more than one write a word. */
export const MAX_SERIES = 8;

const COVERED: CompactSignature = { r: ZeroHash, vs: ZeroHash };

/** Signed by the device when actual, by the feeder's metering operator otherwise. */
export function readingMessage(ledger: SigningDomain, reading: Reading): TypedMessage {
  const { meter, slot, importWh, exportWh, status, sequence } = reading;
  return {
    domain: domainOf(LEDGER_NAME, ledger),
    types: { Reading: READING },
    value: { meter, slot, importWh, exportWh, status, sequence },
  };
}

/** What a meter signs for several of its actual readings at once. */
export function seriesMessage(ledger: SigningDomain, readings: readonly Reading[]): TypedMessage {
  const messages = readings.map((reading) => readingMessage(ledger, reading));
  return {
    domain: domainOf(LEDGER_NAME, ledger),
    types: { ReadingSeries: SERIES, Reading: READING },
    value: { readings: messages.map(({ value }) => value) },
  };
}

const WORD_BYTES = 32;
const UINT32_END = 1n << 32n;
const UINT8_END = 1n << 8n;
const EIP712_PREFIX = "0x1901";
const READING_TYPE = getBytes(id(`Reading(${READING_TEXT})`));
const SERIES_TYPE = id(`ReadingSeries(${SERIES_TEXT})Reading(${READING_TEXT})`);
const separators = new WeakMap<SigningDomain, string>();

/**
 * The reading's digest: what is signed, and its leaf in the batch's Merkle tree. Encoded by hand, as is the series':
 * ethers' general encoder takes ten times as long (a test holds both equal). Throws `RangeError` for a value too large.
 */
export function readingDigest(ledger: SigningDomain, reading: Reading): string {
  return digestUnder(ledger, structHash(reading));
}

/** What the signature over these readings covers: one reading is signed as it is, more are signed as a series. */
export function signedDigest(ledger: SigningDomain, readings: readonly Reading[]): string {
  const [first] = readings;
  if (first && readings.length === 1) return readingDigest(ledger, first);
  const hashes = keccak256(concat(readings.map(structHash)));
  return digestUnder(ledger, keccak256(concat([SERIES_TYPE, hashes])));
}

function structHash({ meter, slot, importWh, exportWh, status, sequence }: Reading): string {
  const words = new Uint8Array(7 * WORD_BYTES);
  words.set(READING_TYPE);
  const view = new DataView(words.buffer);
  const put = (index: number, value: bigint, end: bigint): void => {
    if (value < 0n || value >= end) throw new RangeError(`${value} is no value of a reading's field ${index}`);
    view.setUint32((index + 1) * WORD_BYTES - 4, Number(value));
  };
  put(1, meter, UINT32_END);
  put(2, slot, UINT32_END);
  put(3, importWh, UINT32_END);
  put(4, exportWh, UINT32_END);
  put(5, BigInt(status), UINT8_END);
  put(6, sequence, UINT8_END);
  return keccak256(words);
}

function digestUnder(ledger: SigningDomain, hash: string): string {
  let separator = separators.get(ledger);
  if (separator === undefined) {
    separator = TypedDataEncoder.hashDomain(domainOf(LEDGER_NAME, ledger));
    separators.set(ledger, separator);
  }
  return keccak256(concat([EIP712_PREFIX, separator, hash]));
}

export async function signReading(signer: Signer, ledger: SigningDomain, reading: Reading): Promise<SignedReading> {
  return { ...reading, ...(await signCompact(signer, readingMessage(ledger, reading))) };
}

/** Signs actual readings of one meter together; the last carries the signature. To be submitted whole and in order. */
export async function signSeries(
  signer: Signer,
  ledger: SigningDomain,
  readings: readonly Reading[],
): Promise<SignedReading[]> {
  const [first] = readings;
  if (first && readings.length === 1) return [await signReading(signer, ledger, first)];
  const signature = await signCompact(signer, seriesMessage(ledger, readings));
  return readings.map((reading, index) => ({ ...reading, ...(index === readings.length - 1 ? signature : COVERED) }));
}

/** Splits a meter's readings, ascending by slot, into runs of consecutive slots that a series may hold. */
export function seriesOf(readings: readonly Reading[]): Reading[][] {
  const runs: Reading[][] = [];
  for (const reading of readings) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && run.length < MAX_SERIES && reading.slot === last.slot + 1n) run.push(reading);
    else runs.push([reading]);
  }
  return runs;
}

/** Splits a batch into what each signature covers. */
export function bySignature(readings: readonly SignedReading[]): SignedReading[][] {
  const parts: SignedReading[][] = [];
  let open: SignedReading[] = [];
  for (const reading of readings) {
    open.push(reading);
    if (reading.r === ZeroHash && reading.vs === ZeroHash) continue;
    parts.push(open);
    open = [];
  }
  return open.length === 0 ? parts : [...parts, open];
}
