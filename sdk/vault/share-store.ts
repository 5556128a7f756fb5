/** The erasable half of the content keys: what a share store is asked, what it answers, and what both sign (EIP-712). */
import { keccak256, verifyTypedData, ZeroHash } from "ethers";

import { CommonwattError } from "../errors.js";
import { domainOf, fieldsOf, type TypedMessage } from "../signing/typed-data.js";
import { randomWord } from "./bytes.js";
import type { RecordContracts } from "./chain.js";
import type { GrantTerms } from "./grants.js";
import type { VaultSigner } from "./wallet.js";

/** What is asked of a share store. */
export const ShareAction = { Keep: 0, Read: 1, Forget: 2 } as const;
export type ShareAction = (typeof ShareAction)[keyof typeof ShareAction];

/** Which share: of the version whose commitment this is. To forget, a whole record is named: version 0, commitment 0. */
export interface ShareName {
  readonly owner: string;
  readonly record: string;
  readonly version: bigint;
  readonly commitment: string;
}

/** A request to one store, good for one time until it ends. */
export interface ShareRequest extends ShareName {
  readonly store: string;
  readonly action: ShareAction;
  readonly requester: string;
  /** keccak256 of the share to be kept; 0 otherwise. */
  readonly shareHash: string;
  readonly nonce: string;
  /** First second after it, Unix; at most `MAX_REQUEST_SECONDS` ahead. */
  readonly until: bigint;
}

/** Signed by the requester's account. */
export interface SignedRequest extends ShareRequest {
  readonly signature: string;
}

/** By which a grantee shows the store that a grant of the chain is its own, and covers what it asks for. */
export interface GrantProof {
  readonly grantId: string;
  readonly terms: GrantTerms;
}

/** The store's word that it has forgotten all shares of a record, and keeps none any more. */
export interface ErasureReceipt {
  readonly store: string;
  readonly owner: string;
  readonly record: string;
  /** Unix seconds. */
  readonly forgottenAt: bigint;
  readonly signature: string;
}

/** A store of the second shares. Refusals are CommonwattErrors; whatever else it throws counts as unreachable. */
export interface ShareStore {
  /** The account that signs its receipts. */
  readonly account: string;
  /** For messages. */
  readonly name: string;
  /** Keeps a share for its owner; the same again is no fault, another in its place is refused. */
  keep(request: SignedRequest, share: Uint8Array): Promise<void>;
  /** Gives it to the owner, and to a grantee whose grant runs. */
  read(request: SignedRequest, proof?: GrantProof): Promise<Uint8Array>;
  /** Forgets all of a record for its owner, for good: nothing is kept for that record again. */
  forget(request: SignedRequest): Promise<ErasureReceipt>;
}

/** How far ahead a request may end: what an eavesdropper could replay it in, were its nonce forgotten. Seconds. */
export const MAX_REQUEST_SECONDS = 300n;

const REQUEST_SECONDS = 120n;
const REQUEST = fieldsOf(
  "address store,uint8 action,address owner,bytes32 record,uint32 version,bytes32 commitment,address requester," +
    "bytes32 shareHash,bytes32 nonce,uint64 until",
);
const RECEIPT = fieldsOf("address store,address owner,bytes32 record,uint64 forgottenAt");

/** What a request's signature is over. */
export function requestMessage(contracts: RecordContracts, request: ShareRequest): TypedMessage {
  const { store, action, owner, record, version, commitment, requester, shareHash, nonce, until } = request;
  return {
    domain: shareDomain(contracts),
    types: { ShareRequest: REQUEST },
    value: { store, action, owner, record, version, commitment, requester, shareHash, nonce, until },
  };
}

/** What a receipt's signature is over. */
export function receiptMessage(
  contracts: RecordContracts,
  { store, owner, record, forgottenAt }: Omit<ErasureReceipt, "signature">,
): TypedMessage {
  const value = { store, owner, record, forgottenAt };
  return { domain: shareDomain(contracts), types: { ErasureReceipt: RECEIPT }, value };
}

/** Signs a request under a fresh nonce, good for two minutes from `now` (Unix seconds). */
export async function signRequest(
  contracts: RecordContracts,
  signer: VaultSigner,
  {
    now,
    share,
    ...request
  }: Omit<ShareRequest, "requester" | "shareHash" | "nonce" | "until"> & {
    readonly now: bigint;
    readonly share?: Uint8Array;
  },
): Promise<SignedRequest> {
  const unsigned: ShareRequest = {
    ...request,
    requester: await signer.getAddress(),
    shareHash: share === undefined ? ZeroHash : keccak256(share),
    nonce: randomWord(),
    until: now + REQUEST_SECONDS,
  };
  const { domain, types, value } = requestMessage(contracts, unsigned);
  return { ...unsigned, signature: await signer.signTypedData(domain, types, value) };
}

/** Whether `signer` signed the message; a malformed signature is nobody's. */
export function isSignedBy(signer: string, { domain, types, value }: TypedMessage, signature: string): boolean {
  try {
    return verifyTypedData(domain, types, value, signature) === signer;
  } catch {
    return false;
  }
}

/** Refuses a receipt that the store didn't sign, or that is for something else. */
export function checkReceipt(
  contracts: RecordContracts,
  receipt: ErasureReceipt,
  expected: Pick<ErasureReceipt, "store" | "owner" | "record">,
): void {
  const isExpected = (["store", "owner", "record"] as const).every((field) => receipt[field] === expected[field]);
  if (!isExpected || !isSignedBy(expected.store, receiptMessage(contracts, receipt), receipt.signature)) {
    throw new CommonwattError("VaultReceiptInvalid", { store: expected.store, record: expected.record });
  }
}

/** A store's answer; what is no refusal of its own counts as unreachable. */
export async function fromStore<Result>(store: Pick<ShareStore, "name">, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CommonwattError) throw error;
    throw new CommonwattError("VaultStoreUnreachable", { store: store.name, reason: (error as Error).message });
  }
}

function shareDomain({ chainId, personalRecords }: RecordContracts): TypedMessage["domain"] {
  return domainOf("Commonwatt ShareStore", { chainId, verifyingContract: personalRecords });
}
