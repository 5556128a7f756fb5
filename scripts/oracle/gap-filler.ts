/**
 * The metering operator's estimates. A meter that is silent until late in the reading window gets the mean of the same
 * slot of similar days before (its own profile), else the standard profile, never more than its connection carries;
 * signed by the operator, of status estimated. The meter's own reading still replaces it while actuals are taken.
 */
import type { Signer } from "ethers";

import { ReadingStatus } from "../../sdk/enums.js";
import { signReading, type SignedReading } from "../../sdk/signing/readings.js";
import type { SigningDomain } from "../../sdk/signing/typed-data.js";
import type { SlotClock, SlotValue } from "../forecast/forecast.js";

import type { GapFiller, MarketTimes, MeterDirectory, Outbox, ReadingDates } from "./types.js";
import { HomeProfile } from "./vee/profile.js";

/** What meters measured before; undefined where nothing is known. */
export interface MeterHistory {
  valueAt(meter: bigint, slot: bigint): SlotValue | undefined;
}

/** Tells which of the meters have no reading in the slot. */
export type FindSilent = (meters: readonly bigint[], slot: bigint) => Promise<bigint[]>;

export interface ProfileEstimatorParts {
  readonly directory: MeterDirectory;
  readonly history: MeterHistory;
  readonly findSilent: FindSilent;
  readonly operator: Signer;
  readonly ledger: SigningDomain;
  readonly clock: SlotClock;
}

/** When estimates for a slot are made: after three quarters of its reading window; the chain takes them to its end. */
export function estimatesFrom({ deliveryEnd, readingEnd }: ReadingDates): bigint {
  return readingEnd - (readingEnd - deliveryEnd) / 4n;
}

/** The first slot worth filling: older ones take no estimate. Two windows back, for one may have been postponed. */
export async function oldestToFill(times: MarketTimes, currentSlot: bigint): Promise<bigint> {
  const { deliveryEnd, readingEnd } = await times.timesOf(currentSlot);
  return currentSlot - (2n * (readingEnd - deliveryEnd)) / times.slotSeconds - 1n;
}

/** How far slots were filled, by a mark in the outbox. One of the future is of a clock that was wrong: it counts as none. */
export function filledUntil(outbox: Pick<Outbox, "mark">, name: string, currentSlot: bigint): bigint | undefined {
  const mark = outbox.mark(name);
  return mark !== undefined && mark > currentSlot ? undefined : mark;
}

export class ProfileEstimator implements GapFiller {
  readonly #parts: ProfileEstimatorParts;

  constructor(parts: ProfileEstimatorParts) {
    this.#parts = parts;
  }

  async fill(slot: bigint): Promise<SignedReading[]> {
    const { directory, operator, findSilent } = this.#parts;
    const own = await operator.getAddress();
    const silent = await findSilent(await directory.metersOf(own, slot), slot);
    const estimates: SignedReading[] = [];
    for (const meter of silent) {
      const site = await directory.siteOf(meter, slot);
      if (site?.meteringOperator !== own) continue; // it stood elsewhere in that slot
      estimates.push(await this.#estimate(meter, slot, site.connectionWh));
    }
    return estimates;
  }

  #estimate(meter: bigint, slot: bigint, connectionWh: bigint): Promise<SignedReading> {
    const { history, clock, operator, ledger } = this.#parts;
    const past = { valueAt: (earlier: number) => history.valueAt(meter, BigInt(earlier)) };
    const value = new HomeProfile({ history: past, clock, connectionWh }).valueAt(Number(slot));
    if (value === undefined) throw new Error("a profile with no rule off has a value of every slot");
    return signReading(operator, ledger, {
      meter,
      slot,
      importWh: value.importWh,
      exportWh: value.exportWh,
      status: ReadingStatus.Estimated,
      sequence: 1n,
    });
  }
}

/** What the outbox has seen measured: actual or corrected. */
export function outboxHistory(outbox: Pick<Outbox, "latestAt">): MeterHistory {
  return {
    valueAt: (meter, slot) => {
      const value = outbox.latestAt(meter, slot);
      const isMeasured = value?.status === ReadingStatus.Actual || value?.status === ReadingStatus.Corrected;
      return isMeasured ? { importWh: Number(value.importWh), exportWh: Number(value.exportWh) } : undefined;
    },
  };
}

/** Silent are the meters of which neither the outbox nor, if there is one to ask, the chain knows a reading. */
export function findSilent(outbox: Outbox, onChain?: FindSilent): FindSilent {
  return async (meters, slot) => {
    const unknown = meters.filter((meter) => !outbox.has(meter, slot));
    return onChain === undefined ? unknown : onChain(unknown, slot);
  };
}
