import { expect } from "chai";
import { id, Wallet, ZeroHash } from "ethers";

import {
  MAX_REQUEST_SECONDS,
  requestMessage,
  ShareAction,
  signRequest,
  type ShareKeeper,
  type SignedRequest,
} from "../../sdk/vault/index.js";
import { BILLS, granteeOf, vaultWorld, type VaultWorld } from "../utils/vault.js";

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

  it("takes no room for what it never kept and the chain doesn't know, whoever asks it to forget that", async () => {
    const forget = { action: ShareAction.Forget, record: id("nobody's"), version: 0n, commitment: ZeroHash };
    const stranger = new Wallet(id("stranger"));
    const asked = request({ ...forget, owner: stranger.address }, stranger);
    expect(await refusalOf(store.forget(await asked))).to.contain("VaultShareMissing");
    expect(await refusalOf(store.forget(await request(forget)))).to.contain("VaultShareMissing");
    const [table] = world.tables;
    expect(await table?.read(stranger.address, id("nobody's"))).to.equal(undefined);
    // a share that never came to the chain is forgotten, and so is a record that this store has nothing of
    const share = new Uint8Array(32).fill(7);
    await store.keep(await request({ ...forget, action: ShareAction.Keep, share }), share);
    expect((await store.forget(await request(forget))).record).to.equal(id("nobody's"));
    await table?.write(world.vault.owner, record, undefined as never);
    expect((await store.forget(await request({ ...forget, record }))).record).to.equal(record);
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
