/**
 * A SQLite file with group commit: what is written in one turn of the event loop shares one transaction and one fsync
 * (WAL, synchronous FULL). Nothing of a group counts before `durable` has resolved; if its disk write fails, all of
 * the group is taken back.
 */
import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import { inTransaction } from "../sqlite.js";
import { OracleSetupError, OutboxFullError } from "./error.js";

export type SqlValue = string | number | bigint | null | Uint8Array;

export interface DurableFileOptions {
  /** Grouped writes are refused when the file would grow beyond it; all others still go. Default: the disk's end. */
  readonly maxBytes?: number | undefined;
}

/** What a file must hold, and how older ones come to it. */
export interface FileSchema {
  readonly version: number;
  readonly create: string;
  /** From a version to the next. */
  readonly migrations: Readonly<Record<number, string>>;
}

/** A group is written at the latest with so many writes in it. */
const GROUP_WRITES = 2_000;
/** SQLite's own: no limit. */
const NO_LIMIT = 4_294_967_294;
/** SQLite's result codes of a disk (or a limit) that is full; their low byte is the primary code. */
const SQLITE_FULL = 13;

interface Group {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  writes: number;
}

export class DurableFile {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #maxPages: number | undefined;
  #group: Group | undefined;
  /** Groups and lone transactions that reached the disk. */
  #commits = 0;

  /** `:memory:` for tests. Throws `OracleSetupError` for a file that can't be opened or is something else. */
  constructor(path: string, schema: FileSchema, { maxBytes }: DurableFileOptions = {}) {
    this.#path = path;
    this.#database = open(path, schema);
    const pageSize = Number(this.#database.prepare("PRAGMA page_size").get()?.["page_size"] ?? 4096);
    this.#maxPages = maxBytes === undefined ? undefined : Math.floor(maxBytes / pageSize); // down: never above it
  }

  get commits(): number {
    return this.#commits;
  }

  run(sql: string, ...values: SqlValue[]): { readonly changes: number | bigint } {
    return this.#statement(sql).run(...values);
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /**
   * Writes as a part of the open group, or opens one. When SQLite refuses, the whole group is taken back and all who
   * wait for it are told; an error of the action's own leaves the group as it was, so it must come before any write.
   */
  grouped<Result>(action: () => Result): Result {
    const group = (this.#group ??= this.#openGroup());
    try {
      const result = action();
      group.writes += 1;
      if (group.writes >= GROUP_WRITES) this.commit();
      return result;
    } catch (error) {
      if (this.#group !== group || !isOfSqlite(error)) throw error;
      throw this.#fail(group, error);
    }
  }

  /** Resolves once all that was written before is on disk; rejects when it was taken back. */
  durable(): Promise<void> {
    return this.#group?.promise ?? Promise.resolve();
  }

  /** Writes the open group, if any, to the disk now. */
  commit(): void {
    const group = this.#group;
    if (group === undefined) return;
    try {
      this.#database.exec("COMMIT");
    } catch (error) {
      throw this.#fail(group, error);
    }
    this.#endGroup();
    this.#commits += 1;
    group.resolve();
  }

  /** A transaction of its own, on disk when it returns; after the open group. */
  alone<Result>(action: () => Result): Result {
    this.commit();
    try {
      const result = inTransaction(this.#database, action);
      this.#commits += 1;
      return result;
    } catch (error) {
      throw this.#named(error);
    }
  }

  close(): void {
    try {
      this.commit();
    } finally {
      this.#database.close();
    }
  }

  #openGroup(): Group {
    this.#limit(this.#maxPages);
    this.#database.exec("BEGIN IMMEDIATE");
    let [resolve, reject] = [(): void => undefined, (_: unknown): void => undefined];
    const promise = new Promise<void>((onDisk, lost) => ([resolve, reject] = [onDisk, lost]));
    promise.catch(() => undefined); // whoever waits is told; nobody has to
    // after the I/O of this turn: whatever it brought is in the group
    setImmediate(() => {
      try {
        this.commit();
      } catch {
        // those who wait were told
      }
    });
    return { promise, resolve, reject, writes: 0 };
  }

  #endGroup(): void {
    this.#group = undefined;
    if (this.#maxPages !== undefined) this.#limit(NO_LIMIT);
  }

  #fail(group: Group, cause: unknown): unknown {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#endGroup();
    const error = this.#named(cause);
    group.reject(error);
    return error;
  }

  #named(error: unknown): unknown {
    return isOfSqlite(error) && (error.errcode & 0xff) === SQLITE_FULL
      ? new OutboxFullError(this.#path, { cause: error })
      : error;
  }

  #limit(pages: number | undefined): void {
    if (pages !== undefined) this.#database.exec(`PRAGMA max_page_count = ${pages}`);
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

function isOfSqlite(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

function open(path: string, schema: FileSchema): DatabaseSync {
  try {
    // readings are personal data: nobody else on the machine reads them
    if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
    bringToVersion(database, schema);
    return database;
  } catch (cause) {
    throw new OracleSetupError(
      path,
      `the outbox can't be opened (${(cause as Error).message})`,
      "Name a file that can be written with --db or in the configuration.",
      { cause },
    );
  }
}

function bringToVersion(database: DatabaseSync, { version, create, migrations }: FileSchema): void {
  const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (found === version) return;
  const steps: string[] = found === 0 ? [create] : [];
  for (let from = found; from !== 0 && from < version; from++) {
    const step = migrations[from];
    if (step !== undefined) steps.push(step);
  }
  if (found > version || (found !== 0 && steps.length < version - found)) {
    throw new Error(`it is of version ${found}, this program knows ${version}`);
  }
  database.exec(`BEGIN IMMEDIATE; ${steps.join("\n")} PRAGMA user_version = ${version}; COMMIT;`);
}
