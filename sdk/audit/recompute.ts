/** What books, closed slots and settlements must have come to, computed again from the events before them. */
import { MAX_PARENT_RESTS } from "../bounds.js";
import { clearFeederBook, clearParentBook, type BookResult, type EdgeLeft } from "../clearing/index.js";
import { AreaLevel, ReadingStatus } from "../enums.js";
import type { ChainEvent } from "../events.js";
import {
  EntryTag,
  hashWords,
  packPosition,
  packTrade,
  TradeLevel,
  unpackBilaterals,
  unpackTrades,
  type Entry,
  type Outcome,
  type Position,
} from "../records.js";
import { settleSlot, type MeterOutcome, type SlotInput, type SlotSettlement } from "../settlement/index.js";
import { costUp } from "../units.js";
import { bigintArg, placeOf, wordsArg } from "./event.js";
import { isOnRecord, shortInWindow } from "./escalation.js";
import { add, areaSlotKey, expectEqual, readingKey, type AuditState, type SettledGroup } from "./state.js";
import { areasOf, childrenAt, edgeFeeAt, feederAt, feedersAt, valueAt, type FeederState } from "./terms.js";

/** A17: a book's result is the one that its orders have, by the engine; its trades use up the limited edges. */
export function bookCleared(state: AuditState, event: ChainEvent): void {
  const [area, slot] = [bigintArg(event, "area"), bigintArg(event, "slot")];
  const [trades, rests] = [wordsArg(event, "trades"), wordsArg(event, "rests")];
  const result = { price: bigintArg(event, "price"), volumeWh: bigintArg(event, "volumeWh"), trades, rests };
  const key = areaSlotKey(area, slot);
  const where = placeOf(event);
  expectEqual(state, "A17", `book ${key} was cleared before`, where, state.results.has(key), false);
  const solved = solve(state, area, slot);
  expectEqual(state, "A17", `price of book ${key}`, where, result.price, solved?.price);
  expectEqual(state, "A17", `volume of book ${key}`, where, result.volumeWh, solved?.volumeWh);
  expectEqual(state, "A17", `trades of book ${key}`, where, hashWords(trades), hashWords(solved?.trades ?? []));
  expectEqual(state, "A17", `rests of book ${key}`, where, hashWords(rests), hashWords(solved?.rests ?? []));
  state.results.set(key, result);
  useEdges(state, slot, trades);
}

function solve(state: AuditState, area: bigint, slot: bigint): BookResult | undefined {
  const { terms } = state;
  const found = terms.areas.get(area);
  if (found === undefined) return undefined;
  const siblings = childrenAt(terms, found.parent, slot).length;
  const edge = { fee: edgeFeeAt(terms, area, slot), share: Math.floor(MAX_PARENT_RESTS / Math.max(1, siblings)) };
  if (found.level === AreaLevel.Feeder) {
    const words = state.books.get(areaSlotKey(area, slot))?.words ?? [];
    return clearFeederBook(area, slot, words, edge).result;
  }
  const isCity = found.level === AreaLevel.City;
  const children = childrenAt(terms, area, slot).map((child) => {
    const { rests, trades } = state.results.get(areaSlotKey(child, slot)) ?? { rests: [], trades: [] };
    return { rests, tradesHash: hashWords(trades) };
  });
  const limits = {
    left: edgesLeft(state, area, slot),
    districtOf: (feeder: bigint) => (isCity ? (terms.areas.get(feeder)?.parent ?? 0n) : 0n),
  };
  return clearParentBook({ area, slot, isCity, children, limits, ...(isCity ? {} : { edge }) }).result;
}

/** What the limited edges below an area still carry. */
function edgesLeft({ terms, edgeUse }: AuditState, area: bigint, slot: bigint): EdgeLeft[] {
  const children = childrenAt(terms, area, slot);
  const below = children.flatMap((child) => [child, ...childrenAt(terms, child, slot)]);
  return below.flatMap((edge): EdgeLeft[] => {
    const state = valueAt(terms.edges.get(edge), slot);
    if (state?.limited !== true) return [];
    const used = (direction: string): bigint => edgeUse.get(`${areaSlotKey(edge, slot)}/${direction}`) ?? 0n;
    return [{ area: edge, upWh: state.capacityWh - used("up"), downWh: state.capacityWh - used("down") }];
  });
}

