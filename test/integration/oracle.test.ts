import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { connectAsync } from "mqtt";

import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { OracleSetupError } from "../../scripts/oracle/error.js";
import { findSilent, outboxHistory, ProfileEstimator } from "../../scripts/oracle/gap-filler.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { MqttSource } from "../../scripts/oracle/mqtt-source.js";
import { Oracle, type OracleParts } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { topicOf } from "../../scripts/oracle/payload.js";
import { standardRules } from "../../scripts/oracle/rules.js";
import type { Outbox } from "../../scripts/oracle/types.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import {
  directoryOf,
  HandClock,
  LEDGER,
  MemoryChain,
  OPERATOR,
  readingOf,
  rejectionOf,
  SILENT_LOG,
  seriesOfReadings,
  SLOT,
  SLOT_SECONDS,
  TIMES,
} from "../utils/oracle.js";

const METERS = 17;
const CLIENT = "oracle-under-test";
const QUICK = { lingerMilliseconds: 20, firstRetryMilliseconds: 5, longestRetryMilliseconds: 20 };

describe("The oracle between broker and chain", function () {
  this.timeout(60_000);

  let folder: string;
  let broker: Broker;
  let meters: MeterLink;
  let chain: MemoryChain;
  let clock: HandClock;
  let closers: (() => Promise<unknown>)[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-oracle-"));
    broker = await startBroker();
    meters = await MeterLink.connect(broker.url, SLOT_SECONDS);
    chain = new MemoryChain();
    clock = new HandClock();
    closers = [() => broker.close(), () => meters.close()];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    await rm(folder, { recursive: true });
  });

  function sourceOf(url = broker.url): MqttSource {
    return new MqttSource({
      url,
      clientId: CLIENT,
      log: SILENT_LOG,
      reconnectMilliseconds: 20,
      connectMilliseconds: 500,
    });
  }

  async function startOracle(changes: Partial<OracleParts> = {}): Promise<Oracle> {
    const oracle = new Oracle({
      source: sourceOf(),
      rules: standardRules(LEDGER),
      outbox: new SqliteOutbox(join(folder, "oracle.sqlite")),
      writer: chain,
      directory: directoryOf(METERS),
      times: TIMES,
      clock,
      log: SILENT_LOG,
      sender: QUICK,
      ...changes,
    });
    await oracle.start();
    closers.push(() => oracle.stop().catch(() => undefined)); // a test may have stopped it
    return oracle;
  }

  function readings(changes: Partial<SignedReading> = {}): Promise<SignedReading[]> {
    return Promise.all(
      Array.from({ length: METERS }, (_, index) =>
        readingOf({ meter: BigInt(index + 1), importWh: BigInt(index), ...changes }),
      ),
    );
  }

  async function publishRaw(topic: string, payload: string): Promise<void> {
    const client = await connectAsync(broker.url);
    await client.publishAsync(topic, payload, { qos: 1 });
    await client.endAsync();
  }

  it("brings every reading onto the chain, a zero as a zero", async () => {
    const oracle = await startOracle();
    const sent = await readings();
    await meters.publish(sent);
    await oracle.untilHandled(METERS);
    await oracle.drain();
    expect([...chain.stored.values()]).to.have.deep.members(sent);
    expect(chain.stored.get(`1/${SLOT}/${ReadingStatus.Actual}`)?.importWh).to.equal(0n);
    expect(oracle.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: METERS, rejected: 0, refused: 0 });
  });

  it("brings a series onto the chain together, and nothing of one that was changed on the way", async () => {
    const oracle = await startOracle();
    const series = await seriesOfReadings(2);
    const [first, last] = series;
    if (first === undefined || last === undefined) throw new Error("there is no series");
    await meters.publish([{ ...first, importWh: first.importWh + 1n }, last]);
    await oracle.untilHandled(1);
    expect(oracle.counts()).to.include({ waiting: 0, refused: 1 });
    await meters.publish([...series, ...series]);
    await oracle.untilHandled(3);
    await oracle.drain();
    expect(chain.batches).to.deep.equal([2]);
    expect([...chain.stored.values()]).to.deep.equal(series);
  });

  it("delivers a duplicate once", async () => {
    const oracle = await startOracle();
    const sent = await readings();
    await meters.publish([...sent, ...sent]);
    await oracle.untilHandled(2 * METERS);
    await oracle.drain();
    await meters.publish(sent);
    await oracle.untilHandled(3 * METERS);
    await oracle.drain();
    expect(chain.batches.reduce((sum, size) => sum + size, 0)).to.equal(METERS);
    expect(oracle.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: METERS, rejected: 0, refused: 0 });
  });

  it("gets what was published while it was away: the session persists", async () => {
    await (await startOracle()).stop();
    await meters.publish(await readings());
    const again = await startOracle();
    await again.untilHandled(METERS);
    await again.drain();
    expect(chain.stored.size).to.equal(METERS);
  });

  it("keeps what no rule lets through apart, with the reason, and goes on", async () => {
    const outbox = new SqliteOutbox(":memory:");
    const oracle = await startOracle({ outbox });
    const [good] = await readings();
    if (good === undefined) throw new Error("there are no readings");
    await publishRaw(topicOf(1n), "not even JSON");
    await publishRaw(topicOf(1n), "x".repeat(1_000_000));
    await meters.publish([
      await readingOf({ slot: SLOT + 5n }),
      await readingOf({ meter: 99n }),
      { ...good, exportWh: 1n },
    ]);
    await meters.publish([good]);
    await oracle.untilHandled(6);
    await oracle.drain();
    expect([...chain.stored.values()]).to.deep.equal([good]);
    const reasons = outbox.reasons(10).map(({ reason }) => reason.split(":")[0]);
    expect(reasons).to.have.members(["payload", "payload", "not-future", "known-meter", "right-signer"]);
    expect(oracle.counts()).to.include({ confirmed: 1, refused: 5 });
  });

  it("refuses another value under a used sequence and keeps the first", async () => {
    const oracle = await startOracle();
    await meters.publish([await readingOf({ importWh: 1n })]);
    await oracle.untilHandled(1);
    await meters.publish([await readingOf({ importWh: 2n })]);
    await oracle.untilHandled(2);
    await oracle.drain();
    expect([...chain.stored.values()].map((reading) => reading.importWh)).to.deep.equal([1n]);
    expect(oracle.counts()).to.include({ confirmed: 1, refused: 1 });
  });

  it("acknowledges only what is on disk: with a disk that fails, the broker keeps the reading and brings it again", async () => {
    const disk = new SqliteOutbox(join(folder, "oracle.sqlite"));
    let failures = 0;
    let full = true;
    const failing = withAccept(disk, (reading, at) => {
      if (!full) return disk.accept(reading, at);
      failures += 1;
      throw new Error("database or disk is full");
    });
    const oracle = await startOracle({ outbox: failing });
    await meters.publish(await readings());
    await until(() => failures >= 3);
    expect(oracle.handled).to.equal(0);
    expect(disk.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: 0, rejected: 0, refused: 0 });
    full = false;
    await oracle.untilHandled(METERS);
    await oracle.drain();
    expect(chain.stored.size).to.equal(METERS);
  });

  it("doesn't acknowledge before it has written: a session that is cut in between gets the reading again", async () => {
    const disk = new SqliteOutbox(":memory:");
    let blocked = true;
    const slow = { name: "slow", check: () => (blocked ? new Promise<undefined>(() => undefined) : undefined) };
    const hanging = sourceOf();
    const first = new Oracle({
      source: hanging,
      rules: [slow],
      outbox: disk,
      writer: chain,
      directory: directoryOf(METERS),
      times: TIMES,
      clock,
      log: SILENT_LOG,
    });
    await first.start();
    await meters.publish([await readingOf()]);
    await pause(100);
    expect(disk.counts().waiting).to.equal(0);
    blocked = false;
    // another connection under the same id cuts the first one off, as a restart after a crash does
    const second = await startOracle();
    await second.untilHandled(1);
    await second.drain();
    expect(chain.stored.size).to.equal(1);
    await first.stop();
  });

  it("loses nothing when it is killed between disk and chain", async () => {
    const path = join(folder, "oracle.sqlite");
    const child = startChild(broker.url, path);
    try {
      await lineOf(child, "started");
      await meters.publish(await readings());
      await lineOf(child, "sending");
    } finally {
      child.kill("SIGKILL");
    }
    await new Promise((resolve) => child.once("exit", resolve));
    const oracle = await startOracle();
    await oracle.drain();
    await until(() => oracle.counts().confirmed === METERS); // what was not acknowledged comes again
    expect(chain.stored.size).to.equal(METERS);
    expect(oracle.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: METERS, rejected: 0, refused: 0 });
  });

  it("keeps taking readings while the chain is away, and brings them when it is back", async () => {
    let down = true;
    chain.before = () => {
      if (down) throw new Error("connection refused");
    };
    const oracle = await startOracle();
    await meters.publish(await readings());
    await oracle.untilHandled(METERS);
    await pause(50);
    expect(oracle.counts()).to.include({ confirmed: 0 });
    down = false;
    await oracle.drain();
    expect(oracle.counts()).to.include({ waiting: 0, confirmed: METERS });
  });

  it("connects again when the broker comes back, and gets what follows", async () => {
    const oracle = await startOracle();
    const port = Number(new URL(broker.url).port);
    await broker.close();
    await pause(50);
    const second = await startBroker(port);
    closers[0] = () => second.close();
    await pause(1500); // the meters' link tries twice a second
    await meters.publish([await readingOf()]);
    await oracle.untilHandled(1);
    await oracle.drain();
    expect(chain.stored.size).to.equal(1);
  });

  it("fills a silent meter's gap by an estimate, which the meter's late reading replaces", async () => {
    const outbox = new SqliteOutbox(":memory:");
    const directory = directoryOf(METERS);
    const gapFiller = new ProfileEstimator({
      directory,
      history: outboxHistory(outbox),
      findSilent: findSilent(outbox),
      operator: OPERATOR,
      ledger: LEDGER,
      clock: { slotSeconds: 3600, offsetSeconds: 0 },
    });
    const oracle = await startOracle({ outbox, directory, gapFiller, estimateFromSlot: SLOT });
    const [, ...spoken] = await readings();
    await meters.publish(spoken);
    await oracle.untilHandled(METERS - 1);
    clock.time = Number((SLOT + 6n) * SLOT_SECONDS);
    expect(await oracle.fillGaps()).to.equal(1);
    await oracle.drain();
    expect(chain.stored.get(`1/${SLOT}/${ReadingStatus.Estimated}`)?.importWh).to.be.above(0n);
    await meters.publish([await readingOf({ importWh: 0n })]);
    await oracle.untilHandled(METERS);
    await oracle.drain();
    expect(chain.stored.get(`1/${SLOT}/${ReadingStatus.Actual}`)?.importWh).to.equal(0n);
    expect(oracle.counts()).to.include({ confirmed: METERS + 1, rejected: 0, refused: 0 });
  });

  it("takes a thousand meters' readings in batches", async () => {
    const oracle = await startOracle({ rules: [], sender: { ...QUICK, lingerMilliseconds: 5000 } });
    const reading = await readingOf();
    await meters.publish(Array.from({ length: 1000 }, (_, index) => ({ ...reading, meter: BigInt(index + 1) })));
    await oracle.untilHandled(1000);
    await oracle.drain();
    expect(chain.stored.size).to.equal(1000);
    expect(chain.batches).to.deep.equal(Array.from({ length: 10 }, () => 100));
  });

  it("names a broker that isn't there, or that is none", async () => {
    const mute = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const { port } = mute.address() as AddressInfo;
    const endpoints = [`mqtt://127.0.0.1:${port}`, "mqtt://127.0.0.1:1"];
    for (const url of endpoints) {
      const error = await rejectionOf(sourceOf(url).start(() => Promise.resolve()));
      expect(error).to.be.instanceOf(OracleSetupError);
      expect(error.message).to.include(url).and.to.include("--broker");
      expect((error as OracleSetupError).exitCode).to.equal(2);
    }
    await new Promise((resolve) => mute.close(resolve));
  });
});

