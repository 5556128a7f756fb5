import { expect } from "chai";

import { ReadingStatus } from "../../sdk/enums.js";
import { daysLike, interval, judge, ofRegisters, register, said, SLOT, START, type Given } from "../utils/registers.js";

const { Substituted, Estimated } = ReadingStatus;
const HOUR = 3600;

describe("Intervals with gaps", () => {
  it("are linear between measured slots, up to two hours", () => {
    const { values } = judge([interval(0, 900, 100), interval(3600, 4500, 501)]);
    expect(said(values)).to.deep.equal([
      [0, 100, "measured"],
      [1, 200, "interpolation"],
      [2, 300, "interpolation"],
      [3, 400, "interpolation"],
      [4, 501, "measured"],
    ]);
    expect(values[1]).to.include({ status: Substituted, bridgedSeconds: 2700 });
  });

  it("are the profile beyond", () => {
    const { values } = judge([interval(0, 900, 100), interval(900 + 2 * HOUR + 900, 900 + 2 * HOUR + 1800, 500)], {
      history: daysLike(() => 7),
    });
    expect(said(values.slice(1, 10)).map(([, wh, rule]) => `${wh} ${rule}`)).to.deep.equal(
      Array(9).fill("7 own-profile"),
    );
  });

  it("are not interpolated from what the source itself substituted", () => {
    const { values } = judge([interval(0, 900, 100, { status: Substituted }), interval(1800, 2700, 500)]);
    expect(said(values)[1]?.[2]).to.equal("standard-profile");
    expect(said(values)[0]?.[2]).to.equal("delivered");
  });

  it("refuse a spike above the connection, which a percentage may widen, and never give a value above it", () => {
    const spiky = [interval(0, 900, 100), interval(900, 1800, 3_800), interval(1800, 2700, 300)];
    const { values, refused } = judge(spiky);
    expect(refused.map(({ rule, reason }) => `${rule}: ${reason}`)).to.deep.equal([
      "spike: 3800 Wh is more than the connection carries in 900 s",
    ]);
    expect(said(values)[1]).to.deep.equal([1, 200, "interpolation"]);
    const wide = judge(spiky, { policy: { spikePercent: 10 } });
    expect(wide.refused).to.be.empty;
    expect(said(wide.values)).to.deep.equal([
      [0, 100, "measured"],
      [1, 3_500, "connection-cap"],
      [2, 600, "connection-cap"],
    ]);
  });

  it("of two that contradict each other take the same one in any order", () => {
    const pair = [interval(0, 900, 60), interval(0, 900, 50)];
    for (const given of [pair, pair.toReversed()]) {
      const { values, refused } = judge(given);
      expect([said(values), refused.map(({ rule }) => rule)]).to.deep.equal([[[0, 50, "measured"]], ["duplicate"]]);
    }
  });

  it("in a part of a slot leave it to registers that know the whole", () => {
    const registers = [[0, 0] as Given, [900, 500] as Given, [1800, 800] as Given].map(register);
    expect(said(judge([interval(0, 300, 100), ...registers]).values)[0]).to.deep.equal([0, 500, "measured"]);
  });

  it("take another value that is spiky for no value, not for the better one", () => {
    const { values } = judge([interval(0, 900, 9_000), interval(0, 900, 90, { status: Estimated })]);
    expect(said(values)).to.deep.equal([[0, 90, "delivered"]]);
    expect(values[0]?.status).to.equal(Estimated);
  });
});

