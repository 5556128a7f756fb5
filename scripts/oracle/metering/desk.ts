/**
 * The gateway's desk: what sources say of meters is kept as observations, judged slot by slot (validation, estimation,
 * editing), and signed, by the device's key or the metering operator's. Everything it works from is on disk, so that a
 * start after any stop comes to the same values.
 */
import { setImmediate as othersTurn } from "node:timers/promises";

import { ReadingStatus } from "../../../sdk/enums.js";
import type { SlotClock } from "../../forecast/forecast.js";
import { InputError } from "../../inputs/error.js";
import { estimatesFrom, filledUntil, oldestToFill, outboxHistory } from "../gap-filler.js";
import { readFileSource, type Observation } from "../sources/index.js";
import type { Gateway, Outbox, SourceMessage, SubmitSigned } from "../types.js";
import { valuesOf, type MeterPolicy } from "../vee/index.js";
import type { MeteringPoints, Point } from "./points.js";
import { Publisher, siteOf, type PublisherParts } from "./publisher.js";
import type { MeteringStore } from "./store.js";

export interface DeskParts extends PublisherParts {
  readonly points: MeteringPoints;
  readonly outbox: Pick<Outbox, "latestAt" | "isOfAnother" | "durable" | "mark" | "setMark">;
  readonly slotClock: SlotClock;
}

/** A judgement takes in what lies so long before: an interpolation's longest bridge. */
const CONTEXT_SECONDS = 7200;
/** Older observations make no values: the profile looks back 28 days. */
const OLDEST_SECONDS = 35 * 86_400;
/** What waits for something else than time (a device that is suspended, a key) is tried again that often. */
const RETRY_SECONDS = 60;
/** Nothing later is looked at before its time: a clock that was wrong for a moment, or a file's, may name any year. */
const AHEAD_SECONDS = 86_400;
const PRUNE_SECONDS = 3600;
/** What an earlier run may have left unjudged: as long as a chain may be away, which tells where meters stand. */
const REJUDGED_SECONDS = 86_400;
/** Registers kept of a meter in an hour, two a second: no meter sends more, and a flood fills no disk. */
const MOST_AN_HOUR = 7_200;
const HOUR_SECONDS = 3_600;
/** How far the slots were looked at whose estimates are due. */
const FILLED_UNTIL = "gateway-filled-until";

