/** Small things that every part of the vault does to bytes. */
import { getBytes, hexlify, toBeHex, toBigInt } from "ethers";

/** Bytes in memory of their own, as Web Crypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Random bytes of the platform's generator. */
export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** A random word of 32 bytes in hex: a record's id, a salt, a blind. */
export function randomWord(): string {
  return hexlify(randomBytes(32));
}

/** Bytes of a hex string or a copy of bytes. */
export function bytesOf(value: string | Uint8Array): Bytes {
  return Uint8Array.from(getBytes(value));
}

/** All parts one after another. */
export function joined(...parts: readonly Uint8Array[]): Bytes {
  return joinedAll(parts);
}

/** The same of any number of parts: as arguments, a hundred thousand overflow the stack. */
export function joinedAll(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Words of 32 bytes, numbers and addresses with zeros before them: abi.encode of types of fixed size, many times faster. */
export function words(...values: readonly (bigint | string)[]): Bytes {
  const all = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    const bytes = typeof value === "bigint" ? unsigned64(value) : getBytes(value);
    // anything shorter would read like something else with zeros before it
    if (![8, 20, 32].includes(bytes.length)) throw new RangeError(`${bytes.length} bytes are neither address nor word`);
    all.set(bytes, 32 * (index + 1) - bytes.length);
  });
  return all;
}

/** Bitwise a XOR b; both of one length. */
export function xored(a: Uint8Array, b: Uint8Array): Bytes {
  if (a.length !== b.length) throw new RangeError(`${a.length} bytes can't be joined with ${b.length}`);
  return Uint8Array.from(a, (byte, index) => byte ^ (b[index] ?? 0));
}

/** Big-endian, 1 to 4 bytes. */
export function unsigned(value: number, length: number): Bytes {
  return Uint8Array.from({ length }, (_, index) => (value >>> (8 * (length - 1 - index))) & 0xff);
}

/** Big-endian, 8 bytes. */
export function unsigned64(value: bigint): Bytes {
  return bytesOf(toBeHex(value, 8));
}

/** Reads fields from the front; what is not there is a RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get rest(): number {
    return this.#bytes.length - this.#offset;
  }

  take(length: number): Bytes {
    if (length > this.rest) throw new RangeError(`${length} bytes wanted, ${this.rest} left`);
    this.#offset += length;
    return Uint8Array.from(this.#bytes.subarray(this.#offset - length, this.#offset));
  }

  unsigned(length: number): number {
    return this.take(length).reduce((value, byte) => value * 256 + byte, 0);
  }

  unsigned64(): bigint {
    return toBigInt(this.take(8));
  }

  /** Bytes in hex. */
  hex(length: number): string {
    return hexlify(this.take(length));
  }

  /** UTF-8; anything else is a TypeError. */
  text(length: number): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(length));
  }
}
