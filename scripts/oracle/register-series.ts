/**
 * One register of a meter, made one growing count: rollovers unwrapped, exchanges and resets of the meter cut, and what
 * can't be true left out. A stretch is a row of observations of which each follows the one before: the same meter, not
 * less, and not more than the connection carries in the time between.
 */
import type { Break, RefusedObservation } from "./slot-energy.js";
import type { Direction, RegisterObservation } from "./sources/observation.js";

export interface RegisterLimits {
  /** What the connection carries at most, in W, in either direction. */
  readonly maxWatts: bigint;
  /** Where the register starts again from 0, in Wh: 10^9 for six digits of kWh. Undefined: it never does. */
  readonly rolloverWh?: bigint | undefined;
  /** How coarsely the register counts, in Wh: a step of it is no spike. */
  readonly stepWh?: bigint | undefined;
  /** How far above `maxWatts` a register is still believed, in percent; default 0. */
  readonly spikePercent?: number | undefined;
}

/** A register's count at a moment: what it showed, and all rollovers of the stretch before. */
export interface Point {
  readonly time: number;
  readonly count: bigint;
  readonly observation: RegisterObservation;
}

/** Points in order of time, their counts never falling. */
export type Stretch = readonly Point[];

export interface RegisterSeries {
  readonly stretches: readonly Stretch[];
  readonly breaks: readonly Break[];
  readonly refused: readonly RefusedObservation[];
}

/** Two tariffs of 1 Wh each, cut off. */
export const DEFAULT_STEP_WH = 10n;

/** Follows the register of that direction through observations of one meter, in any order. */
export function followRegister(
  observations: readonly RegisterObservation[],
  direction: Direction,
  limits: RegisterLimits,
): RegisterSeries {
  const follower = new Follower(direction, limits);
  const inOrder = observations.filter((observation) => observation[direction] !== undefined);
  inOrder.sort((a, b) => a.time - b.time || compare(a[direction] ?? 0n, b[direction] ?? 0n) || byOrigin(a, b));
  for (const observation of inOrder) follower.take(observation);
  return follower.finish();
}

const SECONDS_PER_HOUR = 3600n;

/** The most that is believed to flow in that time one way, in Wh, rounded up. */
export function mostWh({ maxWatts, spikePercent = 0 }: RegisterLimits, seconds: number): bigint {
  const parts = maxWatts * BigInt(100 + spikePercent) * BigInt(seconds);
  return (parts + 100n * SECONDS_PER_HOUR - 1n) / (100n * SECONDS_PER_HOUR);
}

/** What the connection carries in that time one way, in Wh, rounded down. */
export function carriedWh(maxWatts: bigint, seconds: number): bigint {
  return (maxWatts * BigInt(seconds)) / SECONDS_PER_HOUR;
}

class Follower {
  readonly #direction: Direction;
  readonly #limits: RegisterLimits;
  readonly #stretches: Point[][] = [];
  readonly #breaks: Break[] = [];
  readonly #refused: RefusedObservation[] = [];
  #stretch: Point[] = [];
  /** Of the meter of the stretch, once it has said it. */
  #serial: string | undefined;
  /** Does not follow the stretch. What comes next tells whether the meter went on from it, or it was wrong. */
  #doubtful: Point | undefined;

  constructor(direction: Direction, limits: RegisterLimits) {
    this.#direction = direction;
    this.#limits = limits;
  }

