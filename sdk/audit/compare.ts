/** Check C1: the state that the events tell against the chain's own, at one block. The only reads of state. */
import { ZeroHash } from "ethers";

import { READING_SLOTS } from "../bounds.js";
import type { TransactionChain } from "../connect.js";
import { hashWords } from "../records.js";
import { ask } from "../transact.js";
import { compareAttestations } from "./attestation-steps.js";
import { compareRegistry } from "./compare-registry.js";
import { compareTerms } from "./compare-terms.js";
import { each } from "./each.js";
import { areaSlotKey, expectEqual, readingKey, type AuditState } from "./state.js";
import { areasOf } from "./terms.js";

/** Meters whose readings of a slot are asked for in one call. */
const METERS_PER_CALL = 64;
/** Meters in a word of MeterLedger. */
const METERS_PER_WORD = 4n;
/** Slots in a word of Settlement's record of short slots. */
const SLOTS_PER_WORD = 256n;

/** Compares accounts, tokens, debts, books, positions, outcomes and readings. Differences are noted in the state. */
export async function compareWithChain(state: AuditState, chain: TransactionChain, block: number): Promise<void> {
  const at = { blockTag: block };
  const { contracts } = chain;
  const supply = await ask(() => contracts.energyCredit.totalSupply(at));
  expectEqual(state, "C1", "credits in existence", "EnergyCredit", supply, state.issuedMicro - state.redeemedMicro);
  await each(state.tokens, async ([address, credits]) => {
    const actual = await ask(() => contracts.energyCredit.balanceOf(address, at));
    expectEqual(state, "C1", `credits of ${address}`, "EnergyCredit.balanceOf", actual, credits);
  });
  await each(state.accounts, async ([address, account]) => {
    const actual = await ask(() => contracts.tradeEscrow.accountOf(address, at));
    for (const part of ["balance", "locked", "held", "arrears"] as const) {
      expectEqual(state, "C1", `${part} of ${address}`, "TradeEscrow.accountOf", actual[`${part}Micro`], account[part]);
    }
  });
  await compareDues(state, chain, at);
  await compareBooks(state, chain, at);
  await compareSettled(state, chain, at);
  await compareShort(state, chain, at);
  await compareAttestations(state, chain, at);
  await compareReadings(state, chain, at);
  await compareDisputes(state, chain, at);
  await compareTerms(state, chain, at);
  await compareRegistry(state, chain, at);
}

type At = { readonly blockTag: number };

/** Debts, accountants' fees and used payments. */
async function compareDues(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  await each(state.owes, async ([address, owed]) => {
    const actual = await ask(() => contracts.arrears.totalOf(address, at));
    expectEqual(state, "C1", `debts of ${address}`, "Arrears.totalOf", actual, owed);
  });
  await each(state.debts, async ([key, owed]) => {
    const [debtor = "", creditor = ""] = key.split("/");
    const actual = await ask(() => contracts.arrears.debtTo(debtor, creditor, at));
    expectEqual(state, "C1", `debt of ${debtor} to ${creditor}`, "Arrears.debtTo", actual, owed);
  });
  await each(state.feesDue, async ([accountant, due]) => {
    const actual = await ask(() => contracts.accountingRevenue.dueOf(accountant, at));
    expectEqual(state, "C1", `fees due to ${accountant}`, "AccountingRevenue.dueOf", actual, due);
  });
  await each(state.references, async (reference) => {
    const isUsed = await ask(() => contracts.energyCredit.isReferenceUsed(reference, at));
    expectEqual(state, "C1", `payment ${reference} is used`, "EnergyCredit.isReferenceUsed", isUsed, true);
  });
}

