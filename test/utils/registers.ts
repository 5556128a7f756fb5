/** Registers and intervals of one meter, made in the tests, and what slots come of them. */
import type { PastValues, SlotValue } from "../../scripts/forecast/index.js";
import type { IntervalObservation, Observation, RegisterObservation } from "../../scripts/oracle/sources/index.js";
import { valuesOf, type MeteredValue, type MeterPolicy, type VeeResult } from "../../scripts/oracle/vee/index.js";
import { ReadingStatus } from "../../sdk/enums.js";

/** Slots of a quarter of an hour; the first of them, and when it starts. */
export const SLOT_SECONDS = 900n;
export const SLOT = 2_000_000n;
export const START = Number(SLOT * SLOT_SECONDS);
export const POLICY: MeterPolicy = { slotSeconds: SLOT_SECONDS, maxWatts: 14_000n, isImportOnly: true };
export const NO_PAST: PastValues = { valueAt: () => undefined };

export type Given = readonly [time: number, importWh: bigint | number, changes?: Partial<RegisterObservation>];

/** At seconds after the start of the first slot. */
export function register([time, importWh, changes = {}]: Given): RegisterObservation {
  return {
    kind: "register",
    meter: "home-1",
    serial: "M1",
    place: { file: "meters/1" },
    time: START + time,
    importWh: BigInt(importWh),
    exportWh: undefined,
    ...changes,
  };
}

/** What flowed at seconds after the start of the first slot. */
export function interval(
  from: number,
  to: number,
  importWh: bigint | number,
  changes: Partial<IntervalObservation> = {},
): IntervalObservation {
  return {
    kind: "interval",
    meter: "home-1",
    serial: undefined,
    place: { file: "file.csv" },
    start: START + from,
    end: START + to,
    importWh: BigInt(importWh),
    exportWh: 0n,
    status: ReadingStatus.Actual,
    quality: "A",
    ...changes,
  };
}

export interface Judging {
  readonly policy?: Partial<MeterPolicy>;
  readonly history?: PastValues;
  /** From the first of the observations' slots to the last, unless said otherwise. */
  readonly first?: bigint;
  readonly end?: bigint;
  readonly estimateUntil?: bigint;
}

/** What the rules make of observations, on a clock of UTC. */
export function judge(observations: readonly Observation[], judging: Judging = {}): VeeResult {
  const policy = { ...POLICY, ...judging.policy };
  const times = observations.map((observation) =>
    observation.kind === "register" ? observation.time : observation.start,
  );
  const slots = times.map((time) => Math.floor(time / Number(policy.slotSeconds)));
  const first = judging.first ?? BigInt(slots.reduce((a, b) => Math.min(a, b), Infinity));
  const end = judging.end ?? BigInt(slots.reduce((a, b) => Math.max(a, b), -Infinity)) + 1n;
  const range = { first, end, estimateUntil: judging.estimateUntil ?? 0n };
  const clock = { slotSeconds: Number(policy.slotSeconds), offsetSeconds: 0 };
  return valuesOf(observations, policy, range, judging.history ?? NO_PAST, clock);
}

/** As `judge`, with the slots that the meter measured alone. */
export type SlotEnergies = VeeResult & { readonly slots: readonly MeteredValue[] };

export function energiesOf(observations: readonly Observation[], policy: Partial<MeterPolicy> = {}): SlotEnergies {
  if (observations.length === 0) return { ...judge([], { first: 0n, end: 0n }), slots: [] };
  const result = judge(observations, { policy });
  return { ...result, slots: result.values.filter(({ rule }) => rule === "measured" || rule === "delivered") };
}

export function slotsOf(given: readonly Given[], policy: Partial<MeterPolicy> = {}): SlotEnergies {
  return energiesOf(given.map(register), policy);
}

/** Imports by slot, counted from the first. */
export function imports({ slots }: Pick<SlotEnergies, "slots">): [number, number][] {
  return slots.map(({ slot, importWh }) => [Number(slot - SLOT), Number(importWh)]);
}

export function rules({ refused }: Pick<SlotEnergies, "refused">): string[] {
  return refused.map(({ rule }) => rule);
}

/** Slot from the first, import, rule. */
export function said(values: readonly MeteredValue[]): [number, number, string][] {
  return values.map(({ slot, importWh, rule }) => [Number(slot - SLOT), Number(importWh), rule]);
}

export function ofRegisters(given: readonly Given[], judging: Judging = {}): VeeResult {
  return judge(given.map(register), judging);
}

/** Days before that were all alike: import by the quarter of an hour from the first slot on. */
export function daysLike(importOf: (quarter: number) => number): PastValues {
  return {
    valueAt: (slot): SlotValue => ({ importWh: importOf((((slot - Number(SLOT)) % 96) + 96) % 96), exportWh: 0 }),
  };
}
