import { expect } from "chai";
import { getBytes, hexlify, id, Wallet, ZeroHash } from "ethers";

import { bytesOf } from "../../sdk/vault/bytes.js";
import {
  checkReceipt,
  decodeLocator,
  MAX_REQUEST_SECONDS,
  openContent,
  receiptsHash,
  RecordKind,
  requestMessage,
  ShareAction,
  signRequest,
  Vault,
  type ErasureReceipt,
  type ShareKeeper,
  type SignedRequest,
  type VersionPlace,
} from "../../sdk/vault/index.js";
import { ownerShareBinding } from "../../sdk/vault/place.js";
import { altered, BILLS, codeOf, granteeOf, longSlots, vaultWorld, type VaultWorld } from "../utils/vault.js";

describe("vault erasure", () => {
  let world: VaultWorld;
  let vault: Vault;
  beforeEach(async () => {
    world = await vaultWorld();
    ({ vault } = world);
  });

  it("ends with receipts of all stores, whose hash the chain keeps with the time", async () => {
    const { record } = await vault.put(BILLS);
    const { receipts, receiptsHash: hash, leftWith } = await vault.erase(record);
    expect(receipts.map(({ store }) => store)).to.have.members(world.keepers.map(({ account }) => account));
    for (const receipt of receipts) {
      checkReceipt(world.chain.contracts, receipt, { store: receipt.store, owner: vault.owner, record });
    }
    expect(receiptsHash([...receipts].reverse())).to.equal(hash);
    expect(leftWith).to.deep.equal([]);
    const [state] = await vault.list();
    expect(state).to.deep.include({ record, erasedAt: world.chain.now, receiptsHash: hash });
  });

  it("leaves nothing that opens the record, for anybody, with everything that chains and stores still have", async () => {
    const { record } = await vault.put({ kind: RecordKind.Readings, slots: longSlots() });
    const { grantee, account, wallet } = await granteeOf(world);
    const { now } = world.chain;
    const grantId = await vault.grant({
      grantee: account.address,
      scope: { record },
      purpose: "advice",
      from: now,
      until: now + 99n,
    });
    await grantee.read(grantId, record);
    const [written] = await vault.history(record);
    if (written === undefined) throw new Error("one version was written");
    const locator = decodeLocator(written.locator);
    const hash = locator.place === "stores" ? locator.hash : "";
    // somebody kept the ciphertext, whatever the stores do
    const ciphertext = (await world.contents[0]?.get(hash)) ?? new Uint8Array();
    const place: VersionPlace = {
      chainId: world.chain.contracts.chainId,
      contract: world.chain.contracts.personalRecords,
      owner: vault.owner,
      record,
      version: 1n,
    };
    const opens = (key: Uint8Array): boolean => {
      try {
        openContent(ciphertext, key, { place, commitment: written.commitment });
        return true;
      } catch {
        return false;
      }
    };
    const ownerShare = await (await world.wallet.encryptionKey(1n)).unwrap(written.wrapped, ownerShareBinding(place));
    const granted = (await grantee.open(grantId)).shared[0]?.chainShare;
    const candidates = async (): Promise<Uint8Array[]> =>
      windowsOf(await Promise.all(world.tables.map(async (table) => table.read(vault.owner, record))));
    const tried = (storeShares: readonly Uint8Array[]): boolean =>
      [ownerShare ?? new Uint8Array(32), getBytes(granted ?? ZeroHash)].some((share) =>
        storeShares.some((other) => opens(share.map((byte, index) => byte ^ (other[index] ?? 0)))),
      );
    expect(tried(await candidates()), "before: the test's own attack works").to.equal(true);

    await vault.erase(record);

    expect(await codeOf(vault.get(record))).to.equal("VaultRecordErased");
    expect(await codeOf(grantee.read(grantId, record))).to.equal("VaultRecordErased");
    for (const store of world.contents) expect(await store.has(hash)).to.equal(false);
    // both chain shares, alone and against every 32 bytes that the stores and the chain still hold
    const onChain = windowsOf([
      world.chain.versions.get(vault.owner),
      world.chain.states.get(vault.owner),
      [...world.chain.payloads.values()],
    ]);
    expect(tried([...(await candidates()), ...onChain, new Uint8Array(32)])).to.equal(false);
    // nor with the keys themselves
    for (const key of [world.wallet, wallet]) {
      expect(opens(bytesOf(key.account("user").privateKey))).to.equal(false);
    }
  });

  it("is whole or not at all for the chain: a store that is down is named, and the rest is done when it is back", async () => {
    const { record } = await vault.put(BILLS);
    const [first, second] = world.keepers as [ShareKeeper, ShareKeeper];
    const down = altered(second, { name: "down", forget: () => Promise.reject(new Error("no route")) });
    const half = await Vault.open({ ...world.parts, shares: [first, down] });
    let message = "";
    await half.erase(record).catch((error: unknown) => (message = String(error)));
    expect(message).to.contain("VaultErasureIncomplete").and.contain("down (VaultStoreUnreachable)");
    expect((await vault.list())[0]?.erasedAt).to.equal(undefined);
    world.chain.now += 7n;
    const { receipts } = await vault.erase(record);
    expect(receipts.map(({ forgottenAt }) => world.chain.now - forgottenAt)).to.have.members([0n, 7n]);
  });

  it("can be told to the chain later, when it refused: the stores give the same receipts again", async () => {
    const { record } = await vault.put(BILLS);
    world.chain.beforeWrite = () => {
      throw new Error("down");
    };
    expect(await codeOf(vault.erase(record))).to.equal("Error: down");
    const forgottenAt = world.chain.now;
    world.chain.now += 60n;
    world.chain.beforeWrite = () => undefined;
    const { receipts } = await vault.erase(record);
    expect(receipts.map((receipt) => receipt.forgottenAt)).to.deep.equal([forgottenAt, forgottenAt]);
    expect((await vault.list())[0]?.erasedAt).to.equal(world.chain.now);
  });

  it("takes no receipt that the store didn't sign, or that is for another record", async () => {
    const { record } = await vault.put(BILLS);
    const other = await vault.put(BILLS);
    const { receipts } = await vault.erase(other.record);
    const [first] = world.keepers as [ShareKeeper];
    const lies: ErasureReceipt[] = receipts.flatMap((receipt) => [receipt, { ...receipt, record }]);
    for (const lie of lies) {
      const liar = altered(first, { forget: () => Promise.resolve(lie) });
      const lied = await Vault.open({ ...world.parts, shares: [liar] });
      expect(await codeOf(lied.erase(record))).to.equal("VaultErasureIncomplete");
    }
  });

  it("is for good: nothing is written or kept under that record again", async () => {
    const { record } = await vault.put(BILLS);
    await vault.erase(record);
    expect(await codeOf(vault.put({ ...BILLS, record }))).to.equal("VaultRecordErased");
    expect(await codeOf(vault.erase(record))).to.equal("VaultRecordErased");
    // a chain that was reset doesn't bring it back: the stores remember
    world.chain.states.clear();
    world.chain.versions.clear();
    const again = await Vault.open(world.parts);
    expect(await codeOf(again.put({ ...BILLS, record }))).to.equal("VaultRecordErased");
  });

  it("tells which content stores could not delete the ciphertext, and is done all the same", async () => {
    const { record } = await vault.put({ kind: RecordKind.Readings, slots: longSlots() });
    const [first] = world.contents;
    if (first !== undefined) first.delete = () => Promise.reject(new Error("no route"));
    expect((await vault.erase(record)).leftWith).to.deep.equal(["first replica"]);
    expect(await codeOf(vault.get(record))).to.equal("VaultRecordErased");
  });
});

