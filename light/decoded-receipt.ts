/** Receipts as a block's trie has them, decoded strictly. */
import {
  concat,
  dataLength,
  dataSlice,
  decodeRlp,
  encodeRlp,
  getAddress,
  hexlify,
  toBeArray,
  type BytesLike,
} from "ethers";

import { CommonwattError } from "../sdk/errors.js";

/** An event as its contract emitted it; bytes are lower-case hex, the address checksummed. */
export interface ReceiptLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

export interface TransactionReceipt {
  /** 0 for those before EIP-2718. */
  readonly type: number;
  readonly isSuccess: boolean;
  /** Of the block up to here. */
  readonly cumulativeGasUsed: bigint;
  readonly logsBloom: string;
  readonly logs: readonly ReceiptLog[];
}

const BLOOM_BYTES = 256;
const WORD_BYTES = 32;
const ADDRESS_BYTES = 20;
/** RLP lists begin at or above it, types of EIP-2718 lie below. */
const FIRST_LIST = 0xc0;

/** The receipt's encoding. */
export function encodeReceipt({ type, isSuccess, cumulativeGasUsed, logsBloom, logs }: TransactionReceipt): string {
  const fields = encodeRlp([
    isSuccess ? "0x01" : "0x",
    hexlify(toBeArray(cumulativeGasUsed)),
    logsBloom,
    logs.map(({ address, topics, data }) => [address, [...topics], data]),
  ]);
  return type === 0 ? fields : concat([hexlify(toBeArray(type)), fields]);
}

/** The inverse of `encodeReceipt`. ReceiptInvalid for every other encoding. */
export function decodeReceipt(raw: BytesLike): TransactionReceipt {
  const bytes = hexlify(raw);
  const first = dataLength(bytes) === 0 ? 0 : Number(dataSlice(bytes, 0, 1));
  const type = first < FIRST_LIST ? first : 0;
  const [status, gas, logsBloom, logs, ...more] = listOf(decoded(type === 0 ? bytes : dataSlice(bytes, 1)));
  if (more.length > 0) throw wrong("fields");
  const receipt = {
    type,
    isSuccess: status === "0x01",
    cumulativeGasUsed: BigInt(gas === "0x" ? 0 : bytesOf(gas, "gas")),
    logsBloom: bytesOf(logsBloom, "bloom", BLOOM_BYTES),
    logs: listOf(logs).map(logOf),
  };
  if (encodeReceipt(receipt) !== bytes) throw wrong("encoding");
  return receipt;
}

function logOf(item: unknown): ReceiptLog {
  const [address, topics, data] = listOf(item);
  return {
    address: getAddress(bytesOf(address, "address", ADDRESS_BYTES)),
    topics: listOf(topics).map((topic) => bytesOf(topic, "topic", WORD_BYTES)),
    data: bytesOf(data, "data"),
  };
}

function decoded(data: string): unknown {
  try {
    return decodeRlp(data);
  } catch {
    throw wrong("RLP");
  }
}

function listOf(item: unknown): readonly unknown[] {
  if (!Array.isArray(item)) throw wrong("list");
  return item;
}

function bytesOf(item: unknown, field: string, length?: number): string {
  if (typeof item !== "string" || (length !== undefined && dataLength(item) !== length)) throw wrong(field);
  return item;
}

function wrong(field: string): CommonwattError {
  return new CommonwattError("ReceiptInvalid", { field });
}
