/** What accountants and those who voted for them earned. Amounts in micro-credits. */
import { ZeroAddress } from "ethers";

import type { TransactionChain } from "../connect.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** Pays an accountant what it is due, as far as the fees' account has it. Anyone. */
export function claimFees(
  chain: TransactionChain,
  { accountant }: { readonly accountant: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountingRevenue.claim(accountant, overrides));
}

/** Pays a voter what its ballot earned, and all else that it is due. Anyone. */
export function claimVoterRewards(
  chain: TransactionChain,
  { voter }: { readonly voter: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountingRevenue.claimVotes(voter, overrides));
}

/** Gives part of the pool (blocks that name nobody) to an accountant. The council. */
export function assignFeePool(
  chain: TransactionChain,
  { accountant, amountMicro }: { readonly accountant: string; readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.accountingRevenue.assignPool(accountant, amountMicro, overrides));
}

/** What an accountant is still due. */
export function feesDueTo(chain: TransactionChain, accountant: string): Promise<bigint> {
  return ask(() => chain.contracts.accountingRevenue.dueOf(accountant));
}

/** What a voter's ballot earned that is not due yet. */
export function rewardOf(chain: TransactionChain, voter: string): Promise<bigint> {
  return ask(() => chain.contracts.accountingRevenue.rewardOf(voter));
}

/** What no accountant earned: fees of blocks that name none, and what was slashed. */
export function feePoolOf(chain: TransactionChain): Promise<bigint> {
  return feesDueTo(chain, ZeroAddress);
}
