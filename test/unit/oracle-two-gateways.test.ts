import { expect } from "chai";

import { CommonwattError } from "../../sdk/errors.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { rankOf, type SignedReading } from "../../sdk/signing/readings.js";
import { openStation, type Station } from "../utils/gateway.js";
import { HandClock, SLOT, SLOT_SECONDS, TIMES } from "../utils/oracle.js";

const LENGTH = Number(SLOT_SECONDS);
const START = Number(SLOT) * LENGTH;
/** Minutes around the borders of SLOT. */
const HOUR = [-5, 5, 55, 65];
/** What the register shows: more and more flows, so that each gateway reads another energy. */
const wattHours = (minute: number): number => 1000 + minute ** 2 / 5;

describe("Two gateways of the same meter", () => {
  const clock = new HandClock();
  let stored: Map<string, SignedReading>;
  let stations: Station[];

  beforeEach(async () => {
    clock.time = START;
    stored = new Map();
    stations = [await openStation({ clock, submit }), await openStation({ clock, submit })];
  });
  afterEach(async () => {
    for (const { oracle } of stations) await oracle.stop();
  });

  /** As MeterLedger: a lower rank, and a second actual value, replace nothing. */
  function submit(readings: readonly SignedReading[]): Promise<string> {
    for (const [index, reading] of readings.entries()) {
      const before = stored.get(`${reading.slot}`);
      if (before === undefined || before.importWh === reading.importWh) continue;
      const [rank, known] = [rankOf(reading.status), rankOf(before.status)];
      if (rank > known) continue;
      return Promise.reject(new CommonwattError("MeterLedgerMayNotReplace", { index: BigInt(index) }));
    }
    for (const reading of readings) stored.set(`${reading.slot}`, reading);
    return Promise.resolve(`0x${"0".repeat(64)}`);
  }

  it("leave what the first one brought: neither corrects the other", async () => {
    const [first, second] = stations as [Station, Station];
    for (const minute of HOUR) {
      await first.say(START + 60 * minute, wattHours(minute));
      await second.say(START + 60 * minute + 20, wattHours(minute));
    }
    await first.work();
    const brought = stored.get(`${SLOT}`);
    expect(brought?.status).to.equal(ReadingStatus.Actual);
    await second.work();
    expect(second.outbox.counts().rejected, "another value").to.equal(1);
    const { actualsUntil } = await TIMES.timesOf(SLOT);
    for (const later of [2 * LENGTH, Number(actualsUntil) - START + 61]) {
      clock.time = START + later;
      for (const one of stations) await one.work();
    }
    expect(stored.get(`${SLOT}`)).to.equal(brought);
  });

  it("bring what was signed together with a value that the other had brought", async () => {
    const [first, second] = stations as [Station, Station];
    for (const minute of HOUR) await first.say(START + 60 * minute, wattHours(minute));
    await first.work(); // and is away from now on
    for (const minute of [...HOUR, 115, 125, 175, 185]) await second.say(START + 60 * minute + 20, wattHours(minute));
    await second.work();
    expect(stored.get(`${SLOT + 1n}`), "the series was refused").to.equal(undefined);
    clock.time += 61;
    await second.work();
    expect(stored.get(`${SLOT + 1n}`)?.status).to.equal(ReadingStatus.Actual);
    expect(stored.get(`${SLOT + 2n}`)?.status).to.equal(ReadingStatus.Actual);
  });
});
