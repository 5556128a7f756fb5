/**
 * Reads `interval_start,retail_usd_per_kwh[,feed_in_usd_per_kwh][,carbon_kg_per_kwh]`. One credit is one USD, so a
 * price becomes micro-credits per kWh exactly, or is refused. Without a feed-in column the feed-in is 40 % of retail,
 * rounded down (market rules, "Roles").
 */
import { parsePrice } from "../../sdk/units.js";

import { printable, readCsv, required, type CsvRow } from "./csv-rows.js";
import { InputError } from "./error.js";
import { inferIntervals, type Intervals } from "./intervals.js";
import { formatLocalTime, parseLocalTime } from "./local-time.js";

/** Both prices of an interval, in micro-credits per kWh. */
export interface Prices {
  readonly retail: bigint;
  readonly feedIn: bigint;
}

/** A tariff file in memory: every interval from its first to its last has its prices. */
export interface TariffFile extends Intervals {
  readonly file: string;
  readonly offsetSeconds: number;
  readonly prices: readonly Prices[];
}

const COLUMNS = {
  required: ["interval_start", "retail_usd_per_kwh"],
  optional: ["feed_in_usd_per_kwh", "carbon_kg_per_kwh"],
};
const FEED_IN_PERCENT = 40n;

/** Reads a tariff file whole, and refuses it with file and line where it is faulty or has a hole. */
export async function readTariff(file: string, offsetSeconds: number): Promise<TariffFile> {
  const priceOf = new Map<number, Prices>();
  const lineOf = new Map<number, number>();
  await readCsv(file, COLUMNS, (row) => {
    const place = { file, line: row.line };
    const start = parseLocalTime(required(row, "interval_start"), offsetSeconds, place);
    if (lineOf.has(start)) {
      throw new InputError(
        place,
        `line ${lineOf.get(start) ?? 0} has a price for this interval already`,
        "Remove one of the two rows.",
      );
    }
    lineOf.set(start, row.line);
    priceOf.set(start, pricesOf(file, row));
    refuseNonNumericCarbon(file, row);
  });
  const intervals = inferIntervals(file, lineOf, offsetSeconds);
  return { ...intervals, file, offsetSeconds, prices: inOrder(file, intervals, priceOf, lineOf, offsetSeconds) };
}

/** The prices at a moment (Unix seconds); refuses a moment outside the file. */
export function pricesAt(tariff: TariffFile, time: number): Prices {
  const prices = tariff.prices[Math.floor((time - tariff.startsAt) / tariff.lengthSeconds)];
  if (prices === undefined) {
    throw new InputError(
      { file: tariff.file },
      `the tariff has no price for ${formatLocalTime(time, tariff.offsetSeconds)}`,
      `It covers ${coverage(tariff)}: give a tariff for the whole period, or choose days within it with --from and --days.`,
    );
  }
  return prices;
}

function coverage(tariff: TariffFile): string {
  const [from, to] = [0, tariff.count].map((interval) =>
    formatLocalTime(tariff.startsAt + interval * tariff.lengthSeconds, tariff.offsetSeconds),
  );
  return `${from ?? ""} to ${to ?? ""}`;
}

function inOrder(
  file: string,
  intervals: Intervals,
  priceOf: ReadonlyMap<number, Prices>,
  lineOf: ReadonlyMap<number, number>,
  offsetSeconds: number,
): Prices[] {
  const result: Prices[] = [];
  let line = 1;
  for (let interval = 0; interval < intervals.count; interval += 1) {
    const start = intervals.startsAt + interval * intervals.lengthSeconds;
    const prices = priceOf.get(start);
    if (prices === undefined) {
      const missing = formatLocalTime(start, offsetSeconds);
      throw new InputError(
        { file, line },
        `the tariff has a hole: no row for ${missing} follows this line`,
        "Add the missing rows.",
      );
    }
    line = lineOf.get(start) ?? line;
    result.push(prices);
  }
  return result;
}

function pricesOf(file: string, row: CsvRow): Prices {
  const retail = price(file, row.line, "retail_usd_per_kwh", required(row, "retail_usd_per_kwh"));
  const feedInText = row.cell("feed_in_usd_per_kwh");
  if (feedInText === undefined) return { retail, feedIn: (retail * FEED_IN_PERCENT) / 100n };
  const feedIn = price(file, row.line, "feed_in_usd_per_kwh", feedInText);
  if (feedIn > retail) {
    throw new InputError(
      { file, line: row.line },
      `feed-in ${feedInText} is above retail`,
      "Feed-in is at most retail (market rules): correct the row.",
    );
  }
  return { retail, feedIn };
}

function price(file: string, line: number, column: string, text: string): bigint {
  try {
    return parsePrice(text);
  } catch (cause) {
    throw new InputError(
      { file, line },
      `'${printable(text)}' in ${column} is not a price in USD per kWh`,
      "Write a decimal number from 0 to 4294 with at most 6 decimals, e.g. 0.21.",
      { cause },
    );
  }
}

function refuseNonNumericCarbon(file: string, row: CsvRow): void {
  const text = row.cell("carbon_kg_per_kwh");
  if (text === undefined || (text !== "" && Number.isFinite(Number(text)))) return;
  throw new InputError(
    { file, line: row.line },
    `'${printable(text)}' in carbon_kg_per_kwh is not a number`,
    "Correct the row.",
  );
}
