/** What MarketRules and MarketCalendar refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const RULES_ERRORS = {
  MarketRulesOutOfBounds: {
    why: "The parameter {parameter} would be {value}, outside {minimum} to {maximum}.",
    todo: "Choose a value within the bounds; they depend on the others.",
  },
  MarketRulesBondTooSmall: {
    why: "A bond rate of {bondRate} could not pay make-whole, fees and escalation.",
    todo: "Set it to {minimum} or more.",
  },
  MarketRulesOpensInThePast: {
    why: "With these windows slot {fromSlot} would have opened before now.",
    todo: "Let them begin with slot {earliest} or later.",
  },
  MarketRulesTooManyPlanned: {
    why: "At most {maximum} versions may be planned at once.",
    todo: "Wait until one is in force, or replace a planned one.",
  },
  MarketCalendarNotMeteringOperator: {
    why: "{caller} is no active metering operator.",
    todo: "Let the active metering operators call for the postponement.",
  },
  MarketCalendarCalledBefore: {
    why: "{operator} called for this postponement before; it counts once.",
    todo: "Let more metering operators call for the same slots and seconds, until more than half have.",
  },
  MarketCalendarBadRange: {
    why: "Slots {firstSlot} to {lastSlot} are no range that one call postpones.",
    todo: "Give 1 to {maximum} slots in order.",
  },
  MarketCalendarPostponedBefore: {
    why: "Slot {slot} was postponed before, and once is all.",
    todo: "Leave the slot out.",
  },
  MarketCalendarNotStarted: {
    why: "The delivery of slot {slot} starts at {deliveryStart} only.",
    todo: "Postpone after an outage, not before.",
  },
  MarketCalendarSlotFinal: { why: "Slot {slot} was final at {finalDate}.", todo: "Nothing is left to postpone." },
  MarketCalendarBadPostponement: {
    why: "Slot {slot} can't be postponed by {bySeconds} s.",
    todo: "Give 1 to {maximumSeconds} s.",
  },
} as const satisfies Record<string, Advice>;
