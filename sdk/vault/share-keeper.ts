/** A share store over any table: judges each request by its signature and by what the chain says, and forgets for good. */
import { hexlify, keccak256 } from "ethers";

import { CommonwattError } from "../errors.js";
import { bytesOf } from "./bytes.js";
import type { RecordView } from "./chain.js";
import { covers, grantPlace, isOf, knownGrant, whyNotRunning } from "./grants.js";
import {
  isSignedBy,
  MAX_REQUEST_SECONDS,
  receiptMessage,
  requestMessage,
  ShareAction,
  type ErasureReceipt,
  type GrantProof,
  type ShareName,
  type ShareStore,
  type SignedRequest,
} from "./share-store.js";
import type { VaultSigner } from "./wallet.js";

/** What a store keeps of a record: its shares by version and commitment, or the receipt that it has forgotten them. */
export type ShareRow = { readonly shares: Readonly<Record<string, string>> } | { readonly receipt: ErasureReceipt };

/** Rows on disk or in memory. `write` replaces the row, so that nothing of the one before can be read again. */
export interface ShareTable {
  read(owner: string, record: string): Promise<ShareRow | undefined>;
  write(owner: string, record: string, row: ShareRow): Promise<void>;
}

/** In memory, for tests and short lives. */
export class MemoryShares implements ShareTable {
  readonly #rows = new Map<string, ShareRow>();

  read(owner: string, record: string): Promise<ShareRow | undefined> {
    return Promise.resolve(this.#rows.get(`${owner}/${record}`));
  }

  write(owner: string, record: string, row: ShareRow): Promise<void> {
    this.#rows.set(`${owner}/${record}`, row);
    return Promise.resolve();
  }
}

/** What a share store is made of. */
export interface ShareKeeperParts {
  readonly name: string;
  readonly table: ShareTable;
  readonly view: RecordView;
  /** Signs the receipts. */
  readonly signer: VaultSigner;
  /** Unix seconds. */
  readonly now: () => bigint;
}

/** A share store. */
export class ShareKeeper implements ShareStore {
  readonly account: string;
  readonly #parts: ShareKeeperParts;
  /** Used ones, until their requests end. In memory: within two minutes of a restart a request could be made again. */
  readonly #nonces = new Map<string, bigint>();
  #cleanedAt = 0n;
  readonly #queues = new Map<string, Promise<unknown>>();

  private constructor(account: string, parts: ShareKeeperParts) {
    this.account = account;
    this.#parts = parts;
  }

  static async open(parts: ShareKeeperParts): Promise<ShareKeeper> {
    return new ShareKeeper(await parts.signer.getAddress(), parts);
  }

  get name(): string {
    return this.#parts.name;
  }

  async keep(request: SignedRequest, share: Uint8Array): Promise<void> {
    this.#check(request, ShareAction.Keep);
    this.#checkOwner(request);
    if (keccak256(share) !== request.shareHash) throw refusal(request, "it was signed for another share");
    if (!(await this.#parts.view.isActive(request.owner))) throw refusal(request, "the account is not active");
    await this.#alone(request, async () => {
      const shares = await this.#sharesOf(request);
      const [name, kept] = [rowName(request), hexlify(share)];
      if ((shares[name] ?? kept) !== kept) throw refusal(request, "another share is kept there");
      await this.#parts.table.write(request.owner, request.record, { shares: { ...shares, [name]: kept } });
    });
  }

