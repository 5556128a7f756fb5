import { expect } from "chai";

import { MemoryJournal, RecordKind, Recipient, Vault, wrapOwnerShare } from "../../sdk/vault/index.js";
import { BILLS, codeOf, slot, vaultWorld, type VaultWorld } from "../utils/vault.js";

describe("vault rotation", () => {
  let world: VaultWorld;
  let vault: Vault;
  beforeEach(async () => {
    world = await vaultWorld();
    ({ vault } = world);
  });

  async function ofMany(count: number): Promise<string[]> {
    const inputs = Array.from({ length: count }, (_, index) => ({
      kind: RecordKind.Trip,
      slots: [slot("trip", String(index))],
    }));
    return (await vault.putAll(inputs)).map(({ record }) => record);
  }

  it("wraps all for the next key, says how far it is, and leaves everything open to its owner", async () => {
    const records = await ofMany(120);
    const { record } = await vault.put(BILLS);
    await vault.put({ ...BILLS, record });
    const gone = await vault.put(BILLS);
    await vault.erase(gone.record);
    const seen: [number, number][] = [];
    expect(await vault.rotate((done, total) => seen.push([done, total]))).to.equal(2n);
    expect(seen).to.deep.equal([
      [50, 121],
      [100, 121],
      [121, 121],
    ]);
    expect(world.chain.keys.get(vault.owner)?.number).to.equal(2n);
    expect((await vault.get(records[7] ?? "")).slots).to.deep.equal([slot("trip", "7")]);
    expect((await vault.get(record, 1n)).slots).to.deep.equal(BILLS.slots);
    // who has the new key alone opens present versions, not the older ones
    const newOnly = await Vault.open({
      ...world.parts,
      keys: { encryptionKey: () => world.wallet.encryptionKey(2n) },
    });
    expect((await newOnly.get(record)).slots).to.deep.equal(BILLS.slots);
    expect(await codeOf(newOnly.get(record, 1n))).to.equal("VaultWrongKey");
  });

  it("believes no later wrapping that a node made up, neither when it reads nor when it rotates again", async () => {
    const { record } = await vault.put(BILLS);
    await vault.rotate();
    const recipient = await Recipient.of((await world.wallet.encryptionKey(2n)).publicKey);
    const { chainId, personalRecords: contract } = world.chain.contracts;
    const place = { chainId, contract, owner: vault.owner, record, version: 1n };
    const chainShare = new Uint8Array(32).fill(7);
    const forged = await wrapOwnerShare(recipient, { chainShare, storesMark: new Uint8Array(16) }, place);
    const versions = world.chain.versions.get(vault.owner) ?? [];
    world.chain.versions.set(
      vault.owner,
      versions.map((one) => ({ ...one, rewrapped: forged })),
    );
    expect((await vault.get(record)).slots).to.deep.equal(BILLS.slots);
    await vault.rotate();
    const newest = await Vault.open({
      ...world.parts,
      keys: { encryptionKey: () => world.wallet.encryptionKey(3n) },
    });
    expect((await newest.get(record)).slots).to.deep.equal(BILLS.slots);
  });

  it("goes on where it was interrupted, also in another process", async () => {
    const records = await ofMany(120);
    let rewraps = 0;
    world.chain.beforeWrite = (what) => {
      if (what === "rewrap" && ++rewraps === 2) throw new Error("down");
    };
    expect(await codeOf(vault.rotate())).to.equal("VaultRotationInterrupted");
    for (const record of records) expect((await vault.get(record)).slots).to.have.length(1);
    const again = await Vault.open(world.parts);
    const seen: [number, number][] = [];
    expect(await again.rotate((done, total) => seen.push([done, total]))).to.equal(2n);
    expect(seen.at(-1)).to.deep.equal([70, 70]);
    expect(await world.parts.journal.load()).to.equal(undefined);
    expect(world.chain.keys.get(vault.owner)?.number).to.equal(2n);
    const newOnly = { encryptionKey: () => world.wallet.encryptionKey(2n) };
    const after = await Vault.open({ ...world.parts, keys: newOnly });
    for (const record of records) expect((await after.get(record)).slots).to.have.length(1);
  });

  it("survives a crash between wrapping and remembering it", async () => {
    await ofMany(60);
    const journal = new MemoryJournal();
    const save = journal.save.bind(journal);
    let saves = 0;
    journal.save = (state) => (++saves === 2 ? Promise.reject(new Error("disk full")) : save(state));
    const first = await Vault.open({ ...world.parts, journal });
    expect(await codeOf(first.rotate())).to.equal("VaultRotationInterrupted");
    expect(await first.rotate()).to.equal(2n);
  });

  it("publishes no second key when it stopped before the first batch", async () => {
    const [record = ""] = await ofMany(3);
    world.chain.beforeWrite = (what) => {
      if (what === "rewrap") throw new Error("down");
    };
    expect(await codeOf(vault.rotate())).to.equal("VaultRotationInterrupted");
    world.chain.beforeWrite = () => undefined;
    expect(await (await Vault.open(world.parts)).rotate()).to.equal(2n);
    expect((await vault.get(record)).slots).to.have.length(1);
  });

  it("goes on to another key when the new one was lost too", async () => {
    await ofMany(3);
    world.chain.beforeWrite = (what) => {
      if (what === "rewrap") throw new Error("down");
    };
    expect(await codeOf(vault.revokeLostKey())).to.equal("VaultRotationInterrupted");
    world.chain.beforeWrite = () => undefined;
    expect(await vault.revokeLostKey()).to.equal(3n);
  });

  it("forgets a journal that another device left behind", async () => {
    await ofMany(3);
    const stale = new MemoryJournal();
    await stale.save({ number: 1n, lastRecord: `0x${"ff".repeat(32)}` });
    await vault.rotate();
    const other = await Vault.open({ ...world.parts, journal: stale });
    const seen: number[] = [];
    expect(await other.rotate((_, total) => seen.push(total))).to.equal(3n);
    expect(seen).to.deep.equal([3]);
  });

  it("takes a lost device's key out of use at once", async () => {
    const [record = ""] = await ofMany(1);
    expect(await vault.revokeLostKey()).to.equal(2n);
    const { publicKey } = await world.wallet.encryptionKey(2n);
    expect(world.chain.keys.get(vault.owner)).to.deep.equal({ number: 2n, publicKey });
    expect((await vault.get(record)).slots).to.have.length(1);
  });
});
