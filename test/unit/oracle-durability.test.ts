import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect } from "chai";

import { OutboxFullError } from "../../scripts/oracle/error.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { Sender } from "../../scripts/oracle/sender.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { MemoryChain, readingOf, rejectionOf, SILENT_LOG } from "../utils/oracle.js";

const KIBIBYTE = 1024;
const HASH = `0x${"ab".repeat(32)}`;

describe("The outbox's group commit", () => {
  let folder: string;
  let path: string;
  let reading: SignedReading;
  let open: SqliteOutbox[];

  before(async () => {
    reading = await readingOf(); // nobody here looks at signatures
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-group-"));
    path = join(folder, "oracle.sqlite");
    open = [];
  });
  afterEach(async () => {
    for (const outbox of open) outbox.close();
    await rm(folder, { recursive: true });
  });

  function outboxOf(maxBytes?: number): SqliteOutbox {
    const outbox = new SqliteOutbox(path, { maxBytes });
    open.push(outbox);
    return outbox;
  }

  /** What another process sees in the file: what is on disk. */
  function onDisk(): number {
    const other = new DatabaseSync(path, { readOnly: true });
    const row = other.prepare("SELECT count(*) AS count FROM readings").get();
    other.close();
    return Number(row?.["count"]);
  }

  it("writes what came in one turn at once, and tells nobody before", async () => {
    const outbox = outboxOf();
    const before = outbox.commits;
    let told = 0;
    const all = Array.from({ length: 500 }, (_, index) => {
      outbox.accept([{ ...reading, meter: BigInt(index + 1) }], 1);
      return outbox.durable().then(() => (told += 1));
    });
    await Promise.resolve();
    expect([told, onDisk()]).to.deep.equal([0, 0]);
    await Promise.all(all);
    expect([told, onDisk(), outbox.commits - before]).to.deep.equal([500, 500, 1]);
  });

  it("has a duplicate wait for the disk write of the first", async () => {
    const outbox = outboxOf();
    outbox.accept([reading], 1);
    expect(outbox.accept([reading], 1)).to.equal("duplicate");
    const told = outbox.durable();
    expect(onDisk()).to.equal(0);
    await told;
    expect(onDisk()).to.equal(1);
  });

  it("lets nothing go to the chain that is not on disk", () => {
    const outbox = outboxOf();
    outbox.accept([reading], 1);
    expect(outbox.nextBatch(10)).to.have.length(1);
    expect(onDisk()).to.equal(1);
  });

  it("bounds a group", () => {
    const outbox = outboxOf();
    const before = outbox.commits;
    for (let meter = 1n; meter <= 2_001n; meter += 1n) outbox.accept([{ ...reading, meter }], 1);
    expect(outbox.commits - before).to.equal(1);
    expect(onDisk()).to.equal(2_000);
  });

  it("refuses when there is no room, loses nothing it acknowledged, and goes on when there is", async () => {
    const full = outboxOf(256 * KIBIBYTE);
    const { acknowledged, error } = await fill(full);
    expect(error).to.be.instanceOf(OutboxFullError);
    expect((error as Error).message)
      .to.include(path)
      .and.to.include("come again");
    expect(acknowledged).to.be.above(100);
    expect(onDisk()).to.equal(acknowledged);

    // what is there still goes out and is marked, so that a full outbox is no dead end
    const batch = full.nextBatch(100);
    full.markSent(batch.map(({ id }) => id));
    full.confirm(
      batch.map(({ id }) => id),
      HASH,
    );
    expect(full.counts()).to.include({ confirmed: 100, waiting: acknowledged - 100 });
    full.close();
    open.pop();

    const larger = outboxOf(512 * KIBIBYTE);
    expect((await fill(larger)).acknowledged).to.be.above(acknowledged);
  });

  it("that was full when a batch failed keeps nothing from being sent again", async () => {
    const outbox = outboxOf();
    outbox.accept([reading], 1);
    const chain = new MemoryChain();
    const release = outbox.release.bind(outbox);
    let isAway = true;
    chain.before = () => {
      if (isAway) throw new Error("the node's disk is full too");
    };
    outbox.release = (ids) => {
      if (!isAway) return release(ids);
      isAway = false;
      throw new OutboxFullError(path);
    };
    const sender = new Sender(outbox, chain, SILENT_LOG, { lingerMilliseconds: 1, firstRetryMilliseconds: 1 });
    sender.start();
    await sender.drain();
    await sender.stop();
    expect(outbox.counts()).to.deep.include({ sent: 0, confirmed: 1 });
  });

  it("takes back a whole group that can't be written, and tells all who wait for it", async () => {
    const outbox = outboxOf(256 * KIBIBYTE);
    const waiting: Promise<unknown>[] = [];
    let thrown: unknown;
    for (let meter = 1n; thrown === undefined; meter += 1n) {
      try {
        outbox.accept([{ ...reading, meter }], 1);
        waiting.push(rejectionOf(outbox.durable()));
      } catch (error) {
        thrown = error;
      }
    }
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set([thrown]));
    expect(onDisk()).to.equal(0);
    outbox.accept([reading], 1);
    await outbox.durable();
    expect(onDisk()).to.equal(1);
  });

  /** Accepts groups of ten until one is refused; counts the readings that were acknowledged. */
  async function fill(outbox: SqliteOutbox): Promise<{ readonly acknowledged: number; readonly error: unknown }> {
    let acknowledged = 0;
    try {
      for (let meter = 1n; ;) {
        for (let index = 0; index < 10; index += 1, meter += 1n) outbox.accept([{ ...reading, meter }], 1);
        await outbox.durable();
        acknowledged += 10;
      }
    } catch (error) {
      return { acknowledged, error };
    }
  }
});
