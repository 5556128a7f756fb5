import { expect } from "chai";
import fc from "fast-check";

import type { IntervalObservation } from "../../scripts/oracle/sources/index.js";
import { statusRank } from "../../scripts/oracle/sources/observation.js";
import type { VeeResult } from "../../scripts/oracle/vee/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import {
  cleanSeries,
  expectSameOrFlagged,
  judgeOver,
  MEASURED,
  readings,
  total,
  WATTS,
} from "../utils/clean-series.js";
import { interval, judge, START } from "../utils/registers.js";

const { Actual } = ReadingStatus;

describe("Registers, whatever becomes of the messages", () => {
  /** A clean series, and some of it in any order, several times. */
  const damaged = cleanSeries.chain((clean) =>
    fc.record({
      clean: fc.constant(clean),
      kept: fc
        .shuffledSubarray([...readings(clean), ...readings(clean)])
        .map((some) => [...some, ...some.slice(0, some.length / 3)]),
    }),
  );

  it("are the same in any order and any number of times", () => {
    fc.assert(
      fc.property(damaged, ({ clean, kept }) => {
        const once = [...new Map(kept.map((reading) => [reading.time, reading])).values()];
        const estimateUntil = 10n ** 9n;
        expect(judgeOver(clean, kept, estimateUntil)).to.deep.equal(
          judgeOver(
            clean,
            once.sort((a, b) => a.time - b.time),
            estimateUntil,
          ),
        );
      }),
    );
  });

  it("lose messages to flagged values or gaps, and refuse nothing true", () => {
    fc.assert(
      fc.property(damaged, ({ clean, kept }) => {
        const result = judgeOver(clean, kept);
        expectSameOrFlagged(clean, result, kept);
        expect([result.refused, result.breaks]).to.deep.equal([[], []]);
      }),
    );
  });

  it("add up to what the register counted, to the Wh, over any stretch without a break", () => {
    fc.assert(
      fc.property(
        cleanSeries.chain((clean) => fc.tuple(fc.constant(clean), fc.subarray(readings(clean).slice(1, -1)))),
        ([clean, some]) => {
          const [first, last] = [readings(clean)[0], readings(clean).at(-1)];
          if (first === undefined || last === undefined) return;
          const { values, unplaced } = judgeOver(clean, [first, ...some, last]);
          const rest = unplaced.reduce((sum, { wh }) => sum + wh, 0n);
          expect(total(values) + rest).to.equal((last.importWh ?? 0n) - (first.importWh ?? 0n));
          expect(values.every(({ rule }) => MEASURED.has(rule))).to.be.true;
          // between any two readings on borders too, where nothing was carried on to the next slot
          const onBorders = [first, ...some, last].filter(({ time }) => time % clean.length === 0);
          if (values.some(({ rule }) => rule === "connection-cap")) return;
          for (const [index, from] of onBorders.entries()) {
            const to = onBorders[index + 1];
            if (to === undefined) continue;
            const inside = values.filter(
              ({ slot }) => Number(slot) * clean.length >= from.time && Number(slot) * clean.length < to.time,
            );
            expect(total(inside)).to.equal((to.importWh ?? 0n) - (from.importWh ?? 0n));
          }
        },
      ),
    );
  });

  it("never count more than the register did up to any moment", () => {
    fc.assert(
      fc.property(damaged, ({ clean, kept }) => {
        const { values } = judgeOver(clean, kept);
        const counted = values.filter(({ rule }) => MEASURED.has(rule));
        const shown = kept.map(({ importWh }) => importWh ?? 0n);
        const span = shown.reduce((a, b) => (a > b ? a : b), 0n) - shown.reduce((a, b) => (a < b ? a : b), 10n ** 15n);
        if (shown.length > 0) expect(total(counted) <= span).to.be.true;
      }),
    );
  });

  it("get nearer to the truth with each message that arrives late, and in the end are the clean ones", () => {
    fc.assert(
      fc.property(
        cleanSeries.chain((clean) =>
          fc.tuple(fc.constant(clean), fc.shuffledSubarray(readings(clean), { minLength: clean.points.length })),
        ),
        ([clean, arriving]) => {
          const ranks = new Map<bigint, number>();
          for (let count = 1; count <= arriving.length; count += 1) {
            const { values } = judgeOver(clean, arriving.slice(0, count));
            for (const { slot, status, rule } of values) {
              // what a late reading shows to be more than a slot can hold is moved on, to a measured one too
              if (rule !== "connection-cap") expect(statusRank(status)).to.be.at.most(ranks.get(slot) ?? Infinity);
              ranks.set(slot, statusRank(status));
            }
          }
          expect(judgeOver(clean, arriving)).to.deep.equal(judgeOver(clean, readings(clean)));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("Intervals, whatever becomes of the messages", () => {
  const series = fc
    .record({
      length: fc.constantFrom(60, 900, 3_600),
      parts: fc.constantFrom(1, 2, 3),
      shares: fc.array(fc.nat(1_000), { minLength: 3, maxLength: 40 }),
    })
    .map(({ length, parts, shares }) => {
      const seconds = length / parts;
      const most = Math.floor((WATTS * seconds) / 3600);
      const intervals = shares.map((share, index) =>
        interval(index * seconds, (index + 1) * seconds, Math.floor((most * share) / 1000)),
      );
      return { length, parts, intervals };
    });
  const judgeAll = (length: number, intervals: readonly IntervalObservation[], count: number): VeeResult => {
    const first = BigInt(START / length);
    return judge(intervals, { policy: { slotSeconds: BigInt(length) }, first, end: first + BigInt(count) });
  };

  it("are the clean ones, or flagged, and never more than the connection", () => {
    fc.assert(
      fc.property(
        series.chain((clean) =>
          fc.tuple(fc.constant(clean), fc.shuffledSubarray([...clean.intervals, ...clean.intervals])),
        ),
        ([{ length, parts, intervals }, kept]) => {
          const count = Math.ceil(intervals.length / parts);
          const clean = judgeAll(length, intervals, count);
          const { values, refused } = judgeAll(length, kept, count);
          expect(refused).to.be.empty;
          for (const value of values) {
            expect(value.importWh <= BigInt(Math.floor((WATTS * length) / 3600))).to.be.true;
            if (value.status !== Actual) continue;
            const same = clean.values.find(({ slot }) => slot === value.slot);
            expect([value.importWh, value.rule]).to.deep.equal([same?.importWh, "measured"]);
          }
          const whole = new Set(kept.map(({ start }) => start));
          const complete = values.filter(({ slot }) =>
            intervals
              .filter(({ start }) => Math.floor(start / length) === Number(slot))
              .every(({ start }) => whole.has(start)),
          );
          expect(complete.filter(({ status }) => status !== Actual).length).to.be.at.most(1); // a last one not whole
          expect(judgeAll(length, [...kept, ...intervals], count)).to.deep.equal(clean);
        },
      ),
    );
  });
});
