/** Values of JSON-RPC answers as bytes. What is no hex throws `CommonwattError` AnswerFieldInvalid with the field's name. */
import { CommonwattError } from "../sdk/errors.js";

export type RpcObject = Readonly<Record<string, unknown>>;

/** Two hex digits' values by their characters' codes; -1 for others. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? -1 : value;
});

/** Node's own reader of hex, ten times as fast on long data; a browser has none. */
const NodeBuffer = (globalThis as { readonly Buffer?: typeof Buffer }).Buffer;
/** From so many bytes on the call is worth it. */
const LONG_BYTES = 64;

/** Bytes of data, whose length is even. */
export function dataField(object: RpcObject, name: string): Uint8Array {
  const value = object[name];
  if (typeof value !== "string" || !value.startsWith("0x")) throw wrong(name);
  return bytesOfHex(value, name);
}

/** Big-endian bytes of a quantity without leading zeros, as RLP has integers. */
export function quantityField(object: RpcObject, name: string): Uint8Array {
  const digits = hexField(object, name).slice(2).replace(/^0+/, "");
  return bytesOfHex(`0x${digits.length % 2 === 0 ? "" : "0"}${digits}`, name);
}

/** A quantity that fits a double. */
export function numberField(object: RpcObject, name: string): number {
  const value = Number(hexField(object, name));
  if (!Number.isSafeInteger(value)) throw wrong(name);
  return value;
}

/** Lower-case hex. */
export function hexField(object: RpcObject, name: string): string {
  const value = object[name];
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) throw wrong(name);
  return value.toLowerCase();
}

export function listField(object: RpcObject, name: string): readonly unknown[] {
  const value = object[name];
  if (!Array.isArray(value)) throw wrong(name);
  return value;
}

export function objectOf(value: unknown, name: string): RpcObject {
  if (typeof value !== "object" || value === null) throw wrong(name);
  return value as RpcObject;
}

export function bytesOfHex(hex: string, name: string): Uint8Array {
  const length = (hex.length - 2) / 2;
  if (!Number.isInteger(length)) throw wrong(name);
  const bytes = new Uint8Array(length);
  if (NodeBuffer !== undefined && length >= LONG_BYTES) {
    // it stops at what is no digit
    if (NodeBuffer.from(bytes.buffer).write(hex.slice(2), "hex") !== length) throw wrong(name);
    return bytes;
  }
  for (let place = 0, at = 2; place < length; place++, at += 2) {
    const value = ((DIGITS[hex.charCodeAt(at)] ?? -1) << 4) | (DIGITS[hex.charCodeAt(at + 1)] ?? -1);
    if (value < 0) throw wrong(name);
    bytes[place] = value;
  }
  return bytes;
}

function wrong(field: string): CommonwattError {
  return new CommonwattError("AnswerFieldInvalid", { field });
}
