/** Validation, estimation and editing of what meters say; docs/oracle.md has the table of its rules. */
export type { Unplaced } from "./known.js";
export { POLICY_DEFAULTS, policySchema, type MeterPolicy, type PolicyOptions } from "./policy.js";
export { HomeProfile, type ProfileParts, type ProfileValue } from "./profile.js";
export { SWITCHABLE_RULES, VALUE_RULES, type SwitchableRule, type VeeRule } from "./rules.js";
export { valuesOf, type MeteredValue, type SlotRange, type VeeResult } from "./values.js";
