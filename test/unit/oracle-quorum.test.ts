import { expect } from "chai";

import { LedgerWriter } from "../../scripts/oracle/ledger-writer.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { Patience } from "../../scripts/oracle/patience.js";
import { QuorumWriter, type Progress, type QuorumChain } from "../../scripts/oracle/quorum-writer.js";
import { Sender, type SenderOptions } from "../../scripts/oracle/sender.js";
import { CommonwattError } from "../../sdk/errors.js";
import { bySignature, type SignedReading } from "../../sdk/signing/readings.js";
import { MemoryChain, readingOf, rejectionOf, seriesOfReadings, SILENT_LOG } from "../utils/oracle.js";

const QUICK: SenderOptions = {
  lingerMilliseconds: 5,
  firstRetryMilliseconds: 1,
  longestRetryMilliseconds: 8,
  firstPatienceMilliseconds: 2,
};

/** Quorums as the test says, by meter; what is attested waits until `others` attest as well. */
class MemoryQuorum implements QuorumChain {
  readonly progress = new Map<bigint, Progress>();
  readonly attested: bigint[][] = [];
  readonly refuses = new Map<bigint, string>();
  others = false;
  isUsed = true;
  /** Called after an attestation was mined; what it gives is thrown, as an answer that is lost. */
  after: () => Error | undefined = () => undefined;

  progressOf(readings: readonly SignedReading[]): Promise<readonly Progress[] | undefined> {
    if (!this.isUsed) return Promise.resolve(undefined);
    return Promise.resolve(readings.map(({ meter }) => this.progress.get(meter) ?? "open"));
  }

  attest(readings: readonly SignedReading[]): Promise<void> {
    const index = readings.findIndex(({ meter }) => this.refuses.has(meter));
    if (index !== -1) {
      const code = this.refuses.get(readings[index]?.meter ?? 0n) ?? "";
      const isInactive = code === "ReadingQuorumInactiveOperator";
      return Promise.reject(new CommonwattError(code, isInactive ? {} : { index: BigInt(index) }));
    }
    this.attested.push(readings.map(({ meter }) => meter));
    for (const { meter } of readings) this.progress.set(meter, this.others ? "open" : "wait");
    const lost = this.after();
    return lost === undefined ? Promise.resolve() : Promise.reject(lost);
  }
}

