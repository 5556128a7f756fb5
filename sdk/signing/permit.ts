/** EIP-2612 permits of EnergyCredit. */
import { domainOf, fieldsOf, type SigningDomain, type TypedMessage } from "./typed-data.js";

const PERMIT = fieldsOf("address owner,address spender,uint256 value,uint256 nonce,uint256 deadline");

export interface Permit {
  readonly owner: string;
  readonly spender: string;
  readonly value: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
}

/** A permit's deadline and signature. */
export interface SignedPermit {
  readonly deadline: bigint;
  readonly v: number;
  readonly r: string;
  readonly s: string;
}

/** Signed by the holder of the credits. */
export function permitMessage(credit: SigningDomain, permit: Permit): TypedMessage {
  return { domain: domainOf("Commonwatt Credit", credit), types: { Permit: PERMIT }, value: { ...permit } };
}
