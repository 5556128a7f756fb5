/**
 * The names of the rules by which readings are validated, substituted and estimated. What each does, its source, its
 * defaults and how to configure it stand in the table of docs/oracle.md, "Validation, estimation, editing".
 */
import { ReadingStatus } from "../../../sdk/enums.js";

/** Rules that made a value, nearest to a measured one first. Of several at work in a slot the farthest is named. */
export const VALUE_RULES = [
  "measured", // counted by the meter over the slot
  "delivered", // a substitute or estimate that the source itself delivered; its status is the source's
  "clock-drift", // counted by a device whose clock lags behind the receipt
  "connection-cap", // counted, and moved where it was more than the connection carries in a slot
  "sum-check", // intervals that are not what the register counted: its sum, in the shape of the intervals
  "interpolation", // linear between two observations, or between the slots around it, up to two hours
  "own-profile-to-sum", // what the register counted, in the shape of the home's own days before
  "standard-profile-to-sum", // what the register counted, in the shape of the standard profile
  "even-to-sum", // what the register counted, evenly over the time: no profile has any energy there
  "own-profile", // the home's own days before, no sum being known
  "standard-profile", // the standard profile, no sum being known
] as const;
export type VeeRule = (typeof VALUE_RULES)[number];

/** Rules that share out a sum which registers counted. */
export type ShareRule = Extract<
  VeeRule,
  "sum-check" | "interpolation" | "own-profile-to-sum" | "standard-profile-to-sum" | "even-to-sum"
>;

/** Rules that may be switched off. The others keep a lifetime total, or a negative, from ever being energy. */
export const SWITCHABLE_RULES = [
  "clock-drift",
  "sum-check",
  "interpolation",
  "own-profile",
  "standard-profile",
] as const;
export type SwitchableRule = (typeof SWITCHABLE_RULES)[number];

/** How far a rule is from a measured value; 0 is measured. */
export function ruleRank(rule: VeeRule): number {
  return VALUE_RULES.indexOf(rule);
}

/** The status that a rule gives: substituted is an energy that measurements around it say, estimated is none. */
export function statusOfRule(rule: Exclude<VeeRule, "delivered">): ReadingStatus {
  if (rule === "measured") return ReadingStatus.Actual;
  return rule === "own-profile" || rule === "standard-profile" ? ReadingStatus.Estimated : ReadingStatus.Substituted;
}
