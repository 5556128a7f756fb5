import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { serveRpc } from "../../scripts/chains/rpc-server.js";
import type { EmbeddedNetwork } from "../../scripts/networks/embedded.js";
import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { ChainDirectory, ChainTimes, silentOnChain, submitTo } from "../../scripts/oracle/chain.js";
import { oracleLog, parseOptions } from "../../scripts/oracle/command.js";
import { estimatesFrom, findSilent, outboxHistory, ProfileEstimator } from "../../scripts/oracle/gap-filler.js";
import { KEY_VARIABLE } from "../../scripts/inputs/keys.js";
import { LedgerWriter } from "../../scripts/oracle/ledger-writer.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { MqttSource } from "../../scripts/oracle/mqtt-source.js";
import { Oracle } from "../../scripts/oracle/oracle.js";
import { SqliteOutbox } from "../../scripts/oracle/outbox.js";
import { standardRules } from "../../scripts/oracle/rules.js";
import { meterLedgerOf } from "../../sdk/actions/readings.js";
import { formatDeployment } from "../../sdk/deployments/index.js";
import { ReadingStatus } from "../../sdk/enums.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { OracleStage, SLOT_SECONDS } from "../utils/oracle-stage.js";
import { startOracle, type RunningOracle } from "../../scripts/oracle/wiring.js";
import { HandClock, rejectionOf, SILENT_LOG } from "../utils/oracle.js";

