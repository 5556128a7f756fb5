import { expect } from "chai";

import { standardValue } from "../../scripts/forecast/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { daysLike, judge, ofRegisters, said, SLOT, START, type Given, type Judging } from "../utils/registers.js";

const { Actual, Substituted, Estimated } = ReadingStatus;
const CLOCK = { slotSeconds: 900, offsetSeconds: 0 };
const HOUR = 3600;

describe("Substitutes between registers", () => {
  it("are linear up to two hours, and add up to what the register counted", () => {
    const { values, gaps } = ofRegisters([
      [0, 1_000],
      [900, 1_100],
      [900 + 2 * HOUR, 1_507],
      [900 + 2 * HOUR + 900, 1_600],
    ]);
    const between = values.slice(1, 9);
    expect(between.map(({ importWh }) => Number(importWh))).to.deep.equal([50, 51, 51, 51, 51, 51, 51, 51]);
    expect(
      new Set(between.map(({ status, rule, bridgedSeconds }) => `${status} ${rule} ${bridgedSeconds}`)),
    ).to.have.keys([`${Substituted} interpolation ${2 * HOUR}`]);
    expect(gaps).to.deep.equal([{ firstSlot: SLOT + 1n, slots: 8n, importWh: 407n, exportWh: 0n }]);
    expect([values[0]?.status, values[9]?.status]).to.deep.equal([Actual, Actual]);
  });

  const outage: Given[] = [
    [0, 1_000],
    [900, 1_100],
    [900 + 3 * HOUR, 1_700],
    [900 + 3 * HOUR + 900, 1_800],
  ];

  it("take the shape of the home's own days beyond, to the sum, by the largest remainder", () => {
    const history = daysLike((quarter) => (quarter === 3 ? 300 : quarter === 4 ? 99 : 0));
    const { values } = ofRegisters(outage, { history });
    expect(said(values.slice(1, 6))).to.deep.equal([
      [1, 0, "own-profile-to-sum"],
      [2, 0, "own-profile-to-sum"],
      [3, 451, "own-profile-to-sum"], // 600 * 300 / 399 = 451.13
      [4, 149, "own-profile-to-sum"], // 148.87
      [5, 0, "own-profile-to-sum"],
    ]);
    expect(values.slice(1, 13).every(({ status }) => status === Substituted)).to.be.true;
  });

  it("take the standard shape where nothing is known of the home", () => {
    const { values } = ofRegisters(outage);
    const [first] = values.slice(1, 13);
    expect(first?.rule).to.equal("standard-profile-to-sum");
    const parts = values.slice(1, 13).map(({ importWh }) => importWh);
    expect(parts.reduce((a, b) => a + b)).to.equal(600n);
    expect(new Set(parts).size).to.be.above(1); // START is 08:00 UTC: the load is not the same all day
  });

  it("are spread evenly where no profile has energy: export by night", () => {
    const night = Math.ceil(START / 86_400) * 86_400 - START;
    const both = { exportWh: 0n };
    const { values } = ofRegisters(
      [
        [night, 0, both],
        [night + 3 * HOUR, 0, { exportWh: 25n }],
      ],
      { policy: { isImportOnly: false } },
    );
    expect(values.map(({ exportWh }) => Number(exportWh))).to.deep.equal([3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(values[0]?.rule).to.equal("even-to-sum");
  });

  it("by day take the shape of the sun for export", () => {
    const noon = Math.ceil(START / 86_400) * 86_400 - START + 9 * HOUR;
    const { values } = ofRegisters(
      [
        [noon, 0, { exportWh: 0n }],
        [noon + 6 * HOUR, 0, { exportWh: 2_000n }],
      ],
      { policy: { isImportOnly: false } },
    );
    expect(values.reduce((sum, { exportWh }) => sum + exportWh, 0n)).to.equal(2_000n);
    expect((values[12]?.exportWh ?? 0n) > (values[0]?.exportWh ?? 0n)).to.be.true;
  });

  it("keep to the connection: what does not fit is spread over the others", () => {
    // all at one quarter of an hour by the home's days, which carries 3,500 Wh
    const history = daysLike((quarter) => (quarter === 5 ? 1_000 : 1));
    const { values, unplaced } = ofRegisters(
      [
        [0, 0],
        [3 * HOUR, 7_000],
      ],
      { history },
    );
    expect(Number(values[5]?.importWh)).to.equal(3_500);
    expect(values.reduce((sum, { importWh }) => sum + importWh, 0n)).to.equal(7_000n);
    expect(values.filter(({ importWh }) => importWh > 318n).length).to.equal(3); // 3,500 over eleven: 318.18
    expect(unplaced).to.be.empty;
  });

  it("begin and end with what the registers counted in the slots at the edges", () => {
    const { values } = ofRegisters(
      [
        [0, 0],
        [800, 400],
        [800 + 3 * HOUR, 400],
        [12_600, 900],
      ],
      { history: daysLike(() => 100) },
    );
    expect(said(values)[0]).to.deep.equal([0, 400, "own-profile-to-sum"]);
    expect(values.slice(1, 12).every(({ importWh }) => importWh === 0n)).to.be.true;
  });

  it("are not made of a sum that is too old to say what its slots were", () => {
    const days = 36 * 86_400;
    const given: Given[] = [
      [0, 0],
      [days, 10_000],
    ];
    expect(ofRegisters(given, { end: SLOT + 4n }).values.map(({ rule }) => rule)).to.deep.equal(
      Array(4).fill("standard-profile"),
    );
    const policy = { longestGapSeconds: days };
    expect(ofRegisters(given, { policy, end: SLOT + 1n }).values[0]?.rule).to.equal("standard-profile-to-sum");
  });

  it("can be configured, and switched off", () => {
    const rulesOf = (judging: Judging): string[] => [
      ...new Set(
        ofRegisters(outage, judging)
          .values.slice(1, 13)
          .map(({ rule }) => rule),
      ),
    ];
    const history = daysLike(() => 10);
    expect(rulesOf({ policy: { interpolateSeconds: 3 * HOUR } })).to.deep.equal(["interpolation"]);
    expect(rulesOf({ policy: { bridgeSeconds: 3 * HOUR } })).to.deep.equal(["measured"]);
    expect(rulesOf({ policy: { off: ["own-profile"] }, history })).to.deep.equal(["standard-profile-to-sum"]);
    expect(rulesOf({ policy: { off: ["standard-profile"] } })).to.deep.equal(["even-to-sum"]);
    expect(rulesOf({ policy: { interpolateSeconds: 3 * HOUR, off: ["interpolation"] }, history })).to.deep.equal([
      "own-profile-to-sum",
    ]);
  });

  it("give way to the true value when it arrives", () => {
    const late: Given[] = Array.from({ length: 11 }, (_, index) => [1800 + 900 * index, 1_100 + 50 * index]);
    const { values, gaps } = ofRegisters([...outage, ...late]);
    expect(values.every(({ status, rule }) => status === Actual && rule === "measured")).to.be.true;
    expect(gaps).to.be.empty;
  });
});

describe("Estimates", () => {
  it("are only made where later was seen, or it is time", () => {
    const given: Given[] = [
      [0, 0],
      [500, 50],
      [1000, 100],
    ];
    const silent = { end: SLOT + 4n };
    expect(said(ofRegisters(given, silent).values)).to.deep.equal([[0, 90, "measured"]]);
    const { values } = ofRegisters(given, { ...silent, estimateUntil: SLOT + 3n, history: daysLike(() => 90) });
    // of slot 1, 100 s are counted: 10 Wh, and 800/900 of 90
    expect(said(values)).to.deep.equal([
      [0, 90, "measured"],
      [1, 90, "own-profile"],
      [2, 90, "own-profile"],
    ]);
    expect(values.map(({ status }) => status)).to.deep.equal([Actual, Estimated, Estimated]);
  });

  it("are the standard profile without a past, at most the connection, and none with both rules off", () => {
    const range = { first: SLOT, end: SLOT + 1n, estimateUntil: SLOT + 1n };
    const wh = standardValue(CLOCK, Number(SLOT), 0).importWh;
    expect(said(judge([], range).values)).to.deep.equal([[0, wh, "standard-profile"]]);
    expect(said(judge([], { ...range, policy: { maxWatts: 40n } }).values)).to.deep.equal([
      [0, 10, "standard-profile"],
    ]);
    expect(judge([], { ...range, policy: { off: ["own-profile", "standard-profile"] } }).values).to.be.empty;
  });

  it("are never less than what was counted in a part of the slot", () => {
    const { values } = ofRegisters(
      [
        [0, 0],
        [600, 500],
        [900, 7, { serial: "M2" }],
        [1800, 8, { serial: "M2" }],
      ],
      { history: daysLike(() => 30) },
    );
    expect(said(values)[0]).to.deep.equal([0, 510, "own-profile"]);
  });

  it("stay at the connection with what was counted in a part of the slot", () => {
    const policy = { stepWh: 1_000n };
    const m2 = { serial: "M2" };
    const { values } = ofRegisters(
      [
        [0, 0],
        [10, 1_000],
        [900, 7, m2],
        [1800, 8, m2],
      ],
      { policy, history: daysLike(() => 3_400) },
    );
    expect(said(values)[0]).to.deep.equal([0, 3_500, "own-profile"]);
  });

  it("cover an exchange linearly between measured slots around it", () => {
    const m2 = { serial: "M2" };
    const { values, breaks } = ofRegisters([
      [0, 5_000],
      [900, 5_100],
      [1800, 3, m2],
      [2700, 303, m2],
    ]);
    expect(said(values)).to.deep.equal([
      [0, 100, "measured"],
      [1, 200, "interpolation"],
      [2, 300, "measured"],
    ]);
    expect(values[1]?.status).to.equal(Substituted);
    expect(breaks.map(({ reason }) => reason)).to.deep.equal(["exchange"]);
  });

  it("wait for the register that comes in a message of its own", () => {
    const both = { policy: { isImportOnly: false } };
    const apart = (time: number, wh: number): Given[] => [
      [time, wh],
      [time + 1, 0, { importWh: undefined, exportWh: BigInt(wh) }],
    ];
    const given = [...apart(0, 0), ...apart(600, 60), [905, 90] as Given];
    expect(ofRegisters(given, both).values).to.be.empty;
    expect(said(ofRegisters([...given, ...apart(1200, 120)], { ...both, end: SLOT + 1n }).values)).to.deep.equal([]);
    // the export was first read at second 1, so its first slot is whole only by estimate
    const withStart = [[-1, 0, { exportWh: 0n }] as Given, ...given, ...apart(1200, 120)];
    expect(said(ofRegisters(withStart, { ...both, first: SLOT, end: SLOT + 1n }).values)).to.deep.equal([
      [0, 89, "measured"],
    ]);
  });
});
