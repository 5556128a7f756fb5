/** Check C1: the state that the events tell against the chain's own, at one block. The only reads of state. */
import type { TransactionChain } from "../connect.js";
import { ask } from "../transact.js";
import { expectEqual, type AuditState } from "./state.js";

/** Questions under way at the same time. */
const AT_ONCE = 32;

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
  await each(state.owes, async ([address, owed]) => {
    const actual = await ask(() => contracts.arrears.totalOf(address, at));
    expectEqual(state, "C1", `debts of ${address}`, "Arrears.totalOf", actual, owed);
  });
  await each(state.books, async ([key, book]) => {
    const [feeder = 0n, slot = 0n] = parts(key);
    const { entriesHash } = await ask(() => contracts.energyMarket.bookOf(feeder, slot, at));
    expectEqual(state, "C1", `book ${key}`, "EnergyMarket.bookOf", entriesHash, book.hash);
  });
  await each(state.closed, async ([key, { hash }]) => {
    const [city = 0n, slot = 0n] = parts(key);
    const actual = await ask(() => contracts.clearing.positionsHash(city, slot, at));
    expectEqual(state, "C1", `positions of slot ${key}`, "Clearing.positionsHash", actual, hash);
  });
  await compareSettled(state, chain, at);
  await compareReadings(state, chain, at);
}

/** What Settlement keeps instead of a hash once a slot is final. */
const FINALIZED = 1n;

async function compareSettled(
  state: AuditState,
  { contracts }: TransactionChain,
  at: { blockTag: number },
): Promise<void> {
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

async function compareReadings(
  state: AuditState,
  { contracts }: TransactionChain,
  at: { blockTag: number },
): Promise<void> {
  await each(state.readings, async ([key, reading]) => {
    const [meter = 0n, slot = 0n] = parts(key);
    const actual = await ask(() => contracts.meterLedger.readingAt(meter, slot, at));
    for (const part of ["importWh", "exportWh", "status", "sequence"] as const) {
      expectEqual(state, "C1", `${part} of reading ${key}`, "MeterLedger.readingAt", actual[part], reading[part]);
    }
  });
}

async function each<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  compare: (entry: readonly [Key, Value]) => Promise<void>,
): Promise<void> {
  const entries = [...map];
  for (let from = 0; from < entries.length; from += AT_ONCE) {
    await Promise.all(entries.slice(from, from + AT_ONCE).map(compare));
  }
}

function parts(key: string): bigint[] {
  return key.split("/").map(BigInt);
}
