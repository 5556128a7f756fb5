/** One hash for a range of blocks: what members publish of the archives that they keep. */
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";

/**
 * The root of the Merkle tree over the blocks' hashes, 32 bytes in hex each, in the chain's order. A contract can check
 * one block against it (OpenZeppelin's MerkleProof). RangeError for no block at all.
 */
export function blockAccumulator(hashes: readonly string[]): string {
  if (hashes.length === 0) throw new RangeError("a range has at least one block");
  return SimpleMerkleTree.of([...hashes], { sortLeaves: false }).root;
}
