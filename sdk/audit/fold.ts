/** The fold: state = fold(events). Each kind of event has one small function; the others concern no money or energy. */
import { ZeroAddress } from "ethers";

import { EntryTag, hashWords, chainHash, type Entry, type Outcome } from "../records.js";
import {
  unpackBilaterals,
  unpackDelivered,
  unpackEntries,
  unpackMovements,
  unpackOutcomes,
  unpackParties,
  unpackPositions,
  unpackReadings,
  unpackTrades,
} from "../records.js";
import { costUp } from "../units.js";
import type { ChainEvent } from "../events.js";
import { bigintArg, placeOf, stringArg, wordsArg } from "./event.js";
import {
  accountOf,
  add,
  areaSlotKey,
  chunkKey,
  expectEqual,
  readingKey,
  type AuditState,
  type SettledGroup,
} from "./state.js";

type Step = (state: AuditState, event: ChainEvent) => void;

/** Reasons of escrow movements that bring credits in or take them out (MovementLog.sol). */
const DEPOSIT = 1n;
const WITHDRAWAL = 2n;
/** Reasons by which settlements, releases and debts move money between accounts. */
const SETTLING = new Set([7n, 8n, 9n, 10n, 11n, 12n]);

const STEPS: Readonly<Record<string, Step>> = {
  "EnergyCredit.Transfer": transferred,
  "EnergyCredit.CreditIssued": (state, event) => {
    state.issuedMicro += bigintArg(event, "amountMicro");
  },
  "EnergyCredit.CreditRedeemed": (state, event) => {
    state.redeemedMicro += bigintArg(event, "amountMicro");
  },
  "TradeEscrow.Moved": moved,
  "Arrears.DebtRecorded": (state, event) => {
    owed(state, event, bigintArg(event, "amountMicro"));
  },
  "Arrears.DebtPaid": (state, event) => {
    owed(state, event, -bigintArg(event, "amountMicro"));
  },
  "Arrears.DebtNetted": (state, event) => {
    owed(state, event, -bigintArg(event, "amountMicro"));
  },
  "EnergyMarket.EntriesAppended": entriesAppended,
  "BilateralContracts.BilateralAccepted": bilateralAccepted,
  "Clearing.SlotClosed": slotClosed,
  "Settlement.SlotSettled": slotSettled,
  "Settlement.RestSettled": restSettled,
  "Settlement.SlotFinalized": (state, event) => {
    finalized(state, event, areaSlotKey(bigintArg(event, "city"), bigintArg(event, "slot")));
  },
  "Settlement.RestFinalized": (state, event) => {
    const key = chunkKey(bigintArg(event, "feeder"), bigintArg(event, "slot"), bigintArg(event, "chunk"));
    finalized(state, event, key);
  },
  "MeterLedger.ReadingBatchStored": readingsStored,
  "MarketRules.RulesSet": (state, event) => {
    const rules = event.args["rules"] as { readonly bondRate: bigint };
    state.bondRates.push({ fromSlot: bigintArg(event, "fromSlot"), bondRate: rules.bondRate });
  },
  "Disputes.DisputeOpened": (state, event) => {
    add(state.locks, stringArg(event, "party"), bigintArg(event, "bondMicro"));
    state.disputeBonds.set(disputeKey(event), bigintArg(event, "bondMicro"));
  },
  "Disputes.DisputeResolved": (state, event) => {
    add(state.locks, stringArg(event, "party"), -(state.disputeBonds.get(disputeKey(event)) ?? 0n));
  },
};

/** Takes one event into the state. Events must come in the order of the chain. */
export function applyEvent(state: AuditState, event: ChainEvent): void {
  STEPS[`${event.contract}.${event.name}`]?.(state, event);
  state.events += 1;
  state.lastBlock = event.block;
}

function transferred(state: AuditState, event: ChainEvent): void {
  const [from, to, value] = [stringArg(event, "from"), stringArg(event, "to"), bigintArg(event, "value")];
  if (from !== ZeroAddress) add(state.tokens, from, -value);
  if (to !== ZeroAddress) add(state.tokens, to, value);
}

/** A1: a call of the escrow that neither takes in nor pays out leaves the sum of balances as it was. */
function moved(state: AuditState, event: ChainEvent): void {
  let sum = 0n;
  for (const movement of unpackMovements(wordsArg(event, "movements"))) {
    const account = accountOf(state, movement.account);
    account.balance += movement.balance;
    account.locked += movement.locked;
    account.held += movement.held;
    account.arrears += movement.arrears;
    if (SETTLING.has(movement.reason)) add(state.moved, movement.account, movement.balance);
    if (movement.reason === DEPOSIT || movement.reason === WITHDRAWAL) state.depositedMicro += movement.balance;
    else sum += movement.balance;
    const { balance, locked, held } = account;
    const isBacked = locked >= 0n && held >= 0n && balance >= locked + held;
    expectEqual(state, "A2", `${movement.account} has its locked and held credits`, placeOf(event), isBacked, true);
  }
  expectEqual(state, "A1", "sum of the balance changes of one escrow call", placeOf(event), sum, 0n);
}

function owed(state: AuditState, event: ChainEvent, amount: bigint): void {
  add(state.owes, stringArg(event, "debtor"), amount);
  add(state.isOwed, stringArg(event, "creditor"), amount);
}

