import { expect } from "chai";
import fc from "fast-check";

import { shareOut } from "../../scripts/oracle/vee/share.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { interval, judge, register, said, SLOT, type Given } from "../utils/registers.js";

const QUARTER = 900;

describe("The sum check", () => {
  const quarters = (...wh: number[]): ReturnType<typeof interval>[] =>
    wh.map((value, index) => interval(QUARTER * index, QUARTER * (index + 1), value));
  const reads = (...given: Given[]): ReturnType<typeof register>[] => given.map(register);

  it("passes intervals that are what the register counted, and prefers them to it", () => {
    const { values, refused } = judge([...quarters(100, 200, 300, 400), ...reads([0, 5_000], [3600, 6_000])]);
    expect(said(values)).to.deep.equal([
      [0, 100, "measured"],
      [1, 200, "measured"],
      [2, 300, "measured"],
      [3, 400, "measured"],
    ]);
    expect(refused).to.be.empty;
  });

  it("gives intervals that are more, or less, the register's sum in their shape, and takes their status", () => {
    for (const counted of [500, 2_000]) {
      const { values, refused } = judge([
        ...quarters(100, 200, 300, 400),
        ...reads([0, 5_000], [3600, 5_000 + counted]),
      ]);
      expect(values.map(({ importWh }) => Number(importWh))).to.deep.equal(
        [1, 2, 3, 4].map((part) => (counted * part) / 10),
      );
      expect(values.every(({ rule, status }) => rule === "sum-check" && status === ReadingStatus.Substituted)).to.be
        .true;
      expect(refused.map(({ rule }) => rule)).to.deep.equal(["sum-check"]);
      expect(refused[0]?.reason).to.match(new RegExp(`^importWh: .*the register counted ${counted} Wh`));
    }
  });

  it("bears a difference up to its tolerance, which can be configured", () => {
    const differing = [...quarters(250, 250, 250, 250), ...reads([0, 5_000], [3600, 6_028])];
    // 1,028 against 1,000: 20 Wh and 7 thousandths of 1,028
    expect(judge(differing).refused.map(({ rule }) => rule)).to.deep.equal(["sum-check"]);
    for (const policy of [{ sumToleranceWh: 21n }, { sumTolerancePerMille: 8 }, { off: ["sum-check"] as const }]) {
      expect(judge(differing, { policy }).refused).to.be.empty;
    }
  });

  for (const offset of [0, 100]) {
    it(`finds the one interval that is wrong where the register is read often, ${offset} s after its borders`, () => {
      const often = reads(
        ...Array.from({ length: 14 }, (_, index): Given => [300 * (index - 1) + offset, 5_000 + 80 * index]),
      );
      const { values } = judge([...quarters(240, 0, 240, 240), ...often], { first: SLOT, end: SLOT + 4n });
      expect(values.map(({ rule }) => rule)).to.deep.equal(["measured", "sum-check", "measured", "measured"]);
      expect(Number(values[1]?.importWh)).to.be.within(239, 241);
    });
  }

  it("gives what intervals leave of the sum to the slots that they lack", () => {
    const present = quarters(100, 0, 0, 400).filter((_, index) => index === 0 || index === 3);
    const { values, gaps } = judge([...present, ...reads([0, 5_000], [3600, 5_700])]);
    expect(said(values)).to.deep.equal([
      [0, 100, "measured"],
      [1, 100, "interpolation"],
      [2, 100, "interpolation"],
      [3, 400, "measured"],
    ]);
    expect(gaps).to.deep.equal([{ firstSlot: SLOT + 1n, slots: 2n, importWh: 200n, exportWh: 0n }]);
  });

  it("lets what the source only estimated give way to what the register counted", () => {
    const guessed = quarters(10, 10, 10, 10).map((value) => ({ ...value, status: ReadingStatus.Estimated }));
    const { values } = judge([...guessed, ...reads([0, 5_000], [3600, 5_045])]);
    expect(values.reduce((sum, { importWh }) => sum + importWh, 0n)).to.equal(45n);
    expect(values.every(({ status }) => status === ReadingStatus.Substituted)).to.be.true;
  });

  it("checks nothing across an exchange, nor over a hole for less", () => {
    const m2 = { serial: "M2" };
    expect(judge([...quarters(100, 200), ...reads([0, 5_000], [1800, 7, m2])]).refused).to.be.empty;
    const holed = quarters(100, 0, 300).filter((_, index) => index !== 1);
    expect(judge([...holed, ...reads([0, 5_000], [2700, 6_400])]).refused).to.be.empty;
  });

  it("fails no interval that is true, wherever the register is read", () => {
    const load = fc.array(fc.integer({ min: 0, max: 3_500 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(load, fc.array(fc.nat(12 * QUARTER), { minLength: 2, maxLength: 30 }), (perQuarter, moments) => {
        const countAt = (time: number): number => {
          const whole = Math.floor(time / QUARTER);
          const before = perQuarter.slice(0, whole).reduce((sum, wh) => sum + wh, 0);
          return before + Math.floor(((perQuarter[whole] ?? 0) * (time % QUARTER)) / QUARTER);
        };
        const within = moments.filter((time) => time <= QUARTER * perQuarter.length);
        const { refused } = judge([
          ...quarters(...perQuarter),
          ...reads(...within.map((time): Given => [time, 5_000 + countAt(time)])),
        ]);
        expect(refused).to.be.empty;
      }),
    );
  });
});

describe("A sum shared out", () => {
  const weighted = fc.record({ weight: fc.bigInt(0n, 1_000_000n), cap: fc.bigInt(0n, 5_000n) });

  it("is the sum, in order of the weights, under the caps while they hold it", () => {
    fc.assert(
      fc.property(fc.array(weighted, { minLength: 1, maxLength: 40 }), fc.bigInt(0n, 100_000n), (all, total) => {
        const shares = shareOut(total, all);
        const room = all.reduce((sum, { cap }) => sum + cap, 0n);
        expect(shares.reduce((a, b) => a + b, 0n)).to.equal(total);
        expect(shares.every((share) => share >= 0n)).to.be.true;
        if (total > room) return;
        for (const [index, { weight, cap }] of all.entries()) {
          expect((shares[index] ?? 0n) <= cap).to.be.true;
          // who weighs less gets no more, but a Wh of rounding, unless the other is full
          for (const [other, heavier] of all.entries()) {
            if (heavier.weight <= weight || weight === 0n || shares[other] === heavier.cap) continue;
            expect((shares[index] ?? 0n) <= (shares[other] ?? 0n) + 1n).to.be.true;
          }
        }
      }),
    );
  });

  it("is rounded by the largest remainder, the first of equal ones", () => {
    const cap = 1_000n;
    const of = (total: bigint, ...weights: bigint[]): bigint[] =>
      shareOut(
        total,
        weights.map((weight) => ({ weight, cap })),
      );
    expect(of(10n, 1n, 1n, 1n)).to.deep.equal([4n, 3n, 3n]);
    expect(of(10n, 10n, 26n, 64n)).to.deep.equal([1n, 3n, 6n]); // 1.0, 2.6, 6.4
    expect(of(0n, 1n, 2n)).to.deep.equal([0n, 0n]);
    expect(of(5n)).to.deep.equal([]);
  });

  it("goes to those without a weight once the others are full, then stays on the last", () => {
    const full = { weight: 1n, cap: 3n };
    expect(shareOut(7n, [full, { weight: 0n, cap: 10n }])).to.deep.equal([3n, 4n]);
    expect(shareOut(7n, [full, full])).to.deep.equal([3n, 4n]);
  });
});
