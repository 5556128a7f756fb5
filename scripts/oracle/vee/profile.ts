/**
 * What a home does in a slot of which nothing was measured: the mean of its own similar days before, else the standard
 * profile. One way for the slots of meters that are read here and for silent meters that sign themselves.
 */
import {
  meanOfDaysBefore,
  standardShape,
  standardValue,
  type PastValues,
  type SlotClock,
  type SlotValue,
} from "../../forecast/forecast.js";
import { DIRECTIONS, type Direction } from "../sources/observation.js";

import type { SwitchableRule } from "./rules.js";

/** Gross, in Wh. */
export interface ProfileValue {
  readonly importWh: bigint;
  readonly exportWh: bigint;
  readonly rule: "own-profile" | "standard-profile";
}

/** How a direction lies over the slots: weights of one another, in thousandths of Wh. */
export interface ProfileWeight {
  readonly weight: bigint;
  readonly rule: "own-profile-to-sum" | "standard-profile-to-sum";
}

export interface ProfileParts {
  readonly history: PastValues;
  readonly clock: SlotClock;
  /** What the connection carries in a slot, in Wh. */
  readonly connectionWh: bigint;
  readonly off?: readonly SwitchableRule[];
}

export class HomeProfile {
  readonly #parts: ProfileParts;
  /** The home's own mean by slot, once it was asked for. */
  readonly #own = new Map<number, SlotValue | undefined>();

  constructor(parts: ProfileParts) {
    this.#parts = parts;
  }

  /** At most what the connection carries; undefined where the rules that could say it are off. */
  valueAt(slot: number): ProfileValue | undefined {
    const own = this.#ownAt(slot);
    if (own !== undefined) return { ...this.#capped(own), rule: "own-profile" };
    if (this.#isOff("standard-profile")) return undefined;
    return { ...this.#capped(standardValue(this.#parts.clock, slot, 0)), rule: "standard-profile" };
  }

  /** Of the home's own days, else the standard shape; undefined where those rules are off. */
  weightAt(slot: number, direction: Direction): ProfileWeight | undefined {
    const own = this.#ownAt(slot);
    if (own === undefined) return this.standardWeightAt(slot, direction);
    return { weight: thousandths(own[direction]), rule: "own-profile-to-sum" };
  }

  standardWeightAt(slot: number, direction: Direction): ProfileWeight | undefined {
    if (this.#isOff("standard-profile")) return undefined;
    const { clock, connectionWh } = this.#parts;
    const shape = standardShape(clock, slot, direction, Number(connectionWh));
    return { weight: thousandths(shape), rule: "standard-profile-to-sum" };
  }

  #ownAt(slot: number): SlotValue | undefined {
    if (this.#isOff("own-profile")) return undefined;
    if (!this.#own.has(slot)) this.#own.set(slot, meanOfDaysBefore(this.#parts.history, this.#parts.clock, slot));
    return this.#own.get(slot);
  }

  #isOff(rule: SwitchableRule): boolean {
    return this.#parts.off?.includes(rule) ?? false;
  }

  #capped(value: SlotValue): Record<Direction, bigint> {
    const { connectionWh } = this.#parts;
    const [importWh = 0n, exportWh = 0n] = DIRECTIONS.map((direction) => {
      const wh = BigInt(value[direction]);
      return wh < connectionWh ? wh : connectionWh;
    });
    return { importWh, exportWh };
  }
}

/** Rounded to the nearest. */
function thousandths(wh: number): bigint {
  return BigInt(Math.round(wh * 1000));
}
