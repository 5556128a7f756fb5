/** Periods of statements: whole slots, by when their delivery starts. */
import { formatTime, slotStart } from "../../../sdk/time/slots.js";
import { InputError } from "../../inputs/error.js";

/** Unix seconds; `to` is the first second after it. */
export interface Period {
  readonly from: bigint;
  readonly to: bigint;
  /** Of the clock that days and months are of, seconds east of UTC. */
  readonly offsetSeconds: bigint;
}

/** The time between two moments; refuses one that is empty. */
export function periodBetween(from: bigint, to: bigint, offsetSeconds: bigint): Period {
  if (from < to) return { from, to, offsetSeconds };
  const problem = `the period from ${formatTime(from)} to ${formatTime(to)} is empty`;
  throw new InputError({ file: "--from, --to" }, problem, "Give an end after the start; the end is not part of it");
}

/** A month of a clock, e.g. `2016-07`. */
export function monthPeriod(month: string, offsetSeconds: bigint): Period {
  const [, year = "", number = ""] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === "") {
    throw new InputError({ file: "--month" }, `'${month.slice(0, 40)}' is not a month`, "Write it like 2016-09");
  }
  const start = (of: number): bigint => BigInt(Date.UTC(Number(year), of) / 1_000) - offsetSeconds;
  return { from: start(Number(number) - 1), to: start(Number(number)), offsetSeconds };
}

export function isWithin({ from, to }: Period, slot: bigint, slotSeconds: bigint): boolean {
  const start = slotStart(slot, slotSeconds);
  return from <= start && start < to;
}

/** What rows are made by. */
export type Grouping = "slot" | "day" | "month";

/** The slot's start, day or month on the period's clock, e.g. `2016-07-01`. */
export function labelOf(slot: bigint, slotSeconds: bigint, { offsetSeconds }: Period, by: Grouping): string {
  return timeLabel(slotStart(slot, slotSeconds), offsetSeconds, by);
}

export function timeLabel(time: bigint, offsetSeconds: bigint, by: Grouping): string {
  const local = formatTime(time + offsetSeconds);
  return local.slice(0, by === "month" ? 7 : by === "day" ? 10 : 16);
}

/** In words, e.g. `2016-07-01T00:00 to 2016-08-01T00:00, UTC-8`. */
export function periodText({ from, to, offsetSeconds }: Period): string {
  const local = (time: bigint): string => timeLabel(time, offsetSeconds, "slot");
  const hours = Number(offsetSeconds) / 3_600;
  const clock = hours === 0 ? "UTC" : `UTC${hours > 0 ? "+" : ""}${hours}`;
  return `${local(from)} to ${local(to)}, ${clock}`;
}
