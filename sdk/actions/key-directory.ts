/** The encryption key of each account of the user chain. */
import { ZeroHash, type Signer } from "ethers";

import type { UserChain } from "../connect.js";
import {
  keyPublicationMessage,
  keyRevocationMessage,
  type KeyPublication,
  type KeyVersion,
} from "../signing/encryption-keys.js";
import { sign, type SigningDomain } from "../signing/typed-data.js";
import { ask, plain, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** A publication or a revocation with the account's signature. */
export type Signed<Message> = Message & { readonly signature: string };

/** Which key to encrypt for. */
export interface CurrentKey {
  /** Counts from 1. */
  readonly version: bigint;
  /** X25519 public key; undefined when it was revoked. */
  readonly key: string | undefined;
}

/** A key of an account, in force or not. */
export interface DirectoryEntry {
  readonly key: string;
  /** Unix seconds. */
  readonly publishedAt: bigint;
  /** Unix seconds; 0 while it is in force. */
  readonly endedAt: bigint;
  /** It was revoked, not replaced. */
  readonly revoked: boolean;
}

/** What messages for the chain's KeyDirectory are signed for. */
export function keyDirectoryOf(chain: UserChain): SigningDomain {
  const { chainId, contracts } = chain.deployment;
  return { chainId, verifyingContract: contracts.KeyDirectory.address };
}

/** An account signs an encryption key, the next one where no version is given; costs no transaction. */
export async function signEncryptionKey(
  chain: UserChain,
  account: Signer,
  { key, version }: Pick<KeyPublication, "key"> & Partial<Pick<KeyVersion, "version">>,
): Promise<Signed<KeyPublication>> {
  const address = await account.getAddress();
  const next = version ?? (await ask(() => chain.contracts.keyDirectory.lastVersion(address))) + 1n;
  const publication = { account: address, key, version: next };
  return { ...publication, signature: await sign(account, keyPublicationMessage(keyDirectoryOf(chain), publication)) };
}

/** Publishes an account's first or next key, which takes the place of the one before. Anyone with the signature. */
export function publishEncryptionKey(
  chain: UserChain,
  { account, key, version, signature }: Signed<KeyPublication>,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.keyDirectory.publish(account, key, version, signature, overrides));
}

/** An account signs that a key of it ends, to be submitted at once or on the day on which its device is lost. */
export async function signKeyRevocation(
  chain: UserChain,
  account: Signer,
  { version }: Pick<KeyVersion, "version">,
): Promise<Signed<KeyVersion>> {
  const revocation = { account: await account.getAddress(), version };
  return { ...revocation, signature: await sign(account, keyRevocationMessage(keyDirectoryOf(chain), revocation)) };
}

/** Revokes the sender's key in force. */
export function revokeEncryptionKey(
  chain: UserChain,
  { version }: Pick<KeyVersion, "version">,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.keyDirectory.revoke(version, overrides));
}

/** Revokes an account's key in force. Anyone with the account's signature. */
export function submitKeyRevocation(
  chain: UserChain,
  { account, version, signature }: Signed<KeyVersion>,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.keyDirectory.revokeBySig(account, version, signature, overrides));
}

/** An account's last key; undefined where it never published one. */
export async function encryptionKeyOf(chain: UserChain, account: string): Promise<CurrentKey | undefined> {
  const { key, version } = await ask(() => chain.contracts.keyDirectory.currentKey(account));
  return version === 0n ? undefined : { version, key: key === ZeroHash ? undefined : key };
}

/** A key of an account, in force or not; undefined where there is none. */
export async function encryptionKeyAt(
  chain: UserChain,
  { account, version }: KeyVersion,
): Promise<DirectoryEntry | undefined> {
  const entry = plain(await ask(() => chain.contracts.keyDirectory.keyAt(account, version)));
  return entry.publishedAt === 0n ? undefined : entry;
}
