/**
 * NEM12 files of Australian meter data providers: "Meter Data File Format Specification NEM12 & NEM13" of AEMO
 * (https://aemo.com.au/-/media/files/electricity/nem/retail_and_metering/market_settlement_and_transfer_solutions/2022/mdff-specification-nem12-nem13-v25.pdf): 100 header,
 * then for each data stream a 200 record, for each day a 300 record with all its intervals, 400 records where their
 * quality varies, 500 for the business between parties, and 900 at the end. Suffix E is energy out of the grid, B into
 * it (AEMO's "National Metering Identifier Procedure", where export and import are the market's;
 * https://www.aemo.com.au/-/media/Files/Electricity/NEM/Retail_and_Metering/Metering-Procedures/2018/MSATS-National-Metering-Identifier-Procedure.pdf); several of one kind, e.g. a
 * controlled load E2, are added. Times are of a clock without summer time, of the national market +10:00.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import type { ReadingStatus } from "../../../sdk/enums.js";
import { printable, readRecords } from "../../inputs/csv-rows.js";
import { InputError, type InputPlace } from "../../inputs/error.js";

import { faulty, isEnergy, readDay, readRange, readStream, statusOf, type Day, type Stream } from "./nem12-record.js";
import { FINE_PER_WH, statusRank, type IntervalObservation } from "./observation.js";
import { parseFixedZone } from "./zone.js";

/** A year of 5-minute values of some forty homes; a larger file should be split by its provider. */
export const MAX_NEM12_BYTES = 64 * 1024 * 1024;

/** What was read of a folder: whatever is right, and why the rest was not taken. */
export interface FolderContent {
  readonly observations: Iterable<IntervalObservation>;
  readonly refused: readonly InputError[];
}

/** Reads a file whole, or refuses it with its line. `zone`: the offset of the file's clock, e.g. `+10:00`. */
export async function readNem12(file: string, zone: string | undefined): Promise<IntervalObservation[]> {
  const { fixedSeconds } = parseFixedZone(zone, { file });
  await refuseLarge(file);
  const parser = new Nem12Parser(file, fixedSeconds);
  for await (const { record, info } of readRecords(file)) parser.take(record, info.lines);
  return parser.finish();
}

/** Reads the `.csv` files of a folder by name; one that is refused keeps none of the others out. */
export async function readNem12Folder(folder: string, zone: string | undefined): Promise<FolderContent> {
  parseFixedZone(zone, { file: folder });
  const observations: IntervalObservation[] = [];
  const refused: InputError[] = [];
  for (const name of await filesOf(folder)) {
    try {
      for (const observation of await readNem12(join(folder, name), zone)) observations.push(observation);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused.push(error);
    }
  }
  return { observations, refused };
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.toLowerCase().endsWith(".csv")).sort();
  } catch (cause) {
    throw new InputError({ file: folder }, "the folder can't be read", "Check the path and the rights on it.", {
      cause,
    });
  }
}

async function refuseLarge(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0, // reading tells why
  );
  if (size <= MAX_NEM12_BYTES) return;
  throw new InputError(
    { file },
    `the file has ${size} bytes`,
    `Split it: ${MAX_NEM12_BYTES} at most are read at once.`,
  );
}

/** The days of a connection point by their start (Unix seconds), then by suffix. */
type Days = Map<number, Map<string, Day>>;

/** Takes the records in order. */
class Nem12Parser {
  readonly #file: string;
  readonly #offsetSeconds: number;
  /** By NMI. */
  readonly #points = new Map<string, Days>();
  #previous = "";
  #lastLine = 1;
  #stream: Stream | undefined;
  #day: Day | undefined;

  constructor(file: string, offsetSeconds: number) {
    this.#file = file;
    this.#offsetSeconds = offsetSeconds;
  }

