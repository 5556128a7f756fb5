/**
 * What proves a set of accountants to somebody who knows the set before it: the header of the block that changed it
 * (sealed by the set before), its parent, and the proof of the set's words in that block's state. The words stand where
 * IValidatorSet.sol says: slot 0 the length, keccak256(0) + i the addresses, slot 1 their digest, slot 2 the head.
 */
import { concat, keccak256, toBeHex, ZeroHash } from "ethers";

import type { AccountantSet } from "./accountant-set.js";

/** Version of the certificate's format. */
export const CERTIFICATE_VERSION = 1;

/** A block's header as `eth_getBlockByNumber` returns it, without the body; `headerFromRpc` reads it. */
export type RpcHeader = Readonly<Record<string, unknown>>;

/** A word of storage with its proof, as `eth_getProof` returns it. */
export interface StorageProof {
  readonly key: string;
  readonly value: string;
  readonly proof: readonly string[];
}

/** What `eth_getProof` returns for the election. */
export interface SetProof {
  readonly address: string;
  readonly balance: string;
  readonly codeHash: string;
  readonly nonce: string;
  readonly storageHash: string;
  readonly accountProof: readonly string[];
  readonly storageProof: readonly StorageProof[];
}

/** A set certificate: plain JSON. */
export interface SetCertificate {
  readonly version: typeof CERTIFICATE_VERSION;
  readonly chainId: number;
  /** The election's address. */
  readonly election: string;
  /** Of the set, counted from 1. */
  readonly setVersion: number;
  /** The block that changed the set; the set seals from the next one on. */
  readonly block: number;
  /** Node addresses, ascending. */
  readonly validators: AccountantSet;
  readonly header: RpcHeader;
  readonly parent: RpcHeader;
  /** Null when the endpoint gave none that fits; `proofMissing` says why. */
  readonly proof: SetProof | null;
  readonly proofMissing?: string;
}

/** What slot 2 says. */
export interface SetHead {
  readonly chainId: bigint;
  readonly version: bigint;
  readonly length: bigint;
  readonly changedAt: bigint;
}

const DIGEST_SLOT = 1n;
const HEAD_SLOT = 2n;
const FIRST_ENTRY = BigInt(keccak256(ZeroHash));
const HEAD_FIELD = (1n << 64n) - 1n;
const LENGTH_FIELD = (1n << 32n) - 1n;

/** The storage keys of a set of so many, 32 bytes each: length, digest, head, then the addresses. */
export function setSlots(length: number): string[] {
  const entries = Array.from({ length }, (_, index) => FIRST_ENTRY + BigInt(index));
  return [0n, DIGEST_SLOT, HEAD_SLOT, ...entries].map((slot) => toBeHex(slot, 32));
}

/** The word of slot 2 to what it says. */
export function unpackSetHead(word: bigint): SetHead {
  return {
    chainId: word >> 192n,
    version: (word >> 128n) & HEAD_FIELD,
    length: (word >> 64n) & LENGTH_FIELD,
    changedAt: word & HEAD_FIELD,
  };
}

/** The digest of slot 1: the keccak256 of the addresses, 20 bytes each. */
export function setDigest(validators: AccountantSet): string {
  return keccak256(concat([...validators]));
}

/**
 * What is wrong between a certificate's proof and the rest of it; undefined: nothing that can be seen without following
 * the proof through the trees, which is the verifier's part.
 */
export function contradictionIn(certificate: SetCertificate & { readonly proof: SetProof }): string | undefined {
  const { proof, validators, header } = certificate;
  if (proof.accountProof[0] === undefined || keccak256(proof.accountProof[0]) !== header["stateRoot"]) {
    return "the account proof does not begin at the header's state root";
  }
  const values = new Map(proof.storageProof.map(({ key, value }) => [BigInt(key), BigInt(value)]));
  const [length, digest, head, ...entries] = setSlots(validators.length).map((slot) => values.get(BigInt(slot)));
  if (length !== BigInt(validators.length) || digest !== BigInt(setDigest(validators))) {
    return "the proven length or digest is another set's";
  }
  if (validators.some((validator, index) => entries[index] !== BigInt(validator))) {
    return "the proven addresses are another set's";
  }
  const { version, changedAt, chainId } = unpackSetHead(head ?? 0n);
  const isHead = version === BigInt(certificate.setVersion) && changedAt === BigInt(certificate.block);
  return isHead && chainId === BigInt(certificate.chainId) ? undefined : "the proven head is another change's";
}
