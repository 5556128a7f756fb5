/** Roots of Merkle-Patricia tries: over a list, as headers have it of a block's receipts, and over any entries. */
import { getBytes, hexlify, keccak256 } from "ethers";

import { rlpBytes, type RlpItem } from "./rlp.js";

/** What a trie keeps under a path of half bytes: in lists the RLP of the value's place. */
export interface TrieEntry {
  readonly path: readonly number[];
  readonly value: Uint8Array;
}

const BRANCHES = 16;
const HASH_BYTES = 32;
/** Flags of a short node's path (yellow paper, appendix C). */
const LEAF = 2;
const ODD = 1;
const NOTHING = new Uint8Array(0);

/** `values`: the items' encodings in the block's order; keys are the RLP of their places. 32 bytes in hex. */
export function orderedTrieRoot(values: readonly Uint8Array[]): string {
  return trieRoot(leavesOf(values));
}

/** The root over any entries. No path may be the beginning of another. 32 bytes in hex. */
export function trieRoot(entries: readonly TrieEntry[]): string {
  return keccak256(rlpBytes(nodeOf(entries, 0)));
}

/** The nodes from the root down to the item at a place, RLP in hex; `provenItem` follows them. RangeError without one. */
export function orderedTrieProof(values: readonly Uint8Array[], place: number): string[] {
  let leaves = leavesOf(values);
  const path = leaves[place]?.path;
  if (path === undefined) throw new RangeError(`the list has no item ${place}`);
  const proof: string[] = [];
  for (let depth = 0; ;) {
    const node = rlpBytes(nodeOf(leaves, depth));
    // a short node stands in the one above it
    if (proof.length === 0 || node.length >= HASH_BYTES) proof.push(hexlify(node));
    if (leaves.length === 1) return proof;
    const shared = sharedLength(leaves, depth);
    if (shared === depth) {
      leaves = leaves.filter((leaf) => leaf.path[depth] === path[depth]);
      depth += 1;
    } else depth = shared;
  }
}

/** Half bytes of the key of a place: its RLP. */
export function placePath(place: number): number[] {
  return nibblesOf(rlpBytes(placeBytes(place)));
}

function leavesOf(values: readonly Uint8Array[]): TrieEntry[] {
  return values.map((value, place) => ({ path: placePath(place), value }));
}

/** The node above leaves whose paths agree up to `depth`. No path is the beginning of another: places' RLP never is. */
function nodeOf(leaves: readonly TrieEntry[], depth: number): RlpItem {
  const [first] = leaves;
  if (first === undefined) return NOTHING;
  if (leaves.length === 1) return [compact(first.path.slice(depth), LEAF), first.value];
  const shared = sharedLength(leaves, depth);
  if (shared > depth) return [compact(first.path.slice(depth, shared), 0), referenceTo(nodeOf(leaves, shared))];
  const children = Array.from({ length: BRANCHES }, (_, nibble) =>
    referenceTo(
      nodeOf(
        leaves.filter(({ path }) => path[depth] === nibble),
        depth + 1,
      ),
    ),
  );
  return [...children, NOTHING];
}

function sharedLength(leaves: readonly TrieEntry[], depth: number): number {
  const [first] = leaves;
  let length = depth;
  while (first !== undefined && leaves.every(({ path }) => path[length] === first.path[length])) length++;
  return length;
}

/** A node shorter than a hash stands in its parent itself. */
function referenceTo(node: RlpItem): RlpItem {
  if (node instanceof Uint8Array) return node;
  const bytes = rlpBytes(node);
  return bytes.length < HASH_BYTES ? node : getBytes(keccak256(bytes));
}

function compact(path: readonly number[], flags: number): Uint8Array {
  const isOdd = path.length % 2 === 1;
  const nibbles = isOdd ? [flags | ODD, ...path] : [flags, 0, ...path];
  return Uint8Array.from({ length: nibbles.length / 2 }, (_, place) => {
    return ((nibbles[2 * place] ?? 0) << 4) | (nibbles[2 * place + 1] ?? 0);
  });
}

export function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** Big-endian without leading zeros; nothing for 0. */
function placeBytes(place: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = place; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}
