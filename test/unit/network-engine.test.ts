/** What runs nodes, against programs that stand for Besu and docker: the real client's turn is test/besu. */
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { ClockWatch } from "../../scripts/network/engine/clock.js";
import { DockerEngine, dockerAnswers } from "../../scripts/network/engine/docker-engine.js";
import type { Part } from "../../scripts/network/engine/engine.js";
import { follow, tailOf } from "../../scripts/network/engine/log-tail.js";
import { memoryFolder } from "../../scripts/network/engine/memory-folder.js";
import { openEngine } from "../../scripts/network/engine/open-engine.js";
import { partsHere, partsOf } from "../../scripts/network/engine/parts.js";
import { livingPid, startOf, writePid } from "../../scripts/network/engine/pid-file.js";
import { requireFreePorts, requireStarted } from "../../scripts/network/engine/preflight.js";
import { ProcessEngine } from "../../scripts/network/engine/process-engine.js";
import { defaultSilence } from "../../scripts/network/engine/unstick.js";
import { requireVersion } from "../../scripts/network/engine/version.js";
import { genesisHash, genesisText } from "../../scripts/network/genesis/genesis-file.js";
import { requireGenesis } from "../../scripts/network/genesis/unchanged.js";
import type { NetworkFile, NetworkNode } from "../../scripts/network/network-file.js";

const TIMING = { chainId: 7, genesisTime: 1_000, blockSeconds: 2, requestTimeoutSeconds: 4, accounts: {} };
const GENESIS = genesisText(TIMING);

/** Two nodes of one chain, on ports that nobody uses in tests. */
function network(over: Partial<NetworkFile> = {}): NetworkFile {
  const node = (index: number): NetworkNode => ({
    name: `accountant${index}`,
    member: `Accountant ${index}`,
    role: "accountant",
    host: "127.0.0.1",
    storage: "FOREST",
    chains: {
      transaction: {
        address: `0x${String(index).repeat(40)}`,
        enodeId: String(index).repeat(128),
        p2pPort: 29_000 + 10 * index,
        rpcPort: 29_001 + 10 * index,
        metricsPort: 29_002 + 10 * index,
        agentMetricsPort: 29_006 + 10 * index,
        agentAccount: `0x${String(index + 4).repeat(40)}`,
      },
    },
  });
  return {
    version: 1,
    name: "tested",
    besu: { minimumVersion: "26.4.0", image: "hyperledger/besu:26.8.0" },
    blockSeconds: 2,
    requestTimeoutSeconds: 4,
    chains: { transaction: { chainId: 7, genesisTime: 1_000, genesisHash: genesisHash(GENESIS) } },
    nodes: [node(1), node(2)],
    ...over,
  };
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
}

