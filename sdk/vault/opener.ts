/** What owner and grantee do alike: get the ciphertext and the store's share, and open a version. */
import { CommonwattError, isCommonwattError } from "../errors.js";
import type { RecordContracts, WrittenVersion } from "./chain.js";
import type { Content } from "./content.js";
import type { ReplicatedContents } from "./content-stores.js";
import { contentKey } from "./keys.js";
import { decodeLocator } from "./locator.js";
import type { VersionPlace } from "./place.js";
import { openContent } from "./seal.js";
import { fromStore, ShareAction, signRequest, type GrantProof, type ShareStore } from "./share-store.js";
import type { VaultSigner } from "./wallet.js";

/** Where a reader reads, and as whom. */
export interface ReaderParts {
  readonly contracts: RecordContracts;
  readonly contents: ReplicatedContents;
  readonly shares: readonly ShareStore[];
  readonly signer: VaultSigner;
  /** Unix seconds. */
  readonly now: () => bigint;
}

/**
 * A version of an owner, in clear: with the share of the first store that gives the right one, for a store may lie or have lost it. When none
 * does, the first one's refusal, or that none was reached.
 */
export async function openVersion(parts: ReaderParts, request: OpenRequest): Promise<Content> {
  const { owner, version, chainShare } = request;
  const at = { place: versionPlace(parts.contracts, owner, version), commitment: version.commitment };
  const ciphertext = await ciphertextOf(parts, version);
  const failures: CommonwattError[] = [];
  for (const store of parts.shares) {
    try {
      const storeShare = await readShare(parts, store, request);
      return openContent(ciphertext, contentKey({ chainShare, storeShare }), at);
    } catch (error) {
      if (!isCommonwattError(error)) throw error;
      failures.push(error);
    }
  }
  const refusal = failures.find(({ code }) => code !== "VaultStoreUnreachable");
  throw refusal ?? failures[0] ?? new CommonwattError("VaultNoShareStore");
}

/** What opens a version besides the stores: the chain's share, and for a grantee its grant. */
export interface OpenRequest {
  readonly owner: string;
  readonly version: WrittenVersion;
  readonly chainShare: Uint8Array;
  readonly proof?: GrantProof;
}

/** Where a version stands. */
export function versionPlace(
  { chainId, personalRecords }: RecordContracts,
  owner: string,
  { record, version }: { readonly record: string; readonly version: bigint },
): VersionPlace {
  return { chainId, contract: personalRecords, owner, record, version };
}

async function ciphertextOf({ contents }: ReaderParts, { locator }: WrittenVersion): Promise<Uint8Array> {
  const where = decodeLocator(locator);
  return where.place === "chain" ? where.ciphertext : contents.get(where.hash);
}

async function readShare(
  { contracts, signer, now }: ReaderParts,
  store: ShareStore,
  { owner, version, proof }: OpenRequest,
): Promise<Uint8Array> {
  const { record, commitment } = version;
  const name = { owner, record, version: version.version, commitment };
  const asked = { ...name, store: store.account, action: ShareAction.Read, now: now() };
  const request = await signRequest(contracts, signer, asked);
  return fromStore(store, () => store.read(request, proof));
}