describe("A quorum's readings", () => {
  let outbox: SqliteOutbox;
  let ledger: MemoryChain;
  let quorum: MemoryQuorum;
  let sender: Sender | undefined;

  beforeEach(() => {
    outbox = new SqliteOutbox(":memory:");
    ledger = new MemoryChain();
    quorum = new MemoryQuorum();
  });
  afterEach(async () => {
    await sender?.stop();
    outbox.close();
    sender = undefined;
  });

  async function accept(first: bigint, last: bigint, progress: Progress): Promise<void> {
    const reading = await readingOf(); // nobody here looks at signatures
    for (let meter = first; meter <= last; meter += 1n) {
      outbox.accept([{ ...reading, meter }], 1);
      quorum.progress.set(meter, progress);
    }
  }

  function start(options: SenderOptions = {}): Sender {
    sender = new Sender(outbox, new QuorumWriter(ledger, quorum), SILENT_LOG, { ...QUICK, ...options });
    sender.start();
    return sender;
  }

  it("are attested together, and submitted in the same turn by the operator that completes the quorum", async () => {
    await accept(1n, 3n, "attest");
    quorum.others = true;
    await start().drain();
    expect(quorum.attested).to.deep.equal([[1n, 2n, 3n]]);
    expect(ledger.batches).to.deep.equal([3]);
    expect(outbox.counts()).to.include({ waiting: 0, sent: 0, confirmed: 3 });
  });

  it("are told to the others, by whole messages, as long as they wait", async () => {
    outbox.accept(await seriesOfReadings(3), 1);
    await accept(7n, 7n, "open");
    quorum.progress.set(1n, "wait");
    const told: SignedReading[][] = [];
    const tell = (readings: readonly SignedReading[]): Promise<void> => Promise.resolve(void told.push([...readings]));
    sender = new Sender(outbox, new QuorumWriter(ledger, quorum, tell), SILENT_LOG, QUICK);
    sender.start();
    await until(() => told.length > 1);
    quorum.progress.set(1n, "open");
    await sender.drain();
    for (const readings of told) {
      expect(readings.map(({ meter }) => meter)).to.deep.equal([1n, 1n, 1n]);
      expect(bySignature(readings)).to.have.length(1);
    }
    const before = told.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(told.length, "nothing waits any more").to.equal(before);
  });

  it("go to the ledger alone where no feeder has a quorum", async () => {
    await accept(1n, 2n, "attest");
    quorum.isUsed = false;
    await start().drain();
    expect(quorum.attested).to.deep.equal([]);
    expect(outbox.counts()).to.include({ confirmed: 2 });
  });

  it("wait for the others, once attested, and hold nothing else up, however many they are", async () => {
    await accept(1n, 30n, "attest");
    await accept(31n, 40n, "open");
    const running = start({ batchSize: 4 });
    const drained = running.drain();
    await until(() => outbox.counts().confirmed === 10);
    expect(outbox.counts()).to.include({ confirmed: 10, rejected: 0 });
    expect(quorum.attested.flat()).to.have.length(30);
    for (let meter = 1n; meter <= 30n; meter += 1n) quorum.progress.set(meter, "open");
    await drained;
    expect(outbox.counts()).to.include({ waiting: 0, sent: 0, confirmed: 40 });
    expect(quorum.attested.flat(), "once each").to.have.length(30);
    expect(running.trouble.failures).to.equal(0);
  });

  it("are not attested twice when the answer was lost", async () => {
    await accept(1n, 2n, "attest");
    let isLost = false;
    quorum.after = () => {
      if (isLost) return undefined;
      isLost = true;
      for (const meter of [1n, 2n]) quorum.progress.set(meter, "open");
      return new Error("the answer was lost");
    };
    await start().drain();
    expect(quorum.attested).to.deep.equal([[1n, 2n]]);
    expect(outbox.counts()).to.include({ confirmed: 2 });
  });

  it("are confirmed without a transaction when another oracle brought them", async () => {
    await accept(1n, 2n, "stored");
    await start().drain();
    expect(ledger.batches).to.deep.equal([]);
    expect(outbox.counts()).to.include({ waiting: 0, confirmed: 2 });
  });

  it("are rejected, with a reason, when their time ended without a quorum", async () => {
    await accept(1n, 1n, "late");
    await accept(2n, 2n, "open");
    await start().drain();
    expect(outbox.counts()).to.include({ confirmed: 1, rejected: 1 });
    expect(outbox.reasons(1)[0]?.reason).to.include("too few operators attested it");
  });

  it("let drain give up where the others stay silent, and keep waiting", async () => {
    await accept(1n, 2n, "wait");
    const error = await rejectionOf(start({ drainAttempts: 3 }).drain());
    expect(error.message).to.include("2 readings wait for other operators' attestations");
    expect(outbox.counts()).to.include({ confirmed: 0, rejected: 0 });
  });

  it("whose attestation is refused are asked for once, and wait for the others", async () => {
    await accept(1n, 3n, "attest");
    quorum.refuses.set(2n, "ReadingQuorumOtherValue");
    const running = start();
    const drained = running.drain();
    await until(() => quorum.attested.length > 0);
    expect(quorum.attested).to.deep.equal([[1n, 3n]]);
    quorum.refuses.clear(); // it would be taken now: but it is known to be refused
    await pause(30);
    expect(quorum.attested).to.deep.equal([[1n, 3n]]);
    for (const meter of [1n, 2n, 3n]) quorum.progress.set(meter, "open");
    await drained;
    expect(outbox.counts()).to.include({ confirmed: 3 });
  });

  it("wait for the others while the operator is suspended", async () => {
    await accept(1n, 2n, "attest");
    quorum.refuses.set(1n, "ReadingQuorumInactiveOperator");
    const drained = start().drain();
    await pause(20);
    expect(outbox.counts()).to.include({ confirmed: 0, rejected: 0 });
    quorum.refuses.clear();
    quorum.others = true;
    await drained;
    expect(outbox.counts()).to.include({ confirmed: 2 });
  });

  it("are tried again soon when the chain's clock is behind", async () => {
    await accept(1n, 1n, "attest");
    quorum.refuses.set(1n, "MeterLedgerSlotNotEnded");
    quorum.others = true;
    const running = start();
    const drained = running.drain();
    await until(() => running.trouble.failures > 0);
    quorum.refuses.clear();
    await drained;
    expect(outbox.counts()).to.include({ confirmed: 1 });
  });

  it("of a series go together: one that waits holds up its series and nothing else", async () => {
    const series = await seriesOfReadings(3);
    outbox.accept(series, 1);
    await accept(2n, 2n, "open");
    const slots: Progress[] = ["open", "wait", "open"];
    quorum.progressOf = (readings) =>
      Promise.resolve(
        readings.map(
          ({ meter, slot }) => (meter === 1n ? slots[Number(slot - (series[0]?.slot ?? 0n))] : undefined) ?? "open",
        ),
      );
    const drained = start().drain();
    await until(() => outbox.counts().confirmed === 1);
    expect(outbox.counts()).to.include({ confirmed: 1, rejected: 0 });
    slots[1] = "open";
    await drained;
    expect(ledger.batches).to.deep.equal([1, 3]);
  });

  it("that the ledger refuses as not attested wait as well", async () => {
    await accept(1n, 2n, "open");
    let isAttested = false;
    const submit = (readings: readonly SignedReading[]): Promise<string> => {
      const index = readings.findIndex(({ meter }) => meter === 2n);
      if (index === -1 || isAttested) return Promise.resolve("0x01");
      return Promise.reject(new CommonwattError("ReadingQuorumNotAttested", { index: BigInt(index) }));
    };
    sender = new Sender(outbox, new LedgerWriter(submit), SILENT_LOG, QUICK);
    sender.start();
    const drained = sender.drain();
    await until(() => outbox.counts().confirmed === 1);
    expect(outbox.counts()).to.include({ rejected: 0 });
    isAttested = true;
    await drained;
    expect(outbox.counts()).to.include({ confirmed: 2 });
  });

  it("are patiently looked at again, each time after twice as long", () => {
    const patience = new Patience(2, 5);
    expect(patience.next()).to.equal(undefined);
    expect(patience.wait([1n, 2n], 100)).to.equal(true);
    expect(patience.due(101)).to.deep.equal([]);
    expect(patience.next()).to.equal(102);
    expect(patience.due(102)).to.deep.equal([1n, 2n]);
    expect(patience.wait([1n], 102)).to.equal(false);
    expect(patience.due(105)).to.deep.equal([]);
    expect(patience.due(106)).to.deep.equal([1n]);
    patience.wait([1n], 106);
    expect(patience.next(), "at most the longest pause").to.equal(111);
    patience.due(111);
    patience.forget([1n]);
    expect(patience.wait([1n], 111), "new again").to.equal(true);
    expect(patience.next()).to.equal(113);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(1);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
