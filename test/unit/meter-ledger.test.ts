import { expect } from "chai";
import { TypedDataEncoder, ZeroHash, getBytes, hexlify, keccak256, Signature, Wallet } from "ethers";
import hre from "hardhat";

import { proveReading, readingTree } from "../../sdk/merkle.js";
import type { MeterLedger } from "../../typechain-types/index.js";
import type { ReadingStruct } from "../../typechain-types/contracts/interfaces/IMeterLedger.js";

const SLOT_LENGTH = 3600n;
const ACTUAL = 1n;
const TYPES = {
  Reading: [
    { name: "meter", type: "uint32" },
    { name: "slot", type: "uint32" },
    { name: "importWh", type: "uint32" },
    { name: "exportWh", type: "uint32" },
    { name: "status", type: "uint8" },
    { name: "sequence", type: "uint8" },
  ],
};
const RULES = {
  bondRate: 1_100_000n,
  escalationRate: 100_000n,
  retailCap: 1_000_000n,
  edgeFeeCap: 50_000n,
  minimumOrderWh: 10n,
  escalationThreshold: 3n,
  escalationWindow: 24n,
  accountingFeeMicro: 100n,
  reservePerMeterMicro: 1_000_000n,
};
const WINDOWS = {
  opensBefore: 172_800n,
  gateBefore: 1_800n,
  feederBefore: 1_200n,
  districtBefore: 900n,
  cityBefore: 600n,
  readingFor: 21_600n,
  disputeFor: 86_400n,
  decisionFor: 86_400n,
  finalFor: 43_200n,
};

type Message = Omit<ReadingStruct, "r" | "vs">;

/** A ledger on a chain of its own, and the keys of `count` active meters from number 1 on. */
async function ledgerOf(count: number) {
  const { ethers, networkHelpers } = await hre.network.create("embeddedTransaction");
  const [admin] = await ethers.getSigners();
  if (!admin) throw new Error("The chain has no accounts.");
  const manager = await ethers.deployContract("AccessManager", [admin.address]);
  const federation = await ethers.deployContract("MockFederation");
  const topology = await ethers.deployContract("MockGridTopology");
  const devices = await ethers.deployContract("MockDeviceRegistry");
  const rules = await ethers.deployContract("MarketRules", [manager, SLOT_LENGTH, RULES, WINDOWS]);
  const calendar = await ethers.deployContract("MarketCalendar", [rules, federation]);
  const ledger = await ethers.deployContract("MeterLedger", [manager, devices, topology, calendar, federation]);
  const keys = Array.from(
    { length: count },
    (_, i) => new Wallet(keccak256(`0x${(i + 1).toString(16).padStart(8, "0")}`)),
  );
  await devices.setKeys(
    1,
    keys.map((key) => key.address),
  );
  const slot = (BigInt(await networkHelpers.time.latest()) + 10n * SLOT_LENGTH) / SLOT_LENGTH;
  await networkHelpers.time.increaseTo((slot + 1n) * SLOT_LENGTH);
  return { ethers, ledger, keys, slot, networkHelpers };
}

async function sign(ledger: MeterLedger, key: Wallet, message: Message): Promise<ReadingStruct> {
  const { name, version, chainId, verifyingContract } = await ledger.eip712Domain();
  const text = await key.signTypedData({ name, version, chainId, verifyingContract }, TYPES, message);
  const { r, yParityAndS } = Signature.from(text);
  return { ...message, r, vs: yParityAndS };
}

/** One actual reading of each meter in one slot. */
async function batchOf(ledger: MeterLedger, keys: readonly Wallet[], slot: bigint): Promise<ReadingStruct[]> {
  return Promise.all(
    keys.map((key, i) =>
      sign(ledger, key, {
        meter: BigInt(i + 1),
        slot,
        importWh: BigInt(1_000 + i),
        exportWh: BigInt(i % 3),
        status: ACTUAL,
        sequence: 0n,
      }),
    ),
  );
}

describe("MeterLedger's batches", () => {
  for (const count of [1, 2, 3, 5, 8, 33]) {
    it(`commits to ${count} readings as the SDK does, and proves each of them and no other`, async () => {
      const { ledger, keys, slot } = await ledgerOf(count);
      const batch = await batchOf(ledger, keys, slot);
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
    const { ledger, slot } = await ledgerOf(1);
    const { name, version, chainId, verifyingContract } = await ledger.eip712Domain();
    const message = { meter: 7n, slot, importWh: 67_108_863n, exportWh: 12n, status: 4n, sequence: 255n };
    const expected = TypedDataEncoder.hash({ name, version, chainId, verifyingContract }, TYPES, message);
    expect(await ledger.digestOf({ ...message, r: ZeroHash, vs: ZeroHash })).to.equal(expected);
  });

  it("tells every reading of a batch in its event, and which of them were new", async () => {
    const { ledger, keys, slot } = await ledgerOf(3);
    const batch = await batchOf(ledger, keys, slot);
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

  it("stores 100 actual readings for at most 18,000 gas each", async () => {
    const { ledger, keys, slot, networkHelpers } = await ledgerOf(100);
    // The first batch of a ledger pays for the array of roots and the like; this is about every other.
    await ledger.submit(await batchOf(ledger, keys, slot));
    await networkHelpers.time.increaseTo((slot + 2n) * SLOT_LENGTH);
    const batch = await batchOf(ledger, keys, slot + 1n);
    const sent = await ledger.submit(batch);
    const receipt = await sent.wait();
    console.log(receipt?.gasUsed);
    expect(receipt?.gasUsed).to.be.at.most(1_800_000n);
  });
});
