import { expect } from "chai";

import { CommonwattError } from "../../sdk/errors.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { openStation, type Station, type StationParts } from "../utils/gateway.js";
import { HandClock, SLOT, SLOT_SECONDS, TIMES } from "../utils/oracle.js";

const LENGTH = Number(SLOT_SECONDS);
const START = Number(SLOT) * LENGTH;
const { Actual, Corrected } = ReadingStatus;

describe("Values that are late", () => {
  const clock = new HandClock();
  let station: Station | undefined;
  let submitted: SignedReading[];

  beforeEach(() => {
    clock.time = START;
    submitted = [];
  });
  afterEach(() => station?.oracle.stop());

  async function open(parts: Partial<StationParts> = {}): Promise<Station> {
    const submit = (readings: readonly SignedReading[]): Promise<string> => {
      submitted.push(...readings);
      return Promise.resolve(`0x${"0".repeat(64)}`);
    };
    station = await openStation({ clock, submit, ...parts });
    return station;
  }

  async function afterActuals(): Promise<number> {
    return Number((await TIMES.timesOf(SLOT)).actualsUntil) + 60;
  }

  it("are corrections above what another oracle of the operator, or ours before an old backup, has signed", async () => {
    const found = { importWh: 1n, exportWh: 0n, status: Corrected, sequence: 3n };
    const { say, work } = await open({
      stored: () => Promise.resolve(found),
    });
    await say(START, 1000);
    await say(START + LENGTH, 1400);
    clock.time = await afterActuals();
    await work();
    const own = submitted.filter(({ slot }) => slot === SLOT);
    expect(own.map(({ status, importWh, sequence }) => [status, importWh, sequence])).to.deep.equal([
      [Corrected, 400n, 4n],
    ]);
  });

  it("have the operator correct what the chain rejected because it came too late", async () => {
    const { say, work, outbox } = await open({
      submit: (readings) => {
        const index = readings.findIndex(({ status, slot }) => status === Actual && slot === SLOT);
        submitted.push(...readings);
        if (index === -1) return Promise.resolve(`0x${"0".repeat(64)}`);
        return Promise.reject(new CommonwattError("MeterLedgerTooLate", { index: BigInt(index) }));
      },
    });
    await say(START, 1000);
    await say(START + LENGTH, 1400);
    await work();
    expect(outbox.latestAt(1n, SLOT)).to.equal(undefined);
    clock.time = await afterActuals();
    await work();
    expect(outbox.latestAt(1n, SLOT)).to.deep.include({ importWh: 400n, status: Corrected });
    const brought = submitted.filter(({ slot, status }) => slot === SLOT && status === Corrected);
    expect(brought.map(({ importWh }) => importWh)).to.deep.equal([400n]);
  });
});
