/**
 * Moves readings from the outbox to the chain in batches, several under way at once: one alone would bring a batch a
 * block. After a failure they go one by one again until one has come through.
 */
import type { Logger } from "pino";

import { Patience } from "./patience.js";
import type { ChainWriter, Outbox, OutboxEntry, WriteResult } from "./types.js";

export interface SenderOptions {
  /** Readings in one transaction. */
  readonly batchSize?: number;
  /** Batches sent and not yet answered. */
  readonly mostUnderWay?: number;
  /** How long a batch that isn't full waits for more. */
  readonly lingerMilliseconds?: number;
  /** Pause after the first failure; it doubles with each further one. */
  readonly firstRetryMilliseconds?: number;
  readonly longestRetryMilliseconds?: number;
  /** How long readings first wait for other operators' attestations; it doubles each time, up to the longest pause. */
  readonly firstPatienceMilliseconds?: number;
  /** Failures in a row, or waits for others in vain, after which `drain` gives up; sending goes on. Default: never. */
  readonly drainAttempts?: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const DEFAULTS: Required<SenderOptions> = {
  batchSize: 100,
  mostUnderWay: 32,
  lingerMilliseconds: 1000,
  firstRetryMilliseconds: 500,
  longestRetryMilliseconds: 60_000,
  firstPatienceMilliseconds: 2000,
  drainAttempts: Number.POSITIVE_INFINITY,
};

export class Sender {
  readonly #outbox: Outbox;
  readonly #writer: ChainWriter;
  readonly #log: Logger;
  readonly #options: Required<SenderOptions>;
  readonly #drains: Waiter[] = [];
  /** Readings that wait for other operators: of state sent, so that those behind them go on. */
  readonly #patience: Patience;
  #waitsInVain = 0;
  /** To be waiting again; the disk may have been full when that was to be written. */
  readonly #toRelease = new Set<bigint>();
  /** None of them rejects. */
  readonly #underWay = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #stopping = false;
  /** Why a batch under way failed; no other is sent before all have been answered. */
  #broken: { readonly error: unknown } | undefined;
  #failures = 0;
  #reason: string | undefined;
  #news = 0;
  #wake: () => void = () => undefined;

  constructor(outbox: Outbox, writer: ChainWriter, log: Logger, options: SenderOptions = {}) {
    this.#outbox = outbox;
    this.#writer = writer;
    this.#log = log;
    this.#options = { ...DEFAULTS, ...options };
    this.#patience = new Patience(this.#options.firstPatienceMilliseconds, this.#options.longestRetryMilliseconds);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Failures in a row, and the last one's reason; 0 when the last batch went through. */
  get trouble(): { readonly failures: number; readonly reason: string | undefined } {
    return { failures: this.#failures, reason: this.#failures === 0 ? undefined : this.#reason };
  }

  /** Says that the outbox has more. */
  notify(): void {
    this.#news += 1;
    this.#wake();
  }

  /** Resolves once everything in the outbox is confirmed or rejected. */
  drain(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#drains.push({ resolve, reject });
      this.#wake();
    });
  }

  /** Finishes the batches under way and stops. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#running;
    this.#settleDrains(new Error("the oracle stopped before the outbox was empty"));
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        if (this.#broken === undefined) await this.#step();
      } catch (error) {
        this.#broken = { error };
      }
      if (this.#broken !== undefined) await this.#backOff();
    }
    await Promise.all(this.#underWay);
  }

  async #step(): Promise<void> {
    const { batchSize, mostUnderWay, lingerMilliseconds } = this.#options;
    if (this.#underWay.size >= (this.#failures > 0 ? 1 : mostUnderWay)) return this.#pause();
    this.#release(this.#patience.due(Date.now()));
    const waiting = this.#outbox.nextBatch(batchSize);
    if (waiting.length === 0) {
      const next = this.#patience.next();
      if (next !== undefined) return this.#pause(next - Date.now());
      if (this.#underWay.size === 0) this.#settleDrains();
      return this.#pause();
    }
    if (waiting.length < batchSize) await this.#linger(batchSize - waiting.length, lingerMilliseconds);
    if (this.#stopping || this.#broken !== undefined) return;
    const batch = this.#outbox.nextBatch(batchSize);
    this.#outbox.markSent(batch.map(({ id }) => id));
    const answered = this.#send(batch)
      .then(
        () => (this.#failures = this.#broken === undefined ? 0 : this.#failures),
        (error: unknown) => (this.#broken ??= { error }),
      )
      .then(() => {
        this.#underWay.delete(answered);
        this.#wake();
      });
    this.#underWay.add(answered);
  }

  /** Waits for so many more readings; cut short by a drain or a stop. */
  async #linger(wanted: number, milliseconds: number): Promise<void> {
    const until = Date.now() + milliseconds;
    this.#news = 0;
    while (this.#news < wanted && Date.now() < until && this.#drains.length === 0 && !this.#stopping) {
      await this.#pause(until - Date.now());
    }
  }

