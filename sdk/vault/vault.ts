/** The owner's vault: personal records that only the owner's keys open, and whom the owner grants. */
import { CommonwattError } from "../errors.js";
import { archivePlace, readArchive, writeArchive, type ArchivedVersion } from "./archive.js";
import type { RecordState, WrittenVersion } from "./chain.js";
import { commitmentOf, proveSlot } from "./commitment.js";
import type { Content } from "./content.js";
import { eraseRecord, type Erasure, type ErasureOptions } from "./erasure.js";
import {
  grantAccess,
  liveVersions,
  ownGrants,
  renewGrant,
  revokeGrant,
  shareVersions,
  type GrantInput,
  type OwnGrant,
} from "./granting.js";
import { openVersion } from "./opener.js";
import { OwnerSide, type VaultParts } from "./parts.js";
import { ownRequests, waitingWish, type OwnRequest } from "./requests.js";
import type { ShownSlot } from "./shown.js";
import { rotateKey, type RotationProgress } from "./rotation.js";
import { writeVersions, type VersionInput, type VersionName } from "./writing.js";

/** One owner's vault. */
export class Vault {
  readonly #side: OwnerSide;

  private constructor(side: OwnerSide) {
    this.#side = side;
  }

  static async open(parts: VaultParts): Promise<Vault> {
    return new Vault(new OwnerSide(await parts.signer.getAddress(), parts));
  }

  /** The owner's account. */
  get owner(): string {
    return this.#side.owner;
  }

  /** Publishes the owner's first encryption key, or the next one after a revoked one; nothing to do while one is there. */
  async publishKey(): Promise<bigint> {
    const { directory } = this.#side.parts;
    const known = await directory.keyOf(this.owner);
    if (known?.publicKey !== undefined) return known.number;
    const number = (known?.number ?? 0n) + 1n;
    const { publicKey } = await this.#side.ring.key(number);
    await directory.publish({ number, publicKey });
    return number;
  }

  /** Writes a record's next version, or a new record. */
  async put(input: VersionInput): Promise<VersionName> {
    const [written] = await this.putAll([input]);
    if (written === undefined) throw new RangeError("a version was asked for, and none written");
    return written;
  }

