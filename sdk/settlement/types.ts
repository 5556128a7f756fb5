/** What a slot's settlement starts from, and what it comes to. Wh, micro-credits, micro-credits per kWh. */
import type { ReadingStatus } from "../enums.js";

/** What holds on a feeder in the slot; prices and fees in force, that is min(set, cap). */
export interface FeederTerms {
  readonly feeder: bigint;
  readonly district: bigint;
  readonly supplier: string;
  readonly gridOperator: string;
  readonly retail: bigint;
  readonly feedIn: bigint;
  /** Fee of the edge from the feeder to its district. */
  readonly feederFee: bigint;
  /** Fee of the edge from the district to the city. */
  readonly districtFee: bigint;
}

/** The regulator's parameters that settlement uses. */
export interface SettlementRules {
  readonly escalationRate: bigint;
  /** Short slots in the window from which the rate applies; 0 = never. */
  readonly escalationThreshold: number;
  readonly accountingFeeMicro: bigint;
}

/** A stored reading: gross import and export. */
export interface SlotReading {
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly status: ReadingStatus;
}

/** One meter in the slot. */
export interface SlotMeter {
  readonly meter: bigint;
  readonly feeder: bigint;
  /** Undefined when there is none and the reading window is over. */
  readonly reading: SlotReading | undefined;
  readonly connectionWh: bigint;
  /** Slots of the escalation's window in which the meter was short. */
  readonly shortSlots: number;
}

/** One trade, in trade order among the others. */
export interface SlotTrade {
  /** 0 bilateral, 1 feeder, 2 district, 3 city. */
  readonly level: number;
  readonly buyMeter: bigint;
  readonly sellMeter: bigint;
  readonly wh: bigint;
  /** The book's price at its level; a seller gets it less its edges' fees, a buyer pays it plus its own. */
  readonly price: bigint;
}

/** All that a slot's settlement depends on. */
export interface SlotInput {
  readonly rules: SettlementRules;
  readonly feeders: readonly FeederTerms[];
  readonly meters: readonly SlotMeter[];
  readonly trades: readonly SlotTrade[];
}

/** What the slot comes to for one meter; the figures of an on-chain outcome, without what the escrow adds. */
export interface MeterOutcome {
  readonly meter: bigint;
  readonly feeder: bigint;
  readonly status: ReadingStatus;
  readonly importWh: bigint;
  readonly exportWh: bigint;
  /** Delivered. */
  readonly boughtWh: bigint;
  /** Delivered. */
  readonly soldWh: bigint;
  /** Sold and not delivered; 0 for a buyer. */
  readonly undeliveredWh: bigint;
  readonly gridImportWh: bigint;
  readonly gridExportWh: bigint;
  readonly energyPaidMicro: bigint;
  readonly energyReceivedMicro: bigint;
  readonly gridPaidMicro: bigint;
  readonly gridReceivedMicro: bigint;
  readonly feesMicro: bigint;
  readonly bondPaidMicro: bigint;
  readonly bondReceivedMicro: bigint;
  /** Of bondPaidMicro, what goes to the supplier for being short again and again. */
  readonly escalationMicro: bigint;
  /** Wh-weighted mean price of the delivered trades, rounded down; undefined when nothing was delivered. */
  readonly pricePerKwh: bigint | undefined;
}

/** What the slot comes to for one supplier or grid operator, in all its parts. */
export interface PartyOutcome {
  readonly account: string;
  /** Grid fees, escalation, remainders. */
  readonly communityMicro: bigint;
  readonly surplusInMicro: bigint;
  readonly surplusOutMicro: bigint;
  /** Feed-in that it owes its feeders' homes. */
  readonly feedInMicro: bigint;
  /** Grid shares that its feeders' homes owe it. */
  readonly gridShareMicro: bigint;
  /** Accounting fees that it owes, one per meter. */
  readonly accountingFeeMicro: bigint;
}

/** A settled slot. Meters in the order given, parties in the order of the meters' feeders, supplier first. */
export interface SlotSettlement {
  readonly meters: readonly MeterOutcome[];
  readonly parties: readonly PartyOutcome[];
  /** Delivered Wh of each trade, in trade order. */
  readonly deliveredWh: readonly bigint[];
}
