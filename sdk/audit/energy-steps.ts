/** The fold's steps from order to final slot: books, contracts, readings, settlements, and the locks that they move. */
import { ZeroAddress } from "ethers";

import type { ChainEvent } from "../events.js";
import { readingTree } from "../merkle.js";
import {
  chainHash,
  EntryTag,
  hashWords,
  packDelivered,
  unpackBilaterals,
  unpackDelivered,
  unpackEntries,
  unpackOutcomes,
  unpackParties,
  unpackPositions,
  unpackReadings,
  unpackTrades,
  type Entry,
  type Outcome,
  type ReadingRecord,
} from "../records.js";
import type { ReadingStatus } from "../enums.js";
import { readingDigest } from "../signing/readings.js";
import { checkAttested } from "./attestation-steps.js";
import { bigintArg, placeOf, stringArg, wordsArg } from "./event.js";
import { bookCleared, checkClosed, checkSettled, lockOf, noteShort, ownerKey } from "./recompute.js";
import {
  add,
  areaSlotKey,
  chunkKey,
  expectEqual,
  readingKey,
  settlementsIn,
  type AuditState,
  type SettledGroup,
} from "./state.js";
import { valueAt } from "./terms.js";

export const ENERGY_STEPS: Readonly<Record<string, (state: AuditState, event: ChainEvent) => void>> = {
  "EnergyMarket.EntriesAppended": entriesAppended,
  "BilateralContracts.BilateralAccepted": bilateralAccepted,
  "Clearing.BookCleared": bookCleared,
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
  "MeterLedger.MeterBarred": ({ bars }, event) => {
    const [meter, barredSlot] = [bigintArg(event, "meter"), bigintArg(event, "slot")];
    bars.set(meter, { barredSlot, liftedBySlot: bars.get(meter)?.liftedBySlot ?? 0n });
  },
  "MeterLedger.BarLifted": (state, event) => {
    const [meter, barredSlot] = [bigintArg(event, "meter"), bigintArg(event, "barredSlot")];
    const known = state.bars.get(meter)?.barredSlot;
    expectEqual(state, "A22", `meter ${meter}: the slot whose bar is lifted`, placeOf(event), barredSlot, known);
    state.bars.set(meter, { barredSlot, liftedBySlot: bigintArg(event, "readSlot") });
  },
};

function entriesAppended(state: AuditState, event: ChainEvent): void {
  const words = wordsArg(event, "entries");
  unpackEntries(words).forEach((entry, index) => {
    const [key, where] = [areaSlotKey(entry.feeder, entry.slot), placeOf(event)];
    const book = state.books.get(key) ?? { entries: [], words: [], hash: undefined };
    const place = BigInt(book.entries.length);
    expectEqual(state, "A3", `place of an entry in book ${key}`, where, entry.index, place);
    expectEqual(state, "A3", `feeder of an entry in book ${key}`, where, entry.feeder, bigintArg(event, "feeder"));
    checkHolder(state, where, entry.slot, { meter: entry.meter, account: entry.account, feeder: entry.feeder });
    const own = words.slice(2 * index, 2 * index + 2);
    book.hash = chainHash(own, 2, book.hash);
    book.entries.push(entry);
    book.words.push(...own);
    state.books.set(key, book);
    add(state.locks, entry.account, lockChange(state, book.entries, entry));
  });
}

/** A25: who ordered holds the meter, which stands at the feeder. */
function checkHolder(
  state: AuditState,
  where: string,
  slot: bigint,
  { meter, account, feeder }: Pick<Outcome, "meter" | "account" | "feeder">,
): void {
  const { holders, sites } = state.terms;
  const holder = valueAt(holders.get(meter), slot);
  const site = valueAt(sites.get(meter), slot)?.feeder;
  expectEqual(state, "A25", `holder of meter ${meter} in slot ${slot}`, where, account, holder);
  expectEqual(state, "A25", `feeder of meter ${meter} in slot ${slot}`, where, feeder, site);
}

/** What an order locks; minus that for a cancel. */
function lockChange(state: AuditState, entries: readonly Entry[], entry: Entry): bigint {
  if (entry.tag !== EntryTag.Cancel) return lockOf(state, entry, entry.wh);
  const target = entries.find((order) => order.tag !== EntryTag.Cancel && ownerKey(order) === ownerKey(entry));
  return target === undefined ? 0n : -lockOf(state, target, target.wh);
}

