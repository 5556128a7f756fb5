import { expect } from "chai";

import { estimatesFrom } from "../../scripts/oracle/gap-filler.js";
import { decide, type Circumstances } from "../../scripts/oracle/metering/decide.js";
import type { LatestReading } from "../../scripts/oracle/types.js";
import type { MeteredValue } from "../../scripts/oracle/vee/index.js";
import { ReadingStatus } from "../../sdk/enums.js";

const DATES = { deliveryEnd: 1000n, readingEnd: 1400n, actualsUntil: 1600n, decisionEnd: 2000n };
const { Actual, Substituted, Estimated, Corrected } = ReadingStatus;

function value(status: ReadingStatus, importWh = 5n): MeteredValue {
  return { slot: 7n, importWh, exportWh: 0n, status, rule: "measured", bridgedSeconds: 0 };
}

function at(now: bigint, latest?: LatestReading, isOperator = true): Circumstances {
  return { latest, isOfAnother: false, dates: DATES, now, isOperator };
}

function signed(status: ReadingStatus, importWh = 5n, sequence = 1n): LatestReading {
  return { status, importWh, exportWh: 0n, sequence };
}

describe("As what a value goes to the chain", () => {
  it("waits for the end of delivery", () => {
    expect(decide(value(Actual), at(999n)).kind).to.equal("held");
  });

  it("signs an actual value by the device while actuals are taken, by the operator as a correction until the decision", () => {
    expect(decide(value(Actual), at(1000n))).to.deep.equal({ kind: "send", status: Actual, sequence: 1n });
    expect(decide(value(Actual), at(1599n)).kind).to.equal("send");
    expect(decide(value(Actual), at(1600n))).to.deep.equal({ kind: "send", status: Corrected, sequence: 1n });
    expect(decide(value(Actual), at(2000n))).to.deep.equal({ kind: "done" });
    expect(decide(value(Actual), at(1600n, undefined, false)).kind, "no operator").to.equal("held");
    expect(decide(value(Actual), at(1000n, undefined, false)).kind, "the device needs none").to.equal("send");
  });

  it("lets substitutes and estimates wait for the true value, and signs them until the window's end", () => {
    expect(estimatesFrom(DATES)).to.equal(1300n);
    for (const status of [Substituted, Estimated]) {
      expect(decide(value(status), at(1299n)).kind).to.equal("held");
      expect(decide(value(status), at(1300n))).to.deep.equal({ kind: "send", status, sequence: 1n });
      expect(decide(value(status), at(1300n, undefined, false)).kind).to.equal("held");
      expect(decide(value(status), at(1300n, signed(status)))).to.deep.equal({ kind: "done" });
    }
    expect(decide(value(Substituted, 6n), at(1350n, signed(Estimated, 5n, 3n)))).to.deep.equal({
      kind: "send",
      status: Substituted,
      sequence: 4n,
    });
  });

  it("after the window corrects by what is known of the energy, never by a guess", () => {
    expect(decide(value(Substituted), at(1400n))).to.deep.equal({ kind: "send", status: Corrected, sequence: 1n });
    expect(decide(value(Estimated), at(1400n))).to.deep.equal({ kind: "done" });
    expect(decide(value(Substituted), at(2000n))).to.deep.equal({ kind: "done" });
  });

  it("replaces what stood for it by the true value, also of the same energy: its status counts", () => {
    expect(decide(value(Actual), at(1350n, signed(Estimated)))).to.deep.equal({
      kind: "send",
      status: Actual,
      sequence: 1n,
    });
    expect(decide(value(Actual), at(1700n, signed(Estimated))).kind).to.equal("send");
  });

  it("replaces nothing that was measured by a guess, and says so as long as a person could correct it", () => {
    for (const status of [Actual, Corrected]) {
      expect(decide(value(Estimated, 6n), at(1700n, signed(status)))).to.deep.include({ kind: "held" });
      expect(decide(value(Estimated, 6n), at(2000n, signed(status)))).to.deep.equal({ kind: "done" });
    }
  });

  it("replaces an actual value by a correction alone, each of a higher sequence, and only by another value", () => {
    expect(decide(value(Actual), at(1100n, signed(Actual)))).to.deep.equal({ kind: "done" });
    expect(decide(value(Actual, 6n), at(1100n, signed(Actual)))).to.deep.include({ status: Corrected, sequence: 1n });
    expect(decide(value(Substituted, 6n), at(1100n, signed(Actual)))).to.deep.include({ status: Corrected });
    expect(decide(value(Estimated, 6n), at(1100n, signed(Actual))).kind, "a guess is for people").to.equal("held");
    expect(decide(value(Estimated, 6n), at(2000n, signed(Actual))).kind).to.equal("done");
    expect(decide(value(Actual, 7n), at(1100n, signed(Corrected, 6n, 1n)))).to.deep.include({ sequence: 2n });
    expect(decide(value(Actual, 6n), at(1100n, signed(Corrected, 6n, 1n)))).to.deep.equal({ kind: "done" });
    expect(decide(value(Actual, 7n), at(1100n, signed(Corrected, 6n, 255n))).kind).to.equal("held");
  });
});
