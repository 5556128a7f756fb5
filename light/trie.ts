/**
 * The Merkle-Patricia tries of a block's body: transactions and receipts under the RLP of their place. Building one gives
 * the root that the header must have, and the proof of each item; `provenItem` follows a proof with nothing but the root.
 */
import { decodeRlp, encodeRlp, getBytes, hexlify, keccak256, toBeArray, type RlpStructuredData } from "ethers";

import { CommonwattError } from "../sdk/errors.js";

/** The root of a trie without items. */
export const EMPTY_TRIE_ROOT = keccak256("0x80");

const BRANCH_ITEMS = 17;
const HASH_BYTES = 32;

/** A trie over a list. */
export interface ListTrie {
  readonly root: string;
  /** Nodes from the root down to the item, RLP. Throws RangeError for a place that the list does not have. */
  readonly prove: (place: number) => string[];
}

/** A node: its RLP, and the nodes below it by the nibbles that lead there. */
interface TrieNode {
  readonly data: RlpStructuredData;
  readonly encoded: string;
  readonly below: readonly { readonly path: readonly number[]; readonly node: TrieNode }[];
}

interface Item {
  readonly path: readonly number[];
  readonly value: string;
}

/** Builds the trie of a block's transactions or receipts, as the block has them: hex of each item's encoding. */
export function listTrie(values: readonly string[]): ListTrie {
  if (values.length === 0) return { root: EMPTY_TRIE_ROOT, prove: refusePlace };
  const root = nodeOf(
    values.map((value, place) => ({ path: pathOf(place), value })),
    0,
  );
  return {
    root: keccak256(root.encoded),
    prove: (place) => (values[place] === undefined ? refusePlace(place) : proofOf(root, pathOf(place))),
  };
}

/** The item that a proof leads to. TrieProofFalse, with the node at fault, when the root does not have it there. */
export function provenItem(root: string, place: number, proof: readonly string[]): string {
  let path = pathOf(place);
  let next: unknown = root;
  for (const [index, encoded] of proof.entries()) {
    if (keccak256Of(encoded) !== next) throw falseProof(index, "it is not the node that the one above it names");
    let node = decoded(encoded, index);
    for (;;) {
      const step = follow(node, path, index);
      if ("value" in step) {
        if (index !== proof.length - 1) throw falseProof(index, "the proof goes on after the item");
        return step.value;
      }
      path = step.path;
      next = step.next;
      // a node of less than 32 bytes stands inside the one above it
      if (!Array.isArray(next)) break;
      node = next as unknown[];
    }
  }
  throw falseProof(proof.length, "the proof ends before the item");
}

/** Keys are the RLP of the place in the list. */
function pathOf(place: number): number[] {
  const key = encodeRlp(place === 0 ? "0x" : hexlify(toBeArray(place)));
  return [...getBytes(key)].flatMap((byte) => [byte >> 4, byte & 15]);
}

/** Items share the path up to `depth`; no path ends where another goes on, for RLP is free of prefixes. */
function nodeOf(items: readonly Item[], depth: number): TrieNode {
  const [first] = items;
  if (first === undefined) throw new RangeError("a trie's node without items");
  if (items.length === 1) return leaf(first.path.slice(depth), first.value);
  const shared = sharedLength(items, depth);
  if (shared > 0) {
    const path = first.path.slice(depth, depth + shared);
    const node = nodeOf(items, depth + shared);
    return made([compact(path, false), referenceTo(node)], [{ path, node }]);
  }
  const below = Array.from({ length: BRANCH_ITEMS - 1 }, (_, nibble) => {
    const own = items.filter(({ path }) => path[depth] === nibble);
    return own.length === 0 ? undefined : { path: [nibble], node: nodeOf(own, depth + 1) };
  });
  const data = below.map((child) => (child === undefined ? "0x" : referenceTo(child.node)));
  return made(
    [...data, "0x"],
    below.filter((child) => child !== undefined),
  );
}

function leaf(path: readonly number[], value: string): TrieNode {
  return made([compact(path, true), value], []);
}

function made(data: RlpStructuredData[], below: TrieNode["below"]): TrieNode {
  return { data, encoded: encodeRlp(data), below };
}

function sharedLength(items: readonly Item[], depth: number): number {
  const [first, ...others] = items;
  let length = 0;
  for (;;) {
    const nibble = first?.path[depth + length];
    if (nibble === undefined || others.some(({ path }) => path[depth + length] !== nibble)) return length;
    length += 1;
  }
}

function referenceTo({ data, encoded }: TrieNode): RlpStructuredData {
  return getBytes(encoded).length < HASH_BYTES ? data : keccak256(encoded);
}

/** Hex-prefix encoding: a nibble of flags (2: leaf, 1: odd), then the path. */
function compact(path: readonly number[], isLeaf: boolean): string {
  const isOdd = path.length % 2 === 1;
  const nibbles = [(isLeaf ? 2 : 0) + (isOdd ? 1 : 0), ...(isOdd ? [] : [0]), ...path];
  return `0x${nibbles.map((nibble) => nibble.toString(16)).join("")}`;
}

function proofOf(root: TrieNode, path: readonly number[]): string[] {
  const proof = [root.encoded];
  let [node, left] = [root, path];
  while (node.below.length > 0) {
    const step = node.below.find((child) => child.path.every((nibble, index) => left[index] === nibble));
    if (step === undefined) throw new RangeError("the trie has no such path");
    left = left.slice(step.path.length);
    node = step.node;
    if (typeof referenceTo(node) === "string") proof.push(node.encoded);
  }
  return proof;
}

type Step = { readonly value: string } | { readonly path: number[]; readonly next: unknown };

function follow(node: readonly unknown[], path: readonly number[], index: number): Step {
  if (node.length === BRANCH_ITEMS) {
    const [nibble, ...rest] = path;
    const next = nibble === undefined ? undefined : node[nibble];
    if (next === undefined || next === "0x") throw falseProof(index, "nothing stands at the place");
    return { path: rest, next };
  }
  const [prefix, target] = node;
  if (node.length !== 2 || typeof prefix !== "string" || prefix === "0x") throw falseProof(index, "it is no node");
  const nibbles = [...getBytes(prefix)].flatMap((byte) => [byte >> 4, byte & 15]);
  const [flags = 0] = nibbles;
  const own = nibbles.slice(flags % 2 === 1 ? 1 : 2);
  if (own.some((nibble, at) => path[at] !== nibble)) throw falseProof(index, "nothing stands at the place");
  const rest = path.slice(own.length);
  if (flags < 2) return { path: rest, next: target };
  if (rest.length > 0 || typeof target !== "string") throw falseProof(index, "nothing stands at the place");
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

function refusePlace(place: number): never {
  throw new RangeError(`the list has no item ${place}`);
}

function falseProof(node: number, reason: string): CommonwattError {
  return new CommonwattError("TrieProofFalse", { node, reason });
}
