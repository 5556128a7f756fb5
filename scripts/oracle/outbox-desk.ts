/** An outbox as its operator looks at it and asks for replays, beside the oracle that runs on it or without one. */
import { existsSync } from "node:fs";

import { DeadLetters } from "./dead-letters.js";
import { DurableFile } from "./durable-file.js";
import { OracleSetupError } from "./error.js";
import { meteringReport, type MeteringReport } from "./metering/report.js";
import { countsOf, lagOf } from "./outbox-counts.js";
import { OUTBOX_SCHEMA } from "./outbox-schema.js";
import type { OutboxState } from "./types.js";

/** Reasons are told apart so far: a rule's or an error's name, and what follows of it. */
const REASON_CHARACTERS = 80;
const REASONS_SHOWN = 20;

/** So many messages or readings for the same reason. */
export interface ReasonCount {
  readonly what: "refused" | "rejected";
  readonly reason: string;
  readonly count: number;
  /** Topic, or meter and slot, of the latest. */
  readonly latest: string;
  /** Unix seconds of the latest. */
  readonly at: number;
}

export interface OutboxStatus {
  readonly counts: Readonly<Record<OutboxState, number>>;
  /** Refused messages kept, of them those with a replay asked for, and those that the bounds cost. */
  readonly letters: { readonly kept: number; readonly toReplay: number; readonly dropped: number };
  /** Seconds that the oldest waiting reading waits; 0 when none does. */
  readonly lagSeconds: number;
  /** Unix seconds of the latest reading that came. */
  readonly lastReceivedAt: number | undefined;
  readonly reasons: readonly ReasonCount[];
  /** Of the meters that the oracle signs for. */
  readonly metering: MeteringReport;
}

/** How many were made to go again. */
export interface ReplayRequest {
  readonly messages: number;
  readonly readings: number;
}

export class OutboxDesk {
  readonly #file: DurableFile;
  readonly #letters: DeadLetters;

  /** Throws `OracleSetupError` where there is no outbox yet. */
  constructor(path: string) {
    if (!existsSync(path)) {
      const advice = "Name the oracle's --db or --config; it makes the file when it first runs.";
      throw new OracleSetupError(path, "there is no outbox", advice);
    }
    this.#file = new DurableFile(path, OUTBOX_SCHEMA);
    this.#letters = new DeadLetters(this.#file);
  }

  /** @param now Unix seconds */
  status(now: number): OutboxStatus {
    const [latest] = this.#file.all<{ at: bigint }>("SELECT received_at AS at FROM readings ORDER BY id DESC LIMIT 1");
    const [marked] = this.#file.all<{ count: bigint }>("SELECT count(*) AS count FROM dead_letters WHERE replay = 1");
    return {
      counts: countsOf(this.#file),
      letters: {
        kept: this.#letters.count(),
        toReplay: Number(marked?.count ?? 0n),
        dropped: this.#letters.dropped(),
      },
      lagSeconds: lagOf(this.#file, now),
      lastReceivedAt: latest && Number(latest.at),
      reasons: this.#reasons(),
      metering: meteringReport(this.#file, now),
    };
  }

  /**
   * Has all that was refused or rejected among what came from `from` until before `to` (Unix seconds) go through rules
   * and chain again, by the oracle that runs on this outbox, now or at its next start.
   */
  requestReplay(from: number, to: number): ReplayRequest {
    return this.#file.alone(() => {
      const letters = "UPDATE dead_letters SET replay = 1 WHERE received_at >= ? AND received_at < ?";
      const readings = `UPDATE readings SET state = 'waiting', reason = NULL
                        WHERE state = 'rejected' AND received_at >= ? AND received_at < ?`;
      return {
        messages: Number(this.#file.run(letters, from, to).changes),
        readings: Number(this.#file.run(readings, from, to).changes),
      };
    });
  }

  close(): void {
    this.#file.close();
  }

  #reasons(): ReasonCount[] {
    const rows = this.#file.all<{ what: string; reason: string; count: bigint; latest: string; at: bigint }>(
      `SELECT what, substr(reason, 1, ?) AS reason, count(*) AS count, origin AS latest, max(received_at) AS at FROM (
         SELECT 'refused' AS what, reason, origin, received_at FROM dead_letters
         UNION ALL
         SELECT 'rejected', coalesce(reason, ''), 'meter ' || meter || ' slot ' || slot, received_at
         FROM readings WHERE state = 'rejected'
       ) GROUP BY what, 2 ORDER BY count DESC, at DESC LIMIT ?`,
      ...[REASON_CHARACTERS, REASONS_SHOWN],
    );
    return rows.map(({ what, reason, count, latest, at }) => {
      return { what: what as ReasonCount["what"], reason, count: Number(count), latest, at: Number(at) };
    });
  }
}
