import { expect } from "chai";

import { estimatesFrom } from "../../scripts/oracle/gap-filler.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { openStation, type Station } from "../utils/gateway.js";
import { HandClock, SLOT, SLOT_SECONDS, TIMES } from "../utils/oracle.js";

const LENGTH = Number(SLOT_SECONDS);
const START = Number(SLOT) * LENGTH;
const IN_2099 = Date.UTC(2099, 0) / 1000;

describe("What seems to be of the future", () => {
  let clock: HandClock;
  let stored: SignedReading[];
  let station: Station;

  beforeEach(async () => {
    clock = new HandClock();
    clock.time = START;
    stored = [];
    const submit = (readings: readonly SignedReading[]): Promise<string> => {
      stored.push(...readings);
      return Promise.resolve(`0x${"0".repeat(64)}`);
    };
    station = await openStation({ clock, submit });
  });
  afterEach(() => station.oracle.stop());

  it("because the machine's clock was wrong for a moment makes no values of all years until then", async () => {
    const { say, work, outbox } = station;
    await say(START, 1000);
    await say(IN_2099, 1100);
    clock.time = START + 60;
    for (const [index, wh] of [1400, 1900].entries()) {
      await say(START + (index + 1) * LENGTH, wh);
      await work();
    }
    const made = [0n, 1n].map((offset) => outbox.latestAt(1n, SLOT + offset));
    expect(made.map((reading) => reading?.importWh)).to.deep.equal([400n, 500n]);
    expect(made.map((reading) => reading?.status)).to.deep.equal([ReadingStatus.Actual, ReadingStatus.Actual]);
    expect(outbox.metering.valueAt(1n, SLOT + 100n), "of which nobody knows").to.equal(undefined);
    expect(outbox.metering.lastTime(1n), "it is kept").to.equal(IN_2099);
  });

  it("because the clock was wrong while it worked ends no estimates and no second attempts", async () => {
    const { say, work, outbox } = station;
    await say(START, 1000);
    clock.time = IN_2099;
    await work();
    await say(START + LENGTH, 1400);
    await work();
    await say(START + 2 * LENGTH, 1900);
    clock.time = Number(estimatesFrom(await TIMES.timesOf(SLOT + 5n)));
    await work();
    expect(outbox.latestAt(1n, SLOT + 1n)).to.deep.include({ importWh: 500n, status: ReadingStatus.Actual });
    for (const silent of [SLOT + 4n, SLOT + 5n]) {
      expect(outbox.latestAt(1n, silent)?.status).to.equal(ReadingStatus.Estimated);
    }
    expect(outbox.latestAt(1n, SLOT + 6n), "its time has not come").to.equal(undefined);
  });
});
