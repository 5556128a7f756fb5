/** The transaction chain as the oracle uses it, through the SDK: meters, dates, stored readings, submitting. */
import { ZeroAddress } from "ethers";

import { quorumAt } from "../../sdk/actions/attestations.js";
import { slotLengthOf, timesOf, windowsAt } from "../../sdk/actions/market.js";
import { meteringOperatorAt, metersOf, siteAt } from "../../sdk/actions/grid.js";
import { readingsAt, submitReadings } from "../../sdk/actions/readings.js";
import type { TransactionChain } from "../../sdk/connect.js";
import { AreaLevel, ReadingStatus } from "../../sdk/enums.js";
import { slotTimes, type Windows } from "../../sdk/time/slots.js";
import { ask } from "../../sdk/transact.js";

import type { FindSilent } from "./gap-filler.js";
import type { SubmitBatch } from "./ledger-writer.js";
import type { MarketTimes, MeterDirectory, MeterSite, ReadingDates } from "./types.js";

/** Answers are remembered that long; a rule that would refuse a reading asks anew. */
const REMEMBER_MILLISECONDS = 10 * 60_000;
const REMEMBER_MOST = 20_000;
/**
 * A meter is looked up in one slot for a run of so many: a day of quarter hours. Where it moved within the run, a rule
 * that would refuse asks for the very slot, and what a rule lets through wrongly the ledger refuses.
 */
const SLOTS_TOGETHER = 96n;
/** Meters in one question. */
const ASKED_AT_ONCE = 256;

/** Of whom a question is asked, and which slot or run of slots it is about. */
interface Question {
  readonly of: string;
  readonly at: bigint | string;
  readonly fresh?: boolean;
}

/**
 * Remembers answers for a while, and beyond it while the chain can't be asked; of slots that came meanwhile, what was
 * last known, unless the answer is to be fresh. One question at a time is asked.
 */
class Memory<Value> {
  readonly #known = new Map<string, { readonly value: Value; readonly until: number }>();
  /** By whom was asked of. */
  readonly #last = new Map<string, Value>();
  readonly #asked = new Map<string, Promise<Value>>();

  async get({ of, at, fresh = false }: Question, look: () => Promise<Value>): Promise<Value> {
    const key = `${of}/${at}`;
    const known = this.#known.get(key);
    if (known !== undefined && !fresh && Date.now() < known.until) return known.value;
    try {
      const value = await (fresh ? this.#ask(key, look) : this.#askOnce(key, look));
      if (this.#last.size >= REMEMBER_MOST) this.#last.clear();
      this.#last.set(of, value);
      return value;
    } catch (error) {
      if (known !== undefined) return known.value;
      const last = fresh ? undefined : this.#last.get(of);
      if (last === undefined) throw error;
      return last;
    }
  }

  /** Whoever asks while it is asked already waits for the same answer. */
  #askOnce(key: string, look: () => Promise<Value>): Promise<Value> {
    const under = this.#asked.get(key);
    if (under !== undefined) return under;
    const answer = this.#ask(key, look).finally(() => this.#asked.delete(key));
    this.#asked.set(key, answer);
    return answer;
  }

  async #ask(key: string, look: () => Promise<Value>): Promise<Value> {
    const value = await look();
    if (this.#known.size >= REMEMBER_MOST) this.#known.clear();
    this.#known.set(key, { value, until: Date.now() + REMEMBER_MILLISECONDS });
    return value;
  }
}

/** Where a meter stands; whose feeder it is may change with each slot. */
type Place = Omit<MeterSite, "meteringOperator"> & { readonly feeder: bigint };

/** Meters as the chain's registries have them. */
export class ChainDirectory implements MeterDirectory {
  readonly #chain: TransactionChain;
  readonly #places = new Memory<Place | undefined>();
  readonly #operators = new Memory<string>();
  readonly #attested = new Memory<bigint[]>();

  constructor(chain: TransactionChain) {
    this.#chain = chain;
  }

