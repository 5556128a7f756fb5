import { expect } from "chai";
import fc from "fast-check";

import { shuffledInBatches } from "../../scripts/home-admission.js";
import { Random } from "../../scripts/inputs/index.js";
import { HandingOver } from "../../scripts/oracle/handover.js";
import type { OutboxEntry } from "../../scripts/oracle/types.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import {
  billIn,
  billSlot,
  HomeAgent,
  LINKABLE,
  monthOf,
  readingIn,
  readingSlot,
  RecordKind,
  UNLINKABLE,
  writingTime,
  type Vault,
  type IntervalReading,
} from "../../sdk/vault/index.js";
import { codeOf, vaultWorld } from "../utils/vault.js";

const HOUR = 3_600n;
/** 2024-07-31T22:00:00Z. */
const SLOT = 1_722_463_200n / HOUR;
const BILL = {
  meter: 7n,
  firstSlot: 1n,
  lastSlot: 24n,
  importWh: 1n,
  exportWh: 2n,
  communityBoughtWh: 3n,
  communitySoldWh: 4n,
  gridImportWh: 5n,
  gridExportWh: 6n,
  paidMicro: 7n,
  receivedMicro: 8n,
  feesMicro: 9n,
  bondPaidMicro: 10n,
  bondReceivedMicro: 2n ** 64n - 1n,
};

function reading(slot: bigint, importWh = 1_234n): IntervalReading {
  return { meter: 7n, slot, importWh, exportWh: 0n, status: ReadingStatus.Actual };
}

describe("a home's records", () => {
  it("are of one size whatever the meter saw, and read back", () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
    const past = fc.bigInt({ min: 0n, max: 2n ** 31n }); // dates end in the year 275760
    const length = readingSlot(reading(1n), HOUR).data.length;
    fc.assert(
      fc.property(word, past, word, word, fc.integer({ min: 0, max: 5 }), (meter, slot, importWh, exportWh, status) => {
        const given = { meter, slot, importWh, exportWh, status: status as ReadingStatus };
        const written = readingSlot(given, HOUR);
        expect(written.data.length).to.equal(length);
        expect(readingIn(written)).to.deep.equal(given);
      }),
    );
    expect(billIn(billSlot(BILL, "2024-07"))).to.deep.equal(BILL);
  });

  it("refuse what doesn't fit, and any other spelling", async () => {
    expect(() => readingSlot(reading(1n, 10n ** 10n), HOUR)).to.throw(RangeError);
    expect(() => readingSlot(reading(1n, -1n), HOUR)).to.throw(RangeError);
    const text = new TextDecoder().decode(readingSlot(reading(1n), HOUR).data);
    for (const other of ["", "7", "null", text.replace("0000000007", "7"), text.replace("}", ',"more":"1"}')]) {
      const data = new TextEncoder().encode(other);
      const code = await codeOf(Promise.resolve().then(() => readingIn({ label: "", data })));
      expect(code, other).to.equal("VaultContentInvalid");
    }
  });

  it("belong to months of the home's clock", () => {
    expect(monthOf(SLOT, HOUR, 0n)).to.equal("2024-07");
    expect(monthOf(SLOT, HOUR, 7_200n)).to.equal("2024-08");
  });
});

