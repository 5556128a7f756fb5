/** The outbox in SQLite. What `accept` and `refuse` write is on disk once `durable` resolves, all else at once. */
import type { ReadingStatus } from "../../sdk/enums.js";
import { rankOf, type SignedReading } from "../../sdk/signing/readings.js";

import { DeadLetters } from "./dead-letters.js";
import { meteringReport, type MeteringReport } from "./metering/report.js";
import { MeteringStore } from "./metering/store.js";
import { DurableFile, type DurableFileOptions, type SqlValue } from "./durable-file.js";
import { countsOf, lagOf } from "./outbox-counts.js";
import { OF_ANOTHER, OUTBOX_SCHEMA } from "./outbox-schema.js";
import type { LatestReading, Outbox, OutboxCounts, OutboxEntry, OutboxState, SourceMessage } from "./types.js";

interface Row {
  readonly id: bigint;
  readonly message: bigint;
  readonly meter: bigint;
  readonly slot: bigint;
  readonly import_wh: bigint;
  readonly export_wh: bigint;
  readonly status: bigint;
  readonly sequence: bigint;
  readonly r: string;
  readonly vs: string;
  readonly state: OutboxState;
}

const READING = "id, message, meter, slot, import_wh, export_wh, status, sequence, r, vs, state";
/** Readings under one signature one after the other. */
const ORDER = "last_slot, meter, message, slot";
/** Readings deleted in one transaction: a moment's work. */
const FORGOTTEN_AT_ONCE = 2_000;
/** The outbox in one file; `:memory:` for tests. What was sent but not confirmed when it closed is waiting again. */
export class SqliteOutbox implements Outbox {
  readonly #file: DurableFile;
  readonly letters: DeadLetters;
  /** Of the meters that the oracle signs for. */
  readonly metering: MeteringStore;

  constructor(path: string, options: DurableFileOptions = {}) {
    this.#file = new DurableFile(path, OUTBOX_SCHEMA, options);
    this.letters = new DeadLetters(this.#file);
    this.metering = new MeteringStore(this.#file);
    this.#file.alone(() => this.#file.run("UPDATE readings SET state = 'waiting' WHERE state = 'sent'"));
  }

  /** Writes to the disk since it was opened: what group commit saves. */
  get commits(): number {
    return this.#file.commits;
  }

  accept(signed: readonly SignedReading[], receivedAt: number): "stored" | "duplicate" | "conflict" {
    const ranks = signed.map(({ status }) => rankOf(status)); // before any write: it may throw
    return this.#file.grouped(() => {
      const last = signed.at(-1);
      const before = (last ? this.#rowsOf(last) : []).filter(({ r, vs }) => r === last?.r && vs === last.vs);
      const messages = new Set(before.map((row) => row.message));
      const known = signed.map((reading) => this.#known(reading, messages));
      if (known.every((found) => found === "same")) return "duplicate";
      if (known.includes("other")) return "conflict";
      const [highest] = this.#file.all<{ message: bigint | null }>("SELECT max(message) AS message FROM readings");
      const common = [(highest?.message ?? 0n) + 1n, last?.slot ?? 0n, receivedAt] as const;
      signed.forEach((reading, index) => this.#insert(reading, ranks[index] ?? 0, ...common));
      return "stored";
    });
  }

  refuse(message: SourceMessage, reason: string, receivedAt: number): void {
    this.#file.grouped(() => this.letters.keep(message, reason, receivedAt));
  }

  letterTaken(id: bigint): void {
    this.#file.grouped(() => this.letters.taken(id));
  }

  letterStillDead(id: bigint, reason: string): void {
    this.#file.grouped(() => this.letters.stillDead(id, reason));
  }

  durable(): Promise<void> {
    return this.#file.durable();
  }

  nextBatch(limit: number): OutboxEntry[] {
    this.#file.commit(); // nothing goes to the chain that is not on disk
    return this.#all<Row>(
      `SELECT ${READING} FROM readings WHERE message IN
         (SELECT message FROM readings INDEXED BY unsent WHERE state = 'waiting' ORDER BY ${ORDER} LIMIT ?) ORDER BY ${ORDER}`,
      limit,
    ).map(entryOf);
  }

  markSent(ids: readonly bigint[]): void {
    this.#each(
      "UPDATE readings SET state = 'sent' WHERE id = ?",
      ids.map((id) => [id]),
    );
  }

  release(ids: readonly bigint[]): void {
    this.#each(
      "UPDATE readings SET state = 'waiting' WHERE id = ? AND state = 'sent'",
      ids.map((id) => [id]),
    );
  }

