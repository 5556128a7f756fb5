/** The input of a run, read, checked against each other and cut to the chosen days. */
import { InputError } from "./error.js";
import { formatLocalTime, utcOffsetSeconds } from "./local-time.js";
import { silenceOutages, silenceSome } from "./outages.js";
import type { Random } from "./random.js";
import { meterValue, readReadings, Silence, type ReadingsFile } from "./readings.js";
import { resampleHomes } from "./resample.js";
import { selectDays, type Range } from "./select.js";
import { pricesAt, readTariff, type Prices, type TariffFile } from "./tariff.js";

/** What `--readings`, `--tariff` and their companions say. */
export interface InputOptions {
  readonly readings: string;
  readonly tariff: string;
  /** Hours east of UTC of the files' clock. */
  readonly utcOffset: number;
  /** A local date; the default is chosen by `selectDays`. */
  readonly from?: string | undefined;
  readonly days: number;
  /** Default: as many as the file has. */
  readonly homes?: number | undefined;
  /** Probability that a reading is lost; 0 by default. */
  readonly silence?: number | undefined;
}

/** What a meter at the grid connection counts in a slot, gross, in Wh. */
export interface MeterValue {
  readonly importWh: number;
  readonly exportWh: number;
}

/** One home of a run. Values reach back before the run's days, as far as the file goes. */
export interface Home {
  readonly id: string;
  readonly resampledFrom: string | undefined;
  /** The meter's value of a slot; undefined when it was silent. */
  valueAt(slot: number): MeterValue | undefined;
  /** Why the meter was silent in a slot, `Silence.None` when it was not. */
  silenceAt(slot: number): Silence;
  /** What the panels made in a slot, for those who know; undefined when silent. */
  solarAt(slot: number): number | undefined;
  /** The largest import or export of a slot and the largest solar of a slot in the whole file. */
  readonly peakWh: number;
  readonly solarPeakWh: number;
}

/** Everything a run takes from its files. Slots are numbered floor(Unix time / length). */
export interface Neighbourhood extends Range {
  readonly slotSeconds: number;
  /** Seconds that the files' clock is ahead of UTC. */
  readonly offsetSeconds: number;
  /** The first slot of the readings file. */
  readonly historyFrom: number;
  readonly homes: readonly Home[];
  /** Micro-credits per kWh; every slot of the run has them. */
  pricesAt(slot: number): Prices;
  /** The slot's start as the readings file writes it. */
  startText(slot: number): string;
}

/** Reads both files and makes the neighbourhood of a run. */
export async function loadNeighbourhood(options: InputOptions, random: Random): Promise<Neighbourhood> {
  const offsetSeconds = utcOffsetSeconds(options.utcOffset);
  const read = silenceOutages(await readReadings(options.readings, offsetSeconds));
  const tariff = await readTariff(options.tariff, offsetSeconds);
  const range = selectDays(read, options.from, options.days);
  checkTariff(read, tariff, range);
  const resampled = { ...read, homes: resampleHomes(read, options.homes ?? read.homes.length, random.fork("homes")) };
  const file = silenceSome(resampled, options.silence ?? 0, range.firstSlot, random);
  return {
    ...range,
    slotSeconds: file.lengthSeconds,
    offsetSeconds,
    historyFrom: file.first,
    homes: file.homes.map((_, index) => homeOf(file, index, resampled.homes[index]?.resampledFrom)),
    pricesAt: (slot) => pricesAt(tariff, slot * file.lengthSeconds),
    startText: (slot) => startText(file, slot),
  };
}

function homeOf(file: ReadingsFile, index: number, resampledFrom: string | undefined): Home {
  const series = file.homes[index];
  if (series === undefined) throw new RangeError(`there is no home at index ${index}`);
  const peaks = { meter: 0, solar: 0 };
  for (let slot = file.first; slot < file.first + file.count; slot += 1) {
    const value = meterValue(file, series, slot);
    if (value === undefined) continue;
    peaks.meter = Math.max(peaks.meter, value.importWh, value.exportWh);
    peaks.solar = Math.max(peaks.solar, series.solarWh[slot - file.first] ?? 0);
  }
  const silenceAt = (slot: number): Silence => (series.silence[slot - file.first] ?? Silence.NoRow) as Silence;
  return {
    id: series.home,
    resampledFrom,
    valueAt: (slot) => meterValue(file, series, slot),
    silenceAt,
    solarAt: (slot) => (silenceAt(slot) === Silence.None ? series.solarWh[slot - file.first] : undefined),
    peakWh: peaks.meter,
    solarPeakWh: peaks.solar,
  };
}

function checkTariff(readings: ReadingsFile, tariff: TariffFile, range: Range): void {
  if (tariff.lengthSeconds % readings.lengthSeconds !== 0) {
    throw new InputError(
      { file: tariff.file },
      `its intervals of ${tariff.lengthSeconds} s are no whole number of the readings' ${readings.lengthSeconds} s`,
      "Give a tariff whose intervals are as long as the readings' or several of them.",
    );
  }
  for (let slot = range.firstSlot; slot < range.firstSlot + range.slotCount; slot += 1) {
    pricesAt(tariff, slot * readings.lengthSeconds);
  }
}

function startText(file: ReadingsFile, slot: number): string {
  const time = slot * file.lengthSeconds;
  return file.startTexts.get(time) ?? formatLocalTime(time, file.offsetSeconds);
}