describe("Coarse registers", () => {
  it("have their steps moved on to the next slots with room, to the Wh", () => {
    const policy = { slotSeconds: 60n, stepWh: 1_000n };
    const first = BigInt(START / 60);
    const minutes = Array.from({ length: 7 }, (_, minute): Given => [60 * minute, minute < 2 ? 5_000 : 6_000]);
    const { values, unplaced } = ofRegisters(minutes, { policy, first, end: first + 6n });
    expect(values.map(({ importWh }) => Number(importWh))).to.deep.equal([0, 233, 233, 233, 233, 68]);
    expect(values.map(({ rule }) => rule)).to.deep.equal(["measured", ...Array<string>(5).fill("connection-cap")]);
    expect(values[1]?.status).to.equal(Substituted);
    expect(unplaced).to.be.empty;
    const m2 = { serial: "M2" };
    const exchanged = ofRegisters([...minutes.slice(0, 4), [360, 1, m2], [420, 2, m2]], {
      policy,
      first,
      end: first + 7n,
    });
    expect(said(exchanged.values).at(-1)?.slice(1)).to.deep.equal([1, "measured"]);
    const cut = ofRegisters(minutes.slice(0, 4), { policy, first, end: first + 6n });
    expect(cut.unplaced).to.deep.equal([{ direction: "importWh", slot: first + 2n, wh: 534n }]);
  });
});

describe("Clocks of devices", () => {
  const at = (time: number, wh: number, lag: number): Given => [time, wh, { receivedAt: START + time + lag }];

  it("that are ahead are refused beyond the tolerance", () => {
    const given = [at(0, 0, 0), at(900, 10, -301), at(900, 11, 3), at(1800, 20, -300)];
    const { values, refused } = ofRegisters(given);
    expect(refused.map(({ rule, reason }) => [rule, reason])).to.deep.equal([
      ["clock-drift", "the device's clock is 301 s ahead"],
    ]);
    expect(said(values)).to.deep.equal([
      [0, 11, "measured"],
      [1, 9, "measured"],
    ]);
    expect(ofRegisters(given, { policy: { driftSeconds: 400 } }).refused.map(({ rule }) => rule)).to.deep.equal([
      "duplicate",
    ]);
  });

  it("that lag in all messages keep their energy, but are not actual", () => {
    const lagging = [at(0, 0, 301), at(900, 10, 301), at(1800, 20, 350)];
    expect(ofRegisters(lagging).values.map(({ status, rule }) => [status, rule])).to.deep.equal([
      [Substituted, "clock-drift"],
      [Substituted, "clock-drift"],
    ]);
    const { values } = ofRegisters(lagging, { policy: { off: ["clock-drift"] } });
    expect(said(values)).to.deep.equal([
      [0, 10, "measured"],
      [1, 10, "measured"],
    ]);
  });

  it("are right where a late message comes with fresh ones", () => {
    const queued = [at(0, 0, 2 * HOUR), at(900, 10, 2 * HOUR - 900), at(1800, 20, 2 * HOUR - 1800), at(7200, 90, 2)];
    expect(ofRegisters(queued, { end: SLOT + 2n }).values.map(({ rule }) => rule)).to.deep.equal([
      "measured",
      "measured",
    ]);
  });

  it("are not right for a fresh message of hours before", () => {
    const before: Given[] = [at(0, 0, 0), at(60, 1, 0)];
    const later = 4 * HOUR;
    const { values } = ofRegisters([...before, at(later, 90, 400), at(later + 900, 100, 400)], {
      first: SLOT + 16n,
      end: SLOT + 17n,
    });
    expect(said(values)).to.deep.equal([[16, 10, "clock-drift"]]);
  });

  it("are judged by the first receipt of what came twice, in any order", () => {
    const twice = [at(0, 0, 0), at(900, 10, 5), at(900, 10, 5 * HOUR)];
    for (const given of [twice, twice.toReversed()]) {
      expect(said(ofRegisters(given).values)[0]).to.deep.equal([0, 10, "measured"]);
    }
  });

  it("do not judge files, which nobody received", () => {
    expect(said(ofRegisters([at(0, 0, 0), [900, 5]]).values)).to.deep.equal([[0, 5, "measured"]]);
  });

  it("refuse an interval that ends in the future, and let it come late", () => {
    const early = interval(0, 900, 5, { receivedAt: START + 500 });
    expect(judge([early]).refused.map(({ rule }) => rule)).to.deep.equal(["clock-drift"]);
    const late = interval(0, 900, 5, { receivedAt: START + 86_400 });
    expect(said(judge([late]).values)).to.deep.equal([[0, 5, "measured"]]);
  });
});
