/**
 * The two ways in which a simulated meter falls silent.
 *
 * The outage rule: a row with no load and no solar is an outage, not a reading, if such rows are unusual for that home
 * at that time of the day: fewer than one in ten of the home's rows at it, over the whole file. So home 12 of the
 * Fontana data, without load every night, is not taken for cut off; nor is home 14, without load under full sun;
 * and in a file of ten days or fewer no zero is unusual enough. A silent meter has no reading: a gap is not a zero.
 *
 * `--silence P`: each reading that is there is lost with probability P, drawn from the seed by home.
 */
import { InputError } from "./error.js";
import { DAY_SECONDS } from "./local-time.js";
import type { Random } from "./random.js";
import { Silence, type HomeSeries, type ReadingsFile } from "./readings.js";

/** Zeros rarer than one in this many of the home's rows at that time of day are outages. */
export const UNUSUAL_ONE_IN = 10;

/** The file with the rule applied: outages in it are silent. */
export function silenceOutages(file: ReadingsFile): ReadingsFile {
  const perDay = DAY_SECONDS / file.lengthSeconds;
  return { ...file, homes: file.homes.map((home) => ({ ...home, silence: outagesOf(home, file.first, perDay) })) };
}

function outagesOf(home: HomeSeries, first: number, perDay: number): Uint8Array {
  const rows = new Uint32Array(perDay);
  const zeros = new Uint32Array(perDay);
  home.silence.forEach((silence, index) => {
    const time = (first + index) % perDay;
    if (silence !== Silence.None) return;
    rows[time] = (rows[time] ?? 0) + 1;
    if (isZero(home, index)) zeros[time] = (zeros[time] ?? 0) + 1;
  });
  return home.silence.map((silence, index) => {
    const time = (first + index) % perDay;
    const unusual = (zeros[time] ?? 0) * UNUSUAL_ONE_IN < (rows[time] ?? 0);
    return silence === Silence.None && unusual && isZero(home, index) ? Silence.Outage : silence;
  });
}

function isZero(home: HomeSeries, index: number): boolean {
  return home.loadWh[index] === 0 && home.solarWh[index] === 0;
}

/** The file with seeded outages from `fromSlot` on, each reading lost with that probability. */
export function silenceSome(file: ReadingsFile, probability: number, fromSlot: number, random: Random): ReadingsFile {
  if (!(probability >= 0 && probability <= 1)) {
    throw new InputError(
      { file: "--silence" },
      `${probability} is not a probability`,
      "Give a number from 0 to 1, e.g. 0.02.",
    );
  }
  if (probability === 0) return file;
  const homes = file.homes.map((home) => {
    const own = random.fork(`silence/${home.home}`);
    const silence = home.silence.map((before, index) => {
      const lost = own.chance(probability) && file.first + index >= fromSlot;
      return lost && before === Silence.None ? Silence.Seeded : before;
    });
    return { ...home, silence };
  });
  return { ...file, homes };
}
