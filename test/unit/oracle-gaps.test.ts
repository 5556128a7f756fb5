import { verifyTypedData } from "ethers";
import { expect } from "chai";

import { standardValue } from "../../scripts/forecast/index.js";
import {
  estimatesFrom,
  findSilent,
  outboxHistory,
  ProfileEstimator,
  type MeterHistory,
} from "../../scripts/oracle/gap-filler.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import type { MeterDirectory } from "../../scripts/oracle/types.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { readingMessage } from "../../sdk/signing/readings.js";
import {
  directoryOf,
  HandClock,
  LEDGER,
  MemoryChain,
  OPERATOR,
  readingOf,
  SILENT_LOG,
  SLOT,
  SLOT_SECONDS,
  TIMES,
  walletOf,
} from "../utils/oracle.js";

const CLOCK = { slotSeconds: Number(SLOT_SECONDS), offsetSeconds: 0 };

describe("Estimates for silent meters", () => {
  let outbox: SqliteOutbox;
  let clock: HandClock;

  beforeEach(() => {
    outbox = new SqliteOutbox(":memory:");
    clock = new HandClock();
  });

  function estimator(
    history: MeterHistory = outboxHistory(outbox),
    directory: MeterDirectory = directoryOf(3),
  ): ProfileEstimator {
    const silent = findSilent(outbox);
    return new ProfileEstimator({
      directory,
      history,
      findSilent: silent,
      operator: OPERATOR,
      ledger: LEDGER,
      clock: CLOCK,
    });
  }

  function oracle(gapFiller = estimator()): Oracle {
    const source = { start: () => Promise.resolve(), stop: () => Promise.resolve() };
    return new Oracle({
      source,
      rules: [],
      outbox,
      writer: new MemoryChain(),
      directory: directoryOf(3),
      times: TIMES,
      clock,
      log: SILENT_LOG,
      gapFiller,
      estimateFromSlot: SLOT,
    });
  }

  async function momentOfEstimates(slot: bigint): Promise<number> {
    return Number(estimatesFrom(await TIMES.timesOf(slot)));
  }

  it("are for meters without a reading: a gap is not a zero, and a zero is no gap", async () => {
    outbox.accept([await readingOf({ meter: 2n, importWh: 0n })], 1);
    expect((await estimator().fill(SLOT)).map((reading) => reading.meter)).to.deep.equal([1n, 3n]);
  });

  it("are not for meters of another operator", async () => {
    const directory = directoryOf(3, new Map([[2n, { meteringOperator: walletOf("other operator").address }]]));
    const moved: MeterDirectory = {
      siteOf: directory.siteOf.bind(directory),
      metersOf: () => Promise.resolve([1n, 2n, 3n]),
    };
    const silent = (await estimator(undefined, moved).fill(SLOT)).map((reading) => reading.meter);
    expect(silent).to.deep.equal([1n, 3n]);
  });

  it("are the mean of the meter's own similar days", async () => {
    for (const [daysBefore, importWh] of [
      [1n, 300n],
      [2n, 500n],
    ] as const) {
      outbox.accept([await readingOf({ slot: SLOT - 24n * daysBefore, importWh })], 1);
    }
    const [first] = await estimator().fill(SLOT);
    expect(first).to.include({ meter: 1n, importWh: 400n, exportWh: 0n });
  });

  it("are not made from estimates", async () => {
    outbox.accept([await readingOf({ slot: SLOT - 24n, importWh: 7n, status: ReadingStatus.Estimated })], 1);
    const [first] = await estimator().fill(SLOT);
    expect(first?.importWh).to.not.equal(7n);
  });

  it("are the standard profile for a meter without a past", async () => {
    const [first] = await estimator().fill(SLOT);
    expect(Number(first?.importWh)).to.equal(standardValue(CLOCK, Number(SLOT), 0).importWh);
  });

  it("are no more than the connection carries", async () => {
    const [first] = await estimator({ valueAt: () => ({ importWh: 50_000, exportWh: 60_000 }) }).fill(SLOT);
    expect(first).to.include({ importWh: 9000n, exportWh: 9000n });
  });

  it("are signed by the metering operator, as estimated", async () => {
    const [first] = await estimator().fill(SLOT);
    if (first === undefined) throw new Error("no estimate was made");
    const { domain, types, value } = readingMessage(LEDGER, first);
    expect(verifyTypedData(domain, types, value, { r: first.r, yParityAndS: first.vs })).to.equal(OPERATOR.address);
    expect(first.status).to.equal(ReadingStatus.Estimated);
  });

  it("wait for three quarters of the reading window, and are made once", async () => {
    const running = oracle();
    clock.time = (await momentOfEstimates(SLOT)) - 1;
    expect(await running.fillGaps()).to.equal(0);
    clock.time += 1;
    expect(await running.fillGaps()).to.equal(3);
    expect(await running.fillGaps()).to.equal(0);
    expect(outbox.counts().waiting).to.equal(3);
    clock.time += Number(SLOT_SECONDS);
    expect(await running.fillGaps()).to.equal(3);
  });

  it("are not made again after a restart, nor for slots before the first", async () => {
    clock.time = await momentOfEstimates(SLOT);
    expect(await oracle().fillGaps()).to.equal(3);
    expect(await oracle().fillGaps()).to.equal(0);
    expect(outbox.has(1n, SLOT - 1n)).to.equal(false);
  });

  it("are left out where the chain takes none any more", async () => {
    const { readingEnd } = await TIMES.timesOf(SLOT);
    clock.time = Number(readingEnd);
    await oracle().fillGaps();
    expect(outbox.has(1n, SLOT)).to.equal(false);
    expect(outbox.has(1n, SLOT + 1n)).to.equal(true);
  });
});
