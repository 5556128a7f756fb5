/**
 * Headers of a Besu QBFT chain whose validators come from a contract: decoded strictly, encoded, hashed as Besu does.
 * What QbftHeader.sol does on chain, written in another way, so that each checks the other.
 */
import { dataLength, decodeRlp, getAddress, getBytes, hexlify, keccak256, toBeArray, type BytesLike } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { rlpBytes } from "./rlp.js";
import { dataField, quantityField } from "./rpc-fields.js";

/** A header's fields; bytes are lower-case hex, the coinbase a checksummed address, the optional ones came with forks. */
export interface QbftHeader {
  readonly parentHash: string;
  readonly sha3Uncles: string;
  readonly coinbase: string;
  readonly stateRoot: string;
  readonly transactionsRoot: string;
  readonly receiptsRoot: string;
  readonly logsBloom: string;
  readonly difficulty: bigint;
  readonly number: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** 32 bytes that the node may choose. */
  readonly vanity: string;
  /** In which the block was sealed. */
  readonly round: bigint;
  /** r, s and v (0 or 1), 65 bytes each; every node keeps a selection of its own. */
  readonly seals: readonly string[];
  readonly mixHash: string;
  readonly nonce: string;
  readonly baseFeePerGas: bigint;
  readonly withdrawalsRoot?: string;
  readonly blobGasUsed?: bigint;
  readonly excessBlobGas?: bigint;
  readonly parentBeaconBlockRoot?: string;
  readonly requestsHash?: string;
}

/** A number of bytes, an integer of at most 64 bits, or extraData. */
type FieldKind = number | "integer" | "extraData";
type FieldName = Exclude<keyof QbftHeader, "vanity" | "round" | "seals"> | "extraData";

/** In the order of the encoding. */
const FIELDS: readonly (readonly [FieldName, FieldKind])[] = [
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
];

/** How many fields a header has at London, Shanghai, Cancun, Prague. */
const FIELD_COUNTS = [16, 17, 20, 21];
const VANITY_BYTES = 32;
const SEAL_BYTES = 65;
const INTEGER_BYTES = 8;
/** Besu keeps the round in a signed integer of 32 bits. */
const MAX_ROUND = 2n ** 31n - 1n;

/** Reads a header as a node stores or hashes it; refuses every encoding but the one that `encodeHeader` makes. */
export function decodeHeader(raw: BytesLike): QbftHeader {
  const items = listOf(decoded(raw, "header"), "header");
  const header = headerOf(items.map((item, index) => bytesOf(item, FIELDS[index]?.[0] ?? "header")));
  // one comparison refuses leading zeros, lengths written too long, and whatever else RLP could say in two ways
  if (encodeHeader(header) !== hexlify(raw)) throw new CommonwattError("HeaderNotCanonical");
  return header;
}

/** Reads a block as `eth_getBlockByNumber` returns it; nothing of it is believed, for the hash is computed anew. */
export function headerFromRpc(block: Readonly<Record<string, unknown>>): QbftHeader {
  return headerOf(rpcItems(block));
}

function rpcItems(block: Readonly<Record<string, unknown>>): string[] {
  const items: string[] = [];
  for (const [name, kind] of FIELDS) {
    const value = block[name === "coinbase" ? "miner" : name];
    if (value === undefined || value === null) break;
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) throw wrong(name);
    items.push(kind === "integer" ? integerBytes(BigInt(value)) : value.toLowerCase());
  }
  return items;
}

/** The header's RLP, with its round and seals. */
export function encodeHeader(header: QbftHeader): string {
  const present = FIELDS.filter(([name]) => name === "extraData" || header[name] !== undefined);
  const items = present.map(([name]) => {
    if (name === "extraData") return encodeExtraData(header);
    const value = header[name] as string | bigint;
    return typeof value === "bigint" ? toBeArray(value) : getBytes(value);
  });
  return hexlify(rlpBytes(items));
}

/** The header's RLP with round 0 and no seals, which the block's hash is taken of, and contracts are shown. */
export function encodeBareHeader(header: QbftHeader): string {
  return encodeHeader({ ...header, round: 0n, seals: [] });
}

/** The block's hash. */
export function blockHash(header: QbftHeader): string {
  return keccak256(encodeBareHeader(header));
}

