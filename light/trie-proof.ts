/** Following a proof of a Merkle-Patricia trie, with nothing but its root (yellow paper, appendix D). */
import { decodeRlp, getBytes, keccak256 } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { placePath } from "./ordered-trie.js";

/** The root of a trie in which nothing is: the hash of RLP's empty string. */
export const EMPTY_TRIE_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
const EMPTY_NODE = "0x80";
const BRANCH_ITEMS = 17;
const LEAF = 2;
const MOST_FLAGS = 3;

/** The item of a list that a proof leads to. TrieProofFalse, with the node at fault, when the root has none there. */
export function provenItem(root: string, place: number, proof: readonly string[]): string {
  const value = provenValue(root, placePath(place), proof);
  if (value === undefined) throw falseProof(proof.length - 1, NOTHING_THERE);
  return value;
}

/**
 * What stands at a path (half bytes) by the proof; undefined: the proof shows that nothing does. No path of the trie may
 * be the beginning of another. TrieProofFalse, with the node at fault, for a proof that shows neither.
 */
export function provenValue(root: string, path: readonly number[], proof: readonly string[]): string | undefined {
  const isEmpty = proof.length === 0 || (proof.length === 1 && proof[0] === EMPTY_NODE);
  if (root === EMPTY_TRIE_ROOT && isEmpty) return undefined;
  let rest = path;
  let next: unknown = root;
  for (const [index, encoded] of proof.entries()) {
    if (keccak256Of(encoded) !== next) throw falseProof(index, "it is not the node that the one above it names");
    let node = decoded(encoded, index);
    for (;;) {
      const step = follow(node, rest, index);
      if (!("next" in step)) {
        if (index !== proof.length - 1) throw falseProof(index, "the proof goes on after its end");
        return step.value;
      }
      rest = step.path;
      next = step.next;
      // a node of less than 32 bytes stands inside the one above it
      if (!Array.isArray(next)) break;
      node = next as unknown[];
    }
  }
  throw falseProof(proof.length, "the proof ends too early");
}

/** On to the next node; or the end, at a value or at nothing. */
type Step = { readonly path: readonly number[]; readonly next: unknown } | { readonly value: string | undefined };

const NOTHING_THERE = "nothing stands at the place";
const NOTHING: Step = { value: undefined };

function follow(node: readonly unknown[], path: readonly number[], index: number): Step {
  if (node.length === BRANCH_ITEMS) {
    const [nibble, ...rest] = path;
    if (nibble === undefined) throw falseProof(index, "the path ends at a branch");
    return node[nibble] === "0x" ? NOTHING : { path: rest, next: node[nibble] };
  }
  const [prefix, target] = node;
  if (node.length !== 2 || typeof prefix !== "string" || prefix === "0x") throw falseProof(index, "it is no node");
  const nibbles = [...getBytes(prefix)].flatMap((byte) => [byte >> 4, byte & 15]);
  const [flags = 0] = nibbles;
  if (flags > MOST_FLAGS) throw falseProof(index, "it is no node");
  const own = nibbles.slice(flags % 2 === 1 ? 1 : 2);
  if (own.some((nibble, at) => path[at] !== nibble)) return NOTHING;
  const rest = path.slice(own.length);
  if (flags < LEAF) return { path: rest, next: target };
  if (rest.length > 0 || typeof target !== "string") throw falseProof(index, "the leaf's path has another length");
  return { value: target };
}

function decoded(encoded: string, index: number): readonly unknown[] {
  try {
    const node: unknown = decodeRlp(encoded);
    if (Array.isArray(node)) return node as unknown[];
  } catch {
    // told below
  }
  throw falseProof(index, "it is no node");
}

function keccak256Of(encoded: string): string | undefined {
  try {
    return keccak256(encoded);
  } catch {
    return undefined; // no bytes
  }
}

function falseProof(node: number, reason: string): CommonwattError {
  return new CommonwattError("TrieProofFalse", { node, reason });
}
