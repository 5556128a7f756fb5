import { spawn, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";

import { expect } from "chai";

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
/** New messages of a round, beside one that comes again. */
const NEW_MESSAGES = 3;
/** A round begins when the oracle runs; where it has not come so far by then, it is killed on its way. */
const LONGEST_START_MILLISECONDS = 15_000;

describe("An oracle that is killed", function () {
  this.timeout(KILLS * 30_000 + 120_000);

  let stage: OracleStage;
  let broker: Broker;
  let link: MeterLink;
  let child: ChildProcess | undefined;

  before(async () => {
    stage = await OracleStage.open({ seed: SEED, homes: HOMES, slotSeconds: SLOT_SECONDS, ageSeconds: AGE_SECONDS });
    broker = await startBroker();
    link = await MeterLink.connect(broker.url, BigInt(SLOT_SECONDS));
  });
  after(async () => {
    child?.kill("SIGKILL");
    await link.close();
    await broker.close();
    await stage.close();
  });

  const args = (): string[] => [
    ...["--network", stage.deployment, "--rpc", stage.rpc.url],
    ...["--broker", broker.url, "--db", join(stage.folder, "killed.sqlite")],
  ];
  const key = (): Record<string, string> => ({ [KEY_VARIABLE]: stage.operator.signer.privateKey });

  it(`${KILLS} times, while its chain comes and goes, brings every reading onto the chain once`, async () => {
    const random = new Random(SEED).fork("kills");
    const latest = await stage.endedSlot();
    const first = await runCommand("oracle", [...args(), "--once"], key()); // its session at the broker begins
    expect(first.code, first.stderr).to.equal(0);

    const outages = new Outages(stage, random.fork("outages"));
    const sent: SignedReading[] = [];
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
