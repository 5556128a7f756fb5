/** What Clearing and its libraries refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const CLEARING_ERRORS = {
  ClearingWrongLevel: {
    why: "Area {area} is of another level than the call is for.",
    todo: "Use clearFeeder for feeders, clearParent for districts and cities, close for cities.",
  },
  ClearingTooEarly: {
    why: "The book of area {area} is not ready in slot {slot}.",
    todo: "Wait for gate closure, and for the books below.",
  },
  ClearingTooLate: {
    why: "The book of area {area} was void at {deadline} for slot {slot}.",
    todo: "Nothing is left to clear; close unlocks it.",
  },
  ClearingClearedBefore: {
    why: "The book of area {area} is cleared for slot {slot}.",
    todo: "Go on with the next book.",
  },
  ClearingBookIdle: {
    why: "Nothing can come of the book of area {area} in slot {slot}: it counts as cleared.",
    todo: "Go on with the next book.",
  },
  ClearingNotTheBook: {
    why: "The entries are not the log of area {area} in slot {slot}.",
    todo: "Sync the view again: an entry is missing, added or moved.",
  },
  ClearingNotTheRests: {
    why: "The rests are not those that rose from area {child} in slot {slot}.",
    todo: "Sync the view after the child was cleared.",
  },
  ClearingWrongCount: {
    why: "{given} lists were given instead of {expected}.",
    todo: "Give one for each area that counts in the slot, in order of creation.",
  },
  ClearingWrongPrice: {
    why: "The claimed price {claimed} is not the book's, {price}.",
    todo: "Clear with the SDK's engine of the deployed version.",
  },
  ClearingWrongTrades: {
    why: "The claimed trades {claimed} are not the book's, {tradesHash}.",
    todo: "Clear with the SDK's engine of the deployed version.",
  },
  ClearingNotTheTrades: {
    why: "The trades are not those that area {area} was cleared with in slot {slot}.",
    todo: "Sync the view again; a void book has none.",
  },
  ClearingNotTheBilaterals: {
    why: "The entries are not the bilateral contracts of city {city} in slot {slot}.",
    todo: "Sync the view again.",
  },
  ClearingClosedBefore: { why: "Slot {slot} of city {city} is closed.", todo: "Go on to its settlement." },
  ClearingNothingToClose: {
    why: "Nobody ordered in slot {slot} of city {city}.",
    todo: "Go on to the settlement of the rest.",
  },
  BookLogBadLength: { why: "{words} words are no whole entries.", todo: "Supply two words an entry." },
  BookLogBadList: { why: "{length} bytes are no list of indices.", todo: "Supply two bytes an index." },
  BookLogWrongTarget: {
    why: "Entry {entry} does not cancel order {target}.",
    todo: "Name the order with the same account and nonce.",
  },
  BookLogWrongTargetCount: {
    why: "{targets} targets were given for {cancels} cancels.",
    todo: "Name one for each cancel.",
  },
  BookLogListTooShort: {
    why: "A list of indices ends before place {position}.",
    todo: "Supply one index for each order and contract.",
  },
  BookLogNotLive: {
    why: "Place {position} names {index}, which is no live order of that side.",
    todo: "List only orders that were not cancelled.",
  },
  BookLogNotSorted: {
    why: "Order {index} at place {position} does not come after the one before it.",
    todo: "Sort by price, then arrival.",
  },
  BookLogIncomplete: { why: "{listed} of {live} live orders were listed.", todo: "List every one." },
  GridEdgesUnknownFeeder: {
    why: "The order's feeder {feeder} is not below the book's area.",
    todo: "Supply the rests of this area's children.",
  },
  SlotPositionsMisplaced: {
    why: "Place {place} is not that of meter {meter}.",
    todo: "Number the meters of all orders and contracts, ascending.",
  },
  SlotPositionsNotSorted: {
    why: "Position {place} has no order or is out of order.",
    todo: "Number the meters of all orders and contracts, ascending, each once.",
  },
} as const satisfies Record<string, Advice>;
