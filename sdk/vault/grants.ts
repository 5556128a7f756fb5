/** A grant's terms: what the chain sees of them (salted hashes and a blinded id), and what is wrapped for the grantee. */
import { getAddress, id, keccak256, toUtf8Bytes } from "ethers";

import { CommonwattError } from "../errors.js";
import { grantTag as tagOf } from "../signing/grants.js";
import { bytesOf, ByteReader, joined, randomWord, unsigned, unsigned64, words, type Bytes } from "./bytes.js";
import type { GrantState, RecordContracts, RecordKind, RecordView, WrittenVersion } from "./chain.js";
import { doublingClass, pad, unpad } from "./padding.js";
import { grantBinding, type ContractPlace } from "./place.js";
import type { EncryptionKey, Recipient } from "./wrap.js";

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

/** Wraps terms and shares, padded so that the size tells little of how many; for the grantee, or for the owner's own memory. */
export async function wrapPayload(place: ContractPlace, reader: Recipient, payload: GrantPayload): Promise<Bytes> {
  const { terms } = payload;
  return reader.wrap(pad(encodePayload(payload), doublingClass), bindingOf(place, terms.owner, grantTag(place, terms)));
}

/** Opens what was wrapped for the key; undefined when it was for another. */
export async function unwrapPayload(
  place: ContractPlace,
  key: EncryptionKey,
  { grant, payload }: { readonly grant: GrantState; readonly payload: Uint8Array },
): Promise<GrantPayload | undefined> {
  const clear = await key.unwrap(payload, bindingOf(place, grant.owner, grant.tag));
  if (clear === undefined) return undefined;
  const opened = decodePayload(clear, grant.owner);
  if (opened === undefined || !isOf(place, grant, opened.terms)) {
    throw new CommonwattError("VaultGrantPayloadInvalid", { grantId: grant.grantId });
  }
  return opened;
}

/** The grant, and that the terms are its own. */
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

/**
 * Packed, for each byte is paid for on the chain: grantee (20), which parts of the scope are given (1), those parts (32, 1, 8, 8),
 * length of the purpose (2), purpose, blind (32), number of versions (2), and for each record (32), version (4), share (32).
 */
function encodePayload({ terms: { grantee, scope, purpose, blind }, shared }: GrantPayload): Bytes {
  const { record, kind, writtenFrom, writtenBefore } = scope;
  const parts = [
    record === undefined ? undefined : bytesOf(record),
    kind === undefined ? undefined : unsigned(kind, 1),
    writtenFrom === undefined ? undefined : unsigned64(writtenFrom),
    writtenBefore === undefined ? undefined : unsigned64(writtenBefore),
  ];
  const given = parts.reduce((bits, part, index) => (part === undefined ? bits : bits | (1 << index)), 0);
  const reason = toUtf8Bytes(purpose);
  return joined(
    bytesOf(grantee),
    unsigned(given, 1),
    ...parts.filter((part) => part !== undefined),
    unsigned(reason.length, 2),
    reason,
    bytesOf(blind),
    unsigned(shared.length, 2),
    ...shared.map((one) => joined(bytesOf(one.record), unsigned(Number(one.version), 4), bytesOf(one.chainShare))),
  );
}

function decodePayload(clear: Uint8Array, owner: string): GrantPayload | undefined {
  try {
    const reader = new ByteReader(unpad(clear, doublingClass));
    const grantee = getAddress(reader.hex(20));
    const scope = readScope(reader);
    const purpose = reader.text(reader.unsigned(2));
    const blind = reader.hex(32);
    const shared = Array.from({ length: reader.unsigned(2) }, () => ({
      record: reader.hex(32),
      version: BigInt(reader.unsigned(4)),
      chainShare: reader.hex(32),
    }));
    return reader.rest === 0 ? { terms: { owner, grantee, scope, purpose, blind }, shared } : undefined;
  } catch {
    return undefined;
  }
}

function readScope(reader: ByteReader): GrantScope {
  const given = reader.unsigned(1);
  return {
    ...(given & 1 ? { record: reader.hex(32) } : {}),
    ...(given & 2 ? { kind: reader.unsigned(1) as RecordKind } : {}),
    ...(given & 4 ? { writtenFrom: reader.unsigned64() } : {}),
    ...(given & 8 ? { writtenBefore: reader.unsigned64() } : {}),
  };
}

function bindingOf(place: ContractPlace, owner: string, tag: string): Bytes {
  return grantBinding({ ...place, owner, tag });
}