  take(observation: RegisterObservation): void {
    const last = this.#stretch.at(-1);
    if (last === undefined) return this.#start(observation);
    if (this.#isSaidTwice(last, observation) || this.#isSaidTwice(this.#doubtful, observation)) return;
    if (last.time === observation.time)
      return this.#refuse(observation, "duplicate", "another value of the same moment is known");
    if (this.#isExchange(observation)) return this.#cut("exchange", [this.#point(observation)]);
    const next = this.#following(last, observation);
    if (next !== undefined) {
      this.#refuseDoubtful();
      this.#stretch.push(next);
    } else {
      this.#doubt(last, observation);
    }
  }

  finish(): RegisterSeries {
    // the last doubtful one stays open: neither booked nor refused until the next observation tells
    this.#close();
    return { stretches: this.#stretches, breaks: this.#breaks, refused: this.#refused };
  }

  #doubt(last: Point, observation: RegisterObservation): void {
    // a meter that has not been read yet shows 0, as often as it likes: a register that was counting never restarts with it
    if (this.#show(observation) === 0n) {
      return this.#refuse(
        observation,
        "zero-register",
        `the register shows 0 after ${this.#show(last.observation)} Wh`,
      );
    }
    const doubtful = this.#doubtful;
    const next = doubtful === undefined ? undefined : this.#following(doubtful, observation);
    if (doubtful === undefined || next === undefined) {
      this.#refuseDoubtful();
      this.#doubtful = this.#point(observation);
      return;
    }
    this.#doubtful = undefined;
    this.#cut(this.#show(doubtful.observation) < this.#show(last.observation) ? "reset" : "jump", [doubtful, next]);
  }

  /** The observation as the next point after another, if it can be that. */
  #following(before: Point, observation: RegisterObservation): Point | undefined {
    if (observation.time <= before.time) return undefined;
    const { rolloverWh } = this.#limits;
    const grown = this.#show(observation) - this.#show(before.observation);
    const most = this.#mostIn(observation.time - before.time);
    for (const difference of rolloverWh === undefined ? [grown] : [grown, grown + rolloverWh]) {
      if (difference < 0n || difference > most) continue;
      return { time: observation.time, count: before.count + difference, observation };
    }
    return undefined;
  }

  /** What is believed in that time, and a step of the register, in Wh. */
  #mostIn(seconds: number): bigint {
    return mostWh(this.#limits, seconds) + (this.#limits.stepWh ?? DEFAULT_STEP_WH);
  }

  #start(observation: RegisterObservation): void {
    this.#serial = observation.serial;
    this.#stretch = [this.#point(observation)];
  }

  #isSaidTwice(point: Point | undefined, observation: RegisterObservation): boolean {
    return point?.time === observation.time && this.#show(point.observation) === this.#show(observation);
  }

  /** Another meter says another serial number; one that says none may be any. */
  #isExchange({ serial }: RegisterObservation): boolean {
    const before = this.#serial;
    this.#serial = serial ?? before;
    return before !== undefined && serial !== undefined && before !== serial;
  }

  /** Ends the stretch, and starts the next one with those points. */
  #cut(reason: Break["reason"], next: Point[]): void {
    this.#refuseDoubtful();
    const [before, after] = [this.#stretch.at(-1), next[0]];
    if (reason === "jump" && this.#stretch.every(({ count }) => count === 0n)) {
      // it never counted: these were the zeros of a meter not read yet, and nothing flowed by them
      for (const { observation } of this.#stretch) {
        this.#refuse(observation, "zero-register", "the register showed 0 until it was read");
      }
      this.#stretch = [];
    } else if (before !== undefined && after !== undefined) {
      const sides = { before: before.observation, after: after.observation };
      this.#breaks.push({ direction: this.#direction, reason, ...sides });
    }
    this.#close();
    this.#stretch = next;
  }

  #close(): void {
    if (this.#stretch.length > 0) this.#stretches.push(this.#stretch);
    this.#stretch = [];
  }

  #refuseDoubtful(): void {
    const [last, doubtful] = [this.#stretch.at(-1), this.#doubtful];
    this.#doubtful = undefined;
    if (last === undefined || doubtful === undefined) return;
    const [shown, before] = [this.#show(doubtful.observation), this.#show(last.observation)];
    if (shown < before)
      this.#refuse(doubtful.observation, "not-monotonic", `${shown} Wh is less than ${before} Wh before`);
    else this.#refuse(doubtful.observation, "spike", `${shown} Wh is more than can follow ${before} Wh`);
  }

  #refuse(observation: RegisterObservation, rule: RefusedObservation["rule"], reason: string): void {
    this.#refused.push({ observation, rule, reason });
  }

  #show(observation: RegisterObservation): bigint {
    return observation[this.#direction] ?? 0n;
  }

  #point(observation: RegisterObservation): Point {
    return { time: observation.time, count: this.#show(observation), observation };
  }
}

function compare(left: bigint | string, right: bigint | string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Of the same that came twice, the one that came first. */
function byOrigin(a: RegisterObservation, b: RegisterObservation): number {
  return compare(a.serial ?? "", b.serial ?? "") || (a.receivedAt ?? 0) - (b.receivedAt ?? 0);
}
