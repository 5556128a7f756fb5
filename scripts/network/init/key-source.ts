/**
 * Where a new network's keys come from: drawn, or from a seed, for tests and simulations alone. With a seed the keystores
 * are the same each time too, to the byte: their salts follow from it, and guessing costs little, for the seed is public.
 */
import { randomBytes } from "node:crypto";

import { concat, dataSlice, getBytes, keccak256, toUtf8Bytes, Wallet, type KeystoreAccount } from "ethers";

import { keystoreText, type KeystoreWords } from "../../inputs/keystores.js";

export interface KeySource {
  /** A key for one purpose; asked again, a drawn one is another. */
  key(purpose: string): Wallet;
  /** Its keystore. */
  keystore(purpose: string, account: KeystoreAccount, password: string): Promise<string>;
}

/** A power of 2; enough that the form is right, and no protection. */
const SEEDED_COST = 1_024;

/** Keys that nobody can know. */
export function drawnKeys(): KeySource {
  return {
    key: () => new Wallet(`0x${randomBytes(32).toString("hex")}`),
    keystore: (_, account, password) => keystoreText(account, password),
  };
}

/** Keys that everybody knows who knows the seed. */
export function seededKeys(seed: number): KeySource {
  const word = (purpose: string): string => keccak256(toUtf8Bytes(`commonwatt simulated network/${seed}/${purpose}`));
  const wordsOf = (purpose: string): KeystoreWords => {
    const bytes = concat([word(`${purpose}/salt`), word(`${purpose}/rest`)]);
    const part = (start: number, length: number): Uint8Array => getBytes(dataSlice(bytes, start, start + length));
    return { salt: part(0, 32), iv: part(32, 16), uuid: part(48, 16), cost: SEEDED_COST };
  };
  return {
    key: (purpose) => new Wallet(word(purpose)),
    keystore: (purpose, account, password) => keystoreText(account, password, wordsOf(purpose)),
  };
}
