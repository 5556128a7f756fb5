/** How a metering point's readings are judged, all of it configurable per meter, and its defaults. */
import { z } from "zod";

import { DEFAULT_STEP_WH } from "../register-series.js";
import { MAX_AHEAD_SECONDS, MAX_REGISTER_WH } from "../sources/observation.js";

import { SWITCHABLE_RULES, type SwitchableRule } from "./rules.js";

/** What a meter's `rules` may say; each is left out for its default. */
export interface PolicyOptions {
  /** Where the register starts again from 0, in Wh: 10^9 for six digits of kWh. Undefined: it never does. */
  readonly rolloverWh?: bigint | undefined;
  /** How coarsely the register counts, in Wh. */
  readonly stepWh?: bigint | undefined;
  /** The meter has no export register: its export is 0. Without this, no export means that nothing is known. */
  readonly isImportOnly?: boolean | undefined;
  /** Observations around a slot's border at most so far apart, in seconds: the slot is actual. */
  readonly bridgeSeconds?: number | undefined;
  /** Up to here, in seconds, a border, or slots between two measured ones, are interpolated as a substitute. */
  readonly interpolateSeconds?: number | undefined;
  /** Longer than this, in seconds, the sum of an outage does not say what its slots were: they are estimated. */
  readonly longestGapSeconds?: number | undefined;
  /** How far above the connection an observation is still believed, in percent. No value is ever above the connection. */
  readonly spikePercent?: number | undefined;
  /** How far a device's clock may be ahead of, or behind, the receipt, in seconds. */
  readonly driftSeconds?: number | undefined;
  /** By how much intervals and register may differ, in Wh... */
  readonly sumToleranceWh?: bigint | undefined;
  /** ... and besides in thousandths of what the register counted. */
  readonly sumTolerancePerMille?: number | undefined;
  /** Rules that are switched off. */
  readonly off?: readonly SwitchableRule[] | undefined;
}

export interface MeterPolicy extends PolicyOptions {
  readonly slotSeconds: bigint;
  /** What the connection carries at most, in W, in either direction. */
  readonly maxWatts: bigint;
}

/** A policy with nothing left out. */
export type FullPolicy = Pick<MeterPolicy, "slotSeconds" | "maxWatts" | "rolloverWh"> & {
  readonly [Name in Exclude<keyof PolicyOptions, "rolloverWh">]-?: NonNullable<PolicyOptions[Name]>;
};

/** Sources of the numbers: docs/oracle.md, "Validation, estimation, editing". */
export const POLICY_DEFAULTS = {
  stepWh: DEFAULT_STEP_WH,
  isImportOnly: false,
  /** The shortest interval that meters of the market are read in (15 minutes in the EU). */
  bridgeSeconds: 900,
  interpolateSeconds: 7_200,
  /** Five weeks: a meter read once a month still says what flowed. */
  longestGapSeconds: 35 * 86_400,
  spikePercent: 0,
  driftSeconds: MAX_AHEAD_SECONDS,
  sumToleranceWh: 2n * DEFAULT_STEP_WH,
  sumTolerancePerMille: 7,
  off: [] as readonly SwitchableRule[],
} as const;

export function fullPolicy(policy: MeterPolicy): FullPolicy {
  const { slotSeconds, maxWatts, rolloverWh } = policy;
  return {
    slotSeconds,
    maxWatts,
    rolloverWh,
    stepWh: policy.stepWh ?? POLICY_DEFAULTS.stepWh,
    isImportOnly: policy.isImportOnly ?? POLICY_DEFAULTS.isImportOnly,
    bridgeSeconds: policy.bridgeSeconds ?? POLICY_DEFAULTS.bridgeSeconds,
    interpolateSeconds: policy.interpolateSeconds ?? POLICY_DEFAULTS.interpolateSeconds,
    longestGapSeconds: policy.longestGapSeconds ?? POLICY_DEFAULTS.longestGapSeconds,
    spikePercent: policy.spikePercent ?? POLICY_DEFAULTS.spikePercent,
    driftSeconds: policy.driftSeconds ?? POLICY_DEFAULTS.driftSeconds,
    sumToleranceWh: policy.sumToleranceWh ?? POLICY_DEFAULTS.sumToleranceWh,
    sumTolerancePerMille: policy.sumTolerancePerMille ?? POLICY_DEFAULTS.sumTolerancePerMille,
    off: policy.off ?? POLICY_DEFAULTS.off,
  };
}

/** Whole Wh of a register. */
const wh = (least: number): z.ZodType<bigint, number> =>
  z.int().min(least).max(Number(MAX_REGISTER_WH)).transform(BigInt);

/** A meter's `rules` in the configuration. */
export const policySchema = z
  .strictObject({
    rolloverWh: wh(1).optional(),
    stepWh: wh(0).default(POLICY_DEFAULTS.stepWh),
    isImportOnly: z.boolean().default(POLICY_DEFAULTS.isImportOnly),
    bridgeSeconds: z.int().min(0).max(86_400).default(POLICY_DEFAULTS.bridgeSeconds),
    interpolateSeconds: z.int().min(0).max(86_400).default(POLICY_DEFAULTS.interpolateSeconds),
    longestGapSeconds: z
      .int()
      .min(0)
      .max(366 * 86_400)
      .default(POLICY_DEFAULTS.longestGapSeconds),
    spikePercent: z.int().min(0).max(100).default(POLICY_DEFAULTS.spikePercent),
    driftSeconds: z.int().min(1).max(86_400).default(POLICY_DEFAULTS.driftSeconds),
    sumToleranceWh: wh(0).default(POLICY_DEFAULTS.sumToleranceWh),
    sumTolerancePerMille: z.int().min(0).max(1000).default(POLICY_DEFAULTS.sumTolerancePerMille),
    off: z
      .array(z.enum(SWITCHABLE_RULES))
      .readonly()
      .default([...POLICY_DEFAULTS.off]),
  })
  .refine((rules) => rules.bridgeSeconds <= rules.interpolateSeconds, {
    path: ["interpolateSeconds"],
    message: "is at least bridgeSeconds",
  })
  .refine((rules) => rules.interpolateSeconds <= rules.longestGapSeconds, {
    path: ["longestGapSeconds"],
    message: "is at least interpolateSeconds",
  });
