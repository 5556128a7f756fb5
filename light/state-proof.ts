/** What stands in the state after a block, proven against the header's state root: accounts, and words of their storage. */
import { decodeRlp, getBytes, keccak256, toBeHex } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import type { AccountProof } from "./set-certificate.js";
import { provenValue, type SeenNodes } from "./trie-proof.js";

/** An account as the state's trie has it. */
export interface Account {
  readonly nonce: bigint;
  /** Wei. */
  readonly balance: bigint;
  readonly storageRoot: string;
  readonly codeHash: string;
}

/** What of an answer of `eth_getProof` proves anything; all else in it is only said. */
export type ProofNodes = Pick<AccountProof, "accountProof" | "storageProof">;

/** Words of one account's storage by slot: 0 for what is proven absent, undefined for what is not proven. */
export interface Words {
  get(slot: bigint): bigint | undefined;
}

const WORD_BYTES = 32;
const WORD_CHARACTERS = 2 + 2 * WORD_BYTES;

/** Who is at an address; undefined: the proof shows that nobody is. StateProofFalse, TrieProofFalse for a bad proof. */
export function provenAccount(stateRoot: string, address: string, proof: readonly string[]): Account | undefined {
  const value = provenValue(stateRoot, hashedPath(address), proof);
  if (value === undefined) return undefined;
  const fields = decoded(value);
  const isAccount = Array.isArray(fields) && fields.length === 4 && fields.every((field) => typeof field === "string");
  if (!isAccount) throw falseProof("what it leads to is no account");
  const [nonce, balance, storageRoot, codeHash] = fields as [string, string, string, string];
  if (storageRoot.length !== WORD_CHARACTERS || codeHash.length !== WORD_CHARACTERS) {
    throw falseProof("what it leads to is no account");
  }
  return { nonce: integer(nonce), balance: integer(balance), storageRoot, codeHash };
}

/** A word of an account's storage; 0: the proof shows that it was never written, or is 0 again. */
export function provenWord(storageRoot: string, slot: bigint, proof: readonly string[], seen?: SeenNodes): bigint {
  const value = provenValue(storageRoot, hashedPath(toBeHex(slot, WORD_BYTES)), proof, seen);
  return value === undefined ? 0n : integer(decoded(value));
}

/**
 * All words that an answer of `eth_getProof` proves. Keys and values come unpadded from Besu. Of an account that is not
 * there nothing is proven but that: StateProofFalse.
 */
export function provenWords(stateRoot: string, address: string, proof: ProofNodes): Words {
  return guarded(() => {
    const account = provenAccount(stateRoot, address, proof.accountProof);
    if (account === undefined) throw falseProof(`there is no contract at ${address}`);
    const seen: SeenNodes = new Map();
    return new Map(
      proof.storageProof.map(({ key, value, proof: nodes }) => {
        const word = provenWord(account.storageRoot, BigInt(key), nodes, seen);
        if (BigInt(value) !== word) throw falseProof(`slot ${key} holds ${word}, not ${value}`);
        return [BigInt(key), word];
      }),
    );
  });
}

/** Half bytes of the key under which a trie of the state keeps something: its hash. */
export function hashedPath(key: string): number[] {
  return [...getBytes(keccak256(key))].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** What is not even shaped as a proof is none. */
function guarded<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof CommonwattError) throw error;
    throw falseProof("it is not shaped as an answer of eth_getProof");
  }
}

function decoded(encoded: string): unknown {
  try {
    return decodeRlp(encoded);
  } catch {
    throw falseProof("what it leads to is no RLP");
  }
}

function integer(item: unknown): bigint {
  if (typeof item !== "string" || item.length > WORD_CHARACTERS) throw falseProof("what it leads to is no word");
  return item === "0x" ? 0n : BigInt(item);
}

function falseProof(reason: string): CommonwattError {
  return new CommonwattError("StateProofFalse", { reason });
}
