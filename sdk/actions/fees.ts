/** What accountants earned. Amounts in micro-credits. */
import type { TransactionChain } from "../connect.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** Pays an accountant what it is due, as far as the fees' account has it. Anyone. */
export function claimFees(
  chain: TransactionChain,
  { accountant }: { readonly accountant: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountingFees.claim(accountant, overrides));
}

/** Gives part of the pool (blocks that name nobody) to an accountant. The council. */
export function assignFeePool(
  chain: TransactionChain,
  { accountant, amountMicro }: { readonly accountant: string; readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountingFees.assignPool(accountant, amountMicro, overrides));
}

/** What an accountant is still due. */
export function feesDueTo(chain: TransactionChain, accountant: string): Promise<bigint> {
  return ask(() => chain.contracts.accountingFees.dueOf(accountant));
}
