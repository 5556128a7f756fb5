/**
 * A light node's database (node:sqlite): headers in compact form, the trusted header with its set, and the gaps that are
 * still to be filled. What belongs together is written in one transaction: a process that ends at any moment leaves a
 * usable file.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

import type { AccountantSet, ForkEvidence, KnownSet, SealedHeader, TrustedHeader } from "../../light/index.js";
import { InputError } from "../inputs/error.js";
import { inTransaction, Statements } from "../sqlite.js";
import type { PeerRecord } from "./peers.js";
import { HeaderCodec } from "./compact-header.js";

const SCHEMA_VERSION = 2;
const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE headers (number INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE gaps (low INTEGER PRIMARY KEY, high INTEGER NOT NULL) STRICT;
CREATE TABLE forks (number INTEGER NOT NULL, evidence TEXT NOT NULL UNIQUE) STRICT;
`;
/** Since version 2. */
const PEERS = "CREATE TABLE peers (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;";
const ADVICE = "Name a file that this command wrote with --db, or a new one";

/** Headers that are missing, both ends included; the one above them is there. */
export interface Gap {
  readonly low: bigint;
  readonly high: bigint;
}

export class LightStore {
  readonly #statements: Statements;
  #codec: HeaderCodec | undefined;

  private constructor(
    readonly path: string,
    private readonly database: DatabaseSync,
  ) {
    this.#statements = new Statements(database);
  }

