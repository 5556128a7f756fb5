/**
 * The one slot arithmetic of the project in TypeScript: slots are numbered floor(start / length) in Unix time, and a
 * slot's dates follow from the market's windows as in MarketCalendar (market rules, "Time of a slot").
 */
import { CommonwattError } from "../errors.js";

/** The slot in which `time` (Unix seconds) lies. */
export function slotOf(time: bigint, lengthSeconds: bigint): bigint {
  return time / lengthSeconds;
}

/** When the slot's delivery starts, in Unix seconds. */
export function slotStart(slot: bigint, lengthSeconds: bigint): bigint {
  return slot * lengthSeconds;
}

/** When the slot's delivery ends, in Unix seconds. */
export function slotEnd(slot: bigint, lengthSeconds: bigint): bigint {
  return (slot + 1n) * lengthSeconds;
}

/** The slots that touch [from, to), in order. */
export function slotsBetween(from: bigint, to: bigint, lengthSeconds: bigint): bigint[] {
  const slots: bigint[] = [];
  for (let slot = slotOf(from, lengthSeconds); slotStart(slot, lengthSeconds) < to; slot += 1n) slots.push(slot);
  return slots;
}

/** Unix seconds of an ISO 8601 time that states its offset; one without would mean another moment on each machine. */
export function parseTime(text: string): bigint {
  const milliseconds = /(Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw new CommonwattError("SlotTimeInvalid", { text });
  return BigInt(Math.floor(milliseconds / 1000));
}

/** Unix seconds as ISO 8601 in UTC, to the second. */
export function formatTime(time: bigint): string {
  return new Date(Number(time) * 1000).toISOString().replace(".000Z", "Z");
}
