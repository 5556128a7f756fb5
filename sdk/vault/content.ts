/** What a version of a record holds: labelled slots and a salt, and the bytes that they are sealed as. */
import { CommonwattError } from "../errors.js";
import { bytesOf, ByteReader, joinedAll, randomWord, unsigned, type Bytes } from "./bytes.js";

/** A part of a record that can be shown alone: a month's bill, an hour's reading. */
export interface Slot {
  /** Unique within the record. At most 65,535 bytes of UTF-8. */
  readonly label: string;
  readonly data: Uint8Array;
}

/** A version in clear. */
export interface Content {
  /** Random, 32 bytes in hex: without it nobody can guess the content behind a commitment. */
  readonly salt: string;
  /** At least one. */
  readonly slots: readonly Slot[];
}

/** Longest content, encoded. Bytes. */
export const MAX_CONTENT_BYTES = 16 * 1024 * 1024;

const MAX_LABEL_BYTES = 0xffff;
const FORMAT = 1;
const SALT_BYTES = 32;

/** Content of slots under a fresh salt. */
export function contentOf(slots: readonly Slot[], salt: string = randomWord()): Content {
  const reason = whyInvalid(slots.map(({ label }) => label));
  // which label it is stays unsaid: labels are content too
  if (reason !== undefined) throw new CommonwattError("VaultContentInvalid", { reason });
  return { salt, slots };
}

function whyInvalid(labels: readonly string[]): string | undefined {
  if (labels.length === 0) return "it has no slot";
  if (new Set(labels).size !== labels.length) return "two slots have one label";
  const encoded = labels.map((label) => new TextEncoder().encode(label));
  if (encoded.some(({ length }) => length > MAX_LABEL_BYTES)) return "a label is too long";
  const isText = (bytes: Uint8Array, index: number): boolean =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) === labels[index];
  return encoded.every(isText) ? undefined : "a label is no well-formed text";
}

/** Format 1: `01`, salt, number of slots (4), and for each length of the label (2), label, length of the data (4), data. */
export function encodeContent({ salt, slots }: Content): Bytes {
  const parts = slots.flatMap(({ label, data }) => {
    const text = new TextEncoder().encode(label);
    return [unsigned(text.length, 2), text, unsigned(data.length, 4), data];
  });
  const bytes = joinedAll([unsigned(FORMAT, 1), bytesOf(salt), unsigned(slots.length, 4), ...parts]);
  if (bytes.length > MAX_CONTENT_BYTES) {
    throw new CommonwattError("VaultRecordOversized", { bytes: bytes.length, most: MAX_CONTENT_BYTES });
  }
  return bytes;
}

/** The inverse. */
export function decodeContent(bytes: Uint8Array): Content {
  try {
    return readContent(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof CommonwattError) throw error;
    // no cause: a decoder's message may quote what it read
    throw new CommonwattError("VaultContentInvalid", { reason: "it is not encoded as this version does" });
  }
}

function readContent(reader: ByteReader): Content {
  if (reader.unsigned(1) !== FORMAT) throw new RangeError("unknown format");
  const salt = reader.hex(SALT_BYTES);
  const slots: Slot[] = [];
  for (let left = reader.unsigned(4); left > 0; left -= 1) {
    const label = reader.text(reader.unsigned(2));
    slots.push({ label, data: reader.take(reader.unsigned(4)) });
  }
  if (reader.rest > 0) throw new RangeError("bytes left over");
  return contentOf(slots, salt);
}
