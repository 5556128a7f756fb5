/**
 * The sum check: intervals against what the register counted over their time. Register and intervals are rarely read at
 * the same moments, so a register's advance between two readings is held between two bounds that need no guess: the
 * intervals that lie whole between the readings, and all that touch the time between them.
 */
import type { Point, Stretch } from "../register-series.js";
import type { RefusedObservation } from "../slot-energy.js";
import type { Direction, IntervalObservation } from "../sources/observation.js";

import type { FullPolicy } from "./policy.js";

export type SumTolerance = Pick<FullPolicy, "sumToleranceWh" | "sumTolerancePerMille">;

export interface FailedSums {
  /** Intervals that don't add up to the register. */
  readonly failed: ReadonlySet<IntervalObservation>;
  /** One for each stretch of them: its first interval, with what was wrong. */
  readonly refused: readonly RefusedObservation[];
}

/** Checks one direction. `intervals` in order of time, none over another. */
export function failedSums(
  intervals: readonly IntervalObservation[],
  stretches: readonly Stretch[],
  direction: Direction,
  tolerance: SumTolerance,
): FailedSums {
  const series = new IntervalSeries(intervals, direction);
  const failed = new Set<IntervalObservation>();
  const refused: RefusedObservation[] = [];
  for (const points of stretches) {
    for (const window of windowsOf(series, points)) {
      const reason = series.faultIn(window, tolerance);
      const within = reason === undefined ? [] : series.touching(window).filter((found) => isWithin(found, window));
      const [first] = within.filter((interval) => !failed.has(interval));
      if (first === undefined) continue;
      for (const interval of within) failed.add(interval);
      refused.push({ observation: first, rule: "sum-check", reason: `${direction}: ${reason ?? ""}` });
    }
  }
  return { failed, refused };
}

/** Two readings of a stretch, and what is looked at between them. */
interface Window {
  readonly from: Point;
  readonly to: Point;
  /** An interval that holds the window: it is checked, though it does not lie within. */
  readonly around?: IntervalObservation;
}

/** For each interval the readings next to it, outside, and the ones farthest apart inside; each window once. */
function windowsOf(series: IntervalSeries, points: readonly Point[]): Window[] {
  const windows = new Map<string, Window>();
  for (const interval of series.intervals) {
    const [before, after] = [lastUntil(points, interval.start), firstFrom(points, interval.end)];
    const [from, to] = [points[before], points[after]];
    if (from !== undefined && to !== undefined) windows.set(`${before}-${after}`, { from, to });
    const [inFrom, inTo] = [points[firstFrom(points, interval.start)], points[lastUntil(points, interval.end)]];
    if (inFrom !== undefined && inTo !== undefined && inFrom.time < inTo.time) {
      windows.set(`in ${interval.start}`, { from: inFrom, to: inTo, around: interval });
    }
  }
  return [...windows.values()];
}

function isWithin({ start, end }: IntervalObservation, { from, to, around }: Window): boolean {
  return around?.start === start || (start >= from.time && end <= to.time);
}

/** Intervals of one direction with their running sum. */
class IntervalSeries {
  readonly intervals: readonly IntervalObservation[];
  readonly #starts: readonly number[];
  readonly #ends: readonly number[];
  /** Energy and seconds of all intervals before each. */
  readonly #wh: bigint[] = [0n];
  readonly #seconds: number[] = [0];

  constructor(intervals: readonly IntervalObservation[], direction: Direction) {
    this.intervals = intervals.filter((interval) => interval[direction] !== undefined);
    this.#starts = this.intervals.map(({ start }) => start);
    this.#ends = this.intervals.map(({ end }) => end);
    for (const interval of this.intervals) {
      this.#wh.push((this.#wh.at(-1) ?? 0n) + (interval[direction] ?? 0n));
      this.#seconds.push((this.#seconds.at(-1) ?? 0) + interval.end - interval.start);
    }
  }

  touching({ from, to }: Window): readonly IntervalObservation[] {
    return this.intervals.slice(after(this.#ends, from.time), notBefore(this.#starts, to.time));
  }

  /** Why the window's advance can't be what its intervals say; undefined where it can. */
  faultIn({ from, to }: Window, { sumToleranceWh, sumTolerancePerMille }: SumTolerance): string | undefined {
    const counted = to.count - from.count;
    const tolerance = sumToleranceWh + (counted * BigInt(sumTolerancePerMille)) / 1000n;
    const least = this.#sum(notBefore(this.#starts, from.time), after(this.#ends, to.time));
    const [first, end] = [after(this.#ends, from.time), notBefore(this.#starts, to.time)];
    const most = this.#sum(first, end);
    const span = `from ${from.time} to ${to.time} the register counted ${counted} Wh`;
    if (least > counted + tolerance) return `${span}, the intervals in it ${least} Wh`;
    if (this.#covers(first, end, from.time, to.time) && counted > most + tolerance)
      return `${span}, all intervals that touch it ${most} Wh`;
    return undefined;
  }

  #sum(first: number, end: number): bigint {
    return end <= first ? 0n : (this.#wh[end] ?? 0n) - (this.#wh[first] ?? 0n);
  }

  /** No hole between two times. */
  #covers(first: number, end: number, from: number, to: number): boolean {
    const [start, stop] = [this.#starts[first], this.#ends[end - 1]];
    if (start === undefined || stop === undefined || start > from || stop < to) return false;
    return (this.#seconds[end] ?? 0) - (this.#seconds[first] ?? 0) === stop - start;
  }
}

/** The first index whose value is above `limit`. */
function after(sorted: readonly number[], limit: number): number {
  return notBefore(sorted, limit + 1);
}

/** The first index whose (whole) value is `limit` or more. */
function notBefore(sorted: readonly number[], limit: number): number {
  return search(sorted.length, (index) => (sorted[index] ?? Infinity) >= limit);
}

function firstFrom(points: readonly Point[], time: number): number {
  return search(points.length, (index) => (points[index]?.time ?? Infinity) >= time);
}

/** -1: none. */
function lastUntil(points: readonly Point[], time: number): number {
  return firstFrom(points, time + 1) - 1;
}

/** The first index of which `holds` is true; true from there on. */
function search(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