  async #send(batch: readonly OutboxEntry[]): Promise<void> {
    const ids = batch.map((entry) => entry.id);
    let patient = new Set<bigint>();
    try {
      const result = await this.#writer.write(batch);
      const { confirmed, rejected, deferred } = result;
      patient = this.#waitForOthers(result);
      for (const [hash, own] of byHash(confirmed)) this.#outbox.confirm(own, hash);
      for (const { id, reason } of rejected) {
        this.#outbox.reject(id, reason);
        this.#log.warn({ reading: describe(batch, id), reason }, "the chain refused a reading");
      }
      if (confirmed.length > 0) this.#log.info({ readings: confirmed.length }, "readings are on the chain");
      if (deferred.length > 0)
        throw new Error(`the chain doesn't take ${deferred.length} readings yet: its clock is behind`);
    } finally {
      this.#release(ids.filter((id) => !patient.has(id))); // those that are neither confirmed nor rejected
    }
  }

  /** Those that are sent and nothing more are waiting again, now or, when that can't be written, before the next batch. */
  #release(ids: readonly bigint[]): void {
    for (const id of ids) this.#toRelease.add(id);
    if (this.#toRelease.size === 0) return;
    this.#outbox.release([...this.#toRelease]);
    this.#toRelease.clear();
  }

  /** Sets those aside that other operators have to attest first; returns them. */
  #waitForOthers({ confirmed, rejected, unattested = [] }: WriteResult): Set<bigint> {
    this.#patience.forget([...confirmed, ...rejected].map(({ id }) => id));
    const isNew = this.#patience.wait(unattested, Date.now());
    const readings = unattested.length;
    if (readings > 0)
      this.#log[isNew ? "info" : "debug"]({ readings }, "readings wait for other operators' attestations");
    this.#waitsInVain = confirmed.length > 0 || readings === 0 ? 0 : this.#waitsInVain + 1;
    if (this.#waitsInVain >= this.#options.drainAttempts) {
      this.#settleDrains(new Error(`${readings} readings wait for other operators' attestations`));
    }
    return new Set(unattested);
  }

  async #backOff(): Promise<void> {
    await Promise.all(this.#underWay);
    const error = this.#broken?.error;
    this.#broken = undefined;
    const { firstRetryMilliseconds, longestRetryMilliseconds, drainAttempts } = this.#options;
    this.#failures += 1;
    this.#reason = error instanceof Error ? error.message : String(error);
    if (this.#failures >= drainAttempts) this.#settleDrains(error);
    const pause = Math.min(firstRetryMilliseconds * 2 ** (this.#failures - 1), longestRetryMilliseconds);
    this.#log.error({ err: error, retryInMilliseconds: pause }, "a batch was not sent");
    const until = Date.now() + pause;
    while (Date.now() < until && !this.#stopping) await this.#pause(until - Date.now());
  }

  /** Waits for a notice, or that long. */
  #pause(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #settleDrains(error?: unknown): void {
    for (const { resolve, reject } of this.#drains.splice(0)) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }
}

function byHash(confirmed: WriteResult["confirmed"]): Map<string | undefined, bigint[]> {
  const groups = new Map<string | undefined, bigint[]>();
  for (const { id, transactionHash } of confirmed)
    groups.set(transactionHash, [...(groups.get(transactionHash) ?? []), id]);
  return groups;
}

function describe(batch: readonly OutboxEntry[], id: bigint): string {
  const reading = batch.find((entry) => entry.id === id)?.reading;
  return reading === undefined ? `${id}` : `meter ${reading.meter} slot ${reading.slot}`;
}
