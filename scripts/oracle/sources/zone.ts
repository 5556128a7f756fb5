/**
 * Local times of devices, with the time zone that the operator names: an IANA zone (`Europe/Berlin`), or an offset
 * that never changes (`+10:00`, `UTC`). Both clock changes of a year are known: the hour that is skipped is refused,
 * the hour that comes twice is told apart by a summer-time flag or by when the message came, or refused.
 */
import { InputError, type InputPlace } from "../../inputs/error.js";
import { DAY_SECONDS, parseLocalTime } from "../../inputs/local-time.js";

export interface Zone {
  readonly name: string;
  /** Undefined where it changes in the year. */
  readonly fixedSeconds: number | undefined;
  /** Seconds that the local clock is ahead of UTC at a moment. */
  offsetAt(time: number): number;
}

const FIXED = /^([+-])(\d{2}):(00|15|30|45)$/;
const MAX_OFFSET_HOURS = 14;
/** Days around a moment of which one or more are at standard time: a winter is longer than a quarter. */
const QUARTERS_AWAY = [-273, -182, -91, 91, 182, 273];
/** How fresh a message must be to tell the two apart: a quarter of the shortest change, half an hour on Lord Howe Island. */
const FRESH_SECONDS = 450;

/** The zone of that name; refuses what is missing, unknown, or an abbreviation that means several zones. */
export function parseZone(name: string | undefined, place: InputPlace): Zone {
  if (name === undefined || name === "") throw wrongZone("there is no time zone", place);
  if (name === "UTC") return fixedZone(name, 0);
  const [, sign, hours = "", minutes = ""] = FIXED.exec(name) ?? [];
  if (sign !== undefined && Number(hours) <= MAX_OFFSET_HOURS) {
    return fixedZone(name, (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60));
  }
  const format = /^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+$/.test(name) ? formatOf(name) : undefined;
  if (format === undefined) throw wrongZone(`'${name.slice(0, 40)}' is not a time zone`, place);
  return { name, fixedSeconds: undefined, offsetAt: (time) => offsetOf(format, time) };
}

/** The zone, which must be an offset that never changes: its files' clock knows no summer time. */
export function parseFixedZone(name: string | undefined, place: InputPlace): Zone & { readonly fixedSeconds: number } {
  const zone = parseZone(name, place);
  if (zone.fixedSeconds !== undefined) return { ...zone, fixedSeconds: zone.fixedSeconds };
  throw new InputError(
    place,
    `the clock of '${zone.name}' may change in the year, that of such files does not`,
    "Give the offset of its standard time, e.g. +10:00.",
  );
}

/** What tells the two moments of a repeated local time apart. */
export interface Hint {
  /** The device says whether its clock is at summer time. */
  readonly summer?: boolean;
  /** When the message came, in Unix seconds: the moment is meant that lies close to it. */
  readonly receivedAt?: number;
}

/** The moment (Unix seconds) of a local time such as `2026-10-25T02:30:00`. */
export function zonedTime(text: string, zone: Zone, hint: Hint, place: InputPlace): number {
  const local = parseLocalTime(text, 0, place);
  const moments = momentsOf(local, zone);
  if (moments.length === 0) {
    throw new InputError(
      place,
      `${text} does not exist in ${zone.name}: the clock skips it`,
      "Give the zone of the device's clock.",
    );
  }
  const flagged =
    hint.summer === undefined ? moments : moments.filter((moment) => isSummer(zone, moment) === hint.summer);
  if (flagged.length === 0) {
    throw new InputError(
      place,
      `${text} is not at ${hint.summer === true ? "summer" : "standard"} time in ${zone.name}, as the device says`,
      "Give the zone of the device's clock.",
    );
  }
  const [first, second] = flagged;
  if (first !== undefined && second === undefined) return first;
  const { receivedAt } = hint;
  // a message that waited for more than the repeated hour could mean either, so only a fresh one is believed
  const meant = flagged.filter((moment) => receivedAt !== undefined && Math.abs(receivedAt - moment) <= FRESH_SECONDS);
  if (meant[0] !== undefined && meant.length === 1) return meant[0];
  throw new InputError(
    place,
    `${text} comes twice in ${zone.name}, when summer time ends`,
    "Let the device send its offset from UTC (Tasmota: SetOption52 1), or UTC itself.",
  );
}

/** The moments at which a clock of the zone shows the local time, in order: one, none or two. */
function momentsOf(local: number, zone: Zone): number[] {
  const offsets = new Set([zone.offsetAt(local - DAY_SECONDS), zone.offsetAt(local + DAY_SECONDS)]);
  return [...offsets]
    .map((offset) => ({ moment: local - offset, offset }))
    .filter(({ moment, offset }) => zone.offsetAt(moment) === offset)
    .map(({ moment }) => moment)
    .sort((a, b) => a - b);
}

/** Summer time: further ahead of UTC than at other times of the year. */
function isSummer(zone: Zone, moment: number): boolean {
  const offset = zone.offsetAt(moment);
  return QUARTERS_AWAY.some((days) => offset > zone.offsetAt(moment + days * DAY_SECONDS));
}

function fixedZone(name: string, seconds: number): Zone {
  return { name, fixedSeconds: seconds, offsetAt: () => seconds };
}

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch {
    return undefined;
  }
}

/** From what `Intl` writes: `GMT`, `GMT+02:00` or, long ago, with seconds. */
function offsetOf(format: Intl.DateTimeFormat, time: number): number {
  const text = format.formatToParts(time * 1000).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours = "0", minutes = "0", seconds = "0"] =
    /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

function wrongZone(problem: string, place: InputPlace): InputError {
  return new InputError(place, problem, "Give one as Europe/Berlin, +10:00 or UTC.");
}
