/** Arithmetic of a set of accountants: node addresses, ascending, as AccountantSets.sol has it. */
import { CommonwattError } from "../sdk/errors.js";

/** Ascending node addresses, in any case. */
export type AccountantSet = readonly string[];

/** Refuses what is no set. */
export function requireAscending(set: AccountantSet): void {
  if (set.length === 0) throw new CommonwattError("AccountantSetsEmpty");
  const index = set.findIndex((account, place) => place > 0 && !isBelow(set[place - 1] ?? "", account));
  if (index !== -1) throw new CommonwattError("AccountantSetsNotAscending", { index: BigInt(index) });
}

/** How many of n must seal a block: two thirds, rounded up. */
export function quorumOf(n: number): number {
  return Math.ceil((2 * n) / 3);
}

/** How many of n may be faulty. */
export function faultsOf(n: number): number {
  return Math.floor((n - 1) / 3);
}

/** The place of an accountant, or -1. */
export function indexIn(set: AccountantSet, account: string): number {
  return set.findIndex((member) => isSame(member, account));
}

/** The place of the first accountant above an address, or of the first of all. */
export function successorIn(set: AccountantSet, account: string): number {
  return Math.max(
    0,
    set.findIndex((member) => isBelow(account, member)),
  );
}

function isBelow(a: string, b: string): boolean {
  return BigInt(a) < BigInt(b);
}

function isSame(a: string, b: string): boolean {
  return BigInt(a) === BigInt(b);
}
