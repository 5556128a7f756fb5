/**
 * SML files: the binary telegrams that German meters push ("Smart Message Language" 1.04, in the BSI's TR-03109-1,
 * https://www.bsi.bund.de/SharedDocs/Downloads/DE/BSI/Publikationen/TechnischeRichtlinien/TR03109/TR-03109-1_Anlage_Feinspezifikation_Drahtgebundene_LMN-Schnittstelle_Teilb.pdf).
 * Transport: escape `1b1b1b1b`, then `01010101` at the start; an escape within is doubled; at the end escape, `1a`, the
 * number of filling bytes, and the CRC-16/X-25 of all before it, low byte first. Between them messages in TL coding: a
 * byte of type and length, further ones where its highest bit is set, then the value.
 *
 * Our own reader, of what a meter pushes and no more: of the libraries on npm, smartmeter-obis wants native serial
 * drivers, and open-sml does not check the lengths of octet strings.
 */
import { InputError } from "../../inputs/error.js";

import { CRC16_X25, crc16 } from "./crc16.js";
import { refuseLong, type MeterMessage } from "./observation.js";

/** A value: bytes, a number, a boolean, a list, or `undefined` for an optional one that is not there. */
export type SmlValue = Uint8Array | bigint | boolean | undefined | readonly SmlValue[];

const ESCAPE = 0x1b;
const ESCAPE_LENGTH = 4;
const VERSION_1 = 0x01;
const END = 0x1a;
/** Of lists in lists; a list response needs seven. */
const MAX_DEPTH = 16;

/** The messages of the one file in it; refuses another CRC, another structure, and a second file. */
export function readSmlFile({ origin, payload }: MeterMessage): SmlValue[] {
  refuseLong(origin, payload);
  const reader = new ValueReader(origin, bodyOf(origin, payload));
  const messages: SmlValue[] = [];
  while (!reader.isAtEnd()) messages.push(reader.read());
  return messages;
}

/** What stands between start and end, escapes undone, filling bytes cut off. */
function bodyOf(origin: string, payload: Uint8Array): Uint8Array {
  if (!isFilledWith(payload, 0, ESCAPE) || !isFilledWith(payload, ESCAPE_LENGTH, VERSION_1)) {
    throw faulty(origin, "the message does not start as an SML file does (1b1b1b1b01010101)");
  }
  const body: number[] = [];
  for (let at = 2 * ESCAPE_LENGTH; at < payload.length;) {
    if (!isFilledWith(payload, at, ESCAPE)) {
      body.push(payload[at] ?? 0);
      at += 1;
    } else if (isFilledWith(payload, at + ESCAPE_LENGTH, ESCAPE)) {
      body.push(ESCAPE, ESCAPE, ESCAPE, ESCAPE);
      at += 2 * ESCAPE_LENGTH;
    } else {
      return withoutFilling(origin, payload, at, body);
    }
  }
  throw faulty(origin, "the SML file breaks off: its end is missing");
}

/** @param at where the escape of the end stands */
function withoutFilling(origin: string, payload: Uint8Array, at: number, body: readonly number[]): Uint8Array {
  const [mark, filling, low, high] = payload.subarray(at + ESCAPE_LENGTH, at + 2 * ESCAPE_LENGTH);
  if (mark !== END || filling === undefined || low === undefined || high === undefined || filling > 3) {
    throw faulty(origin, "the SML file has an escape that means nothing");
  }
  if (payload.length !== at + 2 * ESCAPE_LENGTH) throw faulty(origin, "bytes follow the end of the SML file");
  const found = crc16(CRC16_X25, payload.subarray(0, at + ESCAPE_LENGTH + 2));
  const stated = low + high * 256;
  if (found !== stated) {
    throw faulty(origin, `the SML file states the CRC ${hex16(stated)}, that of its bytes is ${hex16(found)}`);
  }
  return Uint8Array.from(body.slice(0, body.length - filling));
}

function isFilledWith(bytes: Uint8Array, at: number, value: number): boolean {
  const part = bytes.subarray(at, at + ESCAPE_LENGTH);
  return part.length === ESCAPE_LENGTH && part.every((byte) => byte === value);
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, "0");
}

/** The types of TL fields, bits 4 to 6. */
const TYPE = { octets: 0, boolean: 4, integer: 5, unsigned: 6, list: 7 } as const;

/** Reads values one after another, never beyond the bytes that are there. */
class ValueReader {
  readonly #origin: string;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(origin: string, bytes: Uint8Array) {
    this.#origin = origin;
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  read(depth = 0): SmlValue {
    const start = this.#at;
    const { type, length } = this.#readTypeAndLength();
    if (type === TYPE.list) {
      if (depth >= MAX_DEPTH) throw faulty(this.#origin, `lists lie more than ${MAX_DEPTH} deep`);
      return this.#readList(length, depth);
    }
    if (length === 0) return undefined; // the end of a message
    const bytes = this.#take(start + length - this.#at);
    if (type === TYPE.octets) return length === 1 ? undefined : bytes;
    if (bytes.length === 0 || bytes.length > 8) throw faulty(this.#origin, `a number has ${bytes.length} bytes`);
    if (type === TYPE.boolean) return bytes.some((byte) => byte !== 0);
    const value = bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
    if (type === TYPE.unsigned) return value;
    if (type === TYPE.integer) return BigInt.asIntN(8 * bytes.length, value);
    throw faulty(this.#origin, `there is no type ${type}`);
  }

  /** Bits 0 to 3 are the length, of a list its number of elements, else of the whole field; more in further bytes. */
  #readTypeAndLength(): { readonly type: number; readonly length: number } {
    const [first = 0] = this.#take(1);
    const type = (first >> 4) & 7;
    let length = first & 15;
    for (let byte = first; (byte & 0x80) !== 0;) {
      [byte = 0] = this.#take(1);
      length = length * 16 + (byte & 15);
      if (length > this.#bytes.length) throw faulty(this.#origin, "a length is beyond the end of the SML file");
    }
    return { type, length };
  }

  #readList(count: number, depth: number): SmlValue[] {
    const list: SmlValue[] = [];
    while (list.length < count) list.push(this.read(depth + 1)); // an element takes a byte or more, so this ends
    return list;
  }

  #take(count: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    if (count < 0 || bytes.length !== count) throw faulty(this.#origin, "a value is beyond the end of the SML file");
    this.#at += count;
    return bytes;
  }
}

function faulty(origin: string, problem: string): InputError {
  return new InputError(
    { file: origin },
    problem,
    "Publish each SML file of the meter whole, in a message of its own.",
  );
}