/** A trade in a district's book crosses both feeders' edges, one in the city's their districts' too. */
function useEdges({ terms, edgeUse }: AuditState, slot: bigint, trades: readonly string[]): void {
  for (const { level, buyFeeder, sellFeeder, wh } of unpackTrades(trades)) {
    if (level === TradeLevel.Feeder) continue;
    for (const [feeder, direction] of [
      [sellFeeder, "up"],
      [buyFeeder, "down"],
    ] as const) {
      const district = terms.areas.get(feeder)?.parent ?? 0n;
      for (const edge of level === TradeLevel.City ? [feeder, district] : [feeder]) {
        add(edgeUse, `${areaSlotKey(edge, slot)}/${direction}`, wh);
      }
    }
  }
}

/** A18: positions and trades of a closed slot are those of its contracts, orders and books. */
export function checkClosed(state: AuditState, event: ChainEvent): void {
  const [city, slot] = [bigintArg(event, "city"), bigintArg(event, "slot")];
  const bilaterals = unpackBilaterals(state.bilaterals.get(areaSlotKey(city, slot))?.words ?? []);
  const feeders = feedersAt(state.terms, city, slot);
  const trades = [
    ...bilaterals.map(({ trade }) => trade),
    ...areasOf(state.terms, city, slot).flatMap((area) =>
      unpackTrades(state.results.get(areaSlotKey(area, slot))?.trades ?? []),
    ),
  ];
  const filled = new Map<string, bigint>();
  for (const { level, buyFeeder, buyIndex, sellFeeder, sellIndex, wh } of trades) {
    if (level === TradeLevel.Bilateral) continue;
    add(filled, `${buyFeeder}/${buyIndex}`, wh);
    add(filled, `${sellFeeder}/${sellIndex}`, wh);
  }
  const table = new Map<bigint, Position>();
  for (const { trade, buyer, seller, buyLock, sellLock } of bilaterals) {
    const [none, buy, sell] = [{ unlocked: 0n }, { side: EntryTag.Buy }, { side: EntryTag.Sell }];
    const buying = { meter: trade.buyMeter, feeder: trade.buyFeeder, account: buyer, filledLock: buyLock };
    const selling = { meter: trade.sellMeter, feeder: trade.sellFeeder, account: seller, filledLock: sellLock };
    enter(table, { ...none, ...buy, ...buying });
    enter(table, { ...none, ...sell, ...selling });
  }
  for (const feeder of feeders) enterOrders(state, table, feeder, slot, filled);
  const positions = [...table.values()].sort((a, b) => Number(a.meter - b.meter));
  const place = new Map(positions.map(({ meter }, index) => [meter, BigInt(index)]));
  const placed = trades.map((trade) =>
    packTrade({ ...trade, buyPos: place.get(trade.buyMeter) ?? 0n, sellPos: place.get(trade.sellMeter) ?? 0n }),
  );
  const [key, where] = [areaSlotKey(city, slot), placeOf(event)];
  const given = [hashWords(wordsArg(event, "positions")), hashWords(wordsArg(event, "trades"))];
  expectEqual(state, "A18", `positions of slot ${key}`, where, given[0], hashWords(positions.flatMap(packPosition)));
  expectEqual(state, "A18", `trades of slot ${key}`, where, given[1], hashWords(placed));
}

function enterOrders(
  state: AuditState,
  table: Map<bigint, Position>,
  feeder: bigint,
  slot: bigint,
  filled: ReadonlyMap<string, bigint>,
): void {
  const entries = state.books.get(areaSlotKey(feeder, slot))?.entries ?? [];
  const cancelled = new Set(entries.filter(({ tag }) => tag === EntryTag.Cancel).map(ownerKey));
  for (const entry of entries) {
    if (entry.tag === EntryTag.Cancel) continue;
    const { meter, tag: side, account } = entry;
    const filledLock = lockOf(state, entry, filled.get(`${feeder}/${entry.index}`) ?? 0n);
    const unlocked = cancelled.has(ownerKey(entry)) ? 0n : lockOf(state, entry, entry.wh) - filledLock;
    enter(table, { meter, feeder: entry.feeder, side, account, filledLock, unlocked });
  }
}

