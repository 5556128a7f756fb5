import { expect } from "chai";
import fc from "fast-check";

import { slotsOfIntervals } from "../../scripts/oracle/intervals.js";
import { DEFAULT_BRIDGE_SECONDS, slotsOfRegisters, type RegisterOptions } from "../../scripts/oracle/registers.js";
import type { SlotEnergies } from "../../scripts/oracle/slot-energy.js";
import type { IntervalObservation, RegisterObservation } from "../../scripts/oracle/sources/index.js";
import { ReadingStatus } from "../../sdk/enums.js";

const SLOT_SECONDS = 900n;
const SLOT = 2_000_000n;
const START = Number(SLOT * SLOT_SECONDS);
const OPTIONS: RegisterOptions = { slotSeconds: SLOT_SECONDS, maxWatts: 14_000n, isImportOnly: true };

type Given = readonly [time: number, importWh: bigint | number, changes?: Partial<RegisterObservation>];

/** At seconds after the start of the first slot. */
function at([time, importWh, changes = {}]: Given): RegisterObservation {
  return {
    kind: "register",
    meter: "home-1",
    serial: "M1",
    place: { file: "meters/1" },
    time: START + time,
    importWh: BigInt(importWh),
    exportWh: undefined,
    ...changes,
  };
}

function slotsOf(given: readonly Given[], options: Partial<RegisterOptions> = {}): SlotEnergies {
  return slotsOfRegisters(given.map(at), { ...OPTIONS, ...options });
}

/** Imports by slot, counted from the first. */
function imports({ slots }: SlotEnergies): [number, number][] {
  return slots.map(({ slot, importWh }) => [Number(slot - SLOT), Number(importWh)]);
}

function rules({ refused }: SlotEnergies): string[] {
  return refused.map(({ rule }) => rule);
}

