/** What must hold of the books as a whole, after all events: money, locks, held credits and the energy identities. */
import { EntryTag, TradeLevel, type Outcome, type Trade } from "../records.js";
import { areaSlotKey, expectEqual, type AuditState, type ClosedSlot, type SettledGroup } from "./state.js";

/** The checks by their numbers, for people. A1 to A6 are made while the events are read. */
export const AUDIT_CHECKS: Readonly<Record<string, string>> = {
  A1: "each escrow call that is no deposit or withdrawal leaves the sum of balances as it was",
  A2: "locked and held credits are there, at every moment, in every account",
  A3: "a book is a log without a gap",
  A4: "a slot is settled after its books are closed",
  A5: "each settlement uses the readings that the ledger held",
  A6: "a settled slot becomes final once, and nothing is settled after that",
  A7: "credits issued less redeemed are the credits held",
  A8: "the escrow has the credits of its accounts",
  A9: "an account's arrears are the debts recorded less those paid and set off",
  A10: "an account's locks are those of its orders, contracts and disputes",
  A11: "an account's held credits are those of its settlements that are not final",
  A12: "import - export = bought - sold + grid import - grid export, for each home and slot",
  A13: "community energy bought is community energy sold, in each slot",
  A14: "nobody pays above a limit, nor is paid below one",
  A15: "what homes pay is what homes and utilities receive, in each slot",
  A16: "settlements moved what their outcomes say",
  C1: "the chain's state is what the events say",
};

/** Makes all checks; findings are noted in the state. */
export function checkBooks(state: AuditState, escrow: string): void {
  checkCredits(state, escrow);
  for (const [key, group] of state.settled) checkGroup(state, key, group);
  for (const [key, closed] of state.closed) checkLimits(state, key, closed);
  checkAccounts(state);
}

function checkCredits(state: AuditState, escrow: string): void {
  const held = sum(state.tokens.values());
  const supply = state.issuedMicro - state.redeemedMicro;
  expectEqual(state, "A7", "credits held", "EnergyCredit", held, supply);
  const balances = sum([...state.accounts.values()].map(({ balance }) => balance));
  expectEqual(state, "A8", "sum of the escrow's accounts", "TradeEscrow", balances, state.depositedMicro);
  const isCovered = (state.tokens.get(escrow) ?? 0n) >= balances;
  expectEqual(state, "A8", "the escrow's own credits cover its accounts", "TradeEscrow", isCovered, true);
}

function checkAccounts(state: AuditState): void {
  const held = new Map<string, bigint>();
  const settled = new Map<string, bigint>();
  for (const group of state.settled.values()) {
    for (const outcome of group.outcomes) {
      if (!group.final) {
        tally(held, outcome.account, outcome.held);
        // a grid share that held money covers is paid when the slot is final
        tally(settled, outcome.account, outcome.gridPaid - outcome.uncovered);
      }
      tally(settled, outcome.account, communityNet(outcome) + outcome.gridReceived - outcome.gridPaid);
    }
    for (const party of group.parties) if (!group.final) tally(held, party.account, party.community);
  }
  const parties = new Set([...state.settled.values()].flatMap((group) => group.parties.map(({ account }) => account)));
  for (const [address, account] of state.accounts) {
    expectEqual(state, "A9", "arrears", address, account.arrears, state.owes.get(address) ?? 0n);
    expectEqual(state, "A10", "locked credits", address, account.locked, state.locks.get(address) ?? 0n);
    expectEqual(state, "A11", "held credits", address, account.held, held.get(address) ?? 0n);
    if (!settled.has(address) || parties.has(address)) continue;
    const debts = (state.owes.get(address) ?? 0n) - (state.isOwed.get(address) ?? 0n);
    const due = (settled.get(address) ?? 0n) + debts;
    expectEqual(state, "A16", "credits moved by settlements", address, state.moved.get(address) ?? 0n, due);
  }
}