function bilateralAccepted(state: AuditState, event: ChainEvent): void {
  const words = wordsArg(event, "entries");
  state.accepted.add(stringArg(event, "digest"));
  unpackBilaterals(words).forEach((entry, index) => {
    const key = areaSlotKey(bigintArg(event, "city"), entry.slot);
    const log = state.bilaterals.get(key) ?? { words: [], hash: undefined };
    const { buyMeter, sellMeter, buyFeeder, sellFeeder } = entry.trade;
    const where = placeOf(event);
    checkHolder(state, where, entry.slot, { meter: buyMeter, account: entry.buyer, feeder: buyFeeder });
    checkHolder(state, where, entry.slot, { meter: sellMeter, account: entry.seller, feeder: sellFeeder });
    const own = words.slice(4 * index, 4 * index + 4);
    log.hash = chainHash(own, 4, log.hash);
    log.words.push(...own);
    state.bilaterals.set(key, log);
    add(state.locks, entry.buyer, entry.buyLock);
    add(state.locks, entry.seller, entry.sellLock);
  });
}

function slotClosed(state: AuditState, event: ChainEvent): void {
  const key = areaSlotKey(bigintArg(event, "city"), bigintArg(event, "slot"));
  expectEqual(state, "A4", `slot ${key} was closed before`, placeOf(event), state.closed.has(key), false);
  const [positionWords, tradeWords] = [wordsArg(event, "positions"), wordsArg(event, "trades")];
  const positions = unpackPositions(positionWords);
  const trades = unpackTrades(tradeWords);
  checkClosed(state, event);
  state.closed.set(key, { positions, trades, hash: hashWords([hashWords(positionWords), hashWords(tradeWords)]) });
  for (const position of positions) add(state.locks, position.account, -position.unlocked);
}

/** A settlement takes the filled locks over, the first time, into held money. */
function slotSettled(state: AuditState, event: ChainEvent): void {
  const [area, slot] = [bigintArg(event, "city"), bigintArg(event, "slot")];
  const key = areaSlotKey(area, slot);
  const closed = state.closed.get(key);
  expectEqual(state, "A4", `slot ${key} was closed before it was settled`, placeOf(event), closed !== undefined, true);
  if (!state.settled.has(key)) {
    for (const position of closed?.positions ?? []) add(state.locks, position.account, -position.filledLock);
  }
  const outcomes = unpackOutcomes(wordsArg(event, "outcomes"));
  outcomes.forEach(({ meter, account }, index) => {
    const expected = closed?.positions[index]?.account;
    expectEqual(state, "A19", `account of meter ${meter} in slot ${slot}`, placeOf(event), account, expected);
  });
  const delivered = wordsArg(event, "delivered");
  const deliveredWh = unpackDelivered(delivered, closed?.trades.length ?? 0);
  expectEqual(
    state,
    "A19",
    "words of delivered Wh",
    placeOf(event),
    delivered.join(),
    packDelivered(deliveredWh).join(),
  );
  settle(state, event, key, {
    slot,
    area,
    outcomes,
    parties: unpackParties(wordsArg(event, "parties")),
    deliveredWh,
    hash: hashWords([hashWords(wordsArg(event, "outcomes")), hashWords(wordsArg(event, "parties"))]),
    final: false,
  });
}

function restSettled(state: AuditState, event: ChainEvent): void {
  const [area, slot] = [bigintArg(event, "feeder"), bigintArg(event, "slot")];
  const key = chunkKey(area, slot, bigintArg(event, "chunk"));
  const outcomes = unpackOutcomes(wordsArg(event, "outcomes"));
  for (const { meter, account, feeder } of outcomes) {
    checkHolder(state, placeOf(event), slot, { meter, account, feeder });
  }
  const expected = restMeters(state, area, slot, bigintArg(event, "chunk"));
  const meters = outcomes.map(({ meter }) => meter);
  expectEqual(state, "A19", `meters of ${key}`, placeOf(event), meters.join(), expected.join());
  settle(state, event, key, {
    slot,
    area,
    outcomes,
    parties: [],
    deliveredWh: [],
    hash: hashWords([hashWords(wordsArg(event, "outcomes")), hashWords([])]),
    final: false,
  });
}

/** Places of a feeder's list that one RestSettled looks at. */
const CHUNK_METERS = 64;

/** Meters of a chunk that stand at the feeder in the slot, have a holder and neither order nor contract. */
function restMeters({ terms, books, bilaterals }: AuditState, feeder: bigint, slot: bigint, chunk: bigint): bigint[] {
  const city = terms.areas.get(terms.areas.get(feeder)?.parent ?? 0n)?.parent ?? 0n;
  const contracts = unpackBilaterals(bilaterals.get(areaSlotKey(city, slot))?.words ?? []);
  const trading = new Set([
    ...(books.get(areaSlotKey(feeder, slot))?.entries ?? []).map(({ meter }) => meter),
    ...contracts.flatMap(({ trade }) => [trade.buyMeter, trade.sellMeter]),
  ]);
  const from = Number(chunk) * CHUNK_METERS;
  const listed = (terms.placed.get(feeder) ?? []).slice(from, from + CHUNK_METERS);
  return listed.filter(
    (meter) =>
      !trading.has(meter) &&
      valueAt(terms.sites.get(meter), slot)?.feeder === feeder &&
      (valueAt(terms.holders.get(meter), slot) ?? ZeroAddress) !== ZeroAddress,
  );
}

