/** Who may read whose records. The grantee is blinded on the chain; what is granted is in payloads for it alone. */
import { ZeroHash, type BytesLike } from "ethers";

import type { UserChain } from "../connect.js";
import type { RequestStatus } from "../enums.js";
import { CommonwattError } from "../errors.js";
import type { GrantCommitments } from "../signing/grants.js";
import type { SigningDomain } from "../signing/typed-data.js";
import { ask, eventIn, plain, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** Longest payload for a grantee, bytes (RecordGrants.MAX_PAYLOAD_BYTES). */
export const MAX_GRANT_PAYLOAD_BYTES = 8_192;

/** When a grant runs. */
export interface GrantPeriod {
  /** First second, Unix. */
  readonly from: bigint;
  /** First second after it, Unix. */
  readonly until: bigint;
}

/** What an owner grants, as far as the chain may know. */
export interface GrantTermsOnChain extends Omit<GrantCommitments, "owner">, GrantPeriod {
  /** Terms in clear and the chain's shares of content keys, wrapped for the grantee: 49 to 8,192 bytes. */
  readonly payload: BytesLike;
}

/** What the chain keeps of a grant. */
export interface GrantStateOnChain extends GrantPeriod {
  readonly owner: string;
  readonly isRevoked: boolean;
}

/** For which contract tags are made and uses are signed. */
export function recordGrantsOf(chain: UserChain): SigningDomain {
  const { chainId, contracts } = chain.deployment;
  return { chainId, verifyingContract: contracts.RecordGrants.address };
}

// -------------------- the owner

/** Grants; returns the grant's id. The owner. */
export async function grantAccess(
  chain: UserChain,
  { payload, ...terms }: GrantTermsOnChain,
  overrides: TransactionOverrides = chain.defaults,
): Promise<string> {
  const { recordGrants } = chain.contracts;
  const receipt = await transact(chain, () => recordGrants.grant(terms, payload, overrides));
  const { address } = chain.deployment.contracts.RecordGrants;
  return eventIn(recordGrants, address, recordGrants.getEvent("Granted"), receipt).grantId;
}

/** Shares further records or versions under a grant that is neither revoked nor over. The owner. */
export function shareUnderGrant(
  chain: UserChain,
  { grantId, payload }: { readonly grantId: string; readonly payload: BytesLike },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.recordGrants.share(grantId, payload, overrides));
}

/** Lets a grant that is neither revoked nor over run longer. The owner. */
export function renewGrant(
  chain: UserChain,
  { grantId, until }: { readonly grantId: string } & Pick<GrantPeriod, "until">,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.recordGrants.renew(grantId, until, overrides));
}

/** Ends a grant for ever: later versions use new keys, and stores give the grantee no share more. The owner. */
export function revokeGrant(
  chain: UserChain,
  { grantId }: { readonly grantId: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.recordGrants.revoke(grantId, overrides));
}

export interface AnswerParameters {
  readonly request: string;
  /** The grant that answers it; absent: it is declined. */
  readonly grantId?: string;
}

/** Answers a request, once. The owner. */
export function answerAccessRequest(
  chain: UserChain,
  { request, grantId = ZeroHash }: AnswerParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.recordGrants.answerRequest(request, grantId, overrides));
}

// -------------------- the relayer

export interface RelayRequestParameters {
  readonly owner: string;
  /** 32 random bytes. */
  readonly request: string;
  /** Encrypted for the owner's key in KeyDirectory: 49 to 2,048 bytes. */
  readonly ciphertext: BytesLike;
  /** Who asks, where the sender knows it: must be another than the sender. */
  readonly asker?: string;
}

/** Brings a request to an owner. Any active account but the asker's: a transaction's sender is public. */
export async function relayAccessRequest(
  chain: UserChain,
  { owner, request, ciphertext, asker }: RelayRequestParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const sender = await chain.signer?.getAddress();
  if (asker !== undefined && asker.toLowerCase() === sender?.toLowerCase()) {
    throw new CommonwattError("RequestByItsAsker", { asker });
  }
  return transact(chain, () => chain.contracts.recordGrants.relayRequest(owner, request, ciphertext, overrides));
}

// -------------------- readers

/** Whether a grant runs at this moment. */
export function isGrantRunning(chain: UserChain, grantId: string): Promise<boolean> {
  return ask(() => chain.contracts.recordGrants.isRunning(grantId));
}

/** What the chain keeps of a grant; undefined where there is none. `block`: absent, the newest. */
export async function grantStateOf(
  chain: UserChain,
  grantId: string,
  block?: number,
): Promise<GrantStateOnChain | undefined> {
  const at = block === undefined ? {} : { blockTag: block };
  const { owner, from, until, revoked } = await ask(() => chain.contracts.recordGrants.grantOf(grantId, at));
  return until === 0n ? undefined : { owner, from, until, isRevoked: revoked };
}

/** How many grants an owner made, and how many of them it revoked. */
export async function grantCountsOf(
  chain: UserChain,
  owner: string,
): Promise<{ readonly granted: bigint; readonly revoked: bigint }> {
  return plain(await ask(() => chain.contracts.recordGrants.countsOf(owner)));
}

/** Where a request is. */
export async function requestStatusOf(
  chain: UserChain,
  { owner, request }: { readonly owner: string; readonly request: string },
): Promise<RequestStatus> {
  return Number(await ask(() => chain.contracts.recordGrants.requestOf(owner, request))) as RequestStatus;
}