/** What accountants seal: the hash of the header with its round and no seals. */
export function sealDigest(header: QbftHeader): string {
  return keccak256(encodeHeader({ ...header, seals: [] }));
}

/**
 * The hash of a block as `eth_getBlockByNumber` returns it, computed from its fields: a QBFT chain's, or that of a chain
 * whose extraData is the node's own (a simulated one, a genesis block).
 */
export function rpcBlockHash(block: Readonly<Record<string, unknown>>): string {
  return isQbft(block["extraData"]) ? blockHash(headerFromRpc(block)) : keccak256(rawHeaderFromRpc(block));
}

/** The RLP of a header of either kind, of a block as `eth_getBlockByNumber` returns it. */
export function rawHeaderFromRpc(block: Readonly<Record<string, unknown>>): string {
  const fields = FIELDS.map(([name, kind]) => [name === "coinbase" ? "miner" : name, kind] as const);
  const present = fields.slice(0, fields.findLastIndex(([name]) => (block[name] ?? null) !== null) + 1);
  const items = present.map(([name, kind]) => (kind === "integer" ? quantityField : dataField)(block, name));
  return hexlify(rlpBytes(items));
}

function isQbft(extraData: unknown): boolean {
  if (typeof extraData !== "string" || dataLength(extraData) < VANITY_BYTES) return false;
  try {
    decodeExtraData(extraData);
    return true;
  } catch {
    return false;
  }
}

function headerOf(items: readonly string[]): QbftHeader {
  if (!FIELD_COUNTS.includes(items.length)) throw new CommonwattError("HeaderFieldCount", { count: items.length });
  const header: Record<string, unknown> = {};
  for (const [index, item] of items.entries()) {
    const [name, kind] = FIELDS[index] as (typeof FIELDS)[number];
    if (kind === "extraData") Object.assign(header, decodeExtraData(item));
    else if (kind === "integer") header[name] = integerOf(item, name);
    else if (dataLength(item) !== kind) throw wrong(name);
    else header[name] = name === "coinbase" ? getAddress(item) : item;
  }
  return header as unknown as QbftHeader;
}

function encodeExtraData({ vanity, round, seals }: QbftHeader): Uint8Array {
  return rlpBytes([getBytes(vanity), [], [], toBeArray(round), seals.map((seal) => getBytes(seal))]);
}

function decodeExtraData(extraData: string): Pick<QbftHeader, "vanity" | "round" | "seals"> {
  const items = listOf(decoded(extraData, "extraData"), "extraData");
  const [vanity, validators, vote, round, seals] = items;
  // in contract mode nobody is named and nobody votes in a header; Besu refuses a block that does
  if (items.length !== 5 || !isEmptyList(validators) || !isEmptyList(vote)) throw wrong("extraData");
  const header = {
    vanity: bytesOf(vanity, "vanity"),
    round: integerOf(bytesOf(round, "round"), "round"),
    seals: listOf(seals, "seals").map((seal) => bytesOf(seal, "seals")),
  };
  if (dataLength(header.vanity) !== VANITY_BYTES) throw wrong("vanity");
  if (header.round > MAX_ROUND) throw wrong("round");
  if (header.seals.some((seal) => dataLength(seal) !== SEAL_BYTES)) throw wrong("seals");
  return header;
}

function decoded(data: BytesLike, field: string): unknown {
  try {
    return decodeRlp(data);
  } catch (cause) {
    throw new CommonwattError("HeaderNotRlp", { field }, { cause });
  }
}

function listOf(item: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(item)) throw wrong(field);
  return item;
}

function isEmptyList(item: unknown): boolean {
  return Array.isArray(item) && item.length === 0;
}

function bytesOf(item: unknown, field: string): string {
  if (typeof item !== "string") throw wrong(field);
  return item;
}

function integerOf(item: string, field: string): bigint {
  if (dataLength(item) > INTEGER_BYTES) throw wrong(field);
  return item === "0x" ? 0n : BigInt(item);
}

function integerBytes(value: bigint): string {
  return hexlify(toBeArray(value));
}

function wrong(field: string): CommonwattError {
  return new CommonwattError("HeaderFieldInvalid", { field });
}
