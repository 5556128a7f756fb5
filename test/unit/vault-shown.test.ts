import { expect } from "chai";
import { id } from "ethers";

import { RecordKind, verifyShownSlot, writeShownSlot } from "../../sdk/vault/index.js";
import { BILLS, codeOf, slot, vaultWorld, type VaultWorld } from "../utils/vault.js";

describe("a vault's slot, shown in a file", () => {
  let world: VaultWorld;
  let record: string;
  let text: string;
  beforeEach(async () => {
    world = await vaultWorld();
    ({ record } = await world.vault.put(BILLS));
    text = writeShownSlot(world.chain.contracts, await world.vault.prove(record, "2026-07"));
  });

  const verify = (file: string) => verifyShownSlot(world.parts.chain, file);
  const changed = (change: object): string => JSON.stringify({ ...(JSON.parse(text) as object), ...change });

  it("proves itself on the chain, with when and as what it was written", async () => {
    const seen = await verify(text);
    expect(seen).to.deep.include({ owner: world.vault.owner, record, version: 1n, index: 0, label: "2026-07" });
    expect(seen).to.deep.include({ kind: RecordKind.Bill, writtenAt: world.chain.now, data: BILLS.slots[0]?.data });
    expect(seen).to.not.have.property("erasedAt");
    expect(text).to.contain("July").and.not.contain("August");
  });

  it("is of the version that it was shown of, also later, and says when the record was erased", async () => {
    await world.vault.put({ ...BILLS, record, slots: [slot("2026-09", "other")] });
    expect((await verify(text)).version).to.equal(1n);
    await world.vault.erase(record);
    expect((await verify(text)).erasedAt).to.equal(world.chain.now);
  });

  it("may be no text", async () => {
    const data = Uint8Array.from([0xff, 0, 1]);
    const other = await world.vault.put({ kind: RecordKind.Free, slots: [{ label: "bytes", data }] });
    const shown = await world.vault.prove(other.record, "bytes");
    expect((await verify(writeShownSlot(world.chain.contracts, shown))).data).to.deep.equal(data);
  });

  it("is refused with any field changed", async () => {
    const other = await world.vault.put(BILLS);
    const cases: [object, string][] = [
      [{ text: "July: 13.20 credits" }, "VaultProofFalse"],
      [{ label: "2026-08" }, "VaultProofFalse"],
      [{ index: 1 }, "VaultProofFalse"],
      [{ salt: id("salt") }, "VaultProofFalse"],
      [{ proof: [] }, "VaultProofFalse"],
      [{ record: other.record }, "VaultProofFalse"],
      [{ record: id("none") }, "VaultVersionUnknown"],
      [{ version: "2" }, "VaultVersionUnknown"],
      [{ owner: world.keepers[0]?.account }, "VaultVersionUnknown"],
      [{ chainId: "1" }, "VaultProofOtherChain"],
      [{ personalRecords: world.chain.contracts.recordGrants }, "VaultProofOtherChain"],
      [{ format: "another" }, "VaultProofInvalid"],
      [{ text: undefined }, "VaultProofInvalid"],
      [{ text: undefined, base64: "%" }, "VaultProofInvalid"],
      [{ proof: Array.from({ length: 65 }, () => id("x")) }, "VaultProofInvalid"],
      [{ more: 1 }, "VaultProofInvalid"],
    ];
    for (const [change, code] of cases)
      expect(await codeOf(verify(changed(change))), JSON.stringify(change)).to.equal(code);
    for (const noise of ["", "{", "[]", text.slice(0, 80)])
      expect(await codeOf(verify(noise))).to.equal("VaultProofInvalid");
  });
});
