/** Erasure: every store forgets its share and says so under its signature; only then the chain is told. */
import { AbiCoder, keccak256, ZeroHash } from "ethers";

import { CommonwattError, isCommonwattError } from "../errors.js";
import type { WrittenVersion } from "./chain.js";
import { decodeLocator } from "./locator.js";
import { areAmong, MAX_SHARE_STORES, subsetsOf } from "./owner-share.js";
import type { OwnerSide } from "./parts.js";
import {
  checkReceipt,
  fromStore,
  ShareAction,
  signRequest,
  type ErasureReceipt,
  type ShareStore,
} from "./share-store.js";

/** How far an erasure goes. */
export interface ErasureOptions {
  /**
   * Also where it can't be shown that no other store has a share: one is gone for good, or somebody who had the account
   * wrote a version that nothing opens. What such a store kept stays.
   */
  readonly despiteUnknownStores?: boolean;
}

/** What an erasure leaves. */
export interface Erasure {
  readonly record: string;
  /** One of every share store, by the order of their accounts. */
  readonly receipts: readonly ErasureReceipt[];
  /** What the chain keeps of them. */
  readonly receiptsHash: string;
  /** Versions of which it is not known that no other store has their share; none unless that was allowed. */
  readonly unproven: readonly bigint[];
  /** Content stores that still have ciphertext, which nothing opens. */
  readonly leftWith: readonly string[];
}

const RECEIPT = "tuple(address store,address owner,bytes32 record,uint64 forgottenAt,bytes signature)[]";

/** What the chain keeps: keccak256 of the ABI-encoded receipts, sorted by store. */
export function receiptsHash(receipts: readonly ErasureReceipt[]): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode([RECEIPT], [sorted(receipts)]));
}

/**
 * Erases a record. Where a store doesn't answer, the chain is not told; the same call again goes on from there. Of one
 * that the chain knows as erased it brings the same receipts again, and deletes what ciphertext was left.
 */
export async function eraseRecord(
  side: OwnerSide,
  record: string,
  { despiteUnknownStores = false }: ErasureOptions = {},
): Promise<Erasure> {
  const { shares, chain } = side.parts;
  const state = await chain.stateOf(side.owner, record);
  const isErased = state?.erasedAt !== undefined;
  const versions = isErased ? await chain.versionsOf(side.owner, record) : await side.history(record);
  if (shares.length === 0) throw new CommonwattError("VaultNoShareStore");
  if (shares.length > MAX_SHARE_STORES)
    throw new CommonwattError("VaultTooManyShareStores", { most: MAX_SHARE_STORES });
  const unproven = isErased ? [] : await unprovenVersions(side, versions);
  if (unproven.length > 0 && !despiteUnknownStores) {
    const stores = shares.map(({ account }) => account);
    throw new CommonwattError("VaultShareStoreUnknown", { record, versions: unproven, stores });
  }
  const asked = await Promise.allSettled(shares.map(async (store) => forgottenBy(side, store, record)));
  const receipts = sorted(asked.filter(({ status }) => status === "fulfilled").map(receiptOf));
  const refused = asked.flatMap((answer, index) =>
    answer.status === "rejected" ? [failureOf(answer, shares[index])] : [],
  );
  if (refused.length > 0) {
    throw new CommonwattError("VaultErasureIncomplete", { record, stores: refused, forgotten: receipts.length });
  }
  const told = isErased ? receiptsWith(receipts, state.receiptsHash) : receipts;
  const hash = receiptsHash(told ?? receipts);
  if (told === undefined) throw new CommonwattError("VaultReceiptsDiffer", { record, hash });
  if (!isErased) await chain.erase(record, hash);
  const hashes = versions
    .map(({ locator }) => decodeLocator(locator))
    .flatMap((at) => (at.place === "stores" ? [at.hash] : []));
  const left = (await Promise.all(hashes.map(async (content) => side.contents.delete(content)))).flat();
  return { record, receipts: told, receiptsHash: hash, unproven, leftWith: [...new Set(left)] };
}

/** Those of the receipts that the chain was told of: stores that came later sign as well. */
function receiptsWith(receipts: readonly ErasureReceipt[], hash: string | undefined): ErasureReceipt[] | undefined {
  return subsetsOf(receipts).find((some) => receiptsHash(some) === hash);
}

/** Each version says, sealed, which stores were given its share: those of which it can't be told that all are asked. */
async function unprovenVersions(side: OwnerSide, versions: readonly WrittenVersion[]): Promise<bigint[]> {
  const stores = side.parts.shares.map(({ account }) => account);
  const unproven: bigint[] = [];
  for (const version of versions) {
    const opened = await side.writtenShare(version).catch((error: unknown) => {
      if (isCommonwattError(error)) return undefined; // nothing that the owner's keys open
      throw error;
    });
    if (opened === undefined || !areAmong(opened.storesMark, stores)) unproven.push(version.version);
  }
  return unproven;
}

async function forgottenBy({ owner, parts }: OwnerSide, store: ShareStore, record: string): Promise<ErasureReceipt> {
  const whole = { owner, record, version: 0n, commitment: ZeroHash };
  const asked = { ...whole, store: store.account, action: ShareAction.Forget, now: parts.now() };
  const request = await signRequest(parts.chain.contracts, parts.signer, asked);
  const receipt = await fromStore(store, () => store.forget(request));
  checkReceipt(parts.chain.contracts, receipt, { store: store.account, owner, record });
  return receipt;
}

function receiptOf(answer: PromiseSettledResult<ErasureReceipt>): ErasureReceipt {
  if (answer.status === "fulfilled") return answer.value;
  throw answer.reason as Error;
}

/** The store and why, by code. */
function failureOf({ reason }: PromiseRejectedResult, store: ShareStore | undefined): string {
  return `${store?.name ?? ""} (${isCommonwattError(reason) ? reason.code : String(reason)})`;
}

function sorted(receipts: readonly ErasureReceipt[]): ErasureReceipt[] {
  return [...receipts].sort((a, b) => (BigInt(a.store) < BigInt(b.store) ? -1 : 1));
}
