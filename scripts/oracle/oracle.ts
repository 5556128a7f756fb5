/** The oracle: a source's messages through the rules into the outbox, from there to the chain, gaps filled in time. */
import type { Logger } from "pino";

import type { SignedReading } from "../../sdk/signing/readings.js";

import { estimatesFrom, filledUntil, oldestToFill } from "./gap-filler.js";
import { Intake } from "./intake.js";
import { readingsOrReason, topicOf } from "./payload.js";
import { Sender, type SenderOptions } from "./sender.js";
import type {
  ChainWriter,
  Clock,
  Gateway,
  GapFiller,
  MarketTimes,
  MeterDirectory,
  Outbox,
  OutboxCounts,
  ReadingRule,
  ReadingSource,
  SourceMessage,
  Vitals,
} from "./types.js";

/** What an oracle is made of. */
export interface OracleParts {
  readonly source: ReadingSource;
  readonly rules: readonly ReadingRule[];
  readonly outbox: Outbox;
  readonly writer: ChainWriter;
  readonly directory: MeterDirectory;
  readonly times: MarketTimes;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent: all meters sign themselves. */
  readonly gateway?: Gateway | undefined;
  /** Absent: gaps stay gaps. */
  readonly gapFiller?: GapFiller | undefined;
  /** No estimates for slots before this one, e.g. the first of a simulation. */
  readonly estimateFromSlot?: bigint | undefined;
  readonly sender?: SenderOptions;
  /** How many sources are away now; default: none ever is. */
  readonly sourcesAway?: () => number;
}

/** How far estimates were made, in the outbox. */
const ESTIMATED_UNTIL = "estimated-until";

/** A message that was judged; not on disk before that. An object, so that the intake doesn't wait for the disk. */
interface Judged {
  readonly onDisk: Promise<void>;
}

const REPLAYED_AT_ONCE = 200;
const TELL_EVERY_MILLISECONDS = 60_000;
const MOST_TOLD = 10_000;

interface HandledWaiter {
  readonly count: number;
  readonly resolve: () => void;
}

export class Oracle {
  readonly #parts: OracleParts;
  readonly #sender: Sender;
  readonly #intake: Intake<Judged>;
  readonly #refusedByRule = new Map<string, number>();
  /** When a refusal of a topic was last told, by the topic. */
  readonly #told = new Map<string, number>();
  #handled = 0;
  #waiters: HandledWaiter[] = [];
  #filling: Promise<number> | undefined;
  #replaying: Promise<number> | undefined;
  #metering: Promise<void> | undefined;
  #meteringFailures = 0;

  constructor(parts: OracleParts) {
    this.#parts = parts;
    this.#sender = new Sender(parts.outbox, parts.writer, parts.log, parts.sender);
    this.#intake = new Intake((message) => this.#judge(message));
  }

  /** Starts to take readings; rejects when the source can't be reached. */
  async start(): Promise<void> {
    await this.#parts.source.start((message) => this.#take(message));
    this.#sender.start();
  }

  /** Stops to take readings and finishes the batch in hand; what waits, waits on disk. */
  async stop(): Promise<void> {
    await this.#parts.source.stop();
    await this.#sender.stop();
    this.#parts.outbox.close();
  }

  /** Messages handled since the start: accepted, duplicate or refused. */
  get handled(): number {
    return this.#handled;
  }

  /** Resolves once that many messages have been handled since the start. */
  untilHandled(count: number): Promise<void> {
    if (this.#handled >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  /** Resolves once everything accepted so far is on the chain, or was rejected by it. */
  drain(): Promise<void> {
    return this.#sender.drain();
  }

  /**
   * Estimates for the silent meters of all slots whose time for it has come and that were not filled before; returns
   * how many. Called again meanwhile, it is the same call. Slots whose reading window has ended are passed over: the chain takes no estimate for them.
   */
  fillGaps(): Promise<number> {
    this.#filling ??= this.#fillGaps().finally(() => (this.#filling = undefined));
    return this.#filling;
  }

  async #fillGaps(): Promise<number> {
    const { gapFiller, outbox, times, clock, log } = this.#parts;
    if (gapFiller === undefined) return 0;
    const now = BigInt(clock.now());
    let filled = 0;
    for (let slot = await this.#firstUnfilled(now); slot < now / times.slotSeconds; slot += 1n) {
      const dates = await times.timesOf(slot);
      if (now < estimatesFrom(dates)) break;
      if (now < dates.readingEnd) filled += this.#keep(await gapFiller.fill(slot));
      await outbox.durable(); // before the mark that says so
      outbox.setMark(ESTIMATED_UNTIL, slot + 1n);
    }
    if (filled > 0) {
      log.info({ readings: filled }, "estimated readings of silent meters");
      this.#sender.notify();
    }
    return filled;
  }

  /**
   * Takes the refused messages of which `oracle replay` asked for it through the rules again, and looks for readings
   * that it made wait again; returns how many messages are in the outbox now.
   */
  replay(): Promise<number> {
    this.#replaying ??= this.#replay().finally(() => (this.#replaying = undefined));
    return this.#replaying;
  }

  async #replay(): Promise<number> {
    const { outbox, log } = this.#parts;
    let taken = 0;
    let tried = 0;
    for (let after = 0n; ;) {
      const letters = outbox.letters.toReplay(REPLAYED_AT_ONCE, after);
      for (const letter of letters) {
        const isWhole = BigInt(letter.payload.byteLength) === letter.bytes;
        const reason = isWhole
          ? await this.#keepOrRefuse(letter, Number(letter.received_at))
          : "payload: it was too long to be kept whole";
        if (reason === undefined) outbox.letterTaken(letter.id);
        else outbox.letterStillDead(letter.id, reason);
        taken += reason === undefined ? 1 : 0;
      }
      await outbox.durable();
      tried += letters.length;
      after = letters.at(-1)?.id ?? after;
      if (letters.length < REPLAYED_AT_ONCE) break;
    }
    if (tried > 0) log.info({ messages: tried, taken }, "replayed refused messages");
    this.#sender.notify();
    return taken;
  }

