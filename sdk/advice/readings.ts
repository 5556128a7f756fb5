/** What MeterLedger, ReadingQuorum and Disputes refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const READINGS_ERRORS = {
  MeterLedgerEmptyBatch: { why: "The batch has no reading.", todo: "Wait until there is one." },
  MeterLedgerMalformedReading: {
    why: "A field of a reading is wider than its type.",
    todo: "Encode the call by the ledger's ABI.",
  },
  MeterLedgerBadStatus: {
    why: "Reading {index} has status {status}, which nobody signs.",
    todo: "Sign it as actual, substituted, estimated or corrected.",
  },
  MeterLedgerEnergyTooLarge: {
    why: "Reading {index} says {wh} Wh; the ledger holds up to {maximumWh}.",
    todo: "Check the unit (Wh) and the meter.",
  },
  MeterLedgerSlotNotEnded: {
    why: "Reading {index} is of slot {slot}, whose delivery ends at {deliveryEnd}.",
    todo: "Send it after that.",
  },
  MeterLedgerTooLate: {
    why: "Reading {index} of slot {slot} came after {until}.",
    todo: "Hand a late actual to the metering operator, who corrects until the decision deadline.",
  },
  MeterLedgerMayNotReplace: {
    why: "Reading {index} with status {status} may not replace one with status {storedStatus}.",
    todo: "Leave it out; only a correction replaces an actual reading.",
  },
  MeterLedgerStaleSequence: {
    why: "Reading {index} has sequence {sequence}, the stored one {storedSequence}.",
    todo: "Sign it with a higher sequence.",
  },
  MeterLedgerInactiveMeter: {
    why: "Reading {index} is of device {meter}, which is no active meter.",
    todo: "Have its metering operator activate it; leave the reading out until then.",
  },
  MeterLedgerNoSite: {
    why: "Reading {index}: meter {meter} stood at no feeder in slot {slot}.",
    todo: "Leave it out; the meter's site decides who may sign.",
  },
  MeterLedgerInactiveOperator: {
    why: "Reading {index}: the slot's metering operator {operator} is not active, nor is the feeder's next one.",
    todo: "Have it reinstated, or name another from the first unopened slot on: it speaks for the open ones too.",
  },
  MeterLedgerWrongSigner: {
    why: "Reading {index} was signed by {signer} instead of {expected}.",
    todo: "Check key, chain and ledger, and that no value changed after signing.",
  },
  MeterLedgerMixedSeries: {
    why: "Reading {index} shares a signature with the one before it, but one of the two is not an actual reading of the same meter.",
    todo: "Let one signature cover actual readings of one meter only; sign all others one by one.",
  },
  MeterLedgerNotBarred: { why: "Meter {meter} is not barred.", todo: "There is nothing to lift." },
  MeterLedgerSlotNotLater: {
    why: "Slot {slot} is not after the barred slot {barredSlot}.",
    todo: "Name a later slot with a reading.",
  },
  MeterLedgerNoReading: { why: "Meter {meter} has no reading of slot {slot}.", todo: "Name a slot with a reading." },
  ReadingQuorumNotFeeder: { why: "Area {area} is no feeder.", todo: "Give the number of a feeder." },
  ReadingQuorumBadSize: {
    why: "{needed} of {operators} operators are no quorum: it is 2 to n of at most 8, and more than half of them.",
    todo: "Name more operators or ask for more of them; to ask for none, give 1 and no operator.",
  },
  ReadingQuorumUnfitOperator: {
    why: "{operator} is no active metering operator.",
    todo: "Admit it with the role MeteringOperator, or name another member.",
  },
  ReadingQuorumRepeatedOperator: { why: "{operator} is named twice.", todo: "Name each operator once." },
  ReadingQuorumBadCount: {
    why: "{count} readings were to be attested; a call takes 1 to {maximum}.",
    todo: "Split them over several calls.",
  },
  ReadingQuorumInactiveOperator: {
    why: "{operator} is no active metering operator at this moment.",
    todo: "Have the council reinstate it; readings wait for the other operators until then.",
  },
  ReadingQuorumMalformedReading: {
    why: "Word {index} says more than a reading.",
    todo: "Pack it as ReadingBatchStored has it, with its last 112 bits zero.",
  },
  ReadingQuorumNotItsOperator: {
    why: "Reading {index}: {operator} is none of those who attest the readings of feeder {feeder} in slot {slot}.",
    todo: "Leave it out, or have the council name the operator with setQuorum for later slots.",
  },
  ReadingQuorumOtherValue: {
    why: "Reading {index}: the operator attests another value of meter {meter} in slot {slot} under the same rank and sequence.",
    todo: "Nothing takes that back; if it was wrong, a correction with a higher rank or sequence replaces it.",
  },
  ReadingQuorumNotAttested: {
    why: "Reading {index}: this value of meter {meter} in slot {slot} has {attested} of the {needed} attestations that it needs.",
    todo: "Wait until more of the feeder's operators have attested it, then send it again.",
  },
  DisputesOutOfTime: {
    why: "Readings of slot {slot} are disputed from {from} to {until} (Unix seconds).",
    todo: "Nothing can be done outside that time.",
  },
  DisputesNotActive: { why: "{account} is no active member or user.", todo: "Only active ones dispute." },
  DisputesWrongEvidence: {
    why: "These are not the positions and trades of slot {slot} in city {city}.",
    todo: "Take them from the event SlotClosed (MarketView.closedSlotOf).",
  },
  DisputesNotAParty: {
    why: "Position {position} is not one of {account}.",
    todo: "Name one of the account's own positions of the slot.",
  },
  DisputesNoSuchPosition: {
    why: "There is no position {position}.",
    todo: "Name the place of the disputed meter's position.",
  },
  DisputesAlreadyOpened: {
    why: "{party} disputed meter {meter} in slot {slot} before.",
    todo: "Each party disputes a reading once.",
  },
  DisputesNotOpen: {
    why: "{party} has no open dispute of meter {meter} in slot {slot}.",
    todo: "There is nothing to resolve.",
  },
  DisputesUndecided: {
    why: "The operator may still decide about slot {slot} until {decisionEnd}.",
    todo: "Resolve it when a correction came, or after that time.",
  },
} as const satisfies Record<string, Advice>;