  async read(request: SignedRequest, proof?: GrantProof): Promise<Uint8Array> {
    this.#check(request, ShareAction.Read);
    if (request.requester !== request.owner) await this.#checkGrant(request, proof);
    const share = (await this.#sharesOf(request))[rowName(request)];
    if (share === undefined) {
      throw new CommonwattError("VaultShareMissing", { store: this.name, record: request.record });
    }
    return bytesOf(share);
  }

  async forget(request: SignedRequest): Promise<ErasureReceipt> {
    this.#check(request, ShareAction.Forget);
    this.#checkOwner(request);
    return this.#alone(request, async () => {
      const { owner, record } = request;
      const row = await this.#parts.table.read(owner, record);
      if (row !== undefined && "receipt" in row) return row.receipt;
      await this.#requireKnown(request, row);
      const unsigned = { store: this.account, owner, record, forgottenAt: this.#parts.now() };
      const { domain, types, value } = receiptMessage(this.#parts.view.contracts, unsigned);
      const receipt = { ...unsigned, signature: await this.#parts.signer.signTypedData(domain, types, value) };
      await this.#parts.table.write(owner, record, { receipt });
      return receipt;
    });
  }

  /** For this store and action, in time, signed by the requester, and not seen before. */
  #check(request: SignedRequest, action: ShareAction): void {
    const now = this.#parts.now();
    if (request.store !== this.account) throw refusal(request, "it is for another store");
    if (request.action !== action) throw refusal(request, "it was signed for something else");
    if (request.until <= now) throw refusal(request, `it ended at ${request.until}`);
    if (request.until > now + MAX_REQUEST_SECONDS) throw refusal(request, "it ends too far ahead");
    const message = requestMessage(this.#parts.view.contracts, request);
    if (!isSignedBy(request.requester, message, request.signature)) throw refusal(request, "its signature is wrong");
    this.#useNonce(request, now);
  }

  #useNonce(request: SignedRequest, now: bigint): void {
    if (now > this.#cleanedAt) {
      this.#cleanedAt = now; // at most once a second, however many ask
      for (const [nonce, until] of this.#nonces) if (until <= now) this.#nonces.delete(nonce);
    }
    const used = `${request.requester}/${request.nonce}`;
    if (this.#nonces.has(used)) throw refusal(request, "it was made before");
    this.#nonces.set(used, request.until);
  }

  /** A receipt takes room for ever, and anybody can sign as the owner of nothing: there must be a share, or a record on the chain. */
  async #requireKnown({ owner, record }: ShareName, row: ShareRow | undefined): Promise<void> {
    if (row !== undefined || (await this.#parts.view.stateOf(owner, record)) !== undefined) return;
    throw new CommonwattError("VaultShareMissing", { store: this.name, record });
  }

  #checkOwner(request: SignedRequest): void {
    if (request.requester !== request.owner) throw refusal(request, "the requester is not the owner");
  }

  /** The requester is active; the grant is its own, runs, and covers the version. */
  async #checkGrant(request: SignedRequest, proof: GrantProof | undefined): Promise<void> {
    const { owner, record, version, requester } = request;
    if (proof === undefined) throw refusal(request, "the requester is not the owner and shows no grant");
    const { view } = this.#parts;
    if (!(await view.isActive(requester))) throw refusal(request, "the account is not active");
    const { grantId, terms } = proof;
    const grant = await knownGrant(view, grantId);
    const reason = whyNotRunning(grant, this.#parts.now());
    if (reason !== undefined) throw new CommonwattError("VaultGrantNotRunning", { grantId, reason });
    if (terms.owner !== owner || terms.grantee !== requester || !isOf(grantPlace(view.contracts), grant, terms)) {
      throw refusal(request, "the grant is not the requester's");
    }
    const written = (await view.versionsOf(owner, record)).find((known) => known.version === version);
    if (written === undefined || !covers(terms.scope, written)) throw refusal(request, "the grant doesn't cover it");
  }

  async #sharesOf({ owner, record }: ShareName): Promise<Readonly<Record<string, string>>> {
    const row = await this.#parts.table.read(owner, record);
    if (row === undefined) return {};
    if ("receipt" in row) {
      throw new CommonwattError("VaultRecordErased", { record, erasedAt: row.receipt.forgottenAt });
    }
    return row.shares;
  }

  /** One change of a record at a time: a share is never written over a receipt. */
  async #alone<Result>({ owner, record }: ShareName, change: () => Promise<Result>): Promise<Result> {
    const key = `${owner}/${record}`;
    const before = this.#queues.get(key) ?? Promise.resolve();
    const mine = before.then(change, change);
    const settled = mine
      .catch(() => undefined)
      .finally(() => {
        if (this.#queues.get(key) === settled) this.#queues.delete(key);
      });
    this.#queues.set(key, settled);
    return mine;
  }
}

function rowName({ version, commitment }: ShareName): string {
  return `${version}/${commitment}`;
}

function refusal({ record }: ShareName, reason: string): CommonwattError {
  return new CommonwattError("VaultRequestRefused", { record, reason });
}
