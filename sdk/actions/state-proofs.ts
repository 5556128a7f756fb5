/** Proofs of what stands in a contract's storage after a block, as a chain's endpoint gives them (`eth_getProof`). */
import { toBeHex, type Provider } from "ethers";

import type { AccountProof, StorageProof } from "../../light/index.js";
import { CommonwattError } from "../errors.js";
import { sendRpc } from "./turns.js";

/** Which words of which contract, after which block. */
export interface ProofQuestion {
  readonly account: string;
  /** Keys, 32 bytes each. */
  readonly slots: readonly string[];
  readonly block: bigint;
}

/** One word, and what proves it to whoever knows the block's state root. */
export interface WordProof {
  readonly block: bigint;
  readonly account: string;
  readonly slot: bigint;
  /** Never zero: what is not there has no proof of this form. */
  readonly word: bigint;
  readonly accountProof: readonly string[];
  readonly storageProof: readonly string[];
}

/** An account and words of its storage. Nodes forget old states, and say so (`StateForgotten`) or fail. */
export async function readAccountProof(
  provider: Provider,
  { account, slots, block }: ProofQuestion,
): Promise<AccountProof> {
  const proof = await sendRpc(provider, "eth_getProof", [account, [...slots], `0x${block.toString(16)}`]);
  if (proof === null) throw new CommonwattError("StateForgotten", { blockNumber: block });
  return proof as AccountProof;
}

/** The proof of one word. */
export async function readWordProof(
  provider: Provider,
  { account, slot, block }: { readonly account: string; readonly slot: bigint; readonly block: bigint },
): Promise<WordProof> {
  const key = toBeHex(slot, 32);
  const proof = await readAccountProof(provider, { account, slots: [key], block });
  const shown = provenWord(proof, key);
  if (shown === undefined) throw new CommonwattError("WordMissing", { account, slot: key, blockNumber: block });
  const { accountProof } = proof;
  return { block, account, slot, word: BigInt(shown.value), accountProof, storageProof: shown.proof };
}

/** One of the words that a proof is of; undefined when it is zero, or not among them. Keys come unpadded from Besu. */
export function provenWord(proof: AccountProof, key: string): StorageProof | undefined {
  const shown = proof.storageProof.find((word) => BigInt(word.key) === BigInt(key));
  return shown === undefined || BigInt(shown.value) === 0n ? undefined : shown;
}
