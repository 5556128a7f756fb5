/**
 * The auditor's database (node:sqlite): verified events of one network's chains, with their transactions and blocks, and
 * how far each chain was read. A page and its cursor are written in one transaction, so that a process that ends at any
 * moment leaves whole pages alone.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

import type { Deployment } from "../../../sdk/deployments/index.js";
import { InputError } from "../../inputs/error.js";
import { inTransaction, Statements } from "../../sqlite.js";
import { hasRecords, insertText, recordRows } from "./record-tables.js";
import type { SealedStart } from "./seals.js";
import { eventViews, SCHEMA, SCHEMA_VERSION } from "./schema.js";
import type { EventRow, VerifiedBlock, VerifiedTransaction } from "./types.js";

export type ChainName = keyof Deployment["chains"];

/** How far a chain was read. */
export interface Cursor {
  /** The last block that was read; -1: none. */
  readonly block: number;
  readonly hash: string;
  /** How many events all blocks up to it brought. */
  readonly events: number;
  /** Chained over all rows up to it. */
  readonly digest: string;
}

const START: Cursor = { block: -1, hash: "", events: 0, digest: "" };
const NEW_FILE = "Name a file that this command wrote with --db, or a new one";

export class AuditDatabase {
  readonly #statements: Statements;

  private constructor(
    readonly path: string,
    readonly database: DatabaseSync,
  ) {
    this.#statements = new Statements(database);
  }

  /** Opens the file, or makes it; `:memory:` keeps nothing. Throws `InputError` for a file that is no such database. */
  static open(path: string, { mustExist = false } = {}): AuditDatabase {
    if (mustExist && path !== ":memory:" && !existsSync(path)) {
      throw new InputError(
        { file: path },
        "there is no such database",
        "Write it first: npm run audit -- index --db FILE",
      );
    }
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path);
      database.exec(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 4000;",
      );
      bringToVersion(database);
      return new AuditDatabase(path, database);
    } catch (cause) {
      database?.close();
      const trouble = sqliteTrouble(path, cause);
      // what is damaged from the first page on is some other file
      if (trouble !== undefined && !trouble.message.includes("damaged")) throw trouble;
      throw new InputError({ file: path }, `the database can't be opened (${(cause as Error).message})`, NEW_FILE, {
        cause,
      });
    }
  }

  /** The network whose events these are; undefined while the file is new. */
  get deployment(): Deployment | undefined {
    const row = this.one<{ value: string }>("SELECT value FROM meta WHERE name = 'deployment'");
    return row && (JSON.parse(row.value) as Deployment);
  }

  /** Writes the network into a new file; refuses one that holds another's. */
  claim(deployment: Deployment): void {
    const known = this.deployment;
    if (known === undefined) {
      this.whole(() => {
        this.run("INSERT INTO meta VALUES ('deployment', ?)", JSON.stringify(deployment));
        for (const view of eventViews()) this.database.exec(view);
      });
      return;
    }
    for (const chain of ["transaction", "user"] as const) {
      const [a, b] = [known.chains[chain], deployment.chains[chain]];
      const name = (what: typeof a): string => `${chain} chain ${what.chainId} with genesis block ${what.genesisHash}`;
      const isAlike = (what: "contracts" | "genesisLogs"): boolean =>
        JSON.stringify(a[what]) === JSON.stringify(b[what]);
      const isSame = name(a) === name(b) && isAlike("contracts") && isAlike("genesisLogs");
      if (isSame) continue;
      const what = name(a) === name(b) ? `other contracts on the ${name(a)}` : `the ${name(a)}, not the ${name(b)}`;
      throw new InputError({ file: this.path }, `it holds events of ${what} (network ${known.network})`, NEW_FILE);
    }
  }

  /** Length of a market slot, which no event tells. */
  get slotSeconds(): bigint | undefined {
    const row = this.one<{ value: string }>("SELECT value FROM meta WHERE name = 'slotSeconds'");
    return row && BigInt(row.value);
  }

  noteSlotSeconds(seconds: bigint): void {
    this.run("INSERT OR IGNORE INTO meta VALUES ('slotSeconds', ?)", seconds.toString());
  }

  /** From where on the chain's seals are checked; undefined: they are not. */
  sealedStart(chain: ChainName): SealedStart | undefined {
    const row = this.one<{ value: string }>("SELECT value FROM meta WHERE name = ?", `seals ${chain}`);
    return row && (JSON.parse(row.value) as SealedStart);
  }

  noteSealedStart(chain: ChainName, start: SealedStart): void {
    this.run("INSERT INTO meta VALUES (?, ?)", `seals ${chain}`, JSON.stringify(start));
  }

  cursorOf(chain: ChainName): Cursor {
    return this.one<Cursor>("SELECT block, hash, events, digest FROM cursors WHERE chain = ?", chain) ?? START;
  }

  /** Writes a page and the cursor behind it, both or neither. */
  append(chain: ChainName, blocks: readonly VerifiedBlock[], last: Pick<Cursor, "block" | "hash">): Cursor {
    return this.whole(() => {
      let { events, digest } = this.cursorOf(chain);
      for (const block of blocks) {
        const hash = createHash("sha256").update(digest);
        events += this.#writeBlock(chain, block, (content) => hash.update(content));
        digest = hash.digest("hex");
        const { number, time, proposer } = block;
        this.run("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)", chain, number, block.hash, time, proposer, digest);
      }
      this.run(
        "INSERT INTO cursors VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (chain) DO UPDATE " +
          "SET block = ?2, hash = ?3, events = ?4, digest = ?5",
        ...[chain, last.block, last.hash, events, digest],
      );
      return { ...last, events, digest };
    });
  }

  /** Throws `InputError` when rows are missing, or the file is damaged. */
  requireWhole(chain: ChainName): Cursor {
    const broken = (what: string): InputError => damaged(this.path, what);
    try {
      const check = this.one<{ quick_check: string }>("PRAGMA quick_check(1)")?.quick_check;
      if (check !== "ok") throw broken(String(check));
      const cursor = this.cursorOf(chain);
      const found = this.one<{ events: number }>(
        "SELECT count(*) AS events FROM events WHERE chain = ?",
        chain,
      )?.events;
      if (found !== cursor.events) throw broken(`${found ?? 0} events of the ${chain} chain, not ${cursor.events}`);
      return cursor;
    } catch (error) {
      throw error instanceof InputError ? error : broken((error as Error).message);
    }
  }

  /** Runs all of the action in one transaction. Throws `InputError` where SQLite cannot read or write the file. */
  whole<Result>(action: () => Result): Result {
    return this.#told(() => inTransaction(this.database, action));
  }

  one<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#told(() => this.statement(sql).get(...values) as Row | undefined);
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#told(() => this.statement(sql).run(...values));
  }

  /** Names the file with SQLite's own errors, and what to do. */
  #told<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (cause) {
      throw sqliteTrouble(this.path, cause) ?? cause;
    }
  }

  statement(sql: string): StatementSync {
    return this.#statements.of(sql);
  }

  close(): void {
    this.database.close();
  }

  /** Returns how many events the block has. */
  #writeBlock(chain: ChainName, block: VerifiedBlock, digest: (content: string | Uint8Array) => void): number {
    digest(`${block.number} ${block.hash} ${block.time} ${block.proposer}\n`);
    let events = 0;
    const insertTransaction = this.statement(
      "INSERT INTO transactions (chain, block, place, hash, sender, recipient, input) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    const insertEvent = this.statement(
      "INSERT INTO events (chain, block, log, tx, contract, name, account, meter, slot, area, args) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    for (const { place, hash, sender, to, input, events: rows } of block.transactions) {
      digest(transactionText({ hash, sender, to, input }));
      digest(input);
      const { lastInsertRowid: id } = insertTransaction.run(
        chain,
        block.number,
        place,
        hash,
        sender,
        to ?? null,
        input,
      );
      digest(rows.map(rowText).join(""));
      for (const row of rows) {
        const { log, contract, name, account, meter, slot, area, args } = row;
        const inserted = insertEvent.run(
          ...[chain, block.number, log, id, contract, name, account, meter, slot, area, args],
        );
        if (hasRecords(row)) this.#writeRecords(inserted.lastInsertRowid, row);
        events += 1;
      }
    }
    return events;
  }

  #writeRecords(event: number | bigint, { contract, name, args }: EventRow): void {
    for (const { table, rows } of recordRows(contract, name, JSON.parse(args) as Record<string, unknown>)) {
      const insert = this.statement(insertText(table));
      rows.forEach((row, place) => insert.run(event, place, ...row));
    }
  }
}

