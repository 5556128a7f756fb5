import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect } from "chai";
import { Command } from "commander";
import { id, toBeHex, Wallet } from "ethers";

import { checkpointTypedData, type Checkpoint } from "../../light/index.js";
import { LightChain, NodeKeys, rotatingSets } from "../../scripts/bench/light-chain.js";
import { deploymentOf } from "../../scripts/bench/light-served.js";
import { SIMULATED_ELECTION } from "../../scripts/bench/light-state.js";
import { checkEvidence } from "../../scripts/audit/evidence/check.js";
import { addEvidenceCommands } from "../../scripts/audit/evidence/command.js";
import { lightNodeCommand } from "../../scripts/light-node/command.js";
import { LightStore } from "../../scripts/light-node/store.js";
import { Random } from "../../scripts/inputs/random.js";
import { runCommandLine } from "../../scripts/run.js";
import { runCommand, startCommand } from "../utils/command.js";
import { chainAsk, genesisOf, lyingAsk, servedAsk } from "../utils/light-rpc.js";

import "../../scripts/fast-keccak.js";

const isLong = process.env["COMMONWATT_LONG"] === "1";
const HEAD = 65;
const SEED = 20_260;

describe("npm run light-node", () => {
  let chain: LightChain;
  let old: LightChain;
  let folder: string;
  let nextDatabase = 0;

  before(async () => {
    const keys = new NodeKeys(12, "light node command");
    const written = rotatingSets(keys, { size: 4, changes: 3, everyBlocks: 20, seed: SEED });
    const now = Math.floor(Date.now() / 1_000);
    const options = { chainId: 9, written, keys, head: HEAD, seed: SEED };
    chain = await LightChain.make({ ...options, startsAt: now - 2 * HEAD });
    old = await LightChain.make({ ...options, startsAt: now - 5_000_000 });
    folder = await mkdtemp(join(tmpdir(), "light-node-"));
    await writeFile(join(folder, "deployment.json"), JSON.stringify(deploymentOf(chain)));
    await writeFile(join(folder, "old.json"), JSON.stringify(deploymentOf(old)));
    await writeFile(join(folder, "genesis.json"), JSON.stringify(genesisOf(chain)));
    await writeFile(join(folder, "old-genesis.json"), JSON.stringify(genesisOf(old)));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  interface Result {
    readonly code: number;
    readonly out: string;
    readonly problems: string;
  }

  async function run(args: readonly string[]): Promise<Result> {
    const [out, problems]: [string[], string[]] = [[], []];
    const program = lightNodeCommand(
      (text) => out.push(text),
      (text) => problems.push(text),
    );
    // commander's own words are not for the test's output
    const quiet = { writeOut: () => undefined, writeErr: (text: string) => problems.push(text) };
    for (const command of [program, ...program.commands]) command.configureOutput(quiet);
    const code = await runCommandLine(program, args, (problem) => problems.push(String(problem)));
    return { code, out: out.join("\n"), problems: problems.join("\n") };
  }

  const file = (name: string): string => join(folder, name);
  const database = (): string => file(`light-${(nextDatabase += 1)}.db`);

  it("starts from the genesis file, follows past a liar, and answers with the header that was checked", async () => {
    const honest = chainAsk(chain);
    const liar = lyingAsk(honest, (method, truth) =>
      method === "eth_getBlockByNumber" ? { ...(truth as object), gasUsed: "0x1" } : truth,
    );
    await servedAsk(honest, (honestUrl) =>
      servedAsk(liar, async (liarUrl) => {
        const common = ["--network", file("deployment.json"), "--rpc", `${liarUrl},${honestUrl}`, "--db", database()];
        const start = ["--genesis", file("genesis.json"), "--once", "--samples", "0"];
        const followed = await run([...common, "--evidence", file("lies"), "follow", ...start]);
        expect(followed.problems).to.contain(`${liarUrl} is kept out`);
        const [lie = "", ...more] = await readdir(file("lies"));
        expect(more).to.deep.equal([]);
        const { meaning } = checkEvidence(await readFile(join(file("lies"), lie), "utf8"), lie, {
          headers: [chain.header(HEAD).hash, chain.header(HEAD - 1).hash],
        });
        expect(meaning[0]).to.contain(liarUrl);
        expect(followed.code).to.equal(0);
        expect(followed.out)
          .to.contain(`block ${HEAD} ${chain.header(HEAD).hash}`)
          .and.contain("1 kept out");
        const asked = async (...args: string[]): Promise<Record<string, unknown>> => {
          const { code, out, problems } = await run([...common, ...args]);
          expect(code, problems).to.equal(0);
          return JSON.parse(out) as Record<string, unknown>;
        };
        const balance = await asked("get", "balance", toBeHex(7, 20));
        const checkedAgainst = { number: String(HEAD), hash: chain.header(HEAD).hash, isProven: true };
        expect(balance).to.deep.equal({ value: "7", checkedAgainst });
        const receipt = await asked("get", "receipt", chain.transaction["hash"] as string);
        expect(receipt["checkedAgainst"]).to.deep.equal({ number: "60", hash: chain.header(60).hash, isProven: true });
        const logs = await asked("get", "logs", "--address", SIMULATED_ELECTION);
        expect(logs["logs"]).to.have.length(3);
        expect(logs["isComplete"]).to.equal(true);
        const reading = await asked("get", "reading", "1", "2");
        expect(reading).to.deep.include({ booked: [], settled: [], isFinal: false, isComplete: true, notProven: [] });
        expect(reading["lookedAt"]).to.deep.equal({ from: "0", to: String(HEAD) });
        const [liarRecord] = (await asked("peers")) as unknown as { name: string; isOut: boolean; lies: number }[];
        expect([liarRecord?.name, liarRecord?.isOut, liarRecord?.lies]).to.deep.equal([liarUrl, true, 1]);
        expect(await asked("peers", "--pardon", liarUrl)).to.include({ isOut: false, lies: 1 });
        const status = await asked("status");
        expect(status["stored"]).to.include({ headers: HEAD + 1 });
        expect(await asked("forks")).to.deep.equal([]);
        const checkpoint = await asked("checkpoint");
        await writeFile(file("checkpoint.json"), JSON.stringify(checkpoint));
      }),
    );
  });

  it("writes a fork as evidence that audit check takes, and no altered one", async () => {
    const honest = chainAsk(chain);
    const set = chain.setFor(HEAD);
    const other = chain.seal({ ...chain.block(HEAD), gasUsed: "0x9" }, set.slice(1), 2n);
    const forked = lyingAsk(honest, (method, truth, [number]) =>
      method === "eth_getBlockByNumber" && Number(number) === HEAD ? other : truth,
    );
    await servedAsk(honest, (honestUrl) =>
      servedAsk(forked, async (forkedUrl) => {
        const peers = ["--rpc", `${honestUrl},${forkedUrl}`, "--db", database()];
        const common = ["--network", file("deployment.json"), ...peers];
        const none = await run([...common, "forks", "--out", file("none.json")]);
        expect([none.code, none.problems.includes("no such database")]).to.deep.equal([2, true]);
        const followed = await run([...common, "--genesis", file("genesis.json"), "--once", "--samples", "0"]);
        expect(followed.problems).to.contain(`FORK at block ${HEAD}`);
        const written = await run([...common, "forks", "--out", file("fork.json")]);
        expect(written.out).to.equal(`Written: ${file("fork.json")}`);
        const elsewhere = await run([...common, "forks", "--out", file("none.json"), "--block", "1"]);
        expect([elsewhere.code, elsewhere.problems]).to.satisfy(([code, text]: [number, string]) =>
          Boolean(code === 2 && text.includes("no such fork")),
        );
      }),
    );
    const network = ["--network", file("deployment.json"), "--validators", set.join(",")];
    const checked: string[] = [];
    const audit = new Command();
    addEvidenceCommands(audit, (text) => checked.push(text));
    await audit.parseAsync(["check", file("fork.json"), ...network], { from: "user" });
    expect(checked.join())
      .to.contain("They are of rounds 0 and 2")
      .and.contain("are those that you gave")
      .and.contain("A proof of state shows that they are of chain 9");
    const text = await readFile(file("fork.json"), "utf8");
    await writeFile(file("altered.json"), text.replaceAll(String(other["hash"]), id("another")));
    const altered = await runCommand("audit", ["check", file("altered.json"), ...network]);
    expect(altered.stderr).to.contain("Refused: ").and.contain("header, hash");
    expect(altered.code).to.equal(1);
  });

  it("starts from a checkpoint that members signed, and from no other's", async () => {
    const checkpoint = JSON.parse(await readFile(file("checkpoint.json"), "utf8")) as Checkpoint;
    const members = Array.from({ length: 3 }, (_, index) => new Wallet(id(`member ${index}`)));
    const { domain, types, message } = checkpointTypedData(checkpoint);
    const signatures = await Promise.all(members.slice(0, 2).map((it) => it.signTypedData(domain, types, message)));
    await writeFile(file("signed.json"), JSON.stringify({ ...checkpoint, signatures }));
    await writeFile(file("unsigned.json"), JSON.stringify({ ...checkpoint, signatures: signatures.slice(1) }));
    await writeFile(file("other.json"), JSON.stringify({ ...checkpoint, hash: id("another block") }));
    await writeFile(file("members.json"), JSON.stringify(members.map(({ address }) => address)));
    await servedAsk(chainAsk(chain), async (url) => {
      const start = async (name: string): Promise<Result> => {
        const common = ["--network", file("deployment.json"), "--rpc", url, "--db", database()];
        return run([...common, "--checkpoint", file(name), "--members", file("members.json"), "--once", "--keep", "5"]);
      };
      const signed = await start("signed.json");
      expect(signed.code, signed.problems).to.equal(0);
      const unsigned = await start("unsigned.json");
      expect([unsigned.code, unsigned.problems]).to.satisfy(([code, text]: [number, string]) =>
        Boolean(code === 2 && text.includes("1 of 3 members")),
      );
      const other = await start("other.json");
      expect(other.code).to.equal(2);
    });
  });

  it("wants a start, one of this chain, and one that is not too old, unless answers may be unproved", async () => {
    await servedAsk(chainAsk(old), async (url) => {
      const common = (network: string): string[] => ["--network", file(network), "--rpc", url, "--db", database()];
      const none = await run([...common("old.json"), "--once"]);
      expect([none.code, none.problems]).to.satisfy(([code, text]: [number, string]) =>
        Boolean(code === 2 && text.includes("--genesis")),
      );
      const other = await run([...common("old.json"), "--once", "--genesis", file("genesis.json")]);
      expect(other.problems).to.contain("the deployment file says");
      const late = await run([...common("old.json"), "--once", "--genesis", file("old-genesis.json")]);
      expect(late.code).to.equal(2);
      expect(late.problems).to.contain("older than the trusting period");
      const db = database();
      const unproved = ["--network", file("old.json"), "--rpc", url, "--db", db];
      const taken = await run([...unproved, "--once", "--genesis", file("old-genesis.json"), "--unproved"]);
      expect(taken.out).to.contain("UNPROVED");
      const { out } = await run([...unproved, "get", "balance", toBeHex(7, 20)]);
      expect((JSON.parse(out) as { checkedAgainst: unknown }).checkedAgainst).to.include({ isProven: false });
      const unsigned = await run([...unproved, "checkpoint"]);
      expect([unsigned.code, unsigned.problems.includes("make no checkpoint")]).to.deep.equal([2, true]);
      // what came without proof is not proven by what comes later
      const store = LightStore.open(db);
      store.put(chain.header(30));
      store.close();
      const [number, validators] = [HEAD - 5, old.setFor(HEAD - 4)];
      const checkpoint = { version: 1, chainId: 9, number, hash: old.header(number).hash, validators };
      await writeFile(file("old-checkpoint.json"), JSON.stringify(checkpoint));
      const long = ["--checkpoint", file("old-checkpoint.json"), "--trusting-seconds", "9999999"];
      const proven = await run([...unproved, "--once", ...long, "--samples", "0"]);
      expect(proven.out, proven.problems).to.contain(" 0 headers to fill in").and.not.contain("UNPROVED");
      const { out: block } = await run([...unproved, "get", "block", "30"]);
      const checkedAgainst = { number: "30", hash: old.header(30).hash, isProven: true };
      expect(JSON.parse(block)).to.deep.include({ checkedAgainst });
      const foreign = await run(["--network", file("deployment.json"), "--rpc", url, "--db", db, "status"]);
      expect(foreign.problems).to.contain("not of chain 9");
    });
  });

  it("leaves a usable database whenever it is killed, and ends with the rows of a sync that nothing stopped", async function () {
    this.timeout(1_800_000);
    const head = isLong ? 4_000 : 400;
    const long = await LightChain.make({
      ...chain.options,
      head,
      startsAt: Math.floor(Date.now() / 1_000) - 2 * head,
    });
    await writeFile(file("long.json"), JSON.stringify(deploymentOf(long)));
    await writeFile(file("long-genesis.json"), JSON.stringify(genesisOf(long)));
    const ask = chainAsk(long);
    const random = new Random(SEED);
    let [questions, untilKilled] = [0, 0];
    let kill = (): void => undefined;
    const counted: typeof ask = (method, params) => {
      // some while after a question, so that writes are met, too
      if ((questions += 1) === untilKilled) setTimeout(kill, random.between(0, 30));
      return ask(method, params);
    };
    await servedAsk(counted, async (url) => {
      const common = (db: string): string[] => ["--network", file("long.json"), "--rpc", url, "--db", db];
      const start = ["--genesis", file("long-genesis.json"), "--samples", "0"];
      const finished = async (db: string): Promise<unknown> => {
        const whole = await run([...common(db), ...start, "--once"]);
        expect(whole.code, whole.problems).to.equal(0);
        expect(whole.out).to.contain(`block ${head} `).and.contain(" 0 headers to fill in");
        return rowsOf(db);
      };
      const reference = await finished(database());
      let [db, missing] = [database(), head];
      for (let round = 0; round < (isLong ? 100 : 2); round += 1) {
        [questions, untilKilled] = [0, random.between(1, missing)];
        const running = startCommand("light-node", [...common(db), ...start]);
        kill = () => void running.child.kill("SIGKILL");
        await running.ended;
        untilKilled = 0;
        missing = missingIn(db, long);
        if (missing > head / 20) continue;
        expect(await finished(db)).to.deep.equal(reference);
        [db, missing] = [database(), head]; // from the start again
      }
      expect(await finished(db)).to.deep.equal(reference);
    });
  });

  it("serves verified JSON-RPC and metrics while it follows", async () => {
    await servedAsk(chainAsk(chain), async (url) => {
      const common = ["--network", file("deployment.json"), "--rpc", url, "--db", database()];
      const start = ["--genesis", file("genesis.json"), "--port", "0", "--metrics-port", "0"];
      const running = startCommand("light-node", [...common, "serve", ...start]);
      try {
        await running.untilPrinted("0 headers to fill in");
        const endpoint = /verified JSON-RPC at (\S+)/.exec(running.output())?.[1] ?? "";
        const call = async (method: string, params: unknown[]): Promise<unknown> => {
          const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
          const headers = { "content-type": "application/json" };
          return (await fetch(endpoint, { method: "POST", headers, body })).json();
        };
        expect(await call("eth_blockNumber", [])).to.include({ result: toBeHex(HEAD) });
        expect(await call("eth_getBalance", [toBeHex(7, 20), "latest"])).to.include({ result: "0x7" });
        expect(await call("eth_call", [{ data: "0x60205ff3" }])).to.include({ result: toBeHex(0, 32) });
        expect(await call("eth_sign", [])).to.have.nested.property("error.code", -32_601);
        const batch = Array.from({ length: 101 }, () => ({ id: 1, method: "eth_chainId" }));
        const headers = { "content-type": "application/json" };
        const large = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(batch) });
        expect(large.status).to.equal(413);
        const metrics = /metrics at (\S+)/.exec(running.output())?.[1] ?? "";
        expect(await (await fetch(metrics)).text()).to.contain(`commonwatt_light_head ${HEAD}\n`);
      } finally {
        running.child.kill("SIGTERM");
        await running.ended;
      }
    });
  });

  it("has no database where none was written, and no peer where none is named", async () => {
    const network = ["--network", file("deployment.json")];
    const missing = await run([...network, "--rpc", "http://127.0.0.1:1", "--db", file("none.db"), "status"]);
    expect(missing.problems).to.contain("there is no such database");
    expect((await run([...network, "--db", database(), "--once"])).problems).to.contain("no peer is named");
    expect((await run([...network, "--rpc", "nonsense", "--db", database()])).problems).to.contain("is no URL");
    for (const [url, problem] of [
      ["http://user:hidden@127.0.0.1:1", "user name or password"],
      ["file:///hidden", "it begins with file:"],
      ["//hidden", "is no URL"],
    ] as const) {
      const { code, problems } = await run([...network, "--rpc", `http://127.0.0.1:1,${url}`, "--db", database()]);
      expect([code, problems]).to.satisfy(([is, text]: [number, string]) => is === 2 && text.includes(problem));
      expect(problems).to.contain("URL 2").and.not.contain("hidden");
    }
    const alone = [...network, "--rpc", "http://127.0.0.1:1", "--db", database()];
    const silent = await run([...alone, "--once", "--genesis", file("genesis.json")]);
    expect([silent.code, silent.out]).to.deep.equal([2, ""]);
    expect(silent.problems).to.contain("no peer leads to a head (http://127.0.0.1:1: ");
    expect((await run(["status"])).code).to.equal(2);
  });
});

/** Whether what a killed process left is in order; returns how many headers are missing up to the chain's head. */
function missingIn(db: string, chain: LightChain): number {
  const { head } = chain.options;
  const store = LightStore.open(db);
  try {
    const trusted = store.trusted?.header;
    if (trusted === undefined) return head;
    expect(trusted.hash).to.equal(chain.header(Number(trusted.number)).hash);
    const missing = store.gaps.reduce((sum, { low, high }) => sum + Number(high - low) + 1, 0);
    expect(store.counts.headers + missing).to.equal(Number(trusted.number) + 1);
    return head - Number(trusted.number) + missing;
  } finally {
    store.close();
  }
}

/** All that a database holds of the chain. */
function rowsOf(db: string): unknown {
  const database = new DatabaseSync(db, { readOnly: true });
  try {
    expect(database.prepare("PRAGMA integrity_check").get()).to.deep.include({ integrity_check: "ok" });
    return ["meta ORDER BY name", "headers ORDER BY number", "gaps", "forks"].map((rows) =>
      database.prepare(`SELECT * FROM ${rows}`).all(),
    );
  } finally {
    database.close();
  }
}
