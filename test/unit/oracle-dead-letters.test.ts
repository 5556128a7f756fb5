import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect } from "chai";
import { pino, type Logger } from "pino";

import { DeadLetters, KEPT_BYTES } from "../../scripts/oracle/dead-letters.js";
import { DurableFile } from "../../scripts/oracle/durable-file.js";
import { OracleSetupError } from "../../scripts/oracle/error.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { OutboxDesk } from "../../scripts/oracle/outbox-desk.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { OUTBOX_SCHEMA } from "../../scripts/oracle/outbox-schema.js";
import { formatReadings, topicOf } from "../../scripts/oracle/payload.js";
import { standardRules } from "../../scripts/oracle/rules.js";
import type { Accept, SourceMessage } from "../../scripts/oracle/types.js";
import {
  directoryOf,
  HandClock,
  LEDGER,
  MemoryChain,
  readingOf,
  SILENT_LOG,
  SLOT_SECONDS,
  TIMES,
} from "../utils/oracle.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("Dead letters", () => {
  let folder: string;
  let path: string;
  let accept: Accept;
  let closers: (() => unknown)[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-letters-"));
    path = join(folder, "oracle.sqlite");
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    await rm(folder, { recursive: true });
  });

  describe("are bounded", () => {
    function lettersOf(seconds: number, all: number, perOrigin: number): DeadLetters {
      const file = new DurableFile(":memory:", OUTBOX_SCHEMA);
      closers.push(() => file.close());
      return new DeadLetters(file, { seconds, letters: all, perOrigin });
    }
    const origins = (letters: DeadLetters): string[] => letters.toReplay(10_000).map(({ origin }) => origin);
    const message = (origin: string): SourceMessage => ({ origin, payload: bytes("x") });

    it("for each origin: a flood displaces its own only", () => {
      const letters = lettersOf(1_000, 1_000, 10);
      letters.keep(message("meter"), "why", 1);
      for (let index = 0; index < 300; index += 1) letters.keep(message("flood"), `why ${index}`, 2);
      expect(letters.count()).to.equal(11);
      expect(letters.dropped()).to.equal(290);
      expect(origins(letters)).to.deep.equal([]); // nobody asked for a replay
    });

    it("in all, with as many more as are let through between two looks", () => {
      const letters = lettersOf(1_000, 100, 10);
      for (let index = 0; index < 3_000; index += 1) letters.keep(message(`topic ${index}`), "why", 1);
      expect(letters.count()).to.be.within(100, 600);
      expect(letters.count() + letters.dropped()).to.equal(3_000);
    });

    it("by time", () => {
      const letters = lettersOf(50, 1_000, 1_000);
      for (let index = 0; index < 100; index += 1) letters.keep(message("old"), "why", 1);
      for (let index = 0; index < 500; index += 1) letters.keep(message("new"), "why", 100);
      expect(letters.count()).to.equal(500);
      expect(letters.dropped()).to.equal(0);
    });
  });

  async function start(
    clock = new HandClock(),
    meters = 3,
    log: Logger = SILENT_LOG,
  ): Promise<{ oracle: Oracle; chain: MemoryChain }> {
    const chain = new MemoryChain();
    const oracle = new Oracle({
      source: { start: (take) => Promise.resolve(void (accept = take)), stop: () => Promise.resolve() },
      rules: standardRules(LEDGER),
      outbox: new SqliteOutbox(path),
      writer: chain,
      directory: directoryOf(meters),
      times: TIMES,
      clock,
      log,
      sender: { lingerMilliseconds: 0 },
    });
    await oracle.start();
    closers.push(() => oracle.stop().catch(() => undefined)); // a test may have stopped it
    return { oracle, chain };
  }

  function desk(): OutboxDesk {
    const opened = new OutboxDesk(path);
    closers.push(() => opened.close());
    return opened;
  }

  async function messageOf(meter: bigint): Promise<SourceMessage> {
    const reading = await readingOf({ meter });
    return { origin: topicOf(meter), payload: bytes(formatReadings([reading], SLOT_SECONDS)) };
  }

  it("hold whatever came, and stop nobody", async () => {
    const { oracle, chain } = await start();
    const garbage = ["", "{", "null", "[]", '{"meter":1e308}', "\u0000", "x".repeat(10_000_000)];
    await Promise.all(garbage.map((text) => accept({ origin: topicOf(1n), payload: bytes(text) })));
    await accept(await messageOf(2n));
    await oracle.drain();
    expect(oracle.counts()).to.include({ refused: garbage.length, confirmed: 1 });
    expect(chain.stored.size).to.equal(1);
  });

  it("go through the rules again after a fix, while the oracle runs, and those still bad stay with the new reason", async () => {
    const early = new HandClock();
    early.time -= 7_200;
    const { oracle, chain } = await start(early);
    await accept(await messageOf(1n));
    await accept({ origin: topicOf(2n), payload: bytes("{") });
    await accept({ origin: topicOf(2n), payload: bytes(`"${"x".repeat(KEPT_BYTES)}"`) });
    expect(oracle.counts()).to.include({ refused: 3, waiting: 0 });

    const before = early.time;
    early.time += 7_200; // the clock is right again
    expect(desk().requestReplay(before, before + 1)).to.deep.equal({ messages: 3, readings: 0 });
    expect(desk().status(early.time).letters).to.deep.equal({ kept: 3, toReplay: 3, dropped: 0 });
    expect(await oracle.replay()).to.equal(1);
    await oracle.drain();
    expect(chain.stored.size).to.equal(1);
    const { letters, reasons } = desk().status(early.time);
    expect(letters).to.deep.equal({ kept: 2, toReplay: 0, dropped: 0 });
    expect(reasons.map(({ reason }) => reason)).to.have.members([
      "payload: the payload is no JSON",
      "payload: it was too long to be kept whole",
    ]);
    expect(await oracle.replay()).to.equal(0);
  });

  it("are told once a minute for a topic: a flood fills no log", async () => {
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
    await start(new HandClock(), 3, log);
    for (const meter of [1n, 1n, 1n, 2n]) await accept({ origin: topicOf(meter), payload: bytes("{") });
    expect(lines.map((line) => (JSON.parse(line) as { origin: string }).origin)).to.deep.equal([
      topicOf(1n),
      topicOf(2n),
    ]);
  });

  it("of other times are left alone", async () => {
    const { oracle } = await start();
    await accept({ origin: topicOf(2n), payload: bytes("{") });
    expect(desk().requestReplay(0, 10)).to.deep.equal({ messages: 0, readings: 0 });
    expect(await oracle.replay()).to.equal(0);
    expect(oracle.counts().refused).to.equal(1);
  });

  it("don't include what the chain rejected, which a replay sends again", async () => {
    const clock = new HandClock();
    const { oracle, chain } = await start(clock);
    const write = chain.write.bind(chain);
    chain.write = (batch) =>
      Promise.resolve({ confirmed: [], deferred: [], rejected: batch.map(({ id }) => ({ id, reason: "Unadmitted" })) });
    await accept(await messageOf(1n));
    await oracle.drain();
    expect(desk().status(clock.time).reasons).to.deep.include({
      what: "rejected",
      reason: "Unadmitted",
      count: 1,
      latest: "meter 1 slot 409400",
      at: clock.time,
    });
    chain.write = write;
    expect(desk().requestReplay(clock.time, clock.time + 1)).to.deep.equal({ messages: 0, readings: 1 });
    await oracle.replay();
    await oracle.drain();
    expect(oracle.counts()).to.include({ confirmed: 1, rejected: 0 });
  });

  it("a status tells how long the oldest reading waits", async () => {
    const clock = new HandClock();
    const { oracle, chain } = await start(clock);
    chain.before = () => {
      throw new Error("the chain is away");
    };
    await accept(await messageOf(1n));
    expect(oracle.counts().waiting + oracle.counts().sent).to.equal(1);
    const { lagSeconds, lastReceivedAt } = desk().status(clock.time + 90);
    expect([lagSeconds, lastReceivedAt]).to.deep.equal([90, clock.time]);
  });

  it("come along from an outbox of the version before, and no desk opens a file that isn't there", () => {
    const database = new DatabaseSync(path);
    const old = OUTBOX_SCHEMA.create.slice(0, OUTBOX_SCHEMA.create.indexOf("CREATE TABLE dead_letters"));
    database.exec(`${old}
      CREATE TABLE refused (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL,
        received_at INTEGER NOT NULL) STRICT;
      INSERT INTO refused (origin, payload, reason, received_at) VALUES ('t', x'00', 'why', 7);
      PRAGMA user_version = 2;`);
    database.close();
    expect(desk().status(8).reasons).to.deep.equal([{ what: "refused", reason: "why", count: 1, latest: "t", at: 7 }]);
    expect(() => new OutboxDesk(join(folder, "none.sqlite"))).to.throw(OracleSetupError, "none.sqlite");
  });
});
