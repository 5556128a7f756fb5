/** What GridTopology, Tariffs and the schedules by slot refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const GRID_ERRORS = {
  GridTopologyUnknownArea: { why: "There is no area {area}.", todo: "Check the number; areas are counted from 1." },
  GridTopologyNotFeeder: { why: "Area {area} is no feeder.", todo: "Give the number of a feeder." },
  GridTopologyNoAreaBelow: {
    why: "Area {feeder} is a feeder, and nothing stands below one.",
    todo: "Give a district for a feeder, a city for a district, or 0 for a city.",
  },
  GridTopologyTooManyChildren: {
    why: "Area {parent} has its most children, {bound}.",
    todo: "Add the area below another one.",
  },
  GridTopologyTooManyFeeders: {
    why: "City {city} has its most feeders, {bound}.",
    todo: "Make another city: a tree settles in one transaction.",
  },
  GridTopologyUnfitParty: {
    why: "{party} is no active member with the role {role} (MemberRole).",
    todo: "Admit it with that role, or name another member.",
  },
  GridTopologyNoEdge: {
    why: "Area {city} is a city, and there is no edge above one.",
    todo: "Give a feeder or a district.",
  },
  GridTopologyCapacityWithoutLimit: {
    why: "A capacity of {capacityWh} Wh was given for an edge without a limit.",
    todo: "Leave the capacity out, or limit the edge.",
  },
  GridTopologyNotGridOperator: {
    why: "{caller} is not the active grid operator of feeder {feeder} in slot {slot}.",
    todo: "Let the grid operator of that slot do it.",
  },
  GridTopologyNotMeter: {
    why: "Device {device} is no meter that can be placed.",
    todo: "Claim it first; retired devices and other kinds are not placed.",
  },
  GridTopologyInvalidConnection: {
    why: "A connection can't carry {connectionWh} Wh a slot.",
    todo: "Give 1 to 16,777,215 Wh.",
  },
  GridTopologyMeterElsewhere: {
    why: "Meter {meter} stands at feeder {feeder} from slot {slot}.",
    todo: "Have that feeder's grid operator remove it first.",
  },
  GridTopologyMeterNotPlaced: {
    why: "Meter {meter} stands nowhere in slot {slot}.",
    todo: "There is nothing to remove.",
  },
  GridTopologyTooManyMeters: {
    why: "The list of feeder {feeder} is full with {bound} meters.",
    todo: "Place the meter at another feeder.",
  },
  SlotScheduleSlotOpen: {
    why: "Slot {fromSlot} is open, and what holds in it is fixed.",
    todo: "Let the change begin with slot {firstUnopenedSlot} or later.",
  },
  TariffsNotActiveSupplier: {
    why: "{caller} is no active supplier.",
    todo: "Let an active member with the role Supplier set prices.",
  },
  TariffsNotSupplierOfFeeder: {
    why: "{caller} does not supply feeder {feeder} in slot {slot}.",
    todo: "Price only slots in which the account is the feeder's supplier.",
  },
  TariffsBadLength: {
    why: "{retailCount} retail and {feedInCount} feed-in prices were given.",
    todo: "Give as many of both, 1 to {maximum}.",
  },
  TariffsFeedInAboveRetail: {
    why: "In slot {slot} the feed-in price {feedIn} is above the retail price {retail}.",
    todo: "Lower it: energy that circles must not earn.",
  },
  TariffsPriceTooHigh: {
    why: "In slot {slot} the price {retail} is above {maximum}, the highest that fits.",
    todo: "Check the unit: micro-credits per kWh.",
  },
} as const satisfies Record<string, Advice>;
