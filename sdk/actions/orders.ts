/** Orders into books. Energy in Wh, prices in micro-credits per kWh. */
import type { TransactionChain } from "../connect.js";
import type { BilateralContract, Order, SignedBilateral, SignedOrder } from "../signing/orders.js";
import type { SigningDomain } from "../signing/typed-data.js";
import { ask, eventsIn, transact, type Receipt, type TransactionOverrides } from "../transact.js";

/** What orders on the chain are signed for. */
export function energyMarketOf(chain: TransactionChain): SigningDomain {
  const { chainId, contracts } = chain.deployment;
  return { chainId, verifyingContract: contracts.EnergyMarket.address };
}

/** What bilateral contracts on the chain are signed for. */
export function bilateralContractsOf(chain: TransactionChain): SigningDomain {
  const { chainId, contracts } = chain.deployment;
  return { chainId, verifyingContract: contracts.BilateralContracts.address };
}

export interface RelayParameters {
  /** Where all the meters stand. */
  readonly feeder: bigint;
  /** In the order in which they shall arrive. */
  readonly orders: readonly SignedOrder[];
}

/**
 * Puts signed orders into a feeder's books and locks their worst case; all or none, but that orders relayed before are
 * skipped ({@link skippedOrders}). Anyone may relay.
 */
export function relayOrders(
  chain: TransactionChain,
  { feeder, orders }: RelayParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const signed = orders.map(({ order, r, vs }) => ({ order: writableOrder(order), r, vs }));
  return transact(chain, () => chain.contracts.energyMarket.relay(feeder, signed, overrides));
}

/** Places in the batch of the orders that a relay skipped, because somebody had relayed them before. */
export function skippedOrders(chain: TransactionChain, receipt: Receipt): number[] {
  const { energyMarket } = chain.contracts;
  const { address } = chain.deployment.contracts.EnergyMarket;
  return eventsIn(energyMarket, address, energyMarket.getEvent("OrderSkipped"), receipt).map(({ index }) =>
    Number(index),
  );
}

export interface CancelParameters {
  readonly order: Order;
  /** Which slots to cancel, as places in the profile; absent: all that are still open. */
  readonly places?: readonly number[];
}

/** Cancels an order of the sender: before it is relayed for ever, after it until each slot's gate closure. */
export function cancelOrder(
  chain: TransactionChain,
  { order, places = order.wh.map((_, place) => place) }: CancelParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const mask = places.reduce((bits, place) => bits | (1n << BigInt(place)), 0n);
  return transact(chain, () => chain.contracts.energyMarket.cancel(writableOrder(order), mask, overrides));
}

/** Takes a contract that both parties signed, and locks both. Anyone may bring it. */
export function acceptBilateral(
  chain: TransactionChain,
  { terms, buyer, seller }: SignedBilateral,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const signed = {
    terms: writableTerms(terms),
    buyerR: buyer.r,
    buyerVs: buyer.vs,
    sellerR: seller.r,
    sellerVs: seller.vs,
  };
  return transact(chain, () => chain.contracts.bilateralContracts.accept(signed, overrides));
}

/** Withdraws the sender's consent to every bilateral contract with the nonce that is not accepted yet. */
export function revokeBilateral(
  chain: TransactionChain,
  { nonce }: { readonly nonce: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.bilateralContracts.revoke(nonce, overrides));
}

/** The last slot for which an account's nonce is used; an order with it must begin later. */
export function nonceUsedThrough(
  chain: TransactionChain,
  { account, nonce }: { readonly account: string; readonly nonce: bigint },
): Promise<bigint> {
  return ask(() => chain.contracts.energyMarket.nonceUsedThrough(account, nonce));
}

/** Whether a meter has an order or a bilateral contract in a slot. */
export function hasPosition(
  chain: TransactionChain,
  { meter, slot }: { readonly meter: bigint; readonly slot: bigint },
): Promise<boolean> {
  return ask(() => chain.contracts.energyMarket.hasPosition(meter, slot));
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };

function writableOrder(order: Order): Writable<Order> {
  return { ...order, wh: [...order.wh], limits: [...order.limits] };
}

function writableTerms(terms: BilateralContract): Writable<BilateralContract> {
  return { ...terms, wh: [...terms.wh] };
}
