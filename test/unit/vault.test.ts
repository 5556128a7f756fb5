import { expect } from "chai";
import { hexlify, id } from "ethers";
import fc from "fast-check";

import {
  commitmentOf,
  contentHash,
  decodeLocator,
  encodeLocator,
  MemoryJournal,
  readArchive,
  RecordKind,
  Vault,
  VaultWallet,
  verifySlot,
  writeArchive,
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
      expect(JSON.stringify(shown)).to.not.contain("August");
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
      expect(wrapped).to.have.length(80);
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

  describe("export and import", () => {
    async function filled(): Promise<{ readonly record: string; readonly text: string }> {
      const { record } = await vault.put(BILLS);
      await vault.put({ ...BILLS, record, slots: [...BILLS.slots, { label: "raw", data: Uint8Array.of(0xff, 0) }] });
      await vault.put({ kind: RecordKind.Readings, slots: longSlots() });
      const gone = await vault.put(BILLS);
      await vault.erase(gone.record);
      return { record, text: await vault.exportAll() };
    }

    it("writes an archive that anybody can read, of all that lives", async () => {
      const { record, text } = await filled();
      const lines = text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines).to.have.length(1 + 3 + 1);
      expect(lines[0]).to.include({ format: "commonwatt-vault-archive-1", owner: vault.owner, chainId: "7001" });
      expect(lines[1]).to.include({ record, kind: "bill", version: "1" });
      expect(lines[1]?.["slots"]).to.deep.equal([
        { label: "2026-07", text: "July: 31.20 credits" },
        { label: "2026-08", text: "August: 28.95 credits" },
      ]);
    });

    it("moves to another vault, commitments and all; twice is once", async () => {
      const { record, text } = await filled();
      const other = await vaultWorld({ chainId: 9n });
      expect(await other.vault.importAll(text)).to.have.length(3);
      expect(await other.vault.importAll(text)).to.have.length(0);
      for (const version of [1n, 2n]) {
        expect(await other.vault.get(record, version)).to.deep.equal(await vault.get(record, version));
      }
      const shown = await vault.prove(record, "2026-07");
      expect(verifySlot(commitmentOf(await other.vault.get(record)), shown)).to.equal(true);
    });

    it("refuses an archive that was changed anywhere, cut short, or is none", async () => {
      const { text } = await filled();
      const other = await vaultWorld();
      for (let at = 7; at < text.length; at += 997) {
        const changed = `${text.slice(0, at)}${text[at] === "0" ? "1" : "0"}${text.slice(at + 1)}`;
        expect(await codeOf(other.vault.importAll(changed)), `at ${at}`).to.equal("VaultArchiveInvalid");
        expect(await codeOf(other.vault.importAll(text.slice(0, at))), `to ${at}`).to.equal("VaultArchiveInvalid");
      }
      expect(await codeOf(other.vault.importAll(""))).to.equal("VaultArchiveInvalid");
      expect(await codeOf(other.vault.importAll("{}\n{}\n"))).to.equal("VaultArchiveInvalid");
      expect(await other.vault.list()).to.deep.equal([]);
    });

    it("says nothing of a line's content", async () => {
      const { text } = await filled();
      let message = "";
      await vault.importAll(text.replace('"slots":', '"slots" ')).catch((error: unknown) => {
        message = `${String(error)} ${String((error as Error).cause)}`;
      });
      expect(message).to.contain("line 2").and.not.contain("July");
    });

    it("takes no content that its owner's own commitment doesn't fit", async () => {
      const { text } = await filled();
      const archive = readArchive(text);
      const versions = archive.versions.map((version) => ({ ...version, commitment: id("something else") }));
      const lie = await writeArchive({ ...archive, versions }, world.parts.signer);
      const other = await vaultWorld();
      expect(await codeOf(other.vault.importAll(lie))).to.equal("VaultCommitmentMismatch");
      expect(await other.vault.list()).to.deep.equal([]);
    });

    it("writes over nothing", async () => {
      const { record, text } = await filled();
      const other = await vaultWorld();
      await other.vault.put({ ...BILLS, record });
      expect(await codeOf(other.vault.importAll(text))).to.equal("VaultImportConflict");
    });
  });

  describe("rotation", () => {
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
      // the old key opens no present version any more
      const old = { encryptionKey: () => world.wallet.encryptionKey(1n) };
      const before = await Vault.open({ ...world.parts, keys: old });
      expect(await codeOf(before.get(record))).to.equal("VaultWrongKey");
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
      expect(world.chain.keys.get(vault.owner)).to.deep.include({ number: 2n, isRevoked: false });
      expect((await vault.get(record)).slots).to.have.length(1);
    });
  });

  it("is the content's address", () => {
    const ciphertext = Uint8Array.of(1, 2, 3);
    expect(contentHash(ciphertext)).to.equal("0x039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81");
    const locator = { place: "stores", hash: contentHash(ciphertext) } as const;
    expect(decodeLocator(encodeLocator(locator))).to.deep.equal(locator);
  });
});
