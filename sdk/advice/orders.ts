/** What EnergyMarket and BilateralContracts refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const ORDERS_ERRORS = {
  EnergyMarketBadProfile: {
    why: "Order {index} has no proper profile.",
    todo: "Give 1 to 128 slots, a limit for each, and energy in the first and last.",
  },
  EnergyMarketNoSide: { why: "Order {index} neither buys nor sells.", todo: "Set its side." },
  EnergyMarketExpired: { why: "Order {index} had to be relayed until {relayDeadline}.", todo: "Have it signed again." },
  EnergyMarketNotHolder: {
    why: "Order {index} was signed by {signer}, but {holder} holds the meter throughout.",
    todo: "Let the holder sign; a profile must not span a change of owner.",
  },
  EnergyMarketNotActive: { why: "The account {account} is not active.", todo: "Have it admitted or reinstated." },
  EnergyMarketMeterNotActive: {
    why: "Order {index}: device {meter} is no active meter.",
    todo: "Have its metering operator activate it.",
  },
  EnergyMarketNotAtFeeder: {
    why: "Order {index}: meter {meter} stands at feeder {feeder} (0: it changes within the profile).",
    todo: "Relay it to its feeder, in profiles without a change of site.",
  },
  EnergyMarketBarred: {
    why: "Order {index}: meter {meter} is barred, for a slot was settled without its reading.",
    todo: "Bring a reading of that slot or a later one, then lift the bar (liftBar).",
  },
  EnergyMarketInArrears: {
    why: "Order {index}: {account} owes {arrearsMicro} micro-credits.",
    todo: "Deposit at least that much; it pays the arrears first.",
  },
  EnergyMarketNonceUsed: {
    why: "Order {index}: the nonce {nonce} is used through slot {usedThrough}.",
    todo: "The order was revoked, or another one has its nonce; a new one takes another nonce or later slots.",
  },
  EnergyMarketNonceBusy: {
    why: "Order {index}: the nonce {nonce} belongs to an order that can be cancelled until slot {openSlot}'s gate closes.",
    todo: "Take another nonce.",
  },
  EnergyMarketSlotNotOpen: {
    why: "Slot {slot} is not open for orders.",
    todo: "Order between the slot's opening and its gate closure, less than 240 slots ahead.",
  },
  EnergyMarketSpreadTooWide: {
    why: "The batch spans slots {firstSlot} to {lastSlot}.",
    todo: "Relay orders that lie closer together in one batch.",
  },
  EnergyMarketBadSize: {
    why: "Order {index} has {wh} Wh in slot {slot}.",
    todo: "Order {minimumWh} Wh or more, and no more than a connection carries.",
  },
  EnergyMarketOtherSide: {
    why: "Order {index}: meter {meter} is on the other side in slot {slot}.",
    todo: "A meter buys or sells in a slot, not both, bilateral contracts included.",
  },
  EnergyMarketTooManyOrders: {
    why: "Order {index}: meter {meter} has its four orders of slot {slot}.",
    todo: "Cancelled ones count; wait for another slot.",
  },
  EnergyMarketAboveConnection: {
    why: "Order {index}: meter {meter} would trade {totalWh} Wh in slot {slot}, its connection carries {connectionWh}.",
    todo: "Order less.",
  },
  EnergyMarketSlotFull: {
    why: "Order {index}: slot {slot} has taken {bound} orders, as many as it can number.",
    todo: "Order in another slot.",
  },
  EnergyMarketTooManyMeters: {
    why: "Order {index}: {bound} other meters of feeder {feeder} trade in slot {slot}, as many as it may have.",
    todo: "Order in another slot, or make room by a new feeder or city.",
  },
  EnergyMarketLockRefused: {
    why: "Order {index}: {amountMicro} micro-credits of {account} can't be locked.",
    todo: "Deposit more, or order less: the worst case must be covered.",
  },
  EnergyMarketCancelledBefore: { why: "The order of slot {slot} was cancelled before.", todo: "Leave the slot out." },
  EnergyMarketNothingToCancel: {
    why: "The mask {slotMask} names no slot with an order.",
    todo: "Set the bits of slots in which the order has energy.",
  },
  BilateralContractsBadProfile: {
    why: "The contract has no proper profile.",
    todo: "Give 1 to 128 slots, with energy in the first and last.",
  },
  BilateralContractsSameMeter: { why: "Meter {meter} can't trade with itself.", todo: "Name two meters." },
  BilateralContractsExpired: {
    why: "The contract had to be accepted until {acceptDeadline}.",
    todo: "Have both parties sign again.",
  },
  BilateralContractsAcceptedBefore: {
    why: "The contract {digest} was accepted before.",
    todo: "It stands; another one needs another nonce.",
  },
  BilateralContractsNonceRevoked: {
    why: "{account} revoked the nonce {nonce}.",
    todo: "Have both parties sign with another nonce.",
  },
  BilateralContractsTwoCities: {
    why: "The meters stand in the trees of cities {buyCity} and {sellCity}.",
    todo: "No trade leaves its tree.",
  },
  BilateralContractsEdgeLimited: {
    why: "The edge above area {area} is limited in slot {slot}.",
    todo: "Trade through the books, which share the capacity out.",
  },
  BilateralContractsPriceBelowFees: {
    why: "In slot {slot} the price {price} would not pay the seller's fees, {sellerFees}.",
    todo: "Agree on at least that price.",
  },
  BilateralContractsBookFull: {
    why: "City {city} has its {bound} contracts of slot {slot}.",
    todo: "Choose other slots, or trade through the books.",
  },
  BilateralContractsFeederFull: {
    why: "The sellers of feeder {feeder} have their {share} contracts of slot {slot}.",
    todo: "Choose other slots, or trade through the books.",
  },
} as const satisfies Record<string, Advice>;