function checkGroup(state: AuditState, key: string, group: SettledGroup): void {
  for (const outcome of group.outcomes) checkEnergy(state, key, outcome);
  const bought = sum(group.outcomes.map(({ boughtWh }) => boughtWh));
  const sold = sum(group.outcomes.map(({ soldWh }) => soldWh));
  expectEqual(state, "A13", `slot ${key}: Wh bought`, key, bought, sold);
  const delivered = sum(group.deliveredWh);
  expectEqual(state, "A13", `slot ${key}: Wh delivered by trade`, key, delivered, sold);
  const community = sum(group.outcomes.map(communityNet)) + sum(group.parties.map((party) => party.community));
  expectEqual(state, "A15", `slot ${key}: sum of what homes and utilities received and paid`, key, community, 0n);
  const surplus = sum(group.parties.map(({ surplusIn, surplusOut }) => surplusIn - surplusOut));
  expectEqual(state, "A15", `slot ${key}: surplus between suppliers`, key, surplus, 0n);
}

/** A home's grid import and export follow from its reading and its community energy. */
export function gridOf(outcome: Outcome): { readonly gridImportWh: bigint; readonly gridExportWh: bigint } {
  const { importWh, exportWh, boughtWh, soldWh } = outcome;
  const surplus = boughtWh > importWh ? boughtWh - importWh : 0n;
  return { gridImportWh: importWh > boughtWh ? importWh - boughtWh : 0n, gridExportWh: exportWh - soldWh + surplus };
}

function checkEnergy(state: AuditState, key: string, outcome: Outcome): void {
  const { importWh, exportWh, boughtWh, soldWh, meter } = outcome;
  const { gridImportWh, gridExportWh } = gridOf(outcome);
  const where = `slot ${key}, meter ${meter}`;
  const right = boughtWh - soldWh + gridImportWh - gridExportWh;
  expectEqual(state, "A12", "import - export", where, importWh - exportWh, right);
  expectEqual(state, "A12", "sold Wh are exported Wh", where, soldWh <= exportWh, true);
  expectEqual(
    state,
    "A12",
    "grid import is paid, and only that",
    where,
    outcome.gridPaid > 0n && gridImportWh === 0n,
    false,
  );
  expectEqual(
    state,
    "A12",
    "grid export earns, and only that",
    where,
    outcome.gridReceived > 0n && gridExportWh === 0n,
    false,
  );
}

function checkLimits(state: AuditState, key: string, { trades }: ClosedSlot): void {
  const slot = BigInt(key.slice(key.indexOf("/") + 1));
  for (const trade of trades) {
    if (trade.level === TradeLevel.Bilateral) continue;
    checkLimit(state, key, slot, trade, "buy");
    checkLimit(state, key, slot, trade, "sell");
  }
}

function checkLimit(state: AuditState, key: string, slot: bigint, trade: Trade, side: "buy" | "sell"): void {
  const feeder = side === "buy" ? trade.buyFeeder : trade.sellFeeder;
  const index = side === "buy" ? trade.buyIndex : trade.sellIndex;
  const entry = state.books.get(areaSlotKey(feeder, slot))?.entries[Number(index)];
  const where = `slot ${key}, feeder ${feeder}, order ${index}`;
  const tag = side === "buy" ? EntryTag.Buy : EntryTag.Sell;
  expectEqual(state, "A14", "the trade's order", where, entry?.tag, tag);
  if (entry === undefined) return;
  const isKept = side === "buy" ? trade.price <= entry.limit : trade.price >= entry.limit;
  expectEqual(state, "A14", `price ${trade.price} within the limit ${entry.limit}`, where, isKept, true);
}

function communityNet(outcome: Outcome): bigint {
  return outcome.energyReceived + outcome.bondReceived - outcome.energyPaid - outcome.fees - outcome.bondPaid;
}

function tally(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

function sum(values: Iterable<bigint>): bigint {
  let total = 0n;
  for (const value of values) total += value;
  return total;
}
