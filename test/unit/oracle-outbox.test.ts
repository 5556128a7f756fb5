import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect } from "chai";

import { OracleSetupError } from "../../scripts/oracle/error.js";
import { outboxHistory } from "../../scripts/oracle/gap-filler.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { readingOf, seriesOfReadings, SLOT } from "../utils/oracle.js";

const HASH = `0x${"ab".repeat(32)}`;

describe("The oracle's outbox", () => {
  let folder: string;
  let path: string;
  let outbox: SqliteOutbox;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-outbox-"));
    path = join(folder, "oracle.sqlite");
    outbox = new SqliteOutbox(path);
  });
  afterEach(async () => {
    outbox.close();
    await rm(folder, { recursive: true });
  });

  const ids = (limit = 100): bigint[] => outbox.nextBatch(limit).map((entry) => entry.id);

  it("keeps a series together in a batch, in order, also where it is larger than the batch", async () => {
    const series = await seriesOfReadings(3);
    outbox.accept([await readingOf({ slot: SLOT + 2n, status: ReadingStatus.Estimated })], 1);
    outbox.accept([await readingOf({ meter: 2n, slot: SLOT })], 1);
    outbox.accept(series, 1);
    outbox.accept([await readingOf({ meter: 2n, slot: SLOT + 2n })], 1);
    expect(
      outbox
        .nextBatch(3)
        .map(({ reading }) => reading)
        .slice(2),
    ).to.deep.equal(series);
    expect(outbox.nextBatch(3)).to.have.length(5);
    expect(outbox.nextBatch(2)).to.have.length(2);
    expect(outbox.nextBatch(10)).to.have.length(6);
  });

  it("takes a series again only for what is new in it, but then as a whole", async () => {
    const series = await seriesOfReadings(3);
    expect(outbox.accept(series, 1)).to.equal("stored");
    expect(outbox.accept(series, 2)).to.equal("duplicate");
    expect(outbox.accept(await seriesOfReadings(2), 2)).to.equal("duplicate");
    expect(outbox.accept(await seriesOfReadings(4), 3)).to.equal("stored");
    expect(outbox.nextBatch(10)).to.have.length(7);
  });

  it("takes nothing of a series of which one slot has another value", async () => {
    outbox.accept([await readingOf({ slot: SLOT + 1n, importWh: 7n })], 1);
    expect(outbox.accept(await seriesOfReadings(3), 2)).to.equal("conflict");
    expect(outbox.nextBatch(10)).to.have.length(1);
    expect(outbox.has(1n, SLOT)).to.equal(false);
  });

  it("takes a reading anew that the chain rejected under another signature, not under the same", async () => {
    const series = await seriesOfReadings(2);
    outbox.accept(series, 1);
    for (const { id } of outbox.nextBatch(10)) outbox.reject(id, "MeterLedgerMayNotReplace");
    expect(outbox.accept(series, 2)).to.equal("duplicate");
    expect(outbox.accept([await readingOf({ importWh: 500n })], 3)).to.equal("stored");
    expect(ids()).to.have.length(1);
  });

  it("takes other values for what the chain rejected of a series", async () => {
    outbox.accept(await seriesOfReadings(3), 1);
    for (const { id } of outbox.nextBatch(10)) outbox.reject(id, "MeterLedgerMayNotReplace");
    expect(outbox.accept([await readingOf({ slot: SLOT + 1n, importWh: 9n })], 2)).to.equal("stored");
    expect(outbox.accept(await seriesOfReadings(2), 3)).to.equal("conflict");
  });

  it("takes a reading once, whoever brings it how often", async () => {
    const reading = await readingOf();
    expect(outbox.accept([reading], 1)).to.equal("stored");
    expect(outbox.accept([reading], 2)).to.equal("duplicate");
    outbox.confirm(ids(), HASH);
    expect(outbox.accept([reading], 3)).to.equal("duplicate");
    expect(outbox.nextBatch(10)).to.deep.equal([]);
    expect(outbox.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: 1, rejected: 0, refused: 0 });
  });

  it("gives back what it took", async () => {
    const reading = await readingOf({ meter: 0xffff_ffffn, importWh: 16_777_215n });
    outbox.accept([reading], 1);
    expect(outbox.nextBatch(10).map((entry) => entry.reading)).to.deep.equal([reading]);
  });

  it("calls another value under the same sequence a conflict, and keeps the first", async () => {
    outbox.accept([await readingOf()], 1);
    expect(outbox.accept([await readingOf({ importWh: 501n })], 2)).to.equal("conflict");
    expect(outbox.nextBatch(10)[0]?.reading.importWh).to.equal(500n);
  });

  it("counts sequences by rank: an estimate doesn't use up the meter's own", async () => {
    expect(outbox.accept([await readingOf({ status: ReadingStatus.Estimated })], 1)).to.equal("stored");
    expect(outbox.accept([await readingOf()], 1)).to.equal("stored");
    expect(outbox.accept([await readingOf({ status: ReadingStatus.Corrected })], 1)).to.equal("stored");
    expect(outbox.accept([await readingOf({ status: ReadingStatus.Substituted })], 1)).to.equal("conflict");
  });

  it("hands out batches by slot and meter, as storing them is cheapest", async () => {
    for (const [meter, slot] of [
      [2n, 1n],
      [1n, 1n],
      [3n, 0n],
    ] as const) {
      outbox.accept([await readingOf({ meter, slot: SLOT + slot })], 1);
    }
    expect(outbox.nextBatch(2).map(({ reading }) => [reading.meter, reading.slot - SLOT])).to.deep.equal([
      [3n, 0n],
      [1n, 1n],
    ]);
  });

  it("keeps readings, what was sent as waiting, through a crash", async () => {
    for (const meter of [1n, 2n, 3n, 4n]) outbox.accept([await readingOf({ meter })], 1);
    const [first = 0n, second = 0n, third = 0n] = ids();
    outbox.markSent([first, second, third]);
    outbox.confirm([first], HASH);
    outbox.reject(third, "no");
    // not closed: as after kill -9 there is only what is on disk
    const restarted = new SqliteOutbox(path);
    expect(restarted.counts()).to.deep.equal({ waiting: 2, sent: 0, confirmed: 1, rejected: 1, refused: 0 });
    restarted.close();
  });

  it("releases only what neither was confirmed nor rejected", async () => {
    for (const meter of [1n, 2n, 3n]) outbox.accept([await readingOf({ meter })], 1);
    const all = ids();
    outbox.markSent(all);
    outbox.confirm(all.slice(0, 1), HASH);
    outbox.reject(all[1] ?? 0n, "late");
    outbox.release(all);
    expect(outbox.counts()).to.deep.equal({ waiting: 1, sent: 0, confirmed: 1, rejected: 1, refused: 0 });
  });

  it("writes a log ahead, and is closed to others", async () => {
    outbox.accept([await readingOf()], 1);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    const other = new DatabaseSync(path, { readOnly: true });
    expect(other.prepare("PRAGMA journal_mode").get()).to.deep.include({ journal_mode: "wal" });
    other.close();
  });

  it("knows the reading that counts: corrected before actual before estimated, and the last sequence", async () => {
    expect(outbox.latestAt(1n, SLOT)).to.equal(undefined);
    outbox.accept([await readingOf({ status: ReadingStatus.Estimated, importWh: 1n, sequence: 1n })], 1);
    outbox.accept([await readingOf({ status: ReadingStatus.Estimated, importWh: 9n, sequence: 2n })], 1);
    expect(outbox.has(1n, SLOT)).to.equal(true);
    expect(outbox.latestAt(1n, SLOT)).to.deep.include({ importWh: 9n, sequence: 2n });
    expect(outboxHistory(outbox).valueAt(1n, SLOT), "no estimate makes another").to.equal(undefined);
    outbox.accept([await readingOf({ importWh: 2n })], 1);
    expect(outboxHistory(outbox).valueAt(1n, SLOT)).to.deep.equal({ importWh: 2, exportWh: 0 });
    outbox.accept([await readingOf({ status: ReadingStatus.Corrected, importWh: 3n, sequence: 1n })], 1);
    const corrected = { importWh: 3n, exportWh: 0n, status: ReadingStatus.Corrected, sequence: 1n };
    expect(outbox.latestAt(1n, SLOT)).to.deep.equal(corrected);
  });

  it("doesn't count a rejected reading as known", async () => {
    outbox.accept([await readingOf()], 1);
    outbox.reject(ids()[0] ?? 0n, "late");
    expect(outbox.has(1n, SLOT)).to.equal(false);
    expect(outbox.latestAt(1n, SLOT)).to.equal(undefined);
  });

  it("keeps refused messages with the reason", () => {
    outbox.refuse({ origin: "some/topic", payload: new Uint8Array(10_000) }, "not-future: really", 5);
    expect(outbox.counts().refused).to.equal(1);
    expect(outbox.reasons(5)).to.deep.equal(
      [{ what: "some/topic", reason: "not-future: really" }].map((row) =>
        Object.assign(Object.create(null) as object, row),
      ),
    );
  });

  it("keeps marks", () => {
    expect(outbox.mark("a")).to.equal(undefined);
    outbox.setMark("a", 1n);
    outbox.setMark("a", 2n ** 40n);
    expect(outbox.mark("a")).to.equal(2n ** 40n);
  });

  it("refuses a file that is no outbox, of another version, or that can't be written, by name", async () => {
    const foreign = join(folder, "notes.txt");
    await writeFile(foreign, "these are notes, and no database at all, whatever you may think");
    const later = join(folder, "later.sqlite");
    const database = new DatabaseSync(later);
    database.exec("PRAGMA user_version = 5");
    database.close();
    for (const bad of [foreign, later, join(folder, "missing", "oracle.sqlite")]) {
      expect(() => new SqliteOutbox(bad)).to.throw(OracleSetupError, bad);
    }
  });
});