/** A5: the readings settled on are those that the ledger held. */
function settle(state: AuditState, event: ChainEvent, key: string, group: SettledGroup): void {
  expectEqual(state, "A6", `${key} was not final`, placeOf(event), state.settled.get(key)?.final ?? false, false);
  const posted = areaSlotKey(group.area, group.slot);
  if (!state.settled.has(key)) state.settledIn.set(posted, [...(state.settledIn.get(posted) ?? []), key]);
  state.settled.set(key, group);
  expectEqual(state, "A16", `outcomes of ${key}`, placeOf(event), posted, state.posting ?? posted);
  state.posting = undefined;
  for (const outcome of group.outcomes) checkReading(state, event, outcome, group.slot);
  checkSettled(state, event, key, group);
  checkHeld(state, event, group);
}

/** A11: what settlements put aside in the slot for each account so far is what their outcomes hold. */
function checkHeld(state: AuditState, event: ChainEvent, { area, slot, ...group }: SettledGroup): void {
  const held = new Map<string, bigint>();
  for (const other of settlementsIn(state, areaSlotKey(area, slot))) {
    for (const { account, held: amount } of other.outcomes) add(held, account, amount);
    for (const { account, community } of other.parties) add(held, account, community);
  }
  for (const { account } of [...group.outcomes, ...group.parties]) {
    const posted = state.heldBySettlements.get(`${areaSlotKey(area, slot)}/${account}`) ?? 0n;
    expectEqual(state, "A11", `held of ${account} in slot ${slot}`, placeOf(event), posted, held.get(account));
  }
}

const MISSING = 5n;

function checkReading(state: AuditState, event: ChainEvent, outcome: Outcome, slot: bigint): void {
  const reading = state.readings.get(readingKey(outcome.meter, slot));
  const where = placeOf(event);
  const what = `meter ${outcome.meter}, slot ${slot}:`;
  expectEqual(state, "A5", `${what} status settled`, where, outcome.status, reading?.status ?? MISSING);
  if (reading === undefined) {
    const { barredSlot = 0n, liftedBySlot = 0n } = state.bars.get(outcome.meter) ?? {};
    const isKnown = barredSlot >= slot || liftedBySlot >= slot;
    expectEqual(state, "A22", `${what} barred for want of a reading`, where, isKnown, true);
    return;
  }
  expectEqual(state, "A5", `${what} import settled`, where, outcome.importWh, reading.importWh);
  expectEqual(state, "A5", `${what} export settled`, where, outcome.exportWh, reading.exportWh);
}

function finalized(state: AuditState, event: ChainEvent, key: string): void {
  const group = state.settled.get(key);
  expectEqual(state, "A6", `${key} was settled before it became final`, placeOf(event), group?.final, false);
  if (group === undefined) return;
  group.final = true;
  noteShort(state, event, group);
}

/** A20, A21, A28: a batch's root is that of its readings' digests; a reading is stored when it differs from what was there. */
function readingsStored(state: AuditState, event: ChainEvent): void {
  const where = placeOf(event);
  const records = unpackReadings(wordsArg(event, "readings"));
  for (const record of records) {
    const { meter, slot, changed, ...reading } = record;
    const key = readingKey(meter, slot);
    const stored = state.readings.get(key);
    const isNew = PARTS.some((part) => stored?.[part] !== reading[part]);
    expectEqual(state, "A21", `reading ${key} changed what was stored`, where, changed, isNew ? 1n : 0n);
    if (changed === 0n) continue;
    checkAttested(state, where, record);
    state.readings.set(key, reading);
  }
  const [batch, root] = [bigintArg(event, "batchId"), stringArg(event, "root")];
  expectEqual(state, "A20", "number of a batch of readings", where, batch, BigInt(state.roots.length + 1));
  expectEqual(state, "A20", `root of batch ${batch}`, where, root, rootOf(state, records));
  state.roots.push(root);
}

const PARTS = ["importWh", "exportWh", "status", "sequence"] as const;

function rootOf({ contracts: { ledger, chainId } }: AuditState, records: readonly ReadingRecord[]): string {
  const domain = { chainId, verifyingContract: ledger };
  return readingTree(
    records.map(({ status, ...reading }) =>
      readingDigest(domain, { ...reading, status: Number(status) as ReadingStatus }),
    ),
  ).root;
}
