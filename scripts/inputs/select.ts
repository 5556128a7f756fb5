/** Which days of a readings file a run takes (`--from`, `--days`), and which slots those are. */
import { InputError } from "./error.js";
import { DAY_SECONDS, formatLocalDate, parseLocalDate } from "./local-time.js";
import { Silence, type ReadingsFile } from "./readings.js";

/** A run of slots: whole local days. */
export interface Range {
  readonly firstSlot: number;
  readonly slotCount: number;
  readonly days: number;
  readonly slotsPerDay: number;
}

/** The day taken when none is named and the file has it: a September weekday of the Fontana data. */
export const DEFAULT_FROM = "2016-09-14";
/** Without that day, the first one with this many days before it to forecast from, where the days asked for fit. */
const DAYS_BEFORE = 7;

/** Finds the days in the file; refuses days that it doesn't have whole. */
export function selectDays(file: ReadingsFile, from: string | undefined, days: number): Range {
  if (!Number.isInteger(days) || days < 1 || days > 3660) {
    throw new InputError({ file: "--days" }, `${days} is not a number of days`, "Give a whole number from 1 to 3660.");
  }
  const slotsPerDay = DAY_SECONDS / file.lengthSeconds;
  const firstSlot = (from === undefined ? defaultStart(file, days) : startOf(file, from)) / file.lengthSeconds;
  const slotCount = days * slotsPerDay;
  refuseOutside(file, firstSlot, slotCount, days);
  refuseEmpty(file, firstSlot, slotCount);
  return { firstSlot, slotCount, days, slotsPerDay };
}

function startOf(file: ReadingsFile, from: string): number {
  const start = parseLocalDate(from, file.offsetSeconds, { file: "--from" });
  if (start % file.lengthSeconds !== 0) {
    throw new InputError(
      { file: "--from" },
      `${from} doesn't start with an interval of ${file.file}`,
      "Check --utc-offset.",
    );
  }
  return start;
}

/** The usual day, else the first with a week before it to forecast from, or as late as the days still fit. */
function defaultStart(file: ReadingsFile, days: number): number {
  const usual = parseLocalDate(DEFAULT_FROM, file.offsetSeconds, { file: "--from" });
  const [first, end] = [file.first * file.lengthSeconds, (file.first + file.count) * file.lengthSeconds];
  const seconds = days * DAY_SECONDS;
  if (usual % file.lengthSeconds === 0 && usual >= first && usual + seconds <= end) return usual;
  const firstDay = Math.ceil((first + file.offsetSeconds) / DAY_SECONDS) * DAY_SECONDS - file.offsetSeconds;
  const daysBefore = Math.min(DAYS_BEFORE, Math.floor((end - firstDay - seconds) / DAY_SECONDS));
  return firstDay + Math.max(0, daysBefore) * DAY_SECONDS;
}

function refuseOutside(file: ReadingsFile, firstSlot: number, slotCount: number, days: number): void {
  if (firstSlot >= file.first && firstSlot + slotCount <= file.first + file.count) return;
  const date = (slot: number): string => formatLocalDate(slot * file.lengthSeconds, file.offsetSeconds);
  const wanted = days === 1 ? date(firstSlot) : `${date(firstSlot)} to ${date(firstSlot + slotCount - 1)}`;
  const whole = wholeDays(file);
  const advice =
    whole === undefined
      ? "It has no whole day at all; if its clock is not at the given --utc-offset, correct that."
      : `Its whole days are ${date(whole.first)} to ${date(whole.end - 1)}: choose among them with --from and --days.`;
  throw new InputError({ file: file.file }, `the file doesn't have ${wanted} whole`, advice);
}

function wholeDays(file: ReadingsFile): { readonly first: number; readonly end: number } | undefined {
  const perDay = DAY_SECONDS / file.lengthSeconds;
  const offset = file.offsetSeconds / file.lengthSeconds;
  const first = Math.ceil((file.first + offset) / perDay) * perDay - offset;
  const end = Math.floor((file.first + file.count + offset) / perDay) * perDay - offset;
  return end > first ? { first, end } : undefined;
}

function refuseEmpty(file: ReadingsFile, firstSlot: number, slotCount: number): void {
  const from = firstSlot - file.first;
  const hasRow = file.homes.some((home) =>
    home.silence.subarray(from, from + slotCount).some((silence) => silence !== Silence.NoRow),
  );
  if (hasRow) return;
  throw new InputError(
    { file: file.file },
    "the chosen days lie in a hole of the file: no home has a row in them",
    "Choose other days with --from.",
  );
}
