import { expect } from "chai";
import fc from "fast-check";

import { DurableFile } from "../../scripts/oracle/durable-file.js";
import { MeteringStore } from "../../scripts/oracle/metering/store.js";
import { OUTBOX_SCHEMA } from "../../scripts/oracle/outbox-schema.js";
import type { RegisterObservation } from "../../scripts/oracle/sources/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import {
  cleanSeries,
  connectionWh,
  isBroken,
  judgeOver,
  policyOf,
  readings,
  slotLengths,
  WATTS,
  type Clean,
} from "../utils/clean-series.js";
import { judge, register, START } from "../utils/registers.js";

const { Actual } = ReadingStatus;

/** A wrong reading one second after a true one: 0, a lifetime too much, or less than before. */
interface Fault {
  readonly after: number;
  readonly kind: "zero" | "spike" | "backwards";
  readonly wh: bigint;
}

function wrongAfter(reading: RegisterObservation, { kind, wh }: Fault): RegisterObservation {
  const before = reading.importWh ?? 0n;
  const less = before > wh ? before - wh : 0n;
  const importWh = kind === "zero" ? 0n : kind === "spike" ? before + 1_000_000n + wh : less;
  return { ...reading, time: reading.time + 1, importWh };
}

describe("Registers with faults", () => {
  /** Twice as slow, so that there is a second between any two readings. */
  const slowSeries = cleanSeries.map(({ length, points }): Clean => {
    const [offset] = points[0] ?? [0];
    return { length, points: points.map(([time, wh]) => [offset + 2 * (time - offset), wh]) };
  });
  const faults = (length: number): fc.Arbitrary<Fault[]> =>
    fc.uniqueArray(
      fc.record({
        after: fc.nat(length - 2),
        kind: fc.constantFrom("zero", "spike", "backwards"),
        wh: fc.bigInt(1n, 1_000_000_000n),
      }),
      { maxLength: 8, selector: ({ after }) => after },
    );
  const faulty = slowSeries.chain((clean) =>
    fc.record({
      clean: fc.constant(clean),
      faults: faults(clean.points.length),
      /** From this reading on it is another meter, with another count. */
      exchange: fc.record({ at: fc.nat(clean.points.length - 1), base: fc.bigInt(1_000n, 90_000_000n) }),
      order: fc.noShrink(fc.array(fc.nat(1_000), { minLength: 100, maxLength: 100 })),
    }),
  );
  const inOrder = (all: readonly RegisterObservation[], order: readonly number[]): RegisterObservation[] =>
    all
      .map((reading, index) => ({ reading, key: order[index] ?? index }))
      .sort((a, b) => a.key - b.key)
      .map(({ reading }) => reading);
  const withFaults = (shown: readonly RegisterObservation[], wrong: readonly Fault[]): RegisterObservation[] =>
    shown.flatMap((reading, index) => [
      reading,
      ...wrong.filter(({ after }) => after === index).map((fault) => wrongAfter(reading, fault)),
    ]);

  it("have the clean values: what is wrong alone is refused, each once", () => {
    fc.assert(
      fc.property(faulty, ({ clean, faults: wrong, order }) => {
        const { refused, ...rest } = judgeOver(clean, inOrder(withFaults(readings(clean), wrong), order));
        const { refused: none, ...expected } = judgeOver(clean, readings(clean));
        expect(rest).to.deep.equal(expected);
        expect([refused.length, none.length]).to.deep.equal([wrong.length, 0]);
      }),
    );
  });

  it("have the same values once their slots are thinned to what lies at the borders", () => {
    const dense = fc
      .record({
        length: fc.constantFrom(900, 3_600),
        steps: fc.array(fc.tuple(fc.integer({ min: 2, max: 120 }), fc.nat(1_000)), { minLength: 50, maxLength: 150 }),
      })
      .map(({ length, steps }): Clean => {
        const points: [number, number][] = [[Math.ceil(START / length) * length - START, 5_000_000]];
        for (const [seconds, share] of steps) {
          const [time, shown] = points.at(-1) ?? [0, 0];
          points.push([time + seconds, shown + Math.floor((WATTS * seconds * share) / 3_600_000)]);
        }
        const [[start] = [0], [last, shown] = [0, 0]] = [points[0], points.at(-1)];
        points.push([last + length - ((last - start) % length), shown]);
        return { length, points };
      });
    let thinned = 0;
    fc.assert(
      fc.property(
        dense.chain((clean) => fc.tuple(fc.constant(clean), faults(clean.points.length))),
        ([clean, wrong]) => {
          const file = new DurableFile(":memory:", OUTBOX_SCHEMA);
          const store = new MeteringStore(file);
          const all = withFaults(readings(clean), wrong);
          for (const reading of all) store.keep(1n, reading, reading.time);
          const kept = (): RegisterObservation[] =>
            store.observationsFrom(1n, "home", 0).filter((reading) => reading.kind === "register");
          const before = judgeOver(clean, kept());
          for (const value of before.values) store.keepValue(1n, value, null, START);
          store.thin(1n, BigInt(clean.length), START + 1_000_000);
          const left = kept();
          file.close();
          thinned += all.length - left.length;
          const after = judgeOver(clean, left);
          expect(after.values).to.deep.equal(before.values);
          expect(after.breaks).to.have.length(before.breaks.length);
        },
      ),
    );
    expect(thinned).to.be.above(0);
  });

  it("have the clean values beside an exchange, none actual across it, and none above the connection", () => {
    fc.assert(
      fc.property(faulty, ({ clean, faults: wrong, exchange: { at, base }, order }) => {
        const gone = BigInt(clean.points[at]?.[1] ?? 0);
        const shown = readings(clean).map((reading, index): RegisterObservation =>
          index < at ? reading : { ...reading, serial: "M2", importWh: base + (reading.importWh ?? 0n) - gone },
        );
        const result = judgeOver(clean, inOrder(withFaults(shown, wrong), order));
        const truth = judgeOver(clean, readings(clean)).values;
        const isMoved = [...result.values, ...truth].some(({ rule }) => rule === "connection-cap");
        expect(result.breaks.map(({ reason }) => reason)).to.deep.equal(at > 0 ? ["exchange"] : []);
        for (const value of result.values) {
          expect(value.importWh >= 0n && value.importWh <= connectionWh(clean)).to.be.true;
          if (isBroken(value, result, clean)) expect(value.status).to.not.equal(Actual);
          else if (!isMoved) expect(value).to.deep.equal(truth.find(({ slot }) => slot === value.slot));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("have no value above the connection whatever the registers show, and none actual across a break", () => {
    const anything = fc.record({
      time: fc.nat(40_000),
      importWh: fc.oneof(fc.bigInt(0n, 20_000n), fc.bigInt(0n, 10n ** 13n)),
      serial: fc.constantFrom("M1", "M1", "M2", undefined),
    });
    fc.assert(
      fc.property(slotLengths, fc.array(anything, { minLength: 2, maxLength: 40 }), (length, given) => {
        const read = given.map((reading) => register([0, 0, { ...reading, time: START + reading.time }]));
        const clean: Clean = { length, points: [] };
        const first = BigInt(Math.floor(START / length));
        const end = first + BigInt(Math.ceil(40_000 / length));
        const policy = { ...policyOf(clean), stepWh: 5_000n };
        const result = judge(read, { policy, first, end, estimateUntil: end });
        expect(result.values).to.have.length(Number(end - first));
        for (const value of result.values) {
          expect(value.importWh >= 0n && value.importWh <= connectionWh(clean)).to.be.true;
          if (isBroken(value, result, clean)) expect(value.status).to.not.equal(Actual);
        }
      }),
      { numRuns: 300 },
    );
  });
});
