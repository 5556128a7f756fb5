/** Where a version's ciphertext is: on the chain itself, or in content stores under its SHA-256. */
import { hexlify, sha256 } from "ethers";

import { CommonwattError } from "../errors.js";
import { bytesOf, joined, unsigned, type Bytes } from "./bytes.js";

/** Of the two, one. */
export type Locator =
  { readonly place: "chain"; readonly ciphertext: Uint8Array } | { readonly place: "stores"; readonly hash: string };

const ON_CHAIN = 0;
const IN_STORES = 1;
const HASH_BYTES = 32;

/** The address of a ciphertext in content stores. */
export function contentHash(ciphertext: Uint8Array): string {
  return sha256(ciphertext);
}

/** `00` and the ciphertext, or `01` and its SHA-256. */
export function encodeLocator(locator: Locator): Bytes {
  return locator.place === "chain"
    ? joined(unsigned(ON_CHAIN, 1), locator.ciphertext)
    : joined(unsigned(IN_STORES, 1), bytesOf(locator.hash));
}

/** The inverse. */
export function decodeLocator(bytes: Uint8Array): Locator {
  const rest = bytes.subarray(1);
  if (bytes[0] === ON_CHAIN) return { place: "chain", ciphertext: rest };
  if (bytes[0] === IN_STORES && rest.length === HASH_BYTES) return { place: "stores", hash: hexlify(rest) };
  throw new CommonwattError("VaultLocatorInvalid", { bytes: bytes.length });
}
