/** A user chain in memory with the rules of PersonalRecords, RecordGrants and KeyDirectory, and vaults over it. */
import { id, Wallet, type HDNodeWallet } from "ethers";

import { isCommonwattError } from "../../sdk/errors.js";
import {
  Grantee,
  MemoryContents,
  MemoryJournal,
  MemoryShares,
  RecordKind,
  ShareKeeper,
  Vault,
  VaultWallet,
  type DirectoryKey,
  type GrantState,
  type KeyDirectory,
  type NewGrant,
  type NewVersion,
  type RecordChain,
  type RecordContracts,
  type RecordState,
  type RequestState,
  type Rewrapped,
  type ShareStore,
  type Slot,
  type VaultParts,
  type WrittenVersion,
} from "../../sdk/vault/index.js";

export const CONTRACTS: RecordContracts = {
  chainId: 7001n,
  personalRecords: "0x00000000000000000000000000000000000000A1",
  recordGrants: "0x00000000000000000000000000000000000000A2",
  maxInlineBytes: 512,
  maxBatch: 50,
  maxPayloadBytes: 8_192,
};

/** Well-known phrases: BIP-39's own vectors of 256 bits (all 00 and all 7f). */
export const OWNER_PHRASE = `${"abandon ".repeat(23)}art`;
export const GRANTEE_PHRASE =
  "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner " +
  "thank year wave sausage worth title";

/** What all accounts see of the chain. */
export class UserChain {
  readonly contracts: RecordContracts;
  now = 1_800_000_000n;
  readonly versions = new Map<string, WrittenVersion[]>();
  readonly states = new Map<string, RecordState[]>();
  readonly grants: GrantState[] = [];
  readonly keys = new Map<string, DirectoryKey>();
  readonly inactive = new Set<string>();
  readonly requests = new Map<string, RequestState[]>();
  /** Throws where a test wants the chain to fail; told before each transaction. */
  beforeWrite: (what: string) => void = () => undefined;

  constructor(contracts: Partial<RecordContracts> = {}) {
    this.contracts = { ...CONTRACTS, ...contracts };
  }

