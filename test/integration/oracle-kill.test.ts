import { spawn, type ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { expect } from "chai";
import { encryptKeystoreJsonSync } from "ethers";
import { connectAsync, type MqttClient } from "mqtt";

import { Random } from "../../scripts/inputs/index.js";
import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { KEY_VARIABLE } from "../../scripts/inputs/keys.js";
import type { SignedReading } from "../../sdk/signing/readings.js";
import { runCommand } from "../utils/command.js";
import { OracleStage } from "../utils/oracle-stage.js";

/** `npm run test:long` kills it 200 times. */
const KILLS = process.env["COMMONWATT_LONG"] === "1" ? 200 : 4;
const SEED = 11;
/** Real slots, of which the ledger takes actual readings for hours; meters stand in them from two days after genesis on. */
const SLOT_SECONDS = 900;
const AGE_SECONDS = 3 * 86_400;
const SLOTS = 64;
const HOMES = 10;
/** Of a meter that can't sign: its register is read at the border of each slot, by its own clock. */
const RAW_TOPIC = "tele/reader/SENSOR";
const RAW_WH = 110;
const PASSWORD = "only of this test";
/** New messages of a round, beside one that comes again. */
const NEW_MESSAGES = 3;
/** A round begins when the oracle runs; where it has not come so far by then, it is killed on its way. */
const LONGEST_START_MILLISECONDS = 15_000;

describe("An oracle that is killed", function () {
  this.timeout(KILLS * 30_000 + 120_000);

  let stage: OracleStage;
  let broker: Broker;
  let link: MeterLink;
  let raw: MqttClient;
  let config: string;
  let child: ChildProcess | undefined;

  before(async () => {
    stage = await OracleStage.open({
      seed: SEED,
      homes: HOMES + 1,
      slotSeconds: SLOT_SECONDS,
      ageSeconds: AGE_SECONDS,
    });
    broker = await startBroker();
    link = await MeterLink.connect(broker.url, BigInt(SLOT_SECONDS));
    raw = await connectAsync(broker.url);
    config = await writeConfig();
  });
  after(async () => {
    child?.kill("SIGKILL");
    await link.close();
    await raw.endAsync();
    await broker.close();
    await stage.close();
  });

  const args = (): string[] => ["run", "--config", config];
  const key = (): Record<string, string> => ({ [KEY_VARIABLE]: stage.operator.signer.privateKey });

  async function writeConfig(): Promise<string> {
    const [file, password, keystore] = ["oracle.json", "password", "meter.json"].map((name) =>
      join(stage.folder, name),
    );
    const home = stage.neighbourhood.homes.at(-1);
    if (file === undefined || password === undefined || keystore === undefined || home === undefined) throw new Error();
    const { address, privateKey } = home.device;
    await writeFile(password, PASSWORD);
    await writeFile(keystore, encryptKeystoreJsonSync({ address, privateKey }, PASSWORD, { scrypt: { N: 2 } }));
    const rules = { off: ["clock-drift"] }; // its borders lie hours back, as after an outage
    const settings = {
      network: stage.deployment,
      rpc: stage.rpc.url,
      outbox: { file: "killed.sqlite" },
      meters: [{ name: "raw", number: Number(home.meter), key: { keystore, passwordFile: password }, rules }],
      sources: [
        {
          type: "mqtt",
          url: broker.url,
          meters: [{ source: "tasmota", meter: "raw", topic: RAW_TOPIC, zone: "UTC" }],
        },
      ],
    };
    await writeFile(file, JSON.stringify(settings));
    return file;
  }

  /** What the register shows at the border before the slot so far after the first. */
  async function showRegister(first: bigint, index: number): Promise<void> {
    const time = new Date(Number(first + BigInt(index)) * SLOT_SECONDS * 1000).toISOString().slice(0, 19);
    const kwh = (5_000_000 + index * RAW_WH) / 1000;
    const message = { Time: time, SML: { Total_in: kwh, Total_out: 1, Meter_Id: "0a01" } };
    await raw.publishAsync(RAW_TOPIC, JSON.stringify(message), { qos: 1 });
  }

  it(`${KILLS} times, while its chain comes and goes, brings every reading onto the chain once`, async () => {
    const random = new Random(SEED).fork("kills");
    const latest = await stage.endedSlot();
    const first = await runCommand("oracle", [...args(), "--once"], key()); // its session at the broker begins
    expect(first.code, first.stderr).to.equal(0);

    const outages = new Outages(stage, random.fork("outages"));
    const sent: SignedReading[] = [];
    const rawFrom = latest + 1n - BigInt(SLOTS);
    let shown = 0;
    let killedInWork = 0;
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        child = start();
        const isRunning = random.between(0, 9) < 8 && (await runs(child));
        if (!isRunning) await pause(random.between(0, 1_500));
        const batch = await nextReadings(sent.length, latest);
        const again = sent[random.between(0, Math.max(0, sent.length - 1))];
        sent.push(...batch);
        const published = link.publish(again === undefined ? batch : [...batch, again]);
        if (shown <= SLOTS) await showRegister(rawFrom, shown++);
        await pause(random.between(0, 400));
        killedInWork += child.exitCode === null && isRunning ? 1 : 0;
        await killed(child);
        await published;
      }
    } finally {
      await outages.end();
    }

    const last = await runCommand("oracle", [...args(), "--once"], key());
    expect(last.code, last.stderr).to.equal(0);
    const times = await stage.timesStored();
    const missing = sent.filter(({ meter, slot, status }) => times.get(`${meter}/${slot}/${status}`) !== 1);
    expect(missing.map(({ meter, slot }) => `${meter}/${slot}`)).to.deep.equal([]);
    const rawMeter = stage.neighbourhood.homes.at(-1)?.meter ?? 0n;
    for (let index = 0; index < shown - 1; index += 1) {
      const slot = rawFrom + BigInt(index);
      expect(times.get(`${rawMeter}/${slot}/1`), `slot ${index} of the register`).to.equal(1);
      expect((await stage.stored(slot)).at(-1)?.importWh).to.equal(BigInt(RAW_WH));
    }
    expect([...times.values()].every((count) => count === 1)).to.equal(true); // estimates too
    expect(killedInWork, "kills of an oracle at work").to.be.above(KILLS / 4);
    expect(outages.count, "outages of the chain").to.be.above(0);
  });

  /** Actual readings of so many meters and slots that nobody has sent. */
  function nextReadings(sent: number, latest: bigint): Promise<SignedReading[]> {
    const fresh = Array.from({ length: NEW_MESSAGES }, (_, index) => sent + index);
    return Promise.all(
      fresh
        .filter((number) => number < HOMES * SLOTS)
        .map((number) => stage.reading(number % HOMES, latest - BigInt(Math.floor(number / HOMES)))),
    );
  }

  function start(): ChildProcess {
    const script = resolve("scripts", "oracle", "index.ts");
    return spawn(process.execPath, ["--import", "tsx", script, ...args()], {
      env: { ...process.env, NODE_OPTIONS: "", ...key() },
      stdio: ["ignore", "ignore", "pipe"],
    });
  }
});

/** Takes the chain's endpoint away for a moment, again and again. */
class Outages {
  readonly #ended: Promise<void>;
  #isOver = false;
  count = 0;

  constructor(stage: OracleStage, random: Random) {
    this.#ended = this.#run(stage, random);
  }

  /** Ends them; the chain is there. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #run(stage: OracleStage, random: Random): Promise<void> {
    while (!this.#isOver) {
      await pause(random.between(500, 4_000));
      await stage.stopChain();
      this.count += 1;
      await pause(random.between(50, 700));
      await stage.startChain();
    }
  }
}

/** Whether the oracle takes readings; false when it ended, or has not come so far in a while. */
function runs(child: ChildProcess): Promise<boolean> {
  return new Promise((answer) => {
    const timer = setTimeout(() => answer(false), LONGEST_START_MILLISECONDS);
    let logged = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      logged += chunk.toString();
      if (logged.includes("the oracle runs")) answer(true);
    });
    child.once("exit", () => answer(false));
    child.once("exit", () => clearTimeout(timer));
  });
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolveEnd) => child.once("exit", resolveEnd));
  child.kill("SIGKILL");
  await ended;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolvePause) => setTimeout(resolvePause, milliseconds));
}
