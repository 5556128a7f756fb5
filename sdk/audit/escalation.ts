/** Who pays the escalation rate, and which slots count for it: as ShortSlots.sol decides, from events and block times. */
import type { ChainEvent } from "../events.js";
import { postponed, slotOf, slotTimes, type SlotTimes } from "../time/slots.js";
import type { AuditState } from "./state.js";
import { valueAt } from "./terms.js";

/** Slot lengths from a slot's final date to the closing of its record of short sellers. */
const RECORD_SLOTS = 12n;

/** A slot's dates, as far as the events so far decide them; undefined where slot length or windows are not known. */
function timesOf({ contracts, terms }: AuditState, slot: bigint): SlotTimes | undefined {
  const windows = valueAt(terms.windows, slot);
  if (contracts.slotSeconds === undefined || windows === undefined) return undefined;
  const postponement = { postponedAt: terms.postponedAt.get(slot) ?? 0n, bySeconds: terms.postponed.get(slot) ?? 0n };
  return postponed(slotTimes(slot, contracts.slotSeconds, windows), postponement);
}

function recordClosed({ finalDate, deliveryStart, deliveryEnd }: SlotTimes): bigint {
  return finalDate + RECORD_SLOTS * (deliveryEnd - deliveryStart);
}

/** Whether a slot that becomes final by this event is still put on the record; yes where that can't be told. */
export function isOnRecord(state: AuditState, event: ChainEvent, slot: bigint): boolean {
  const times = timesOf(state, slot);
  return times === undefined || event.within === undefined || event.within.time < recordClosed(times);
}

/** In how many slots of the window that counts for this one the meter was short; undefined where it can't be told. */
export function shortInWindow(state: AuditState, meter: bigint, slot: bigint): number | undefined {
  const times = timesOf(state, slot);
  const rules = valueAt(state.terms.rules, slot);
  if (times === undefined || rules === undefined) return undefined;
  // a postponement of the slot itself does not move its window
  const untilClosed = recordClosed(times) - (state.terms.postponed.get(slot) ?? 0n) - times.deliveryStart;
  if (times.opens < untilClosed) return 0;
  const last = slotOf(times.opens - untilClosed, times.deliveryEnd - times.deliveryStart);
  const first = last + 1n - BigInt(rules.escalationWindow);
  let count = 0;
  for (const short of state.shortSlots.get(meter) ?? []) {
    if (short < first || short > last) continue;
    const own = timesOf(state, short);
    if (own !== undefined && recordClosed(own) <= times.opens) count += 1;
  }
  return count;
}
