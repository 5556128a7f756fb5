/**
 * What the gateway's meters showed and what was made of it, in the outbox's file: observations until their slots are
 * final, values as the profile's past. Writes belong to the outbox's open group.
 */
import type { ReadingStatus } from "../../../sdk/enums.js";
import type { DurableFile } from "../durable-file.js";
import { OF_ANOTHER } from "../outbox-schema.js";
import type { SlotValue } from "../../forecast/forecast.js";
import type { RefusedObservation } from "../slot-energy.js";
import type { Observation } from "../sources/observation.js";
import type { MeteredValue } from "../vee/index.js";

interface ObservationRow {
  readonly time: bigint;
  readonly until: bigint | null;
  readonly serial: string | null;
  readonly import_wh: bigint | null;
  readonly export_wh: bigint | null;
  readonly status: bigint | null;
  readonly quality: string | null;
  readonly place: string;
  readonly line: bigint | null;
  readonly received_at: bigint;
}

/** A value with what hinders it from the chain, if anything does. */
export interface KeptValue extends MeteredValue {
  readonly meter: bigint;
  /** Why it is not in the outbox; null where it is, or need not be. */
  readonly held: string | null;
}

/** How many values were made by a rule. */
export interface RuleCount {
  readonly rule: string;
  readonly status: ReadingStatus;
  readonly count: number;
}

/** Observations before the one at a moment that a judgement looks back to. */
const LOOK_BACK = 3;
/** Observations of a slot that are kept at either end of it: two confirm each other, one may be wrong. */
const KEPT_AT_BORDERS = 3;
/** Values are the profile's past: its 28 days, and some. */
export const VALUES_KEPT_SECONDS = 60 * 86_400;

export class MeteringStore {
  readonly #file: DurableFile;

  constructor(file: DurableFile) {
    this.#file = file;
  }

