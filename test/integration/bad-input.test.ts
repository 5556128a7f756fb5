import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { TRANSACTION_CONTRACTS, USER_CONTRACTS } from "../../sdk/deployments/index.js";
import { runCommand, type CommandName } from "../utils/command.js";
import { writeReadings, writeTariff } from "../utils/simulation.js";

/** Nobody listens there: a port that was free a moment ago. */
const NOWHERE = "http://127.0.0.1:9";
const KEY = { COMMONWATT_PRIVATE_KEY: `0x${"11".repeat(32)}` };

/** Answers every request as another chain would. */
async function startOtherChain(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x7a69" })));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

/** One case for each way in which a command meets bad input; test/unit/inputs.test.ts has the faults of files. */
describe("Bad input, command by command", function () {
  this.timeout(240_000);
  let folder: string;
  let out: string;
  let deployment: string;
  let otherChain: Server;
  let otherUrl: string;
  const files: Record<string, string> = {};

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-bad-"));
    out = join(folder, "out");
    await mkdir(out);
    await writeFile(join(out, "settlements.csv"), "of the run before\n");
    const fixture = { homes: ["a", "b"], slotSeconds: 21_600, days: 2 };
    files["readings"] = await writeReadings(folder, fixture);
    files["tariff"] = await writeTariff(folder, fixture);
    otherChain = await startOtherChain();
    otherUrl = `http://127.0.0.1:${(otherChain.address() as AddressInfo).port}`;
    deployment = join(folder, "deployment.json");
    await writeFile(deployment, deploymentText());
  });
  after(async () => {
    otherChain.close();
    await rm(folder, { recursive: true });
  });

  function deploymentText(): string {
    const contract = { address: `0x${"00".repeat(19)}01`, codeHash: `0x${"00".repeat(32)}` };
    const chain = (chainId: number, names: readonly string[]): object => ({
      chainId,
      genesisHash: `0x${"12".repeat(32)}`,
      deploymentBlock: 1,
      rpcUrl: NOWHERE,
      contracts: Object.fromEntries(names.map((name) => [name, contract])),
    });
    return JSON.stringify({
      version: 1,
      network: "elsewhere",
      chains: { transaction: chain(410_001, TRANSACTION_CONTRACTS), user: chain(410_002, USER_CONTRACTS) },
    });
  }

  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  /** Changes one line of a fixture. */
  async function edited(name: "readings" | "tariff", edit: (lines: string[]) => string[]): Promise<string> {
    const lines = (await readFile(files[name] ?? "", "utf8")).trimEnd().split("\n");
    return file(`${name}-edited.csv`, `${edit(lines).join("\n")}\n`);
  }

  /** Ends with 2, names what is at fault, writes nothing to the results. */
  async function expectRefusal(
    command: CommandName,
    args: readonly string[],
    named: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { code, stderr, stdout } = await runCommand(command, args, environment);
    for (const text of named) expect(stderr, stdout).to.include(text);
    expect(stderr, "no stack trace").to.not.match(/^\s+at /m);
    const told = stderr.trimEnd().split("\n").at(-1) ?? "";
    expect(`${stdout}${stderr}`.split(told), `told once: ${told}`).to.have.length(2);
    expect(code).to.equal(2);
    expect(await readdir(out)).to.deep.equal(["settlements.csv"]);
    expect(await readFile(join(out, "settlements.csv"), "utf8")).to.equal("of the run before\n");
  }

  function simulate(changes: Readonly<Record<string, string>>, named: readonly string[]): Promise<void> {
    const options = { readings: files["readings"] ?? "", tariff: files["tariff"] ?? "", "utc-offset": "0", out };
    const args = Object.entries({ ...options, ...changes }).flatMap(([name, value]) => [`--${name}`, value]);
    return expectRefusal("simulate", args, named);
  }

  describe("npm start", () => {
    it("a file that breaks off after its last row but one", async () => {
      const readings = await edited("readings", (lines) => lines.slice(0, -1));
      await simulate({ readings }, [`${readings}:16:`, "breaks off", "'b'"]);
    });

    it("a tariff with a hole", async () => {
      const tariff = await edited("tariff", (lines) => lines.toSpliced(3, 1));
      await simulate({ tariff }, [`${tariff}:3:`, "hole", "2024-03-04T12:00"]);
    });

    it("a grid without one of the homes", async () => {
      const grid = await file("grid.json", JSON.stringify({ version: 1, cities: [] }));
      await simulate({ grid }, [grid]);
    });

    it("a folder for results that cannot be made", async () => {
      const notAFolder = await file("not-a-folder", "");
      await simulate({ out: join(notAFolder, "out") }, ["--out", notAFolder]);
    });

    it("a folder for results that cannot be written to, before the run", async function () {
      if (process.platform !== "linux") this.skip();
      await simulate({ out: "/proc" }, ["--out /proc", "can't be written"]); // not even by root
    });

    it("a folder where a result should stand, before the run", async () => {
      const taken = join(folder, "taken");
      await mkdir(join(taken, "report.html"), { recursive: true });
      await simulate({ out: taken }, [`--out ${taken}`, "report.html is a folder"]);
      expect(await readdir(taken)).to.deep.equal(["report.html"]);
    });

    it("ports to serve at that are taken, before the run", async () => {
      const { port } = otherChain.address() as AddressInfo;
      const args = ["--serve", "--port", String(port), "--readings", files["readings"] ?? "", "--out", out];
      await expectRefusal("simulate", args, [`port ${port}`, "--port"]);
    });

    it("a chain that nobody serves", async () => {
      await simulate({ network: deployment }, [NOWHERE]);
    });

    it("a clock that is none", async () => {
      for (const offset of ["", "abc", "0x8", "15"]) await simulate({ "utc-offset": offset }, ["--utc-offset"]);
    });

    it("slots that are not those of the readings", async () => {
      await simulate({ "slot-seconds": "60" }, ["--slot-seconds", "not 60"]);
    });

    it("an option that does not exist", async () => {
      await simulate({ readngs: "x" }, ["--readngs"]);
    });
  });

  describe("npm run audit", () => {
    it("a file that is no deployment", async () => {
      const wrong = await file("wrong.json", '{ "version": 1 }');
      await expectRefusal("audit", ["--network", wrong], [wrong]);
    });

    it("a network that is not there", async () => {
      await expectRefusal("audit", ["--network", join(folder, "nothing.json")], ["nothing.json"]);
    });

    it("an endpoint of another chain: both chain ids", async () => {
      await expectRefusal("audit", ["--network", deployment, "--rpc", otherUrl], ["31337", "410001", otherUrl]);
    });

    it("a database that is not there, or is something else", async () => {
      await expectRefusal("audit", ["verify", "--db", join(folder, "none.db")], ["none.db", "no such database"]);
      await expectRefusal("audit", ["state", "--db", deployment], [deployment, "can't be opened"]);
      await expectRefusal("audit", ["index", "--network", deployment], ["--db"]);
    });

    it("an endpoint of another chain, and no database is made", async () => {
      const db = join(folder, "never.db");
      const options = ["--network", deployment, "--rpc", otherUrl, "--db", db, "--chain", "transaction"];
      await expectRefusal("audit", ["index", ...options], ["31337", "410001"]);
      expect(existsSync(db)).to.equal(false);
    });
  });

  describe("npm run oracle", () => {
    const db = (): string[] => ["--db", join(folder, "oracle.sqlite")];

    it("no key to sign with", async () => {
      await expectRefusal("oracle", ["--network", deployment, ...db()], ["COMMONWATT_PRIVATE_KEY"]);
    });

    it("an endpoint that nobody serves, and no outbox is left behind", async () => {
      await expectRefusal("oracle", ["--network", deployment, ...db()], [NOWHERE], KEY);
      expect(await readdir(folder)).to.not.include("oracle.sqlite");
    });

    it("an option that does not exist", async () => {
      await expectRefusal("oracle", ["--brokr", "mqtt://127.0.0.1"], ["--brokr"], KEY);
    });
  });

  describe("npm run chains", () => {
    it("a port that is taken", async () => {
      const { port } = otherChain.address() as AddressInfo;
      const args = ["--port", String(port), "--deployment", join(folder, "chains.json")];
      await expectRefusal("chains", args, [`port ${port}`, "--port"]);
      expect(await readdir(folder)).to.not.include("chains.json");
    });
  });
});