export class MeteringDesk implements Gateway {
  readonly #parts: DeskParts;
  readonly #publisher: Publisher;
  /** Meters to be judged, from which moment on. */
  readonly #due = new Map<Point, number>();
  readonly #lastTimes = new Map<Point, number>();
  /** Registers kept in the hour, by meter. */
  readonly #kept = new Map<string, number>();
  #hour = 0;
  #isFirst = true;
  #retriedAt = 0;
  #prunedAt: number;
  /** How many meters were looked at for it since. */
  #pruned = Infinity;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#publisher = new Publisher(parts);
    this.#prunedAt = parts.clock.now();
  }

  takes(origin: string): boolean {
    const { points } = this.#parts;
    return points.readersOf(origin).length > 0 || points.fileOf(origin) !== undefined;
  }

  async keep(message: SourceMessage, receivedAt: number): Promise<string | undefined> {
    try {
      const file = this.#parts.points.fileOf(message.origin);
      if (file === undefined) this.#keepMessage(message, receivedAt);
      else {
        const { observations, refused } = await readFileSource(file);
        const unknown = this.#keepAll(observations, receivedAt);
        const [first] = refused;
        if (first !== undefined) return `${message.origin}: ${refused.length} files refused, first ${first.message}`;
        if (unknown !== undefined) return unknown;
      }
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
  }

  async work(submit: SubmitSigned): Promise<void> {
    const now = this.#parts.clock.now();
    if (this.#isFirst) {
      // what an earlier run had judged is judged again: the same observations make the same values
      for (const point of this.#parts.points.all) this.#dueFrom(point, now - REJUDGED_SECONDS);
      this.#isFirst = false;
    }
    await this.#findSilent(now);
    if (Math.abs(now - this.#retriedAt) >= RETRY_SECONDS) await this.#findUnsent(now);
    for (const [point, from] of this.#due) {
      this.#due.delete(point); // what comes meanwhile is due again
      try {
        await this.#judge(point, from, submit);
        await othersTurn(); // messages of all meters come in between
      } catch (error) {
        this.#dueFrom(point, from);
        throw error;
      }
    }
    await this.#pruneNext(now);
  }

  #keepMessage(message: SourceMessage, receivedAt: number): void {
    const faults: InputError[] = [];
    for (const reader of this.#parts.points.readersOf(message.origin)) {
      try {
        this.#refuseFlood(reader.meter, message, receivedAt);
        const read = reader.read({ ...message, receivedAt });
        // without a clock of its own, a value that the broker kept is of a time that nobody knows
        const known = message.isRetained === true ? read.filter(({ time }) => time !== receivedAt) : read;
        this.#keepAll(known, receivedAt);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        faults.push(error); // the topic's other meters go on
      }
    }
    const [first] = faults;
    if (first !== undefined) throw first;
  }

  #refuseFlood(meter: string, { origin }: SourceMessage, receivedAt: number): void {
    const hour = Math.floor(receivedAt / HOUR_SECONDS);
    if (hour !== this.#hour) this.#kept.clear();
    this.#hour = hour;
    if ((this.#kept.get(meter) ?? 0) < MOST_AN_HOUR) return;
    const advice = "Let it send less often, and nobody else on its topic.";
    throw new InputError(
      { file: origin },
      `more than ${MOST_AN_HOUR} registers of meter '${meter}' in an hour`,
      advice,
    );
  }

  /** Why some were not kept; all whose meter is known are. */
  #keepAll(observations: Iterable<Observation>, receivedAt: number): string | undefined {
    const { points, store } = this.#parts;
    const unknown = new Map<string, Observation>();
    for (const observation of observations) {
      const point = points.pointOf(observation.meter);
      if (point === undefined) unknown.set(observation.meter, unknown.get(observation.meter) ?? observation);
      else if (store.keep(BigInt(point.number), observation, receivedAt)) this.#note(point, observation);
    }
    const [first] = unknown.values();
    if (first === undefined) return undefined;
    const problem = `${unknown.size} meters are not of the configuration, e.g. '${first.meter}'`;
    return new InputError(first.place, problem, "List them under meters.").message;
  }

  /** Nothing is due while a meter only goes on within a slot, and the one before has its value. */
  #note(point: Point, observation: Observation): void {
    const { store, times } = this.#parts;
    const meter = BigInt(point.number);
    if (observation.kind === "register") this.#kept.set(point.name, (this.#kept.get(point.name) ?? 0) + 1);
    const [time, last] = [
      observation.kind === "register" ? observation.time : observation.end,
      this.#lastTimes.get(point) ?? store.lastTime(meter) ?? 0,
    ];
    this.#lastTimes.set(point, Math.max(time, last));
    const slot = BigInt(time) / times.slotSeconds;
    const isWithin = time >= last && slot === BigInt(last) / times.slotSeconds;
    if (isWithin && observation.kind === "register" && store.valueAt(meter, slot - 1n)?.held === null) return;
    this.#dueFrom(point, observation.kind === "register" ? observation.time : observation.start);
  }

  #dueFrom(point: Point, from: number): void {
    this.#due.set(point, Math.min(from, this.#due.get(point) ?? from));
  }

  /** Meters without a reading in the slots whose estimates are due by now. */
  async #findSilent(now: number): Promise<void> {
    const { points, outbox, times } = this.#parts;
    const current = BigInt(now) / times.slotSeconds;
    const oldest = await oldestToFill(times, current);
    const marked = filledUntil(outbox, FILLED_UNTIL, current) ?? oldest;
    let slot = later(marked, oldest);
    for (; slot < current && BigInt(now) >= estimatesFrom(await times.timesOf(slot)); slot += 1n) {
      for (const point of points.all) {
        if (outbox.latestAt(BigInt(point.number), slot) === undefined) {
          this.#dueFrom(point, Number(slot * times.slotSeconds));
        }
      }
    }
    if (slot !== marked) outbox.setMark(FILLED_UNTIL, slot);
  }

  /** What waits for something, and what the chain rejected while it may take something else for it. */
  async #findUnsent(now: number): Promise<void> {
    const { points, store, times } = this.#parts;
    const current = BigInt(now) / times.slotSeconds;
    const { deliveryEnd, decisionEnd } = await times.timesOf(current);
    const openFrom = current - (decisionEnd - deliveryEnd) / times.slotSeconds - 1n;
    const oldest = BigInt(now - OLDEST_SECONDS) / times.slotSeconds;
    for (const point of points.all) {
      const slot = store.firstUnsent(BigInt(point.number), oldest, openFrom);
      if (slot !== undefined) this.#dueFrom(point, Number(slot * times.slotSeconds));
    }
    this.#retriedAt = now;
  }

  async #judge(point: Point, from: number, submit: SubmitSigned): Promise<void> {
    const { store, times, directory, clock, slotClock, outbox } = this.#parts;
    const [meter, length, now] = [BigInt(point.number), Number(times.slotSeconds), clock.now()];
    const current = BigInt(now) / times.slotSeconds;
    const oldest = await oldestToFill(times, current);
    const seenFrom = BigInt(Math.floor((store.firstTime(meter) ?? now) / length)); // before it, there are guesses alone
    const start = Math.max(store.lookBack(meter, from), now - OLDEST_SECONDS);
    const first = [BigInt(Math.floor(start / length)), seenFrom < oldest ? seenFrom : oldest].reduce(later);
    // the earlier one first: where both are of one run of slots the directory has one answer, and too large is no harm
    const before = await directory.siteOf(meter, first);
    const site = await siteOf(directory, meter, current);
    if (site === undefined) return; // it stands nowhere: nobody would take it, and it has no connection to judge by
    const connectionWh = later(before?.connectionWh ?? 0n, site.connectionWh); // a slot's own bounds its reading
    const estimateUntil = later(filledUntil(outbox, FILLED_UNTIL, current) ?? first, first);
    const ahead = now + AHEAD_SECONDS;
    const last = BigInt(Math.floor(Math.min(store.lastTime(meter, ahead) ?? start, ahead) / length)) + 1n;
    const own = outboxHistory(outbox);
    const past = (slot: number): ReturnType<MeteringStore["measuredAt"]> =>
      store.measuredAt(meter, BigInt(slot), ReadingStatus.Actual) ?? own.valueAt(meter, BigInt(slot));
    const { values, refused } = valuesOf(
      store.observationsFrom(meter, point.name, store.lookBack(meter, start - CONTEXT_SECONDS), ahead),
      policyOf(point, connectionWh, times.slotSeconds),
      { first, end: later(last, estimateUntil), estimateUntil },
      { valueAt: past },
      slotClock,
    );
    for (const found of refused) store.flag(meter, found, now);
    await this.#publisher.publish(point, values, submit);
    await outbox.durable();
  }

  /** Forgets what no value can come of any more: of one meter at a time, each once an hour. */
  async #pruneNext(now: number): Promise<void> {
    const { points, store, times, outbox } = this.#parts;
    const point = points.all[this.#pruned];
    if (point === undefined) {
      if (Math.abs(now - this.#prunedAt) < PRUNE_SECONDS) return; // the clock may have been put back
      this.#prunedAt = now;
      this.#pruned = 0;
      return;
    }
    this.#pruned += 1;
    const current = BigInt(now) / times.slotSeconds;
    const { deliveryEnd, decisionEnd } = await times.timesOf(current);
    const meter = BigInt(point.number);
    store.prune(meter, now - 2 * Number(decisionEnd - deliveryEnd) - CONTEXT_SECONDS, now);
    const whole = (BigInt(now - CONTEXT_SECONDS) / times.slotSeconds) * times.slotSeconds;
    store.thin(meter, times.slotSeconds, Number(whole));
    await outbox.durable();
  }
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** What the connection carries in a slot, as a power: rounded down, for the chain takes no Wh above it. */
function policyOf({ rules }: Point, connectionWh: bigint, slotSeconds: bigint): MeterPolicy {
  const maxWatts = (connectionWh * 3600n) / slotSeconds;
  return { ...rules, slotSeconds, maxWatts };
}
