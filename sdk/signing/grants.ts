/** What names a grant of RecordGrants without naming the grantee, and what a grantee signs for a store. */
import { AbiCoder, keccak256 } from "ethers";

import { domainOf, fieldsOf, type SigningDomain, type TypedMessage } from "./typed-data.js";

const GRANT_USE = fieldsOf("bytes32 grantId,bytes32 record,uint32 version,address store,uint64 deadline");

const coder = AbiCoder.defaultAbiCoder();

/** Who knows these can show whose grant it is. */
export interface GranteeBlinding {
  readonly owner: string;
  /** The grantee's account on the user chain. */
  readonly grantee: string;
  /** 32 random bytes, drawn anew for each grant. */
  readonly blind: string;
}

/** What a grant's id commits to: all but the period. */
export interface GrantCommitments {
  readonly owner: string;
  readonly tag: string;
  readonly scopeHash: string;
  readonly purposeHash: string;
}

/** A grantee's request to one store for its share of a version's content key. */
export interface GrantUse {
  readonly grantId: string;
  readonly record: string;
  readonly version: bigint;
  /** The store's account: no store can use the request at another. */
  readonly store: string;
  /** Last second in which it is good, Unix. */
  readonly deadline: bigint;
}

/** The blinded grantee (IRecordGrants). Computed here, never by a node: it would learn whose grant it is. */
export function grantTag(
  { chainId, verifyingContract }: SigningDomain,
  { owner, grantee, blind }: GranteeBlinding,
): string {
  const types = ["uint256", "address", "address", "address", "bytes32"];
  return keccak256(coder.encode(types, [chainId, verifyingContract, owner, grantee, blind]));
}

/** The id that RecordGrants gives a grant. */
export function grantIdOf({ owner, tag, scopeHash, purposeHash }: GrantCommitments): string {
  const types = ["address", "bytes32", "bytes32", "bytes32"];
  return keccak256(coder.encode(types, [owner, tag, scopeHash, purposeHash]));
}

/** Signed by the grantee's account; seen by the store alone. */
export function grantUseMessage(grants: SigningDomain, use: GrantUse): TypedMessage {
  return { domain: domainOf("Commonwatt RecordGrants", grants), types: { GrantUse: GRANT_USE }, value: { ...use } };
}
