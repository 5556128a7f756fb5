/** Following a proof of a Merkle-Patricia trie over a list, with nothing but its root. */
import { decodeRlp, getBytes, keccak256 } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { placePath } from "./ordered-trie.js";

const BRANCH_ITEMS = 17;

/** The item that a proof leads to. TrieProofFalse, with the node at fault, when the root does not have it there. */
export function provenItem(root: string, place: number, proof: readonly string[]): string {
  let path = placePath(place);
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

function falseProof(node: number, reason: string): CommonwattError {
  return new CommonwattError("TrieProofFalse", { node, reason });
}
