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

/** How the dates of a slot follow from its delivery (WindowTypes.Windows), in seconds. */
export interface Windows {
  readonly opensBefore: bigint;
  readonly gateBefore: bigint;
  readonly feederBefore: bigint;
  readonly districtBefore: bigint;
  readonly cityBefore: bigint;
  readonly readingFor: bigint;
  readonly disputeFor: bigint;
  readonly decisionFor: bigint;
  readonly finalFor: bigint;
}

/** The dates of one slot (MarketTypes.SlotTimes), in Unix seconds; each is the first second after its window. */
export interface SlotTimes {
  readonly opens: bigint;
  readonly gateClosure: bigint;
  readonly feederDeadline: bigint;
  readonly districtDeadline: bigint;
  readonly cityDeadline: bigint;
  readonly deliveryStart: bigint;
  readonly deliveryEnd: bigint;
  readonly actualsUntil: bigint;
  readonly readingEnd: bigint;
  readonly disputeEnd: bigint;
  readonly decisionEnd: bigint;
  readonly finalDate: bigint;
}

/** What the metering operators' postponement of a slot moved; `postponedAt` 0 when there was none. */
export interface Postponement {
  readonly postponedAt: bigint;
  readonly bySeconds: bigint;
}

/** The dates of a slot, none postponed. */
export function slotTimes(slot: bigint, lengthSeconds: bigint, windows: Windows): SlotTimes {
  const deliveryStart = slotStart(slot, lengthSeconds);
  const before = (lead: bigint): bigint => (deliveryStart > lead ? deliveryStart - lead : 0n);
  const deliveryEnd = deliveryStart + lengthSeconds;
  const readingEnd = deliveryEnd + windows.readingFor;
  const disputeEnd = readingEnd + windows.disputeFor;
  const decisionEnd = disputeEnd + windows.decisionFor;
  return {
    opens: before(windows.opensBefore),
    gateClosure: before(windows.gateBefore),
    feederDeadline: before(windows.feederBefore),
    districtDeadline: before(windows.districtBefore),
    cityDeadline: before(windows.cityBefore),
    deliveryStart,
    deliveryEnd,
    actualsUntil: readingEnd + windows.disputeFor / 2n,
    readingEnd,
    disputeEnd,
    decisionEnd,
    finalDate: decisionEnd + windows.finalFor,
  };
}

/** The dates after a postponement: those after delivery that had not passed have moved. */
export function postponed(times: SlotTimes, { postponedAt, bySeconds }: Postponement): SlotTimes {
  if (bySeconds === 0n) return times;
  const moved = (date: bigint): bigint => (date > postponedAt ? date + bySeconds : date);
  return {
    ...times,
    readingEnd: moved(times.readingEnd),
    actualsUntil: moved(times.actualsUntil),
    disputeEnd: moved(times.disputeEnd),
    decisionEnd: moved(times.decisionEnd),
    finalDate: moved(times.finalDate),
  };
}

/** The first slot that is not open at `time` where every slot opens with the same lead. */
export function firstUnopenedSlot(time: bigint, lengthSeconds: bigint, windows: Windows): bigint {
  return (time + windows.opensBefore) / lengthSeconds + 1n;
}
