/** The outbox in SQLite: every statement is durable when it returns (WAL, synchronous FULL). */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";

import { OracleSetupError } from "./error.js";
import type { Measured, Outbox, OutboxCounts, OutboxEntry, OutboxState, SourceMessage } from "./types.js";

const VERSION = 2;
const SCHEMA = `
  CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    last_slot INTEGER NOT NULL,
    meter INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    status INTEGER NOT NULL,
    import_wh INTEGER NOT NULL,
    export_wh INTEGER NOT NULL,
    r TEXT NOT NULL,
    vs TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'confirmed', 'rejected')),
    reason TEXT,
    transaction_hash TEXT,
    received_at INTEGER NOT NULL,
    UNIQUE (meter, slot, rank, sequence, message)
  ) STRICT;
  CREATE INDEX unsent ON readings (last_slot, meter, message, slot) WHERE state = 'waiting';
  CREATE INDEX messages ON readings (message);
  CREATE INDEX states ON readings (state);
  CREATE TABLE refused (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    payload BLOB NOT NULL,
    reason TEXT NOT NULL,
    received_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
`;
/** Of a refused payload this much is kept. */
const KEPT_BYTES = 4096;

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
/** Market rules: substituted and estimated values rank below actual ones, these below corrected ones. */
const RANKS: Readonly<Record<number, number>> = {
  [ReadingStatus.Substituted]: 1,
  [ReadingStatus.Estimated]: 1,
  [ReadingStatus.Actual]: 2,
  [ReadingStatus.Corrected]: 3,
};

