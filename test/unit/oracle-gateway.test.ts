import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { FilesSource } from "../../scripts/oracle/file-source.js";
import { MeteringDesk } from "../../scripts/oracle/metering/desk.js";
import type { DeviceKeys } from "../../scripts/oracle/metering/keys.js";
import { MeteringPoints, type Point } from "../../scripts/oracle/metering/points.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { topicOf } from "../../scripts/oracle/payload.js";
import { policySchema } from "../../scripts/oracle/vee/index.js";
import { standardRules } from "../../scripts/oracle/rules.js";
import { InputError } from "../../scripts/inputs/error.js";
import type { Accept, MeterDirectory } from "../../scripts/oracle/types.js";
import { ReadingStatus } from "../../sdk/enums.js";
import {
  CONNECTION_WH,
  directoryOf,
  HandClock,
  LEDGER,
  MemoryChain,
  OPERATOR,
  rejectionOf,
  SILENT_LOG,
  SLOT,
  SLOT_SECONDS,
  TIMES,
  until,
  walletOf,
} from "../utils/oracle.js";

const PREFIX = "shellyproem50-08f9e0e67204";
const TOPIC = `${PREFIX}/events/rpc`;
const LENGTH = Number(SLOT_SECONDS);
const START = Number(SLOT) * LENGTH;
const POINT: Point = { name: "home", number: 1 };
const PLACE = { file: "oracle.json" };