  async siteOf(
    meter: bigint,
    slot: bigint,
    { fresh }: { readonly fresh: boolean } = { fresh: false },
  ): Promise<MeterSite | undefined> {
    const question = { of: `${meter}`, at: slot / SLOTS_TOGETHER, fresh };
    const place = await this.#places.get(question, () => this.#look(meter, slot));
    if (place === undefined) return undefined;
    const { feeder, ...site } = place;
    return { ...site, meteringOperator: await this.#operatorOf(feeder, slot, fresh) };
  }

  metersOf(operator: string, slot: bigint): Promise<bigint[]> {
    return this.#metersWhere(async (feeder) => (await this.#operatorOf(feeder, slot, false)) === operator);
  }

  /** Meters that may stand at feeders whose readings the operator attests in the slot. */
  metersAttestedBy(operator: string, slot: bigint): Promise<bigint[]> {
    const isAttested = async (feeder: bigint): Promise<boolean> =>
      (await quorumAt(this.#chain, { feeder, slot })).operators.includes(operator);
    return this.#attested.get({ of: operator, at: slot }, () => this.#metersWhere(isAttested));
  }

  async #metersWhere(isWanted: (feeder: bigint) => Promise<boolean>): Promise<bigint[]> {
    const feeders = await this.#feeders();
    const wanted = await Promise.all(feeders.map(isWanted));
    const own = feeders.filter((_, index) => wanted[index]);
    return (await Promise.all(own.map((feeder) => metersOf(this.#chain, { feeder })))).flat();
  }

  async #look(meter: bigint, slot: bigint): Promise<Place | undefined> {
    const site = await siteAt(this.#chain, meter, slot);
    if (site === undefined) return undefined;
    const key = await ask(() => this.#chain.contracts.deviceRegistry.activeMeterKey(meter));
    return { ...site, deviceKey: key === ZeroAddress ? undefined : key };
  }

  #operatorOf(feeder: bigint, slot: bigint, fresh: boolean): Promise<string> {
    return this.#operators.get({ of: `${feeder}`, at: slot, fresh }, () =>
      meteringOperatorAt(this.#chain, feeder, slot),
    );
  }

  async #feeders(): Promise<bigint[]> {
    const { gridTopology } = this.#chain.contracts;
    const from = this.#chain.deployment.deploymentBlock;
    const created = await ask(() => gridTopology.queryFilter(gridTopology.filters.AreaCreated(), from));
    return created.filter(({ args }) => args.level === BigInt(AreaLevel.Feeder)).map(({ args }) => args.area);
  }
}

/** The calendar as the chain has it; while it can't be asked, as its last known windows say. */
export class ChainTimes implements MarketTimes {
  readonly slotSeconds: bigint;
  readonly #chain: TransactionChain;
  readonly #dates = new Memory<ReadingDates>();
  #windows: Windows;

  private constructor(chain: TransactionChain, slotSeconds: bigint, windows: Windows) {
    this.#chain = chain;
    this.slotSeconds = slotSeconds;
    this.#windows = windows;
  }

  static async of(chain: TransactionChain, slot: (slotSeconds: bigint) => bigint): Promise<ChainTimes> {
    const slotSeconds = await slotLengthOf(chain);
    return new ChainTimes(chain, slotSeconds, await windowsAt(chain, slot(slotSeconds)));
  }

  async timesOf(slot: bigint): Promise<ReadingDates> {
    try {
      return await this.#dates.get({ of: `${slot}`, at: "" }, async () => {
        const [dates, windows] = await Promise.all([timesOf(this.#chain, slot), windowsAt(this.#chain, slot)]);
        this.#windows = windows;
        return dates;
      });
    } catch {
      return slotTimes(slot, this.slotSeconds, this.#windows);
    }
  }
}

/**
 * A transaction that is not mined by then (its nonce went to another sender's, its node forgot it) is given up; its
 * readings go out again. Should both be mined, the ledger takes the second as stored.
 */
const MINED_WITHIN_MILLISECONDS = 120_000;

/** Submits batches through the SDK. */
export function submitTo(chain: TransactionChain, minedWithin = MINED_WITHIN_MILLISECONDS): SubmitBatch {
  return async (readings) => (await minedInTime(submitReadings(chain, { readings }), minedWithin)).receipt.hash;
}

/** What was sent, once it is mined; rejects when that takes too long. */
export async function minedInTime<Result>(
  sent: Promise<Result>,
  minedWithin = MINED_WITHIN_MILLISECONDS,
): Promise<Result> {
  const late = new Error(`the batch was not mined within ${minedWithin} ms; it is sent again`);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(late), minedWithin)));
  try {
    return await Promise.race([sent, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Finds the meters of which MeterLedger has no reading. */
export function silentOnChain(chain: TransactionChain): FindSilent {
  return async (meters, slot) => {
    const silent: bigint[] = [];
    for (let from = 0; from < meters.length; from += ASKED_AT_ONCE) {
      const asked = meters.slice(from, from + ASKED_AT_ONCE);
      const stored = await readingsAt(chain, { meters: asked, slot });
      silent.push(...asked.filter((_, index) => stored[index]?.status === ReadingStatus.None));
    }
    return silent;
  };
}
