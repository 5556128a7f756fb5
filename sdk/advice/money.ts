/** What EnergyCredit, TradeEscrow, Arrears and IAccountingFees refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const MONEY_ERRORS = {
  EnergyCreditZeroAmount: { why: "An issue or redemption of nothing.", todo: "Give an amount above zero." },
  EnergyCreditZeroReference: {
    why: "An issue or redemption names no payment.",
    todo: "Give the 32-byte reference of the payment that it answers.",
  },
  EnergyCreditReferenceUsed: {
    why: "The payment {paymentReference} was already answered by an issue or a redemption.",
    todo: "Check the books: the credits exist or ended already. A new payment has a new reference.",
  },
  TradeEscrowZeroAmount: { why: "A deposit or withdrawal of nothing.", todo: "Give an amount above zero." },
  TradeEscrowZeroAccount: { why: "The zero address has no account.", todo: "Give the account's address." },
  TradeEscrowNotActive: {
    why: "{account} is no active member or user.",
    todo: "An active account can pay in for it (depositFor); withdrawing what is free is open to all.",
  },
  TradeEscrowCapacity: {
    why: "The escrow would hold {creditsMicro} micro-credits, more than it can count.",
    todo: "Deposit less.",
  },
  TradeEscrowInArrears: {
    why: "{account} owes {arrearsMicro} micro-credits.",
    todo: "Pay the arrears first: deposit, or payArrears from what is free.",
  },
  TradeEscrowAboveWithdrawable: {
    why: "{account} may withdraw {withdrawableMicro} micro-credits, not {amountMicro}.",
    todo: "Withdraw less; a reserve per meter stays, and what settled slots hold is free at their final date.",
  },
  TradeEscrowFreeShort: {
    why: "{account} has {spendableMicro} spendable micro-credits, and {amountMicro} are needed.",
    todo: "Deposit more, or order less.",
  },
  TradeEscrowLockedShort: {
    why: "{account} has {lockedMicro} micro-credits locked, and {amountMicro} were asked for.",
    todo: "A fault of the calling contract: report it.",
  },
  TradeEscrowHeldShort: {
    why: "{account} holds {heldMicro} micro-credits, and {amountMicro} were asked for.",
    todo: "A fault of the calling contract: report it.",
  },
  TradeEscrowAccountBroken: {
    why: "{account} would not add up: balance {balanceMicro}, locked {lockedMicro}, held {heldMicro}.",
    todo: "A fault of the escrow: report it. Nothing was written.",
  },
  TradeEscrowUnbalanced: {
    why: "The postings would create or destroy credits: {communityMicro} and {surplusMicro} micro-credits.",
    todo: "A fault of the calling contract: report it.",
  },
  TradeEscrowLengthMismatch: {
    why: "{accounts} accounts came with {amounts} amounts.",
    todo: "A fault of the calling contract: report it.",
  },
  TradeEscrowFeesAccountUnbound: {
    why: "The accounting fees' account is not bound.",
    todo: "Finish the deployment: bindFeesAccount.",
  },
  TradeEscrowFeesAccountBound: {
    why: "The accounting fees' account is bound to {account} for ever.",
    todo: "There is nothing to do.",
  },
  ArrearsEscrowBound: {
    why: "The debt ledger's escrow is bound already: {escrow}.",
    todo: "There is nothing to do.",
  },
  ArrearsNotEscrow: {
    why: "{caller} is not the escrow that writes the debt ledger.",
    todo: "Call TradeEscrow: deposits and payArrears pay debts.",
  },
  ArrearsZeroAmount: { why: "A debt of nothing.", todo: "A fault of the calling contract: report it." },
  ArrearsSelfDebt: { why: "{account} can't owe itself.", todo: "A fault of the calling contract: report it." },
  ArrearsZeroCreditor: {
    why: "{debtor} can't owe the zero address.",
    todo: "A fault of the calling contract: report it.",
  },
  AccountingFeesZeroAccountant: {
    why: "The zero address stands for the pool and claims nothing.",
    todo: "Give the accountant's address.",
  },
  AccountingFeesNothingToPay: {
    why: "{accountant} is due {dueMicro} micro-credits, and the fees' account has {cashMicro}.",
    todo: "Claim later: a utility that is short pays later.",
  },
  AccountingFeesAbovePool: { why: "The pool has {poolMicro} micro-credits, not {amountMicro}.", todo: "Assign less." },
  MoneyOverflow: {
    why: "{amountMicro} micro-credits are more than any account holds.",
    todo: "Check the amounts and units.",
  },
} as const satisfies Record<string, Advice>;
