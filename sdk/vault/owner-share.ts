/**
 * What is wrapped for the owner of a version: the chain's share of the key, and a mark of the share stores that were given the other one. So
 * whoever erases knows from the chain whom it has to ask, also on another device.
 */
import { AbiCoder, getAddress, keccak256 } from "ethers";

import { CommonwattError } from "../errors.js";
import { bytesOf, joined, type Bytes } from "./bytes.js";
import type { WrittenVersion } from "./chain.js";
import type { KeyRing } from "./keys.js";
import { ownerShareBinding, type VersionPlace } from "./place.js";
import type { Recipient } from "./wrap.js";

const SHARE_BYTES = 32;
const MARK_BYTES = 16;
/** Share stores that a vault may have: an erasure looks for a mark among all of their subsets. */
export const MAX_SHARE_STORES = 12;

/** As it was wrapped. */
export interface OwnerShare {
  readonly chainShare: Bytes;
  /** The first 16 bytes of keccak256 of the stores' accounts, ABI-encoded in order. */
  readonly storesMark: Bytes;
}

/** 96 bytes; bound to the version's place. */
export async function wrapOwnerShare(
  recipient: Recipient,
  { chainShare, storesMark }: Readonly<Record<keyof OwnerShare, Uint8Array>>,
  place: VersionPlace,
): Promise<Bytes> {
  return recipient.wrap(joined(chainShare, storesMark), ownerShareBinding(place));
}

/**
 * Opens a version's wrapping with the owner's keys, from number `newest` down. First the one that the version was written with, which the
 * chain's state vouches for; a later wrapping, which anybody could have made and a node could put there, only where no key opens that one.
 */
export async function openOwnerShare(
  ring: KeyRing,
  newest: bigint,
  { wrapped, rewrapped }: Pick<WrittenVersion, "wrapped" | "rewrapped">,
  place: VersionPlace,
): Promise<OwnerShare> {
  const binding = ownerShareBinding(place);
  const open = async (wrapping: Uint8Array): Promise<Bytes> =>
    ring.open(newest, (key) => key.unwrap(wrapping, binding));
  const opened = await open(wrapped).catch((error: unknown) => {
    if (rewrapped === undefined) throw error;
    return open(rewrapped);
  });
  if (opened.length !== SHARE_BYTES + MARK_BYTES) {
    throw new CommonwattError("VaultWrappingTruncated", { bytes: opened.length });
  }
  return { chainShare: opened.slice(0, SHARE_BYTES), storesMark: opened.slice(SHARE_BYTES) };
}

/** The mark of a set of stores, by their accounts; one that is named twice counts once. At most `MAX_SHARE_STORES`. */
export function markOf(stores: readonly string[]): Bytes {
  if (stores.length > MAX_SHARE_STORES) {
    throw new CommonwattError("VaultTooManyShareStores", { most: MAX_SHARE_STORES });
  }
  const sorted = [...new Set(stores.map((store) => getAddress(store)))].sort((a, b) =>
    BigInt(a) < BigInt(b) ? -1 : 1,
  );
  return bytesOf(keccak256(AbiCoder.defaultAbiCoder().encode(["address[]"], [sorted]))).slice(0, MARK_BYTES);
}

/** Whether the mark is that of these stores, or of some of them: a vault may have got more since. */
export function areAmong(mark: Uint8Array, stores: readonly string[]): boolean {
  const isSame = (chosen: readonly string[]): boolean => markOf(chosen).every((byte, index) => byte === mark[index]);
  return subsetsOf(stores).some(isSame);
}

/** All that can be chosen of a few items, but nothing: all of them first, for that is nearly always it. */
export function subsetsOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: 2 ** items.length - 1 }, (_, left) =>
    items.filter((__, index) => ((2 ** items.length - 1 - left) >> index) % 2 === 1),
  );
}