describe("The oracle on a real chain", function () {
  this.timeout(120_000);

  let stage: OracleStage;
  let folder: string;
  let network: EmbeddedNetwork;
  let deployment: string;
  let broker: Broker;
  let link: MeterLink;
  let closers: (() => Promise<unknown>)[];

  before(async () => {
    stage = await OracleStage.open({ seed: 3, homes: 6 });
    ({ folder, network, deployment } = stage);
  });
  after(() => stage.close());

  beforeEach(async () => {
    broker = await startBroker();
    link = await MeterLink.connect(broker.url, BigInt(SLOT_SECONDS));
    closers = [() => broker.close(), () => link.close()];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
  });

  const operator = (): OracleStage["operator"] => stage.operator;
  const reading = (...args: Parameters<OracleStage["reading"]>): Promise<SignedReading> => stage.reading(...args);
  const stored = (slot: bigint): ReturnType<OracleStage["stored"]> => stage.stored(slot);
  const endedSlot = (): Promise<bigint> => stage.endedSlot();

  function options(changes: readonly string[] = []): ReturnType<typeof parseOptions> {
    const outbox = join(folder, `${Math.random()}.sqlite`);
    return parseOptions([
      "--network",
      deployment,
      "--rpc",
      stage.rpc.url,
      "--broker",
      broker.url,
      "--db",
      outbox,
      ...changes,
    ]);
  }

  async function start(changes: readonly string[] = []): Promise<RunningOracle> {
    const key = operator().signer.privateKey;
    const running = await startOracle(options(changes), { [KEY_VARIABLE]: key }, oracleLog("silent"));
    closers.push(() => running.close());
    return running;
  }

  it("brings signed readings into MeterLedger, as the command wires it", async () => {
    const { oracle } = await start();
    const slot = await endedSlot();
    await link.publish(await Promise.all([reading(0, slot), reading(1, slot), reading(2, slot)]));
    await oracle.untilHandled(3);
    await oracle.drain();
    expect(oracle.counts()).to.deep.equal({ waiting: 0, sent: 0, confirmed: 3, rejected: 0, refused: 0 });
    const onChain = await stored(slot);
    expect(onChain.slice(0, 4).map(({ importWh, status }) => [importWh, status])).to.deep.equal([
      [0n, ReadingStatus.Actual], // a zero is a reading
      [100n, ReadingStatus.Actual],
      [200n, ReadingStatus.Actual],
      [0n, ReadingStatus.None], // a gap is not a zero
    ]);
  });

  it("refuses a stranger's signature, a strange meter and a spike before they cost gas", async () => {
    const { oracle } = await start();
    const slot = await endedSlot();
    const blocks = await network.transaction.provider.getBlockNumber();
    const forged = { ...(await reading(1, slot)), importWh: 7n };
    await link.publish([
      forged,
      await reading(2, slot, { meter: 999n }),
      await reading(3, slot, { importWh: 50_000n }),
    ]);
    await oracle.untilHandled(3);
    await oracle.drain();
    expect(oracle.counts()).to.include({ confirmed: 0, rejected: 0, refused: 3 });
    expect(await network.transaction.provider.getBlockNumber()).to.equal(blocks);
  });

  it("loses nothing while the chain's endpoint is away", async () => {
    const { oracle } = await start();
    const slot = await endedSlot();
    await stage.stopChain();
    const earlier = slot - 1n;
    await link.publish([await reading(4, slot, { importWh: 11n }), await reading(4, earlier, { importWh: 12n })]);
    await pause(300);
    expect(oracle.counts().confirmed).to.equal(0);
    await stage.startChain();
    await oracle.untilHandled(2);
    await oracle.drain();
    expect([(await stored(slot))[4]?.importWh, (await stored(earlier))[4]?.importWh]).to.deep.equal([11n, 12n]);
  });

  it("looks a meter up once for a run of slots, however many ask; a rule that would refuse asks for the slot", async () => {
    const chain = operator();
    let asked = 0;
    const deviceRegistry = new Proxy(chain.contracts.deviceRegistry, {
      get: (target, name) => {
        if (name === "activeMeterKey") asked += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
    const directory = new ChainDirectory({ ...chain, contracts: { ...chain.contracts, deviceRegistry } });
    const slot = 96n * ((await endedSlot()) / 96n + 1n);
    const meter = stage.neighbourhood.homes[0]?.meter ?? 0n;
    const sites = await Promise.all([0n, 1n, 95n, 95n].map((after) => directory.siteOf(meter, slot + after)));
    expect(asked).to.equal(1);
    expect(new Set(sites.map((site) => site?.deviceKey))).to.deep.equal(
      new Set([stage.neighbourhood.homes[0]?.device.address]),
    );
    expect(sites[0]?.meteringOperator).to.equal(chain.signer.address);
    await directory.siteOf(meter, slot + 1n, { fresh: true });
    expect(asked).to.equal(2);
    await directory.siteOf(meter, slot + 96n);
    expect(asked).to.equal(3);
  });

  /** An oracle with the chain behind all its parts and a clock that is moved by hand. */
  async function byHand(): Promise<{ oracle: Oracle; outbox: SqliteOutbox; clock: HandClock }> {
    const chain = operator();
    const clock = new HandClock();
    await moveBoth(clock, await network.clock.now());
    const outbox = new SqliteOutbox(":memory:");
    const directory = new ChainDirectory(chain);
    const ledger = meterLedgerOf(chain);
    const now = BigInt(clock.time) / BigInt(SLOT_SECONDS);
    const oracle = new Oracle({
      source: new MqttSource({ url: broker.url, clientId: "by-hand", log: SILENT_LOG }),
      rules: standardRules(ledger),
      outbox,
      writer: new LedgerWriter(submitTo(chain)),
      directory,
      times: await ChainTimes.of(chain, () => now),
      clock,
      log: SILENT_LOG,
      gapFiller: new ProfileEstimator({
        directory,
        history: outboxHistory(outbox),
        findSilent: findSilent(outbox, silentOnChain(chain)),
        operator: chain.signer,
        ledger,
        clock: { slotSeconds: SLOT_SECONDS, offsetSeconds: 0 },
      }),
      estimateFromSlot: now + 1n,
      sender: { lingerMilliseconds: 20, drainAttempts: 3 },
    });
    await oracle.start();
    closers.push(() => oracle.stop());
    return { oracle, outbox, clock };
  }

  async function moveBoth(clock: HandClock, time: bigint): Promise<void> {
    await network.clock.waitUntil(time);
    clock.time = Number(time);
  }

  describe("doesn't start, and names what is wrong", () => {
    const key = { [KEY_VARIABLE]: `0x${"11".repeat(32)}` };

    async function refusal(changes: readonly string[], environment: Record<string, string> = key): Promise<Error> {
      return rejectionOf(startOracle(options(changes), environment, oracleLog("silent")));
    }

    it("a deployment file that isn't there, or is none", async () => {
      const broken = join(folder, "broken.json");
      await writeFile(broken, "{}");
      for (const file of [join(folder, "none.json"), broken]) {
        expect((await refusal(["--network", file])).message).to.include(file);
      }
    });

    it("an endpoint where nobody answers, or that serves another chain", async () => {
      expect((await refusal(["--rpc", "http://127.0.0.1:1"])).message).to.include("http://127.0.0.1:1");
      const other = await serveRpc(network.chains.user.connection.provider, 0);
      expect((await refusal(["--rpc", other.url])).message).to.include("chain");
      await other.close();
    });

    it("a deployment file of an earlier chain", async () => {
      const stale = structuredClone(network.deployment);
      stale.chains.transaction.genesisHash = `0x${"00".repeat(32)}`;
      const file = join(folder, "stale.json");
      await writeFile(file, formatDeployment(stale));
      expect((await refusal(["--network", file])).message).to.include("stale");
    });

    it("a broker where nobody answers, and a URL that is none or holds a password", async () => {
      expect((await refusal(["--broker", "mqtt://127.0.0.1:1"])).message).to.include("mqtt://127.0.0.1:1");
      expect((await refusal(["--broker", "localhost"])).message).to.include("--broker");
      const secret = await refusal(["--broker", "mqtt://me:secret@localhost"]);
      expect(secret.message).to.include("--broker").and.to.not.include("secret");
    });

    it("a missing key", async () => {
      expect((await refusal([], {})).message).to.include("--keystore");
    });

    it("by exit code 2 and one line on standard error", async () => {
      const { code, stderr } = await run(["--network", join(folder, "none.json")], { ...process.env, ...key });
      expect(code).to.equal(2);
      expect(stderr.trim().split("\n")).to.have.length(1);
      expect(stderr).to.include("none.json");
    });
  });

  describe("as a process", () => {
    const command = (): string[] => {
      return [
        "--network",
        deployment,
        "--rpc",
        stage.rpc.url,
        "--broker",
        broker.url,
        "--db",
        join(folder, "process.sqlite"),
      ];
    };
    const environment = (): NodeJS.ProcessEnv => ({ ...process.env, [KEY_VARIABLE]: operator().signer.privateKey });

    it("brings with --once what waits at the broker, ends with 0, and never logs the key", async () => {
      const first = await run([...command(), "--once"], environment());
      expect(first.code).to.equal(0);
      const slot = await endedSlot();
      await link.publish([await reading(5, slot, { importWh: 77n })]); // kept by the session
      const second = await run([...command(), "--once"], environment());
      expect(second.code).to.equal(0);
      expect((await stored(slot))[5]).to.deep.include({ status: ReadingStatus.Actual, importWh: 77n });
      expect(first.stderr + second.stderr).to.include("the oracle runs");
      expect(first.stderr + second.stderr).to.not.include(operator().signer.privateKey.slice(2));
    });

    it("stops on SIGTERM and ends with 0", async () => {
      const { code, stderr } = await run(command(), environment(), "the oracle runs");
      expect(code).to.equal(0);
      expect(stderr).to.include("the oracle stops");
    });
  });

  // last: they move the chain ahead of the wall's clock
  describe("with its clock moved by hand", () => {
    it("loses only the one reading of a batch that the ledger names", async () => {
      const { oracle, outbox, clock } = await byHand();
      const slot = BigInt(clock.time) / BigInt(SLOT_SECONDS) - 2n;
      await link.publish([await reading(1, slot)]);
      await oracle.untilHandled(1);
      await oracle.drain();
      // a second actual value is for the metering operator's correction, says the ledger
      await link.publish(
        await Promise.all([reading(0, slot), reading(1, slot, { importWh: 5n, sequence: 2n }), reading(2, slot)]),
      );
      await oracle.untilHandled(4);
      await oracle.drain();
      expect(outbox.counts()).to.include({ confirmed: 3, rejected: 1 });
      expect(outbox.reasons(1)[0]?.reason).to.include("MeterLedgerMayNotReplace");
      expect((await stored(slot)).slice(0, 3).map(({ importWh }) => importWh)).to.deep.equal([0n, 100n, 200n]);
    });

    it("has the operator estimate for silent meters in time, and a late meter's own value replace it", async () => {
      const { oracle, clock } = await byHand();
      const slot = BigInt(clock.time) / BigInt(SLOT_SECONDS) + 2n;
      const times = await ChainTimes.of(network.transaction, () => slot);
      await moveBoth(clock, (slot + 1n) * BigInt(SLOT_SECONDS));
      await link.publish(await Promise.all([reading(0, slot), reading(1, slot)]));
      await oracle.untilHandled(2);
      await oracle.drain();
      await moveBoth(clock, estimatesFrom(await times.timesOf(slot)));
      expect(await oracle.fillGaps()).to.be.above(1);
      await oracle.drain();
      const { Actual, Estimated } = ReadingStatus;
      expect((await stored(slot)).slice(0, 4).map(({ status }) => status)).to.deep.equal([
        Actual,
        Actual,
        Estimated,
        Estimated,
      ]);
      await link.publish([await reading(2, slot, { importWh: 1234n })]);
      await oracle.untilHandled(3);
      await oracle.drain();
      expect((await stored(slot))[2]).to.deep.include({ status: Actual, importWh: 1234n });
      expect(oracle.counts()).to.include({ waiting: 0, rejected: 0, refused: 0 });
    });
  });

  /** Runs the command to its end; `stopAt`: sends it SIGTERM once it has logged that. */
  function run(
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    stopAt?: string,
  ): Promise<{ code: number | null; stderr: string }> {
    const script = new URL("../../scripts/oracle/index.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--import", "tsx", script, ...args], { env: { ...env, NODE_OPTIONS: "" } });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      const before = stopAt !== undefined && stderr.includes(stopAt);
      stderr += chunk.toString();
      if (stopAt !== undefined && !before && stderr.includes(stopAt)) child.kill("SIGTERM");
    });
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr })));
  }
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
