/**
 * From observations of one meter, in any order and with repeats, to the values of slots: validated, substituted,
 * estimated. A pure function of all that is known now: when a true observation arrives later, the same call gives the
 * true value.
 */
import { type ReadingStatus } from "../../../sdk/enums.js";
import type { PastValues, SlotClock } from "../../forecast/forecast.js";
import { judgeIntervals } from "../intervals.js";
import { carriedWh, followRegister } from "../register-series.js";
import type { Break, Gap, RefusedObservation } from "../slot-energy.js";
import {
  DIRECTIONS,
  statusRank,
  type IntervalObservation,
  type Observation,
  type RegisterObservation,
} from "../sources/observation.js";

import { judgeClocks } from "./clocks.js";
import { fillSlot, type Filled } from "./fill.js";
import { gapsOf } from "./gaps.js";
import { knownOf, type KnownDirection, type Unplaced } from "./known.js";
import { fullPolicy, type FullPolicy, type MeterPolicy } from "./policy.js";
import { HomeProfile } from "./profile.js";
import { ruleRank, type VeeRule } from "./rules.js";
import { failedSums } from "./sums.js";

/** A slot's value as it goes to be signed, gross, in Wh. */
export interface MeteredValue {
  readonly slot: bigint;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  /** Actual, substituted or estimated: the worse of the two directions. */
  readonly status: ReadingStatus;
  /** Of the direction that is farther from a measured one. */
  readonly rule: VeeRule;
  /** The longest time between two observations that the value was interpolated in; 0: none was, seconds. */
  readonly bridgedSeconds: number;
}

/** Slots that are wanted (floor(Unix time / length)), `end` exclusive. */
export interface SlotRange {
  readonly first: bigint;
  readonly end: bigint;
  /** Slots before this one are estimated although nothing later was seen. */
  readonly estimateUntil: bigint;
}

export interface VeeResult {
  /** One for each slot of the range that can have one, in order. */
  readonly values: readonly MeteredValue[];
  /** All that was refused, and by which rule, in order of time. */
  readonly refused: readonly RefusedObservation[];
  readonly breaks: readonly Break[];
  /** Slots of the range that no measurement covers whole, before they were filled. */
  readonly gaps: readonly Gap[];
  /** Energy that was counted and found no room under the connection. */
  readonly unplaced: readonly Unplaced[];
}

/** Judges the observations of ONE meter, which reach back before the range, and fills what is missing. */
export function valuesOf(
  observations: readonly Observation[],
  policy: MeterPolicy,
  range: SlotRange,
  history: PastValues,
  clock: SlotClock,
): VeeResult {
  const rules = fullPolicy(policy);
  const connectionWh = carriedWh(rules.maxWatts, Number(rules.slotSeconds));
  const profile = new HomeProfile({ history, clock, connectionWh, off: rules.off });
  const judged = judge(observations, rules, profile);
  const values: MeteredValue[] = [];
  for (let slot = range.first; slot < range.end; slot += 1n) {
    const isEstimated = slot < range.estimateUntil;
    const filled = judged.known.map((known) => fillSlot(Number(slot), known, { rules, profile, isEstimated }));
    const value = valueOf(slot, filled);
    if (value !== undefined) values.push(value);
  }
  const { known, refused, breaks } = judged;
  return {
    values,
    refused,
    breaks,
    gaps: gapsOf(known, range, rules),
    unplaced: known.flatMap((direction) => direction?.unplaced ?? []),
  };
}

interface Judged {
  /** By direction; undefined: the meter has none of it. */
  readonly known: readonly (KnownDirection | undefined)[];
  readonly refused: readonly RefusedObservation[];
  readonly breaks: readonly Break[];
}

function judge(observations: readonly Observation[], rules: FullPolicy, profile: HomeProfile): Judged {
  const clocks = judgeClocks(observations, rules.off.includes("clock-drift") ? undefined : rules.driftSeconds);
  const registers = clocks.kept.filter((kept): kept is RegisterObservation => kept.kind === "register");
  const intervals = judgeIntervals(
    clocks.kept.filter((kept): kept is IntervalObservation => kept.kind === "interval"),
    rules,
  );
  const directions = DIRECTIONS.map((direction) => {
    if (direction === "exportWh" && rules.isImportOnly) return undefined;
    const series = followRegister(registers, direction, rules);
    const sums = rules.off.includes("sum-check")
      ? { failed: new Set<IntervalObservation>(), refused: [] }
      : failedSums(intervals.accepted, series.stretches, direction, rules);
    const { stretches } = series;
    const judged = { direction, stretches, intervals: intervals.accepted, failed: sums.failed, slow: clocks.slow };
    return { series, sums, known: knownOf(judged, rules, profile) };
  });
  const used = directions.filter((found) => found !== undefined);
  return {
    known: directions.map((found) => found?.known),
    refused: [
      ...clocks.refused,
      ...intervals.refused,
      ...used.flatMap(({ series, sums }) => [...series.refused, ...sums.refused]),
    ].sort(inOrder),
    breaks: used.flatMap(({ series }) => series.breaks),
  };
}

/** Both directions together; undefined unless both have a value. */
function valueOf(slot: bigint, [imported, exported]: readonly (Filled | undefined)[]): MeteredValue | undefined {
  if (imported === undefined || exported === undefined) return undefined;
  const worst = [imported, exported].reduce((a, b) => (isFarther(b, a) ? b : a));
  return {
    slot,
    importWh: imported.wh,
    exportWh: exported.wh,
    status: worst.status,
    rule: worst.rule,
    bridgedSeconds: Math.max(imported.bridgedSeconds, exported.bridgedSeconds),
  };
}

function isFarther(a: Filled, b: Filled): boolean {
  const further = statusRank(a.status) - statusRank(b.status);
  return further > 0 || (further === 0 && ruleRank(a.rule) > ruleRank(b.rule));
}

function inOrder(a: RefusedObservation, b: RefusedObservation): number {
  return timeOf(a.observation) - timeOf(b.observation) || (a.reason < b.reason ? -1 : Number(a.reason > b.reason));
}

function timeOf(observation: Observation): number {
  return observation.kind === "register" ? observation.time : observation.start;
}
