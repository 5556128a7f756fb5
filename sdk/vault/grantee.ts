/** The other side of a grant: opens what an owner granted, for as long as the grant runs. */
import { CommonwattError } from "../errors.js";
import { bytesOf } from "./bytes.js";
import type { GrantState, KeyDirectory, RecordView } from "./chain.js";
import type { Content } from "./content.js";
import { ReplicatedContents, type ContentStore } from "./content-stores.js";
import { unwrapPayload } from "./grant-payload.js";
import { grantPlace, knownGrant, whyNotRunning, type GrantPayload } from "./grants.js";
import { KeyRing, type KeySource } from "./keys.js";
import { openVersion, type ReaderParts } from "./opener.js";
import type { ShareStore } from "./share-store.js";
import type { VaultSigner } from "./wallet.js";

/** What a grantee reads with. */
export interface GranteeParts {
  readonly view: RecordView;
  readonly directory: KeyDirectory;
  readonly keys: KeySource;
  readonly contents: readonly ContentStore[];
  readonly shares: readonly ShareStore[];
  readonly signer: VaultSigner;
  readonly now: () => bigint;
}

/** A grantee's view of what it was granted. */
export class Grantee {
  readonly #parts: GranteeParts;
  readonly #ring: KeyRing;

  constructor(parts: GranteeParts) {
    this.#parts = parts;
    this.#ring = new KeyRing(parts.keys);
  }

  /** The grant's terms and all that was shared under it so far. */
  async open(grantId: string): Promise<GrantPayload> {
    return this.#open(await knownGrant(this.#parts.view, grantId));
  }

  /** One version in clear; the last one shared when none is named. */
  async read(grantId: string, record: string, version?: bigint): Promise<Content> {
    const { view } = this.#parts;
    const grant = await knownGrant(view, grantId);
    const reason = whyNotRunning(grant, this.#parts.now());
    if (reason !== undefined) throw new CommonwattError("VaultGrantNotRunning", { grantId, reason });
    const { terms, shared } = await this.#open(grant);
    const { owner } = terms;
    const found = shared.findLast((one) => one.record === record && one.version === (version ?? one.version));
    if (found === undefined) throw new CommonwattError("VaultNotShared", { grantId, record });
    const erasedAt = (await view.stateOf(owner, record))?.erasedAt;
    if (erasedAt !== undefined) throw new CommonwattError("VaultRecordErased", { record, erasedAt });
    const written = (await view.versionsOf(owner, record)).find((one) => one.version === found.version);
    if (written === undefined) throw new CommonwattError("VaultRecordForeign", { owner, record });
    const chainShare = bytesOf(found.chainShare);
    return openVersion(this.#reader(), { owner, version: written, chainShare, proof: { grantId, terms } });
  }

  async #open(grant: GrantState): Promise<GrantPayload> {
    const payloads = await Promise.all(grant.payloads.map(async (payload) => this.#unwrap(grant, payload)));
    const [first] = payloads;
    if (first === undefined) throw new CommonwattError("VaultGrantUnknown", { grantId: grant.grantId });
    return { terms: first.terms, shared: payloads.flatMap(({ shared }) => shared) };
  }

  async #unwrap(grant: GrantState, payload: Uint8Array): Promise<GrantPayload> {
    const { view, directory, signer } = this.#parts;
    const newest = (await directory.keyOf(await signer.getAddress()))?.number ?? 0n;
    const place = grantPlace(view.contracts);
    return this.#ring.open(newest, async (key) => unwrapPayload(place, key, { grant, payload }));
  }

  #reader(): ReaderParts {
    const { view, contents, shares, signer, now } = this.#parts;
    return { contracts: view.contracts, contents: new ReplicatedContents(contents), shares, signer, now };
  }
}