  /** The chain as an account writes to it. */
  as(owner: string): RecordChain {
    const write = (what: string, change: () => void): Promise<void> =>
      Promise.resolve().then(() => {
        this.beforeWrite(what);
        change();
      });
    const own = (record: string): RecordState | undefined => this.#state(owner, record);
    return {
      contracts: this.contracts,
      isActive: (account) => Promise.resolve(!this.inactive.has(account)),
      stateOf: (account, record) => Promise.resolve(this.#state(account, record)),
      statesOf: (account) => Promise.resolve([...(this.states.get(account) ?? [])]),
      versionsOf: (account, record) =>
        Promise.resolve((this.versions.get(account) ?? []).filter((one) => one.record === (record ?? one.record))),
      grantOf: (grantId) => Promise.resolve(this.grants.find((grant) => grant.grantId === grantId)),
      grantsOf: (account) => Promise.resolve(this.grants.filter((grant) => grant.owner === account)),
      put: (versions) => write("put", () => versions.forEach((version) => this.#put(owner, version))),
      rewrap: (records) => write("rewrap", () => records.forEach((record) => this.#rewrap(owner, record))),
      erase: (record, receiptsHash) =>
        write("erase", () => this.#change(owner, { ...expected(own(record)), erasedAt: this.now, receiptsHash })),
      grant: async (grant) => {
        const grantId = id(`grant ${this.grants.length}`);
        await write("grant", () => this.#grant(owner, grantId, grant));
        return grantId;
      },
      share: (grantId, payload) => write("share", () => this.#share(grantId, payload)),
      renew: (grantId, until) => write("renew", () => this.changeGrant(grantId, { until })),
      requestsOf: (account) => Promise.resolve(this.requests.get(account) ?? []),
      answer: (request, grantId) => write("answer", () => this.#answer(owner, request, grantId)),
      revoke: (grantId) => write("revoke", () => this.changeGrant(grantId, { isRevoked: true })),
    };
  }

  /** The key directory as an account writes to it. */
  directoryOf(owner: string): KeyDirectory {
    return {
      keyOf: (account) => Promise.resolve(this.keys.get(account)),
      publish: ({ number, publicKey }) => {
        if (number !== (this.keys.get(owner)?.number ?? 0n) + 1n) throw new Error("not the next key");
        this.keys.set(owner, { number, publicKey });
        return Promise.resolve();
      },
      revoke: () => {
        this.keys.set(owner, { ...expected(this.keys.get(owner)), publicKey: undefined });
        return Promise.resolve();
      },
    };
  }

  #state(owner: string, record: string): RecordState | undefined {
    return this.states.get(owner)?.find((state) => state.record === record);
  }

  #put(owner: string, version: NewVersion): void {
    const { record, kind } = version;
    const state = this.#state(owner, record);
    if (state?.erasedAt !== undefined || version.version !== (state?.version ?? 0n) + 1n) throw new Error("refused");
    this.versions.set(owner, [...(this.versions.get(owner) ?? []), { ...version, writtenAt: this.now }]);
    this.#change(owner, { record, kind, version: version.version });
  }

  #rewrap(owner: string, { record, version, wrapped }: Rewrapped): void {
    const versions = this.versions.get(owner) ?? [];
    const index = versions.findIndex((one) => one.record === record && one.version === version);
    versions[index] = { ...expected(versions[index]), rewrapped: wrapped };
  }

  #change(owner: string, state: RecordState): void {
    const others = (this.states.get(owner) ?? []).filter(({ record }) => record !== state.record);
    this.states.set(owner, [...others, state]);
  }

  #grant(owner: string, grantId: string, { payload, ...grant }: NewGrant): void {
    this.#checkPayload(payload);
    this.grants.push({ ...grant, grantId, owner, isRevoked: false, payloads: [payload] });
  }

  #share(grantId: string, payload: Uint8Array): void {
    this.#checkPayload(payload);
    const { payloads } = expected(this.grants.find((grant) => grant.grantId === grantId));
    this.changeGrant(grantId, { payloads: [...payloads, payload] });
  }

  #answer(owner: string, request: string, grantId: string | undefined): void {
    const requests = this.requests.get(owner) ?? [];
    const index = requests.findIndex((one) => one.request === request);
    const asked = expected(requests[index]);
    if (asked.answer !== undefined) throw new Error("answered before");
    requests[index] = { ...asked, answer: grantId === undefined ? {} : { grantId } };
  }

  #checkPayload({ length }: Uint8Array): void {
    if (length > this.contracts.maxPayloadBytes) throw new Error("payload too long");
  }

  changeGrant(grantId: string, change: Partial<GrantState>): void {
    const index = this.grants.findIndex((grant) => grant.grantId === grantId);
    this.grants[index] = { ...expected(this.grants[index]), ...change };
  }
}

/** A vault and its world: two replicas of the ciphertext, two share stores. */
export interface VaultWorld {
  readonly chain: UserChain;
  readonly wallet: VaultWallet;
  readonly parts: VaultParts;
  readonly vault: Vault;
  readonly contents: readonly MemoryContents[];
  readonly tables: readonly MemoryShares[];
  readonly keepers: readonly ShareKeeper[];
}

/** A fresh vault whose first key is published. */
export async function vaultWorld(contracts: Partial<RecordContracts> = {}): Promise<VaultWorld> {
  const chain = new UserChain(contracts);
  const wallet = VaultWallet.fromPhrase(OWNER_PHRASE);
  const signer = wallet.account("user");
  const tables = [new MemoryShares(), new MemoryShares()];
  const keepers = await Promise.all(tables.map(async (table, index) => keeperOf(chain, table, index)));
  const contents = [new MemoryContents("first replica"), new MemoryContents("second replica")];
  const parts: VaultParts = {
    chain: chain.as(signer.address),
    directory: chain.directoryOf(signer.address),
    contents,
    shares: keepers,
    keys: wallet,
    signer,
    journal: new MemoryJournal(),
    now: () => chain.now,
  };
  const vault = await Vault.open(parts);
  await vault.publishKey();
  return { chain, wallet, parts, vault, contents, tables, keepers };
}

/** A share store over a table. */
export async function keeperOf(chain: UserChain, table: MemoryShares, index: number): Promise<ShareKeeper> {
  const signer = new Wallet(id(`share store ${index}`));
  const name = `share store ${index}`;
  return ShareKeeper.open({ name, table, signer, view: chain.as(signer.address), now: () => chain.now });
}

/** A share store that does something else than it should. */
export function altered(store: ShareStore, change: Partial<ShareStore>): ShareStore {
  return {
    account: store.account,
    name: store.name,
    keep: (request, share) => store.keep(request, share),
    read: (request, proof) => store.read(request, proof),
    forget: (request) => store.forget(request),
    ...change,
  };
}

/** Another person of the same world, whose key is published. */
export async function granteeOf(
  { chain, parts }: VaultWorld,
  phrase: string = GRANTEE_PHRASE,
): Promise<{ readonly account: HDNodeWallet; readonly wallet: VaultWallet; readonly grantee: Grantee }> {
  const wallet = VaultWallet.fromPhrase(phrase);
  const signer = wallet.account("user");
  const directory = chain.directoryOf(signer.address);
  const { publicKey } = await wallet.encryptionKey(1n);
  await directory.publish({ number: 1n, publicKey });
  const { contents, shares, now } = parts;
  const view = chain.as(signer.address);
  const grantee = new Grantee({ view, directory, keys: wallet, contents, shares, signer, now });
  return { account: signer, wallet, grantee };
}

/** A slot of text. */
export function slot(label: string, text: string): Slot {
  return { label, data: new TextEncoder().encode(text) };
}

/** Two months of bills. */
export const BILLS = {
  kind: RecordKind.Bill,
  slots: [slot("2026-07", "July: 31.20 credits"), slot("2026-08", "August: 28.95 credits")],
};

/** Longer than fits on the chain. */
export function longSlots(bytes = 5_000): Slot[] {
  return [{ label: "long", data: Uint8Array.from({ length: bytes }, (_, index) => index % 251) }];
}

function expected<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("the chain has no such thing");
  return value;
}

/** The code with which a promise is refused; "" when it is not. */
export async function codeOf(promise: Promise<unknown> | undefined): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    return isCommonwattError(error) ? error.code : String(error);
  }
}
