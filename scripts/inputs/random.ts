/**
 * The one source of chance of the scripts: xoshiro128** (Blackman and Vigna), its state seeded by SHA-256. The same
 * seed gives the same numbers on every machine, and each use takes a stream of its own (`fork`), so that adding a
 * draw in one place changes nothing in another.
 */
import { createHash } from "node:crypto";

const TWO_32 = 0x1_0000_0000;

/** A seeded stream of random numbers. Not for keys or secrets. */
export class Random {
  readonly #seed: string;
  readonly #state: Uint32Array;

  constructor(seed: string | number) {
    this.#seed = String(seed);
    const digest = createHash("sha256").update(this.#seed).digest();
    this.#state = Uint32Array.from([0, 4, 8, 12], (offset) => digest.readUInt32LE(offset));
  }

  /** An independent stream for one purpose, e.g. `random.fork("silence")`. */
  fork(purpose: string): Random {
    return new Random(`${this.#seed}/${purpose}`);
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    const s = this.#state as unknown as [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** A whole number from `low` to `high`, both included, each equally likely. */
  between(low: number, high: number): number {
    const size = high - low + 1;
    if (!Number.isSafeInteger(low) || size < 1 || size > TWO_32) {
      throw new RangeError(`no random number can lie between ${low} and ${high}`);
    }
    const fair = TWO_32 - (TWO_32 % size); // numbers from here on would favour the low ones
    let drawn = this.uint32();
    while (drawn >= fair) drawn = this.uint32();
    return low + (drawn % size);
  }

  /** True with the given probability (0 to 1). */
  chance(probability: number): boolean {
    return this.uint32() < probability * TWO_32;
  }

  /** The items in another order; the list given stays as it is. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last -= 1) {
      const other = this.between(0, last);
      [result[last], result[other]] = [result[other] as Item, result[last] as Item];
    }
    return result;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
