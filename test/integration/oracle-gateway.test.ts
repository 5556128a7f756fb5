import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { encryptKeystoreJsonSync, HDNodeWallet, Wallet } from "ethers";
import { connectAsync, type MqttClient } from "mqtt";

import { readerOf } from "../../scripts/oracle/sources/index.js";
import { startBroker, type Broker } from "../../scripts/oracle/broker.js";
import { ReadingStatus } from "../../sdk/enums.js";
import { runCommand, startCommand, type RunningCommand } from "../utils/command.js";
import { OracleStage, SLOT_SECONDS } from "../utils/oracle-stage.js";

const PASSWORD = "only of this test";
const SHELLY = "shellyproem50-08f9e0e67204";
const FIRST_GENERATION = "shellies/shellyem-B9EF12";

/** Registers of three Shellys, of which the third says nothing, to readings on the chain. */
describe("Meters that don't sign themselves", function () {
  this.timeout(300_000);

  let stage: OracleStage;
  let broker: Broker;
  let client: MqttClient;
  let config: string;
  let running: RunningCommand | undefined;

  before(async () => {
    stage = await OracleStage.open({ seed: 11, homes: 3 });
    broker = await startBroker();
    client = await connectAsync(broker.url);
    await writeFile(join(stage.folder, "password"), `${PASSWORD}\n`);
    await writeKey("operator.json", stage.operator.signer);
    const { homes } = stage.neighbourhood;
    for (const [index, { device }] of homes.entries()) await writeKey(`meter-${index}.json`, device);
    config = join(stage.folder, "gateway.json");
    const meters = homes.map(({ meter }, index) => {
      const key = { keystore: `meter-${index}.json`, passwordFile: "password" };
      return { name: `home-${index}`, number: Number(meter), key };
    });
    const settings = {
      network: stage.deployment,
      rpc: stage.rpc.url,
      key: { keystore: "operator.json", passwordFile: "password" },
      outbox: { file: "gateway.sqlite" },
      meters,
      sources: [
        {
          type: "mqtt",
          url: broker.url,
          clientId: "gateway",
          meters: [
            { source: "shelly", meter: "home-0", prefix: SHELLY, component: "em1data:0" },
            { source: "shelly-gen1", meter: "home-1", prefix: FIRST_GENERATION, channel: 0 },
          ],
        },
      ],
    };
    await writeFile(config, JSON.stringify(settings));
  });
  after(async () => {
    running?.child.kill("SIGKILL");
    await client.endAsync();
    await broker.close();
    await stage.close();
  });

  async function writeKey(
    name: string,
    { address, privateKey }: Pick<Wallet, "address" | "privateKey">,
  ): Promise<void> {
    const json = encryptKeystoreJsonSync({ address, privateKey }, PASSWORD, { scrypt: { N: 2 } });
    await writeFile(join(stage.folder, name), json);
  }

  function shelly(at: number, importWh: number): Promise<unknown> {
    const data = { id: 0, total_act_energy: importWh, total_act_ret_energy: 77.25 };
    const status = { src: SHELLY, method: "NotifyStatus", params: { ts: at, "em1data:0": data } };
    return client.publishAsync(`${SHELLY}/events/rpc`, JSON.stringify(status), { qos: 1 });
  }

  async function start(): Promise<void> {
    const command = startCommand("oracle", ["run", "--config", config]);
    running = command;
    await until(() => command.output().includes("the oracle runs"));
  }

  it("check knows whether the devices' keys are right", async () => {
    const { code, stdout } = await runCommand("oracle", ["check", "--config", config]);
    expect(stdout).to.include("ok    meters: 3 sign with the keys of their devices");
    expect(code).to.equal(0);
    const keys = await runCommand("oracle", ["keys", "--config", config]);
    expect(keys.stdout.split("\n")[1])
      .to.include(stage.neighbourhood.homes[1]?.device.address)
      .and.to.include("home-1");
  });

  it("have their registers booked slot by slot, signed by their keys; silent ones are estimated; a kill changes nothing", async () => {
    const ended = await stage.endedSlot();
    const border = Number(ended) * SLOT_SECONDS; // of the slot that has just ended, and the two before it
    await start();
    // 300 Wh a slot; at the borders exactly, but for the last, which lies between two messages
    await shelly(border - 2 * SLOT_SECONDS, 1000);
    await shelly(border - SLOT_SECONDS, 1300.75);
    await client.publishAsync(`${FIRST_GENERATION}/emeter/0/total`, "none", { qos: 1 });
    await shelly(border, 1601.25);
    await until(async () => (await stage.stored(ended - 1n))[0]?.status === ReadingStatus.Actual);
    const first = { importWh: 300n, exportWh: 0n, status: ReadingStatus.Actual };
    expect((await stage.stored(ended - 2n))[0]).to.deep.include(first);
    expect((await stage.stored(ended - 1n))[0]).to.deep.include({ importWh: 301n, exportWh: 0n });

    running?.child.kill("SIGKILL");
    await running?.ended;
    await start();
    await shelly(border + SLOT_SECONDS + 6, 1961.25); // 360 Wh in 36 s
    await until(async () => (await stage.stored(ended))[0]?.status === ReadingStatus.Actual);
    expect((await stage.stored(ended))[0]).to.deep.include({ importWh: 300n, exportWh: 0n });

    // of a slot whose reading window is in its last quarter
    await until(async () => {
      const recent = Array.from({ length: 16 }, (_, back) => ended - BigInt(back));
      const stored = await Promise.all(recent.map((slot) => stage.stored(slot)));
      return stored.some((meters) => meters[2]?.status === ReadingStatus.Estimated);
    });
    const status = await runCommand("oracle", ["status", "--config", config]);
    expect(status.stdout)
      .to.match(/[3-9] actual by measured/)
      .and.to.match(/estimated by standard-profile/);
    expect(status.stdout).to.include(`'none' is not an energy`);
    running?.child.kill("SIGTERM");
    expect((await running?.ended)?.code).to.equal(0);
    for (const [key, times] of await stage.timesStored()) expect(times, key).to.equal(1);
  });

  it("makes a gateway's keystore once, and derives a key for each meter from it", async () => {
    const file = join(stage.folder, "phrase.json");
    const make = (): ReturnType<typeof runCommand> =>
      runCommand("oracle", ["keystore", file, "--password-file", join(stage.folder, "password")]);
    expect((await make()).code).to.equal(0);
    const before = await readFile(file, "utf8");
    const again = await make();
    expect(again.code).to.equal(2);
    expect(again.stderr).to.include("is there already");
    expect(await readFile(file, "utf8")).to.equal(before);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);

    const wallet = await Wallet.fromEncryptedJson(before, PASSWORD);
    const phrase = "mnemonic" in wallet ? wallet.mnemonic : null;
    if (phrase === null) throw new Error("the keystore has no phrase");
    const gateway = join(stage.folder, "of-phrase.json");
    const key = { keystore: "phrase.json", passwordFile: "password" };
    const sources = [{ type: "mqtt", url: broker.url }];
    const meters = [
      { name: "a", number: 7 },
      { name: "b", number: 8 },
    ];
    const outbox = { file: "o.sqlite" };
    await writeFile(gateway, JSON.stringify({ network: stage.deployment, outbox, gateway: key, meters, sources }));
    const { stdout } = await runCommand("oracle", ["keys", "--config", gateway]);
    const expected = [7, 8].map((number) => HDNodeWallet.fromMnemonic(phrase, `m/44'/60'/0'/0/${number}`).address);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split("\t")[1]),
    ).to.deep.equal(expected);
    await writeFile(
      gateway,
      JSON.stringify({
        network: stage.deployment,
        outbox,
        gateway: { ...key, keystore: "meter-0.json" },
        meters,
        sources,
      }),
    );
    expect((await runCommand("oracle", ["keys", "--config", gateway])).stderr).to.include("one key and no phrase");
  });

  it("a simulated Shelly says what a real one would", async () => {
    const heard: string[] = [];
    await client.subscribeAsync("shelly-of-nobody/events/rpc");
    client.on(
      "message",
      (topic, payload) => void (topic.startsWith("shelly-of-nobody") && heard.push(String(payload))),
    );
    const shelly = startCommand("oracle", [
      "simulate-shelly",
      "--broker",
      broker.url,
      "--prefix",
      "shelly-of-nobody",
      "--watts",
      "-500",
      "--every",
      "1",
    ]);
    await until(() => heard.length > 1);
    shelly.child.kill("SIGINT");
    expect((await shelly.ended).code).to.equal(0);
    const reader = readerOf(
      { source: "shelly", meter: "x", prefix: "shelly-of-nobody", component: "em1data:0" },
      { file: "test" },
    );
    const read = heard.flatMap((text) => {
      const receivedAt = Math.ceil(Date.now() / 1000);
      return reader.read({ origin: "shelly-of-nobody/events/rpc", payload: Buffer.from(text), receivedAt });
    });
    expect(read.length).to.equal(heard.length);
    expect(read[0]?.importWh).to.equal(read[1]?.importWh);
    expect(Number(read.at(-1)?.exportWh)).to.be.at.least(Number(read[0]?.exportWh));
  });

  it("refuses meters that stand twice, sources of unknown meters, and devices with other keys", async () => {
    const wrong = async (meters: object[], name = "home-0"): Promise<string> => {
      const file = join(stage.folder, "wrong.json");
      const source = { source: "shelly", meter: name, prefix: SHELLY, component: "em1data:0" };
      const settings = {
        network: stage.deployment,
        rpc: stage.rpc.url,
        key: { keystore: "operator.json", passwordFile: "password" },
        outbox: { file: "gateway.sqlite" },
        meters,
        sources: [{ type: "mqtt", url: broker.url, clientId: "wrong", meters: [source] }],
      };
      await writeFile(file, JSON.stringify(settings));
      const { code, stdout, stderr } = await runCommand("oracle", ["check", "--config", file]);
      expect(code).to.equal(2);
      return stdout + stderr;
    };
    const key = { keystore: "meter-1.json", passwordFile: "password" };
    const meter = { name: "home-0", number: 1, key };
    expect(await wrong([meter, { ...meter, name: "home-1" }])).to.include("number 1, stands there twice");
    expect(await wrong([meter], "home-9"))
      .to.include("sources.0.meters.0")
      .and.to.include("there is no meter 'home-9'");
    const number = Number(stage.neighbourhood.homes[0]?.meter);
    expect(await wrong([{ ...meter, number }])).to.include("its active device has the key");
    expect(await wrong([{ name: "home-0", number }])).to.include("need the gateway's keys");
  });
});

async function until(check: () => boolean | Promise<boolean>, milliseconds = 60_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await check());) {
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