describe("the engine of a made network", () => {
  let dir: string;
  const children: number[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "network-engine-"));
  });

  afterEach(async () => {
    for (const pid of children.splice(0)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it ended already
      }
    }
    await rm(dir, { recursive: true, force: true });
  });

  /** A program that stands for another one. */
  async function program(name: string, script: string): Promise<string> {
    const file = join(dir, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  }

  describe("which Besu", () => {
    it("takes a release and a build of the same or a later month", () => {
      expect(requireVersion("besu/v26.4.0/linux-x86_64/openjdk-java-25", "26.4.0", "besu")).to.equal("v26.4.0");
      expect(requireVersion("besu/v26.8-develop-683880b/linux", "26.4.0", "besu")).to.equal("v26.8-develop-683880b");
      expect(requireVersion("besu/v27.1.0/linux", "26.4.0", "besu")).to.equal("v27.1.0");
    });

    it("refuses an older one, and what is no Besu", () => {
      expect(() => requireVersion("besu/v26.3.9/linux", "26.4.0", "besu")).to.throw(/is 26\.3\.9.*needs 26\.4\.0/);
      expect(() => requireVersion("besu/v25.12.0/linux", "26.4.0", "besu")).to.throw(/needs 26\.4\.0/);
      expect(() => requireVersion("Geth 1.17", "26.4.0", "besu")).to.throw(/no Besu/);
    });

    it("says that there is neither docker nor Besu", async () => {
      const environment = { PATH: dir };
      expect(await refusal(openEngine({ dir, network: network(), environment, starts: true }))).to.match(
        /neither a docker engine nor/,
      );
    });

    it("ends processes without one", async () => {
      const engine = await openEngine({ dir, network: network(), environment: { PATH: dir }, starts: false });
      expect(engine.kind).to.equal("processes");
      for (const part of partsOf(network())) expect(await engine.isRunning(part)).to.equal(false);
    });

    it("refuses a launcher that fails, in its own words", async () => {
      const besu = await program("besu", "echo 'no Java here' >&2; exit 1");
      const opened = openEngine({
        dir,
        network: network(),
        environment: { PATH: "/usr/bin:/bin", BESU: besu },
        starts: true,
      });
      expect(await refusal(opened)).to.match(/no Java here/);
      const named = openEngine({
        dir,
        network: network(),
        environment: { PATH: dir, BESU: join(dir, "nothing") },
        starts: true,
      });
      expect(await refusal(named)).to.match(/no program that can be run/);
    });
  });

  describe("which process is ours", () => {
    it("knows a process that runs, and not another one of its number", async () => {
      const child = spawn("sleep", ["60"]);
      children.push(child.pid ?? 0);
      const file = join(dir, "besu.pid");
      await writePid(file, child.pid ?? 0);
      expect(await livingPid(file)).to.equal(child.pid);
      await writeFile(file, JSON.stringify({ pid: child.pid, started: "at another time" }));
      expect(await livingPid(file)).to.equal(undefined);
      await writeFile(file, '{"pid":');
      expect(await livingPid(file)).to.equal(undefined);
    });

    it("knows that a process ended", async () => {
      const child = spawn("sleep", ["60"]);
      children.push(child.pid ?? 0);
      const file = join(dir, "besu.pid");
      await writePid(file, child.pid ?? 0);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      expect(await livingPid(file)).to.equal(undefined);
      expect(await startOf(child.pid ?? 0)).to.equal(undefined);
    });
  });

  describe("processes", () => {
    const VERSION = '[ "$1" = --version ] && { echo besu/v26.8.0/linux; exit 0; }';

    async function opened(script: string): Promise<{ engine: ProcessEngine; part: Part }> {
      const made = network();
      const besu = await program("besu", `${VERSION}\n${script}`);
      await mkdir(join(dir, "nodes", "accountant1", "transaction"), { recursive: true });
      const environment = { ...process.env, COMMONWATT_NETWORK_PASSWORD_FILE: "/secret/place" };
      const engine = await ProcessEngine.open({ dir, network: made, besu, environment });
      const [part] = partsOf(made);
      if (part === undefined) throw new Error("no part");
      return { engine, part };
    }

    it("start, log, outlive nothing they should not, and end when told", async () => {
      const { engine, part } = await opened(
        'echo "$*"; echo "password at [$COMMONWATT_NETWORK_PASSWORD_FILE]"; exec sleep 60',
      );
      await engine.start(part);
      try {
        expect(await engine.isRunning(part)).to.equal(true);
        while ((await engine.logTail(part, 5)).length < 2) await sleep(20);
        const [flags = "", words] = await engine.logTail(part, 5);
        expect(flags).to.include("--discovery-enabled=false").and.to.include(`--data-path=${dir}`);
        expect(flags).not.to.include("0x");
        expect(words).to.equal("password at []");
      } finally {
        await engine.stop(part);
      }
      expect(await engine.isRunning(part)).to.equal(false);
      await engine.kill(part); // nothing to do, and no fault
    });

    it("that end at once are no fault of the start's: their log says why", async () => {
      const { engine, part } = await opened("echo 'no such flag' >&2; exit 1");
      for (let times = 0; times < 5; times++) await engine.start(part);
      while (await engine.isRunning(part)) await sleep(20);
      expect(await engine.logTail(part, 1)).to.deep.equal(["no such flag"]);
    });

    it("are killed at once where they would not end by themselves", async () => {
      const { engine, part } = await opened("trap '' TERM\nwhile :; do sleep 1; done");
      await engine.start(part);
      await engine.kill(part);
      expect(await engine.isRunning(part)).to.equal(false);
    });

    it("hand keys over in memory, in a folder of this network's alone", () => {
      const folder = memoryFolder(dir, {});
      expect(folder)
        .to.equal(memoryFolder(dir, {}))
        .and.not.to.equal(memoryFolder(`${dir}x`, {}));
      if (process.platform === "linux") expect(folder).to.match(/^\/dev\/shm\//);
    });
  });

  describe("containers", () => {
    it("are run by docker compose, which is told where the keys and whose the files are", async () => {
      const log = join(dir, "calls");
      const docker = `echo "$* [$COMMONWATT_UNLOCKED] [$COMMONWATT_USER]" >> ${log}\ncase "$*" in *ps*) echo accountant1-transaction;; esac`;
      await program("docker", docker);
      const environment = { ...process.env, PATH: `${dir}:${process.env["PATH"] ?? ""}`, XDG_RUNTIME_DIR: dir };
      expect(await dockerAnswers(environment)).to.equal(true);
      const engine = await openEngine({ dir, network: network(), environment, starts: true });
      expect(engine).to.be.instanceOf(DockerEngine);
      const [first, second] = partsOf(network());
      if (first === undefined || second === undefined) throw new Error("no parts");
      await engine.start(first);
      expect(await engine.isRunning(first)).to.equal(true);
      expect(await engine.isRunning(second)).to.equal(false);
      await engine.kill(first);
      const calls = (await readFile(log, "utf8")).split("\n");
      const folder = memoryFolder(dir, environment);
      const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
      const compose = `compose --file ${join(dir, "compose.yaml")}`;
      expect(calls).to.include(`${compose} up --detach --no-deps accountant1-transaction [${folder}] [${user}]`);
      expect(calls).to.include(`${compose} kill --signal KILL accountant1-transaction [${folder}] [${user}]`);
    });

    it("do not run a network whose nodes run as processes already", async () => {
      await program("docker", "exit 0");
      const besu = await program("besu", "echo besu/v26.8.0/linux");
      const environment = { ...process.env, PATH: `${dir}:${process.env["PATH"] ?? ""}`, BESU: besu };
      const kind = async (): Promise<string> => {
        return (await openEngine({ dir, network: network(), environment, starts: true })).kind;
      };
      const folder = join(dir, "nodes", "accountant2", "transaction");
      await mkdir(folder, { recursive: true });
      expect(await kind()).to.equal("docker");
      await writePid(join(folder, "besu.pid"), process.pid);
      expect(await kind()).to.equal("processes");
    });

    it("tell in docker's own words what fails", async () => {
      await program("docker", 'case "$*" in *up*) echo "pull access denied" >&2; exit 1;; esac');
      const environment = { PATH: `${dir}:${process.env["PATH"] ?? ""}` };
      const engine = await openEngine({ dir, network: network(), environment, starts: true });
      const [part] = partsOf(network());
      if (part === undefined) throw new Error("no part");
      expect(await refusal(engine.start(part))).to.match(/accountant1 \(transaction chain\).*pull access denied/);
    });
  });

  describe("before a start", () => {
    it("refuses a genesis file that is not network.json's", async () => {
      await mkdir(join(dir, "transaction"));
      const file = join(dir, "transaction", "genesis.json");
      await writeFile(file, GENESIS);
      await requireGenesis(dir, network());
      await writeFile(file, genesisText({ ...TIMING, genesisTime: 1_001 }));
      expect(await refusal(requireGenesis(dir, network()))).to.match(/network\.json says 0x/);
      for (const change of [{ chainId: 8 }, { blockSeconds: 3 }, { requestTimeoutSeconds: 5 }]) {
        // the block's hash is the same
        await writeFile(file, genesisText({ ...TIMING, ...change }));
        expect(await refusal(requireGenesis(dir, network()))).to.match(/'config' is not the one of network\.json/);
      }
      await writeFile(file, GENESIS.replace(/(validatorcontractaddress": "0x)./, "$1f"));
      expect(await refusal(requireGenesis(dir, network()))).to.match(/'config' is not the one of network\.json/);
      await writeFile(file, "{}");
      expect(await refusal(requireGenesis(dir, network()))).to.match(/no genesis file/);
      await rm(file);
      expect(await refusal(requireGenesis(dir, network()))).to.match(/can't be read/);
    });

    it("names all ports that are in use, and whose they would be", async () => {
      const servers: Server[] = [];
      try {
        for (const port of [29_010, 29_021, 29_026]) {
          const server = createServer();
          servers.push(server);
          await new Promise<void>((resolve, reject) => {
            server.once("error", reject);
            server.listen(port, "127.0.0.1", resolve);
          });
        }
        const parts = partsOf(network());
        expect(await refusal(requireFreePorts(parts, parts))).to.match(
          /29010 of accountant1 \(transaction chain\), 29021 of accountant2 .*, 29026 of the agent of accountant2/,
        );
        expect(await refusal(requireFreePorts(parts, []))).not.to.match(/agent/); // it runs: the port is its own
      } finally {
        for (const server of servers) server.close();
      }
    });

    it("refuses a clock before block 0", () => {
      requireStarted(network(), 1_000);
      expect(() => requireStarted(network(), 999)).to.throw(/1 s before the transaction chain's block 0/);
    });
  });

  describe("which nodes", () => {
    it("are named, and kept to a chain and to this machine", async () => {
      expect(partsOf(network(), { nodes: ["accountant2"] }).map(({ node }) => node.name)).to.deep.equal([
        "accountant2",
      ]);
      expect(() => partsOf(network(), { nodes: ["accountant9"] })).to.throw(/no such node/);
      expect(() => partsOf(network(), { chain: "user" })).to.throw(/no such chain/);
      const away = network().nodes.map((node) => ({ ...node, host: "192.0.2.7" }));
      expect(await refusal(partsHere(partsOf(network({ nodes: away }))))).to.match(/none of the hosts.*192\.0\.2\.7/);
    });
  });

  describe("what blocks say of a clock", () => {
    const head = (number: number, time: number) => ({ number, time, hash: "0x" });

    it("judges new blocks alone", () => {
      const watch = new ClockWatch(2);
      expect(watch.see(head(5, 100), 500)).to.equal("unknown");
      expect(watch.see(head(5, 100), 501)).to.equal("unknown");
      expect(watch.see(head(6, 502), 503)).to.equal("right");
    });

    it("says at once that a block is from the future", () => {
      const watch = new ClockWatch(2);
      watch.see(head(5, 100), 100);
      expect(watch.see(head(6, 130), 102)).to.match(/28\.0 s behind/);
      // others refuse what is more than a second in their future
      expect(watch.see(head(7, 132), 131)).to.equal("right");
      expect(watch.see(head(8, 134), 132.5)).to.match(/1\.5 s behind/);
    });

    it("tells a clock that is ahead from a node that catches up", () => {
      const ahead = new ClockWatch(2);
      for (let block = 0; block < 4; block += 1) {
        expect(ahead.see(head(block, 100 + 2 * block), 160 + 2 * block)).to.equal("unknown");
      }
      expect(ahead.see(head(4, 108), 168)).to.match(/about 60 s ahead/);
      const catching = new ClockWatch(2);
      for (let block = 0; block < 40; block += 5) {
        expect(catching.see(head(block, 100 + 2 * block), 1_000 + block / 10)).to.equal("unknown");
      }
    });
  });

  describe("logs", () => {
    it("shows the end, and what follows", async () => {
      const file = join(dir, "besu.log");
      expect(await tailOf(file, 3)).to.deep.equal([]);
      await writeFile(file, Array.from({ length: 5_000 }, (_, index) => `line ${index} of a log`).join("\n") + "\n");
      expect(await tailOf(file, 2)).to.deep.equal(["line 4998 of a log", "line 4999 of a log"]);
      const lines: string[] = [];
      const stop = new AbortController();
      const following = follow(file, 1, stop.signal, (line) => lines.push(line));
      while (lines.length < 1) await sleep(10);
      await writeFile(file, "new\n", { flag: "a" });
      while (lines.length < 2) await sleep(10);
      stop.abort();
      await following;
      expect(lines).to.deep.equal(["line 4999 of a log", "new"]);
    });
  });

  it("takes a chain for stuck only when rounds 0 to 3 are over", () => {
    expect(defaultSilence(4)).to.equal(60);
  });
});