  /** Opens the file, or makes it; `:memory:` keeps nothing. InputError for a file that is something else. */
  static open(path: string, { mustExist = false } = {}): LightStore {
    if (mustExist && path !== ":memory:" && !existsSync(path)) {
      throw new InputError({ file: path }, "there is no such database", "Follow the chain first: npm run light-node");
    }
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path);
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;");
      bringToVersion(database);
      return new LightStore(path, database);
    } catch (cause) {
      database?.close();
      const problem = `the database can't be opened (${(cause as Error).message})`;
      throw new InputError({ file: path }, problem, ADVICE, { cause });
    }
  }

  /** Says of which chain the file is; refuses another's. `chain`: what makes it this chain, in one text. */
  claim(chain: string): void {
    const known = this.#meta("chain");
    if (known === undefined) this.#setMeta("chain", chain);
    else if (known !== chain) throw new InputError({ file: this.path }, `it is of ${known}, not of ${chain}`, ADVICE);
  }

  /** What is known of peers, also of those that are not named now. */
  get peers(): PeerRecord[] {
    const rows = this.#statements.of("SELECT record FROM peers").all() as { record: string }[];
    return rows.map(({ record }) => JSON.parse(record) as PeerRecord);
  }

  putPeer(record: PeerRecord): void {
    this.#run("INSERT OR REPLACE INTO peers VALUES (?, ?)", record.name, JSON.stringify(record));
  }

  /** The header that everything goes on from; undefined in a new file. */
  get trusted(): TrustedHeader | undefined {
    const text = this.#meta("trusted");
    if (text === undefined) return undefined;
    const { number, validators, head, sealers, isProven } = JSON.parse(text) as TrustedRow;
    const header = this.header(BigInt(number));
    if (header === undefined) throw damaged(this.path, `header ${number} is missing`);
    return { header, sealers, next: setOf(validators, head), isProven };
  }

  /** Trusts a header from now on, and forgets all others. */
  restartAt(trusted: TrustedHeader): void {
    this.whole(() => {
      for (const rows of ["headers", "gaps", "meta WHERE name = 'trusted'"]) this.#run(`DELETE FROM ${rows}`);
      this.#trust(trusted);
    });
  }

  /** Trusts a header from now on. All between it and the one before it is a gap until it is filled. */
  trust(trusted: TrustedHeader): void {
    this.whole(() => this.#trust(trusted));
  }

  #trust({ header, sealers, next, isProven }: TrustedHeader): void {
    const before = this.trustedNumber;
    this.put(header);
    const low = before === undefined ? undefined : before + 1n;
    if (low !== undefined && low < header.number) {
      this.#run("INSERT INTO gaps VALUES (?, ?)", Number(low), Number(header.number - 1n));
    }
    const row: TrustedRow = {
      number: Number(header.number),
      validators: next.validators,
      ...(next.head === undefined ? {} : { head: next.head.toString() }),
      sealers,
      isProven,
    };
    this.#setMeta("trusted", JSON.stringify(row));
  }

  get trustedNumber(): bigint | undefined {
    const text = this.#meta("trusted");
    return text === undefined ? undefined : BigInt((JSON.parse(text) as TrustedRow).number);
  }

  /** Who sealed the trusted header; undefined for others, of which that is not kept. */
  sealersOf(number: bigint): AccountantSet | undefined {
    return number === this.trustedNumber ? this.trusted?.sealers : undefined;
  }

  header(number: bigint): SealedHeader | undefined {
    const row = this.#one<{ data: Uint8Array }>("SELECT data FROM headers WHERE number = ?", Number(number));
    if (row === undefined) return undefined;
    try {
      return this.#decoder().decode(row.data);
    } catch (cause) {
      throw damaged(this.path, `header ${number} can't be read`, cause);
    }
  }

  put(header: SealedHeader): void {
    const data = this.#decoder(header).encode(header);
    this.#run("INSERT OR REPLACE INTO headers VALUES (?, ?)", Number(header.number), data);
  }

  /** The newest gap. */
  get gap(): Gap | undefined {
    const row = this.#one<{ low: number; high: number }>("SELECT low, high FROM gaps ORDER BY low DESC LIMIT 1");
    return row && { low: BigInt(row.low), high: BigInt(row.high) };
  }

  get gaps(): Gap[] {
    const rows = this.#statements.of("SELECT low, high FROM gaps ORDER BY low").all();
    return (rows as Record<"low" | "high", number>[]).map(({ low, high }) => ({
      low: BigInt(low),
      high: BigInt(high),
    }));
  }

  /** Opens the gap below the first header. */
  wantFrom(low: bigint): void {
    const first = this.#ends?.first;
    const lowest = this.gaps[0]?.low;
    if (first === undefined || first <= low || (lowest ?? first) < first) return;
    this.#run("INSERT OR REPLACE INTO gaps VALUES (?, ?)", Number(low), Number(first) - 1);
  }

  /** Headers from a gap's upper end, descending; what is left of the gap stays one. */
  fill(gap: Gap, headers: readonly SealedHeader[]): void {
    this.whole(() => {
      for (const header of headers) this.put(header);
      const high = gap.high - BigInt(headers.length);
      this.#run("DELETE FROM gaps WHERE low = ?", Number(gap.low));
      if (high >= gap.low) this.#run("INSERT INTO gaps VALUES (?, ?)", Number(gap.low), Number(high));
    });
  }

  /** Forgets headers below a number, but the trusted one. */
  forgetBelow(number: bigint): void {
    this.whole(() => {
      this.#run(
        "DELETE FROM headers WHERE number < ? AND number < ?",
        Number(number),
        Number(this.trustedNumber ?? 0n),
      );
      this.#run("DELETE FROM gaps WHERE high < ?", Number(number));
      const cut = this.#one<{ low: number; high: number }>("SELECT low, high FROM gaps WHERE low < ?", Number(number));
      if (cut === undefined) return;
      this.#run("DELETE FROM gaps WHERE low = ?", cut.low);
      this.#run("INSERT INTO gaps VALUES (?, ?)", Number(number), cut.high);
    });
  }

  /** Keeps a fork once, and what shows it to others as soon as there is something. False: it was known. */
  addFork(fork: ForkEvidence): boolean {
    return this.whole(() => {
      const known = this.forks.find(({ hashes }) => hashes.every((hash, place) => hash === fork.hashes[place]));
      if (known === undefined) {
        this.#run("INSERT INTO forks VALUES (?, ?)", fork.number, JSON.stringify(fork));
      } else if (known.set === undefined && fork.set !== undefined) {
        this.#run("UPDATE forks SET evidence = ? WHERE evidence = ?", JSON.stringify(fork), JSON.stringify(known));
      }
      return known === undefined;
    });
  }

  get forks(): ForkEvidence[] {
    const rows = this.#statements.of("SELECT evidence FROM forks ORDER BY number").all() as { evidence: string }[];
    return rows.map(({ evidence }) => JSON.parse(evidence) as ForkEvidence);
  }

  /** The first header from which on all are there, up to the trusted one; undefined in a new file. */
  get wholeFrom(): bigint | undefined {
    return this.gap === undefined ? this.#ends?.first : this.gap.high + 1n;
  }

  /** How many headers there are, and what they take, by the newest of them: nothing that reads a whole file of years. */
  get counts(): { readonly headers: number; readonly bytes: number } {
    const ends = this.#ends;
    if (ends === undefined) return { headers: 0, bytes: 0 };
    const missing = this.gaps.reduce((sum, { low, high }) => {
      const [from, to] = [low < ends.first ? ends.first : low, high > ends.last ? ends.last : high];
      return from > to ? sum : sum + to - from + 1n;
    }, 0n);
    const headers = Number(ends.last - ends.first + 1n - missing);
    const sample = "SELECT data FROM headers ORDER BY number DESC LIMIT 1000";
    const row = this.#one<{ mean: number }>(`SELECT avg(length(data)) AS mean FROM (${sample})`);
    return { headers, bytes: Math.round((row?.mean ?? 0) * headers) };
  }

  get #ends(): { readonly first: bigint; readonly last: bigint } | undefined {
    // SQLite looks an end up at once only where a query asks for no other
    const sql = "SELECT (SELECT min(number) FROM headers) AS first, (SELECT max(number) FROM headers) AS last";
    const { first, last } = this.#one<Record<"first" | "last", number | null>>(sql) ?? { first: null, last: null };
    return first === null || last === null ? undefined : { first: BigInt(first), last: BigInt(last) };
  }

  /** Runs all of the action in one transaction. */
  whole<Result>(action: () => Result): Result {
    return inTransaction(this.database, action);
  }

  close(): void {
    this.database.close();
  }

  /** The first header that is stored is the dictionary of all others. */
  #decoder(first?: SealedHeader): HeaderCodec {
    if (this.#codec !== undefined) return this.#codec;
    const known = this.#one<{ value: Uint8Array }>("SELECT value FROM meta WHERE name = 'dictionary'")?.value;
    const dictionary = known ?? first?.raw;
    if (dictionary === undefined) throw damaged(this.path, "it has headers, and nothing to read them by");
    if (known === undefined) this.#run("INSERT INTO meta VALUES ('dictionary', ?)", dictionary);
    this.#codec = new HeaderCodec(dictionary);
    return this.#codec;
  }

  #meta(name: string): string | undefined {
    return this.#one<{ value: string }>("SELECT CAST(value AS TEXT) AS value FROM meta WHERE name = ?", name)?.value;
  }

  #setMeta(name: string, value: string): void {
    this.#run("INSERT OR REPLACE INTO meta VALUES (?, CAST(? AS BLOB))", name, value);
  }

  #one<Row>(sql: string, ...values: (string | number)[]): Row | undefined {
    return this.#statements.of(sql).get(...values) as Row | undefined;
  }

  #run(sql: string, ...values: (string | number | Uint8Array)[]): void {
    this.#statements.of(sql).run(...values);
  }
}

interface TrustedRow {
  readonly number: number;
  readonly validators: readonly string[];
  /** Decimal. */
  readonly head?: string;
  readonly sealers: readonly string[];
  readonly isProven: boolean;
}

function setOf(validators: readonly string[], head: string | undefined): KnownSet {
  return head === undefined ? { validators } : { validators, head: BigInt(head) };
}

function damaged(file: string, what: string, cause?: unknown): InputError {
  return new InputError({ file }, `the database is damaged: ${what}`, "Delete it and follow the chain anew", { cause });
}

function bringToVersion(database: DatabaseSync): void {
  const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  const tables = Number(database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
  if (found === SCHEMA_VERSION) return;
  if (found === 1) {
    database.exec(`BEGIN IMMEDIATE; ${PEERS} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
    return;
  }
  if (found !== 0 || tables !== 0) throw new Error("it is something else, or of another version");
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} ${PEERS} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
}
