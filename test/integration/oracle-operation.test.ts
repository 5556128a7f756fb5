import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { encryptKeystoreJsonSync, Wallet } from "ethers";
import { connectAsync } from "mqtt";

import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { topicOf } from "../../scripts/oracle/payload.js";
import { runCommand, startCommand } from "../utils/command.js";
import { OracleStage } from "../utils/oracle-stage.js";

const PASSWORD = "only of this test";

describe("Operating the oracle", function () {
  this.timeout(120_000);

  let stage: OracleStage;
  let broker: Broker;
  let config: string;
  let passwordFile: string;

  before(async () => {
    stage = await OracleStage.open({ seed: 7, homes: 2 });
    broker = await startBroker();
    passwordFile = join(stage.folder, "password");
    await writeFile(passwordFile, `${PASSWORD}\n`);
    await writeKey("operator.json", stage.operator.signer);
    config = await configOf("oracle.json", {});
  });
  after(async () => {
    await broker.close();
    await stage.close();
  });

  async function writeKey(
    name: string,
    { address, privateKey }: Pick<Wallet, "address" | "privateKey">,
  ): Promise<void> {
    const json = encryptKeystoreJsonSync({ address, privateKey }, PASSWORD, { scrypt: { N: 2 } });
    await writeFile(join(stage.folder, `${name}.new`), json);
    await rename(join(stage.folder, `${name}.new`), join(stage.folder, name));
  }

  async function configOf(name: string, changes: object): Promise<string> {
    const file = join(stage.folder, name);
    const settings = {
      network: stage.deployment,
      rpc: stage.rpc.url,
      key: { keystore: "operator.json", passwordFile: "password" },
      outbox: { file: "operation.sqlite" },
      metrics: { port: 0 },
      sources: [{ type: "mqtt", url: broker.url, clientId: "operation" }],
      ...changes,
    };
    await writeFile(file, JSON.stringify(settings));
    return file;
  }

  it("check tries everything and finds it well", async () => {
    const { code, stdout } = await runCommand("oracle", ["check", "--config", config]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.slice(0, 5)),
    ).to.deep.equal(["ok   ", "ok   ", "ok   ", "ok   "]);
    expect(stdout)
      .to.include("metering operator of 2 meters")
      .and.to.include(broker.url)
      .and.to.include("will be made");
    expect(code).to.equal(0);
  });

  it("check names each thing that is wrong, and ends with 2", async () => {
    await writeKey("stranger.json", Wallet.createRandom());
    const wrong = await configOf("wrong.json", {
      key: { keystore: "stranger.json", passwordFile: "password" },
      outbox: { file: "missing/o.sqlite" },
      sources: [
        { type: "mqtt", url: "mqtt://127.0.0.1:1" },
        { type: "mqtt", url: broker.url },
      ],
    });
    const { code, stdout } = await runCommand("oracle", ["check", "--config", wrong]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.slice(0, 5).trim()),
    ).to.deep.equal(["WRONG", "WRONG", "ok", "WRONG", "ok"]);
    expect(stdout)
      .to.include("no feeder's metering operator")
      .and.to.include("mqtt://127.0.0.1:1")
      .and.to.include("missing");
    expect(code).to.equal(2);
  });

  it("runs with metrics, loads a new key on SIGHUP, and tells its status", async () => {
    const running = startCommand("oracle", ["run", "--config", config]);
    const metrics = /"metrics":"(http:[^"]+)"/.exec(await untilLogged(running, "the oracle runs"))?.[1] ?? "";
    const client = await connectAsync(broker.url);
    await client.publishAsync(topicOf(1n), "no reading", { qos: 1 });
    await client.endAsync();
    await until(async () => (await text(`${metrics}/metrics`)).includes('refused_total{rule="payload"} 1'));
    expect(JSON.parse(await text(`${metrics}/health`))).to.deep.include({ status: "ok", waiting: 0 });
    expect((await fetch(`${metrics}/other`)).status).to.equal(404);

    const next = Wallet.createRandom();
    await writeKey("operator.json", next);
    running.child.kill("SIGHUP");
    expect(await untilLogged(running, "was loaded again")).to.include(next.address);
    await writeFile(join(stage.folder, "operator.json"), "{}");
    running.child.kill("SIGHUP");
    await untilLogged(running, "the one before stays");
    await writeKey("operator.json", stage.operator.signer);

    const { stdout, code } = await runCommand("oracle", ["status", "--config", config]);
    expect(stdout).to.include("1 kept").and.to.include("payload: the payload is no JSON");
    expect(code).to.equal(0);
    const span = [new Date(Date.now() - 3_600_000).toISOString(), new Date(Date.now() + 60_000).toISOString()];
    const replay = await runCommand("oracle", ["replay", ...span, "--config", config]);
    expect(replay.stdout).to.include("1 refused messages and 0 rejected readings");
    await untilLogged(running, "replayed refused messages");
    running.child.kill("SIGTERM");
    const ended = await running.ended;
    expect(ended.code).to.equal(0);
    for (const secret of [PASSWORD, next.privateKey.slice(2), stage.operator.signer.privateKey.slice(2)])
      expect(ended.stderr).to.not.include(secret);
  });

  it("refuses a bad time, a span that ends before it begins, and options beside the configuration", async () => {
    for (const [args, named] of [
      [["replay", "yesterday", "2026-01-01T00:00:00Z"], "from"],
      [["replay", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"], "later than FROM"],
      [["run", "--config", config, "--broker", "mqtt://127.0.0.1"], "--broker"],
      [["status", "--db", "none.sqlite"], "none.sqlite"],
    ] as const) {
      const { code, stderr } = await runCommand("oracle", args);
      expect([code, stderr]).to.satisfy(
        ([ended, told]: [number, string]) => ended === 2 && told.includes(named),
        named,
      );
    }
  });

  async function untilLogged(running: ReturnType<typeof startCommand>, words: string): Promise<string> {
    await until(() => Promise.resolve(running.output().includes(words) || running.child.exitCode !== null));
    const line = running
      .output()
      .split("\n")
      .find((logged) => logged.includes(words));
    expect(line, running.output()).to.be.a("string");
    return line ?? "";
  }
});

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}
