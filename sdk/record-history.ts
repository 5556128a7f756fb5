/** The hash chain that commits to a personal record's history (RecordHistory.sol), pure. */
import { AbiCoder, concat, dataSlice, id, keccak256, type BytesLike } from "ethers";

import type { RecordKind } from "./enums.js";
import type { SigningDomain } from "./signing/typed-data.js";

/** A record: ids count among one owner's only. */
export interface RecordName {
  readonly owner: string;
  /** 32 bytes in hex, drawn at random by the owner. */
  readonly record: string;
}

/** A version as its owner writes it. */
export interface NewRecordVersion {
  readonly record: string;
  /** 1 for a new record, else exactly the last one + 1. */
  readonly version: bigint;
  readonly kind: RecordKind;
  /** Salted commitment to the clear content, 32 bytes. */
  readonly commitment: string;
  /** Byte 0 and 1 to 1,024 bytes of ciphertext, or byte 1 and the 32-byte hash under which stores keep it. */
  readonly locator: BytesLike;
  /** The chain's share of the content key, wrapped for the owner: 49 to 256 bytes. */
  readonly wrapped: BytesLike;
}

/** A version as the chain has it. */
export interface WrittenRecordVersion extends NewRecordVersion {
  /** Unix seconds. */
  readonly writtenAt: bigint;
  readonly locator: string;
  /** As it was written first: this the history commits to. */
  readonly wrapped: string;
}

/** The end of a record. */
export interface RecordErasure {
  /** Unix seconds. */
  readonly erasedAt: bigint;
  /** Hash of the stores' signed receipts. */
  readonly receiptsHash: string;
}

/** The head before version 1. */
export const EMPTY_HEAD = `0x${"00".repeat(21)}`;

const HEAD_BYTES = 21;
const VERSION = id("commonwatt record version 1");
const ERASURE = id("commonwatt record erasure 1");
const PLACE = ["bytes32", "bytes21", "uint256", "address", "address", "bytes32"];
const SAID = ["uint32", "uint8", "uint40", "bytes32", "bytes32", "bytes32"];

const coder = AbiCoder.defaultAbiCoder();

/** The head after a version. */
export function headAfterVersion(
  records: SigningDomain,
  head: string,
  owner: string,
  written: WrittenRecordVersion,
): string {
  const { record, version, kind, writtenAt, commitment, locator, wrapped } = written;
  const said = [version, kind, writtenAt, commitment, keccak256(locator), keccak256(wrapped)];
  return cut(concat([placeOf(VERSION, records, head, { owner, record }), coder.encode(SAID, said)]));
}

/** The head after an erasure; the last one. */
export function headAfterErasure(
  records: SigningDomain,
  head: string,
  name: RecordName,
  { erasedAt, receiptsHash }: RecordErasure,
): string {
  const said = coder.encode(["uint40", "bytes32"], [erasedAt, receiptsHash]);
  return cut(concat([placeOf(ERASURE, records, head, name), said]));
}

function placeOf(
  kind: string,
  { chainId, verifyingContract }: SigningDomain,
  head: string,
  { owner, record }: RecordName,
): string {
  return coder.encode(PLACE, [kind, head, chainId, verifyingContract, owner, record]);
}

function cut(link: string): string {
  return dataSlice(keccak256(link), 0, HEAD_BYTES);
}
