/** PLACEHOLDER until the branch vee is merged. */
import type { History, SlotClock } from "../../forecast/forecast.js";
import type { ReadingStatus } from "../../../sdk/enums.js";
import { z } from "zod";
import { slotsOfRegisters } from "../registers.js";
import type { Break, Gap, RefusedObservation } from "../slot-energy.js";
import type { Observation } from "../sources/observation.js";
export interface MeterPolicy {
  readonly slotSeconds: bigint;
  readonly maxWatts: bigint;
  readonly isImportOnly?: boolean | undefined;
}
export interface MeteredValue {
  readonly slot: bigint;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
  readonly rule: string;
  readonly bridgedSeconds: number;
}
export interface VeeResult {
  readonly values: readonly MeteredValue[];
  readonly refused: readonly RefusedObservation[];
  readonly breaks: readonly Break[];
  readonly gaps: readonly Gap[];
}
export const policySchema = z.strictObject({ isImportOnly: z.boolean().optional() });
export function valuesOf(
  observations: readonly Observation[],
  policy: MeterPolicy,
  range: { readonly first: bigint; readonly end: bigint; readonly estimateUntil: bigint },
  _history: History,
  _clock: SlotClock,
): VeeResult {
  const { slots, refused, breaks, gaps } = slotsOfRegisters(
    observations.filter((o) => o.kind === "register"),
    policy,
  );
  return {
    values: slots
      .filter(({ slot }) => slot >= range.first && slot < range.end)
      .map((value) => ({ ...value, rule: "measured" })),
    refused,
    breaks,
    gaps,
  };
}
