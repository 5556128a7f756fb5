/** Where a version of a record stands: what its ciphertext, its wrapped keys and its shares are bound to. */
import { id } from "ethers";

import { words, type Bytes } from "./bytes.js";

/** A contract on a chain. */
export interface ContractPlace {
  readonly chainId: bigint;
  readonly contract: string;
}

/** A version of an owner's record in PersonalRecords. Versions count from 1. */
export interface VersionPlace extends ContractPlace {
  readonly owner: string;
  readonly record: string;
  readonly version: bigint;
}

/** A grant in RecordGrants; the tag is the grantee's blinded id. */
export interface GrantPlace extends ContractPlace {
  readonly owner: string;
  readonly tag: string;
}

/** A request to an owner in RecordGrants. */
export interface RequestPlace extends ContractPlace {
  readonly owner: string;
  readonly request: string;
}

const CONTENT = id("commonwatt vault content 1");
const OWNER_SHARE = id("commonwatt vault owner share 2");
const GRANT = id("commonwatt vault grant 1");
const REQUEST = id("commonwatt vault request 1");

/** Associated data of a version's ciphertext. */
export function contentBinding(place: VersionPlace): Bytes {
  return versionWords(CONTENT, place);
}

/** Associated data of the owner's wrapped share of a version's key. */
export function ownerShareBinding(place: VersionPlace): Bytes {
  return versionWords(OWNER_SHARE, place);
}

/** Associated data of what is wrapped for a grantee. */
export function grantBinding({ chainId, contract, owner, tag }: GrantPlace): Bytes {
  return words(GRANT, chainId, contract, owner, tag);
}

/** Associated data of what somebody asks an owner for. */
export function requestBinding({ chainId, contract, owner, request }: RequestPlace): Bytes {
  return words(REQUEST, chainId, contract, owner, request);
}

/** As abi.encode writes them, so that a contract could too, and the bytes have one reading only. */
function versionWords(purpose: string, { chainId, contract, owner, record, version }: VersionPlace): Bytes {
  return words(purpose, chainId, contract, owner, record, version);
}