function enter(table: Map<bigint, Position>, part: Position): void {
  const known = table.get(part.meter);
  const sum = known && {
    ...known,
    filledLock: known.filledLock + part.filledLock,
    unlocked: known.unlocked + part.unlocked,
  };
  table.set(part.meter, sum ?? part);
}

/** An order's owner and key, which its cancel repeats. */
export function ownerKey({ account, nonce }: Entry): string {
  return `${account}/${nonce}`;
}

/** Buyers lock their limit, sellers the bond rate; rounded up (market rules, "Orders"). */
export function lockOf({ terms }: AuditState, entry: Entry, wh: bigint): bigint {
  const bondRate = valueAt(terms.rules, entry.slot)?.bondRate ?? 0n;
  return costUp(wh, entry.tag === EntryTag.Sell ? bondRate : entry.limit);
}

/** A19: a settlement's outcomes, parties and deliveries are what its trades, readings, prices and rules make. */
export function checkSettled(state: AuditState, event: ChainEvent, key: string, group: SettledGroup): void {
  const where = placeOf(event);
  const closed = state.closed.get(key);
  const input = inputOf(state, key, group);
  if (input === undefined) {
    expectEqual(state, "A19", `feeders and meters of ${key}`, where, "not known from events", "known");
    return;
  }
  const settled = settleKnown(state, input, group);
  expectEqual(state, "A19", `number of outcomes of ${key}`, where, group.outcomes.length, settled.meters.length);
  settled.meters.forEach((meter, index) => {
    const outcome = group.outcomes[index];
    if (outcome !== undefined) compareOutcome(state, where, outcome, meter);
  });
  group.deliveredWh.forEach((wh, index) => {
    expectEqual(state, "A19", `Wh delivered of trade ${index} of ${key}`, where, wh, settled.deliveredWh[index]);
  });
  if (closed !== undefined) compareParties(state, where, key, group, settled);
}

const OUTCOME_FIELDS = [
  ["importWh", "importWh"],
  ["exportWh", "exportWh"],
  ["boughtWh", "boughtWh"],
  ["soldWh", "soldWh"],
  ["undeliveredWh", "undeliveredWh"],
  ["energyPaid", "energyPaidMicro"],
  ["energyReceived", "energyReceivedMicro"],
  ["gridPaid", "gridPaidMicro"],
  ["gridReceived", "gridReceivedMicro"],
  ["fees", "feesMicro"],
  ["bondPaid", "bondPaidMicro"],
  ["bondReceived", "bondReceivedMicro"],
  ["meter", "meter"],
  ["feeder", "feeder"],
] as const satisfies readonly (readonly [keyof Outcome, keyof MeterOutcome])[];

function compareOutcome(state: AuditState, where: string, outcome: Outcome, settled: MeterOutcome): void {
  for (const [field, name] of OUTCOME_FIELDS) {
    expectEqual(state, "A19", `${field} of meter ${settled.meter}`, where, outcome[field], settled[name]);
  }
  const { gridPaid, held } = outcome;
  const uncovered = gridPaid > held ? gridPaid - held : 0n;
  expectEqual(state, "A19", `uncovered of meter ${settled.meter}`, where, outcome.uncovered, uncovered);
}

function compareParties(
  state: AuditState,
  where: string,
  key: string,
  { parties }: SettledGroup,
  settled: SlotSettlement,
): void {
  expectEqual(state, "A19", `number of parties of ${key}`, where, parties.length, settled.parties.length);
  parties.forEach(({ account, community, surplusIn, surplusOut }, index) => {
    const party = settled.parties[index];
    expectEqual(state, "A19", `party ${index} of ${key}`, where, account, party?.account);
    expectEqual(state, "A19", `community share of ${account}`, where, community, party?.communityMicro);
    expectEqual(state, "A19", `surplus to ${account}`, where, surplusIn, party?.surplusInMicro);
    expectEqual(state, "A19", `surplus from ${account}`, where, surplusOut, party?.surplusOutMicro);
  });
}

