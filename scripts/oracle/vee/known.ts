/**
 * What the observations of a meter tell of each slot, one direction: whole slots with the rule that made their energy,
 * and parts of slots where the observations end. Registers and intervals together: intervals lie exactly in slots, the
 * registers say what is missing between them.
 */
import { ReadingStatus } from "../../../sdk/enums.js";
import { partsOfIntervals, type IntervalPart } from "../intervals.js";
import { carriedWh, type Stretch } from "../register-series.js";
import { partsOfRegisters, type Piece, type RegisterPart, type Share } from "../registers.js";
import { statusRank, type Direction, type IntervalObservation, type Observation } from "../sources/observation.js";

import type { FullPolicy } from "./policy.js";
import type { HomeProfile } from "./profile.js";
import { ruleRank, statusOfRule, type ShareRule, type VeeRule } from "./rules.js";
import { shareOut } from "./share.js";

/** What is known of one direction of a slot. */
export interface Known {
  readonly wh: bigint;
  /** How much of the slot it covers. */
  readonly seconds: number;
  readonly bridgedSeconds: number;
  readonly rule: VeeRule;
  readonly status: ReadingStatus;
}

/** Energy that was counted, and found no room under the connection until the next slot of which nothing is known. */
export interface Unplaced {
  readonly direction: Direction;
  /** The last slot that it was counted before the end of. */
  readonly slot: bigint;
  readonly wh: bigint;
}

export interface KnownDirection {
  readonly direction: Direction;
  readonly slots: ReadonlyMap<number, Known>;
  /** From here to there the direction was observed, Unix seconds; after it more may come. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly unplaced: readonly Unplaced[];
}

/** A meter's observations of one direction, judged. */
export interface JudgedDirection {
  readonly direction: Direction;
  readonly stretches: readonly Stretch[];
  readonly intervals: readonly IntervalObservation[];
  /** Those of the intervals that don't add up to the register. */
  readonly failed: ReadonlySet<IntervalObservation>;
  /** Registers read by a slow clock. */
  readonly slow: ReadonlySet<Observation>;
}

export function knownOf(judged: JudgedDirection, policy: FullPolicy, profile: HomeProfile): KnownDirection {
  const { direction, stretches, intervals, failed } = judged;
  const length = Number(policy.slotSeconds);
  const said = partsOfIntervals(
    intervals.filter((interval) => !failed.has(interval)),
    direction,
    policy.slotSeconds,
  );
  const shape = partsOfIntervals(failed, direction, policy.slotSeconds);
  const sharer = new Sharer(direction, policy, profile, { said, shape });
  const counted = partsOfRegisters(stretches, { ...policy, shareOut: sharer.shareOut.bind(sharer) });
  const slots = new Map<number, Known>();
  for (const slot of [...new Set([...said.keys(), ...counted.keys()])].sort((a, b) => a - b)) {
    const known = [
      fromIntervals(said.get(slot)),
      fromRegisters(counted.get(slot), shape.has(slot), judged.slow),
    ].filter((candidate) => candidate !== undefined);
    known.sort((a, b) => b.seconds - a.seconds || statusRank(a.status) - statusRank(b.status));
    if (known[0] !== undefined) slots.set(slot, known[0]);
  }
  return {
    direction,
    slots,
    ...seen(judged),
    unplaced: fitToConnection(slots, direction, carriedWh(policy.maxWatts, length)),
  };
}

function fromIntervals(part: IntervalPart | undefined): Known | undefined {
  return part && { ...part, bridgedSeconds: 0, rule: part.status === ReadingStatus.Actual ? "measured" : "delivered" };
}

function fromRegisters(
  part: RegisterPart | undefined,
  isDoubted: boolean,
  slow: ReadonlySet<Observation>,
): Known | undefined {
  if (part === undefined) return undefined;
  const { wh, seconds, bridgedSeconds } = part;
  const rules: Exclude<VeeRule, "delivered">[] = ["measured", ...part.rules];
  if (isDoubted) rules.push("sum-check");
  if ([...part.from].some((observation) => slow.has(observation))) rules.push("clock-drift");
  const rule = rules.reduce((a, b) => (ruleRank(b) > ruleRank(a) ? b : a));
  return { wh, seconds, bridgedSeconds, rule, status: statusOfRule(rule) };
}

function seen({ direction, stretches, intervals }: JudgedDirection): { firstSeen: number; lastSeen: number } {
  const spoken = intervals.filter((interval) => interval[direction] !== undefined);
  const points = stretches.flatMap((stretch) => [stretch[0], stretch.at(-1)]).filter((point) => point !== undefined);
  const starts = [...spoken.map(({ start }) => start), ...points.map(({ time }) => time)];
  const ends = [...spoken.map(({ end }) => end), ...points.map(({ time }) => time)];
  return {
    firstSeen: starts.reduce((a, b) => Math.min(a, b), Infinity),
    lastSeen: ends.reduce((a, b) => Math.max(a, b), -Infinity),
  };
}

/** Moves what is more than the connection carries in a slot to the next slots with room, as long as they are known. */
function fitToConnection(slots: Map<number, Known>, direction: Direction, connectionWh: bigint): Unplaced[] {
  const unplaced: Unplaced[] = [];
  let [carried, previous] = [0n, Number.NaN];
  const drop = (): void => {
    if (carried > 0n) unplaced.push({ direction, slot: BigInt(previous), wh: carried });
    carried = 0n;
  };
  for (const [slot, known] of slots) {
    if (slot !== previous + 1) drop();
    const wanted = known.wh + carried;
    const wh = wanted > connectionWh ? connectionWh : wanted;
    if (wh !== known.wh || wanted !== wh) slots.set(slot, moved(known, wh));
    [carried, previous] = [wanted - wh, slot];
  }
  drop();
  return unplaced;
}

function moved(known: Known, wh: bigint): Known {
  const rule = ruleRank(known.rule) > ruleRank("connection-cap") ? known.rule : "connection-cap";
  const status = rule === "connection-cap" ? statusOfRule(rule) : known.status;
  return { ...known, wh, rule, status: statusRank(status) > statusRank(known.status) ? status : known.status };
}

/** Shares out what registers counted between two observations that lie far apart. */
class Sharer {
  readonly #direction: Direction;
  readonly #policy: FullPolicy;
  readonly #profile: HomeProfile;
  readonly #intervals: Record<"said" | "shape", ReadonlyMap<number, IntervalPart>>;

