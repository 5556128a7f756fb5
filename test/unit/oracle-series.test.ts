import { expect } from "chai";
import fc from "fast-check";

import { slotsOf, type Given } from "../utils/registers.js";

describe("Registers of any series", () => {
  /** Steps of seconds and Wh that a connection of 14 kW carries. */
  const step = fc
    .integer({ min: 1, max: 3_000 })
    .chain((seconds) =>
      fc.tuple(fc.constant(seconds), fc.integer({ min: 0, max: Math.floor((14_000 * seconds) / 3600) })),
    );
  const series = fc
    .tuple(fc.nat(5_000), fc.integer({ min: 1, max: 10_000_000 }), fc.array(step, { minLength: 1, maxLength: 40 }))
    .map(([offset, first, steps]) => {
      const given: [number, bigint][] = [[offset, BigInt(first)]];
      for (const [seconds, wh] of steps) {
        const [time, count] = given.at(-1) ?? [0, 0n];
        given.push([time + seconds, count + BigInt(wh)]);
      }
      return given;
    });
  const unbounded = { bridgeSeconds: Number.MAX_SAFE_INTEGER };

  it("add up to what the register counted between the first border and the last", () => {
    fc.assert(
      fc.property(series, (given) => {
        // both ends on a border, so that nothing is left over
        const first = given[0] ?? [0, 0n];
        const last = given.at(-1) ?? [0, 0n];
        const end = Math.ceil((last[0] + 1) / 900) * 900;
        const whole: Given[] = [[0, first[1]], ...given.filter(([time]) => time > 0), [end, last[1]]];
        const { slots, gaps, refused } = slotsOf(whole, unbounded);
        expect(slots.reduce((sum, { importWh }) => sum + importWh, 0n)).to.equal(last[1] - first[1]);
        expect([slots.length, gaps.length, refused.length]).to.deep.equal([end / 900, 0, 0]);
      }),
    );
  });

  it("add up with their gaps too, whatever the bound, and are never negative", () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 4_000 }), (given, bridgeSeconds) => {
        const { slots, gaps } = slotsOf(given, { bridgeSeconds });
        const all = slotsOf(given, unbounded);
        const inside = [
          ...slots.map(({ slot }) => [slot, 1n] as const),
          ...gaps.map((gap) => [gap.firstSlot, gap.slots] as const),
        ];
        const total = [...slots, ...gaps].reduce((sum, { importWh }) => sum + (importWh ?? 0n), 0n);
        const covered = all.slots.filter(({ slot }) =>
          inside.some(([from, count]) => slot >= from && slot < from + count),
        );
        expect(total).to.equal(covered.reduce((sum, { importWh }) => sum + importWh, 0n));
        expect(slots.every(({ importWh }) => importWh >= 0n)).to.be.true;
        // a slot that is known is the same, whatever is known around it
        for (const slot of slots) expect(all.slots.map((other) => other.importWh)).to.include(slot.importWh);
      }),
    );
  });

  it("are the same in any order and said any number of times", () => {
    fc.assert(
      fc.property(
        series.chain((given) =>
          fc.tuple(fc.constant(given), fc.shuffledSubarray([...given, ...given], { minLength: 2 * given.length })),
        ),
        ([given, shuffled]) => {
          expect(slotsOf(shuffled)).to.deep.equal(slotsOf(given));
        },
      ),
    );
  });

  it("are the same with momentary zeros and single wrong values among them, which are refused", () => {
    const fault = fc.oneof(fc.constant(0n), fc.bigInt({ min: 50_000_000n, max: 10n ** 13n }));
    fc.assert(
      fc.property(series, fc.array(fc.tuple(fc.nat(40), fault), { maxLength: 10 }), (given, faults) => {
        const clean = given.map(([time, wh]): Given => [2 * time, wh]);
        const ends = [clean.at(-1)?.[0] ?? 0, clean[0]?.[0] ?? 0];
        const wrong = new Map(faults.map(([place, value]) => [2 * (given[place]?.[0] ?? 0) + 1, value]));
        const dirty = [...wrong].filter(([time]) => time > (ends[1] ?? 0) && time < (ends[0] ?? 0));
        const options = { maxWatts: 7_000n };
        const energies = slotsOf([...clean, ...dirty.map(([time, wh]): Given => [time, wh])], options);
        expect(energies.slots).to.deep.equal(slotsOf(clean, options).slots);
        expect(energies.refused).to.have.length(dirty.length);
      }),
    );
  });

  it("lose messages to gaps only: what is known stays within what was counted", () => {
    fc.assert(
      fc.property(
        series.chain((given) => fc.tuple(fc.constant(given), fc.subarray(given))),
        ([given, some]) => {
          const total = (given.at(-1)?.[1] ?? 0n) - (given[0]?.[1] ?? 0n);
          const { slots, breaks, refused } = slotsOf(some);
          expect(slots.reduce((sum, { importWh }) => sum + importWh, 0n) <= total).to.be.true;
          expect([breaks, refused]).to.deep.equal([[], []]);
        },
      ),
    );
  });
});