  take(cells: readonly string[], line: number): void {
    const place = { file: this.#file, line };
    const [kind = ""] = cells;
    if (this.#previous === "" && (kind !== "100" || cells[1] !== "NEM12")) {
      throw faulty(
        place,
        "the file does not start with a header 100,NEM12",
        "Get the whole file, in the format NEM12.",
      );
    }
    if (this.#previous === "900") throw faulty(place, "a record follows the end (900)", "Split joined files.");
    this.#dispatch(kind, cells, place);
    this.#previous = kind;
    this.#lastLine = line;
  }

  #dispatch(kind: string, cells: readonly string[], place: InputPlace): void {
    if (kind === "100" && this.#previous === "") return;
    if (kind === "200") return this.#startStream(readStream(cells, place));
    if (kind === "300" && this.#stream !== undefined) {
      return this.#startDay(readDay(cells, this.#stream, this.#offsetSeconds, place));
    }
    if (kind === "400" && this.#day !== undefined) return readRange(cells, this.#day, place);
    if (kind === "500" && this.#day !== undefined) return;
    if (kind === "900") return this.#endDay();
    throw faulty(place, `a record '${printable(kind)}' can't stand here`);
  }

  #startStream(stream: Stream): void {
    this.#endDay();
    this.#stream = stream;
    if (!this.#points.has(stream.nmi)) this.#points.set(stream.nmi, new Map());
  }

  #startDay(day: Day): void {
    this.#endDay();
    const { nmi, suffix } = day.stream;
    const days = this.#points.get(nmi);
    const others = days?.get(day.start) ?? new Map<string, Day>();
    if (others.has(suffix)) {
      throw faulty(day.place, `${nmi} ${suffix} has this day twice`, "Remove one of the two records.");
    }
    for (const { stream, qualities } of others.values()) {
      if (qualities.length === day.qualities.length && stream.serial === day.stream.serial) continue;
      throw faulty(day.place, `the streams of ${nmi} have another interval length or meter this day`);
    }
    days?.set(day.start, others.set(suffix, day));
    this.#day = day;
  }

  #endDay(): void {
    const missing = this.#day?.qualities.indexOf(undefined) ?? -1;
    if (this.#day !== undefined && missing >= 0) {
      throw faulty(this.#day.place, `its quality varies (V), and no 400 record has that of interval ${missing + 1}`);
    }
    this.#day = undefined;
  }

  finish(): IntervalObservation[] {
    const place = { file: this.#file, line: this.#lastLine };
    if (this.#previous === "") throw faulty({ file: this.#file }, "the file is empty");
    if (this.#previous !== "900") throw faulty(place, "the file breaks off: its end (900) is missing");
    const all = [...this.#points.values()].flatMap((days) => [...days.values()]);
    if (!all.some((streams) => [...streams.values()].some(({ stream }) => isEnergy(stream)))) {
      throw faulty(
        place,
        "the file has no day of energy",
        "One of reactive energy only, or of a header only, is no use.",
      );
    }
    return [...this.#points].flatMap(([nmi, days]) => observationsOf(nmi, days));
  }
}

/** What the streams of a connection point say of each interval, in order of time. */
function observationsOf(nmi: string, days: Days): IntervalObservation[] {
  return [...days]
    .sort(([a], [b]) => a - b)
    .flatMap(([start, streams]) => {
      const energy = [...streams.values()].filter(({ stream }) => isEnergy(stream));
      return energy[0] === undefined ? [] : dayOf(nmi, start, energy[0], energy);
    });
}

function dayOf(nmi: string, start: number, first: Day, streams: readonly Day[]): IntervalObservation[] {
  const { place, stream, qualities } = first;
  const imports = directionOf(first, streams, "E");
  const exports = directionOf(first, streams, "B");
  return qualities.flatMap((_, index) => {
    const known = [imports[index], exports[index]].filter((value) => value !== undefined);
    const worst = known.sort((a, b) => statusRank(b.status) - statusRank(a.status))[0];
    if (worst === undefined || !known.some(({ isMeasured }) => isMeasured)) return [];
    const from = start + index * stream.intervalSeconds;
    return [
      {
        kind: "interval",
        meter: nmi,
        serial: stream.serial,
        place,
        start: from,
        end: from + stream.intervalSeconds,
        importWh: imports[index]?.wh,
        exportWh: exports[index]?.wh,
        status: worst.status,
        quality: worst.quality,
      },
    ];
  });
}

interface Value {
  /** False: the connection point has no stream of that direction, so none of its energy. */
  readonly isMeasured: boolean;
  readonly wh: bigint;
  readonly status: ReadingStatus;
  readonly quality: string;
}

/**
 * One direction of a day, by interval, its streams added; undefined where one of them has no value. Rounded down to Wh
 * so that every interval carries the rest of the ones before it: the day's sum is the sum of its values, rounded down.
 */
function directionOf(first: Day, streams: readonly Day[], letter: "E" | "B"): (Value | undefined)[] {
  const wanted = first.stream.configuration.filter((suffix) => suffix.startsWith(letter));
  const days = wanted.map((suffix) => streams.find(({ stream }) => stream.suffix === suffix));
  let total = 0n;
  return first.qualities.map((_, index) => {
    const qualities = days.map((day) => day?.qualities[index] ?? "N");
    const quality = qualities.reduce((a, b) => (statusRank(statusOf(b)) > statusRank(statusOf(a)) ? b : a), "A");
    const status = statusOf(quality);
    if (status === undefined) return undefined;
    const before = total;
    total += days.reduce((sum, day) => sum + (day?.values[index] ?? 0n), 0n);
    return { isMeasured: days.length > 0, wh: total / FINE_PER_WH - before / FINE_PER_WH, status, quality };
  });
}