  /** Values of the meters that the oracle signs for: of what is new, and of what is late. */
  meter(): Promise<void> {
    this.#metering ??= this.#meter().finally(() => (this.#metering = undefined));
    return this.#metering;
  }

  async #meter(): Promise<void> {
    try {
      await this.#parts.gateway?.work(async (signed) => {
        const [first] = signed;
        return first && this.#keepSigned(signed, topicOf(first.meter));
      });
      this.#meteringFailures = 0;
    } catch (error) {
      this.#meteringFailures += 1;
      throw error;
    }
    this.#sender.notify();
  }

  /** What has happened since the start, for metrics. */
  get vitals(): Vitals {
    const { failures, reason } = this.#sender.trouble;
    return {
      handled: this.#handled,
      intakeWaiting: this.#intake.waiting,
      refusedByRule: this.#refusedByRule,
      sendFailures: failures,
      sendTrouble: reason,
      sourcesAway: this.#parts.sourcesAway?.() ?? 0,
      meteringFailures: this.#meteringFailures,
    };
  }

  counts(): OutboxCounts {
    return this.#parts.outbox.counts();
  }

  /** After the last slot looked at, but none that takes no estimate any more. */
  async #firstUnfilled(now: bigint): Promise<bigint> {
    const { outbox, times, estimateFromSlot = 0n } = this.#parts;
    const current = now / times.slotSeconds;
    const oldest = await oldestToFill(times, current);
    return [oldest, estimateFromSlot, filledUntil(outbox, ESTIMATED_UNTIL, current) ?? 0n].reduce((a, b) =>
      a > b ? a : b,
    );
  }

  #keep(estimates: readonly SignedReading[]): number {
    const { outbox, clock } = this.#parts;
    return estimates.filter((estimate) => outbox.accept([estimate], clock.now()) === "stored").length;
  }

  /** Resolves once the message is on disk. */
  async #take(message: SourceMessage): Promise<void> {
    const { onDisk } = await this.#intake.push(message);
    await onDisk;
    this.#sender.notify();
    this.#countHandled();
  }

  /** Takes a message or refuses it; either is on disk once `onDisk` resolves. */
  async #judge(message: SourceMessage): Promise<Judged> {
    const { outbox, clock } = this.#parts;
    const reason = await this.#keepOrRefuse(message, clock.now());
    if (reason !== undefined) {
      outbox.refuse(message, reason, clock.now());
      const rule = this.#takesRaw(message) ? "source" : reason.slice(0, reason.indexOf(":")); // its rule's name
      this.#refusedByRule.set(rule, (this.#refusedByRule.get(rule) ?? 0) + 1);
      this.#tellRefusal(message.origin, reason);
    }
    return { onDisk: outbox.durable() };
  }

  /** Once a minute for a topic: a flood fills no log, and all of them are in the outbox. */
  #tellRefusal(origin: string, reason: string): void {
    const now = performance.now();
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    const isNew = now - (this.#told.get(origin) ?? Number.NEGATIVE_INFINITY) >= TELL_EVERY_MILLISECONDS;
    if (isNew) this.#told.set(origin, now);
    this.#parts.log[isNew ? "warn" : "debug"]({ origin, reason }, "refused a message");
  }

  #takesRaw({ origin }: SourceMessage): boolean {
    return this.#parts.gateway?.takes(origin) === true;
  }

  /** Why the message is refused; undefined when what it says is kept. `receivedAt`: Unix seconds. */
  async #keepOrRefuse(message: SourceMessage, receivedAt: number): Promise<string | undefined> {
    if (this.#takesRaw(message)) return this.#parts.gateway?.keep(message, receivedAt);
    const signed = readingsOrReason(message.payload, this.#parts.times.slotSeconds);
    return typeof signed === "string" ? signed : this.#keepSigned(signed, message.origin);
  }

  /** Why the readings are refused; undefined when they are in the outbox. */
  async #keepSigned(signed: readonly SignedReading[], origin: string): Promise<string | undefined> {
    const { outbox, clock } = this.#parts;
    const reason = await this.#refusal(signed, origin);
    if (reason !== undefined) return reason;
    const isConflict = outbox.accept(signed, clock.now()) === "conflict";
    return isConflict ? "sequence: this one was used for other values" : undefined;
  }

  /** Of readings under one signature, all pass or none. */
  async #refusal(signed: readonly SignedReading[], origin: string): Promise<string | undefined> {
    const { rules, clock, times, directory } = this.#parts;
    for (const rule of rules) {
      for (const reading of signed) {
        const reason = await rule.check(reading, { signed, origin, clock, times, directory });
        if (reason !== undefined) return `${rule.name}: ${reason}`;
      }
    }
    return undefined;
  }

  #countHandled(): void {
    this.#handled += 1;
    const [ready, later] = [
      this.#waiters.filter((w) => w.count <= this.#handled),
      this.#waiters.filter((w) => w.count > this.#handled),
    ];
    this.#waiters = later;
    for (const { resolve } of ready) resolve();
  }
}
