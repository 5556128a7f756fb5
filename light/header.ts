/**
 * Headers of a Besu QBFT chain whose validators come from a contract: decoded strictly, encoded, hashed as Besu does.
 * What QbftHeader.sol does on chain, written in another way, so that each checks the other.
 */
import { getAddress, getBytes, hexlify, keccak256, type BytesLike } from "ethers";

import { bytesOfInteger, decodeExtraData, encodeExtraData, FIELDS, integerOf } from "./header-fields.js";
import { rlpBytes } from "./rlp.js";
import { dataField, quantityField } from "./rpc-fields.js";
import { SealedHeader } from "./sealed-header.js";

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

/** Reads a header as a node stores or hashes it; refuses every encoding but the one that `encodeHeader` makes. */
export function decodeHeader(raw: BytesLike): QbftHeader {
  return fieldsOf(SealedHeader.read(getBytes(raw)));
}

/** A header's fields one by one. */
export function fieldsOf(read: SealedHeader): QbftHeader {
  const header: Record<string, unknown> = {};
  for (const [name, kind] of FIELDS) {
    const bytes = read.field(name);
    if (bytes === undefined) break;
    if (kind === "integer") header[name] = integerOf(bytes);
    else if (kind !== "extraData") header[name] = name === "coinbase" ? getAddress(hexlify(bytes)) : hexlify(bytes);
  }
  const { vanity, round, seals } = read.extra;
  const extra = { vanity: hexlify(vanity), round, seals: seals.map((seal) => hexlify(seal)) };
  return { ...header, ...extra } as unknown as QbftHeader;
}

/** Reads a block as `eth_getBlockByNumber` returns it; nothing of it is believed, for the hash is computed anew. */
export function headerFromRpc(block: Readonly<Record<string, unknown>>): QbftHeader {
  return fieldsOf(SealedHeader.fromRpc(block));
}

/** The header's RLP, with its round and seals. */
export function encodeHeader(header: QbftHeader): string {
  const present = FIELDS.filter(([name]) => name === "extraData" || header[name] !== undefined);
  const items = present.map(([name]) => {
    if (name === "extraData") return extraDataOf(header);
    const value = header[name] as string | bigint;
    return typeof value === "bigint" ? bytesOfInteger(value) : getBytes(value);
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
  try {
    decodeExtraData(dataField({ extraData }, "extraData"));
    return true;
  } catch {
    return false;
  }
}

function extraDataOf({ vanity, round, seals }: QbftHeader): Uint8Array {
  return encodeExtraData({ vanity: getBytes(vanity), round, seals: seals.map((seal) => getBytes(seal)) });
}
