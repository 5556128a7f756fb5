/** Following a proof of a Merkle-Patricia trie, with nothing but its root (yellow paper, appendix D). */
import { hexlify, keccak256 } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { placePath } from "./ordered-trie.js";
import { readRlpItem } from "./rlp.js";
import { bytesOfHex } from "./rpc-fields.js";

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

/** Nodes that were hashed already, by their hex: proofs of several words have the upper ones in common. */
export type SeenNodes = Map<string, TrieNode>;

/** A node's bytes, and their hash in hex. */
export interface TrieNode {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/**
 * What stands at a path (half bytes) by the proof, hex; undefined: the proof shows that nothing does. No path of the trie
 * may be the beginning of another. TrieProofFalse, with the node at fault, for a proof that shows neither.
 */
export function provenValue(
  root: string,
  path: readonly number[],
  proof: readonly string[],
  seen: SeenNodes = new Map(),
): string | undefined {
  const isEmpty = proof.length === 0 || (proof.length === 1 && proof[0] === EMPTY_NODE);
  if (root === EMPTY_TRIE_ROOT && isEmpty) return undefined;
  let rest = path;
  let next = root;
  for (const [index, encoded] of proof.entries()) {
    const { bytes, hash } = nodeOf(encoded, index, seen);
    if (hash !== next) throw falseProof(index, "it is not the node that the one above it names");
    let node = itemsOf(bytes, index);
    for (;;) {
      const step = follow(node, rest, index);
      if (!("next" in step)) {
        if (index !== proof.length - 1) throw falseProof(index, "the proof goes on after its end");
        return step.value;
      }
      rest = step.path;
      if (step.next.isList) {
        // a node of less than 32 bytes stands inside the one above it
        node = itemsOf(step.next.bytes, index);
        continue;
      }
      next = hexlify(step.next.bytes);
      break;
    }
  }
  throw falseProof(proof.length, "the proof ends too early");
}

/** An item of a node: a string's content, or a list's whole encoding. */
interface NodeItem {
  readonly isList: boolean;
  readonly bytes: Uint8Array;
}

/** On to the next node; or the end, at a value or at nothing. */
type Step = { readonly path: readonly number[]; readonly next: NodeItem } | { readonly value: string | undefined };

const NOTHING_THERE = "nothing stands at the place";
const NOTHING: Step = { value: undefined };

function follow(node: readonly NodeItem[], path: readonly number[], index: number): Step {
  if (node.length === BRANCH_ITEMS) {
    const [nibble, ...rest] = path;
    if (nibble === undefined) throw falseProof(index, "the path ends at a branch");
    const next = node[nibble] as NodeItem;
    return next.bytes.length === 0 ? NOTHING : { path: rest, next };
  }
  const [prefix, target] = node;
  if (node.length !== 2 || prefix === undefined || target === undefined || prefix.isList || prefix.bytes.length === 0) {
    throw falseProof(index, "it is no node");
  }
  const nibbles = [...prefix.bytes].flatMap((byte) => [byte >> 4, byte & 15]);
  const [flags = 0] = nibbles;
  if (flags > MOST_FLAGS) throw falseProof(index, "it is no node");
  const own = nibbles.slice(flags % 2 === 1 ? 1 : 2);
  if (own.some((nibble, at) => path[at] !== nibble)) return NOTHING;
  const rest = path.slice(own.length);
  if (flags < LEAF) return { path: rest, next: target };
  if (rest.length > 0 || target.isList) throw falseProof(index, "the leaf's path has another length");
  return { value: hexlify(target.bytes) };
}

function nodeOf(encoded: string, index: number, seen: SeenNodes): TrieNode {
  const known = seen.get(encoded);
  if (known !== undefined) return known;
  let bytes: Uint8Array;
  try {
    if (!encoded.startsWith("0x")) throw falseProof(index, "it is no hex");
    bytes = bytesOfHex(encoded, "proof");
  } catch {
    throw falseProof(index, "it is no node");
  }
  const node = { bytes, hash: keccak256(bytes) };
  seen.set(encoded, node);
  return node;
}

function itemsOf(bytes: Uint8Array, index: number): NodeItem[] {
  const list = readRlpItem(bytes, 0, bytes.length);
  if (!list?.isList || list.end !== bytes.length) throw falseProof(index, "it is no node");
  const items: NodeItem[] = [];
  for (let at = list.start; at < list.end;) {
    const item = readRlpItem(bytes, at, list.end);
    if (item === undefined || items.length === BRANCH_ITEMS) throw falseProof(index, "it is no node");
    items.push({ isList: item.isList, bytes: bytes.subarray(item.isList ? at : item.start, item.end) });
    at = item.end;
  }
  return items;
}

function falseProof(node: number, reason: string): CommonwattError {
  return new CommonwattError("TrieProofFalse", { node, reason });
}
