/** Roots of whole accounts and of a whole state, as headers and account proofs have them. */
import { getBytes, keccak256, toBeArray } from "ethers";

import { nibblesOf, trieRoot } from "./ordered-trie.js";
import { rlpBytes } from "./rlp.js";

/** All of an account. */
export interface WholeAccount {
  readonly nonce: bigint;
  /** Of the native coin. */
  readonly balance: bigint;
  /** Bytes in hex; `0x` where there is none. */
  readonly code: string;
  /** Words by key, each 32 bytes in hex. */
  readonly storage: Readonly<Record<string, string>>;
}

/** The root of a contract's storage; words of zero are not in it. */
export function storageRoot(storage: WholeAccount["storage"]): string {
  const set = Object.entries(storage).filter(([, word]) => BigInt(word) !== 0n);
  return trieRoot(set.map(([key, word]) => ({ path: pathOf(key), value: rlpBytes(toBeArray(BigInt(word))) })));
}

/** The root of a state of these accounts and no other. */
export function stateRoot(accounts: Readonly<Record<string, WholeAccount>>): string {
  return trieRoot(
    Object.entries(accounts).map(([address, { nonce, balance, code, storage }]) => ({
      path: pathOf(address),
      value: rlpBytes([
        toBeArray(nonce),
        toBeArray(balance),
        getBytes(storageRoot(storage)),
        getBytes(keccak256(code)),
      ]),
    })),
  );
}

/** Accounts and words stand at the hash of their keys. */
function pathOf(key: string): number[] {
  return nibblesOf(getBytes(keccak256(key)));
}
