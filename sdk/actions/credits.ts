/** Credits: issued and redeemed by the issuer, moved by their holders. Amounts in micro-credits. */
import { Signature, type Signer } from "ethers";

import type { TransactionChain } from "../connect.js";
import { permitMessage, type SignedPermit } from "../signing/permit.js";
import { sign } from "../signing/typed-data.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

export interface IssueParameters {
  readonly to: string;
  readonly amountMicro: bigint;
  /** 32 bytes that name the payment received; each is used once. */
  readonly paymentReference: string;
}

/** Creates credits against a payment. The issuer. */
export function issueCredits(
  chain: TransactionChain,
  { to, amountMicro, paymentReference }: IssueParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.energyCredit.issue(to, amountMicro, paymentReference, overrides));
}

export interface RedeemParameters {
  readonly holder: string;
  readonly amountMicro: bigint;
  /** 32 bytes that name the payment made; each is used once. */
  readonly paymentReference: string;
}

/** Destroys credits of a holder who was paid and allowed it. The issuer. */
export function redeemCredits(
  chain: TransactionChain,
  { holder, amountMicro, paymentReference }: RedeemParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () =>
    chain.contracts.energyCredit.redeemFrom(holder, amountMicro, paymentReference, overrides),
  );
}

export interface SpendParameters {
  readonly spender: string;
  readonly amountMicro: bigint;
}

/** Lets another account spend credits of the sender. */
export function approveCredits(
  chain: TransactionChain,
  { spender, amountMicro }: SpendParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.energyCredit.approve(spender, amountMicro, overrides));
}

/** Sends credits outside the market. */
export function transferCredits(
  chain: TransactionChain,
  { to, amountMicro }: { readonly to: string; readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.energyCredit.transfer(to, amountMicro, overrides));
}

/** Credits that an account holds outside the market's escrow. */
export function creditsOf(chain: TransactionChain, account: string): Promise<bigint> {
  return ask(() => chain.contracts.energyCredit.balanceOf(account));
}

export interface PermitParameters extends SpendParameters {
  /** Last second of the permit, Unix time. */
  readonly deadline: bigint;
}

/** Signs an EIP-2612 permit with the holder's next nonce; costs no transaction. */
export async function signPermit(
  chain: TransactionChain,
  holder: Signer,
  { spender, amountMicro, deadline }: PermitParameters,
): Promise<SignedPermit> {
  const owner = await holder.getAddress();
  const { address } = chain.deployment.contracts.EnergyCredit;
  const nonce = await ask(() => chain.contracts.energyCredit.nonces(owner));
  const message = permitMessage(
    { chainId: chain.deployment.chainId, verifyingContract: address },
    { owner, spender, value: amountMicro, nonce, deadline },
  );
  const { v, r, s } = Signature.from(await sign(holder, message));
  return { deadline, v, r, s };
}
