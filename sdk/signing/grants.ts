/** What names a grant of RecordGrants without naming the grantee. */
import { AbiCoder, keccak256 } from "ethers";

import type { SigningDomain } from "./typed-data.js";

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
