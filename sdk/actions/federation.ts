/** Who belongs to the federation. The same functions on both chains, each with the accounts of that chain. */
import { AbiCoder, keccak256 } from "ethers";

import type { AnyChain } from "../connect.js";
import { rolesMask, type MemberRole, type Standing } from "../enums.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";

export interface AdmitMemberParameters {
  readonly member: string;
  readonly roles: readonly MemberRole[];
}

/** Admits an organisation. The council. */
export function admitMember(
  chain: AnyChain,
  { member, roles }: AdmitMemberParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.federation.admitMember(member, rolesMask(roles), overrides));
}

/** Gives a member these roles instead of those it has. The council. */
export function changeRoles(
  chain: AnyChain,
  { member, roles }: AdmitMemberParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.federation.changeRoles(member, rolesMask(roles), overrides));
}

export interface AdmitUserParameters {
  readonly user: string;
  /** See {@link credentialCommitment}. */
  readonly credentialCommitment: string;
}

/** Admits a person. A registrar. */
export function admitUser(
  chain: AnyChain,
  { user, credentialCommitment }: AdmitUserParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.federation.admitUser(user, credentialCommitment, overrides));
}

/** The commitment to a credential; draw 32 random bytes of salt anew for each chain, so that nobody joins the two. */
export function credentialCommitment(salt: string, credential: string): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32"], [salt, credential]));
}

export interface SuspendParameters {
  readonly account: string;
  /** Unix seconds; absent: until it is reinstated. */
  readonly until?: bigint;
}

/** The end of a suspension without an end (uint48). */
export const UNTIL_REINSTATED = (1n << 48n) - 1n;

/** Suspends a member or user at once. The council, or the user's registrar. */
export function suspend(
  chain: AnyChain,
  { account, until = UNTIL_REINSTATED }: SuspendParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.federation.suspend(account, until, overrides));
}

/** Ends a suspension before its time. The council, or the user's registrar where it decided it. */
export function reinstate(
  chain: AnyChain,
  { account }: { readonly account: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.federation.reinstate(account, overrides));
}

/** Ends an admission for ever. The council, or the user's registrar. */
export function expel(
  chain: AnyChain,
  { account }: { readonly account: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.federation.expel(account, overrides));
}

/** What an account's admission is worth at this moment. */
export async function standingOf(chain: AnyChain, account: string): Promise<Standing> {
  return Number(await ask(() => chain.contracts.federation.standingOf(account))) as Standing;
}
