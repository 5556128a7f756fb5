/** The fold's steps that move credits: tokens, escrow, debts, accountants' fees, the bonds of disputes. */
import { ZeroAddress } from "ethers";

import { MovementReason } from "../enums.js";
import type { ChainEvent } from "../events.js";
import { unpackMovements, type Movement } from "../records.js";
import { bigintArg, placeOf, stringArg, wordsArg } from "./event.js";
import { accountOf, add, areaSlotKey, expectEqual, settlementsIn, type AuditState } from "./state.js";

type Signs = Readonly<Record<"balance" | "locked" | "held" | "arrears", string>>;
const signs = (balance: string, locked: string, held: string, arrears: string): Signs => {
  return { balance, locked, held, arrears };
};

/** A23: which way each part of an account may go for which reason: `+`, `-`, `0` or any (`*`). */
const SHAPES = new Map<bigint, Signs>([
  [MovementReason.Deposit, signs("+", "0", "0", "0")],
  [MovementReason.Withdrawal, signs("-", "0", "0", "0")],
  [MovementReason.Lock, signs("0", "+", "0", "0")],
  [MovementReason.Unlock, signs("0", "-", "0", "0")],
  [MovementReason.BondPaid, signs("-", "-", "0", "0")],
  [MovementReason.BondReceived, signs("+", "0", "0", "0")],
  [MovementReason.Settlement, signs("*", "0-", "*", "*")],
  [MovementReason.SettlementParty, signs("*", "0", "*", "*")],
  [MovementReason.Release, signs("0-", "0", "-", "0")],
  [MovementReason.ReleaseParty, signs("0+", "0", "0-", "0")],
  [MovementReason.ArrearsPaid, signs("-", "0", "0", "-")],
  [MovementReason.ArrearsReceived, signs("+", "0", "0", "0")],
]);
/** A dispute that is not resolved (IDisputes.DisputeState). */
const OPEN = 1n;
/** Reasons by which settlements, releases and debts move money between accounts. */
const SETTLING = new Set<bigint>([
  MovementReason.Settlement,
  MovementReason.SettlementParty,
  MovementReason.Release,
  MovementReason.ReleaseParty,
  MovementReason.ArrearsPaid,
  MovementReason.ArrearsReceived,
]);