/** Books, contracts, results, use of edges and positions. */
async function compareBooks(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  await each(state.books, async ([key, book]) => {
    const [feeder = 0n, slot = 0n] = parts(key);
    const { entriesHash } = await ask(() => contracts.energyMarket.bookOf(feeder, slot, at));
    expectEqual(state, "C1", `book ${key}`, "EnergyMarket.bookOf", entriesHash, book.hash);
  });
  await each(state.bilaterals, async ([key, log]) => {
    const [city = 0n, slot = 0n] = parts(key);
    const { entriesHash } = await ask(() => contracts.bilateralContracts.bookOf(city, slot, at));
    expectEqual(state, "C1", `contracts of slot ${key}`, "BilateralContracts.bookOf", entriesHash, log.hash);
  });
  await each(state.accepted, async (digest) => {
    const isAccepted = await ask(() => contracts.bilateralContracts.isAccepted(digest, at));
    expectEqual(state, "C1", `contract ${digest} is accepted`, "BilateralContracts.isAccepted", isAccepted, true);
  });
  await each(booksOf(state), async (key) => {
    const [area = 0n, slot = 0n] = parts(key);
    const result = state.results.get(key);
    const expected = result === undefined ? ZeroHash : hashWords([hashWords(result.trades), hashWords(result.rests)]);
    const commitment = await ask(() => contracts.clearing.commitmentOf(area, slot, at));
    expectEqual(state, "C1", `trades and rests of book ${key}`, "Clearing.commitmentOf", commitment, expected);
  });
  await each(state.closed, async ([key, { hash }]) => {
    const [city = 0n, slot = 0n] = parts(key);
    const actual = await ask(() => contracts.clearing.positionsHash(city, slot, at));
    expectEqual(state, "C1", `positions of slot ${key}`, "Clearing.positionsHash", actual, hash);
  });
}

/** Books that were cleared, and all of the trees whose slots were closed: those without a result have none on the chain. */
function booksOf({ terms, closed, results }: AuditState): Set<string> {
  const keys = new Set(results.keys());
  for (const key of closed.keys()) {
    const [city = 0n, slot = 0n] = parts(key);
    for (const area of areasOf(terms, city, slot)) keys.add(areaSlotKey(area, slot));
  }
  return keys;
}

/** What Settlement keeps instead of a hash once a slot is final. */
const FINALIZED = 1n;

async function compareSettled(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  await each(state.settled, async ([key, { hash, final }]) => {
    const [area = 0n, slot = 0n, chunk] = parts(key);
    const actual = await ask(() =>
      chunk === undefined
        ? contracts.settlement.outcomesHash(area, slot, at)
        : contracts.settlement.restHash(area, slot, chunk, at),
    );
    expectEqual(state, "C1", `settlement ${key}`, "Settlement", BigInt(actual), final ? FINALIZED : BigInt(hash));
  });
}

/** The chain's record of short slots holds those that the events tell of, and no other; without dates some may be late. */
async function compareShort(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  const words = new Map<string, bigint>();
  for (const { slot, outcomes } of state.settled.values()) {
    for (const { meter, soldWh, undeliveredWh } of outcomes) {
      if (soldWh + undeliveredWh > 0n) words.set(`${meter}/${slot / SLOTS_PER_WORD}`, 0n);
    }
  }
  for (const [meter, slots] of state.shortSlots) {
    for (const slot of slots) {
      const key = `${meter}/${slot / SLOTS_PER_WORD}`;
      words.set(key, (words.get(key) ?? 0n) | (1n << (slot % SLOTS_PER_WORD)));
    }
  }
  await each(words, async ([key, bits]) => {
    const [meter = 0n, word = 0n] = parts(key);
    const actual = await ask(() => contracts.settlement.shortSlots(meter, word, at));
    const isExact = state.contracts.slotSeconds !== undefined;
    const [given, right] = isExact ? [actual, bits] : [actual & ~bits, 0n];
    expectEqual(state, "C1", `short slots of meter ${meter}`, "Settlement.shortSlots", given, right);
  });
}

