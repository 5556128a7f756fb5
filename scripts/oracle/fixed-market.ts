/** A market that is given, for simulations and tests: meters that stay where they are, windows that never change. */
import { getAddress } from "ethers";

import { slotTimes, type Windows } from "../../sdk/time/slots.js";

import type { MarketTimes, MeterDirectory, MeterSite } from "./types.js";

/** The same meters in every slot. */
export class FixedDirectory implements MeterDirectory {
  readonly #sites: ReadonlyMap<bigint, MeterSite>;

  constructor(sites: ReadonlyMap<bigint, MeterSite>) {
    this.#sites = new Map(
      [...sites].map(([meter, site]) => {
        const deviceKey = site.deviceKey === undefined ? undefined : getAddress(site.deviceKey);
        return [meter, { ...site, deviceKey, meteringOperator: getAddress(site.meteringOperator) }];
      }),
    );
  }

  siteOf(meter: bigint): Promise<MeterSite | undefined> {
    return Promise.resolve(this.#sites.get(meter));
  }

  metersOf(operator: string): Promise<bigint[]> {
    const own = [...this.#sites].filter(([, site]) => site.meteringOperator === getAddress(operator));
    return Promise.resolve(own.map(([meter]) => meter));
  }
}

/** A calendar whose windows never change. */
export function fixedTimes(slotSeconds: bigint, windows: Windows): MarketTimes {
  return { slotSeconds, timesOf: (slot) => Promise.resolve(slotTimes(slot, slotSeconds, windows)) };
}