describe("Registers to slots", () => {
  it("are the difference at the borders", () => {
    const energies = slotsOf([
      [0, 1_000_000],
      [900, 1_000_250],
      [1800, 1_000_251],
    ]);
    expect(imports(energies)).to.deep.equal([
      [0, 250],
      [1, 1],
    ]);
    expect(energies.slots[0]).to.deep.equal({
      slot: SLOT,
      importWh: 250n,
      exportWh: 0n,
      status: ReadingStatus.Actual,
      bridgedSeconds: 0,
    });
    expect([energies.gaps, energies.breaks, energies.refused]).to.deep.equal([[], [], []]);
  });

  it("are interpolated linearly between the two observations around a border, and say over how long", () => {
    const energies = slotsOf([
      [0, 0],
      [600, 60],
      [1200, 90],
      [1800, 100],
    ]);
    expect(imports(energies)).to.deep.equal([
      [0, 75],
      [1, 25],
    ]);
    expect(energies.slots.map(({ bridgedSeconds }) => bridgedSeconds)).to.deep.equal([600, 600]);
  });

  it("are a gap where they lie further apart than the bound, and the gap has their sum", () => {
    const far: Given[] = [
      [0, 0],
      [890, 20],
      [890 + DEFAULT_BRIDGE_SECONDS + 1, 40],
      [2700, 50],
      [3600, 60],
    ];
    const energies = slotsOf(far);
    expect(imports(energies)).to.deep.equal([[3, 10]]);
    expect(energies.gaps).to.deep.equal([{ firstSlot: SLOT, slots: 3n, importWh: 50n, exportWh: 0n }]);
    expect(imports(slotsOf(far, { bridgeSeconds: 909 }))).to.have.length(4);
  });

  it("need a border on both sides: what is not over is no slot, and no gap yet", () => {
    const energies = slotsOf([
      [10, 5],
      [500, 6],
      [899, 7],
    ]);
    expect([energies.slots, energies.gaps]).to.deep.equal([[], []]);
    expect(slotsOf([]).slots).to.be.empty;
  });

  it("are whole only with both directions, unless the meter has but one", () => {
    const both = { isImportOnly: false };
    const withExport: Given[] = [
      [0, 10, { exportWh: 3n }],
      [900, 30, { exportWh: 8n }],
      [1800, 40],
    ];
    const energies = slotsOf(withExport, both);
    expect(energies.slots.map(({ importWh, exportWh }) => [importWh, exportWh])).to.deep.equal([[20n, 5n]]);
    expect(energies.gaps).to.deep.equal([{ firstSlot: SLOT + 1n, slots: 1n, importWh: 10n, exportWh: undefined }]);
    expect(
      slotsOf(
        [
          [0, 10],
          [900, 30],
        ],
        both,
      ).slots,
    ).to.be.empty;
  });

  it("may come from messages of one register each (Shelly of the first generation)", () => {
    const apart: Given[] = [0, 900].flatMap((time): Given[] => [
      [time, time],
      [time + 1, 0, { importWh: undefined, exportWh: BigInt(2 * time) }],
      [time - 1, 0, { importWh: undefined, exportWh: BigInt(2 * time) }],
    ]);
    const [slot] = slotsOf(apart, { isImportOnly: false, maxWatts: 100_000n }).slots;
    expect(slot).to.deep.include({ importWh: 900n, exportWh: 1_800n });
  });

  it("follow a rollover", () => {
    const energies = slotsOf(
      [
        [0, 999_999_900],
        [900, 150],
        [1800, 160],
      ],
      { rolloverWh: 1_000_000_000n },
    );
    expect(imports(energies)).to.deep.equal([
      [0, 250],
      [1, 10],
    ]);
    expect([energies.breaks, energies.refused]).to.deep.equal([[], []]);
  });

  it("take no rollover for what the connection can't have carried, nor where the meter has none", () => {
    const low: Given[] = [
      [0, 900_000_000],
      [900, 150],
      [1800, 160],
    ];
    for (const rolloverWh of [1_000_000_000n, undefined]) {
      const energies = slotsOf(low, { rolloverWh });
      expect(imports(energies)).to.deep.equal([[1, 10]]);
      expect(energies.breaks.map(({ reason }) => reason)).to.deep.equal(["reset"]);
      expect(energies.gaps).to.deep.equal([{ firstSlot: SLOT, slots: 1n, importWh: undefined, exportWh: 0n }]);
    }
  });

  it("are cut where the meter was exchanged, and never negative or the new one's lifetime", () => {
    for (const first of [3, 77_000_000]) {
      const m2 = { serial: "M2" };
      const energies = slotsOf(
        [
          [0, 1_000_000],
          [900, 1_000_100],
          [1000, 1_000_110],
          [1700, first, m2],
          [2700, first + 50, m2],
          [3600, first + 60, m2],
        ],
        { bridgeSeconds: 1000 },
      );
      expect(imports(energies)).to.deep.equal([
        [0, 100],
        [2, 45],
        [3, 10],
      ]);
      expect(energies.breaks.map(({ reason, after }) => [reason, after.time - START])).to.deep.equal([
        ["exchange", 1700],
      ]);
      expect(energies.gaps).to.deep.equal([{ firstSlot: SLOT + 1n, slots: 1n, importWh: undefined, exportWh: 0n }]);
    }
  });

  it("know an exchange through messages that have no serial number", () => {
    const none = { serial: undefined };
    const energies = slotsOf([
      [0, 100],
      [900, 110, none],
      [1800, 120, { serial: "M2" }],
      [2700, 125, none],
    ]);
    expect(imports(energies)).to.deep.equal([
      [0, 10],
      [2, 5],
    ]);
    expect(energies.breaks.map(({ reason }) => reason)).to.deep.equal(["exchange"]);
  });

  it("keep the zeros of a meter that never counted until it was exchanged", () => {
    const m2 = { serial: "M2" };
    const energies = slotsOf([
      [0, 0],
      [900, 0],
      [1800, 7_000, m2],
      [2700, 7_005, m2],
    ]);
    expect(imports(energies)).to.deep.equal([
      [0, 0],
      [2, 5],
    ]);
    expect([energies.breaks.length, energies.refused.length]).to.deep.equal([1, 0]);
  });

  it("leave out a momentary 0, however often, and never book the lifetime total", () => {
    const zeros: Given[] = [
      [910, 0],
      [920, 0],
      [930, 0],
    ];
    const energies = slotsOf([[0, 5_000_000], [900, 5_000_040], ...zeros, [940, 5_000_042], [1800, 5_000_050]]);
    expect(imports(energies)).to.deep.equal([
      [0, 40],
      [1, 10],
    ]);
    expect(rules(energies)).to.deep.equal(["zero-register", "zero-register", "zero-register"]);
    expect(energies.breaks).to.be.empty;
  });

  it("leave out the zeros of a meter that had not been read when we began", () => {
    const energies = slotsOf([
      [0, 0],
      [900, 0],
      [1800, 0],
      [1900, 5_000_000],
      [2700, 5_000_100],
      [3600, 5_000_110],
    ]);
    expect(imports(energies)).to.deep.equal([[3, 10]]);
    expect(rules(energies)).to.deep.equal(["zero-register", "zero-register", "zero-register"]);
  });

  it("take zeros for zeros where the register never counted", () => {
    expect(
      imports(
        slotsOf([
          [0, 0],
          [900, 0],
          [1800, 5],
        ]),
      ),
    ).to.deep.equal([
      [0, 0],
      [1, 5],
    ]);
  });

  it("leave out a single lower value and a single spike", () => {
    const energies = slotsOf([
      [0, 1_000],
      [300, 700],
      [600, 1_010],
      [700, 9_000_000],
      [900, 1_020],
    ]);
    expect(imports(energies)).to.deep.equal([[0, 20]]);
    expect(rules(energies)).to.deep.equal(["not-monotonic", "spike"]);
    expect(energies.refused.map(({ reason }) => reason)).to.deep.equal([
      "700 Wh is less than 1000 Wh before",
      "9000000 Wh is more than can follow 1010 Wh",
    ]);
  });

  it("go on from a reset, or a jump, once a second value confirms it", () => {
    for (const [to, reason] of [
      [50, "reset"],
      [9_000_000, "jump"],
    ] as const) {
      const energies = slotsOf([
        [0, 5_000],
        [900, 5_010],
        [1000, to],
        [1800, to + 7],
        [2700, to + 9],
      ]);
      expect(imports(energies)).to.deep.equal([
        [0, 10],
        [2, 2],
      ]);
      expect(energies.breaks.map((found) => found.reason)).to.deep.equal([reason]);
      expect(energies.refused).to.be.empty;
    }
  });

  it("leave a last value open that may be wrong", () => {
    const energies = slotsOf([
      [0, 5_000],
      [900, 5_010],
      [1800, 5],
    ]);
    expect(imports(energies)).to.deep.equal([[0, 10]]);
    expect([energies.breaks, energies.refused]).to.deep.equal([[], []]);
  });

  it("bear what comes twice, and refuse another value of the same moment", () => {
    expect(
      rules(
        slotsOf([
          [0, 10],
          [0, 10],
          [900, 20],
          [900, 20],
        ]),
      ),
    ).to.be.empty;
    expect(
      rules(
        slotsOf([
          [0, 10],
          [900, 20],
          [900, 21],
        ]),
      ),
    ).to.deep.equal(["duplicate"]);
    // a doubtful value is confirmed by a later one only: not by itself, nor by another of the same moment
    const twice = slotsOf([
      [0, 5_000],
      [900, 50],
      [900, 50],
    ]);
    expect([twice.breaks, twice.refused]).to.deep.equal([[], []]);
    expect(
      slotsOf([
        [0, 5_000],
        [900, 50],
        [900, 55],
      ]).breaks,
    ).to.be.empty;
  });

  it("let a coarse register step", () => {
    const coarse: Given[] = [
      [0, 5_000],
      [10, 6_000],
      [900, 7_000],
    ];
    expect(rules(slotsOf([...coarse, [910, 7_000], [1800, 7_000]]))).to.not.be.empty;
    expect(imports(slotsOf(coarse, { stepWh: 1_000n }))).to.deep.equal([[0, 2_000]]);
  });

  describe("of any series", () => {
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
});

describe("Intervals to slots", () => {
  const interval = (
    from: number,
    to: number,
    importWh: number,
    changes: Partial<IntervalObservation> = {},
  ): IntervalObservation => ({
    kind: "interval",
    meter: "home-1",
    serial: undefined,
    place: { file: "file.csv" },
    start: START + from,
    end: START + to,
    importWh: BigInt(importWh),
    exportWh: 0n,
    status: ReadingStatus.Actual,
    quality: "A",
    ...changes,
  });
  const slotsOfAll = (...observations: IntervalObservation[]): SlotEnergies =>
    slotsOfIntervals(observations, { slotSeconds: SLOT_SECONDS });
  const estimated = { status: ReadingStatus.Estimated };

  it("add those that fill a slot, of the worst of their qualities", () => {
    const energies = slotsOfAll(interval(300, 600, 2, estimated), interval(0, 300, 1), interval(600, 900, 4));
    expect(energies.slots).to.deep.equal([
      { slot: SLOT, importWh: 7n, exportWh: 0n, status: ReadingStatus.Estimated, bridgedSeconds: 0 },
    ]);
  });

  it("are a gap where one is missing, or a direction", () => {
    const open = { exportWh: undefined };
    const energies = slotsOfAll(
      interval(0, 900, 1),
      interval(900, 1500, 1),
      interval(2700, 3600, 9, open),
      interval(3600, 4500, 2),
    );
    expect(imports(energies)).to.deep.equal([
      [0, 1],
      [4, 2],
    ]);
    expect(energies.gaps).to.deep.equal([
      { firstSlot: SLOT + 1n, slots: 3n, importWh: undefined, exportWh: undefined },
    ]);
  });

  it("are not split between slots", () => {
    expect(rules(slotsOfAll(interval(0, 1800, 10)))).to.deep.equal(["across-border"]);
    expect(rules(slotsOfAll(interval(600, 1200, 10)))).to.deep.equal(["across-border"]);
  });

  it("take the better of two values, bear the same twice, and refuse another as good", () => {
    for (const pair of [
      [interval(0, 900, 5), interval(0, 900, 3, estimated)],
      [interval(0, 900, 3, estimated), interval(0, 900, 5)],
    ]) {
      const energies = slotsOfAll(...pair);
      expect(imports(energies)).to.deep.equal([[0, 5]]);
      expect(rules(energies)).to.deep.equal(["duplicate"]);
    }
    expect(rules(slotsOfAll(interval(0, 900, 5), interval(0, 900, 5)))).to.be.empty;
    expect(rules(slotsOfAll(interval(0, 900, 5), interval(0, 900, 6)))).to.deep.equal(["duplicate"]);
    expect(rules(slotsOfAll(interval(0, 900, 5), interval(300, 600, 6)))).to.deep.equal(["duplicate"]);
  });

  it("know nothing of nothing", () => expect(slotsOfAll().gaps).to.be.empty);
});
