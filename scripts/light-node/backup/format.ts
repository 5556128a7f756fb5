/**
 * The archive file: entries of type, length and value as era1's e2store has them, each with a checksum of its own, so
 * that the place of a damage is known. docs/backup.md has the format byte by byte.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";

import { rlpBytes, rlpListOf, readRlpItem } from "../../../light/rlp.js";

export const EntryType = {
  /** As in every e2store file: nothing but its head. */
  Version: 0x3265,
  Range: 0x4301,
  Dictionary: 0x4302,
  Block: 0x4303,
  Accumulator: 0x4304,
  Index: 0x4305,
} as const;

/** Type, length and two zero bytes. */
export const HEAD_BYTES = 8;
export const CHECKSUM_BYTES = 4;
const FORMAT = 1;
const RANGE_BYTES = 64;
const OFFSET_BYTES = 8;
/** A block with its receipts is never longer; a longer one is a damage or an attack. */
const MOST_BLOCK_BYTES = 1 << 29;

/** Whose blocks a file holds, and which. */
export interface ArchiveRange {
  readonly chainId: number;
  /** Hash of the chain's first block, 32 bytes in hex. */
  readonly genesisHash: string;
  readonly from: number;
  readonly to: number;
}

/** The file's first entry. */
export const VERSION_ENTRY: Uint8Array = head(EntryType.Version, 0);

/** An entry with its head and checksum. */
export function entry(type: number, payload: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(HEAD_BYTES + payload.length + CHECKSUM_BYTES);
  bytes.set(head(type, payload.length + CHECKSUM_BYTES));
  bytes.set(payload, HEAD_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -CHECKSUM_BYTES)), bytes.length - CHECKSUM_BYTES);
  return bytes;
}

/** What a head says; undefined for one whose last bytes are not zero. */
export function readHead(bytes: Buffer): { readonly type: number; readonly length: number } | undefined {
  if (bytes.readUInt16LE(6) !== 0) return undefined;
  return { type: bytes.readUInt16LE(0), length: bytes.readUInt32LE(2) };
}

/** The payload of a whole entry; undefined when the checksum is another. */
export function payloadOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length < HEAD_BYTES + CHECKSUM_BYTES) return undefined;
  const end = bytes.length - CHECKSUM_BYTES;
  return crc32(bytes.subarray(0, end)) === bytes.readUInt32LE(end) ? bytes.subarray(HEAD_BYTES, end) : undefined;
}

export function rangePayload({ chainId, genesisHash, from, to }: ArchiveRange): Uint8Array {
  const bytes = Buffer.alloc(RANGE_BYTES);
  [FORMAT, chainId, from, to].forEach((value, place) => bytes.writeBigUInt64LE(BigInt(value), 8 * place));
  bytes.set(Buffer.from(genesisHash.slice(2), "hex"), 32);
  return bytes;
}

/** The inverse; undefined for another format. */
export function readRange(payload: Buffer): ArchiveRange | undefined {
  if (payload.length !== RANGE_BYTES) return undefined;
  const [format, chainId, from, to] = [0, 8, 16, 24].map((at) => Number(payload.readBigUInt64LE(at)));
  const range = { chainId, from, to } as Omit<ArchiveRange, "genesisHash">;
  return format === FORMAT ? { ...range, genesisHash: `0x${payload.toString("hex", 32)}` } : undefined;
}

/** A block's RLP with its receipts', each as the trie has it, compressed against the file's dictionary. */
export function blockPayload(raw: Uint8Array, receipts: readonly Uint8Array[], dictionary: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_checksumFlag]: 0, [constants.ZSTD_c_contentSizeFlag]: 1 };
  return zstdCompressSync(rlpListOf([raw, rlpBytes(receipts)]), { dictionary, params });
}

/** The inverse; undefined for bytes that `blockPayload` would not have compressed. */
export function readBlockPayload(
  payload: Buffer,
  dictionary: Uint8Array,
): { readonly raw: Uint8Array; readonly receipts: readonly Uint8Array[] } | undefined {
  let bytes: Uint8Array;
  try {
    bytes = zstdDecompressSync(payload, { dictionary, maxOutputLength: MOST_BLOCK_BYTES });
  } catch {
    return undefined;
  }
  const pair = readRlpItem(bytes, 0, bytes.length);
  const block =
    pair?.isList === true && pair.end === bytes.length ? readRlpItem(bytes, pair.start, pair.end) : undefined;
  const list = pair && block && readRlpItem(bytes, block.end, pair.end);
  if (pair === undefined || block === undefined || list?.isList !== true || list.end !== pair.end) return undefined;
  const receipts: Uint8Array[] = [];
  for (let at = list.start; at < list.end;) {
    const receipt = readRlpItem(bytes, at, list.end);
    if (receipt === undefined || receipt.isList) return undefined;
    receipts.push(bytes.subarray(receipt.start, receipt.end));
    at = receipt.end;
  }
  return { raw: bytes.subarray(pair.start, block.end), receipts };
}

/** Where the blocks' entries begin, and how many there are: the file's last entry. */
export function indexPayload(offsets: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(OFFSET_BYTES * (offsets.length + 1));
  [...offsets, offsets.length].forEach((value, place) => bytes.writeBigUInt64LE(BigInt(value), OFFSET_BYTES * place));
  return bytes;
}

/** The index's length in the file, with its head. */
export function indexBytes(blocks: number): number {
  return HEAD_BYTES + OFFSET_BYTES * (blocks + 1) + CHECKSUM_BYTES;
}

/** Where the place-th block's entry begins, by the payload of an index. */
export function offsetIn(payload: Buffer, place: number): number {
  return Number(payload.readBigUInt64LE(OFFSET_BYTES * place));
}

function head(type: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes.writeUInt16LE(type, 0);
  bytes.writeUInt32LE(length, 2);
  return bytes;
}
