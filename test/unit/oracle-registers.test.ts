import { expect } from "chai";

import { POLICY_DEFAULTS } from "../../scripts/oracle/vee/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { imports, rules, SLOT, slotsOf, START, type Given } from "../utils/registers.js";

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
      rule: "measured",
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
      [890 + POLICY_DEFAULTS.bridgeSeconds + 1, 40],
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
});
