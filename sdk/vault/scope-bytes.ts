/** A scope in bytes: which parts are given (1: record 1, kind 2, from 4, before 8), those parts (32, 1, 8, 8). */
import { bytesOf, joined, unsigned, unsigned64, type ByteReader, type Bytes } from "./bytes.js";
import type { RecordKind } from "./chain.js";
import type { GrantScope } from "./grants.js";

/** Packed, for each byte is paid for on the chain. */
export function encodeScope({ record, kind, writtenFrom, writtenBefore }: GrantScope): Bytes {
  const parts = [
    record === undefined ? undefined : bytesOf(record),
    kind === undefined ? undefined : unsigned(kind, 1),
    writtenFrom === undefined ? undefined : unsigned64(writtenFrom),
    writtenBefore === undefined ? undefined : unsigned64(writtenBefore),
  ];
  const given = parts.reduce((bits, part, index) => (part === undefined ? bits : bits | (1 << index)), 0);
  return joined(unsigned(given, 1), ...parts.filter((part) => part !== undefined));
}

/** The inverse. */
export function readScope(reader: ByteReader): GrantScope {
  const given = reader.unsigned(1);
  return {
    ...(given & 1 ? { record: reader.hex(32) } : {}),
    ...(given & 2 ? { kind: reader.unsigned(1) as RecordKind } : {}),
    ...(given & 4 ? { writtenFrom: reader.unsigned64() } : {}),
    ...(given & 8 ? { writtenBefore: reader.unsigned64() } : {}),
  };
}
