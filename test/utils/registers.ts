/** Registers of one meter, made in the tests, and what slots come of them. */
import { slotsOfRegisters, type RegisterOptions } from "../../scripts/oracle/registers.js";
import type { SlotEnergies } from "../../scripts/oracle/slot-energy.js";
import type { RegisterObservation } from "../../scripts/oracle/sources/index.js";

/** Slots of a quarter of an hour; the first of them, and when it starts. */
export const SLOT_SECONDS = 900n;
export const SLOT = 2_000_000n;
export const START = Number(SLOT * SLOT_SECONDS);
const OPTIONS: RegisterOptions = { slotSeconds: SLOT_SECONDS, maxWatts: 14_000n, isImportOnly: true };

export type Given = readonly [time: number, importWh: bigint | number, changes?: Partial<RegisterObservation>];

/** At seconds after the start of the first slot. */
function at([time, importWh, changes = {}]: Given): RegisterObservation {
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

export function slotsOf(given: readonly Given[], options: Partial<RegisterOptions> = {}): SlotEnergies {
  return slotsOfRegisters(given.map(at), { ...OPTIONS, ...options });
}

/** Imports by slot, counted from the first. */
export function imports({ slots }: SlotEnergies): [number, number][] {
  return slots.map(({ slot, importWh }) => [Number(slot - SLOT), Number(importWh)]);
}

export function rules({ refused }: SlotEnergies): string[] {
  return refused.map(({ rule }) => rule);
}
