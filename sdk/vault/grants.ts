/** A grant's terms: what the chain sees of them (salted hashes and a blinded id), and what is wrapped for the grantee. */
import { id, keccak256, toUtf8Bytes } from "ethers";

import { CommonwattError } from "../errors.js";
import { grantTag as tagOf } from "../signing/grants.js";
import { randomWord, words } from "./bytes.js";
import type { GrantState, RecordContracts, RecordKind, RecordView, WrittenVersion } from "./chain.js";
import type { ContractPlace } from "./place.js";

/** Which versions a grant covers: those for which all that is given here holds. */
export interface GrantScope {
  readonly record?: string;
  readonly kind?: RecordKind;
  /** Versions written from this second on (Unix), by the chain's time. */
  readonly writtenFrom?: bigint;
  /** And before this one. */
  readonly writtenBefore?: bigint;
}

/** A grant as the parties know it; its period is on the chain. */
export interface GrantTerms {
  readonly owner: string;
  readonly grantee: string;
  readonly scope: GrantScope;
  /** Why, in words that both understand. */
  readonly purpose: string;
  /** Random; hides grantee, scope and purpose on the chain. */
  readonly blind: string;
}

/** The chain's share of one version's content key. */
export interface SharedVersion {
  readonly record: string;
  readonly version: bigint;
  readonly chainShare: string;
}

/** What a grantee finds in a payload. */
export interface GrantPayload {
  readonly terms: GrantTerms;
  readonly shared: readonly SharedVersion[];
}

const SCOPE_HASH = id("commonwatt vault scope 1");
const PURPOSE_HASH = id("commonwatt vault purpose 1");
const MAX_PURPOSE_BYTES = 1024;
const ANY_RECORD = `0x${"00".repeat(32)}`;
const ANY_KIND = 255;
const FOR_EVER = 2n ** 64n - 1n;

/** Terms under a fresh blind. */
export function grantTerms(terms: Omit<GrantTerms, "blind">): GrantTerms {
  if (toUtf8Bytes(terms.purpose).length > MAX_PURPOSE_BYTES) {
    throw new CommonwattError("VaultPurposeTooLong", { most: MAX_PURPOSE_BYTES });
  }
  return { ...terms, blind: randomWord() };
}

/** Where grants stand. */
export function grantPlace({ chainId, recordGrants }: RecordContracts): ContractPlace {
  return { chainId, contract: recordGrants };
}

/** The grantee's blinded id on the chain: nobody without the blind can tell whose it is. */
export function grantTag({ chainId, contract }: ContractPlace, { owner, grantee, blind }: GrantTerms): string {
  return tagOf({ chainId, verifyingContract: contract }, { owner, grantee, blind });
}

/** Commits to the scope. */
export function scopeHash({ scope, blind }: Pick<GrantTerms, "scope" | "blind">): string {
  const { record, kind, writtenFrom, writtenBefore } = scope;
  const range = [writtenFrom ?? 0n, writtenBefore ?? FOR_EVER] as const;
  return keccak256(words(SCOPE_HASH, blind, record ?? ANY_RECORD, BigInt(kind ?? ANY_KIND), ...range));
}

/** Commits to the purpose. */
export function purposeHash({ purpose, blind }: Pick<GrantTerms, "purpose" | "blind">): string {
  return keccak256(words(PURPOSE_HASH, blind, keccak256(toUtf8Bytes(purpose))));
}

/** Whether a version is within the scope. */
export function covers(scope: GrantScope, version: Pick<WrittenVersion, "record" | "kind" | "writtenAt">): boolean {
  return (
    (scope.record ?? version.record) === version.record &&
    (scope.kind ?? version.kind) === version.kind &&
    (scope.writtenFrom ?? 0n) <= version.writtenAt &&
    version.writtenAt < (scope.writtenBefore ?? FOR_EVER)
  );
}

/** Why a grant doesn't run at a time, Unix seconds; undefined when it does. */
export function whyNotRunning(grant: GrantState, now: bigint): string | undefined {
  if (grant.isRevoked) return "it was revoked";
  if (now < grant.from) return `it begins at ${grant.from}`;
  return now < grant.until ? undefined : `it ended at ${grant.until}`;
}

/** The grant of that id. */
export async function knownGrant(view: RecordView, grantId: string): Promise<GrantState> {
  const grant = await view.grantOf(grantId);
  if (grant === undefined) throw new CommonwattError("VaultGrantUnknown", { grantId });
  return grant;
}

/** Whether the terms are those that the chain's hashes commit to. */
export function isOf(place: ContractPlace, grant: GrantState, terms: GrantTerms): boolean {
  return (
    grant.owner === terms.owner &&
    grant.tag === grantTag(place, terms) &&
    grant.scopeHash === scopeHash(terms) &&
    grant.purposeHash === purposeHash(terms)
  );
}
