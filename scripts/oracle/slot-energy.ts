/** What observations come to in the market's slots: energy where they say enough, gaps where they do not. */
import type { Direction, Observation, RegisterObservation } from "./sources/observation.js";

/** Slots in a row without a value, between two that have one or an observation. A gap is not a zero. */
export interface Gap {
  readonly firstSlot: bigint;
  readonly slots: bigint;
  /** What flowed in all of them together, where the registers before and after say so. */
  readonly importWh: bigint | undefined;
  readonly exportWh: bigint | undefined;
}

/** Why registers could not be followed. */
export const BREAK_REASONS = [
  "exchange", // another meter stands there, by its serial number
  "reset", // the register starts again from a lower value
  "jump", // it goes on from a higher value than can have been counted
] as const;

/** Where the registers could not be followed: the energy between is not known. */
export interface Break {
  readonly direction: Direction;
  readonly reason: (typeof BREAK_REASONS)[number];
  /** The observations on both sides. */
  readonly before: RegisterObservation;
  readonly after: RegisterObservation;
}

/** Rules by which observations are refused. */
export const REFUSAL_RULES = [
  "duplicate", // another value for the same moment
  "zero-register", // a register that was counting shows 0
  "not-monotonic", // it shows less than before, and the next one goes on from before
  "spike", // more than the connection can carry: a register that the next one does not go on from, or an interval
  "across-border", // an interval that lies in more than one slot
  "clock-drift", // of a device's clock that is ahead of the receipt
  "sum-check", // intervals that are not what the register counted over their time
] as const;
export type RefusalRule = (typeof REFUSAL_RULES)[number];

/** An observation that was not used, by the rule that it breaks. */
export interface RefusedObservation {
  readonly observation: Observation;
  readonly rule: RefusalRule;
  readonly reason: string;
}
