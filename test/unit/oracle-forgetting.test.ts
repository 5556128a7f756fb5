import { expect } from "chai";

import { OutboxFullError } from "../../scripts/oracle/error.js";
import { forgetReadings } from "../../scripts/oracle/forgetting.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import type { Observation } from "../../scripts/oracle/sources/index.js";
import { HandClock, readingOf, rejectionOf, TIMES } from "../utils/oracle.js";

const DAY = 86_400;

describe("What is old", () => {
  let outbox: SqliteOutbox;
  const clock = new HandClock();

  beforeEach(() => (outbox = new SqliteOutbox(":memory:")));
  afterEach(() => outbox.close());

  it("is forgotten of readings that are confirmed or rejected, never of those that wait", async () => {
    const reading = await readingOf();
    const ages = [90, 70, 61, 59, 1];
    ages.forEach((days, index) => outbox.accept([{ ...reading, meter: BigInt(index + 1) }], clock.time - days * DAY));
    const [oldest, ...others] = outbox.nextBatch(10).map(({ id }) => id);
    expect(oldest === undefined).to.equal(false);
    outbox.markSent(others);
    outbox.confirm(others.slice(0, 1), undefined);
    outbox.reject(others[1] ?? 0n, "no");
    outbox.confirm(others.slice(2), undefined);
    expect(await forgetReadings({ outbox, times: TIMES, clock })).to.equal(2);
    expect(outbox.counts()).to.deep.include({ waiting: 1, confirmed: 2, rejected: 0 });
    expect(outbox.has(1n, reading.slot), "it waits").to.equal(true);
  });

  it("is forgotten in small steps, all of it", async () => {
    const reading = await readingOf();
    for (let meter = 1n; meter <= 4_100n; meter += 1n) outbox.accept([{ ...reading, meter }], clock.time - 61 * DAY);
    outbox.confirm(
      outbox.nextBatch(5_000).map(({ id }) => id),
      undefined,
    );
    expect(outbox.forget(clock.time), "at once").to.equal(2_000);
    expect(await forgetReadings({ outbox, times: TIMES, clock })).to.equal(2_100);
    expect(outbox.counts().confirmed).to.equal(0);
  });

  it("makes room in an outbox that was full of it", async () => {
    outbox.close();
    outbox = new SqliteOutbox(":memory:", { maxBytes: 300 * 1024 });
    const reading = await readingOf();
    let meter = 0n;
    const accept = async (): Promise<void> => {
      outbox.accept([{ ...reading, meter: meter + 1n }], clock.time - 61 * DAY);
      await outbox.durable();
      meter += 1n;
    };
    const isFull = async (): Promise<boolean> => (await rejectionOf(accept())) instanceof OutboxFullError;
    const fill = async (): Promise<void> => {
      while (!(await isFull())) expect(meter < 10_000n, "it has a bound").to.equal(true);
    };
    // what is confirmed takes a little less, and then all the room there is
    for (let before = -1n; before !== meter;) {
      before = meter;
      await fill();
      outbox.confirm(
        outbox.nextBatch(10_000).map(({ id }) => id),
        undefined,
      );
    }
    expect(await isFull()).to.equal(true);
    expect(await forgetReadings({ outbox, times: TIMES, clock })).to.equal(Number(meter));
    await accept();
    expect(outbox.counts().waiting).to.equal(1);
  });

  it("is forgotten of observations, but for the three that the next judgement looks back to", () => {
    const times = [10, 20, 30, 40, 50, 100];
    for (const time of times) outbox.metering.keep(1n, observation(time), time);
    outbox.metering.keep(2n, observation(7), 7);
    for (const meter of [1n, 2n]) outbox.metering.prune(meter, 60, 60);
    const left = (meter: bigint): number[] =>
      outbox.metering.observationsFrom(meter, "home", 0).map((kept) => (kept.kind === "register" ? kept.time : -1));
    expect(left(1n)).to.deep.equal([30, 40, 50, 100]);
    expect(left(2n), "all it has").to.deep.equal([7]);
  });
});

function observation(time: number): Observation {
  const place = { file: "test" };
  return {
    kind: "register",
    meter: "home",
    serial: undefined,
    time,
    place,
    importWh: BigInt(time),
    exportWh: undefined,
  };
}
