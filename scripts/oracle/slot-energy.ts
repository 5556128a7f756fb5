/** What observations come to in the market's slots: energy where they say enough, gaps where they do not. */
import type { ReadingStatus } from "../../sdk/enums.js";

import type { Direction, Observation, RegisterObservation } from "./sources/observation.js";

/** A meter's energy in a slot (numbered floor(Unix time / length)), gross, in Wh. */
export interface SlotEnergy {
  readonly slot: bigint;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  /** The worst of its parts. */
  readonly status: ReadingStatus;
  /** The longest time between two observations that a border of the slot was interpolated in; 0: none was, seconds. */
  readonly bridgedSeconds: number;
}

/** Slots in a row without a value, between two that have one or an observation. A gap is not a zero. */
export interface Gap {
  readonly firstSlot: bigint;
  readonly slots: bigint;
  /** What flowed in all of them together, where the registers before and after say so. */
  readonly importWh: bigint | undefined;
  readonly exportWh: bigint | undefined;
}

/** Where the registers could not be followed: the energy between is not known. */
export interface Break {
  readonly direction: Direction;
  readonly reason: "exchange" | "reset" | "jump";
  /** The observations on both sides. */
  readonly before: RegisterObservation;
  readonly after: RegisterObservation;
}

/** An observation that was not used, by the rule that it breaks. */
export interface RefusedObservation {
  readonly observation: Observation;
  readonly rule: RefusalRule;
  readonly reason: string;
}

export type RefusalRule =
  | "duplicate" // another value for the same moment
  | "zero-register" // a register that was counting shows 0
  | "not-monotonic" // it shows less than before, and the next one goes on from before
  | "spike" // it shows more than the connection can carry, and the next one goes on from before
  | "across-border"; // an interval that lies in more than one slot

export interface SlotEnergies {
  readonly slots: readonly SlotEnergy[];
  readonly gaps: readonly Gap[];
  readonly breaks: readonly Break[];
  readonly refused: readonly RefusedObservation[];
}

/** The slots that lack a value between the first and the last border, in order, as ranges. */
export function missingRanges(
  known: ReadonlySet<number>,
  first: number,
  end: number,
): { readonly first: number; readonly end: number }[] {
  const inOrder = [...known].filter((slot) => slot >= first && slot < end).sort((a, b) => a - b);
  const ranges = [first - 1, ...inOrder].map((slot, index) => ({ first: slot + 1, end: inOrder[index] ?? end }));
  return ranges.filter((range) => range.first < range.end);
}
