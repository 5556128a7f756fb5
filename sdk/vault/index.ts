/**
 * The vault: personal records on the user chain that only their owner's keys open, and whom the owner grants. Runs in Node and in a
 * browser; stores on disk and in S3 are in `commonwatt/sdk/node`. Formats, key paths and the limits of erasure: docs/vault.md.
 *
 * ```ts
 * const wallet = VaultWallet.fromPhrase(phrase);
 * const vault = await Vault.open({ chain, directory, contents, shares, journal, keys: wallet, signer: wallet.account("user"), now });
 * await vault.publishKey();
 * const bill = await vault.put({ kind: RecordKind.Bill, slots: [{ label: "2026-07", data: july }, { label: "2026-08", data: august }] });
 * const shown = await vault.prove(bill.record, "2026-07"); // shows July, hides August
 * await vault.erase(bill.record);
 * ```
 */
export { BILL_SUMS, billSums, type BillSums } from "../bill-sums.js";
export * from "./archive.js";
export * from "./chain.js";
export * from "./commitment.js";
export * from "./content-stores.js";
export * from "./content.js";
export { receiptsHash, type Erasure, type ErasureOptions } from "./erasure.js";
export { Grantee, type GranteeParts } from "./grantee.js";
export type { GrantInput, OwnGrant } from "./granting.js";
export * from "./grant-payload.js";
export * from "./grants.js";
export * from "./home-agent.js";
export * from "./home-records.js";
export * from "./keys.js";
export * from "./kinds.js";
export * from "./locator.js";
export { isLowOrderPoint } from "./low-order.js";
export { areAmong, markOf, MAX_SHARE_STORES, openOwnerShare, wrapOwnerShare, type OwnerShare } from "./owner-share.js";
export * from "./padding.js";
export type { VaultParts } from "./parts.js";
export * from "./place.js";
export {
  sealWish,
  type AskerParts,
  type OwnRequest,
  type SealedRequest,
  type SignedWish,
  type Wish,
} from "./requests.js";
export * from "./rotation.js";
export * from "./seal.js";
export * from "./settled.js";
export * from "./share-http.js";
export * from "./share-keeper.js";
export * from "./share-store.js";
export * from "./shown.js";
export {
  MAX_SHARE_MESSAGE_BYTES,
  refusalBody,
  SHARE_STORE_FORMAT,
  shareBodies,
  wireText,
  type ShareStoreAbout,
  type ShareVerb,
} from "./share-wire.js";
export * from "./unlinkability.js";
export * from "./user-chain.js";
export * from "./vault.js";
export * from "./wallet.js";
export { EncryptionKey, Recipient, SUITE } from "./wrap.js";
export type { VersionInput, VersionName } from "./writing.js";
