/**
 * Seconds estimates. Those of a feeder's metering operator are made on its own machine and come over no broker, so the
 * other operators of a quorum find them on the chain: what it attests for a meter that is silent here as well, and no
 * more than its connection carries, is attested too. Whoever has a reading of the meter attests that instead.
 */
import { attestationsAt, attestReadings, hasQuorums } from "../../sdk/actions/attestations.js";
import { MAX_ATTESTED } from "../../sdk/bounds.js";
import type { TransactionChain } from "../../sdk/connect.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { Reading } from "../../sdk/signing/readings.js";

import { minedInTime, type ChainDirectory } from "./chain.js";
import { estimatesFrom } from "./gap-filler.js";
import type { Clock, MarketTimes, Outbox } from "./types.js";

export interface EstimateSeconderParts {
  /** The chain under the key of the moment. */
  readonly chainOf: () => TransactionChain;
  readonly directory: Pick<ChainDirectory, "metersAttestedBy" | "siteOf">;
  readonly outbox: Pick<Outbox, "has">;
  readonly times: MarketTimes;
  readonly clock: Clock;
}

const ESTIMATES: readonly ReadingStatus[] = [ReadingStatus.Estimated, ReadingStatus.Substituted];

export class EstimateSeconder {
  readonly #parts: EstimateSeconderParts;
  #running: Promise<number> | undefined;

  constructor(parts: EstimateSeconderParts) {
    this.#parts = parts;
  }

  /** Attests the estimates of all slots in whose time it is; returns how many. Called again meanwhile, it is the same call. */
  second(): Promise<number> {
    this.#running ??= this.#second().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  async #second(): Promise<number> {
    const chain = this.#parts.chainOf();
    const own = await chain.signer?.getAddress();
    if (own === undefined || !(await hasQuorums(chain))) return 0;
    const found: Reading[] = [];
    for (const slot of await this.#slots()) {
      for (const meter of await this.#parts.directory.metersAttestedBy(own, slot)) {
        const estimate = await this.#estimateOf(chain, own, meter, slot);
        if (estimate !== undefined) found.push(estimate);
      }
    }
    for (let from = 0; from < found.length; from += MAX_ATTESTED) {
      await minedInTime(attestReadings(chain, { readings: found.slice(from, from + MAX_ATTESTED) }));
    }
    return found.length;
  }

  /** Those that are estimated now: the last quarter of their reading window runs. */
  async #slots(): Promise<bigint[]> {
    const { times, clock } = this.#parts;
    const now = BigInt(clock.now());
    const slots: bigint[] = [];
    for (let slot = now / times.slotSeconds - 1n; slot >= 0n; slot -= 1n) {
      const dates = await times.timesOf(slot);
      if (now >= dates.readingEnd) break;
      if (now >= estimatesFrom(dates)) slots.push(slot);
    }
    return slots;
  }

  /** What the metering operator attests and this one should. */
  async #estimateOf(chain: TransactionChain, own: string, meter: bigint, slot: bigint): Promise<Reading | undefined> {
    const { directory, outbox } = this.#parts;
    if (outbox.has(meter, slot)) return undefined;
    const site = await directory.siteOf(meter, slot);
    if (site === undefined || site.meteringOperator === own) return undefined;
    const attestations = await attestationsAt(chain, { meter, slot });
    const of = (account: string) => attestations.find(({ operator }) => operator === account)?.reading;
    const [estimate, before] = [of(site.meteringOperator), of(own)];
    if (estimate === undefined || !ESTIMATES.includes(estimate.status)) return undefined;
    if (before !== undefined && !(ESTIMATES.includes(before.status) && before.sequence < estimate.sequence)) {
      return undefined; // its own word stands
    }
    const largest = estimate.importWh > estimate.exportWh ? estimate.importWh : estimate.exportWh;
    return largest > site.connectionWh ? undefined : { meter, slot, ...estimate };
  }
}
