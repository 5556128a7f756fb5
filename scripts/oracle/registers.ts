/**
 * Cumulative registers, read at irregular times, to what they tell of each slot. The time between two observations is
 * cut at the borders of slots. Where the two lie close together, what the register counted up to a border is
 * interpolated linearly and rounded down; where they don't, a rule shares it out. Either way the parts are exactly what
 * the register counted between the two.
 */
import type { Point, Stretch } from "./register-series.js";
import type { RegisterObservation } from "./sources/observation.js";
import type { ShareRule } from "./vee/rules.js";

/** The part of the time between two observations that lies in one slot (floor(Unix time / length)). */
export interface Piece {
  readonly slot: number;
  readonly seconds: number;
}

/** What a piece is given, in Wh, and by which rule; undefined: it was interpolated within the bridge. */
export interface Share {
  readonly wh: bigint;
  readonly rule: ShareRule | undefined;
}

/** Shares out what flowed between two observations that lie far apart: one share a piece, or linearly by that rule. */
export type ShareOut = (wh: bigint, pieces: readonly Piece[]) => readonly Share[] | ShareRule;

/** What registers tell of one direction of a slot. */
export interface RegisterPart {
  readonly wh: bigint;
  /** How much of the slot lies between observations that follow each other. */
  readonly seconds: number;
  /** The longest time between two observations that a border of the slot lies in; 0: none does. */
  readonly bridgedSeconds: number;
  /** The rules by which shares of it were made. */
  readonly rules: ReadonlySet<ShareRule>;
  /** What it was made from. */
  readonly from: ReadonlySet<RegisterObservation>;
}

export interface PartOptions {
  readonly slotSeconds: bigint;
  /** How far two observations may lie apart for a border between them to be interpolated, in seconds. */
  readonly bridgeSeconds: number;
  /** Farther apart than this, nothing is shared out, in seconds. */
  readonly longestGapSeconds: number;
  readonly shareOut: ShareOut;
}

interface MutablePart extends RegisterPart {
  wh: bigint;
  seconds: number;
  bridgedSeconds: number;
  readonly rules: Set<ShareRule>;
  readonly from: Set<RegisterObservation>;
}

/** By slot; across the ends of a stretch nothing is known. */
export function partsOfRegisters(
  stretches: readonly Stretch[],
  options: PartOptions,
): ReadonlyMap<number, RegisterPart> {
  const parts = new Map<number, MutablePart>();
  for (const points of stretches) {
    for (const [index, point] of points.entries()) {
      const next = points[index + 1];
      if (next !== undefined) addBetween(parts, point, next, options);
    }
  }
  return parts;
}

function addBetween(parts: Map<number, MutablePart>, from: Point, to: Point, options: PartOptions): void {
  const apart = to.time - from.time;
  if (apart > Math.max(options.bridgeSeconds, options.longestGapSeconds)) return;
  const pieces = piecesOf(from.time, to.time, Number(options.slotSeconds));
  const isNear = pieces.length === 1 || apart <= options.bridgeSeconds;
  const wh = to.count - from.count;
  const shared = isNear ? undefined : options.shareOut(wh, pieces);
  const shares = typeof shared === "object" ? shared : interpolated(wh, apart, pieces, shared);
  for (const [index, { slot, seconds }] of pieces.entries()) {
    const share = shares[index];
    const part = parts.get(slot) ?? { wh: 0n, seconds: 0, bridgedSeconds: 0, rules: new Set(), from: new Set() };
    part.wh += share?.wh ?? 0n;
    part.seconds += seconds;
    if (pieces.length > 1) part.bridgedSeconds = Math.max(part.bridgedSeconds, apart);
    if (share?.rule !== undefined) part.rules.add(share.rule);
    part.from.add(from.observation).add(to.observation);
    parts.set(slot, part);
  }
}

function piecesOf(from: number, to: number, length: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = from; at < to;) {
    const slot = Math.floor(at / length);
    const end = Math.min(to, (slot + 1) * length);
    pieces.push({ slot, seconds: end - at });
    at = end;
  }
  return pieces;
}

/** Linearly: what was counted up to each border is rounded down, so no share depends on the ones after it. */
function interpolated(wh: bigint, apart: number, pieces: readonly Piece[], rule: ShareRule | undefined): Share[] {
  let passed = 0;
  let counted = 0n;
  return pieces.map(({ seconds }) => {
    passed += seconds;
    const until = (wh * BigInt(passed)) / BigInt(apart);
    const share = { wh: until - counted, rule };
    counted = until;
    return share;
  });
}
