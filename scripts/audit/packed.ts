/** Lists of packed records in events, by event and argument, and what unpacks them: the code that the fold uses. */
import {
  unpackBilaterals,
  unpackEntries,
  unpackMovements,
  unpackOutcomes,
  unpackParties,
  unpackPositions,
  unpackReadings,
  unpackTrades,
} from "../../sdk/records.js";

export const PACKED = {
  "TradeEscrow.Moved.movements": unpackMovements,
  "EnergyMarket.EntriesAppended.entries": unpackEntries,
  "BilateralContracts.BilateralAccepted.entries": unpackBilaterals,
  "Clearing.BookCleared.trades": unpackTrades,
  "Clearing.SlotClosed.positions": unpackPositions,
  "Clearing.SlotClosed.trades": unpackTrades,
  "Settlement.SlotSettled.outcomes": unpackOutcomes,
  "Settlement.SlotSettled.parties": unpackParties,
  "Settlement.RestSettled.outcomes": unpackOutcomes,
  "MeterLedger.ReadingBatchStored.readings": unpackReadings,
  "ReadingQuorum.ReadingsAttested.readings": unpackReadings,
} as const;

export type PackedList = keyof typeof PACKED;

/** What unpacks an event's argument; undefined for one that is no list of records. */
export function unpackerOf(
  event: string,
  argument: string,
): ((words: readonly string[]) => readonly object[]) | undefined {
  return (PACKED as Readonly<Record<string, (words: readonly string[]) => readonly object[]>>)[`${event}.${argument}`];
}
