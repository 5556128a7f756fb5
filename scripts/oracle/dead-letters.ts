/**
 * Messages that no rule let through, with the reason, until they are replayed or too many. Bounded, so that a flood
 * fills no disk: by time, by number in all, and by number for one origin, which so displaces only its own.
 */
import type { DurableFile } from "./durable-file.js";
import type { SourceMessage } from "./types.js";

/** How much is kept, the latest first. */
export interface Retention {
  readonly seconds: number;
  readonly letters: number;
  readonly perOrigin: number;
}

export const RETENTION: Retention = { seconds: 30 * 86_400, letters: 20_000, perOrigin: 500 };

/** Of a payload this much is kept; a longer one can't be replayed. */
export const KEPT_BYTES = 16_384;
/** Of a topic and of a reason that quotes one. */
const KEPT_CHARACTERS = 500;
/** The bounds over all are looked at once in so many letters: they may be exceeded by as many. */
const PRUNE_EVERY = 500;
const DROPPED = "dead-letters-dropped";

/** A message kept for its reason. */
export interface DeadLetter {
  readonly id: bigint;
  readonly origin: string;
  readonly payload: Uint8Array;
  /** Of the payload as it came. */
  readonly bytes: bigint;
  readonly reason: string;
  /** Unix seconds. */
  readonly received_at: bigint;
}

export class DeadLetters {
  readonly #file: DurableFile;
  readonly #retention: Retention;
  #sincePrune = PRUNE_EVERY; // the first one looks

  constructor(file: DurableFile, retention = RETENTION) {
    this.#file = file;
    this.#retention = retention;
  }

  /** Keeps a message, as a part of the caller's transaction. `at`: Unix seconds. */
  keep({ origin, payload }: SourceMessage, reason: string, at: number): void {
    const from = origin.slice(0, KEPT_CHARACTERS);
    this.#file.run(
      "INSERT INTO dead_letters (origin, payload, bytes, reason, received_at) VALUES (?, ?, ?, ?, ?)",
      ...[from, payload.subarray(0, KEPT_BYTES), payload.byteLength, reason.slice(0, KEPT_CHARACTERS), at],
    );
    this.#drop(
      `DELETE FROM dead_letters WHERE origin = ? AND id <=
         (SELECT id FROM dead_letters WHERE origin = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      ...[from, from, this.#retention.perOrigin],
    );
    this.#sincePrune += 1;
    if (this.#sincePrune >= PRUNE_EVERY) this.#prune(at);
  }

  count(): number {
    return Number(this.#file.all<{ count: bigint }>("SELECT count(*) AS count FROM dead_letters")[0]?.count ?? 0n);
  }

  /** Letters that the bounds cost so far, by number; those that grew old are not among them. */
  dropped(): number {
    const [row] = this.#file.all<{ value: bigint }>("SELECT value FROM marks WHERE name = ?", DROPPED);
    return Number(row?.value ?? 0n);
  }

  /** Letters of which a replay was asked for, after that id, the oldest first. */
  toReplay(limit: number, after = 0n): DeadLetter[] {
    return this.#file.all<DeadLetter>(
      `SELECT id, origin, payload, bytes, reason, received_at FROM dead_letters
       WHERE replay = 1 AND id > ? ORDER BY id LIMIT ?`,
      ...[after, limit],
    );
  }

  /** Done with: it is in the outbox now, as a part of the caller's transaction. */
  taken(id: bigint): void {
    this.#file.run("DELETE FROM dead_letters WHERE id = ?", id);
  }

  /** Tried again in vain. */
  stillDead(id: bigint, reason: string): void {
    const sql = "UPDATE dead_letters SET replay = 0, reason = ? WHERE id = ?";
    this.#file.run(sql, reason.slice(0, KEPT_CHARACTERS), id);
  }

  #prune(now: number): void {
    this.#sincePrune = 0;
    this.#file.run("DELETE FROM dead_letters WHERE received_at < ?", now - this.#retention.seconds);
    this.#drop(
      "DELETE FROM dead_letters WHERE id <= (SELECT id FROM dead_letters ORDER BY id DESC LIMIT 1 OFFSET ?)",
      this.#retention.letters,
    );
  }

  #drop(sql: string, ...values: (string | number)[]): void {
    const changes = BigInt(this.#file.run(sql, ...values).changes);
    if (changes === 0n) return;
    this.#file.run(
      `INSERT INTO marks (name, value) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET value = value + excluded.value`,
      ...[DROPPED, changes],
    );
  }
}