/** Which sellers pay the escalation rate follows from the record of short slots, where the slots' dates are known. */
function settleKnown(state: AuditState, input: SlotInput, group: SettledGroup): SlotSettlement {
  if (state.contracts.slotSeconds === undefined) return settleBelieving(state, input, group);
  const meters = input.meters.map((meter) => {
    return { ...meter, shortSlots: shortInWindow(state, meter.meter, group.slot) ?? 0 };
  });
  return settleSlot({ ...input, meters });
}

/**
 * Without the length of a slot, whoever paid more than the rest explains is taken to pay escalation, if it was short in
 * enough slots that were final by then.
 */
function settleBelieving(state: AuditState, input: SlotInput, group: SettledGroup): SlotSettlement {
  const plain = settleSlot(input);
  const isEscalated = (index: number, meter: bigint): boolean =>
    (group.outcomes[index]?.bondPaid ?? 0n) > (plain.meters[index]?.bondPaidMicro ?? 0n) &&
    shortBefore(state, meter, group.slot) >= input.rules.escalationThreshold;
  const meters = input.meters.map((meter, index) =>
    isEscalated(index, meter.meter) ? { ...meter, shortSlots: input.rules.escalationThreshold } : meter,
  );
  return meters.every((meter, index) => meter === input.meters[index]) ? plain : settleSlot({ ...input, meters });
}

function shortBefore({ shortSlots }: AuditState, meter: bigint, slot: bigint): number {
  return [...(shortSlots.get(meter) ?? [])].filter((short) => short < slot).length;
}

/** Notes who was short in a slot that became final, by a reading that counts, while the slot's record was open. */
export function noteShort(state: AuditState, event: ChainEvent, { slot, outcomes }: SettledGroup): void {
  if (!isOnRecord(state, event, slot)) return;
  const { shortSlots } = state;
  for (const { meter, undeliveredWh, status } of outcomes) {
    const isGuess = status === BigInt(ReadingStatus.Substituted) || status === BigInt(ReadingStatus.Estimated);
    if (undeliveredWh === 0n || isGuess) continue;
    shortSlots.set(meter, (shortSlots.get(meter) ?? new Set<bigint>()).add(slot));
  }
}

function inputOf(state: AuditState, key: string, group: SettledGroup): SlotInput | undefined {
  const { terms, readings, closed } = state;
  const { slot } = group;
  const rules = valueAt(terms.rules, slot);
  const placed = closed.get(key)?.positions ?? group.outcomes;
  const feeders = new Map<bigint, FeederState | undefined>(
    placed.map(({ feeder }) => [feeder, feederAt(terms, feeder, slot)]),
  );
  const known = [...feeders.values()].filter((feeder) => feeder !== undefined);
  const meters = placed.map(({ meter, feeder }) => {
    const reading = readings.get(readingKey(meter, slot));
    return {
      meter,
      feeder,
      reading: reading && { ...reading, status: Number(reading.status) as ReadingStatus },
      connectionWh: valueAt(terms.sites.get(meter), slot)?.connectionWh ?? 0n,
      shortSlots: 0,
    };
  });
  const trades = (closed.get(key)?.trades ?? []).map((trade) => ({ ...trade, level: Number(trade.level) }));
  const areMetersKnown = trades.every(({ buyMeter, sellMeter }) =>
    [buyMeter, sellMeter].every((meter) => meters.some((placedMeter) => placedMeter.meter === meter)),
  );
  if (rules === undefined || known.length < feeders.size || !areMetersKnown) return undefined;
  return {
    rules: { ...rules, escalationThreshold: Number(rules.escalationThreshold) },
    feeders: known,
    meters,
    trades,
  };
}
