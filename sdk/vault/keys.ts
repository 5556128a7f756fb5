/** A version's content key and its two shares, and the owner's encryption keys by their number in the key directory. */
import { CommonwattError } from "../errors.js";
import { randomBytes, xored, type Bytes } from "./bytes.js";
import type { EncryptionKey } from "./wrap.js";

/** The key is chainShare XOR storeShare; each alone is random and says nothing about it. */
export interface KeyShares {
  /** Goes wrapped on the chain, for the owner and each grantee, and stays there. */
  readonly chainShare: Uint8Array;
  /** Goes to the share stores, which can forget it. */
  readonly storeShare: Uint8Array;
}

const KEY_BYTES = 32;

/** Shares of a fresh content key. */
export function drawShares(): KeyShares {
  return { chainShare: randomBytes(KEY_BYTES), storeShare: randomBytes(KEY_BYTES) };
}

/** The content key. */
export function contentKey({ chainShare, storeShare }: KeyShares): Bytes {
  return xored(chainShare, storeShare);
}

/** Where an owner's encryption keys come from: number 1 is the first that the key directory knew. */
export interface KeySource {
  encryptionKey(number: bigint): Promise<EncryptionKey>;
}

/** The owner's keys up to a number, each derived when it is first needed. */
export class KeyRing {
  readonly #source: KeySource;
  readonly #keys = new Map<bigint, Promise<EncryptionKey>>();

  constructor(source: KeySource) {
    this.#source = source;
  }

  async key(number: bigint): Promise<EncryptionKey> {
    const known = this.#keys.get(number) ?? this.#source.encryptionKey(number);
    this.#keys.set(number, known);
    return known;
  }

  /** What the newest key that can open it opens, from `newest` down: older things stay wrapped for older keys. */
  async open<Opened>(newest: bigint, attempt: (key: EncryptionKey) => Promise<Opened | undefined>): Promise<Opened> {
    for (let number = newest; number > 0n; number -= 1n) {
      const opened = await attempt(await this.key(number));
      if (opened !== undefined) return opened;
    }
    throw new CommonwattError("VaultWrongKey", { keys: newest });
  }
}
