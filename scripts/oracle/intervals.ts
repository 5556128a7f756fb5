/**
 * Intervals of meter files to what they tell of each slot. Nothing is split: an interval longer than a slot does not say
 * how its energy lay in it.
 */
import { ReadingStatus } from "../../sdk/enums.js";

import { mostWh, type RegisterLimits } from "./register-series.js";
import type { RefusedObservation } from "./slot-energy.js";
import { DIRECTIONS, statusRank, type Direction, type IntervalObservation } from "./sources/observation.js";

export interface IntervalLimits extends Pick<RegisterLimits, "maxWatts" | "spikePercent"> {
  readonly slotSeconds: bigint;
}

/** Intervals that can be true, in order of time, none over another. */
export interface JudgedIntervals {
  readonly accepted: readonly IntervalObservation[];
  readonly refused: readonly RefusedObservation[];
}

/** What intervals tell of one direction of a slot. */
export interface IntervalPart {
  readonly wh: bigint;
  /** How much of the slot they cover. */
  readonly seconds: number;
  /** The worst of them. */
  readonly status: ReadingStatus;
}

/** Judges the intervals of one meter. Of two for one time the better is taken: actual, substituted, estimated. */
export function judgeIntervals(observations: readonly IntervalObservation[], limits: IntervalLimits): JudgedIntervals {
  const accepted: IntervalObservation[] = [];
  const refused: RefusedObservation[] = [];
  for (const observation of [...observations].sort(inOrder)) {
    const last = accepted.at(-1);
    const fault = faultOf(observation, limits);
    if (fault !== undefined) refused.push({ observation, ...fault });
    else if (last === undefined || observation.start >= last.end) accepted.push(observation);
    else if (!isSame(last, observation))
      refused.push({ observation, rule: "duplicate", reason: "another value of that time is known" });
  }
  return { accepted, refused };
}

/** By slot, of intervals that were accepted. */
export function partsOfIntervals(
  accepted: Iterable<IntervalObservation>,
  direction: Direction,
  slotSeconds: bigint,
): Map<number, IntervalPart> {
  const parts = new Map<number, IntervalPart>();
  for (const { start, end, status, [direction]: wh } of accepted) {
    if (wh === undefined) continue;
    const slot = Math.floor(start / Number(slotSeconds));
    const { wh: sum, seconds, status: worst } = parts.get(slot) ?? { wh: 0n, seconds: 0, status: ReadingStatus.Actual };
    parts.set(slot, {
      wh: sum + wh,
      seconds: seconds + end - start,
      status: statusRank(status) > statusRank(worst) ? status : worst,
    });
  }
  return parts;
}

function faultOf(
  observation: IntervalObservation,
  limits: IntervalLimits,
): Pick<RefusedObservation, "rule" | "reason"> | undefined {
  const { start, end } = observation;
  const [seconds, length] = [end - start, Number(limits.slotSeconds)];
  if (end > (Math.floor(start / length) + 1) * length) {
    return {
      rule: "across-border",
      reason: `the interval of ${seconds} s lies in more than one slot of ${length} s`,
    };
  }
  const largest = DIRECTIONS.map((direction) => observation[direction] ?? 0n).reduce((a, b) => (a > b ? a : b));
  if (largest > mostWh(limits, seconds)) {
    return { rule: "spike", reason: `${largest} Wh is more than the connection carries in ${seconds} s` };
  }
  return undefined;
}

/** By time, of one interval the best first; then by what it says, so that the order of arrival does not matter. */
function inOrder(a: IntervalObservation, b: IntervalObservation): number {
  return (
    a.start - b.start ||
    a.end - b.end ||
    statusRank(a.status) - statusRank(b.status) ||
    byWh(a.importWh, b.importWh) ||
    byWh(a.exportWh, b.exportWh)
  );
}

/** The unknown last. */
function byWh(a: bigint | undefined, b: bigint | undefined): number {
  if (a === b) return 0;
  return b === undefined || (a !== undefined && a < b) ? -1 : 1;
}

function isSame(a: IntervalObservation, b: IntervalObservation): boolean {
  return a.start === b.start && a.end === b.end && a.importWh === b.importWh && a.exportWh === b.exportWh;
}
