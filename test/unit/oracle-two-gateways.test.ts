import { expect } from "chai";

import { LedgerWriter } from "../../scripts/oracle/ledger-writer.js";
import { MeteringDesk } from "../../scripts/oracle/metering/desk.js";
import type { DeviceKeys } from "../../scripts/oracle/metering/keys.js";
import { MeteringPoints } from "../../scripts/oracle/metering/points.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { standardRules } from "../../scripts/oracle/rules.js";
import type { Accept } from "../../scripts/oracle/types.js";
import { CommonwattError } from "../../sdk/errors.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { rankOf, type SignedReading } from "../../sdk/signing/readings.js";
import {
  directoryOf,
  HandClock,
  LEDGER,
  OPERATOR,
  SILENT_LOG,
  SLOT,
  SLOT_SECONDS,
  TIMES,
  walletOf,
} from "../utils/oracle.js";

const PREFIX = "shellyproem50-08f9e0e67204";
const PLACE = { file: "oracle.json" };
const LENGTH = Number(SLOT_SECONDS);
const START = Number(SLOT) * LENGTH;

/** Minutes around the borders of SLOT. */
const HOUR = [-5, 5, 55, 65];
/** What the register shows: more and more flows, so that each gateway reads another energy. */
const wattHours = (minute: number): number => 1000 + minute ** 2 / 5;

interface Station {
  readonly oracle: Oracle;
  readonly outbox: SqliteOutbox;
  readonly accept: Accept;
}

describe("Two gateways of the same meter", () => {
  const clock = new HandClock();
  let stored: Map<string, SignedReading>;
  let stations: Station[];

  beforeEach(async () => {
    clock.time = START;
    stored = new Map();
    stations = [await station(), await station()];
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

  async function station(): Promise<Station> {
    const outbox = new SqliteOutbox(":memory:");
    const source = { source: "shelly" as const, meter: "home", prefix: PREFIX, component: "em1data:0" };
    const points = new MeteringPoints([{ name: "home", number: 1 }], PLACE, [{ source, place: PLACE }], []);
    const parts = { outbox, clock, directory: directoryOf(1), times: TIMES, ledger: LEDGER, log: SILENT_LOG };
    const keys = { keyOf: () => walletOf("meter 1") } as unknown as DeviceKeys;
    const slotClock = { slotSeconds: LENGTH, offsetSeconds: 0 };
    const desk = { ...parts, points, keys, slotClock, store: outbox.metering, operator: () => OPERATOR };
    let accept: Accept | undefined;
    const oracle = new Oracle({
      ...parts,
      source: { start: (given) => Promise.resolve(void (accept = given)), stop: () => Promise.resolve() },
      rules: standardRules(LEDGER),
      writer: new LedgerWriter(submit),
      gateway: new MeteringDesk(desk),
      sender: { lingerMilliseconds: 1 },
    });
    await oracle.start();
    if (accept === undefined) throw new Error("it took no source");
    return { oracle, outbox, accept };
  }

  /** A meter without a clock: each gateway books what it says as of when it heard it. */
  async function say({ accept }: Station, time: number, importWh: number): Promise<void> {
    clock.time = time;
    const status = { total_act_energy: importWh, total_act_ret_energy: 5 };
    await accept({ origin: `${PREFIX}/status/em1data:0`, payload: Buffer.from(JSON.stringify(status)) });
  }

  async function work({ oracle }: Station): Promise<void> {
    await oracle.meter();
    await oracle.drain();
  }

  it("leave what the first one brought: neither corrects the other", async () => {
    const [first, second] = stations as [Station, Station];
    for (const minute of HOUR) {
      await say(first, START + 60 * minute, wattHours(minute));
      await say(second, START + 60 * minute + 20, wattHours(minute));
    }
    await work(first);
    const brought = stored.get(`${SLOT}`);
    expect(brought?.status).to.equal(ReadingStatus.Actual);
    await work(second);
    expect(second.outbox.counts().rejected, "another value").to.equal(1);
    const { actualsUntil } = await TIMES.timesOf(SLOT);
    for (const later of [2 * LENGTH, Number(actualsUntil) - START + 61]) {
      clock.time = START + later;
      for (const one of stations) await work(one);
    }
    expect(stored.get(`${SLOT}`)).to.equal(brought);
  });

  it("bring what was signed together with a value that the other had brought", async () => {
    const [first, second] = stations as [Station, Station];
    for (const minute of HOUR) await say(first, START + 60 * minute, wattHours(minute));
    await work(first); // and is away from now on
    for (const minute of [...HOUR, 115, 125, 175, 185]) await say(second, START + 60 * minute + 20, wattHours(minute));
    await work(second);
    expect(stored.get(`${SLOT + 1n}`), "the series was refused").to.equal(undefined);
    clock.time += 61;
    await work(second);
    expect(stored.get(`${SLOT + 1n}`)?.status).to.equal(ReadingStatus.Actual);
    expect(stored.get(`${SLOT + 2n}`)?.status).to.equal(ReadingStatus.Actual);
  });
});