describe("a home's agent", () => {
  async function agentWithVault(given?: Vault): Promise<HomeAgent> {
    const vault = given ?? (await vaultWorld()).vault;
    const texts = { profile: { name: "a" }, device: { meter: "7" } };
    return new HomeAgent({ vault, meter: 7n, slotSeconds: HOUR, offsetSeconds: 0n, ...texts });
  }

  it("writes what is due in one batch, a record a month, a version each time, and nothing before it is due", async () => {
    const agent = await agentWithVault();
    for (const slot of [SLOT, SLOT + 1n, SLOT + 2n, SLOT + 3n]) agent.take(reading(slot));
    agent.expect({ first: SLOT, last: SLOT + 2n });
    expect(await agent.write()).to.have.length(4);
    expect([...agent.records.keys()]).to.have.members(["profile", "device", "readings 2024-07", "readings 2024-08"]);
    const slotsOf = async (name: string): Promise<IntervalReading[]> =>
      (await agent.vault.get(agent.records.get(name) ?? "")).slots.map(readingIn);
    expect(await slotsOf("readings 2024-07")).to.deep.equal([reading(SLOT), reading(SLOT + 1n)]);
    expect(await slotsOf("readings 2024-08")).to.deep.equal([reading(SLOT + 2n)]);
    expect(agent.isBehind).to.equal(false);
    agent.catchUp();
    expect((await agent.write()).map(({ version }) => version)).to.deep.equal([2n]);
    expect(await slotsOf("readings 2024-08")).to.have.length(2);
  });

  it("writes a month that is due although nothing came, and a correction with the next time, not by itself", async () => {
    const agent = await agentWithVault();
    agent.expect({ first: SLOT - 1n, last: SLOT });
    await agent.write();
    agent.take(reading(SLOT));
    expect(agent.isBehind).to.equal(false);
    agent.expect({ first: SLOT, last: SLOT });
    const [written] = await agent.write();
    const { slots } = await agent.vault.get(written?.record ?? "");
    expect(slots.map(readingIn).map(({ status }) => status)).to.deep.equal([
      ReadingStatus.Missing,
      ReadingStatus.Actual,
    ]);
    agent.expect({ first: SLOT, last: SLOT });
    expect((await agent.write()).map(({ version }) => version)).to.deep.equal([3n]);
  });

  it("keeps all bills in one record, a slot a month", async () => {
    const agent = await agentWithVault();
    agent.takeBill("2024-07", BILL);
    agent.takeBill("2024-08", { ...BILL, paidMicro: 1n });
    await agent.write();
    const record = agent.records.get("bills") ?? "";
    expect((await agent.vault.list()).find((state) => state.record === record)?.kind).to.equal(RecordKind.Bill);
    expect((await agent.vault.get(record)).slots.map(({ label }) => label)).to.deep.equal(["2024-07", "2024-08"]);
  });

  it("goes on in its records after a restart, and leaves its owner's own alone", async () => {
    const before = await agentWithVault();
    before.take(reading(SLOT));
    before.catchUp();
    before.takeBill("2024-07", BILL);
    await before.write();
    const own = { label: "mine", data: new Uint8Array([7]) };
    for (const kind of Object.values(RecordKind)) await before.vault.put({ kind, slots: [own] });
    const { record } = await before.vault.put({ kind: RecordKind.Free, slots: [own] });
    await before.vault.erase(record);
    const after = await agentWithVault(before.vault);
    await after.resume();
    expect(after.isBehind).to.equal(false);
    expect([...after.records].sort()).to.deep.equal([...before.records].sort());
    after.take(reading(SLOT + 1n));
    after.takeBill("2024-08", BILL);
    after.catchUp();
    expect((await after.write()).map(({ version }) => version)).to.deep.equal([2n, 2n]);
    const labels = async (name: string): Promise<number> =>
      (await after.vault.get(after.records.get(name) ?? "")).slots.length;
    expect([await labels("readings 2024-07"), await labels("bills")]).to.deep.equal([2, 2]);
  });

  it("writes again what a failure kept from the chain, and takes no other meter's readings", async () => {
    const agent = await agentWithVault();
    const putAll = agent.vault.putAll.bind(agent.vault);
    agent.vault.putAll = () => Promise.reject(new Error("down"));
    expect(await codeOf(agent.write())).to.equal("Error: down");
    agent.vault.putAll = putAll;
    expect(agent.isBehind).to.equal(true);
    expect(await agent.write()).to.have.length(2);
    expect(() => agent.take({ ...reading(SLOT), meter: 8n })).to.throw(RangeError);
  });
});

describe("what keeps accounts apart", () => {
  it("writes within the stated bound, at any second of it", () => {
    const { writeAfter, writeWithin } = UNLINKABLE;
    expect(writingTime(UNLINKABLE, 1_000n, () => 0n)).to.equal(1_000n + writeAfter);
    expect(writingTime(UNLINKABLE, 1_000n, (bound) => bound - 1n)).to.equal(1_000n + writeAfter + writeWithin - 1n);
    expect(writingTime(LINKABLE, 1_000n, () => 5n)).to.equal(1_000n);
  });

  it("shuffles within batches, each chain by itself, and leaves nobody out", () => {
    const homes = Array.from({ length: 50 }, (_, index) => index);
    const orders = ["transaction", "user"].map((chain) =>
      shuffledInBatches(homes, new Random(1).fork(`admissions/${chain}`), 20),
    );
    for (const order of orders) {
      expect([...order].sort((a, b) => a - b)).to.deep.equal(homes);
      expect(order.slice(0, 20).every((home) => home < 20)).to.equal(true);
      expect(order).not.to.deep.equal(homes);
    }
    expect(orders[0]).not.to.deep.equal(orders[1]);
    expect(shuffledInBatches(homes, new Random(1), LINKABLE.admissionBatch)).to.deep.equal(homes);
  });

  it("hands over what the ledger took, and nothing else", async () => {
    const handed: bigint[] = [];
    const entry = (id: bigint): OutboxEntry => ({ id, message: id, reading: { slot: id } as SignedReading });
    const confirmed = [{ id: 2n, transactionHash: "0x" }];
    const result = { confirmed, rejected: [{ id: 1n, reason: "barred" }], deferred: [3n] };
    const writer = new HandingOver({ write: () => Promise.resolve(result) }, (readings) => {
      handed.push(...readings.map(({ slot }) => slot));
    });
    expect(await writer.write([entry(1n), entry(2n), entry(3n)])).to.equal(result);
    expect(handed).to.deep.equal([2n]);
  });
});
