/** The grid of equal intervals on which a file's times lie. */
import { InputError } from "./error.js";
import { DAY_SECONDS, formatLocalTime } from "./local-time.js";

/** Equal intervals without a break, from `startsAt` (Unix seconds) on. */
export interface Intervals {
  readonly lengthSeconds: number;
  readonly startsAt: number;
  readonly count: number;
}

/** The shortest slot that the market knows. */
export const MIN_SLOT_SECONDS = 30;

/**
 * Infers the intervals from the distinct starts of a file: their usual distance is the length, and the starts must lie
 * whole lengths apart.
 * @param lineOf first line of each start (Unix seconds)
 */
export function inferIntervals(file: string, lineOf: ReadonlyMap<number, number>, offsetSeconds: number): Intervals {
  const starts = [...lineOf.keys()].sort((a, b) => a - b);
  const [first] = starts;
  const last = starts.at(-1);
  if (first === undefined || last === undefined || starts.length < 2) {
    throw new InputError(
      { file },
      "all rows lie in one interval, so its length can't be known",
      "Give a file with two or more intervals.",
    );
  }
  const lengthSeconds = usualDistance(starts);
  if (lengthSeconds < MIN_SLOT_SECONDS || DAY_SECONDS % lengthSeconds !== 0) {
    throw new InputError(
      { file },
      `the intervals are ${lengthSeconds} s long`,
      `Their length must be ${MIN_SLOT_SECONDS} s or more and divide a day.`,
    );
  }
  const onGrid = mostCommon(starts.map((start) => start % lengthSeconds));
  const stray = starts.find((start) => start % lengthSeconds !== onGrid);
  if (stray !== undefined) {
    throw new InputError(
      { file, line: lineOf.get(stray) ?? 1 },
      `${formatLocalTime(stray, offsetSeconds)} is not the start of an interval of ${lengthSeconds} s like the others`,
      "Correct the time, or resample the file to equal intervals.",
    );
  }
  return { lengthSeconds, startsAt: first, count: (last - first) / lengthSeconds + 1 };
}

/** The number of the first interval as a slot of the market: floor(start / length), so starts must be multiples. */
export function firstSlotOf(file: string, { startsAt, lengthSeconds }: Intervals): number {
  if (startsAt % lengthSeconds !== 0) {
    throw new InputError(
      { file: "--utc-offset" },
      `with it the intervals of ${file} don't start on multiples of ${lengthSeconds} s in UTC, as the market's slots do`,
      "Give the nearest offset that does (for half-hour zones and hourly data a whole hour): the output keeps the file's own times.",
    );
  }
  return startsAt / lengthSeconds;
}

function usualDistance(sorted: readonly number[]): number {
  return mostCommon(sorted.slice(1).map((start, index) => start - (sorted[index] ?? start)));
}

/** The most frequent value; among equals the smallest. */
function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = { value: Number.MAX_SAFE_INTEGER, count: 0 };
  for (const [value, count] of counts) {
    if (count > best.count || (count === best.count && value < best.value)) best = { value, count };
  }
  return best.value;
}
