import { expect } from "chai";
import { getBytes, hexlify, keccak256, TypedDataEncoder, ZeroHash } from "ethers";
import hre from "hardhat";

import { keptReadings } from "../../sdk/audit/compare.js";
import { READING_SLOTS } from "../../sdk/bounds.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { proveReading, readingTree } from "../../sdk/merkle.js";
import { readingDigest, signSeries } from "../../sdk/signing/readings.js";
import { ACTUAL, batchOf, deployLedger, READING_TYPES, SLOT_LENGTH } from "../utils/meter-ledger.js";

/** A ledger on a chain of its own, with `count` active meters. */
async function staged(count: number) {
  const { ethers, networkHelpers } = await hre.network.create("embeddedTransaction");
  const stage = await deployLedger(ethers, networkHelpers, count);
  return { stage, ledger: stage.ledger, slot: stage.slot, networkHelpers };
}

describe("MeterLedger's batches", () => {
  for (const count of [1, 2, 3, 5, 8, 33]) {
    it(`commits to ${count} readings as the SDK does, and proves each of them and no other`, async () => {
      const { stage, ledger, slot } = await staged(count);
      const batch = await batchOf(stage, slot, ACTUAL);
      const digests = await Promise.all(batch.map((reading) => ledger.digestOf(reading)));
      await ledger.submit(batch);

      const root = await ledger.rootOf(1);
      expect(root).to.equal(readingTree(digests).root);
      for (let index = 0; index < count; index++) {
        const { digest, proof } = proveReading(digests, index);
        expect(await ledger.isInBatch(1, digest, [...proof])).to.equal(true);
        expect(await ledger.isInBatch(1, keccak256(digest), [...proof])).to.equal(false);
        expect(await ledger.isInBatch(2, digest, [...proof])).to.equal(false);
      }
    });
  }

  it("takes the digest that wallets sign", async () => {
    const { ledger, slot } = await staged(1);
    const { name, version, chainId, verifyingContract } = await ledger.eip712Domain();
    const message = { meter: 7n, slot, importWh: 16_777_215n, exportWh: 12n, status: 4n, sequence: 255n };
    const expected = TypedDataEncoder.hash({ name, version, chainId, verifyingContract }, READING_TYPES, message);
    expect(await ledger.digestOf({ ...message, r: ZeroHash, vs: ZeroHash })).to.equal(expected);
  });

  it("takes a series as the SDK signs it, and proves each of its readings by itself", async () => {
    const { stage, ledger, slot, networkHelpers } = await staged(1);
    await networkHelpers.time.increaseTo((slot + 8n) * SLOT_LENGTH);
    const { chainId, verifyingContract } = await ledger.eip712Domain();
    const readings = Array.from({ length: 8 }, (_, i) => {
      return {
        meter: 1n,
        slot: slot + BigInt(i),
        importWh: 9n,
        exportWh: BigInt(i),
        status: ReadingStatus.Actual,
        sequence: 0n,
      };
    });
    const domain = { chainId, verifyingContract };
    const [key] = stage.keys;
    if (key === undefined) throw new Error("There is no meter.");
    await ledger.submit(await signSeries(key, domain, readings));
    const digests = readings.map((reading) => readingDigest(domain, reading));
    for (const [index, { exportWh }] of readings.entries()) {
      expect(await ledger.readingAt(1n, slot + BigInt(index))).to.deep.equal([9n, exportWh, ACTUAL, 0n]);
      const { digest, proof } = proveReading(digests, index);
      expect(await ledger.isInBatch(1, digest, [...proof])).to.equal(true);
    }
  });

  it("forgets, a round of slots later, exactly what the audit expects", async () => {
    const { stage, ledger, slot, networkHelpers } = await staged(9);
    const later = slot + BigInt(READING_SLOTS);
    const keys = (meters: readonly number[], of: bigint) => meters.map((meter) => `${meter}/${of}`);
    await ledger.submit(await batchOf(stage, slot, ACTUAL));
    await networkHelpers.time.increaseTo((later + 1n) * SLOT_LENGTH);
    await ledger.submit((await batchOf(stage, later, ACTUAL)).filter(({ meter }) => meter === 2n || meter === 9n));
    const all = [...keys([1, 2, 3, 4, 5, 6, 7, 8, 9], slot), ...keys([2, 9], later)];
    const kept = keptReadings(all);
    expect([...kept]).to.deep.equal([...keys([4, 5, 6, 7], slot), ...keys([2, 9], later)]);
    for (const key of all) {
      const [meter = 0n, of = 0n] = key.split("/").map(BigInt);
      expect((await ledger.readingAt(meter, of)).status, key).to.equal(kept.has(key) ? ACTUAL : 0n);
    }
  });

  it("tells every reading of a batch in its event, and which of them were new", async () => {
    const { stage, ledger, slot } = await staged(3);
    const batch = await batchOf(stage, slot, ACTUAL);
    await ledger.submit(batch.slice(1, 2));
    await ledger.submit(batch);

    const [, event] = await ledger.queryFilter(ledger.filters.ReadingBatchStored);
    expect(event?.args.batchId).to.equal(2n);
    expect(event?.args.root).to.equal(await ledger.rootOf(2));
    const words = (event?.args.readings ?? []).map((word) => getBytes(word));
    expect(words.length).to.equal(3);
    words.forEach((word, i) => {
      const field = (from: number, to: number): bigint => BigInt(hexlify(word.slice(from, to)));
      const fields = [field(0, 4), field(4, 8), field(8, 12), field(12, 16), field(16, 17), field(17, 18)];
      expect(fields).to.deep.equal([BigInt(i + 1), slot, BigInt(1_000 + i), BigInt(i % 3), ACTUAL, 0n]);
      expect(field(18, 19)).to.equal(i === 1 ? 0n : 1n);
      expect(field(19, 32)).to.equal(0n);
    });
  });

  it("stores 100 actual readings for at most 17,900 gas each", async () => {
    const { stage, ledger, slot, networkHelpers } = await staged(100);
    // The first batch of a ledger pays for things that are there for every other.
    await ledger.submit(await batchOf(stage, slot, ACTUAL));
    await networkHelpers.time.increaseTo((slot + 2n) * SLOT_LENGTH);
    const sent = await ledger.submit(await batchOf(stage, slot + 1n, ACTUAL));
    const receipt = await sent.wait();
    expect(receipt?.gasUsed).to.be.at.most(1_790_000n);
  });
});