/** What the digest has of a transaction before its input. */
export function transactionText({ hash, sender, to, input }: Omit<VerifiedTransaction, "place" | "events">): string {
  return `${hash} ${sender} ${to ?? ""} ${input.length}\n`;
}

/** What the digest has of an event. */
export function rowText({ log, contract, name, args }: Pick<EventRow, "log" | "contract" | "name" | "args">): string {
  return `${log} ${contract}.${name} ${args}\n`;
}

/** The file is not as it was written. */
export function damaged(path: string, what: string): InputError {
  return new InputError({ file: path }, `the database is damaged: ${what}`, "Delete it and index the chain anew");
}

/** SQLite's primary result codes that are no fault of the program, and what to do about them. */
const TROUBLE: Readonly<Record<number, readonly [problem: string, advice: string]>> = {
  5: ["another process writes to it", "Run one indexer on a file; try again when the other one has ended"],
  6: ["another process writes to it", "Run one indexer on a file; try again when the other one has ended"],
  8: ["it can only be read", "Name a file that you may write, or a new one"],
  10: ["the disk does not answer", "Look after the disk; what was written before is whole"],
  11: ["the database is damaged", "Delete it and index the chain anew"],
  13: ["the disk is full", "Make room and start again: it goes on behind the last whole page"],
  26: ["the database is damaged", "Delete it and index the chain anew"],
};

/** Undefined for what is none of SQLite's errors, or the program's own fault. */
function sqliteTrouble(path: string, cause: unknown): InputError | undefined {
  const { code, errcode } = (cause ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  if (code !== "ERR_SQLITE_ERROR" || typeof errcode !== "number") return undefined;
  // extended codes have the primary one in their low byte
  const [problem, advice] = TROUBLE[errcode & 0xff] ?? [];
  if (problem === undefined || advice === undefined) return undefined;
  return new InputError({ file: path }, `${problem} (${(cause as Error).message})`, advice, { cause });
}

function bringToVersion(database: DatabaseSync): void {
  const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  const tables = Number(database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
  if (found === SCHEMA_VERSION) return;
  if (found !== 0 || tables !== 0) throw new Error("it is something else, or of another version");
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
}
