import { expect } from "chai";
import { id } from "ethers";

import {
  commitmentOf,
  readArchive,
  RecordKind,
  type ShareKeeper,
  Vault,
  verifySlot,
  writeArchive,
} from "../../sdk/vault/index.js";
import { altered, BILLS, codeOf, longSlots, vaultWorld, type VaultWorld } from "../utils/vault.js";

describe("vault archives", () => {
  let world: VaultWorld;
  let vault: Vault;
  beforeEach(async () => {
    world = await vaultWorld();
    ({ vault } = world);
  });

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

  it("is brought in by a second try, where a store was down or the chain failed in the first", async () => {
    const { record, text } = await filled();
    const other = await vaultWorld({ chainId: 9n });
    const [first, ...rest] = other.keepers as [ShareKeeper];
    const down = altered(first, { keep: () => Promise.reject(new Error("down")) });
    const half = await Vault.open({ ...other.parts, shares: [down, ...rest] });
    expect(await codeOf(half.importAll(text))).to.equal("VaultStoreUnreachable");
    other.chain.beforeWrite = () => {
      throw new Error("chain down");
    };
    expect(await codeOf(other.vault.importAll(text))).to.equal("Error: chain down");
    other.chain.beforeWrite = () => undefined;
    expect(await other.vault.importAll(text)).to.have.length(3);
    expect(await other.vault.get(record)).to.deep.equal(await vault.get(record));
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