describe("share store", () => {
  let world: VaultWorld;
  let store: ShareKeeper;
  let record: string;
  let commitment: string;
  beforeEach(async () => {
    world = await vaultWorld();
    [store] = world.keepers as [ShareKeeper];
    ({ record } = await world.vault.put(BILLS));
    commitment = (await world.vault.history(record))[0]?.commitment ?? "";
  });

  async function request(
    change: Partial<SignedRequest> & { readonly share?: Uint8Array } = {},
    signer = world.parts.signer,
  ): Promise<SignedRequest> {
    const owner = world.vault.owner;
    const asked = {
      store: store.account,
      action: ShareAction.Read,
      owner,
      record,
      version: 1n,
      commitment,
      now: world.chain.now,
    };
    return signRequest(world.chain.contracts, signer, { ...asked, ...change });
  }

  async function refusalOf(promise: Promise<unknown>): Promise<string> {
    try {
      await promise;
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  }

  it("gives the owner its share", async () => {
    expect(await store.read(await request())).to.have.length(32);
  });

  it("takes a request once, in its time, for what it was signed", async () => {
    const used = await request();
    await store.read(used);
    expect(await refusalOf(store.read(used))).to.contain("made before");
    const late = await request();
    world.chain.now = late.until;
    expect(await refusalOf(store.read(late))).to.contain("it ended");
    expect(await refusalOf(store.read(await request({ store: world.keepers[1]?.account ?? "" })))).to.contain(
      "another store",
    );
    expect(await refusalOf(store.forget(await request()))).to.contain("something else");
    const ahead = await request({ now: world.chain.now + MAX_REQUEST_SECONDS } as never);
    expect(await refusalOf(store.read(ahead))).to.contain("too far ahead");
  });

  it("takes no request with any field changed after signing, or a malformed signature", async () => {
    const changes: Partial<SignedRequest>[] = [
      { record: id("other") },
      { version: 2n },
      { commitment: id("other") },
      { nonce: id("other") },
      { shareHash: id("other") },
      { owner: store.account },
      { requester: store.account },
      { until: world.chain.now + 1n },
      { signature: "0x1234" },
    ];
    for (const change of changes) {
      const signed = { ...(await request()), ...change };
      expect(await refusalOf(store.read(signed)), Object.keys(change).join()).to.contain("signature is wrong");
    }
  });

  it("gives strangers nothing, with or without somebody's grant", async () => {
    const stranger = new Wallet(id("stranger"));
    expect(await refusalOf(store.read(await request({}, stranger)))).to.contain("shows no grant");
    const { account } = await granteeOf(world);
    const { now } = world.chain;
    const grantId = await world.vault.grant({
      grantee: account.address,
      scope: {},
      purpose: "",
      from: now,
      until: now + 9n,
    });
    const [grant] = await world.vault.grants();
    if (grant === undefined) throw new Error("one grant was made");
    const proof = { grantId, terms: grant.terms };
    expect(await refusalOf(store.read(await request({}, stranger), proof))).to.contain("not the requester's");
    const forged = { grantId, terms: { ...grant.terms, grantee: stranger.address } };
    expect(await refusalOf(store.read(await request({}, stranger), forged))).to.contain("not the requester's");
    expect(await store.read(await request({}, account), proof)).to.have.length(32);
    expect(await refusalOf(store.forget(await request({ action: ShareAction.Forget }, account)))).to.contain(
      "not the owner",
    );
  });

  it("keeps what its owner gives, the same twice, and nothing else in its place", async () => {
    const share = new Uint8Array(32).fill(7);
    const keep = { action: ShareAction.Keep, record: id("new"), share };
    await store.keep(await request(keep), share);
    await store.keep(await request(keep), share);
    expect(await store.read(await request({ record: id("new") }))).to.deep.equal(share);
    const other = new Uint8Array(32).fill(8);
    expect(await refusalOf(store.keep(await request({ ...keep, share: other }), other))).to.contain(
      "another share is kept",
    );
    expect(await refusalOf(store.keep(await request(keep), other))).to.contain("for another share");
    const stranger = new Wallet(id("stranger"));
    expect(await refusalOf(store.keep(await request(keep, stranger), share))).to.contain("not the owner");
    world.chain.inactive.add(world.vault.owner);
    expect(await refusalOf(store.keep(await request(keep), share))).to.contain("not active");
  });

  it("forgets also against keeps that come at the same time", async () => {
    const share = new Uint8Array(32).fill(9);
    const keeps = Array.from({ length: 9 }, async (_, index) =>
      store.keep(await request({ action: ShareAction.Keep, version: BigInt(index + 2), share }), share),
    );
    const forgets = store.forget(await request({ action: ShareAction.Forget, version: 0n, commitment: ZeroHash }));
    await Promise.allSettled([...keeps, forgets]);
    const row = await world.tables[0]?.read(world.vault.owner, record);
    expect(
      JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    ).to.not.contain("0909");
    expect(row).to.have.property("receipt");
  });

  it("signs over all that a request says", async () => {
    const { types } = requestMessage(world.chain.contracts, await request());
    const unsigned = Object.keys(await request()).filter((field) => field !== "signature");
    expect(types["ShareRequest"]?.map(({ name }) => name)).to.have.members(unsigned);
  });
});

/** Every 32 bytes in a row of what a JSON-like value holds in hex or as bytes, at any offset. */
function windowsOf(value: unknown): Uint8Array[] {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return hexlify(part);
    return typeof part === "bigint" ? String(part) : part;
  });
  return [...text.matchAll(/0x([0-9a-f]{64,})/gi)].flatMap(([, digits = ""]) =>
    Array.from({ length: digits.length / 2 - 31 }, (_, at) => getBytes(`0x${digits.slice(2 * at, 2 * at + 64)}`)),
  );
}
