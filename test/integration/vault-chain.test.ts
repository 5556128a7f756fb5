import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { expel, reinstate, suspend } from "../../sdk/actions/federation.js";
import { RecordKind, Vault, verifySlot, type GrantInput, type GrantScope } from "../../sdk/vault/index.js";
import { openVaultChain, personOf, type VaultChain, type VaultPerson } from "../utils/vault-chain.js";
import { BILLS, codeOf, GRANTEE_PHRASE, longSlots, OWNER_PHRASE, slot } from "../utils/vault.js";

const HEIR_PHRASE = `${"zoo ".repeat(23)}vote`;
const DAY = 86_400n;

describe("the vault on the user chain", () => {
  let folder: string;
  let world: VaultChain;
  let owner: VaultPerson;
  let bank: VaultPerson;
  let heir: VaultPerson;
  let vault: Vault;

  before(async function () {
    this.timeout(180_000);
    folder = await mkdtemp(join(tmpdir(), "commonwatt-vault-chain-"));
    world = await openVaultChain();
    owner = await personOf(world, OWNER_PHRASE, folder);
    bank = await personOf(world, GRANTEE_PHRASE, folder);
    heir = await personOf(world, HEIR_PHRASE, folder);
    ({ vault } = owner);
  });

  after(async () => {
    await world.network.close();
    await rm(folder, { recursive: true });
  });

  async function granting(scope: GrantScope, change: Partial<GrantInput> = {}): Promise<string> {
    const from = await world.tick();
    const until = from + DAY;
    return vault.grant({ grantee: bank.vault.owner, scope, purpose: "a loan", from, until, ...change });
  }

  it("keeps small records on the chain and large ones in the folder, version after version", async () => {
    const { record } = await vault.put(BILLS);
    expect(await readdir(join(folder, "contents")).catch(() => [])).to.deep.equal([]);
    const large = [slot("2026-09", "30.00"), ...longSlots(70_000)];
    expect(await vault.put({ ...BILLS, record, slots: large })).to.deep.equal({ record, version: 2n });
    await vault.put({ ...BILLS, record, slots: [slot("2026-10", "31.00")] });
    expect(await readdir(join(folder, "contents"))).to.have.length(1);
    expect((await vault.get(record, 1n)).slots).to.deep.equal(BILLS.slots);
    expect((await vault.get(record, 2n)).slots).to.deep.equal(large);
    expect((await vault.get(record)).slots).to.deep.equal([slot("2026-10", "31.00")]);
    const [state] = await vault.list();
    expect(state).to.deep.equal({ record, kind: RecordKind.Bill, version: 3n });
    const history = await vault.history(record);
    expect(history.map(({ version }) => version)).to.deep.equal([1n, 2n, 3n]);
    const shown = await vault.prove(record, "2026-07", 1n);
    expect(verifySlot(history[0]?.commitment ?? "", shown)).to.equal(true);
    expect(await codeOf(vault.put({ ...BILLS, record, version: 3n }))).to.equal("VaultVersionReplayed");
    expect(await codeOf(bank.vault.get(record))).to.equal("VaultRecordForeign");
  });

  it("grants, shares what comes later, and closes later versions when the grant is revoked", async () => {
    const { record } = await vault.put(BILLS);
    const grantId = await granting({ record });
    expect((await bank.grantee.read(grantId, record)).slots).to.deep.equal(BILLS.slots);
    expect((await bank.grantee.open(grantId)).terms).to.deep.include({ owner: vault.owner, purpose: "a loan" });
    const second = await vault.put({ ...BILLS, record, slots: [slot("2026-09", "40.00")] });
    expect((await bank.grantee.read(grantId, record)).slots).to.deep.equal(BILLS.slots);
    await vault.share(grantId, [second]);
    expect((await bank.grantee.read(grantId, record)).slots).to.deep.equal([slot("2026-09", "40.00")]);
    await vault.renew(grantId, world.now() + 2n * DAY);
    await vault.revoke(grantId);
    const third = await vault.put({ ...BILLS, record, slots: [slot("2026-10", "41.00")] });
    expect(await codeOf(vault.share(grantId, [third]))).to.equal("VaultGrantNotRunning");
    for (const version of [1n, 2n, 3n]) {
      expect(await codeOf(bank.grantee.read(grantId, record, version))).to.equal("VaultGrantNotRunning");
    }
    const grant = (await vault.grants()).find((one) => one.grantId === grantId);
    expect(grant).to.deep.include({ isRevoked: true, owner: vault.owner });
    expect(grant?.terms).to.deep.include({ grantee: bank.vault.owner, scope: { record }, purpose: "a loan" });
  });

  it("grants more versions than one payload holds", async () => {
    const inputs = Array.from({ length: 70 }, (_, index) => ({
      kind: RecordKind.Trip,
      slots: [slot("to", String(index))],
    }));
    const trips = await vault.putAll(inputs);
    const grantId = await granting({ kind: RecordKind.Trip });
    const { shared } = await bank.grantee.open(grantId);
    expect(shared.map(({ record }) => record)).to.deep.equal(trips.map(({ record }) => record));
    const last = trips.at(-1)?.record ?? "";
    expect((await bank.grantee.read(grantId, last)).slots).to.deep.equal([slot("to", "69")]);
  });

  it("rotates: the new key opens all, also for another device, and a lost key is revoked", async () => {
    const { record } = await vault.put(BILLS);
    const newOnly = { encryptionKey: () => owner.wallet.encryptionKey(2n) };
    const device = await Vault.open({ ...owner.parts, keys: newOnly });
    expect(await codeOf(device.get(record))).to.equal("VaultWrongKey");
    expect(await vault.rotate()).to.equal(2n);
    expect((await device.get(record)).slots).to.deep.equal(BILLS.slots);
    expect((await (await Vault.open(owner.parts)).get(record)).slots).to.deep.equal(BILLS.slots);
    expect(await vault.revokeLostKey()).to.equal(3n);
    expect((await vault.get(record)).slots).to.deep.equal(BILLS.slots);
    expect((await vault.grants()).length).to.be.greaterThan(0);
  });

  it("exports all in one signed file, and another vault imports it under the same ids", async () => {
    const { record } = await vault.put({ ...BILLS, slots: [slot("2026-11", "12.00")] });
    const archive = await vault.exportAll();
    const imported = await heir.vault.importAll(archive);
    expect(imported.map((one) => one.record)).to.include(record);
    expect(await heir.vault.importAll(archive)).to.deep.equal([]);
    expect((await heir.vault.get(record)).slots).to.deep.equal([slot("2026-11", "12.00")]);
    const [before, after] = [await vault.history(record), await heir.vault.history(record)];
    expect(after[0]?.commitment).to.equal(before[0]?.commitment);
  });

  it("erases for everybody, and the chain says when and by whose receipts", async () => {
    const { record } = await vault.put({ ...BILLS, slots: longSlots() });
    const grantId = await granting({ record });
    await bank.grantee.read(grantId, record);
    const { receiptsHash, leftWith } = await vault.erase(record);
    expect(leftWith).to.deep.equal([]);
    expect(await codeOf(vault.get(record))).to.equal("VaultRecordErased");
    expect(await codeOf(bank.grantee.read(grantId, record))).to.equal("VaultRecordErased");
    expect(await codeOf(vault.put({ ...BILLS, record }))).to.equal("VaultRecordErased");
    const state = (await vault.list()).find((one) => one.record === record);
    expect(state).to.deep.include({ version: 1n, receiptsHash, erasedAt: await world.tick() });
    expect(await owner.parts.chain.stateOf(vault.owner, record)).to.deep.equal(state);
  });

  it("lets who was expelled take its records with it and erase them, and write no more", async () => {
    const { record } = await heir.vault.put(BILLS);
    await expel(world.registrar, { account: heir.vault.owner });
    expect((await heir.vault.get(record)).slots).to.deep.equal(BILLS.slots);
    expect(await codeOf(heir.vault.put(BILLS))).to.equal("VaultRequestRefused");
    await heir.vault.erase(record);
    expect(await codeOf(heir.vault.get(record))).to.equal("VaultRecordErased");
  });

  it("gives a grantee that was suspended nothing", async () => {
    const { record } = await vault.put(BILLS);
    const grantId = await granting({ record });
    await suspend(world.registrar, { account: bank.vault.owner });
    expect(await codeOf(bank.grantee.read(grantId, record))).to.equal("VaultRequestRefused");
    await reinstate(world.registrar, { account: bank.vault.owner });
    expect((await bank.grantee.read(grantId, record)).slots).to.deep.equal(BILLS.slots);
  });
});
