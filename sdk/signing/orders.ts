/** What homes sign to trade: orders of EnergyMarket and contracts of BilateralContracts. */
import type { Signer } from "ethers";

import type { Side } from "../enums.js";
import { CommonwattError } from "../errors.js";
import {
  digestOf,
  domainOf,
  fieldsOf,
  signCompact,
  type CompactSignature,
  type SigningDomain,
  type TypedMessage,
} from "./typed-data.js";

const ORDER = fieldsOf(
  "uint32 meter,uint8 side,uint32 firstSlot,uint32[] wh,uint32[] limits,uint64 nonce,uint64 relayDeadline",
);
const BILATERAL = fieldsOf(
  "uint32 buyMeter,uint32 sellMeter,uint32 firstSlot,uint32 price,uint32[] wh,uint64 nonce,uint64 acceptDeadline",
);

/** Most slots of one order or bilateral contract. */
export const MAX_PROFILE_SLOTS = 128;

/** Orders of one meter on one side for consecutive slots (OrderTypes.Order). */
export interface Order {
  readonly meter: bigint;
  readonly side: Side;
  readonly firstSlot: bigint;
  /** Wh per slot; 0 for no order in that slot, but not in the first or last. */
  readonly wh: readonly bigint[];
  /** Worst price per slot, micro-credits per kWh. */
  readonly limits: readonly bigint[];
  /** Used again at the earliest for later slots, once the gate of the earlier order's last slot has closed. */
  readonly nonce: bigint;
  /** Unix seconds; relayed in that second at the latest. */
  readonly relayDeadline: bigint;
}

export interface SignedOrder extends CompactSignature {
  readonly order: Order;
}

/** Energy of consecutive slots at one price between two meters (OrderTypes.BilateralContract). */
export interface BilateralContract {
  readonly buyMeter: bigint;
  readonly sellMeter: bigint;
  readonly firstSlot: bigint;
  /** Micro-credits per kWh, before the fees of the path. */
  readonly price: bigint;
  readonly wh: readonly bigint[];
  readonly nonce: bigint;
  /** Unix seconds; accepted in that second at the latest. */
  readonly acceptDeadline: bigint;
}

/** A bilateral contract with both parties' signatures. */
export interface SignedBilateral {
  readonly terms: BilateralContract;
  readonly buyer: CompactSignature;
  readonly seller: CompactSignature;
}

/** Signed by the account that holds the meter. */
export function orderMessage(market: SigningDomain, order: Order): TypedMessage {
  return { domain: domainOf("Commonwatt EnergyMarket", market), types: { Order: ORDER }, value: { ...order } };
}

export function orderDigest(market: SigningDomain, order: Order): string {
  return digestOf(orderMessage(market, order));
}

export async function signOrder(signer: Signer, market: SigningDomain, order: Order): Promise<SignedOrder> {
  requireProfile(order.wh, order.limits.length);
  return { order, ...(await signCompact(signer, orderMessage(market, order))) };
}

/** Signed by the accounts that hold the two meters. */
export function bilateralMessage(contracts: SigningDomain, terms: BilateralContract): TypedMessage {
  return {
    domain: domainOf("Commonwatt BilateralContracts", contracts),
    types: { BilateralContract: BILATERAL },
    value: { ...terms },
  };
}

export async function signBilateral(
  contracts: SigningDomain,
  { terms, buyer, seller }: { readonly terms: BilateralContract; readonly buyer: Signer; readonly seller: Signer },
): Promise<SignedBilateral> {
  requireProfile(terms.wh, terms.wh.length);
  const message = bilateralMessage(contracts, terms);
  const [buyerSignature, sellerSignature] = await Promise.all([
    signCompact(buyer, message),
    signCompact(seller, message),
  ]);
  return { terms, buyer: buyerSignature, seller: sellerSignature };
}

/** A profile as long as the energies from the first to the last slot that has any; undefined when none has. */
export function trimProfile(
  firstSlot: bigint,
  wh: readonly bigint[],
  limits: readonly bigint[],
): Pick<Order, "firstSlot" | "wh" | "limits"> | undefined {
  const first = wh.findIndex((energy) => energy > 0n);
  if (first < 0) return undefined;
  const end = wh.findLastIndex((energy) => energy > 0n) + 1;
  return { firstSlot: firstSlot + BigInt(first), wh: wh.slice(first, end), limits: limits.slice(first, end) };
}

function requireProfile(wh: readonly bigint[], limits: number): void {
  const slots = wh.length;
  if (slots > 0 && slots <= MAX_PROFILE_SLOTS && slots === limits && wh[0] !== 0n && wh.at(-1) !== 0n) return;
  throw new CommonwattError("OrderProfileInvalid", { slots, limits, most: MAX_PROFILE_SLOTS });
}
