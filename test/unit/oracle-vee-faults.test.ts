import { expect } from "chai";
import fc from "fast-check";

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
