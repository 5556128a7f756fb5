import { expect } from "chai";

import { LedgerWriter, type SubmitBatch } from "../../scripts/oracle/ledger-writer.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { Sender, type SenderOptions } from "../../scripts/oracle/sender.js";
import { CommonwattError } from "../../sdk/errors.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { MemoryChain, readingOf, rejectionOf, seriesOfReadings, SILENT_LOG, SLOT } from "../utils/oracle.js";

const QUICK: SenderOptions = { lingerMilliseconds: 20, firstRetryMilliseconds: 1, longestRetryMilliseconds: 4 };

describe("Batches to the ledger", () => {
  let outbox: SqliteOutbox;
  let senders: Sender[];

  beforeEach(() => {
    outbox = new SqliteOutbox(":memory:");
    senders = [];
  });
  afterEach(async () => {
    await Promise.all(senders.map((sender) => sender.stop()));
    outbox.close();
  });

  async function accept(count: number): Promise<void> {
    const reading = await readingOf(); // nobody here looks at signatures
    for (let meter = 1n; meter <= count; meter += 1n) outbox.accept([{ ...reading, meter }], 1);
  }

  function senderTo(writer: MemoryChain | LedgerWriter, options: SenderOptions = {}): Sender {
    const sender = new Sender(outbox, writer, SILENT_LOG, { ...QUICK, ...options });
    senders.push(sender);
    sender.start();
    return sender;
  }

  /** A ledger that refuses some meters by their index in the batch, as MeterLedger does. */
  function ledger(refuses: ReadonlyMap<bigint, string>): {
    readonly submit: SubmitBatch;
    readonly batches: bigint[][];
  } {
    const batches: bigint[][] = [];
    return {
      batches,
      submit: (readings) => {
        batches.push(readings.map((reading) => reading.meter));
        const index = readings.findIndex((reading) => refuses.has(reading.meter));
        if (index === -1) return Promise.resolve(`0x${"0".repeat(63)}${batches.length}`);
        const code = refuses.get(readings[index]?.meter ?? 0n) ?? "";
        return Promise.reject(new CommonwattError(code, { index: BigInt(index) }));
      },
    };
  }

  it("are of up to 100 readings", async () => {
    await accept(250);
    const chain = new MemoryChain();
    await senderTo(chain).drain();
    expect(chain.batches).to.deep.equal([100, 100, 50]);
    expect(chain.stored.size).to.equal(250);
    expect(outbox.counts()).to.include({ waiting: 0, sent: 0, confirmed: 250 });
  });

  it("wait a moment for more readings, but not for ever", async () => {
    const chain = new MemoryChain();
    const sender = senderTo(chain, { lingerMilliseconds: 60 });
    await accept(1);
    sender.notify();
    await pause(10);
    outbox.accept([await readingOf({ meter: 2n })], 1);
    sender.notify();
    await pause(15);
    expect(chain.batches).to.deep.equal([]);
    await pause(100);
    expect(chain.batches).to.deep.equal([2]);
  });

  it("go again after failures, until the chain is back; nothing is lost or doubled", async () => {
    await accept(3);
    const chain = new MemoryChain();
    let failures = 5;
    chain.before = () => {
      if (failures-- > 0) throw new Error("the chain is down");
    };
    await senderTo(chain).drain();
    expect(failures).to.equal(-1);
    expect(chain.batches).to.deep.equal([3]);
    expect(outbox.counts()).to.include({ waiting: 0, confirmed: 3 });
  });

  it("are sent again when the answer was lost: the ledger takes the same reading twice as once", async () => {
    await accept(2);
    const chain = new MemoryChain();
    const write = chain.write.bind(chain);
    let lost = false;
    chain.write = async (batch) => {
      const result = await write(batch);
      if (lost) return result;
      lost = true;
      throw new Error("the answer was lost");
    };
    await senderTo(chain).drain();
    expect(chain.batches).to.deep.equal([2, 2]);
    expect(chain.stored.size).to.equal(2);
    expect(outbox.counts()).to.include({ waiting: 0, sent: 0, confirmed: 2 });
  });

  it("let drain give up after some failures, and keep the readings", async () => {
    await accept(2);
    const chain = new MemoryChain();
    let down = true;
    chain.before = () => {
      if (down) throw new Error("the chain is down");
    };
    const sender = senderTo(chain, { drainAttempts: 3 });
    expect((await rejectionOf(sender.drain())).message).to.equal("the chain is down");
    expect(outbox.counts()).to.include({ waiting: 2, confirmed: 0 });
    down = false;
    await sender.drain();
    expect(outbox.counts()).to.include({ waiting: 0, confirmed: 2 });
  });

  it("lose the one reading that the ledger names, and it says why; the others go on", async () => {
    await accept(5);
    const { submit, batches } = ledger(
      new Map([
        [2n, "MeterLedgerTooLate"],
        [5n, "MeterLedgerWrongSigner"],
      ]),
    );
    await senderTo(new LedgerWriter(submit)).drain();
    expect(batches).to.deep.equal([
      [1n, 2n, 3n, 4n, 5n],
      [1n, 3n, 4n, 5n],
      [1n, 3n, 4n],
    ]);
    expect(outbox.counts()).to.include({ waiting: 0, confirmed: 3, rejected: 2 });
    const reasons = outbox
      .reasons(5)
      .map((row) => row.reason)
      .join();
    expect(reasons).to.include("MeterLedgerTooLate").and.to.include("MeterLedgerWrongSigner");
  });

  it("lose the whole series of the reading that the ledger names, and nothing else", async () => {
    outbox.accept(await seriesOfReadings(3), 1);
    outbox.accept([await readingOf({ meter: 2n, slot: SLOT + 1n })], 1);
    const sizes: number[] = [];
    const submit = (readings: readonly SignedReading[]): Promise<string> => {
      sizes.push(readings.length);
      const index = readings.findIndex(({ slot, meter }) => meter === 1n && slot === SLOT + 1n);
      if (index < 0) return Promise.resolve(`0x${"0".repeat(64)}`);
      return Promise.reject(new CommonwattError("MeterLedgerMayNotReplace", { index: BigInt(index) }));
    };
    await senderTo(new LedgerWriter(submit)).drain();
    expect(sizes).to.deep.equal([4, 1]);
    expect(outbox.counts()).to.include({ waiting: 0, confirmed: 1, rejected: 3 });
  });

  it("end when the ledger refuses every reading", async () => {
    await accept(3);
    const all = new Map([1n, 2n, 3n].map((meter) => [meter, "MeterLedgerInactiveMeter"]));
    await senderTo(new LedgerWriter(ledger(all).submit)).drain();
    expect(outbox.counts()).to.include({ waiting: 0, confirmed: 0, rejected: 3 });
  });

  it("keep a reading that is early by the chain's clock, and bring it later", async () => {
    await accept(2);
    const refuses = new Map([[1n, "MeterLedgerSlotNotEnded"]]);
    const sender = senderTo(new LedgerWriter(ledger(refuses).submit));
    const drained = sender.drain();
    await pause(30);
    expect(outbox.counts()).to.include({ confirmed: 1, rejected: 0 });
    refuses.clear();
    await drained;
    expect(outbox.counts()).to.include({ waiting: 0, confirmed: 2, rejected: 0 });
  });

  it("reject nothing for an error that names no reading", async () => {
    await accept(2);
    for (const error of [
      new CommonwattError("RpcUnreachable"),
      new CommonwattError("FederationInactive", { index: 0n }),
      new CommonwattError("MeterLedgerWrongSigner", { index: 7n }),
    ]) {
      const writer = new LedgerWriter(() => Promise.reject(error));
      expect(await rejectionOf(writer.write(outbox.nextBatch(10)))).to.equal(error);
    }
  });

  describe("under way at once", () => {
    /** A chain that answers when it is told. */
    class SlowChain extends MemoryChain {
      readonly waiting: ((error?: Error) => void)[] = [];
      override before = (): Promise<void> =>
        new Promise((resolve, reject) => void this.waiting.push((error) => (error ? reject(error) : resolve())));

      answer(error?: Error): void {
        this.waiting.shift()?.(error);
      }
    }

    it("are as many as may be, no reading in two of them; the next goes when one was answered", async () => {
      await accept(450);
      const chain = new SlowChain();
      const sender = senderTo(chain, { mostUnderWay: 3 });
      await pause(5);
      expect(chain.waiting).to.have.length(3);
      expect(outbox.counts()).to.include({ sent: 300, waiting: 150 });
      chain.answer();
      await pause(5);
      expect(chain.waiting).to.have.length(3);
      expect(outbox.counts()).to.include({ confirmed: 100, sent: 300, waiting: 50 });
      const drained = sender.drain();
      while (outbox.counts().confirmed < 450) {
        chain.answer();
        await pause(1);
      }
      await drained;
      expect(chain.batches).to.deep.equal([100, 100, 100, 100, 50]);
    });

    it("are drained when the last was answered", async () => {
      await accept(150);
      const chain = new SlowChain();
      let isDrained = false;
      const sender = senderTo(chain);
      const drained = sender.drain().then(() => (isDrained = true));
      await pause(5);
      expect(outbox.counts()).to.include({ sent: 150, waiting: 0 });
      chain.answer();
      await pause(5);
      expect(isDrained).to.equal(false);
      chain.answer();
      await drained;
    });

    it("fail as one: all are waited for, and one alone goes until one has come through", async () => {
      await accept(400);
      const chain = new SlowChain();
      const sender = senderTo(chain, { mostUnderWay: 3 });
      await pause(5);
      chain.answer(new Error("the chain is down"));
      await pause(10);
      expect(chain.waiting, "nothing new while two are under way").to.have.length(2);
      chain.answer(new Error("the chain is down"));
      chain.answer();
      await pause(10);
      expect(chain.waiting).to.have.length(1);
      expect(sender.trouble).to.deep.equal({ failures: 1, reason: "the chain is down" });
      chain.answer(new Error("still down"));
      await pause(10);
      expect(chain.waiting).to.have.length(1);
      expect(sender.trouble).to.deep.equal({ failures: 2, reason: "still down" });
      chain.answer();
      await pause(5);
      expect(chain.waiting, "all go again").to.have.length(2);
      expect(sender.trouble.failures).to.equal(0);
      chain.answer();
      chain.answer();
      await sender.drain();
      expect(outbox.counts()).to.include({ confirmed: 400, rejected: 0 });
      expect(chain.stored.size).to.equal(400);
    });

    it("are all finished when it is stopped", async () => {
      await accept(300);
      const chain = new SlowChain();
      const sender = senderTo(chain, { mostUnderWay: 2 });
      await pause(5);
      const stopped = sender.stop();
      chain.answer();
      chain.answer(new Error("the chain is down"));
      await stopped;
      expect(chain.waiting).to.have.length(0);
      expect(outbox.counts()).to.include({ confirmed: 100, sent: 0, waiting: 200 });
    });
  });

  it("finish the one in hand when stopped, and start no other", async () => {
    await accept(150);
    const chain = new MemoryChain();
    let sender: Sender | undefined = undefined;
    const stopped = new Promise<void>((resolve) => {
      chain.before = async () => {
        await pause(1); // the sender is there by then
        void sender?.stop().then(resolve);
        await pause(10);
      };
    });
    sender = senderTo(chain);
    await stopped;
    expect(chain.batches).to.deep.equal([100]);
    expect(outbox.counts()).to.include({ waiting: 50, sent: 0, confirmed: 100 });
  });
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
