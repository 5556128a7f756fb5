/** When things happen: the data's slots on the chain's clock, and the rounds in which homes order. */
import type { WindowParameters } from "../../deploy/parameters.js";
import { MAX_PROFILE_SLOTS } from "../forecast/index.js";
import type { Neighbourhood } from "../inputs/index.js";
import type { OrderRound } from "./plan.js";

/** Of 100 homes, so many slots settle in one transaction. */
const MAX_BATCH_SLOTS = 6;

/** Data slot k of the run is chain slot k of the run: the same one in virtual time, one from now on the wall's. */
export class SlotMap {
  /** Chain slots less data slots. */
  readonly shift: number;

  constructor(
    private readonly firstDataSlot: number,
    firstChainSlot: bigint,
  ) {
    this.shift = Number(firstChainSlot) - firstDataSlot;
  }

  /** The same data slots, so many chain slots later. */
  later(slots: number): SlotMap {
    return new SlotMap(this.firstDataSlot, this.toChain(this.firstDataSlot) + BigInt(slots));
  }

  toChain(dataSlot: number): bigint {
    return BigInt(dataSlot + this.shift);
  }

  toData(chainSlot: bigint): number {
    return Number(chainSlot) - this.shift;
  }
}

/**
 * The rounds of a run: as many slots as are open together between the opening of the last and the gate closure of the
 * first, at most a day. What was metered before the round's orders go out is known.
 */
export function orderRounds(
  { firstSlot, slotCount, slotsPerDay }: Neighbourhood,
  windows: WindowParameters,
  chainSlotSeconds: number,
): OrderRound[] {
  const together = Math.floor((windows.opensBefore - windows.gateBefore) / chainSlotSeconds);
  const size = Math.max(1, Math.min(slotsPerDay, MAX_PROFILE_SLOTS, together - 1));
  const rounds: OrderRound[] = [];
  for (let offset = 0; offset < slotCount; offset += size) {
    const count = Math.min(size, slotCount - offset);
    const lead = leadSeconds(windows, count, chainSlotSeconds);
    const first = firstSlot + offset;
    rounds.push({ firstSlot: first, count, knownBefore: first - Math.ceil(lead / chainSlotSeconds) });
  }
  return rounds;
}

/**
 * How long before the delivery of its first slot a round's orders go out: in the middle of the time in which all its
 * slots are open, so that neither a slow relayer nor a slow clock misses it. Seconds.
 */
export function leadSeconds(windows: WindowParameters, count: number, chainSlotSeconds: number): number {
  const lastOpens = windows.opensBefore - (count - 1) * chainSlotSeconds;
  return Math.floor((lastOpens + windows.gateBefore) / 2);
}

/**
 * How many slots are closed, read, settled and finalized together, which spares gas: so many that the readings of the
 * first still come a sixth of the reading window, and a minute, before its end.
 */
export function batchSlots({ readingFor }: WindowParameters, chainSlotSeconds: number): number {
  const wait = readingFor - Math.max(Math.ceil(readingFor / 6), 60);
  return Math.min(MAX_BATCH_SLOTS, 1 + Math.floor(wait / chainSlotSeconds));
}

/** Unix seconds at which the chain must start so that a set-up of `setupSeconds` precedes the first slot's opening. */
export function genesisTime(
  firstSlot: number,
  slotSeconds: number,
  windows: WindowParameters,
  setupSeconds: number,
): bigint {
  const slots = 3 + Math.ceil(setupSeconds / slotSeconds);
  return BigInt((firstSlot - slots) * slotSeconds - windows.opensBefore);
}
