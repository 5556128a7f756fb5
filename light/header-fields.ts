/** The fields of a header in the order of their encoding, and extraData as QBFT has it. */
import { CommonwattError } from "../sdk/errors.js";
import { readRlpItem, rlpBytes, type RlpPlace } from "./rlp.js";

/** A number of bytes, an integer of at most 64 bits, or extraData. */
export type FieldKind = number | "integer" | "extraData";

/** In the order of the encoding; the last ones came with forks. */
export const FIELDS = [
  ["parentHash", 32],
  ["sha3Uncles", 32],
  ["coinbase", 20],
  ["stateRoot", 32],
  ["transactionsRoot", 32],
  ["receiptsRoot", 32],
  ["logsBloom", 256],
  ["difficulty", "integer"],
  ["number", "integer"],
  ["gasLimit", "integer"],
  ["gasUsed", "integer"],
  ["timestamp", "integer"],
  ["extraData", "extraData"],
  ["mixHash", 32],
  ["nonce", 8],
  ["baseFeePerGas", "integer"],
  ["withdrawalsRoot", 32],
  ["blobGasUsed", "integer"],
  ["excessBlobGas", "integer"],
  ["parentBeaconBlockRoot", 32],
  ["requestsHash", 32],
] as const satisfies readonly (readonly [string, FieldKind])[];

export type FieldName = (typeof FIELDS)[number][0];

/** How many fields a header has at London, Shanghai, Cancun, Prague. */
export const FIELD_COUNTS: readonly number[] = [16, 17, 20, 21];

const INTEGER_BYTES = 8;
const VANITY_BYTES = 32;
const SEAL_BYTES = 65;
/** Besu keeps the round in a signed integer of 32 bits. */
const MAX_ROUND = 2 ** 31 - 1;

/** What extraData says. */
export interface ExtraData {
  /** 32 bytes that the node may choose. */
  readonly vanity: Uint8Array;
  /** In which the block was sealed. */
  readonly round: bigint;
  /** r, s and v (0 or 1), 65 bytes each. */
  readonly seals: readonly Uint8Array[];
}

/** Where a field stands among `FIELDS`. */
export function placeOfField(name: FieldName): number {
  return FIELDS.findIndex(([known]) => known === name);
}

/** Whether an item's bytes can be the field's: its length, and no leading zero in an integer. */
export function fitsField(kind: FieldKind, bytes: Uint8Array, start: number, end: number): boolean {
  if (kind === "extraData") return true;
  if (kind !== "integer") return end - start === kind;
  return end - start <= INTEGER_BYTES && (end === start || bytes[start] !== 0);
}

export function encodeExtraData({ vanity, round, seals }: ExtraData): Uint8Array {
  // in contract mode nobody is named and nobody votes in a header
  return rlpBytes([vanity, [], [], bytesOfInteger(round), seals]);
}

/** The inverse. HeaderFieldInvalid for every other encoding, and for a block that names a validator or a vote. */
export function decodeExtraData(bytes: Uint8Array): ExtraData {
  const list = listAt(bytes, 0, bytes.length, "extraData");
  if (list.end !== bytes.length) throw wrong("extraData");
  const vanity = itemAt(bytes, list.start, list.end, "vanity");
  const validators = listAt(bytes, vanity.end, list.end, "extraData");
  const vote = listAt(bytes, validators.end, list.end, "extraData");
  if (validators.start !== validators.end || vote.start !== vote.end) throw wrong("extraData");
  const round = itemAt(bytes, vote.end, list.end, "round");
  const seals = listAt(bytes, round.end, list.end, "seals");
  if (seals.end !== list.end) throw wrong("extraData");
  if (vanity.isList || vanity.end - vanity.start !== VANITY_BYTES) throw wrong("vanity");
  if (round.isList || !fitsField("integer", bytes, round.start, round.end)) throw wrong("round");
  const value = integerOf(bytes.subarray(round.start, round.end));
  if (value > MAX_ROUND) throw wrong("round");
  return {
    vanity: bytes.subarray(vanity.start, vanity.end),
    round: value,
    seals: sealsIn(bytes, seals),
  };
}

/** Big-endian without leading zeros, as RLP has integers. */
export function bytesOfInteger(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 255n));
  return Uint8Array.from(bytes);
}

/** The inverse, of at most 8 bytes. */
export function integerOf(bytes: Uint8Array): bigint {
  // six bytes fit a double
  const high = bytes.length > 6 ? bytes.length - 6 : 0;
  let value = 0n;
  for (let at = 0; at < high; at++) value = (value << 8n) | BigInt(bytes[at] as number);
  let low = 0;
  for (let at = high; at < bytes.length; at++) low = low * 256 + (bytes[at] as number);
  return (value << 48n) | BigInt(low);
}

function sealsIn(bytes: Uint8Array, { start, end }: RlpPlace): Uint8Array[] {
  const seals: Uint8Array[] = [];
  for (let at = start; at < end;) {
    const seal = itemAt(bytes, at, end, "seals");
    if (seal.isList || seal.end - seal.start !== SEAL_BYTES) throw wrong("seals");
    seals.push(bytes.subarray(seal.start, seal.end));
    at = seal.end;
  }
  return seals;
}

function itemAt(bytes: Uint8Array, at: number, limit: number, field: string): RlpPlace {
  const item = readRlpItem(bytes, at, limit);
  if (item === undefined) throw wrong(field);
  return item;
}

function listAt(bytes: Uint8Array, at: number, limit: number, field: string): RlpPlace {
  const item = itemAt(bytes, at, limit, field);
  if (!item.isList) throw wrong(field);
  return item;
}

function wrong(field: string): CommonwattError {
  return new CommonwattError("HeaderFieldInvalid", { field });
}
