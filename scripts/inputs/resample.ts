/**
 * Another number of homes than the file has. Fewer: the first ones. More: seeded copies, each of a home of the file
 * with its load moved by a week where the file allows and load and solar scaled by 80 to 120 %. Copies are labelled:
 * `7~2` is the second home made from home 7, and `resampledFrom` says so.
 */
import { InputError } from "./error.js";
import { DAY_SECONDS } from "./local-time.js";
import type { Random } from "./random.js";
import { Silence, type HomeSeries, type ReadingsFile } from "./readings.js";

/** A home of a run; made from another one where `resampledFrom` names it. */
export interface HomeData extends HomeSeries {
  readonly resampledFrom: string | undefined;
}

export const MAX_HOMES = 100_000;
const SCALE_PERCENT = { low: 80, high: 120 } as const;

/** `count` homes from those of the file. */
export function resampleHomes(file: ReadingsFile, count: number, random: Random): HomeData[] {
  if (!Number.isInteger(count) || count < 1 || count > MAX_HOMES) {
    throw new InputError(
      { file: "--homes" },
      `${count} is not a number of homes`,
      `Give a whole number from 1 to ${MAX_HOMES}.`,
    );
  }
  const homes: HomeData[] = file.homes.slice(0, count).map((home) => ({ ...home, resampledFrom: undefined }));
  const ids = new Set(file.homes.map((home) => home.home));
  const order = random.shuffled(file.homes);
  for (let made = 0; homes.length < count; made += 1) {
    const source = order[made % order.length];
    if (source === undefined) break;
    const id = freeId(ids, source.home, Math.floor(made / order.length) + 2);
    ids.add(id);
    homes.push(copyOf(file, source, id, random.fork(id)));
  }
  return homes;
}

function freeId(taken: ReadonlySet<string>, source: string, number: number): string {
  let id = `${source}~${number}`;
  while (taken.has(id)) id = `${id}~`;
  return id;
}

function copyOf(file: ReadingsFile, source: HomeSeries, home: string, random: Random): HomeData {
  const week = (7 * DAY_SECONDS) / file.lengthSeconds;
  const shift = random.between(-1, 1) * week;
  const loadPercent = random.between(SCALE_PERCENT.low, SCALE_PERCENT.high);
  const solarPercent = random.between(SCALE_PERCENT.low, SCALE_PERCENT.high);
  const from = (index: number): number => (source.silence[index + shift] === Silence.None ? index + shift : index);
  return {
    home,
    resampledFrom: source.home,
    loadWh: source.loadWh.map((_, index) => scale(source.loadWh[from(index)] ?? 0, loadPercent)),
    solarWh: source.solarWh.map((wh) => scale(wh, solarPercent)),
    silence: source.silence,
  };
}

function scale(wh: number, percent: number): number {
  return Math.round((wh * percent) / 100);
}