/** The outbox with another `accept`. */
function withAccept(outbox: SqliteOutbox, accept: Outbox["accept"]): Outbox {
  return new Proxy(outbox, {
    get: (target, name) => {
      if (name === "accept") return accept;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value; // private fields need the real one
    },
  });
}

/** An oracle in a process of its own, whose chain takes a batch and never answers. */
function startChild(url: string, path: string): ChildProcess {
  const root = new URL("../../", import.meta.url).href;
  const script = `
    import { MqttSource } from "${root}scripts/oracle/mqtt-source.ts";
    import { Oracle } from "${root}scripts/oracle/oracle.ts";
    import { SqliteOutbox } from "${root}scripts/oracle/outbox.ts";
    import { directoryOf, HandClock, SILENT_LOG, TIMES } from "${root}test/utils/oracle.ts";
    const oracle = new Oracle({
      source: new MqttSource({ url: "${url}", clientId: "${CLIENT}", log: SILENT_LOG }),
      rules: [],
      outbox: new SqliteOutbox("${path}"),
      writer: { write: () => { console.log("sending"); return new Promise(() => undefined); } },
      directory: directoryOf(0),
      times: TIMES,
      clock: new HandClock(),
      log: SILENT_LOG,
      sender: { lingerMilliseconds: 0 },
    });
    await oracle.start();
    console.log("started");
  `;
  return spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
}

function lineOf(child: ChildProcess, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes(line)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the oracle ended with ${code ?? "a signal"} before '${line}'`)));
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
