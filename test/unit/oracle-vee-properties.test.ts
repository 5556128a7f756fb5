import { expect } from "chai";
import fc from "fast-check";

import type { IntervalObservation, RegisterObservation } from "../../scripts/oracle/sources/index.js";
import { statusRank } from "../../scripts/oracle/sources/observation.js";
import type { MeteredValue, MeterPolicy, VeeResult } from "../../scripts/oracle/vee/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { interval, judge, POLICY, register, START } from "../utils/registers.js";

const { Actual } = ReadingStatus;
const WATTS = Number(POLICY.maxWatts);
const MEASURED = new Set(["measured", "connection-cap", "interpolation", "standard-profile-to-sum", "even-to-sum"]);

/** 7,000 s do not fill a day. */
const slotLengths = fc.constantFrom(60, 300, 900, 3_600, 7_000);

interface Clean {
  readonly length: number;
  /** Seconds from START, and what the register shows; the first and the last stand on borders of slots. */
  readonly points: readonly (readonly [time: number, wh: number])[];
}

/** A register read at random moments, that counts what a connection of 14 kW carries. */
const cleanSeries: fc.Arbitrary<Clean> = fc
  .record({
    length: slotLengths,
    first: fc.integer({ min: 1, max: 10_000_000 }),
    steps: fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000 }), fc.nat(1_000)), { minLength: 2, maxLength: 30 }),
  })
  .map(({ length, first, steps }) => {
    const offset = Math.ceil(START / length) * length - START;
    const points: [number, number][] = [[offset, first]];
    const add = (seconds: number, share: number): void => {
      const [time, wh] = points.at(-1) ?? [0, 0];
      points.push([time + seconds, wh + Math.floor((WATTS * seconds * share) / 3_600_000)]);
    };
    for (const [seconds, share] of steps) add(seconds, share);
    const [last] = points.at(-1) ?? [0];
    add(length - ((last - offset) % length), 500);
    return { length, points };
  });

function policyOf({ length }: Clean): Partial<MeterPolicy> {
  return { slotSeconds: BigInt(length) };
}

function readings({ points }: Clean): RegisterObservation[] {
  return points.map(([time, wh]) => register([time, wh]));
}

/** Judges over the slots of the whole clean series. */
function judgeOver(clean: Clean, observations: readonly RegisterObservation[], estimateUntil = 0n): VeeResult {
  const [start, end] = [clean.points[0]?.[0] ?? 0, clean.points.at(-1)?.[0] ?? 0];
  const slotAt = (time: number): bigint => BigInt((START + time) / clean.length);
  return judge(observations, { policy: policyOf(clean), first: slotAt(start), end: slotAt(end), estimateUntil });
}

function total(values: readonly MeteredValue[]): bigint {
  return values.reduce((sum, { importWh }) => sum + importWh, 0n);
}

function connectionWh({ length }: Clean): bigint {
  return BigInt(Math.floor((WATTS * length) / 3600));
}

/** What a value of the slot may be by readings of one meter: from the ones next to it inside, and outside. */
function bounds(value: MeteredValue, length: number, read: readonly RegisterObservation[]): [bigint, bigint] {
  const [start, end] = [Number(value.slot) * length, (Number(value.slot) + 1) * length];
  const sorted = [...read].sort((a, b) => a.time - b.time);
  const wh = (found: RegisterObservation | undefined, otherwise: bigint): bigint => found?.importWh ?? otherwise;
  const inside = sorted.filter(({ time }) => time >= start && time <= end);
  const [before, after] = [sorted.findLast(({ time }) => time <= start), sorted.find(({ time }) => time >= end)];
  return [wh(inside.at(-1), 0n) - wh(inside[0], 0n), wh(after, 10n ** 15n) - wh(before, 0n)];
}

/** The same as of the clean series, or flagged within what the readings allow. */
function expectSameOrFlagged(clean: Clean, dirty: VeeResult, read: readonly RegisterObservation[]): void {
  const truth = new Map(judgeOver(clean, readings(clean)).values.map((value) => [value.slot, value]));
  for (const value of dirty.values) {
    expect(value.importWh >= 0n && value.importWh <= connectionWh(clean), `slot ${value.slot}`).to.be.true;
    if (value.status !== Actual) continue;
    expect(value.bridgedSeconds).to.be.at.most(900);
    if (value.bridgedSeconds === 0) expect(value.importWh).to.equal(truth.get(value.slot)?.importWh);
    const [least, most] = bounds(value, clean.length, read);
    expect(value.importWh >= least && value.importWh <= most, `slot ${value.slot}`).to.be.true;
  }
}

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

function isBroken({ slot }: MeteredValue, { breaks }: VeeResult, { length }: Clean): boolean {
  const start = Number(slot) * length;
  return breaks.some(({ before, after }) => start < after.time && start + length > before.time);
}

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
