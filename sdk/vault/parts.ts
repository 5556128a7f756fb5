/** What a vault is put together from, and what all of its deeds need. */
import { CommonwattError } from "../errors.js";
import type { Bytes } from "./bytes.js";
import type { KeyDirectory, RecordChain, RecordState, WrittenVersion } from "./chain.js";
import { ReplicatedContents, type ContentStore } from "./content-stores.js";
import { KeyRing, type KeySource } from "./keys.js";
import { versionPlace, type ReaderParts } from "./opener.js";
import { openOwnerShare, type OwnerShare } from "./owner-share.js";
import type { RotationJournal } from "./rotation.js";
import type { ShareStore } from "./share-store.js";
import type { VaultSigner } from "./wallet.js";
import { Recipient, type EncryptionKey } from "./wrap.js";

/** The world as a vault sees it. */
export interface VaultParts {
  readonly chain: RecordChain;
  readonly directory: KeyDirectory;
  /** Replicas of the ciphertext; may be none when every record is small enough for the chain. */
  readonly contents: readonly ContentStore[];
  /** Stores of the second shares; each keeps every share. */
  readonly shares: readonly ShareStore[];
  readonly keys: KeySource;
  /** The owner's account of the user chain. */
  readonly signer: VaultSigner;
  /** Where an interrupted rotation of the key is remembered. */
  readonly journal: RotationJournal;
  /** Unix seconds. */
  readonly now: () => bigint;
}

/** The owner's side of the world, ready to work with. */
export class OwnerSide {
  readonly owner: string;
  readonly parts: VaultParts;
  readonly contents: ReplicatedContents;
  readonly ring: KeyRing;
  /** The newest version seen of each record: whoever serves less, serves the past. */
  readonly #seen = new Map<string, bigint>();

  constructor(owner: string, parts: VaultParts) {
    this.owner = owner;
    this.parts = parts;
    this.contents = new ReplicatedContents(parts.contents);
    this.ring = new KeyRing(parts.keys);
  }

  get reader(): ReaderParts {
    const { chain, shares, signer, now } = this.parts;
    return { contracts: chain.contracts, contents: this.contents, shares, signer, now };
  }

  /** Number of the owner's newest key in the directory; 0 when there is none. */
  async newestKey(): Promise<bigint> {
    return (await this.parts.directory.keyOf(this.owner))?.number ?? 0n;
  }

  /** The owner's own key, to wrap for; it must be the directory's, and not revoked. */
  async ownRecipient(): Promise<Recipient> {
    const recipient = await recipientOf(this.parts.directory, this.owner);
    const { publicKey } = await this.ownKey();
    if (publicKey !== recipient.publicKey) throw new CommonwattError("VaultKeyForeign", { account: this.owner });
    return recipient;
  }

  /** The owner's own key of the directory's newest number. */
  async ownKey(): Promise<EncryptionKey> {
    return this.ring.key(await this.newestKey());
  }

  /** A record that lives; undefined when there is none. */
  async liveState(record: string): Promise<RecordState | undefined> {
    const state = await this.parts.chain.stateOf(this.owner, record);
    if (state?.erasedAt !== undefined) {
      throw new CommonwattError("VaultRecordErased", { record, erasedAt: state.erasedAt });
    }
    this.sawVersion(record, state?.version ?? 0n);
    return state;
  }

  /** A record that lives and is the owner's. */
  async ownState(record: string): Promise<RecordState> {
    const state = await this.liveState(record);
    if (state === undefined) throw new CommonwattError("VaultRecordForeign", { owner: this.owner, record });
    return state;
  }

  /** All versions of a record, from 1 on without a gap. */
  async history(record: string): Promise<readonly WrittenVersion[]> {
    const { version: last } = await this.ownState(record);
    const versions = await this.parts.chain.versionsOf(this.owner, record);
    if (versions.length !== Number(last) || versions.some(({ version }, index) => version !== BigInt(index) + 1n)) {
      throw new CommonwattError("VaultHistoryBroken", { record, versions: versions.length, last });
    }
    return versions;
  }

  /** Remembers a version; an older one than before is a replay. */
  sawVersion(record: string, version: bigint): void {
    const seen = this.#seen.get(record) ?? 0n;
    if (version < seen) throw new CommonwattError("VaultVersionReplayed", { record, version, expected: seen });
    this.#seen.set(record, version);
  }

  /** What was wrapped for the owner with a version. */
  async ownerShare(version: WrittenVersion): Promise<OwnerShare> {
    const place = versionPlace(this.parts.chain.contracts, this.owner, version);
    return openOwnerShare(this.ring, await this.newestKey(), version, place);
  }

  /** Likewise, from the wrapping alone that the version was written with. */
  async writtenShare({ wrapped, ...version }: WrittenVersion): Promise<OwnerShare> {
    const place = versionPlace(this.parts.chain.contracts, this.owner, version);
    return openOwnerShare(this.ring, await this.newestKey(), { wrapped }, place);
  }

  /** The chain's share of a version's key. */
  async chainShare(version: WrittenVersion): Promise<Bytes> {
    return (await this.ownerShare(version)).chainShare;
  }
}

/** An account's key of the directory, to wrap for. */
export async function recipientOf(directory: KeyDirectory, account: string): Promise<Recipient> {
  const key = await directory.keyOf(account);
  if (key === undefined) throw new CommonwattError("VaultKeyMissing", { account });
  const { number, publicKey } = key;
  if (publicKey === undefined) throw new CommonwattError("VaultKeyRevoked", { account, number });
  return Recipient.of(publicKey);
}