  confirm(ids: readonly bigint[], transactionHash: string | undefined): void {
    this.#each(
      "UPDATE readings SET state = 'confirmed', transaction_hash = ? WHERE id = ?",
      ids.map((id) => [transactionHash ?? null, id]),
    );
  }

  reject(id: bigint, reason: string): void {
    this.#each("UPDATE readings SET state = 'rejected', reason = ? WHERE id = ?", [[reason, id]]);
  }

  has(meter: bigint, slot: bigint): boolean {
    const sql = "SELECT 1 AS found FROM readings WHERE meter = ? AND slot = ? AND state <> 'rejected' LIMIT 1";
    return this.#all(sql, meter, slot).length > 0;
  }

  isOfAnother(meter: bigint, slot: bigint): boolean {
    const sql = `SELECT 1 FROM readings WHERE meter = ? AND slot = ? AND ${OF_ANOTHER} LIMIT 1`;
    return this.#all(sql, meter, slot).length > 0;
  }

  latestAt(meter: bigint, slot: bigint): LatestReading | undefined {
    const [row] = this.#all<Row>(
      `SELECT ${READING} FROM readings WHERE meter = ? AND slot = ? AND state <> 'rejected'
       ORDER BY rank DESC, sequence DESC LIMIT 1`,
      meter,
      slot,
    );
    if (row === undefined) return undefined;
    const { import_wh: importWh, export_wh: exportWh, status, sequence } = row;
    return { importWh, exportWh, status: Number(status) as ReadingStatus, sequence };
  }

  /** Forgets some of the confirmed and rejected readings that came before a moment, the oldest first; how many. Unix seconds. */
  forget(before: number): number {
    const oldest = "SELECT id, received_at FROM readings WHERE state = ? ORDER BY id LIMIT ?";
    const sql = `DELETE FROM readings WHERE id IN (SELECT id FROM (${oldest}) WHERE received_at < ?)`;
    return this.#file.alone(() =>
      ["confirmed", "rejected"]
        .map((state) => Number(this.#file.run(sql, state, FORGOTTEN_AT_ONCE, before).changes))
        .reduce((sum, changes) => sum + changes, 0),
    );
  }

  counts(): OutboxCounts {
    return { ...countsOf(this.#file), refused: this.letters.count() };
  }

  /** Seconds that the oldest reading waits which is not on the chain yet. `now`: Unix seconds. */
  lag(now: number): number {
    return lagOf(this.#file, now);
  }

  /** Of the meters that the oracle signs for. `now`: Unix seconds. */
  meteringReport(now: number): MeteringReport {
    return meteringReport(this.#file, now);
  }

  /** Why readings were rejected by the chain and messages refused by the rules, the latest first. */
  reasons(limit: number): { readonly what: string; readonly reason: string }[] {
    return this.#all(
      `SELECT what, reason FROM (
         SELECT 'meter ' || meter || ' slot ' || slot AS what, reason, received_at FROM readings WHERE state = 'rejected'
         UNION ALL SELECT origin, reason, received_at FROM dead_letters
       ) ORDER BY received_at DESC LIMIT ?`,
      limit,
    );
  }

  mark(name: string): bigint | undefined {
    return this.#all<{ value: bigint }>("SELECT value FROM marks WHERE name = ?", name)[0]?.value;
  }

  setMark(name: string, value: bigint): void {
    const sql = "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
    this.#each(sql, [[name, value]]);
  }

  close(): void {
    this.#file.close();
  }

  #all<Result>(sql: string, ...values: SqlValue[]): Result[] {
    return this.#file.all<Result>(sql, ...values);
  }

  /** Whether such a reading is there; rejected ones count if they came under the same signature. */
  #known(reading: SignedReading, messages: ReadonlySet<bigint>): "no" | "same" | "other" {
    const { status, importWh, exportWh } = reading;
    const rows = this.#rowsOf(reading).filter(({ state, message }) => state !== "rejected" || messages.has(message));
    if (rows.length === 0) return "no";
    const isSame = (row: Row): boolean =>
      row.import_wh === importWh && row.export_wh === exportWh && row.status === BigInt(status);
    return rows.every(isSame) ? "same" : "other";
  }

  /** The readings of the same meter, slot, rank and sequence. */
  #rowsOf({ meter, slot, status, sequence }: SignedReading): Row[] {
    return this.#all<Row>(
      `SELECT ${READING} FROM readings WHERE meter = ? AND slot = ? AND rank = ? AND sequence = ?`,
      meter,
      slot,
      rankOf(status),
      sequence,
    );
  }

  #insert(reading: SignedReading, rank: number, message: bigint, lastSlot: bigint, receivedAt: number): void {
    const { meter, slot, status, sequence, importWh, exportWh, r, vs } = reading;
    this.#file.run(
      `INSERT INTO readings
         (message, last_slot, meter, slot, rank, sequence, status, import_wh, export_wh, r, vs, received_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[message, lastSlot, meter, slot, rank, sequence, status, importWh, exportWh, r, vs, receivedAt],
    );
  }

  #each(sql: string, rows: readonly (readonly SqlValue[])[]): void {
    this.#file.alone(() => {
      for (const row of rows) this.#file.run(sql, ...row);
    });
  }
}

function entryOf(row: Row): OutboxEntry {
  const { id, message, meter, slot, import_wh: importWh, export_wh: exportWh, sequence, r, vs } = row;
  return {
    id,
    message,
    reading: { meter, slot, importWh, exportWh, status: Number(row.status) as ReadingStatus, sequence, r, vs },
  };
}
