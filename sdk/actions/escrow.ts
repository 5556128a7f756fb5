/** The market's purse. Amounts in micro-credits. */
import type { Signer } from "ethers";

import type { TransactionChain } from "../connect.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";
import { signPermit } from "./credits.js";

/** Deposits credits that the escrow was allowed to take. */
export function deposit(
  chain: TransactionChain,
  { amountMicro }: { readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.tradeEscrow.deposit(amountMicro, overrides));
}

/** Deposits the sender's credits into somebody else's account. */
export function depositFor(
  chain: TransactionChain,
  { account, amountMicro }: { readonly account: string; readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.tradeEscrow.depositFor(account, amountMicro, overrides));
}

export interface DepositWithPermitParameters {
  readonly amountMicro: bigint;
  /** Last second of the permit, Unix time. */
  readonly deadline: bigint;
}

/** Signs a permit and deposits, in one transaction of the chain's signer. */
export async function depositWithPermit(
  chain: TransactionChain & { readonly signer: Signer },
  { amountMicro, deadline }: DepositWithPermitParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const spender = chain.deployment.contracts.TradeEscrow.address;
  const { v, r, s } = await signPermit(chain, chain.signer, { spender, amountMicro, deadline });
  return transact(chain, () =>
    chain.contracts.tradeEscrow.depositWithPermit(amountMicro, deadline, v, r, s, overrides),
  );
}

/** Withdraws free credits above the reserve. */
export function withdraw(
  chain: TransactionChain,
  { amountMicro }: { readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.tradeEscrow.withdraw(amountMicro, overrides));
}

/** Pays an account's creditors out of its free credits. Anyone. */
export function payArrears(
  chain: TransactionChain,
  { debtor, maxCreditors }: { readonly debtor: string; readonly maxCreditors: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.tradeEscrow.payArrears(debtor, maxCreditors, overrides));
}

/** An escrow account. */
export interface EscrowAccount {
  readonly balanceMicro: bigint;
  readonly lockedMicro: bigint;
  readonly heldMicro: bigint;
  readonly arrearsMicro: bigint;
}

/** An account as it stands. */
export async function escrowAccountOf(chain: TransactionChain, account: string): Promise<EscrowAccount> {
  const { balanceMicro, lockedMicro, heldMicro, arrearsMicro } = await ask(() =>
    chain.contracts.tradeEscrow.accountOf(account),
  );
  return { balanceMicro, lockedMicro, heldMicro, arrearsMicro };
}

/** What an account may withdraw now. */
export function withdrawableOf(chain: TransactionChain, account: string): Promise<bigint> {
  return ask(() => chain.contracts.tradeEscrow.withdrawableOf(account));
}
