/**
 * What a meter will count in each slot, from what it counted in the same slot of similar days before: the mean of the
 * last similar days (weekdays, or days of the weekend); persistence, the mean of the last days of any kind, where none
 * is similar; the standard profile where there is nothing. People deviate from it, as they should.
 */
import { standardLoadWh, standardSolarWh } from "./standard.js";

/** Import and export of a slot, gross, in whole Wh. */
export interface SlotValue {
  readonly importWh: number;
  readonly exportWh: number;
}

/** What is known of a meter's past; undefined where it was silent or before its time. */
export interface PastValues {
  valueAt(slot: number): SlotValue | undefined;
}

/** The market's slots on a local clock. */
export interface SlotClock {
  readonly slotSeconds: number;
  /** Seconds that the local clock is ahead of UTC. */
  readonly offsetSeconds: number;
}

/** How far back a forecast looks and how many days it takes. */
const LOOK_BACK_DAYS = 28;
const SIMILAR_DAYS = 5;
const ANY_DAYS = 3;
const DAY_SECONDS = 86_400;
/** The Unix epoch was a Thursday; a week starts with Monday here. */
const EPOCH_WEEKDAY = 3;

/**
 * The mean of a slot over similar days before it, import and export each on its own, rounded; undefined without any.
 * Only days before `knownBefore` (a slot) are looked at.
 */
export function meanOfDaysBefore(
  history: PastValues,
  clock: SlotClock,
  slot: number,
  knownBefore: number = slot,
): SlotValue | undefined {
  const perDay = DAY_SECONDS / clock.slotSeconds;
  const known: { readonly weekend: boolean; readonly value: SlotValue }[] = [];
  for (let day = 1; day <= LOOK_BACK_DAYS; day += 1) {
    const earlier = Math.round(slot - day * perDay); // the nearest slot, where slots do not fill a day evenly
    const value = earlier < knownBefore ? history.valueAt(earlier) : undefined;
    if (value !== undefined) known.push({ weekend: isWeekend(clock, earlier), value });
  }
  const weekend = isWeekend(clock, slot);
  const similar = known.filter((day) => day.weekend === weekend).slice(0, SIMILAR_DAYS);
  const taken = (similar.length > 0 ? similar : known.slice(0, ANY_DAYS)).map((day) => day.value);
  if (taken.length === 0) return undefined;
  return { importWh: mean(taken.map((value) => value.importWh)), exportWh: mean(taken.map((value) => value.exportWh)) };
}

/** The standard profile of a slot at the meter; `solarPeakWh` is the most that the home's panels make in a slot. */
export function standardValue(clock: SlotClock, slot: number, solarPeakWh: number): SlotValue {
  const secondOfDay = localSeconds(clock, slot) % DAY_SECONDS;
  const load = standardLoadWh(secondOfDay, clock.slotSeconds, isWeekend(clock, slot));
  const net = Math.round(load - standardSolarWh(secondOfDay, clock.slotSeconds, solarPeakWh));
  return { importWh: Math.max(0, net), exportWh: Math.max(0, -net) };
}

/**
 * How import, or export, of a home of which nothing is known lies over the day: gross use, or the panels' yield, in Wh
 * of the slot, not rounded. For sharing out a sum that is known.
 */
export function standardShape(clock: SlotClock, slot: number, direction: keyof SlotValue, solarPeakWh: number): number {
  const secondOfDay = localSeconds(clock, slot) % DAY_SECONDS;
  return direction === "importWh"
    ? standardLoadWh(secondOfDay, clock.slotSeconds, isWeekend(clock, slot))
    : standardSolarWh(secondOfDay, clock.slotSeconds, solarPeakWh);
}

/**
 * The forecast of `count` slots from `firstSlot` on, known only what came before `firstSlot`: as import or export,
 * never both, for a home orders on one side.
 */
export function forecastSlots(
  history: PastValues,
  clock: SlotClock,
  firstSlot: number,
  count: number,
  solarPeakWh: number,
): SlotValue[] {
  return Array.from({ length: count }, (_, index) => {
    const slot = firstSlot + index;
    const value = meanOfDaysBefore(history, clock, slot, firstSlot) ?? standardValue(clock, slot, solarPeakWh);
    const net = value.importWh - value.exportWh;
    return { importWh: Math.max(0, net), exportWh: Math.max(0, -net) };
  });
}

function isWeekend(clock: SlotClock, slot: number): boolean {
  return (Math.floor(localSeconds(clock, slot) / DAY_SECONDS) + EPOCH_WEEKDAY) % 7 >= 5;
}

function localSeconds(clock: SlotClock, slot: number): number {
  return slot * clock.slotSeconds + clock.offsetSeconds;
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
