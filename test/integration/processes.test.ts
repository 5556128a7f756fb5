import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { Wallet } from "ethers";

import { keysPath, readKeys, type KeysFile } from "../../scripts/networks/keys-file.js";
import { openServed } from "../../scripts/networks/served.js";
import type { OpenNetwork } from "../../scripts/networks/index.js";
import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { MeterLink } from "../../scripts/oracle/meters.js";
import { firstUnopenedSlotOf, timesOf } from "../../sdk/actions/market.js";
import { meterLedgerOf, readingsAt } from "../../sdk/actions/readings.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { signReading } from "../../sdk/signing/readings.js";
import { runCommand, startCommand, type CommandResult, type RunningCommand } from "../utils/command.js";
import { parseSettlements, writeReadings, writeTariff } from "../utils/simulation.js";

/** Waiting for slots on the wall's clock takes minutes: `npm run test:long` does. */
const isLong = process.env["COMMONWATT_LONG"] === "1";
const SLOT_SECONDS = 30;
const HOMES = 3;

/** A port of loopback that is free, and the one after it. */
async function freePorts(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((closed) => server.close(() => closed()));
  return port < 65_000 ? port : freePorts();
}

describe("Chains, oracle, audit and simulation in processes of their own", function () {
  this.timeout(60_000);
  let folder: string;
  let deployment: string;
  let chains: RunningCommand;
  let network: OpenNetwork;
  let keys: KeysFile;
  let broker: Broker;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-processes-"));
    deployment = join(folder, "network.json");
    const served = ["--port", String(await freePorts()), "--deployment", deployment, "--seed", "8"];
    chains = startCommand("chains", [...served, "--homes", String(HOMES), "--slot-seconds", String(SLOT_SECONDS)]);
    await chains.untilPrinted("Stop with Ctrl-C");
    network = await openServed(deployment);
    keys = (await readKeys(keysPath(deployment))) ?? expect.fail("no keys beside the deployment");
    broker = await startBroker();
  });
  after(async () => {
    await broker.close();
    await network.close();
    chains.child.kill("SIGINT");
    await chains.ended;
    await rm(folder, { recursive: true });
  });

  function audit(): Promise<CommandResult> {
    return runCommand("audit", ["--network", deployment, "--json"]);
  }

  /** The metering operator's oracle; its session and outbox stay between runs. */
  function oracle(): Promise<CommandResult> {
    const key = keys.members.find(({ name }) => name.endsWith("Metering"))?.key ?? "";
    const args = ["--network", deployment, "--broker", broker.url, "--db", join(folder, "oracle.sqlite"), "--once"];
    return runCommand("oracle", args, { COMMONWATT_PRIVATE_KEY: key });
  }

  /** All meters report a slot over the broker. */
  async function publish(slot: bigint): Promise<void> {
    const ledger = meterLedgerOf(network.transaction);
    const readings = keys.homes.map(({ meter, deviceKey }, index) =>
      signReading(new Wallet(deviceKey), ledger, {
        meter: BigInt(meter),
        slot,
        importWh: BigInt(100 + index),
        exportWh: 0n,
        status: ReadingStatus.Actual,
        sequence: 1n,
      }),
    );
    const link = await MeterLink.connect(broker.url, BigInt(SLOT_SECONDS));
    await link.publish(await Promise.all(readings));
    await link.close();
  }

  /** What the ledger has of the homes that the chains came with. */
  function stored(slot: bigint): ReturnType<typeof readingsAt> {
    return readingsAt(network.transaction, { meters: keys.homes.map(({ meter }) => BigInt(meter)), slot });
  }

  it("the audit of another process holds", async () => {
    const { code, stdout, stderr } = await audit();
    expect(stderr).to.equal("");
    expect(JSON.parse(stdout)).to.deep.include({ differences: 0, first: null });
    expect(code).to.equal(0);
  });

  it("the oracle refuses readings of slots that have not ended, and tells why", async () => {
    const first = await oracle(); // its session at the broker begins
    expect(first.code, first.stderr).to.equal(0);
    const slot = await firstUnopenedSlotOf(network.transaction);
    await publish(slot);
    const { code, stderr } = await oracle();
    expect(code, stderr).to.equal(0);
    expect(stderr.match(/refused a message/g), stderr).to.have.lengthOf(HOMES);
    expect((await stored(slot)).map(({ status }) => status)).to.deep.equal(keys.homes.map(() => ReadingStatus.None));
  });

  (isLong ? describe : describe.skip)("on the wall's clock (long)", function () {
    this.timeout(15 * 60_000);

    it("readings that waited at the broker come onto the chain", async () => {
      const slot = await firstUnopenedSlotOf(network.transaction);
      const { deliveryEnd } = await timesOf(network.transaction, slot);
      await network.clock.waitUntil(deliveryEnd);
      await sleep(1_000); // the oracle's clock is the machine's
      await publish(slot);
      const { code, stderr } = await oracle();
      expect(code, stderr).to.equal(0);
      expect((await stored(slot)).map(({ importWh }) => importWh)).to.deep.equal([100n, 101n, 102n]);
      expect(JSON.parse((await audit()).stdout)).to.deep.include({ differences: 0 });
    });

    it("a second neighbourhood trades a day of four slots there, and the input's times stand in its file", async () => {
      const fixture = { homes: ["east", "west", "attic"], slotSeconds: 21_600, days: 2 };
      const files = [
        "--readings",
        await writeReadings(folder, fixture),
        "--tariff",
        await writeTariff(folder, fixture),
      ];
      const choice = ["--utc-offset", "0", "--from", "2024-03-05", "--seed", "9", "--slot-seconds", "30"];
      const out = join(folder, "out");
      const args = ["--network", deployment, ...files, ...choice, "--out", out, "--json"];
      const { code, stdout, stderr } = await runCommand("simulate", args);
      expect(stderr).to.equal("");
      expect(code, stdout).to.equal(0);
      const line = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
      expect(line).to.deep.include({ homes: 3, slots: 4, auditDifferences: 0 });
      expect(line["communityWh"]).to.be.greaterThan(0);
      const rows = parseSettlements(await readFile(join(out, "settlements.csv"), "utf8"));
      expect(rows.map((row) => row["slot_start"]?.slice(11))).to.include.members(["00:00", "06:00", "12:00", "18:00"]);
      expect(rows.every((row) => row["slot_start"]?.startsWith("2024-03-05"))).to.equal(true);
      expect((await audit()).code).to.equal(0);
    });
  });
});
