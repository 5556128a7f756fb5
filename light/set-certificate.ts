/**
 * What proves a set of accountants to somebody who knows the set before it: the header of the block that changed it
 * (sealed by the set before), its parent, and the proof of the set's words in that block's state. The words stand where
 * IValidatorSet.sol says: slot 0 the length, keccak256(0) + i the addresses, slot 1 their digest, slot 2 the head, slot 5
 * a mapping that says of each version in which block it came.
 */
import { AbiCoder, concat, keccak256, toBeHex, ZeroHash } from "ethers";

import type { AccountantSet } from "./accountant-set.js";

/** Version of the certificate's format. */
export const CERTIFICATE_VERSION = 2;

/** A block's header as `eth_getBlockByNumber` returns it, without the body; `headerFromRpc` reads it. */
export type RpcHeader = Readonly<Record<string, unknown>>;

/** A word of storage with its proof, as `eth_getProof` returns it. */
export interface StorageProof {
  readonly key: string;
  readonly value: string;
  readonly proof: readonly string[];
}

/** What `eth_getProof` returns for an account. */
export interface AccountProof {
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
  /** The first of the block's versions: what shows that none came before this block that the set before doesn't know. */
  readonly firstVersion: number;
  /** The block that changed the set; the set seals from the next one on. */
  readonly block: number;
  /** Node addresses, ascending. */
  readonly validators: AccountantSet;
  readonly header: RpcHeader;
  readonly parent: RpcHeader;
  /** Null when the endpoint gave none that fits; `proofMissing` says why. */
  readonly proof: AccountProof | null;
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
const PAST_SLOT = 5n;
const FIRST_ENTRY = BigInt(keccak256(ZeroHash));
const HEAD_FIELD = (1n << 64n) - 1n;
const LENGTH_FIELD = (1n << 32n) - 1n;

/** The storage keys of a set of so many, 32 bytes each: length, digest, head, the first version's block, the addresses. */
export function setSlots(length: number, firstVersion: number): string[] {
  const entries = Array.from({ length }, (_, index) => wordKey(FIRST_ENTRY + BigInt(index)));
  return [wordKey(0n), wordKey(DIGEST_SLOT), wordKey(HEAD_SLOT), pastKey(BigInt(firstVersion)), ...entries];
}

/** The storage keys of what shows whether a known set is still in force: digest, head, the block of the next version. */
export function anchorSlots(knownVersion: bigint): [digest: string, head: string, change: string] {
  return [wordKey(DIGEST_SLOT), wordKey(HEAD_SLOT), pastKey(knownVersion + 1n)];
}

/** The slot of the word that says in which block (64 bits) a version came. */
export function versionSlot(version: bigint): bigint {
  return BigInt(pastKey(version));
}

function pastKey(version: bigint): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [version << 8n, PAST_SLOT]));
}

function wordKey(slot: bigint): string {
  return toBeHex(slot, 32);
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
export function contradictionIn(certificate: SetCertificate & { readonly proof: AccountProof }): string | undefined {
  const { proof, validators, header } = certificate;
  if (proof.accountProof[0] === undefined || keccak256(proof.accountProof[0]) !== header["stateRoot"]) {
    return "the account proof does not begin at the header's state root";
  }
  const values = new Map(proof.storageProof.map(({ key, value }) => [BigInt(key), BigInt(value)]));
  const [length, digest, head, first, ...entries] = setSlots(validators.length, certificate.firstVersion).map((slot) =>
    values.get(BigInt(slot)),
  );
  if (length !== BigInt(validators.length) || digest !== BigInt(setDigest(validators))) {
    return "the proven length or digest is another set's";
  }
  if (validators.some((validator, index) => entries[index] !== BigInt(validator))) {
    return "the proven addresses are another set's";
  }
  const { version, changedAt, chainId } = unpackSetHead(head ?? 0n);
  const block = BigInt(certificate.block);
  const isHead = version === BigInt(certificate.setVersion) && changedAt === block;
  if (!isHead || chainId !== BigInt(certificate.chainId)) return "the proven head is another change's";
  return ((first ?? 0n) & HEAD_FIELD) === block ? undefined : "the proven first version is of another block";
}
