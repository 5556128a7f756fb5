/** Values to the outbox: signed by the device or the metering operator, as the market takes them at this time. */
import type { Logger } from "pino";
import type { Signer } from "ethers";

import { ReadingStatus } from "../../../sdk/enums.js";
import { seriesOf, signReading, signSeries, type Reading } from "../../../sdk/signing/readings.js";
import type { SigningDomain } from "../../../sdk/signing/typed-data.js";
import type { Clock, MarketTimes, MeterDirectory, MeterSite, Outbox, SubmitSigned } from "../types.js";
import type { MeteredValue } from "../vee/index.js";
import { decide } from "./decide.js";
import type { DeviceKeys } from "./keys.js";
import type { Point } from "./points.js";
import type { MeteringStore } from "./store.js";

export interface PublisherParts {
  readonly keys: DeviceKeys;
  readonly store: MeteringStore;
  readonly outbox: Pick<Outbox, "latestAt" | "isOfAnother">;
  readonly directory: MeterDirectory;
  readonly times: MarketTimes;
  readonly clock: Clock;
  /** Of the metering operator, as it is now. */
  readonly operator: () => Signer & { readonly address: string };
  readonly ledger: SigningDomain;
  readonly log: Logger;
}

export class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Signs what can be signed now and keeps all values, those that wait with the reason. */
  async publish(point: Point, values: readonly MeteredValue[], submit: SubmitSigned): Promise<void> {
    const actual: MeteredValue[] = [];
    for (const value of values) {
      const decision = await this.#decide(point, value);
      if (decision === undefined) continue; // it stood nowhere: nobody waits for a value
      if (decision.kind !== "send") this.#keepValue(point, value, decision.kind === "held" ? decision.why : null);
      else if (decision.status === ReadingStatus.Actual) actual.push(value);
      else {
        const { operator, ledger } = this.#parts;
        const reading = { ...readingOf(point, value), status: decision.status, sequence: decision.sequence };
        this.#keepValue(point, value, (await submit([await signReading(operator(), ledger, reading)])) ?? null);
      }
    }
    await this.#publishActual(point, actual, submit);
  }

  /** Consecutive slots under one signature; where that is refused, one by one. */
  async #publishActual(point: Point, values: readonly MeteredValue[], submit: SubmitSigned): Promise<void> {
    const { keys, ledger } = this.#parts;
    const key = keys.keyOf(point);
    const bySlot = new Map(values.map((value) => [value.slot, value]));
    for (const series of seriesOf(values.map((value) => readingOf(point, value)))) {
      const reason = await submit(await signSeries(key, ledger, series));
      for (const reading of series) {
        const value = bySlot.get(reading.slot);
        if (value === undefined) continue;
        const isAlone = reason !== undefined && series.length > 1;
        const own = isAlone ? await submit([await signReading(key, ledger, reading)]) : reason;
        this.#keepValue(point, value, own ?? null);
      }
    }
  }

  async #decide(point: Point, value: MeteredValue): Promise<ReturnType<typeof decide> | undefined> {
    const { outbox, times, clock, directory, operator } = this.#parts;
    const meter = BigInt(point.number);
    const site = await siteOf(directory, meter, value.slot);
    if (site === undefined) return undefined;
    return decide(value, {
      latest: outbox.latestAt(meter, value.slot),
      isOfAnother: outbox.isOfAnother(meter, value.slot),
      dates: await times.timesOf(value.slot),
      now: BigInt(clock.now()),
      isOperator: site.meteringOperator === operator().address,
    });
  }

  #keepValue({ name, number }: Point, value: MeteredValue, held: string | null): void {
    const { store, clock, log } = this.#parts;
    const before = store.valueAt(BigInt(number), value.slot);
    const isSame =
      before?.held === held &&
      before.rule === value.rule &&
      before.importWh === value.importWh &&
      before.exportWh === value.exportWh;
    if (isSame) return;
    store.keepValue(BigInt(number), value, held, clock.now());
    log[held === null ? "debug" : "info"]({ meter: name, slot: value.slot, rule: value.rule, held }, "made a value");
  }
}

/** Where the meter stands; a meter that stood nowhere may have been placed since. */
export async function siteOf(directory: MeterDirectory, meter: bigint, slot: bigint): Promise<MeterSite | undefined> {
  return (await directory.siteOf(meter, slot)) ?? directory.siteOf(meter, slot, { fresh: true });
}

function readingOf({ number }: Point, { slot, importWh, exportWh }: MeteredValue): Reading {
  return { meter: BigInt(number), slot, importWh, exportWh, status: ReadingStatus.Actual, sequence: 1n };
}
