/** Clean series of registers, made in property tests, and what values of damaged ones may be. */
import { expect } from "chai";
import fc from "fast-check";

import type { RegisterObservation } from "../../scripts/oracle/sources/index.js";
import type { MeteredValue, MeterPolicy, VeeResult } from "../../scripts/oracle/vee/index.js";
import { ReadingStatus } from "../../sdk/enums.js";

import { judge, POLICY, register, START } from "./registers.js";

const { Actual } = ReadingStatus;
export const WATTS = Number(POLICY.maxWatts);
export const MEASURED = new Set([
  "measured",
  "connection-cap",
  "interpolation",
  "standard-profile-to-sum",
  "even-to-sum",
]);

/** 7,000 s do not fill a day. */
export const slotLengths = fc.constantFrom(60, 300, 900, 3_600, 7_000);

export interface Clean {
  readonly length: number;
  /** Seconds from START, and what the register shows; the first and the last stand on borders of slots. */
  readonly points: readonly (readonly [time: number, wh: number])[];
}

/** A register read at random moments, that counts what a connection of 14 kW carries. */
export const cleanSeries: fc.Arbitrary<Clean> = fc
  .record({
    length: slotLengths,
    first: fc.integer({ min: 1, max: 10_000_000 }),
    steps: fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000 }), fc.nat(1_000)), { minLength: 2, maxLength: 30 }),
  })
  .map(({ length, first, steps }) => {
    const offset = Math.ceil(START / length) * length - START;
    const points: [number, number][] = [[offset, first]];
    const add = (seconds: number, share: number): void => {
      const [time, wh] = points.at(-1) ?? [0, 0];
      points.push([time + seconds, wh + Math.floor((WATTS * seconds * share) / 3_600_000)]);
    };
    for (const [seconds, share] of steps) add(seconds, share);
    const [last] = points.at(-1) ?? [0];
    add(length - ((last - offset) % length), 500);
    return { length, points };
  });

export function policyOf({ length }: Clean): Partial<MeterPolicy> {
  return { slotSeconds: BigInt(length) };
}

export function readings({ points }: Clean): RegisterObservation[] {
  return points.map(([time, wh]) => register([time, wh]));
}

/** Judges over the slots of the whole clean series. */
export function judgeOver(clean: Clean, observations: readonly RegisterObservation[], estimateUntil = 0n): VeeResult {
  const [start, end] = [clean.points[0]?.[0] ?? 0, clean.points.at(-1)?.[0] ?? 0];
  const slotAt = (time: number): bigint => BigInt((START + time) / clean.length);
  return judge(observations, { policy: policyOf(clean), first: slotAt(start), end: slotAt(end), estimateUntil });
}

export function total(values: readonly MeteredValue[]): bigint {
  return values.reduce((sum, { importWh }) => sum + importWh, 0n);
}

export function connectionWh({ length }: Clean): bigint {
  return BigInt(Math.floor((WATTS * length) / 3600));
}

/** What a value of the slot may be by readings of one meter: from the ones next to it inside, and outside. */
export function bounds(value: MeteredValue, length: number, read: readonly RegisterObservation[]): [bigint, bigint] {
  const [start, end] = [Number(value.slot) * length, (Number(value.slot) + 1) * length];
  const sorted = [...read].sort((a, b) => a.time - b.time);
  const wh = (found: RegisterObservation | undefined, otherwise: bigint): bigint => found?.importWh ?? otherwise;
  const inside = sorted.filter(({ time }) => time >= start && time <= end);
  const [before, after] = [sorted.findLast(({ time }) => time <= start), sorted.find(({ time }) => time >= end)];
  return [wh(inside.at(-1), 0n) - wh(inside[0], 0n), wh(after, 10n ** 15n) - wh(before, 0n)];
}

/** The same as of the clean series, or flagged within what the readings allow. */
export function expectSameOrFlagged(clean: Clean, dirty: VeeResult, read: readonly RegisterObservation[]): void {
  const truth = new Map(judgeOver(clean, readings(clean)).values.map((value) => [value.slot, value]));
  for (const value of dirty.values) {
    expect(value.importWh >= 0n && value.importWh <= connectionWh(clean), `slot ${value.slot}`).to.be.true;
    if (value.status !== Actual) continue;
    expect(value.bridgedSeconds).to.be.at.most(900);
    if (value.bridgedSeconds === 0) expect(value.importWh).to.equal(truth.get(value.slot)?.importWh);
    const [least, most] = bounds(value, clean.length, read);
    expect(value.importWh >= least && value.importWh <= most, `slot ${value.slot}`).to.be.true;
  }
}

export function isBroken({ slot }: MeteredValue, { breaks }: VeeResult, { length }: Clean): boolean {
  const start = Number(slot) * length;
  return breaks.some(({ before, after }) => start < after.time && start + length > before.time);
}