function entriesAppended(state: AuditState, event: ChainEvent): void {
  const words = wordsArg(event, "entries");
  unpackEntries(words).forEach((entry, index) => {
    const key = areaSlotKey(entry.feeder, entry.slot);
    const book = state.books.get(key) ?? { entries: [], hash: undefined };
    expectEqual(
      state,
      "A3",
      `place of an entry in book ${key}`,
      placeOf(event),
      entry.index,
      BigInt(book.entries.length),
    );
    book.hash = chainHash(words.slice(2 * index, 2 * index + 2), 2, book.hash);
    book.entries.push(entry);
    state.books.set(key, book);
    add(state.locks, entry.account, lockChange(state, book.entries, entry));
  });
}

/** What an order locks; minus that for a cancel. */
function lockChange(state: AuditState, entries: readonly Entry[], entry: Entry): bigint {
  if (entry.tag !== EntryTag.Cancel) return lockOf(state, entry, entry.wh);
  const target = entries.find(
    ({ tag, account, orderKey }) => tag !== EntryTag.Cancel && account === entry.account && orderKey === entry.orderKey,
  );
  return target === undefined ? 0n : -lockOf(state, target, target.wh);
}

/** Buyers lock their limit, sellers the bond rate; rounded up (market rules, "Orders"). */
export function lockOf(state: AuditState, entry: Entry, wh: bigint): bigint {
  return costUp(wh, entry.tag === EntryTag.Sell ? bondRateAt(state, entry.slot) : entry.limit);
}

function bondRateAt(state: AuditState, slot: bigint): bigint {
  return state.bondRates.findLast(({ fromSlot }) => fromSlot <= slot)?.bondRate ?? 0n;
}

function bilateralAccepted(state: AuditState, event: ChainEvent): void {
  for (const entry of unpackBilaterals(wordsArg(event, "entries"))) {
    add(state.locks, entry.buyer, entry.buyLock);
    add(state.locks, entry.seller, entry.sellLock);
  }
}

function slotClosed(state: AuditState, event: ChainEvent): void {
  const key = areaSlotKey(bigintArg(event, "city"), bigintArg(event, "slot"));
  const [positionWords, tradeWords] = [wordsArg(event, "positions"), wordsArg(event, "trades")];
  const positions = unpackPositions(positionWords);
  const trades = unpackTrades(tradeWords);
  state.closed.set(key, { positions, trades, hash: hashWords([...positionWords, ...tradeWords]) });
  for (const position of positions) add(state.locks, position.account, -position.unlocked);
}

/** A settlement takes the filled locks over, the first time, into held money. */
function slotSettled(state: AuditState, event: ChainEvent): void {
  const key = areaSlotKey(bigintArg(event, "city"), bigintArg(event, "slot"));
  const closed = state.closed.get(key);
  expectEqual(state, "A4", `slot ${key} was closed before it was settled`, placeOf(event), closed !== undefined, true);
  if (!state.settled.has(key)) {
    for (const position of closed?.positions ?? []) add(state.locks, position.account, -position.filledLock);
  }
  settle(state, event, key, {
    slot: bigintArg(event, "slot"),
    outcomes: unpackOutcomes(wordsArg(event, "outcomes")),
    parties: unpackParties(wordsArg(event, "parties")),
    deliveredWh: unpackDelivered(wordsArg(event, "delivered"), closed?.trades.length ?? 0),
    hash: hashWords([hashWords(wordsArg(event, "outcomes")), hashWords(wordsArg(event, "parties"))]),
    final: false,
  });
}

function restSettled(state: AuditState, event: ChainEvent): void {
  const key = chunkKey(bigintArg(event, "feeder"), bigintArg(event, "slot"), bigintArg(event, "chunk"));
  settle(state, event, key, {
    slot: bigintArg(event, "slot"),
    outcomes: unpackOutcomes(wordsArg(event, "outcomes")),
    parties: [],
    deliveredWh: [],
    hash: hashWords([hashWords(wordsArg(event, "outcomes")), hashWords([])]),
    final: false,
  });
}

/** A5: the readings settled on are those that the ledger held. */
function settle(state: AuditState, event: ChainEvent, key: string, group: SettledGroup): void {
  expectEqual(state, "A6", `${key} was not final`, placeOf(event), state.settled.get(key)?.final ?? false, false);
  state.settled.set(key, group);
  for (const outcome of group.outcomes) checkReading(state, event, outcome, group.slot);
}

const MISSING = 5n;

function checkReading(state: AuditState, event: ChainEvent, outcome: Outcome, slot: bigint): void {
  const reading = state.readings.get(readingKey(outcome.meter, slot));
  const where = placeOf(event);
  const what = `meter ${outcome.meter}, slot ${slot}:`;
  expectEqual(state, "A5", `${what} status settled`, where, outcome.status, reading?.status ?? MISSING);
  if (reading === undefined) return;
  expectEqual(state, "A5", `${what} import settled`, where, outcome.importWh, reading.importWh);
  expectEqual(state, "A5", `${what} export settled`, where, outcome.exportWh, reading.exportWh);
}

function finalized(state: AuditState, event: ChainEvent, key: string): void {
  const group = state.settled.get(key);
  expectEqual(state, "A6", `${key} was settled before it became final`, placeOf(event), group?.final, false);
  if (group !== undefined) group.final = true;
}

function readingsStored(state: AuditState, event: ChainEvent): void {
  for (const { meter, slot, changed, ...reading } of unpackReadings(wordsArg(event, "readings"))) {
    if (changed !== 0n) state.readings.set(readingKey(meter, slot), reading);
  }
}

function disputeKey(event: ChainEvent): string {
  return `${stringArg(event, "party")}/${bigintArg(event, "meter")}/${bigintArg(event, "slot")}`;
}
