/** Messages as meters send them, made in the tests: DSMR P1 telegrams and SML files with right check sums. */
import { CRC16_ARC, CRC16_X25, crc16 } from "../../scripts/oracle/sources/crc16.js";
import { InputError } from "../../scripts/inputs/error.js";
import type { MessageReader, MeterMessage, RegisterObservation } from "../../scripts/oracle/sources/observation.js";

export const TOPIC = "meters/1";
/** 2026-11-30T17:00:00Z, when messages come unless a test says otherwise. */
export const RECEIVED_AT = Date.UTC(2026, 10, 30, 17) / 1000;

export function messageOf(payload: string | Uint8Array, changes: Partial<MeterMessage> = {}): MeterMessage {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  return { origin: TOPIC, payload: bytes, receivedAt: RECEIVED_AT, ...changes };
}

/** The one observation in it. */
export function oneOf(reader: MessageReader, message: MeterMessage): RegisterObservation {
  const [observation, ...others] = reader.read(message);
  if (observation === undefined || others.length > 0) throw new Error(`${others.length + 1} observations`);
  return observation;
}

/** What an action is refused with; fails the test when it is not. */
export function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

/** A telegram of those lines, its CRC right unless given. */
export function telegramOf(lines: readonly string[], crc?: string): string {
  const body = `/ABC5\\TEST-METER\r\n\r\n${lines.map((line) => `${line}\r\n`).join("")}!`;
  const right = crc16(CRC16_ARC, Buffer.from(body, "latin1")).toString(16).toUpperCase().padStart(4, "0");
  return `${body}${crc ?? right}\r\n`;
}

/** A value of SML as the encoder takes it; numbers as `unsigned` or `integer` of so many bytes. */
export type Encodable =
  | null
  | Uint8Array
  | readonly Encodable[]
  | { readonly type: "unsigned" | "integer"; readonly value: bigint; readonly bytes: number };

export function unsigned(value: bigint | number, bytes = 4): Encodable {
  return { type: "unsigned", value: BigInt(value), bytes };
}

export function integer(value: bigint | number, bytes = 1): Encodable {
  return { type: "integer", value: BigInt(value), bytes };
}

export function octets(hex: string): Uint8Array {
  return Buffer.from(hex, "hex");
}

/** TL coding: type and length in a byte, in two where the length needs more than four bits. */
export function encode(value: Encodable): number[] {
  if (value === null) return [0x01];
  if (value instanceof Uint8Array) return [...typeAndLength(0, value.length, true), ...value];
  if ("type" in value) {
    const hex = BigInt.asUintN(8 * value.bytes, value.value)
      .toString(16)
      .padStart(2 * value.bytes, "0");
    return [...typeAndLength(value.type === "integer" ? 5 : 6, value.bytes, true), ...octets(hex)];
  }
  return [...typeAndLength(7, value.length, false), ...value.flatMap((element) => encode(element))];
}

function typeAndLength(type: number, size: number, isCountingItself: boolean): number[] {
  const short = size + (isCountingItself ? 1 : 0);
  if (short < 16) return [(type << 4) | short];
  const long = size + (isCountingItself ? 2 : 0);
  return [0x80 | (type << 4) | (long >> 4), long & 15];
}

/** A message: transaction, group, abort on error, [choice, body], CRC (the reader trusts the file's), end. */
export function smlMessage(choice: number, body: Encodable): number[] {
  const fields = [octets("0a0b0c"), unsigned(0, 1), unsigned(0, 1), [unsigned(choice, 2), body], unsigned(0, 2)];
  return [0x76, ...fields.flatMap((field) => encode(field)), 0x00];
}

/** A file of those messages: escaped, filled to four bytes, its CRC right unless given. */
export function smlFile(messages: readonly number[][], crc?: number): Uint8Array {
  const body = messages.flat();
  const filling = (4 - (body.length % 4)) % 4;
  const escaped: number[] = [];
  for (let at = 0; at < body.length;) {
    const isEscape = body.slice(at, at + 4).join() === "27,27,27,27";
    escaped.push(...(isEscape ? [27, 27, 27, 27, 27, 27, 27, 27] : [body[at] ?? 0]));
    at += isEscape ? 4 : 1;
  }
  const start = [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1, ...escaped, ...Array<number>(filling).fill(0)];
  const counted = [...start, 0x1b, 0x1b, 0x1b, 0x1b, 0x1a, filling];
  const sum = crc ?? crc16(CRC16_X25, Uint8Array.from(counted));
  return Uint8Array.from([...counted, sum & 0xff, sum >> 8]);
}
