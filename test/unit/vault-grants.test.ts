import { expect } from "chai";
import { hexlify, id, type HDNodeWallet } from "ethers";

import {
  RecordKind,
  ShareAction,
  signRequest,
  Vault,
  type Grantee,
  type GrantInput,
  type GrantScope,
} from "../../sdk/vault/index.js";
import { BILLS, codeOf, granteeOf, slot, vaultWorld, type VaultWorld } from "../utils/vault.js";

const STRANGER_PHRASE = `${"zoo ".repeat(23)}vote`;

describe("vault grants", () => {
  let world: VaultWorld;
  let vault: Vault;
  let grantee: Grantee;
  let account: HDNodeWallet;
  beforeEach(async () => {
    world = await vaultWorld();
    ({ vault } = world);
    ({ grantee, account } = await granteeOf(world));
  });

  function granting(scope: GrantScope, change: Partial<GrantInput> = {}): Promise<string> {
    const { now } = world.chain;
    return vault.grant({
      grantee: account.address,
      scope,
      purpose: "a loan",
      from: now,
      until: now + 1_000n,
      ...change,
    });
  }

  it("let the grantee read what they cover, and nothing else", async () => {
    const bill = await vault.put(BILLS);
    const trip = await vault.put({ kind: RecordKind.Trip, slots: [slot("to", "the lake")] });
    const grantId = await granting({ kind: RecordKind.Bill });
    expect((await grantee.read(grantId, bill.record)).slots).to.deep.equal(BILLS.slots);
    expect(await codeOf(grantee.read(grantId, trip.record))).to.equal("VaultNotShared");
    const { terms } = await grantee.open(grantId);
    expect(terms).to.deep.include({ owner: vault.owner, scope: { kind: RecordKind.Bill }, purpose: "a loan" });
  });

  it("cover a record, a kind, a time range, or what is all of them", async () => {
    const early = await vault.put(BILLS);
    world.chain.now += 100n;
    const late = await vault.put(BILLS);
    const other = await vault.put({ kind: RecordKind.Trip, slots: [slot("to", "the lake")] });
    const { now } = world.chain;
    const cases: [GrantScope, string[]][] = [
      [{ record: early.record }, [early.record]],
      [{ kind: RecordKind.Bill }, [early.record, late.record]],
      [{ writtenFrom: now }, [late.record, other.record]],
      [{ writtenBefore: now }, [early.record]],
      [{ kind: RecordKind.Bill, writtenFrom: now, writtenBefore: now + 1n }, [late.record]],
      [{ record: early.record, kind: RecordKind.Trip }, []],
      [{}, [early.record, late.record, other.record]],
    ];
    for (const [scope, records] of cases) {
      const { terms, shared } = await grantee.open(await granting(scope));
      expect(terms.scope).to.deep.equal(scope);
      expect(shared.map(({ record }) => record)).to.deep.equal(records);
    }
  });

  it("can be shared more under, within the scope and while they run", async () => {
    const grantId = await granting({ kind: RecordKind.Bill });
    const bill = await vault.put(BILLS);
    expect(await codeOf(grantee.read(grantId, bill.record))).to.equal("VaultNotShared");
    await vault.share(grantId, [bill]);
    expect((await grantee.read(grantId, bill.record)).slots).to.deep.equal(BILLS.slots);
    await vault.put({ ...BILLS, record: bill.record, slots: [slot("2026-09", "40.00")] });
    expect((await grantee.read(grantId, bill.record)).slots).to.deep.equal(BILLS.slots);
    const trip = await vault.put({ kind: RecordKind.Trip, slots: [slot("to", "the lake")] });
    expect(await codeOf(vault.share(grantId, [trip]))).to.equal("VaultScopeExceeded");
    expect(await codeOf(vault.share(grantId, [{ ...bill, version: 9n }]))).to.equal("VaultVersionUnknown");
    world.chain.now += 1_000n;
    expect(await codeOf(vault.share(grantId, [bill]))).to.equal("VaultGrantNotRunning");
  });

  it("end by time and begin by time, and can be renewed", async () => {
    const { record } = await vault.put(BILLS);
    const { now } = world.chain;
    const grantId = await granting({}, { from: now + 10n, until: now + 20n });
    expect(await codeOf(grantee.read(grantId, record))).to.equal("VaultGrantNotRunning");
    world.chain.now = now + 10n;
    expect((await grantee.read(grantId, record)).slots).to.have.length(2);
    expect(await codeOf(vault.renew(grantId, now + 20n))).to.equal("VaultGrantPeriodInvalid");
    await vault.renew(grantId, now + 30n);
    world.chain.now = now + 29n;
    expect((await grantee.read(grantId, record)).slots).to.have.length(2);
    world.chain.now = now + 30n;
    expect(await codeOf(grantee.read(grantId, record))).to.equal("VaultGrantNotRunning");
    expect(await codeOf(vault.renew(grantId, now + 40n))).to.equal("VaultGrantNotRunning");
  });

  it("end when they are revoked: a store gives nothing more, whatever the grantee kept", async () => {
    const { record } = await vault.put(BILLS);
    const grantId = await granting({ record });
    await grantee.read(grantId, record);
    await vault.revoke(grantId);
    expect(await codeOf(grantee.read(grantId, record))).to.equal("VaultGrantNotRunning");
    const later = await vault.put({ ...BILLS, record });
    expect(await codeOf(vault.share(grantId, [later]))).to.equal("VaultGrantNotRunning");
    expect(await codeOf(vault.renew(grantId, world.chain.now + 9_999n))).to.equal("VaultGrantNotRunning");
  });

  it("are read by their grantee alone, on the chain and at the stores", async () => {
    const { record } = await vault.put(BILLS);
    const grantId = await granting({ record });
    const stranger = await granteeOf(world, STRANGER_PHRASE);
    expect(await codeOf(stranger.grantee.open(grantId))).to.equal("VaultWrongKey");
    expect(await codeOf(stranger.grantee.read(id("no grant"), record))).to.equal("VaultGrantUnknown");
  });

  it("are its owner's to make, and to know again", async () => {
    const { record } = await vault.put(BILLS);
    const grantId = await granting({ record });
    await vault.rotate();
    const elsewhere = await Vault.open(world.parts);
    const [grant] = await elsewhere.grants();
    expect(grant).to.deep.include({ grantId, owner: vault.owner, isRevoked: false });
    expect(grant?.terms).to.deep.include({ grantee: account.address, scope: { record }, purpose: "a loan" });
    expect(await codeOf(granting({ record: id("another's") }))).to.equal("VaultRecordForeign");
    expect(await codeOf(granting({}, { until: world.chain.now }))).to.equal("VaultGrantPeriodInvalid");
    expect(await codeOf(granting({}, { purpose: "x".repeat(1_025) }))).to.equal("VaultPurposeTooLong");
    const nobody = "0x00000000000000000000000000000000000000C1";
    expect(await codeOf(granting({}, { grantee: nobody }))).to.equal("VaultKeyMissing");
    const stranger = await vaultWorld();
    expect(await codeOf(stranger.vault.revoke(grantId))).to.equal("VaultGrantUnknown");
  });

  it("show the chain neither grantee, nor scope, nor purpose, nor record; the same grant twice looks like two", async () => {
    const { record } = await vault.put(BILLS);
    await granting({ record });
    await granting({ record });
    const [first, second] = world.chain.grants;
    expect(first?.tag).to.not.equal(second?.tag);
    expect(first?.scopeHash).to.not.equal(second?.scopeHash);
    expect(first?.purposeHash).to.not.equal(second?.purposeHash);
    const seen =
      world.chain.grants.flatMap(({ payloads }) => payloads.map(hexlify)).join() +
      JSON.stringify(world.chain.grants, plain);
    for (const hidden of [
      account.address.slice(2).toLowerCase(),
      record.slice(2),
      hexlify(Buffer.from("a loan")).slice(2),
    ]) {
      expect(seen.toLowerCase()).to.not.contain(hidden);
    }
  });

  it("have payloads of few sizes", async () => {
    const sizes = new Set<number>();
    for (let count = 0; count < 8; count += 1) {
      await vault.put(BILLS);
      await granting({}, { purpose: "p".repeat(count) });
    }
    for (const { payloads } of world.chain.grants) sizes.add(payloads[0]?.length ?? 0);
    expect([...sizes]).to.deep.equal([256, 512, 1_024].map((size) => size + 96));
  });

  it("are refused when the chain says something else than what was wrapped", async () => {
    const { record } = await vault.put(BILLS);
    const grantId = await granting({ record });
    const [grant] = world.chain.grants;
    if (grant !== undefined) world.chain.grants[0] = { ...grant, scopeHash: id("a wider scope") };
    expect(await codeOf(grantee.open(grantId))).to.equal("VaultGrantPayloadInvalid");
  });

  it("open with no byte of their payload changed", async () => {
    const { record } = await vault.put(BILLS);
    const grantId = await granting({ record });
    const [payload = new Uint8Array()] = world.chain.grants[0]?.payloads ?? [];
    for (let index = 0; index < payload.length; index += 1) {
      const changed = Uint8Array.from(payload);
      changed[index] = (changed[index] ?? 0) ^ (1 + (index % 255));
      world.chain.changeGrant(grantId, { payloads: [changed] });
      expect(await codeOf(grantee.open(grantId)), `byte ${index}`).to.equal("VaultWrongKey");
    }
  });

  it("give a share store what it needs to refuse another grant's record", async () => {
    // the grantee kept its share of the first bill's key from a grant that is revoked, and has another grant now
    const [first, second] = [await vault.put(BILLS), await vault.put(BILLS)];
    const old = await granting({ record: first.record });
    const kept = await grantee.open(old);
    await vault.revoke(old);
    const grantId = await granting({ record: second.record });
    const { terms } = await grantee.open(grantId);
    const [store] = world.keepers;
    const [written] = await vault.history(first.record);
    expect(kept.shared[0]?.record).to.equal(first.record);
    const request = await signRequest(world.chain.contracts, account, {
      store: store?.account ?? "",
      action: ShareAction.Read,
      owner: vault.owner,
      record: first.record,
      version: 1n,
      commitment: written?.commitment ?? "",
      now: world.chain.now,
    });
    expect(await codeOf(store?.read(request, { grantId, terms }))).to.equal("VaultRequestRefused");
  });
});

function plain(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return hexlify(value);
  return typeof value === "bigint" ? String(value) : value;
}