/** The keys of those readings whose word was not used again for a later slot: meters 4k to 4k + 3 share words. */
export function keptReadings(keys: Iterable<string>): Set<string> {
  const all = [...keys].map((key) => {
    const [meter = 0n, slot = 0n] = parts(key);
    return { key, slot, word: `${meter / METERS_PER_WORD}/${slot % BigInt(READING_SLOTS)}` };
  });
  const latest = new Map<string, bigint>();
  for (const { slot, word } of all) {
    if (slot > (latest.get(word) ?? -1n)) latest.set(word, slot);
  }
  return new Set(all.filter(({ slot, word }) => latest.get(word) === slot).map(({ key }) => key));
}

const NO_READING = { importWh: 0n, exportWh: 0n, status: 0n, sequence: 0n };

async function compareReadings(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  const kept = keptReadings(state.readings.keys());
  const bySlot = new Map<bigint, bigint[]>();
  for (const key of state.readings.keys()) {
    const [meter = 0n, slot = 0n] = parts(key);
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), meter]);
  }
  const calls = [...bySlot].flatMap(([slot, meters]) => inPieces(meters).map((piece) => [slot, piece] as const));
  await each(calls, async ([slot, meters]) => {
    const stored = await ask(() => contracts.meterLedger.readingsAt(meters, slot, at));
    meters.forEach((meter, index) => {
      const key = readingKey(meter, slot);
      const [actual, known] = [stored[index], kept.has(key) ? state.readings.get(key) : NO_READING];
      for (const part of ["importWh", "exportWh", "status", "sequence"] as const) {
        expectEqual(state, "C1", `${part} of reading ${key}`, "MeterLedger.readingsAt", actual?.[part], known?.[part]);
      }
    });
  });
  const batches = await ask(() => contracts.meterLedger.batchCount(at));
  expectEqual(state, "C1", "batches of readings", "MeterLedger.batchCount", batches, BigInt(state.roots.length));
  await each(new Map(state.roots.entries()), async ([index, root]) => {
    if (BigInt(index) >= batches) return;
    const actual = await ask(() => contracts.meterLedger.rootOf(index + 1, at));
    expectEqual(state, "C1", `root of batch ${index + 1}`, "MeterLedger.rootOf", actual, root);
  });
  await each(state.bars, async ([meter, bar]) => {
    const actual = await ask(() => contracts.meterLedger.barOf(meter, at));
    expectEqual(state, "C1", `barred slot of meter ${meter}`, "MeterLedger.barOf", actual.barredSlot, bar.barredSlot);
    expectEqual(
      state,
      "C1",
      `lifted bar of meter ${meter}`,
      "MeterLedger.barOf",
      actual.liftedBySlot,
      bar.liftedBySlot,
    );
  });
}

async function compareDisputes(state: AuditState, { contracts }: TransactionChain, at: At): Promise<void> {
  if (state.disputes.size === 0) return;
  const bondMicro = await ask(() => contracts.disputes.bondMicro(at));
  await each(state.disputes, async ([key, dispute]) => {
    const [party = "", meter = 0n, slot = 0n] = key.split("/");
    const actual = await ask(() => contracts.disputes.disputeOf(party, meter, slot, at));
    expectEqual(state, "C1", `bond of dispute ${key}`, "Disputes.bondMicro", bondMicro, dispute.bondMicro);
    const expected: Readonly<Record<string, unknown>> = { ...dispute.reading, state: dispute.state };
    for (const part of ["importWh", "exportWh", "city", "feeder", "sequence", "status", "state"] as const) {
      expectEqual(state, "C1", `${part} of dispute ${key}`, "Disputes.disputeOf", actual[part], expected[part]);
    }
  });
}

function inPieces(meters: readonly bigint[]): bigint[][] {
  const sorted = meters.toSorted((a, b) => Number(a - b)); // cheapest in ascending order
  const pieces: bigint[][] = [];
  for (let at = 0; at < sorted.length; at += METERS_PER_CALL) pieces.push(sorted.slice(at, at + METERS_PER_CALL));
  return pieces;
}

function parts(key: string): bigint[] {
  return key.split("/").map(BigInt);
}