export const MONEY_STEPS: Readonly<Record<string, (state: AuditState, event: ChainEvent) => void>> = {
  "EnergyCredit.Transfer": transferred,
  "EnergyCredit.CreditIssued": (state, event) => {
    const amount = bigintArg(event, "amountMicro");
    state.issuedMicro += amount;
    add(state.unexplained, stringArg(event, "to"), -amount);
    useReference(state, event);
  },
  "EnergyCredit.CreditRedeemed": (state, event) => {
    const amount = bigintArg(event, "amountMicro");
    state.redeemedMicro += amount;
    add(state.unexplained, stringArg(event, "from"), amount);
    useReference(state, event);
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
  "AccountingRevenue.FeeBooked": (state, event) => {
    state.feesBookedMicro += bigintArg(event, "amountMicro");
    add(state.feesDue, stringArg(event, "accountant"), bigintArg(event, "amountMicro"));
  },
  "AccountingRevenue.VoterFeeBooked": (state, event) => {
    state.feesBookedMicro += bigintArg(event, "amountMicro");
    state.voterFeesMicro += bigintArg(event, "amountMicro");
  },
  "AccountingRevenue.VoterRewarded": (state, event) => {
    state.voterFeesMicro -= bigintArg(event, "amountMicro");
    add(state.feesDue, stringArg(event, "voter"), bigintArg(event, "amountMicro"));
    expectEqual(state, "A26", "voters' rewards are covered", placeOf(event), state.voterFeesMicro >= 0n, true);
  },
  "AccountingRevenue.PoolFunded": (state, event) => {
    add(state.feesDue, ZeroAddress, bigintArg(event, "amountMicro"));
  },
  "AccountingRevenue.FeesClaimed": (state, event) => {
    add(state.feesDue, stringArg(event, "accountant"), -bigintArg(event, "amountMicro"));
  },
  "AccountingRevenue.PoolAssigned": (state, event) => {
    add(state.feesDue, ZeroAddress, -bigintArg(event, "amountMicro"));
    add(state.feesDue, stringArg(event, "accountant"), bigintArg(event, "amountMicro"));
  },
  "Disputes.DisputeOpened": (state, event) => {
    const bondMicro = bigintArg(event, "bondMicro");
    const reading = event.args["reading"] as Record<string, unknown>;
    expectEqual(state, "A24", `state of ${disputeKey(event)}`, placeOf(event), reading["state"], OPEN);
    add(state.locks, stringArg(event, "party"), bondMicro);
    state.disputes.set(disputeKey(event), { bondMicro, reading, state: OPEN });
  },
  "Disputes.DisputeResolved": (state, event) => {
    const dispute = state.disputes.get(disputeKey(event));
    expectEqual(state, "A24", `dispute ${disputeKey(event)} was open`, placeOf(event), dispute?.state, OPEN);
    if (dispute === undefined) return;
    add(state.locks, stringArg(event, "party"), -dispute.bondMicro);
    dispute.state = bigintArg(event, "state");
  },
};

function transferred(state: AuditState, event: ChainEvent): void {
  const [from, to, value] = [stringArg(event, "from"), stringArg(event, "to"), bigintArg(event, "value")];
  if (from === ZeroAddress) add(state.unexplained, to, value);
  else add(state.tokens, from, -value);
  if (to === ZeroAddress) add(state.unexplained, from, -value);
  else add(state.tokens, to, value);
}

function useReference(state: AuditState, event: ChainEvent): void {
  const reference = stringArg(event, "paymentReference");
  expectEqual(state, "A7", "the payment was used before", placeOf(event), state.references.has(reference), false);
  state.references.add(reference);
}

/** A1: a call of the escrow that neither takes in nor pays out leaves the sum of balances as it was. */
function moved(state: AuditState, event: ChainEvent): void {
  let sum = 0n;
  for (const movement of unpackMovements(wordsArg(event, "movements"))) {
    const { account: address, reason } = movement;
    const account = accountOf(state, address);
    account.balance += movement.balance;
    account.locked += movement.locked;
    account.held += movement.held;
    account.arrears += movement.arrears;
    noteMovement(state, event, movement);
    if (reason === MovementReason.Deposit || reason === MovementReason.Withdrawal)
      state.depositedMicro += movement.balance;
    else sum += movement.balance;
    const { balance, locked, held } = account;
    const isBacked = locked >= 0n && held >= 0n && balance >= locked + held;
    expectEqual(state, "A2", `${address} has its locked and held credits`, placeOf(event), isBacked, true);
    expectEqual(state, "A23", `movement of ${address} for ${reason}`, placeOf(event), isShaped(movement), true);
  }
  expectEqual(state, "A1", "sum of the balance changes of one escrow call", placeOf(event), sum, 0n);
  notePosting(state, event);
}

/** A16: what a settlement moved is followed by what it came to, what a release moved follows its slot's final date. */
function notePosting(state: AuditState, event: ChainEvent): void {
  const reasons = new Set(unpackMovements(wordsArg(event, "movements")).map(({ reason }) => reason));
  const key = areaSlotKey(bigintArg(event, "area"), bigintArg(event, "slot"));
  if (reasons.has(MovementReason.Settlement) || reasons.has(MovementReason.SettlementParty)) {
    expectEqual(state, "A16", "outcomes of the settlement before", placeOf(event), state.posting, undefined);
    state.posting = key;
  }
  if (!reasons.has(MovementReason.Release) && !reasons.has(MovementReason.ReleaseParty)) return;
  const isFinal = settlementsIn(state, key).some((group) => group.final);
  expectEqual(state, "A16", `${key} is final before its money is released`, placeOf(event), isFinal, true);
}

function noteMovement(state: AuditState, event: ChainEvent, { account, reason, balance, held }: Movement): void {
  if (SETTLING.has(reason)) add(state.moved, account, balance);
  const key = `${areaSlotKey(bigintArg(event, "area"), bigintArg(event, "slot"))}/${account}`;
  if (reason === MovementReason.Settlement || reason === MovementReason.SettlementParty)
    add(state.heldBySettlements, key, held);
  if (reason === MovementReason.Release || reason === MovementReason.ReleaseParty) add(state.released, key, -held);
}

function isShaped(movement: Movement): boolean {
  const shape = SHAPES.get(movement.reason);
  if (shape === undefined) return false;
  return (["balance", "locked", "held", "arrears"] as const).every((part) => {
    const amount = movement[part];
    return shape[part] === "*" || shape[part].includes(amount === 0n ? "0" : amount > 0n ? "+" : "-");
  });
}

function owed(state: AuditState, event: ChainEvent, amount: bigint): void {
  const [debtor, creditor] = [stringArg(event, "debtor"), stringArg(event, "creditor")];
  add(state.owes, debtor, amount);
  add(state.isOwed, creditor, amount);
  add(state.debts, `${debtor}/${creditor}`, amount);
}

function disputeKey(event: ChainEvent): string {
  return `${stringArg(event, "party")}/${bigintArg(event, "meter")}/${bigintArg(event, "slot")}`;
}
