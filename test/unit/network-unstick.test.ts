/** `network unstick` and `restart`: what they refuse while everything still runs, and what they do. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { alone } from "../../scripts/network/engine/alone.js";
import { partsOf } from "../../scripts/network/engine/parts.js";
import { requireStartable } from "../../scripts/network/engine/preflight.js";
import { restart } from "../../scripts/network/engine/restarting.js";
import { unstick, type UnstickOptions } from "../../scripts/network/engine/unstick.js";
import { genesisPath } from "../../scripts/network/genesis/predeployed-file.js";
import { nodeOnChain } from "../../scripts/network/network-file.js";
import { NODE_KEY_FILE } from "../../scripts/network/unlock.js";
import { failureOf, fakeSite, GENESIS, PASSWORD, type FakeHead, type FakeSite } from "../utils/fake-site.js";

const ACCOUNTANTS = ["accountant1", "accountant2", "accountant3", "accountant4"];
/** The fifth node stands by. */
const STANDBY = "accountant5";

describe("a chain that stands still", () => {
  let dir: string;
  let memory: string;
  let site: FakeSite;
  const words: string[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "network-unstick-"));
    memory = await mkdtemp("/dev/shm/network-unstick-").catch(() => mkdtemp(join(tmpdir(), "network-unstick-")));
    site = await fakeSite({ dir, memory, nodes: 5, standby: true });
    for (const name of [...ACCOUNTANTS, STANDBY]) show(name, old(10));
    words.length = 0;
  });

  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
    await rm(memory, { recursive: true, force: true });
  });

  const old = (number: number, hash = `0x${number}`): FakeHead => {
    return { number, hash, time: Math.floor(Date.now() / 1_000) - 300 };
  };

  function show(name: string, head: FakeHead): void {
    site.engine.running.add(name);
    site.heads.set(name, head);
  }

  function options(over: Partial<UnstickOptions> = {}): UnstickOptions {
    const print = (text: string): void => void words.push(text);
    return {
      password: PASSWORD,
      agreeSeconds: 0,
      watchSeconds: 0,
      stopped: new AbortController().signal,
      print,
      ...over,
    };
  }

  async function refused(over: Partial<UnstickOptions> = {}): Promise<string> {
    const before = [...site.engine.running];
    const problem = await failureOf(unstick(site, "transaction", options(over)));
    expect(site.engine.everEnded).to.deep.equal([]);
    expect([...site.engine.running]).to.deep.equal(before);
    return problem;
  }

  it("is not restarted while fewer than a quorum answer, whom it names", async () => {
    site.engine.running.delete("accountant2");
    site.engine.running.delete("accountant4");
    expect(await refused()).to.match(/a quorum of 3 of 4 accountants .*no answer: accountant2, accountant4/);
  });

  it("is not restarted while one shows another head, whom it names", async () => {
    show("accountant3", old(9));
    expect(await refused()).to.match(/accountant2 at 10 \(0x10\), accountant3 at 9 \(0x9\)/);
    show("accountant3", old(10, "0xother"));
    expect(await refused()).to.match(/accountant3 at 10 \(0xother\)/);
  });

  it("is not restarted while a standby has a block that they sealed and have not", async () => {
    show(STANDBY, old(11));
    expect(await refused()).to.match(/accountant4 at 10 \(0x10\), accountant5 at 11 \(0x11\)/);
    show(STANDBY, old(10, "0xother")); // of the same height
    expect(await refused()).to.match(/accountant5 at 10 \(0xother\)/);
  });

  it("is not restarted while it is young, or where the start would fail", async () => {
    expect(await refused({ silenceSeconds: 1_000 })).to.match(/is 30\d s old; below 1000 s it goes on by itself/);
    expect(await refused({ password: "another password of tests" })).to.match(/the password is not this keystore's/);
    await writeFile(genesisPath(dir, "transaction"), GENESIS.replace('"chainId": 7', '"chainId": 8'));
    expect(await refused()).to.match(/'config' is not the one of network\.json/);
  });

  it("is not restarted while blocks come that only seem old, for this machine's clock is ahead", async () => {
    const later = setTimeout(() => ACCOUNTANTS.forEach((name) => show(name, old(11))), 500);
    try {
      expect(await refused({ watchSeconds: 10 })).to.match(/it makes blocks, though its last one seemed old/);
    } finally {
      clearTimeout(later);
    }
  });

  it("has the accountants that answer restarted together, a quorum of them, and waits for a block", async () => {
    site.engine.running.delete("accountant4");
    show(STANDBY, old(8)); // it may be behind
    const start = site.engine.start.bind(site.engine);
    site.engine.start = async (part) => {
      // none comes back before all have ended
      expect(site.engine.everEnded).to.have.members(ACCOUNTANTS.slice(0, 3));
      expect(await readdir(site.engine.secretsFolder(part))).to.deep.equal([NODE_KEY_FILE]);
      await start(part);
      if (site.engine.everStarted.length === 3) for (const name of ACCOUNTANTS) site.heads.set(name, old(11));
    };
    await unstick(site, "transaction", options());
    expect(site.engine.everStarted).to.have.members(ACCOUNTANTS.slice(0, 3));
    expect(await readdir(memory)).to.deep.equal([]); // no key is left in memory
    expect(words.at(-1)).to.equal("Restarting accountant1, accountant2, accountant3.");
  });

  it("is restarted without the one that does not end, whose fault is told then", async () => {
    const stop = site.engine.stop.bind(site.engine);
    site.engine.stop = (part) => {
      return part.node.name === "accountant2" ? Promise.reject(new Error("process 7 does not end")) : stop(part);
    };
    const words = await failureOf(unstick(site, "transaction", options()));
    expect(words).to.equal("process 7 does not end");
    expect(site.engine.everStarted).to.have.members(ACCOUNTANTS.filter((name) => name !== "accountant2"));
  });

  it("starts nothing where the disk is full soon", async () => {
    await requireStartable(site, 1);
    expect(await failureOf(requireStartable(site, 2 ** 60))).to.match(/only [\d.]+ GiB of its disk is free/);
  });

  it("keeps a node running whose restart can only fail", async () => {
    const [part] = partsOf(site.network);
    if (part === undefined) throw new Error("no part");
    expect(await failureOf(restart(site, part, "another password of tests"))).to.match(/not this keystore's/);
    await writeFile(
      genesisPath(dir, "transaction"),
      GENESIS.replace('"blockperiodseconds": 2', '"blockperiodseconds": 3'),
    );
    expect(await failureOf(restart(site, part, PASSWORD))).to.match(/genesis\.json: it was changed since init/);
    expect(site.engine.everEnded).to.deep.equal([]);
  });

  it("starts no node again whose port, or whose agent's, another program has taken meanwhile", async () => {
    const [part] = partsOf(site.network);
    if (part === undefined) throw new Error("no part");
    site.engine.running.delete("accountant1");
    const { metricsPort, agentMetricsPort } = nodeOnChain(part.node, "transaction");
    for (const port of [metricsPort, agentMetricsPort]) {
      const server = createServer();
      await new Promise<void>((go) => server.listen(port, "127.0.0.1", go));
      try {
        expect(await failureOf(restart(site, part, PASSWORD))).to.match(new RegExp(`listens on port ${port} of `));
      } finally {
        await new Promise((go) => server.close(go));
      }
    }
    expect(site.engine.everStarted).to.deep.equal([]);
  });
});

describe("commands that start and end nodes", () => {
  let dir: string;

  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), "network-alone-"))));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("run one at a time, and leave nothing", async () => {
    const inner = alone(dir, () => failureOf(alone(dir, () => Promise.resolve("both"))));
    expect(await inner).to.equal(
      `${dir}: process ${process.pid} starts or ends its nodes. Wait until it is done, or end it`,
    );
    expect(await alone(dir, () => Promise.resolve("again"))).to.equal("again");
    expect(await failureOf(alone(dir, () => Promise.reject(new Error("it fails"))))).to.equal("it fails");
    expect(await readdir(dir)).to.deep.equal([]);
  });

  it("take over from one that was killed", async () => {
    await writeFile(join(dir, "command.pid"), JSON.stringify({ pid: process.pid, started: "before a reboot" }));
    expect(await alone(dir, () => Promise.resolve("done"))).to.equal("done");
    expect(await readdir(dir)).to.deep.equal([]);
  });
});
