/**
 * What the vault needs of the user chain: PersonalRecords, RecordGrants and KeyDirectory, and no more of them than this. Addresses are
 * checksummed and words are 32 bytes in lower-case hex, both ways: they are compared as text.
 */

import { RecordKind } from "../enums.js";

export { RecordKind };

/** Where contracts are, and their bounds. */
export interface RecordContracts {
  readonly chainId: bigint;
  readonly personalRecords: string;
  readonly recordGrants: string;
  /** Largest ciphertext that the chain itself takes, in bytes; 0: none. */
  readonly maxInlineBytes: number;
  /** Most versions in one `put` or `rewrap`. */
  readonly maxBatch: number;
  /** Longest payload of a grant, in bytes. */
  readonly maxPayloadBytes: number;
}

/** A version as its owner writes it. */
export interface NewVersion {
  readonly record: string;
  readonly kind: RecordKind;
  /** 1 for a new record, otherwise exactly the last one + 1. */
  readonly version: bigint;
  readonly commitment: string;
  /** Where the ciphertext is: see locator.ts. */
  readonly locator: Uint8Array;
  /** The chain's share of the content key, wrapped for the owner. */
  readonly wrapped: Uint8Array;
}

/** A version as the chain has it. */
export interface WrittenVersion extends NewVersion {
  /** The newest later wrapping; the chain's state, which vouches for all else, says nothing of it. */
  readonly rewrapped?: Uint8Array;
  /** Of its block, Unix seconds. */
  readonly writtenAt: bigint;
}

/** A record as the chain has it. */
export interface RecordState {
  readonly record: string;
  readonly kind: RecordKind;
  /** The last version. */
  readonly version: bigint;
  /** Unix seconds; absent while it lives. */
  readonly erasedAt?: bigint;
  /** Hash of the stores' receipts, once erased. */
  readonly receiptsHash?: string;
}

/** A version, wrapped anew. */
export interface Rewrapped {
  readonly record: string;
  readonly version: bigint;
  readonly wrapped: Uint8Array;
}

/** What anybody can read of records and grants; a share store needs this much to judge a request. */
export interface RecordView {
  readonly contracts: RecordContracts;
  /** Whether the account is admitted to the user chain, and not suspended. */
  isActive(account: string): Promise<boolean>;
  /** Undefined when the owner has no such record. */
  stateOf(owner: string, record: string): Promise<RecordState | undefined>;
  statesOf(owner: string): Promise<readonly RecordState[]>;
  /** Versions in the order in which they were written, record by record: all of the owner, or those of one record. */
  versionsOf(owner: string, record?: string): Promise<readonly WrittenVersion[]>;
  grantOf(grantId: string): Promise<GrantState | undefined>;
  grantsOf(owner: string): Promise<readonly GrantState[]>;
  /** Requests that were brought to the owner, in their order. */
  requestsOf(owner: string): Promise<readonly RequestState[]>;
}

/** What an account writes as owner. */
export interface RecordChain extends RecordView {
  put(versions: readonly NewVersion[]): Promise<void>;
  rewrap(records: readonly Rewrapped[]): Promise<void>;
  erase(record: string, receiptsHash: string): Promise<void>;
  grant(grant: NewGrant): Promise<string>;
  share(grantId: string, payload: Uint8Array): Promise<void>;
  renew(grantId: string, until: bigint): Promise<void>;
  revoke(grantId: string): Promise<void>;
  /** Answers a request, once: by a grant, or without one, which declines it. */
  answer(request: string, grantId?: string): Promise<void>;
}

/** A grant as its owner writes it: nobody but the parties sees for whom, what and why. */
export interface NewGrant {
  /** The grantee's blinded id. */
  readonly tag: string;
  /** Salted hash of the scope. */
  readonly scopeHash: string;
  /** Salted hash of the purpose. */
  readonly purposeHash: string;
  /** First second, Unix. */
  readonly from: bigint;
  /** First second after it, Unix. */
  readonly until: bigint;
  /** Terms and shares, wrapped for the grantee; the owner opens it too. */
  readonly payload: Uint8Array;
}

/** A grant as the chain has it. */
export interface GrantState extends Omit<NewGrant, "payload"> {
  readonly grantId: string;
  readonly owner: string;
  readonly isRevoked: boolean;
  /** What was wrapped for the grantee: when granted, then each time more was shared. */
  readonly payloads: readonly Uint8Array[];
}

/** A request to an owner as the chain has it. */
export interface RequestState {
  readonly request: string;
  /** Wrapped for the owner. */
  readonly ciphertext: Uint8Array;
  /** Absent while it waits; its grant is absent when it was declined. */
  readonly answer?: { readonly grantId?: string };
}

/** An account's entry in KeyDirectory. */
export interface DirectoryKey {
  /** Counts from 1. */
  readonly number: bigint;
  /** X25519, 32 bytes in hex; undefined when it was revoked. */
  readonly publicKey: string | undefined;
}

/** KeyDirectory: which key to wrap for. */
export interface KeyDirectory {
  /** The last one; undefined when the account never had one. */
  keyOf(account: string): Promise<DirectoryKey | undefined>;
  /** Publishes the own account's next key, which takes the place of the one before. */
  publish(key: { readonly number: bigint; readonly publicKey: string }): Promise<void>;
  /** Nobody wraps for the own account's key any more, until the next one is published. */
  revoke(): Promise<void>;
}