  constructor(
    direction: Direction,
    policy: FullPolicy,
    profile: HomeProfile,
    intervals: Record<"said" | "shape", ReadonlyMap<number, IntervalPart>>,
  ) {
    this.#direction = direction;
    this.#policy = policy;
    this.#profile = profile;
    this.#intervals = intervals;
  }

  /** What intervals say stays with their slots; the rest goes to the others. */
  shareOut(wh: bigint, pieces: readonly Piece[]): Share[] | "interpolation" {
    const said = pieces.map((piece) => this.#said(piece));
    const open = pieces.filter((_, index) => said[index] === undefined);
    const weights = this.#weights(open);
    const isLinear = weights.every(({ rule }) => rule === "interpolation");
    if (open.length === pieces.length && isLinear) return "interpolation";
    const rest = said.reduce<bigint>((left, part) => left - (part ?? 0n), wh);
    const caps = open.map(({ seconds }) => carriedWh(this.#policy.maxWatts, seconds));
    const weighted = weights.map(({ weight }, index) => ({ weight, cap: caps[index] ?? 0n }));
    const shared = shareOut(rest > 0n ? rest : 0n, weighted).values();
    const rules = weights.values();
    return said.map((part) => {
      if (part !== undefined) return { wh: part, rule: "interpolation" }; // the slot takes the interval itself
      return { wh: shared.next().value ?? 0n, rule: rules.next().value?.rule };
    });
  }

  /** Of a slot that intervals cover whole; what the source itself estimated gives way to the register's sum. */
  #said({ slot, seconds }: Piece): bigint | undefined {
    const length = Number(this.#policy.slotSeconds);
    const part = this.#intervals.said.get(slot);
    if (part?.seconds !== length || part.status === ReadingStatus.Estimated) return undefined;
    return (part.wh * BigInt(seconds)) / BigInt(length);
  }

  /** By the first way that says anything of all pieces. */
  #weights(pieces: readonly Piece[]): Weight[] {
    const { interpolateSeconds, off } = this.#policy;
    const even = (rule: ShareRule): Weight[] => pieces.map(({ seconds }) => ({ weight: BigInt(seconds), rule }));
    const shaped = pieces.map((piece) => this.#shaped(piece));
    const seconds = pieces.reduce((sum, piece) => sum + piece.seconds, 0);
    const isShort = seconds <= interpolateSeconds && !off.includes("interpolation");
    if (isShort && shaped.includes(undefined)) return even("interpolation");
    const own = pieces.map((piece, index) => shaped[index] ?? this.#weight(piece, "weightAt"));
    const standard = pieces.map((piece) => this.#weight(piece, "standardWeightAt"));
    for (const way of [own, standard]) {
      const complete = way.filter((weight) => weight !== undefined);
      if (complete.length === pieces.length && complete.some(({ weight }) => weight > 0n)) return complete;
    }
    return even("even-to-sum");
  }

  /** The shape of intervals whose sum is not the register's. */
  #shaped({ slot, seconds }: Piece): Weight | undefined {
    const part = this.#intervals.shape.get(slot);
    if (part?.seconds !== Number(this.#policy.slotSeconds)) return undefined;
    return { weight: part.wh * 1000n * BigInt(seconds), rule: "sum-check" };
  }

  #weight({ slot, seconds }: Piece, way: "weightAt" | "standardWeightAt"): Weight | undefined {
    const found = this.#profile[way](slot, this.#direction);
    return found && { weight: found.weight * BigInt(seconds), rule: found.rule };
  }
}

/** What a piece weighs among others, and the rule that says so. */
interface Weight {
  readonly weight: bigint;
  readonly rule: ShareRule;
}