describe("The gateway of meters that don't sign", () => {
  let folder: string;
  let outbox: SqliteOutbox;
  let clock: HandClock;
  let directory: MeterDirectory;
  let accept: Accept;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-gateway-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  beforeEach(() => {
    outbox = new SqliteOutbox(":memory:");
    clock = new HandClock();
    clock.time = START;
    directory = directoryOf(2);
  });

  function points(path = join(folder, "none.csv"), rules?: Point["rules"]): MeteringPoints {
    const source = { source: "shelly" as const, meter: "home", prefix: PREFIX, component: "em1data:0" };
    return new MeteringPoints(
      [{ ...POINT, rules }],
      PLACE,
      [{ source, place: PLACE }],
      [{ format: "csv", path, zone: "UTC" }],
    );
  }

  /** An oracle as after a start, on the outbox as it is. */
  async function started(of = points()): Promise<Oracle> {
    const parts = { outbox, clock, directory, times: TIMES, ledger: LEDGER, log: SILENT_LOG };
    const keys = { keyOf: () => walletOf("meter 1") } as unknown as DeviceKeys;
    const slotClock = { slotSeconds: LENGTH, offsetSeconds: 0 };
    const operator = (): typeof OPERATOR => OPERATOR;
    const source = {
      start: (given: Accept) => Promise.resolve(void (accept = given)),
      stop: () => Promise.resolve(),
    };
    const oracle = new Oracle({
      ...parts,
      source,
      rules: standardRules(LEDGER),
      writer: new MemoryChain(),
      gateway: new MeteringDesk({ ...parts, points: of, keys, store: outbox.metering, slotClock, operator }),
    });
    await oracle.start();
    return oracle;
  }

  function shelly(time: number, importWh: number, options: { retained?: boolean; ts?: boolean } = {}): Promise<void> {
    const data = { total_act_energy: importWh, total_act_ret_energy: 5 };
    const params = { ...(options.ts === false ? {} : { ts: time }), "em1data:0": data };
    const payload = Buffer.from(JSON.stringify({ src: PREFIX, params }));
    clock.time = Math.max(clock.time, time);
    return accept({ origin: TOPIC, payload, isRetained: options.retained ?? false });
  }

  it("books what registers counted, under the device's key, several slots under one signature", async () => {
    const oracle = await started();
    for (const [index, wh] of [1000, 1400, 1900, 2500].entries()) await shelly(START + index * LENGTH, wh);
    await oracle.meter();
    const latest = [0n, 1n, 2n].map((offset) => outbox.latestAt(1n, SLOT + offset));
    expect(latest.map((reading) => reading?.importWh)).to.deep.equal([400n, 500n, 600n]);
    expect(latest.map((reading) => reading?.status)).to.deep.equal(Array(3).fill(ReadingStatus.Actual));
    const actual = outbox.nextBatch(10).filter(({ reading }) => reading.status === ReadingStatus.Actual);
    expect(actual).to.have.length(3);
    expect(new Set(actual.map(({ message }) => message)).size, "signatures").to.equal(1);
  });

  it("never takes a value that the broker kept for one of now, unless it says its time", async () => {
    await started();
    await shelly(START, 1000, { retained: true, ts: false });
    expect(outbox.metering.lastTime(1n)).to.equal(undefined);
    clock.time += 60;
    await shelly(START, 1000, { retained: true });
    expect(outbox.metering.lastTime(1n)).to.equal(START);
  });

  it("keeps messages that are none as dead letters with the reason, and takes them again as of when they came", async () => {
    const oracle = await started();
    await accept({ origin: TOPIC, payload: Buffer.from("{") });
    await accept({ origin: TOPIC, payload: Buffer.from('{"params":{"em1data:0":{"total_act_energy":-1}}}') });
    expect(outbox.counts().refused).to.equal(2);
    expect(outbox.reasons(2).map(({ reason }) => reason)).to.satisfy((reasons: string[]) =>
      reasons.every((reason) => reason.startsWith(TOPIC)),
    );
    expect(oracle.vitals.refusedByRule.get("source")).to.equal(2);
  });

  it("waits with what can't be signed now, says why, and goes on when it can", async () => {
    directory = directoryOf(2, new Map([[1n, { deviceKey: undefined }]])); // suspended
    let oracle = await started();
    await shelly(START, 1000);
    await shelly(START + LENGTH, 1400);
    await oracle.meter();
    expect(outbox.latestAt(1n, SLOT)).to.equal(undefined);
    expect(outbox.metering.valueAt(1n, SLOT)?.held).to.include("known-meter").and.to.include("not an active device");
    expect(outbox.meteringReport(clock.now()).noted[0]).to.deep.include({ what: "held", count: 1 });
    directory = directoryOf(2);
    oracle = await started();
    await oracle.meter();
    expect(outbox.latestAt(1n, SLOT)?.importWh).to.equal(400n);
    expect(outbox.metering.valueAt(1n, SLOT)?.held).to.equal(null);
  });

  it("estimates a silent meter when its time has come, and corrects it by the true value when that is late", async () => {
    const oracle = await started();
    await shelly(START, 1000);
    const { readingEnd, actualsUntil } = await TIMES.timesOf(SLOT);
    clock.time = Number(readingEnd) - 60;
    await oracle.meter();
    const estimate = outbox.latestAt(1n, SLOT);
    expect(estimate?.status).to.equal(ReadingStatus.Estimated);
    clock.time = Number(actualsUntil) + 60;
    const end = START + LENGTH;
    await shelly(end, 1400);
    await oracle.meter();
    expect(outbox.latestAt(1n, SLOT)).to.deep.equal({
      importWh: 400n,
      exportWh: 0n,
      status: ReadingStatus.Corrected,
      sequence: 1n,
    });
  });

  it("has the operator correct what the chain rejected because it came too late", async () => {
    const oracle = await started();
    await shelly(START, 1000);
    await shelly(START + LENGTH, 1400);
    await oracle.meter();
    const [entry] = outbox.nextBatch(10).filter(({ reading }) => reading.slot === SLOT);
    outbox.reject(entry?.id ?? 0n, "MeterLedgerTooLate");
    clock.time = Number((await TIMES.timesOf(SLOT)).actualsUntil) + 60;
    await oracle.meter();
    expect(outbox.latestAt(1n, SLOT)).to.deep.include({ importWh: 400n, status: ReadingStatus.Corrected });
  });

  it("flags what it leaves out, once", async () => {
    const oracle = await started();
    await shelly(START, 1000);
    await shelly(START + 600, 0);
    await shelly(START + 1200, 1100);
    await shelly(START + LENGTH, 1400);
    await oracle.meter();
    await (await started()).meter();
    expect(outbox.latestAt(1n, SLOT)?.importWh).to.equal(400n);
    const flagged = outbox.meteringReport(clock.now()).noted.filter(({ what }) => what === "flagged");
    expect(flagged).to.have.length(1);
    expect(flagged[0]).to.deep.include({ reason: "zero-register" });
  });

  it("comes to the same values whatever order messages come in, how often, and where it was stopped between", async () => {
    const message = fc.record({ minute: fc.nat({ max: 5 * 60 }), isTwice: fc.boolean(), isRestart: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(message, { selector: ({ minute }) => minute, minLength: 2, maxLength: 25 }),
        fc.infiniteStream(fc.nat({ max: 1000 })),
        async (messages, order) => {
          // whose messages all are late looks like a slow clock, which is another test's
          const judged = points(undefined, policySchema.parse({ off: ["clock-drift"] }));
          const show = (minute: number): number => 1000 + minute * 7; // Wh, 420 W
          const bring = async (given: typeof messages): Promise<(bigint | undefined)[]> => {
            outbox = new SqliteOutbox(":memory:");
            clock = new HandClock();
            clock.time = START + 5 * LENGTH; // all are in time
            let oracle = await started(judged);
            for (const { minute, isTwice, isRestart } of given) {
              await shelly(START + minute * 60, show(minute));
              if (isTwice) await shelly(START + minute * 60, show(minute));
              if (isRestart) oracle = await started(judged);
              if (minute % 2 === 0) await oracle.meter();
            }
            oracle = await started(judged);
            await oracle.meter();
            const slots = [0n, 1n, 2n, 3n, 4n].map((offset) => outbox.metering.valueAt(1n, SLOT + offset));
            for (const kept of slots) {
              const latest = kept && outbox.latestAt(1n, kept.slot);
              if (latest !== undefined) expect(latest.importWh, "on its way to the chain").to.equal(kept?.importWh);
            }
            return slots.map((kept) => kept?.importWh);
          };
          const inOrder = [...messages].sort((a, b) => a.minute - b.minute);
          const keys = [...order.take(messages.length)];
          const shuffled = messages
            .map((given, index) => ({ given, key: keys[index] ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ given }) => given);
          const clean = await bring(inOrder.map(({ minute }) => ({ minute, isTwice: false, isRestart: false })));
          expect(await bring(shuffled)).to.deep.equal(clean);
        },
      ),
      { numRuns: Number(process.env["COMMONWATT_LONG"] === "1" ? 2_000 : 60) },
    );
  }).timeout(600_000);

  it("reads files, names their faults by line, and reads them again when they change", async () => {
    const path = join(folder, "meters.csv");
    const lines = [
      "interval_start,home,load_wh,solar_wh",
      "2016-09-14T08:00,home,500,200",
      "2016-09-14T09:00,home,100,900",
    ];
    await writeFile(path, `${lines.join("\n")}\n2016-09-14T10:00,home,x,0\n`);
    const oracle = await started(points(path));
    clock.time = START + LENGTH;
    const source = new FilesSource({ path, place: "test", marks: outbox, log: SILENT_LOG, lookEveryMilliseconds: 20 });
    await source.start(accept);
    stops.push(() => source.stop());
    const old = new Date(Date.now() - 5_000);
    await utimes(path, old, old);
    await until(() => outbox.counts().refused === 1);
    expect(outbox.reasons(1)[0]?.reason).to.include(`${path}:4`);
    await writeFile(path, `${lines.join("\n")}\n2016-09-14T10:00,stranger,1,0\n`);
    await utimes(path, new Date(old.getTime() + 1), new Date(old.getTime() + 1));
    await until(() => outbox.counts().refused === 2);
    expect(outbox.reasons(2).some(({ reason }) => reason.includes("'stranger'"))).to.equal(true);
    await oracle.meter();
    expect(outbox.latestAt(1n, SLOT)).to.deep.include({ importWh: 300n, exportWh: 0n });
    expect(outbox.latestAt(1n, SLOT + 1n)).to.equal(undefined, "it has not ended");
    const gone = new FilesSource({ path: join(folder, "no"), place: "here", marks: outbox, log: SILENT_LOG });
    expect((await rejectionOf(gone.start(accept))).message)
      .to.include("here")
      .and.to.include("can't be read");
  });

  it("lets a guess replace nothing that was measured, and holds it", async () => {
    const oracle = await started();
    for (const [index, wh] of [1000, 1400, 1900].entries()) await shelly(START + index * LENGTH, wh);
    await oracle.meter();
    for (const [second, wh] of [900_000, 900_001].entries()) await shelly(START + 100 + second, wh); // late garbage
    for (const second of [2, 3]) await shelly(START + 2 * LENGTH + second, 1900 + second); // it goes on from there
    await oracle.meter();
    expect(outbox.latestAt(1n, SLOT)).to.deep.include({ importWh: 400n, status: ReadingStatus.Actual });
    expect(outbox.metering.valueAt(1n, SLOT)?.held).to.include("only an estimate");
  });

  it("takes so many registers of a meter in an hour and refuses the others, so that a flood fills no disk", async () => {
    await started();
    await Promise.all(Array.from({ length: 7_203 }, (_, index) => shelly(START, 1000 + index)));
    expect(outbox.counts().refused).to.equal(3);
    expect(outbox.reasons(1)[0]?.reason).to.include("more than 7200 registers of meter 'home'");
    await shelly(START + LENGTH, 9000);
    expect(outbox.metering.lastTime(1n)).to.equal(START + LENGTH);
  });

  it("doesn't take a reading for another meter's topic, or a point twice", () => {
    expect(CONNECTION_WH > 0n && topicOf(1n)).to.be.a("string");
    expect(() => new MeteringPoints([POINT, { ...POINT, number: 2 }], PLACE, [], [])).to.throw(InputError, "twice");
    expect(() => new MeteringPoints([POINT, { name: "b", number: 1 }], PLACE, [], [])).to.throw(InputError, "twice");
  });
});
