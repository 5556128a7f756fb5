import { expect } from "chai";
import { getBytes, hexlify, ZeroHash } from "ethers";

import { bytesOf } from "../../sdk/vault/bytes.js";
import {
  areAmong,
  checkReceipt,
  decodeLocator,
  markOf,
  openContent,
  receiptsHash,
  RecordKind,
  Vault,
  type ErasureReceipt,
  type ShareKeeper,
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
    const key = await world.wallet.encryptionKey(1n);
    const ownerShare = (await key.unwrap(written.wrapped, ownerShareBinding(place)))?.subarray(0, 32);
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
      world.chain.grants.map(({ payloads }) => payloads),
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
    const [first, ...rest] = world.keepers as [ShareKeeper];
    const lies: ErasureReceipt[] = receipts.flatMap((receipt) => [receipt, { ...receipt, record }]);
    for (const lie of lies) {
      const liar = altered(first, { forget: () => Promise.resolve(lie) });
      const lied = await Vault.open({ ...world.parts, shares: [liar, ...rest] });
      expect(await codeOf(lied.erase(record))).to.equal("VaultErasureIncomplete");
    }
  });

  it("is refused while a store that a version's share went to is not asked, and done with more stores than then", async () => {
    const few = await Vault.open({ ...world.parts, shares: world.parts.shares.slice(0, 1) });
    const { record } = await few.put(BILLS);
    await vault.put({ ...BILLS, record }); // another device, with all stores
    expect(await codeOf(few.erase(record))).to.equal("VaultShareStoreUnknown");
    expect((await vault.list())[0]?.erasedAt, "the chain was told nothing").to.equal(undefined);
    expect((await vault.get(record)).slots, "and no store either").to.deep.equal(BILLS.slots);
    expect((await vault.erase(record)).unproven).to.deep.equal([]);
    expect((await vault.list())[0]?.erasedAt).to.equal(world.chain.now);
  });

  it("erases what somebody else wrote with the account's key only when that is said, and says what isn't proven", async () => {
    const { record } = await vault.put(BILLS);
    const [written] = await vault.history(record);
    if (written === undefined) throw new Error("one version was written");
    await world.chain.as(vault.owner).put([{ ...written, version: 2n, wrapped: new Uint8Array(96).fill(9) }]);
    expect(await codeOf(vault.erase(record))).to.equal("VaultShareStoreUnknown");
    const { unproven } = await vault.erase(record, { despiteUnknownStores: true });
    expect(unproven).to.deep.equal([2n]);
    expect((await vault.list())[0]?.erasedAt).to.equal(world.chain.now);
  });

  it("takes no more stores than it can look through, and one named twice for one", () => {
    const accounts = Array.from({ length: 13 }, (_, index) => `0x${String(index + 1).padStart(40, "0")}`);
    expect(() => markOf(accounts)).to.throw("12 share stores");
    const [first = "", second = ""] = accounts;
    expect(markOf([second, first, second])).to.deep.equal(markOf([first, second]));
    expect(areAmong(markOf([second]), [first, second])).to.equal(true);
    expect(areAmong(markOf([first, second]), [second])).to.equal(false);
  });

  it("brings the same receipts again where they were lost, and deletes what was left, but takes no other stores' word", async () => {
    const { record } = await vault.put({ kind: RecordKind.Readings, slots: longSlots() });
    const [written] = await vault.history(record);
    const locator = decodeLocator(written?.locator ?? new Uint8Array());
    const hash = locator.place === "stores" ? locator.hash : "";
    const ciphertext = await world.contents[0]?.get(hash);
    const first = await vault.erase(record);
    await world.contents[0]?.put(hash, ciphertext ?? new Uint8Array()); // a replica that was down came back
    world.chain.now += 1_000n;
    expect(await vault.erase(record)).to.deep.equal(first);
    expect(await world.contents[0]?.get(hash)).to.equal(undefined);
    const fewer = await Vault.open({ ...world.parts, shares: world.parts.shares.slice(1) });
    expect(await codeOf(fewer.erase(record))).to.equal("VaultReceiptsDiffer");
  });

  it("brings the receipts that the chain was told of, though the vault has got more stores since", async () => {
    const few = await Vault.open({ ...world.parts, shares: world.parts.shares.slice(0, 1) });
    const { record } = await few.put(BILLS);
    const first = await few.erase(record);
    expect(first.receipts).to.have.lengthOf(1);
    expect(await vault.erase(record)).to.deep.equal(first);
  });

  it("is for good: nothing is written or kept under that record again", async () => {
    const { record } = await vault.put(BILLS);
    await vault.erase(record);
    expect(await codeOf(vault.put({ ...BILLS, record }))).to.equal("VaultRecordErased");
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
