/** One direction of a slot: what is known of it, and what a rule says of the rest. */
import { ReadingStatus } from "../../../sdk/enums.js";
import { carriedWh } from "../register-series.js";

import type { Known, KnownDirection } from "./known.js";
import type { FullPolicy } from "./policy.js";
import type { HomeProfile } from "./profile.js";
import { statusOfRule } from "./rules.js";

/** A slot's value in one direction. */
export type Filled = Omit<Known, "seconds">;

export interface FillOptions {
  readonly rules: FullPolicy;
  readonly profile: HomeProfile;
  /** A slot may be estimated although nothing later was seen. */
  readonly isEstimated: boolean;
}

const NONE: Filled = { wh: 0n, bridgedSeconds: 0, rule: "measured", status: ReadingStatus.Actual };

/** `known` undefined: the meter has no such direction. Undefined: it can have no value now. */
export function fillSlot(slot: number, known: KnownDirection | undefined, options: FillOptions): Filled | undefined {
  if (known === undefined) return NONE;
  const { rules, profile, isEstimated } = options;
  const length = Number(rules.slotSeconds);
  const part = known.slots.get(slot);
  if (part?.seconds === length) return part;
  if (!isEstimated && !isSeenAround(slot, known, length)) return undefined;
  const rest = interpolated(slot, known, rules) ?? expected(slot, known, profile);
  if (rest === undefined) return undefined;
  // what was counted in a part of the slot is its least
  const open = BigInt(length - (part?.seconds ?? 0));
  const wh = (part?.wh ?? 0n) + (rest.wh * open) / BigInt(length); // rounded down
  const most = carriedWh(rules.maxWatts, length);
  const bridgedSeconds = Math.max(rest.bridgedSeconds, part?.bridgedSeconds ?? 0);
  return { ...rest, wh: wh < most ? wh : most, bridgedSeconds };
}

/** The direction was observed before it and after it. */
export function isSeenAround(slot: number, { firstSeen, lastSeen }: KnownDirection, length: number): boolean {
  return firstSeen <= slot * length && (slot + 1) * length <= lastSeen;
}

/** Linear between the measured slots on both sides, rounded down, if the gap between them is short. */
function interpolated(slot: number, { slots }: KnownDirection, rules: FullPolicy): Filled | undefined {
  const length = Number(rules.slotSeconds);
  const most = rules.off.includes("interpolation") ? 0 : Math.floor(rules.interpolateSeconds / length);
  const [before, after] = [nearest(slots, slot, -1, most, length), nearest(slots, slot, 1, most, length)];
  const [from, to] = [slots.get(before), slots.get(after)];
  if (from === undefined || to === undefined || after - before - 1 > most) return undefined;
  const wh = from.wh + ((to.wh - from.wh) * BigInt(slot - before)) / BigInt(after - before);
  const rule = "interpolation";
  return { wh, rule, status: statusOfRule(rule), bridgedSeconds: (after - before - 1) * length };
}

/** The next slot that is known whole, if it is measured and at most so many away; else one that is none. */
function nearest(slots: ReadonlyMap<number, Known>, slot: number, step: 1 | -1, most: number, length: number): number {
  for (let away = 1; away <= most; away += 1) {
    const known = slots.get(slot + step * away);
    if (known?.seconds === length) return known.rule === "measured" ? slot + step * away : Number.NaN;
  }
  return Number.NaN;
}

function expected(slot: number, known: KnownDirection, profile: HomeProfile): Filled | undefined {
  const value = profile.valueAt(slot);
  return value && { wh: value[known.direction], rule: value.rule, status: statusOfRule(value.rule), bridgedSeconds: 0 };
}
