/** The cells of NEM12 records, checked one record at a time. */
import { ReadingStatus } from "../../../sdk/enums.js";
import { printable } from "../../inputs/csv-rows.js";
import { InputError, type InputPlace } from "../../inputs/error.js";
import { DAY_SECONDS, parseLocalDate } from "../../inputs/local-time.js";

import { fineEnergy } from "./observation.js";

/** Interval lengths of the format, in minutes. */
const LENGTHS_MINUTES = [5, 15, 30];
/** After the values: quality, reason, its description, update, load into AEMO's system. */
const MAX_TRAILING_CELLS = 5;
const SERIAL_CELL = 6;
const UNIT_CELL = 7;
const LENGTH_CELL = 8;

/** A data stream: one register of one meter (200 record). */
export interface Stream {
  readonly place: InputPlace;
  readonly nmi: string;
  /** The suffixes of all streams of the connection point, e.g. `["E1", "B1"]`. */
  readonly configuration: readonly string[];
  readonly suffix: string;
  readonly serial: string | undefined;
  readonly unit: string;
  readonly intervalSeconds: number;
}

/** The values of a day (300 record), in millionths of a Wh; by interval the quality, as its 400 records have it. */
export interface Day {
  readonly place: InputPlace;
  readonly stream: Stream;
  /** Unix seconds. */
  readonly start: number;
  readonly values: readonly bigint[];
  /** `undefined` until a 400 record says. */
  readonly qualities: (string | undefined)[];
}

/** Whether it counts active energy: E from the grid to the customer, B the other way; the others are no kWh. */
export function isEnergy({ suffix }: Pick<Stream, "suffix">): boolean {
  return /^[EB]/.test(suffix);
}

/** 200,NMI,NMIConfiguration,RegisterID,NMISuffix,MDMDataStreamIdentifier,MeterSerialNumber,UOM,IntervalLength,... */
export function readStream(cells: readonly string[], place: InputPlace): Stream {
  const [, nmi = "", configuration = "", , suffix = ""] = cells;
  const [serial = "", unit = "", length = ""] = [cells[SERIAL_CELL], cells[UNIT_CELL], cells[LENGTH_CELL]];
  if (!/^[A-Z0-9]{1,11}$/.test(nmi)) {
    throw faulty(place, `'${printable(nmi)}' is not the NMI of a connection point`);
  }
  if (!/^[A-Z][0-9A-Z]$/.test(suffix)) throw faulty(place, `'${printable(suffix)}' is not the suffix of a data stream`);
  const streams: readonly string[] = configuration.match(/../g) ?? [];
  if (!streams.includes(suffix)) {
    throw faulty(place, `the suffix ${suffix} is not in the NMI configuration '${printable(configuration)}'`);
  }
  if (!/^\d{1,2}$/.test(length) || !LENGTHS_MINUTES.includes(Number(length))) {
    throw faulty(place, `the interval length '${printable(length)}' is not 5, 15 or 30 minutes`);
  }
  const stream = { place, nmi, configuration: streams, suffix, unit, intervalSeconds: Number(length) * 60 };
  if (isEnergy(stream)) fineEnergy("0", unit, place); // refuses a wrong unit here, not at every value
  return { ...stream, serial: serial === "" ? undefined : printable(serial) };
}

/** 300,IntervalDate,value,...,QualityMethod,ReasonCode,ReasonDescription,UpdateDateTime,MSATSLoadDateTime */
export function readDay(cells: readonly string[], stream: Stream, offsetSeconds: number, place: InputPlace): Day {
  const count = DAY_SECONDS / stream.intervalSeconds;
  const [, date = "", ...rest] = cells;
  const quality = rest[count] ?? "";
  if (rest.length <= count || rest.length > count + MAX_TRAILING_CELLS || !isQuality(quality)) {
    throw faulty(
      place,
      `the record is not ${count} values of ${stream.intervalSeconds / 60} minutes and their quality`,
      "The day is incomplete, or its interval length is another: get the whole file.",
    );
  }
  const start = parseLocalDate(date.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3"), offsetSeconds, place);
  const unit = isEnergy(stream) ? stream.unit : "Wh";
  // reactive energy may be negative, and is not read
  const values = isEnergy(stream) ? rest.slice(0, count).map((text) => fineEnergy(text, unit, place)) : [];
  const known = quality.startsWith("V") ? undefined : quality;
  return { place, stream, start, values, qualities: Array.from({ length: count }, () => known) };
}

/** 400,StartInterval,EndInterval,QualityMethod,ReasonCode,ReasonDescription: the quality of a range of the day. */
export function readRange(cells: readonly string[], day: Day, place: InputPlace): void {
  const [, from = "", to = "", quality = ""] = cells;
  const [first, last] = [from, to].map((text) => (/^\d{1,4}$/.test(text) ? Number(text) : Number.NaN));
  if (first === undefined || last === undefined || !(first >= 1 && first <= last && last <= day.qualities.length)) {
    throw faulty(
      place,
      `'${printable(from)}' to '${printable(to)}' is not a range of intervals 1 to ${day.qualities.length}`,
    );
  }
  if (!isQuality(quality) || quality.startsWith("V")) {
    throw faulty(place, `'${printable(quality)}' is not the quality of a range`);
  }
  day.qualities.fill(quality, first - 1, last);
}

/** A, N and V stand alone; E, F and S may have the number of the method. */
function isQuality(text: string): boolean {
  return /^([ANV]|[EFS](\d{2})?)$/.test(text);
}

/** The status of a reading; undefined where there is no value (N: null data). */
export function statusOf(quality: string): ReadingStatus | undefined {
  if (quality.startsWith("A")) return ReadingStatus.Actual;
  if (quality.startsWith("E")) return ReadingStatus.Estimated;
  return /^[FS]/.test(quality) ? ReadingStatus.Substituted : undefined;
}

export function faulty(
  place: InputPlace,
  problem: string,
  advice = "Get the file anew from its provider.",
): InputError {
  return new InputError(place, problem, advice);
}
