/** Where a version of a record stands: what its ciphertext, its wrapped keys and its shares are bound to. */
import { AbiCoder, id } from "ethers";

import { bytesOf, type Bytes } from "./bytes.js";

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

const CONTENT = id("commonwatt vault content 1");
const OWNER_SHARE = id("commonwatt vault owner share 1");
const GRANT = id("commonwatt vault grant 1");

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
  const types = ["bytes32", "uint256", "address", "address", "bytes32"];
  return bytesOf(AbiCoder.defaultAbiCoder().encode(types, [GRANT, chainId, contract, owner, tag]));
}

/** abi.encode of fixed-size words: one reading of the bytes only, and Solidity writes the same. */
function versionWords(purpose: string, { chainId, contract, owner, record, version }: VersionPlace): Bytes {
  const types = ["bytes32", "uint256", "address", "address", "bytes32", "uint32"];
  return bytesOf(AbiCoder.defaultAbiCoder().encode(types, [purpose, chainId, contract, owner, record, version]));
}
