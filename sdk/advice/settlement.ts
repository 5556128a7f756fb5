/** What Settlement refuses, and what to do about it. */
import type { Advice } from "./advice.js";

export const SETTLEMENT_ERRORS = {
  SettlementTooEarly: { why: "The delivery of slot {slot} ends at {deliveryEnd}.", todo: "Settle after that." },
  SettlementReadingMissing: {
    why: "Meter {meter} has no reading of slot {slot}, and may get one until {readingEnd}.",
    todo: "Wait for the reading, or for the end of the reading window.",
  },
  SettlementNotClosed: { why: "Slot {slot} of city {city} is not closed.", todo: "Close it first (closeTree)." },
  SettlementWrongTrades: {
    why: "The positions and trades {given} are not those of slot {slot} in city {city}, {committed}.",
    todo: "Take them from the event SlotClosed (MarketView.closedSlotOf).",
  },
  SettlementWrongOutcomes: {
    why: "The outcomes {given} are not those that area {area} was settled with last in slot {slot}, {settled}.",
    todo: "Sync the view again; they are empty the first time.",
  },
  SettlementFinal: {
    why: "Slot {slot} of area {area} was final at {finalDate}.",
    todo: "Nothing can be corrected any more; finalize it.",
  },
  SettlementNotFinal: { why: "Slot {slot} of area {area} is final at {finalDate} only.", todo: "Wait until then." },
  SettlementNotSettled: { why: "Slot {slot} of area {area} was not settled.", todo: "Settle it first." },
  SettlementAlreadyFinalized: {
    why: "Slot {slot} of area {area} was finalized before.",
    todo: "There is nothing to do.",
  },
} as const satisfies Record<string, Advice>;
