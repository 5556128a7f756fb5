import { expect } from "chai";

import type { MeterDirectory } from "../../scripts/oracle/types.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { openStation } from "../utils/gateway.js";
import { CONNECTION_WH, directoryOf, HandClock, SLOT, SLOT_SECONDS } from "../utils/oracle.js";

const LENGTH = Number(SLOT_SECONDS);
const START = Number(SLOT) * LENGTH;

describe("A meter's connection that changes", () => {
  it("to a smaller one takes nothing from what was counted before, whatever is judged again", async () => {
    const clock = new HandClock();
    clock.time = START;
    const before = directoryOf(1);
    const after = directoryOf(1, new Map([[1n, { connectionWh: CONNECTION_WH / 10n }]]));
    const directory: MeterDirectory = {
      siteOf: (meter, slot) => (slot < SLOT + 2n ? before : after).siteOf(meter),
      metersOf: (operator) => before.metersOf(operator),
    };
    const stored: SignedReading[] = [];
    const submit = (readings: readonly SignedReading[]): Promise<string> => {
      stored.push(...readings);
      return Promise.resolve(`0x${"0".repeat(64)}`);
    };
    const { say, work, oracle } = await openStation({ clock, submit, directory });
    for (const [index, wh] of [0, 4000, 8000, 8500, 9000].entries()) {
      await say(START + index * LENGTH, 1000 + wh);
      await work();
    }
    await oracle.stop();
    const measured = stored.filter(({ slot }) => slot >= SLOT); // before it there are estimates
    expect(measured.map(({ slot, importWh, status }) => [slot - SLOT, importWh, status])).to.deep.equal(
      [4000n, 4000n, 500n, 500n].map((wh, index) => [BigInt(index), wh, ReadingStatus.Actual]),
    );
  });
});
