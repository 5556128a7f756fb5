import { expect } from "chai";
import { hexlify, id } from "ethers";
import fc from "fast-check";

import {
  contentHash,
  decodeLocator,
  encodeLocator,
  RecordKind,
  Vault,
  VaultWallet,
  verifySlot,
  wireText,
  type ShareKeeper,
  type WrittenVersion,
} from "../../sdk/vault/index.js";
import {
  altered,
  BILLS,
  codeOf,
  GRANTEE_PHRASE,
  longSlots,
  slot,
  vaultWorld,
  type VaultWorld,
} from "../utils/vault.js";

/** Puts something else in the place of what the chain says of a version, as a lying node would. */
function tamper({ chain, vault }: VaultWorld, record: string, version: bigint, change: Partial<WrittenVersion>): void {
  const versions = chain.versions.get(vault.owner) ?? [];
  const index = versions.findIndex((one) => one.record === record && one.version === version);
  const written = versions[index];
  if (written !== undefined) versions[index] = { ...written, ...change };
}

describe("vault", () => {
  let world: VaultWorld;
  let vault: Vault;
  beforeEach(async () => {
    world = await vaultWorld();
    ({ vault } = world);
  });

  describe("put and get", () => {
    it("gives back what was put, small ones from the chain and large ones from the stores", async () => {
      const small = await vault.put({ kind: RecordKind.Free, slots: [slot("note", "on the chain")] });
      const large = await vault.put({ kind: RecordKind.Readings, slots: longSlots() });
      expect((await vault.get(small.record)).slots).to.deep.equal([slot("note", "on the chain")]);
      expect((await vault.get(large.record)).slots).to.deep.equal(longSlots());
      const places = (await Promise.all([small, large].map(({ record }) => vault.history(record))))
        .flat()
        .map(({ locator }) => decodeLocator(locator).place);
      expect(places).to.deep.equal(["chain", "stores"]);
    });

    it("keeps every version, each under a key of its own", async () => {
      const { record } = await vault.put({ kind: RecordKind.Profile, slots: [slot("name", "Ada")] });
      await vault.put({ record, kind: RecordKind.Profile, slots: [slot("name", "Ada L.")] });
      expect((await vault.get(record, 1n)).slots).to.deep.equal([slot("name", "Ada")]);
      expect((await vault.get(record)).slots).to.deep.equal([slot("name", "Ada L.")]);
      expect(await codeOf(vault.get(record, 3n))).to.equal("VaultVersionUnknown");
      expect((await vault.history(record)).map(({ version }) => version)).to.deep.equal([1n, 2n]);
      expect(await vault.list()).to.deep.equal([{ record, kind: RecordKind.Profile, version: 2n }]);
    });

    it("writes many in as few transactions as the chain takes, also several versions of one record", async () => {
      const puts: string[] = [];
      world.chain.beforeWrite = (what) => puts.push(what);
      const record = id("one record");
      const inputs = Array.from({ length: 120 }, (_, index) => ({
        ...(index % 40 === 0 ? { record } : {}),
        kind: RecordKind.Trip,
        slots: [slot("trip", String(index))],
      }));
      const written = await vault.putAll(inputs);
      expect(puts).to.deep.equal(["put", "put", "put"]);
      expect(written.filter((name) => name.record === record).map(({ version }) => version)).to.deep.equal([
        1n,
        2n,
        3n,
      ]);
      expect((await vault.get(record, 2n)).slots).to.deep.equal([slot("trip", "40")]);
    });

    it("gives back anything", async () => {
      const slots = fc.uniqueArray(fc.record({ label: fc.string(), data: fc.uint8Array({ maxLength: 2_000 }) }), {
        minLength: 1,
        maxLength: 5,
        selector: ({ label }) => label,
      });
      await fc.assert(
        fc.asyncProperty(slots, async (all) => {
          const { record } = await vault.put({ kind: RecordKind.Free, slots: all });
          expect((await vault.get(record)).slots).to.deep.equal(all);
        }),
        { numRuns: 30 },
      );
    });

    it("opens for the seed phrase on another device, and for no other phrase", async () => {
      const { record } = await vault.put(BILLS);
      const elsewhere = await Vault.open({ ...world.parts, keys: VaultWallet.fromPhrase(world.wallet.phrase) });
      expect((await elsewhere.get(record)).slots).to.deep.equal(BILLS.slots);
      const stranger = await Vault.open({ ...world.parts, keys: VaultWallet.fromPhrase(GRANTEE_PHRASE) });
      expect(await codeOf(stranger.get(record))).to.equal("VaultWrongKey");
      expect(await codeOf(stranger.put(BILLS))).to.equal("VaultKeyForeign");
    });

    it("shows July and hides August", async () => {
      const { record } = await vault.put(BILLS);
      const shown = await vault.prove(record, "2026-07");
      const [written] = await vault.history(record);
      expect(verifySlot(written?.commitment ?? "", shown)).to.equal(true);
      expect(wireText({ ...shown, data: hexlify(shown.data) })).to.not.contain(
        hexlify(BILLS.slots[1]?.data ?? "0x").slice(2),
      );
    });

    it("refuses a version that is not the next, and a record of somebody else", async () => {
      const { record } = await vault.put(BILLS);
      for (const version of [1n, 3n]) {
        expect(await codeOf(vault.put({ ...BILLS, record, version }))).to.equal("VaultVersionReplayed");
      }
      expect(await codeOf(vault.get(id("another's")))).to.equal("VaultRecordForeign");
      expect(await codeOf(vault.history(id("another's")))).to.equal("VaultRecordForeign");
    });

    it("writes nothing with a key that is missing or revoked", async () => {
      await world.parts.directory.revoke();
      expect(await codeOf(vault.put(BILLS))).to.equal("VaultKeyRevoked");
      world.chain.keys.clear();
      expect(await codeOf(vault.put(BILLS))).to.equal("VaultKeyMissing");
      expect(await vault.publishKey()).to.equal(1n);
      expect(await vault.publishKey()).to.equal(1n);
    });

    it("says which stores it lacks", async () => {
      const noShares = await Vault.open({ ...world.parts, shares: [] });
      expect(await codeOf(noShares.put(BILLS))).to.equal("VaultNoShareStore");
      const noContents = await Vault.open({ ...world.parts, contents: [] });
      expect(await codeOf(noContents.put({ kind: RecordKind.Free, slots: longSlots() }))).to.equal(
        "VaultNoContentStore",
      );
    });

    it("can be tried again when the chain refused", async () => {
      let isDown = true;
      world.chain.beforeWrite = () => {
        if (isDown) throw new Error("down");
      };
      const record = id("tried twice");
      expect(await codeOf(vault.put({ ...BILLS, record }))).to.equal("Error: down");
      isDown = false;
      await vault.put({ ...BILLS, record });
      expect((await vault.get(record)).slots).to.deep.equal(BILLS.slots);
    });
  });

  describe("what others could do to it", () => {
    it("opens with no byte of the wrapped share changed", async () => {
      const { record } = await vault.put(BILLS);
      const wrapped = (await vault.history(record))[0]?.wrapped ?? new Uint8Array();
      expect(wrapped).to.have.length(96);
      for (let index = 0; index < wrapped.length; index += 1) {
        const changed = Uint8Array.from(wrapped);
        changed[index] = (changed[index] ?? 0) ^ (1 + (index % 255));
        tamper(world, record, 1n, { wrapped: changed });
        expect(await codeOf(vault.get(record)), `byte ${index}`).to.equal("VaultWrongKey");
      }
      // X25519 ignores this bit, HPKE's context doesn't
      const ignored = Uint8Array.from(wrapped, (byte, index) => (index === 31 ? byte ^ 0x80 : byte));
      tamper(world, record, 1n, { wrapped: ignored });
      expect(await codeOf(vault.get(record))).to.equal("VaultWrongKey");
      tamper(world, record, 1n, { wrapped: wrapped.subarray(0, 47) });
      expect(await codeOf(vault.get(record))).to.equal("VaultWrappingTruncated");
      tamper(world, record, 1n, { wrapped: new Uint8Array(80) });
      expect(await codeOf(vault.get(record))).to.equal("VaultLowOrderPoint");
    });

    it("opens with no part of one version in the place of another's", async () => {
      const { record } = await vault.put(BILLS);
      await vault.put({ ...BILLS, record });
      const [first, second] = await vault.history(record);
      if (first === undefined || second === undefined) throw new Error("two versions were written");
      const { locator, wrapped, commitment } = first;
      tamper(world, record, 2n, { locator });
      expect(await codeOf(vault.get(record))).to.equal("VaultCiphertextForeign");
      tamper(world, record, 2n, { locator: second.locator, wrapped });
      expect(await codeOf(vault.get(record))).to.equal("VaultWrongKey");
      tamper(world, record, 2n, { wrapped: second.wrapped, commitment });
      expect(await codeOf(vault.get(record))).to.equal("VaultShareMissing");
      tamper(world, record, 2n, { locator, wrapped, commitment });
      expect(await codeOf(vault.get(record))).to.equal("VaultWrongKey");
    });

    it("is served no past, no gaps and no unknown places", async () => {
      const { record } = await vault.put(BILLS);
      await vault.put({ ...BILLS, record });
      const { chain } = world;
      const [states, versions] = [chain.states.get(vault.owner) ?? [], chain.versions.get(vault.owner) ?? []];
      chain.states.set(vault.owner, [{ record, kind: BILLS.kind, version: 1n }]);
      expect(await codeOf(vault.get(record))).to.equal("VaultVersionReplayed");
      chain.states.set(vault.owner, states);
      chain.versions.set(vault.owner, versions.slice(1));
      expect(await codeOf(vault.get(record))).to.equal("VaultHistoryBroken");
      chain.versions.set(vault.owner, versions);
      tamper(world, record, 2n, { locator: Uint8Array.of(1, 2, 3) });
      expect(await codeOf(vault.get(record))).to.equal("VaultLocatorInvalid");
    });
  });

  describe("replicas", () => {
    const long = { kind: RecordKind.Readings, slots: longSlots() };

    async function storedHash(record: string): Promise<string> {
      const locator = decodeLocator((await vault.history(record))[0]?.locator ?? new Uint8Array());
      return locator.place === "stores" ? locator.hash : "";
    }

    it("stand in for one that lost or altered the ciphertext, and mend it", async () => {
      const { record } = await vault.put(long);
      const hash = await storedHash(record);
      const [first] = world.contents;
      const good = await first?.get(hash);
      for (const bad of [undefined, new Uint8Array(10), Uint8Array.from(good ?? [], (byte) => byte ^ 1)]) {
        await first?.delete(hash);
        if (bad !== undefined) await first?.put(hash, bad);
        expect((await vault.get(record)).slots).to.deep.equal(longSlots());
        expect(await first?.get(hash)).to.deep.equal(good);
      }
    });

    it("say so when none has it unaltered, or none is reached", async () => {
      const { record } = await vault.put(long);
      const hash = await storedHash(record);
      for (const store of world.contents) await store.put(hash, new Uint8Array(300));
      expect(await codeOf(vault.get(record))).to.equal("VaultContentAltered");
      for (const store of world.contents) await store.delete(hash);
      expect(await codeOf(vault.get(record))).to.equal("VaultContentMissing");
      for (const store of world.contents) store.get = () => Promise.reject(new Error("no route"));
      expect(await codeOf(vault.get(record))).to.equal("VaultStoreUnreachable");
    });

    it("of the shares stand in for each other too", async () => {
      const { record } = await vault.put(BILLS);
      const [first, second] = world.keepers;
      if (first === undefined || second === undefined) throw new Error("two stores were opened");
      const down = altered(first, { read: () => Promise.reject(new Error("no route")) });
      const half = await Vault.open({ ...world.parts, shares: [down, second] });
      expect((await half.get(record)).slots).to.deep.equal(BILLS.slots);
      const none = await Vault.open({ ...world.parts, shares: [down] });
      expect(await codeOf(none.get(record))).to.equal("VaultStoreUnreachable");
    });

    it("of the shares stand in for one that gives a wrong share", async () => {
      const { record } = await vault.put(BILLS);
      const [first, second] = world.keepers as [ShareKeeper, ShareKeeper];
      const liar = altered(first, { read: () => Promise.resolve(new Uint8Array(32).fill(9)) });
      const half = await Vault.open({ ...world.parts, shares: [liar, second] });
      expect((await half.get(record)).slots).to.deep.equal(BILLS.slots);
      const lied = await Vault.open({ ...world.parts, shares: [liar] });
      expect(await codeOf(lied.get(record))).to.equal("VaultCiphertextForeign");
    });

    it("hold nothing in clear, nor does the chain", async () => {
      const text = "the Smiths of 12 Elm Street";
      const slots = [slot("address of the Smiths", text), ...longSlots()];
      const { record } = await vault.put({ kind: RecordKind.Profile, slots });
      const hash = await storedHash(record);
      const kept = [
        hexlify((await world.contents[0]?.get(hash)) ?? "0x"),
        JSON.stringify([...world.chain.versions.values()], (_, value: unknown) =>
          typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? hexlify(value) : value,
        ),
        JSON.stringify(await world.tables[0]?.read(vault.owner, record)),
      ].join();
      for (const secret of [text, "Smiths"]) {
        expect(kept)
          .to.not.contain(secret)
          .and.not.contain(hexlify(new TextEncoder().encode(secret)).slice(2));
      }
    });
  });

  it("is the content's address", () => {
    const ciphertext = Uint8Array.of(1, 2, 3);
    expect(contentHash(ciphertext)).to.equal("0x039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81");
    const locator = { place: "stores", hash: contentHash(ciphertext) } as const;
    expect(decodeLocator(encodeLocator(locator))).to.deep.equal(locator);
  });
});
