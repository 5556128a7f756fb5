/** How many independent full copies there are of each block, by what members published. */
import type { MemberBackups } from "../../../sdk/actions/backups.js";

/** Blocks of which the same members keep a copy. */
export interface CopiedRange {
  readonly from: number;
  readonly to: number;
  /** Active members whose root is the right one. */
  readonly members: readonly string[];
}

/** A member that published what the chain's blocks do not come to. */
export interface WrongCopy {
  readonly member: string;
  readonly from: number;
  readonly to: number;
  readonly root: string;
}

export interface Copies {
  /** Without a gap, in the chain's order. */
  readonly ranges: readonly CopiedRange[];
  readonly wrong: readonly WrongCopy[];
}

/** The verified blocks, and what any part of them comes to. */
export interface JudgedBlocks {
  readonly from: number;
  readonly to: number;
  readonly rootOf: (from: number, to: number) => string;
}

/**
 * Counts copies of the verified blocks. A member counts once for a block however often it published it; what it
 * withdrew counts no more; ranges that reach beyond the verified blocks can't be judged and count for nothing.
 */
export function countCopies(blocks: JudgedBlocks, backups: readonly MemberBackups[]): Copies {
  const wrong: WrongCopy[] = [];
  const kept = backups
    .filter(({ isActive }) => isActive)
    .map(({ member, said }) => {
      let intervals: Interval[] = [];
      for (const { from: first, to: last, root } of said) {
        const [from, to] = [Number(first), Number(last)];
        if (root === undefined) intervals = without(intervals, { from, to });
        else if (from < blocks.from || to > blocks.to) continue;
        else if (blocks.rootOf(from, to) === root) intervals.push({ from, to });
        else wrong.push({ member, from, to, root });
      }
      return { member, intervals };
    });
  return { ranges: sweep(blocks, kept), wrong };
}

/** So many of n accountants' copies that one of them is honest, when at most floor((n-1)/3) are not: ceil(n/3). */
export function leastCopies(accountants: number): number {
  return Math.max(1, Math.ceil(accountants / 3));
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/** What is left of intervals without another. */
function without(intervals: readonly Interval[], { from, to }: Interval): Interval[] {
  return intervals.flatMap((interval) =>
    [
      { from: interval.from, to: Math.min(interval.to, from - 1) },
      { from: Math.max(interval.from, to + 1), to: interval.to },
    ].filter((part) => part.from <= part.to),
  );
}

/** Cuts the blocks where somebody's copy begins or ends; parts in a row with the same members are one. */
function sweep(
  { from, to }: Interval,
  kept: readonly { readonly member: string; readonly intervals: readonly Interval[] }[],
): CopiedRange[] {
  const changes = new Map<number, { member: string; by: 1 | -1 }[]>();
  const change = (at: number, member: string, by: 1 | -1): void => {
    changes.set(at, [...(changes.get(at) ?? []), { member, by }]);
  };
  for (const { member, intervals } of kept) {
    for (const interval of intervals) {
      change(interval.from, member, 1);
      change(interval.to + 1, member, -1);
    }
  }
  const cuts = [...new Set([from, ...changes.keys()])].filter((at) => at <= to).sort((a, b) => a - b);
  const depths = new Map<string, number>();
  const ranges: CopiedRange[] = [];
  cuts.forEach((at, place) => {
    for (const { member, by } of changes.get(at) ?? []) depths.set(member, (depths.get(member) ?? 0) + by);
    const members = [...depths].filter(([, depth]) => depth > 0).map(([member]) => member);
    members.sort();
    const range = { from: at, to: (cuts[place + 1] ?? to + 1) - 1, members };
    const last = ranges.at(-1);
    if (last?.members.join() === members.join()) ranges[ranges.length - 1] = { ...last, to: range.to };
    else ranges.push(range);
  });
  return ranges;
}
