/**
 * The commitment to a version, which the chain keeps: the root of a Merkle tree over its slots, each salted by itself. So one slot
 * can be shown to anybody (July), and the others stay hidden even from one who could guess them (August).
 */
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import { id, keccak256, sha256, toUtf8Bytes } from "ethers";

import { CommonwattError } from "../errors.js";
import { words } from "./bytes.js";
import type { Content, Slot } from "./content.js";

/** One slot in clear, and the proof that it is what the record's owner committed to. */
export interface SlotProof extends Slot {
  /** Place of the slot in the record, from 0. */
  readonly index: number;
  /** Salt of this slot alone; says nothing about the others'. */
  readonly salt: string;
  readonly proof: readonly string[];
}

const LEAF = id("commonwatt vault slot 1");
const SALT = id("commonwatt vault slot salt 1");

/** The root of a content's tree, 32 bytes in hex. */
export function commitmentOf(content: Content): string {
  return treeOf(content).root;
}

/** Shows the slot of that label. */
export function proveSlot(content: Content, label: string): SlotProof {
  const index = content.slots.findIndex((slot) => slot.label === label);
  const slot = content.slots[index];
  // which label it is stays unsaid: labels are content too
  if (slot === undefined) throw new CommonwattError("VaultSlotUnknown", { slots: content.slots.length });
  return { ...slot, index, salt: slotSalt(content.salt, index), proof: treeOf(content).getProof(index) };
}

/** Whether the slot is in the content behind the commitment. Take the commitment from the chain, not from who shows the slot. */
export function verifySlot(commitment: string, shown: SlotProof): boolean {
  try {
    return SimpleMerkleTree.verify(commitment, leafOf(shown, shown.index, shown.salt), [...shown.proof]);
  } catch {
    return false; // malformed words
  }
}

function treeOf({ salt, slots }: Content): SimpleMerkleTree {
  const leaves = slots.map((slot, index) => leafOf(slot, index, slotSalt(salt, index)));
  return SimpleMerkleTree.of(leaves, { sortLeaves: false });
}

/** Over 160 bytes, so that no leaf is a node of 64; SHA-256 of the data, which platforms compute ten times faster than keccak256. */
function leafOf({ label, data }: Slot, index: number, salt: string): string {
  return keccak256(words(LEAF, BigInt(index), salt, sha256(toUtf8Bytes(label)), sha256(data)));
}

function slotSalt(salt: string, index: number): string {
  return keccak256(words(SALT, salt, BigInt(index)));
}