  /** Writes many, in as few transactions as the chain takes. */
  async putAll(inputs: readonly VersionInput[]): Promise<VersionName[]> {
    return writeVersions(this.#side, inputs);
  }

  /** A version in clear; the last one when none is named. */
  async get(record: string, version?: bigint): Promise<Content> {
    const versions = await this.#side.history(record);
    const wanted = version ?? BigInt(versions.length);
    const written = versions.find((one) => one.version === wanted);
    if (written === undefined) throw new CommonwattError("VaultVersionUnknown", { record, version: wanted });
    return this.#open(written);
  }

  /** Shows one slot of a version to whoever can read its commitment on the chain; the last version when none is named. */
  async prove(record: string, label: string, version?: bigint): Promise<ShownSlot> {
    const shown = version ?? (await this.#side.ownState(record)).version;
    return { ...proveSlot(await this.get(record, shown), label), owner: this.owner, record, version: shown };
  }

  /** All records, erased ones too; nothing of them in clear. */
  async list(): Promise<readonly RecordState[]> {
    return this.#side.parts.chain.statesOf(this.owner);
  }

  /** All versions of a record; nothing of them in clear. */
  async history(record: string): Promise<readonly WrittenVersion[]> {
    return this.#side.history(record);
  }

  /** Grants access to what the scope covers by now; `share` adds what comes later. The grant's id, to be told to the grantee. */
  async grant(input: GrantInput): Promise<string> {
    return grantAccess(this.#side, input);
  }

  /** One's own grants, revoked ones too. */
  async grants(): Promise<OwnGrant[]> {
    return ownGrants(this.#side);
  }

  /** Shares further versions that the grant's scope covers. */
  async share(grantId: string, versions: readonly VersionName[]): Promise<void> {
    await shareVersions(this.#side, grantId, versions);
  }

  /** Lets a grant run until a later time, Unix seconds. */
  async renew(grantId: string, until: bigint): Promise<void> {
    await renewGrant(this.#side, grantId, until);
  }

  /** From now on no store gives the grantee a share; what it read before it may have kept. */
  async revoke(grantId: string): Promise<void> {
    await revokeGrant(this.#side, grantId);
  }

  /** What others ask for, answered or not. */
  async requests(): Promise<OwnRequest[]> {
    return ownRequests(this.#side);
  }

  /** Grants what a request asks for, from now on and for as long as it asks, and answers it with the grant, whose id comes back. */
  async accept(request: string): Promise<string> {
    const { asker, scope, purpose, seconds } = await waitingWish(this.#side, request);
    const { chain, now } = this.#side.parts;
    const from = now();
    const grantId = await this.grant({ grantee: asker, scope, purpose, from, until: from + seconds });
    await chain.answer(request, grantId);
    return grantId;
  }

  /** Answers a request with no; also one that can't be read. */
  async decline(request: string): Promise<void> {
    await this.#side.parts.chain.answer(request);
  }

  /** Erases a record for everybody, its owner too; docs/vault.md says what that can't do. */
  async erase(record: string, options: ErasureOptions = {}): Promise<Erasure> {
    return eraseRecord(this.#side, record, options);
  }

  /** A new encryption key, all records wrapped for it; an interrupted rotation goes on where it stopped. */
  async rotate(progress?: RotationProgress): Promise<bigint> {
    return rotateKey(this.#side, progress);
  }

  /**
   * After a device was lost: nobody wraps for its key any more, and all records are wrapped for the next one. When it is interrupted,
   * `rotate` goes on with it.
   */
  async revokeLostKey(progress?: RotationProgress): Promise<bigint> {
    const { directory } = this.#side.parts;
    const known = await directory.keyOf(this.owner);
    if (known?.publicKey !== undefined) await directory.revoke();
    return this.rotate(progress);
  }

  /** Everything that lives, in clear, in one signed text: see archive.ts. */
  async exportAll(): Promise<string> {
    const { chain, signer, now } = this.#side.parts;
    const versions: ArchivedVersion[] = [];
    for (const written of await liveVersions(this.#side)) {
      const { record, kind, version, writtenAt, commitment } = written;
      versions.push({ record, kind, version, writtenAt, commitment, content: await this.#open(written) });
    }
    const place = { owner: this.owner, ...archivePlace(chain.contracts), exportedAt: now() };
    return writeArchive({ ...place, versions }, signer);
  }

  /**
   * Writes an archive's versions that are not here yet, in its order, under the ids and salts that they had: proofs stay good. Whose
   * archive it is, is checked by its signature; that it is one's own, the caller knows.
   */
  async importAll(text: string): Promise<VersionName[]> {
    const missing: VersionInput[] = [];
    for (const { record, kind, version, commitment, content } of readArchive(text).versions) {
      if (commitmentOf(content) !== commitment)
        throw new CommonwattError("VaultCommitmentMismatch", { record, version });
      if (await this.#isHere(record, version, commitment)) continue;
      missing.push({ record, kind, version, slots: content.slots, salt: content.salt });
    }
    return this.putAll(missing);
  }

  async #isHere(record: string, version: bigint, commitment: string): Promise<boolean> {
    const last = (await this.#side.liveState(record))?.version ?? 0n;
    if (version > last) return false;
    const here = (await this.#side.history(record)).find((one) => one.version === version);
    if (here?.commitment !== commitment) throw new CommonwattError("VaultImportConflict", { record, version });
    return true;
  }

  async #open(version: WrittenVersion): Promise<Content> {
    const chainShare = await this.#side.chainShare(version);
    return openVersion(this.#side.reader, { owner: this.owner, version, chainShare });
  }
}
