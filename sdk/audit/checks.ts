/** What must hold of the books as a whole, after all events: money, locks, held credits and the energy identities. */
import { EntryTag, TradeLevel, type Outcome, type Trade } from "../records.js";
import { checkTold } from "./attestation-steps.js";
import { add, areaSlotKey, expectEqual, type AuditState, type ClosedSlot, type SettledGroup } from "./state.js";
import { feederAt, valueAt } from "./terms.js";

/** The checks by their numbers, for people. A0 to A6, A17 to A25, A27 to A31 are made while the events are read. */
export const AUDIT_CHECKS: Readonly<Record<string, string>> = {
  A0: "events come in the order of the chain, and each can be read",
  A1: "each escrow call that is no deposit or withdrawal leaves the sum of balances as it was",
  A2: "locked and held credits are there, at every moment, in every account",
  A3: "a book is a log without a gap",
  A4: "a slot is closed once, and settled after that",
  A5: "each settlement uses the readings that the ledger held",
  A6: "a settled slot becomes final once, and nothing is settled after that",
  A7: "credits issued less redeemed are the credits held, each against a payment of its own",
  A8: "the escrow has the credits of its accounts",
  A9: "an account's arrears are the debts recorded less those paid and set off",
  A10: "an account's locks are those of its orders, contracts and disputes",
  A11: "an account's held credits are those of its settlements that are not final, slot by slot",
  A12: "import - export = bought - sold + grid import - grid export, for each home and slot",
  A13: "community energy bought is community energy sold, in each slot",
  A14: "nobody pays above a limit, nor is paid below one",
  A15: "what homes pay is what homes and utilities receive, in each slot",
  A16: "settlements moved what their outcomes say, and accountants are due a fee for each meter and slot",
  A17: "a book's price, trades and rests are those that its orders have",
  A18: "a closed slot's positions and trades are those of its contracts, orders and books",
  A19: "a settlement is what trades, readings, prices and rules make",
  A20: "a batch's Merkle root is that of its readings",
  A21: "a reading is stored when it differs from what was stored, and only then",
  A22: "a meter settled without a reading is barred, and a bar is lifted from the slot that it was laid for",
  A23: "each escrow movement goes the way that its reason says",
  A24: "a dispute is resolved once, after it was opened",
  A25: "orders and contracts are those of the meters' holders, at the feeders where the meters stand",
  A26: "rewards of accountants' voters are covered by what was booked for them",
  A27: "a feeder's operators attest; what k of them attest has its quorum, and who contradicts it is named, as is told",
  A28: "a reading of a feeder with a quorum is stored only when it has that quorum",
  A29: "each reading is signed by its meter's key or its metering operator, each certificate by its maker, valid then",
  A30: "no privileged call was made outside its role",
  A31: "no regulator moved money",
  C1: "the chain's state is what the events say",
};

/** Makes all checks; findings are noted in the state. */
export function checkBooks(state: AuditState): void {
  checkTold(state, "ReadingQuorum");
  checkCredits(state);
  for (const [key, group] of state.settled) checkGroup(state, key, group);
  for (const [key, closed] of state.closed) checkLimits(state, key, closed);
  checkAccounts(state);
  checkHeld(state);
  checkMoved(state);
}

function checkCredits(state: AuditState): void {
  const held = sum(state.tokens.values());
  const supply = state.issuedMicro - state.redeemedMicro;
  expectEqual(state, "A7", "credits held", "EnergyCredit", held, supply);
  for (const [address, amount] of state.unexplained) {
    expectEqual(state, "A7", `credits of ${address} made or ended beside the issuer's`, "EnergyCredit", amount, 0n);
  }
  const balances = sum([...state.accounts.values()].map(({ balance }) => balance));
  expectEqual(state, "A8", "sum of the escrow's accounts", "TradeEscrow", balances, state.depositedMicro);
  const isCovered = (state.tokens.get(state.contracts.escrow) ?? 0n) >= balances;
  expectEqual(state, "A8", "the escrow's own credits cover its accounts", "TradeEscrow", isCovered, true);
}

function checkAccounts(state: AuditState): void {
  for (const [address, account] of state.accounts) {
    expectEqual(state, "A9", "arrears", address, account.arrears, state.owes.get(address) ?? 0n);
    expectEqual(state, "A10", "locked credits", address, account.locked, state.locks.get(address) ?? 0n);
  }
}

/** What settlements put aside in each slot for each account is what their last outcomes hold, until it is released. */
function checkHeld(state: AuditState): void {
  const held = new Map<string, bigint>();
  const final = new Map<string, bigint>();
  const standing = new Map<string, bigint>();
  for (const { area, slot, outcomes, parties, final: isFinal } of state.settled.values()) {
    const amounts = [
      ...outcomes.map((outcome) => [outcome.account, outcome.held] as const),
      ...parties.map((party) => [party.account, party.community] as const),
    ];
    for (const [account, amount] of amounts) {
      const key = `${areaSlotKey(area, slot)}/${account}`;
      add(held, key, amount);
      if (isFinal) add(final, key, amount);
      else add(standing, account, amount);
    }
  }
  expectSame(state, "A11", "held by settlements of area/slot/account", state.heldBySettlements, held);
  expectSame(state, "A11", "released of area/slot/account", state.released, final);
  const accounts = new Map([...state.accounts].map(([address, account]) => [address, account.held]));
  expectSame(state, "A11", "held credits of", accounts, standing);
}

/** What settlements moved, debts included, is what their outcomes make due. */
function checkMoved(state: AuditState): void {
  const due = new Map<string, bigint>();
  let feesMicro = 0n;
  for (const group of state.settled.values()) {
    for (const outcome of group.outcomes) {
      const { account, feeder, gridPaid, gridReceived, uncovered } = outcome;
      const supplier = feederAt(state.terms, feeder, group.slot)?.supplier ?? "";
      // a grid share that held money covers is paid when the slot is final
      const gridShare = group.final ? gridPaid : uncovered;
      const fee = valueAt(state.terms.rules, group.slot)?.accountingFeeMicro ?? 0n;
      add(due, account, communityNet(outcome) + gridReceived - gridShare);
      add(due, supplier, gridShare - gridReceived - fee);
      feesMicro += fee;
    }
    for (const { account, community, surplusIn, surplusOut } of group.parties) {
      add(due, account, community + surplusIn - surplusOut);
    }
  }
  add(due, state.contracts.fees, feesMicro);
  expectEqual(state, "A16", "accounting fees booked", "AccountingRevenue", state.feesBookedMicro, feesMicro);
  for (const [address, amount] of state.owes) add(due, address, amount);
  for (const [address, amount] of state.isOwed) add(due, address, -amount);
  expectSame(state, "A16", "credits moved by settlements, of", state.moved, due);
  expectEqual(state, "A16", "outcomes of the last settlement", "Settlement", state.posting, undefined);
}

function expectSame(
  state: AuditState,
  check: string,
  what: string,
  actual: ReadonlyMap<string, bigint>,
  expected: ReadonlyMap<string, bigint>,
): void {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    expectEqual(state, check, `${what} ${key}`, key, actual.get(key) ?? 0n, expected.get(key) ?? 0n);
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

function sum(values: Iterable<bigint>): bigint {
  let total = 0n;
  for (const value of values) total += value;
  return total;
}
