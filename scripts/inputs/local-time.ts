/**
 * Local standard time as input files write it, e.g. `2016-09-14T07:00`, and the offset (`--utc-offset`, hours east
 * of UTC) that makes it a moment. Input files know no summer time: their clock runs on all year.
 */
import { InputError, type InputPlace } from "./error.js";

export const DAY_SECONDS = 86_400;

const LOCAL_TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::(\d{2}))?$/;
const LOCAL_DATE = /^\d{4}-\d{2}-\d{2}$/;
const EARLIEST = Date.UTC(2000, 0, 1) / 1000;
const LATEST = Date.UTC(2100, 0, 1) / 1000;

/** What `--utc-offset` says, in hours. */
export function parseOffsetHours(text: string): number {
  if (!/^[+-]?\d{1,2}(\.\d+)?$/.test(text)) throw wrongOffset(`'${text.slice(0, 40)}'`);
  return Number(text);
}

/** Offset of a local clock from UTC, in seconds; `hours` from -12 to 14, by quarters. */
export function utcOffsetSeconds(hours: number): number {
  if (!Number.isFinite(hours) || hours < -12 || hours > 14 || !Number.isInteger(hours * 4)) throw wrongOffset(hours);
  return hours * 3600;
}

function wrongOffset(given: string | number): InputError {
  return new InputError(
    { file: "--utc-offset" },
    `${given} is not the offset of a clock from UTC`,
    "Give hours from -12 to 14, by quarters, e.g. -8.",
  );
}

/** The moment (Unix seconds) of a local time of a file. */
export function parseLocalTime(text: string, offsetSeconds: number, place: InputPlace): number {
  const [, date = "", minute = "", second = "00"] = LOCAL_TIME.exec(text) ?? [];
  const local = Date.parse(`${date}T${minute}:${second}Z`) / 1000;
  // Date.parse takes the 31st of a short month for the next month's first day
  if (Number.isNaN(local) || formatLocalDate(local, 0) !== date) {
    throw new InputError(
      place,
      `'${text.slice(0, 40)}' is not a local time`,
      "Write it like 2016-09-14T07:00, without an offset.",
    );
  }
  return plausibleTime(local, text, place) - offsetSeconds;
}

/** The time (Unix seconds), refused where no clock that was ever set shows it, e.g. in 1970; `text` as it was given. */
export function plausibleTime(time: number, text: string, place: InputPlace): number {
  if (!(time >= EARLIEST && time < LATEST)) {
    throw new InputError(place, `the time ${text} is out of range`, "Times lie between 2000-01-01 and 2099-12-31.");
  }
  return time;
}

/** The moment at which a local day starts. */
export function parseLocalDate(text: string, offsetSeconds: number, place: InputPlace): number {
  if (!LOCAL_DATE.test(text))
    throw new InputError(place, `'${text.slice(0, 40)}' is not a date`, "Write it like 2016-09-14.");
  return parseLocalTime(`${text}T00:00`, offsetSeconds, place);
}

/** A moment in local time, to the minute, or to the second where it isn't a whole minute. */
export function formatLocalTime(time: number, offsetSeconds: number): string {
  const text = new Date((time + offsetSeconds) * 1000).toISOString();
  return time % 60 === 0 ? text.slice(0, 16) : text.slice(0, 19);
}

/** The local date of a moment. */
export function formatLocalDate(time: number, offsetSeconds: number): string {
  return formatLocalTime(time, offsetSeconds).slice(0, 10);
}
