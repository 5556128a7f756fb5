/** Settlement of a slot: a pure model of what the contract computes, and its figures as the CSV names them. */
export { creditChangeOf, settlementRow, type SettlementRow } from "./csv.js";
export { pathFees, settleSlot } from "./model.js";
export { splitWh } from "./split.js";
export type {
  FeederTerms,
  MeterOutcome,
  PartyOutcome,
  SettlementRules,
  SlotInput,
  SlotMeter,
  SlotReading,
  SlotSettlement,
  SlotTrade,
} from "./types.js";
