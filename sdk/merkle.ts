/** The Merkle tree over one batch of readings: leaves are the readings' EIP-712 digests, in the order of the batch. */
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";

/** Proof that one reading is in a batch whose root MeterLedger keeps. */
export interface ReadingProof {
  readonly root: string;
  readonly digest: string;
  readonly proof: readonly string[];
}

/** The tree of a batch. Leaves are not sorted, so that the contract builds the same tree from the same order. */
export function readingTree(digests: readonly string[]): SimpleMerkleTree {
  return SimpleMerkleTree.of([...digests], { sortLeaves: false });
}

/** Proof for the reading at `index` of the batch. */
export function proveReading(digests: readonly string[], index: number): ReadingProof {
  const digest = digests[index];
  if (digest === undefined) throw new RangeError(`the batch has ${digests.length} readings, none at index ${index}`);
  const tree = readingTree(digests);
  return { root: tree.root, digest, proof: tree.getProof(index) };
}

/** Whether the reading is in the batch with that root. */
export function verifyReadingProof({ root, digest, proof }: ReadingProof): boolean {
  return SimpleMerkleTree.verify(root, digest, [...proof]);
}
