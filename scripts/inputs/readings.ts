/**
 * Reads `interval_start,home,load_wh,solar_wh`: what each home used and what its panels made, in whole Wh. Rows may
 * come in any order. A row that is not there is a gap (the meter was silent), not a fault; but a file that breaks off
 * is one: its last interval holds only the first homes of the interval before, or its last home ends early.
 */
import { MAX_SLOT_WH } from "../../sdk/units.js";

import { printable, readCsv, required, type CsvRow } from "./csv-rows.js";
import { InputError } from "./error.js";
import { firstSlotOf, inferIntervals } from "./intervals.js";
import { formatLocalTime, parseLocalTime } from "./local-time.js";

/** Why a meter said nothing in a slot. */
export const Silence = { None: 0, NoRow: 1, Outage: 2, Seeded: 3 } as const;
export type Silence = (typeof Silence)[keyof typeof Silence];

/** One home's rows by interval, counted from the file's first. */
export interface HomeSeries {
  readonly home: string;
  readonly loadWh: Uint32Array;
  readonly solarWh: Uint32Array;
  /** A `Silence` for each interval; load and solar of a silent one mean nothing. */
  readonly silence: Uint8Array;
}

/** Slots of the market, numbered floor(start / length) in Unix time. */
export interface Slots {
  readonly lengthSeconds: number;
  readonly first: number;
  readonly count: number;
}

/** A readings file in memory. */
export interface ReadingsFile extends Slots {
  readonly file: string;
  readonly offsetSeconds: number;
  /** In the order of their first rows. */
  readonly homes: readonly HomeSeries[];
  /** The starts as the file writes them, where they differ from the usual form; by interval. */
  readonly startTexts: ReadonlyMap<number, string>;
}

const COLUMNS = { required: ["interval_start", "home", "load_wh", "solar_wh"] };
const MAX_WH = Number(MAX_SLOT_WH);
const MAX_CELLS = 50_000_000;

interface Row {
  readonly line: number;
  readonly start: number;
  readonly home: number;
  readonly loadWh: number;
  readonly solarWh: number;
}

/** Reads a readings file whole, and refuses it with file and line where it is faulty. */
export async function readReadings(file: string, offsetSeconds: number): Promise<ReadingsFile> {
  const rows: Row[] = [];
  const homes = new Map<string, number>();
  const lineOf = new Map<number, number>();
  const startTexts = new Map<number, string>();
  await readCsv(file, COLUMNS, (row) => {
    const text = required(row, "interval_start");
    const start = parseLocalTime(text, offsetSeconds, { file, line: row.line });
    if (!lineOf.has(start)) {
      lineOf.set(start, row.line);
      if (text !== formatLocalTime(start, offsetSeconds)) startTexts.set(start, text);
    }
    const home = homeOf(file, row);
    if (!homes.has(home)) homes.set(home, homes.size);
    const [loadWh, solarWh] = [wattHours(file, row, "load_wh"), wattHours(file, row, "solar_wh")];
    rows.push({ line: row.line, start, home: homes.get(home) ?? 0, loadWh, solarWh });
  });
  const intervals = inferIntervals(file, lineOf, offsetSeconds);
  const slots = { ...intervals, first: firstSlotOf(file, intervals) };
  refuseBrokenOff(file, rows, [...homes.keys()]);
  return { ...slots, file, offsetSeconds, homes: fillSeries(file, slots, rows, [...homes.keys()]), startTexts };
}

/** What a meter at the grid connection counts; undefined when it was silent or the file has no such interval. */
export function meterValue(
  file: Slots,
  home: HomeSeries,
  slot: number,
): { readonly importWh: number; readonly exportWh: number } | undefined {
  const index = slot - file.first;
  if (home.silence[index] !== Silence.None) return undefined;
  const net = (home.loadWh[index] ?? 0) - (home.solarWh[index] ?? 0);
  return { importWh: Math.max(0, net), exportWh: Math.max(0, -net) };
}

function fillSeries(file: string, slots: Slots, rows: readonly Row[], names: readonly string[]): HomeSeries[] {
  if (names.length * slots.count > MAX_CELLS) {
    throw new InputError(
      { file },
      `${names.length} homes over ${slots.count} intervals are more than fit in memory`,
      "Split the file, and check it for a stray date.",
    );
  }
  const series = names.map((home) => ({
    home,
    loadWh: new Uint32Array(slots.count),
    solarWh: new Uint32Array(slots.count),
    silence: new Uint8Array(slots.count).fill(Silence.NoRow),
  }));
  for (const row of rows) {
    const own = series[row.home];
    const index = row.start / slots.lengthSeconds - slots.first;
    if (own === undefined) continue;
    if (own.silence[index] !== Silence.NoRow) {
      throw new InputError(
        { file, line: row.line },
        `home '${own.home}' has a second row for this interval`,
        "Remove one of the two rows.",
      );
    }
    own.loadWh[index] = row.loadWh;
    own.solarWh[index] = row.solarWh;
    own.silence[index] = Silence.None;
  }
  return series;
}

function refuseBrokenOff(file: string, rows: readonly Row[], names: readonly string[]): void {
  const last = rows.at(-1);
  if (last === undefined) return;
  const missing = isByInterval(rows) ? missingAtEnd(rows, last) : endsEarly(rows, last);
  if (missing === undefined) return;
  throw new InputError(
    { file, line: last.line },
    `the file breaks off here: its last interval lacks home '${names[missing] ?? ""}'`,
    "Get the whole file, or remove the incomplete last interval.",
  );
}

function isByInterval(rows: readonly Row[]): boolean {
  return rows.every((row, index) => index === 0 || row.start >= (rows[index - 1]?.start ?? 0));
}

/** By interval: the first home that the last interval lacks, if those it has are only the first of the one before. */
function missingAtEnd(rows: readonly Row[], last: Row): number | undefined {
  const final = rows.filter((row) => row.start === last.start).map((row) => row.home);
  const previousStart = rows[rows.length - final.length - 1]?.start;
  const before = rows.filter((row) => row.start === previousStart).map((row) => row.home);
  return final.length < before.length && final.every((home, index) => home === before[index])
    ? before[final.length]
    : undefined;
}

/** By home: the last home, if the file has later intervals than its own last one. */
function endsEarly(rows: readonly Row[], last: Row): number | undefined {
  const byHome = rows.every((row, index) => index === 0 || row.home >= (rows[index - 1]?.home ?? 0));
  return byHome && rows.some((row) => row.start > last.start) ? last.home : undefined;
}

function homeOf(file: string, row: CsvRow): string {
  const home = required(row, "home");
  if (home === "" || home !== home.trim() || home.length > 64 || printable(home) !== home) {
    throw new InputError(
      { file, line: row.line },
      `'${printable(home)}' can't be the id of a home`,
      "Use 1 to 60 visible characters without space at either end.",
    );
  }
  return home;
}

function wattHours(file: string, row: CsvRow, column: string): number {
  const text = required(row, column);
  const place = { file, line: row.line };
  if (!/^-?\d+$/.test(text)) {
    throw new InputError(
      place,
      `'${printable(text)}' in ${column} is not a whole number of Wh`,
      "Correct the value, or remove the row: a missing row is a gap.",
    );
  }
  const value = Number(text);
  if (value < 0 || value > MAX_WH) {
    throw new InputError(
      place,
      `${printable(text)} Wh in ${column} is out of range`,
      `A slot holds 0 to ${MAX_WH} Wh.`,
    );
  }
  return value;
}