  /** Keeps an observation unless it is there; whether it was new. Unix seconds. */
  keep(meter: bigint, observation: Observation, receivedAt: number): boolean {
    const { serial, place, importWh, exportWh } = observation;
    const [time, until, status, quality] =
      observation.kind === "register"
        ? [observation.time, null, null, null]
        : [observation.start, observation.end, observation.status, observation.quality];
    const { changes } = this.#file.grouped(() =>
      this.#file.run(
        `INSERT OR IGNORE INTO observations
           (meter, time, until, serial, import_wh, export_wh, status, quality, place, line, received_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[meter, time, until, serial ?? null, importWh ?? null, exportWh ?? null, status, quality],
        ...[place.file, place.line ?? null, receivedAt],
      ),
    );
    return BigInt(changes) > 0n;
  }

  /** The latest moment of which the meter said anything, Unix seconds. */
  lastTime(meter: bigint): number | undefined {
    const [row] = this.#file.all<{ time: bigint | null }>(
      "SELECT max(coalesce(until, time)) AS time FROM observations WHERE meter = ?",
      meter,
    );
    return typeof row?.time === "bigint" ? Number(row.time) : undefined;
  }

  /** The earliest moment of which it said anything that is still kept, Unix seconds. */
  firstTime(meter: bigint): number | undefined {
    const [row] = this.#file.all<{ time: bigint | null }>(
      "SELECT min(time) AS time FROM observations WHERE meter = ?",
      meter,
    );
    return typeof row?.time === "bigint" ? Number(row.time) : undefined;
  }

  /** The moment of the third observation before that time, or of the earliest one; the time itself where none is. */
  lookBack(meter: bigint, time: number): number {
    const [row] = this.#file.all<{ time: bigint | null }>(
      `SELECT min(time) AS time FROM
         (SELECT time FROM observations WHERE meter = ? AND time < ? ORDER BY time DESC LIMIT ?)`,
      ...[meter, time, LOOK_BACK],
    );
    return typeof row?.time === "bigint" ? Number(row.time) : time;
  }

  /** The meter's observations from a moment on, in order of time. */
  observationsFrom(meter: bigint, name: string, time: number): Observation[] {
    return this.#file
      .all<ObservationRow>("SELECT * FROM observations WHERE meter = ? AND time >= ? ORDER BY time, id", meter, time)
      .map((row) => observationOf(name, row));
  }

  /** Keeps the value of a slot, instead of the one before. */
  keepValue(meter: bigint, value: MeteredValue, held: string | null, now: number): void {
    const { slot, importWh, exportWh, status, rule, bridgedSeconds } = value;
    this.#file.grouped(() =>
      this.#file.run(
        `INSERT OR REPLACE INTO slot_values
           (meter, slot, import_wh, export_wh, status, rule, bridged_seconds, held, made_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[meter, slot, importWh, exportWh, status, rule, bridgedSeconds, held, now],
      ),
    );
  }

  valueAt(meter: bigint, slot: bigint): KeptValue | undefined {
    const [row] = this.#file.all<ValueRow>("SELECT * FROM slot_values WHERE meter = ? AND slot = ?", meter, slot);
    return row && valueOf(row);
  }

  /**
   * The meter's first slot from `from` on whose value waits for something, or from `openFrom` on of whose readings the
   * chain rejected all, none of them for another sender's; undefined if there is none.
   */
  firstUnsent(meter: bigint, from: bigint, openFrom: bigint): bigint | undefined {
    const [row] = this.#file.all<{ slot: bigint | null }>(
      `SELECT min(slot) AS slot FROM slot_values AS own WHERE meter = ? AND slot >= ? AND (held IS NOT NULL OR (
         slot >= ?
         AND EXISTS (SELECT 1 FROM readings WHERE meter = own.meter AND slot = own.slot AND state = 'rejected')
         AND NOT EXISTS (SELECT 1 FROM readings WHERE meter = own.meter AND slot = own.slot AND ${OF_ANOTHER})
         AND NOT EXISTS (SELECT 1 FROM readings WHERE meter = own.meter AND slot = own.slot AND state <> 'rejected')))`,
      ...[meter, from, openFrom],
    );
    return row?.slot ?? undefined;
  }

  /** What was measured in the slot, for profiles: no substitute makes another. */
  measuredAt(meter: bigint, slot: bigint, actual: ReadingStatus): SlotValue | undefined {
    const value = this.valueAt(meter, slot);
    if (value?.status !== actual) return undefined;
    return { importWh: Number(value.importWh), exportWh: Number(value.exportWh) };
  }

  /** Remembers what was left out of a judgement, once. */
  flag(meter: bigint, { observation, rule, reason }: RefusedObservation, now: number): void {
    const time = observation.kind === "register" ? observation.time : observation.start;
    this.#file.grouped(() =>
      this.#file.run(
        "INSERT OR IGNORE INTO flags (meter, time, rule, reason, made_at) VALUES (?, ?, ?, ?, ?)",
        ...[meter, time, rule, reason, now],
      ),
    );
  }

  /**
   * Forgets a register's observations within slots before a moment that were measured and signed, but for the first and
   * last few of each: the counts at its borders say all, and a fault at a border needs those around it. A slot with a
   * break inside was not measured, and keeps what tells of it.
   */
  thin(meter: bigint, slotSeconds: bigint, before: number): void {
    const kind = "import_wh IS NULL, export_wh IS NULL, serial";
    this.#file.grouped(() =>
      this.#file.run(
        `DELETE FROM observations WHERE id IN (SELECT id FROM (
           SELECT id,
             row_number() OVER (PARTITION BY time / ?1, ${kind} ORDER BY time, id) AS first,
             row_number() OVER (PARTITION BY time / ?1, ${kind} ORDER BY time DESC, id DESC) AS last
           FROM observations AS own WHERE meter = ?2 AND until IS NULL AND time < ?3 AND EXISTS (
             SELECT 1 FROM slot_values
             WHERE meter = ?2 AND slot = own.time / ?1 AND rule = 'measured' AND held IS NULL
           )
         ) WHERE first > ?4 AND last > ?4)`,
        ...[slotSeconds, meter, before, KEPT_AT_BORDERS],
      ),
    );
  }

  /**
   * Forgets the observations before a moment, but for those that a judgement of it looks back to (the last one alone
   * may be wrong), and values and flags grown old.
   */
  prune(meter: bigint, before: number, now: number): void {
    this.#file.grouped(() => {
      const from = this.lookBack(meter, before);
      this.#file.run("DELETE FROM observations WHERE meter = ? AND time < ?", meter, from);
      const [old, ofMeter] = [now - VALUES_KEPT_SECONDS, "meter = ? AND made_at < ?"];
      for (const table of ["slot_values", "flags"]) this.#file.run(`DELETE FROM ${table} WHERE ${ofMeter}`, meter, old);
    });
  }
}

interface ValueRow {
  readonly meter: bigint;
  readonly slot: bigint;
  readonly import_wh: bigint;
  readonly export_wh: bigint;
  readonly status: bigint;
  readonly rule: MeteredValue["rule"];
  readonly bridged_seconds: bigint;
  readonly held: string | null;
}

function valueOf(row: ValueRow): KeptValue {
  const { meter, slot, import_wh: importWh, export_wh: exportWh, rule, held } = row;
  const status = Number(row.status) as ReadingStatus;
  return { meter, slot, importWh, exportWh, status, rule, bridgedSeconds: Number(row.bridged_seconds), held };
}

function observationOf(meter: string, row: ObservationRow): Observation {
  const common = {
    meter,
    serial: row.serial ?? undefined,
    place: { file: row.place, ...(row.line === null ? {} : { line: Number(row.line) }) },
    importWh: row.import_wh ?? undefined,
    exportWh: row.export_wh ?? undefined,
    receivedAt: Number(row.received_at),
  };
  if (row.until === null) return { kind: "register", time: Number(row.time), ...common };
  return {
    kind: "interval",
    start: Number(row.time),
    end: Number(row.until),
    status: Number(row.status) as ReadingStatus,
    quality: row.quality ?? "",
    ...common,
  };
}
