/** Headers of chains of either kind: sealed ones of QBFT, and those of simulated chains, which nobody seals. */
import { decodeRlp, getAddress, keccak256 } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { blockHash, decodeHeader, type QbftHeader } from "./header.js";

/** What evidence needs of a header. */
export interface BlockHeader {
  readonly hash: string;
  readonly number: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** Whose node made the block. */
  readonly coinbase: string;
  readonly transactionsRoot: string;
  readonly receiptsRoot: string;
  /** With its seals; absent for a chain without them. */
  readonly sealed?: QbftHeader;
}

const COINBASE = 2;
const TRANSACTIONS_ROOT = 4;
const RECEIPTS_ROOT = 5;
const NUMBER = 8;
const TIMESTAMP = 11;
const LEAST_FIELDS = 15;

/** Reads a header's RLP. A header whose extraData is QBFT's is hashed without its seals, any other as it stands. */
export function readHeader(raw: string): BlockHeader {
  const sealed = asSealed(raw);
  if (sealed !== undefined && sealed.number > 0n) return { ...sealed, hash: blockHash(sealed), sealed };
  const fields = fieldsOf(raw);
  return {
    hash: keccak256(raw),
    number: integerOf(fields[NUMBER]),
    timestamp: integerOf(fields[TIMESTAMP]),
    coinbase: getAddress(hexOf(fields[COINBASE], 20)),
    transactionsRoot: hexOf(fields[TRANSACTIONS_ROOT], 32),
    receiptsRoot: hexOf(fields[RECEIPTS_ROOT], 32),
  };
}

function asSealed(raw: string): QbftHeader | undefined {
  try {
    return decodeHeader(raw);
  } catch {
    return undefined;
  }
}

function fieldsOf(raw: string): readonly unknown[] {
  try {
    const fields: unknown = decodeRlp(raw);
    if (Array.isArray(fields) && fields.length >= LEAST_FIELDS) return fields as unknown[];
  } catch {
    // told below
  }
  throw new CommonwattError("HeaderNotRlp", { field: "header" });
}

function hexOf(item: unknown, bytes: number): string {
  if (typeof item !== "string" || item.length !== 2 + 2 * bytes) throw new CommonwattError("HeaderNotCanonical");
  return item;
}

function integerOf(item: unknown): bigint {
  if (typeof item !== "string") throw new CommonwattError("HeaderNotCanonical");
  return item === "0x" ? 0n : BigInt(item);
}