/** The outbox in one file; `:memory:` for tests. What was sent but not confirmed when it closed is waiting again. */
export class SqliteOutbox implements Outbox {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string) {
    this.#database = open(path);
    this.#run("UPDATE readings SET state = 'waiting' WHERE state = 'sent'");
  }

  accept(signed: readonly SignedReading[], receivedAt: number): "stored" | "duplicate" | "conflict" {
    return this.#transaction(() => {
      const last = signed.at(-1);
      const before = (last ? this.#rowsOf(last) : []).filter(({ r, vs }) => r === last?.r && vs === last.vs);
      const messages = new Set(before.map((row) => row.message));
      const known = signed.map((reading) => this.#known(reading, messages));
      if (known.every((found) => found === "same")) return "duplicate";
      if (known.includes("other")) return "conflict";
      const [highest] = this.#all<{ message: bigint | null }>("SELECT max(message) AS message FROM readings");
      const message = (highest?.message ?? 0n) + 1n;
      for (const reading of signed) this.#insert(reading, message, last?.slot ?? 0n, receivedAt);
      return "stored";
    });
  }

  refuse({ origin, payload }: SourceMessage, reason: string, receivedAt: number): void {
    this.#run(
      "INSERT INTO refused (origin, payload, reason, received_at) VALUES (?, ?, ?, ?)",
      origin,
      payload.subarray(0, KEPT_BYTES),
      reason,
      receivedAt,
    );
  }

  nextBatch(limit: number): OutboxEntry[] {
    return this.#all<Row>(
      `SELECT ${READING} FROM readings WHERE message IN
         (SELECT message FROM readings WHERE state = 'waiting' ORDER BY ${ORDER} LIMIT ?) ORDER BY ${ORDER}`,
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

  confirm(ids: readonly bigint[], transactionHash: string): void {
    this.#each(
      "UPDATE readings SET state = 'confirmed', transaction_hash = ? WHERE id = ?",
      ids.map((id) => [transactionHash, id]),
    );
  }

  reject(id: bigint, reason: string): void {
    this.#run("UPDATE readings SET state = 'rejected', reason = ? WHERE id = ?", reason, id);
  }

  has(meter: bigint, slot: bigint): boolean {
    const sql = "SELECT 1 AS found FROM readings WHERE meter = ? AND slot = ? AND state <> 'rejected' LIMIT 1";
    return this.#all(sql, meter, slot).length > 0;
  }

  measuredAt(meter: bigint, slot: bigint): Measured | undefined {
    const [row] = this.#all<Row>(
      `SELECT ${READING} FROM readings WHERE meter = ? AND slot = ? AND rank >= 2 AND state <> 'rejected'
       ORDER BY rank DESC, sequence DESC LIMIT 1`,
      meter,
      slot,
    );
    return row && { importWh: row.import_wh, exportWh: row.export_wh, status: Number(row.status) as ReadingStatus };
  }

  counts(): OutboxCounts {
    const counts = { waiting: 0, sent: 0, confirmed: 0, rejected: 0, refused: 0 };
    const states = this.#all<{ state: OutboxState; count: bigint }>(
      "SELECT state, count(*) AS count FROM readings GROUP BY state",
    );
    for (const { state, count } of states) counts[state] = Number(count);
    const [refused] = this.#all<{ count: bigint }>("SELECT count(*) AS count FROM refused");
    return { ...counts, refused: Number(refused?.count ?? 0n) };
  }

  /** Why readings were rejected by the chain and messages refused by the rules, the latest first. */
  reasons(limit: number): { readonly what: string; readonly reason: string }[] {
    return this.#all(
      `SELECT what, reason FROM (
         SELECT 'meter ' || meter || ' slot ' || slot AS what, reason, received_at FROM readings WHERE state = 'rejected'
         UNION ALL SELECT origin, reason, received_at FROM refused
       ) ORDER BY received_at DESC LIMIT ?`,
      limit,
    );
  }

  mark(name: string): bigint | undefined {
    return this.#all<{ value: bigint }>("SELECT value FROM marks WHERE name = ?", name)[0]?.value;
  }

  setMark(name: string, value: bigint): void {
    this.#run(
      "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      name,
      value,
    );
  }

  close(): void {
    this.#database.close();
  }

  #run(sql: string, ...values: (string | number | bigint | Uint8Array)[]): { changes: number | bigint } {
    return this.#statement(sql).run(...values);
  }

  #all<Result>(sql: string, ...values: (string | number | bigint)[]): Result[] {
    return this.#statement(sql).all(...values) as Result[];
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

  #insert(reading: SignedReading, message: bigint, lastSlot: bigint, receivedAt: number): void {
    const { meter, slot, status, sequence, importWh, exportWh, r, vs } = reading;
    this.#run(
      `INSERT INTO readings
         (message, last_slot, meter, slot, rank, sequence, status, import_wh, export_wh, r, vs, received_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      message,
      lastSlot,
      meter,
      slot,
      rankOf(status),
      sequence,
      status,
      importWh,
      exportWh,
      r,
      vs,
      receivedAt,
    );
  }

  #each(sql: string, rows: readonly (readonly (string | bigint)[])[]): void {
    this.#transaction(() => {
      for (const row of rows) this.#run(sql, ...row);
    });
  }

  /** All or nothing of what the action writes. */
  #transaction<Result>(action: () => Result): Result {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = action();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function open(path: string): DatabaseSync {
  try {
    // readings are personal data: nobody else on the machine reads them
    if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
    const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version === VERSION) return database;
    if (version !== 0) throw new Error(`it is of version ${String(version)}, this program knows ${VERSION}`);
    database.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT;`);
    return database;
  } catch (cause) {
    throw new OracleSetupError(
      path,
      `the outbox can't be opened (${(cause as Error).message})`,
      "Name a file that can be written with --db.",
      { cause },
    );
  }
}

function rankOf(status: ReadingStatus): number {
  const rank = RANKS[status];
  if (rank === undefined) throw new RangeError(`nobody signs readings of status ${status}`);
  return rank;
}

function entryOf(row: Row): OutboxEntry {
  const { id, message, meter, slot, import_wh: importWh, export_wh: exportWh, sequence, r, vs } = row;
  return {
    id,
    message,
    reading: { meter, slot, importWh, exportWh, status: Number(row.status) as ReadingStatus, sequence, r, vs },
  };
}
