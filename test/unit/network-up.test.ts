/** `network up` and its words when something fails, with an engine that stands for Besu. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect } from "chai";

import { Agents } from "../../scripts/network/engine/agents.js";
import { partName, type Engine, type Part } from "../../scripts/network/engine/engine.js";
import { NodeRefused, NodeRpc, NodeUnreachable } from "../../scripts/network/engine/node-rpc.js";
import { partsOf } from "../../scripts/network/engine/parts.js";
import type { Site } from "../../scripts/network/engine/starting.js";
import { up } from "../../scripts/network/engine/up.js";
import { genesisHash, genesisText } from "../../scripts/network/genesis/genesis-file.js";
import { genesisPath } from "../../scripts/network/genesis/predeployed-file.js";
import { seededKeys } from "../../scripts/network/init/key-source.js";
import type { NetworkFile, NetworkNode } from "../../scripts/network/network-file.js";
import { nodeKeystore } from "../../scripts/network/operators.js";
import { InputError } from "../../scripts/inputs/error.js";

const PASSWORD = "a password of tests alone";
const GENESIS = genesisText({
  chainId: 7,
  genesisTime: 1_000,
  blockSeconds: 2,
  requestTimeoutSeconds: 4,
  accounts: {},
});

function nodeOf(index: number, address: string): NetworkNode {
  const ports = { p2pPort: 28_000 + 10 * index, rpcPort: 28_001 + 10 * index, metricsPort: 28_002 + 10 * index };
  const chain = {
    address,
    enodeId: String(index).repeat(128),
    ...ports,
    agentAccount: `0x${String(index).repeat(40)}`,
  };
  const words = { name: `accountant${index}`, member: `Accountant ${index}`, role: "accountant" as const };
  return { ...words, host: "127.0.0.1", storage: "FOREST", chains: { transaction: chain } };
}

/** Starts what it is told to, and notes it. */
class FakeEngine implements Engine {
  readonly kind = "processes";
  readonly version = "fake";
  readonly keepsSecrets = false;
  readonly running = new Set<string>();
  readonly everStarted: string[] = [];

  constructor(
    private readonly folder: string,
    private readonly failing: string,
  ) {}

  secretsFolder(part: Part): string {
    return join(this.folder, part.node.name);
  }

  async start(part: Part): Promise<void> {
    // the one that fails does so when the other is on its way
    while (part.node.name === this.failing && this.running.size === 0) await new Promise((go) => setTimeout(go, 10));
    if (part.node.name === this.failing) throw new InputError({ file: partName(part) }, "it fails", "Mend it");
    this.running.add(part.node.name);
    this.everStarted.push(part.node.name);
  }

  isRunning(part: Part): Promise<boolean> {
    return Promise.resolve(this.running.has(part.node.name));
  }

  stop(part: Part): Promise<void> {
    this.running.delete(part.node.name);
    return Promise.resolve();
  }

  kill(part: Part): Promise<void> {
    return this.stop(part);
  }

  logTail(): Promise<string[]> {
    return Promise.resolve([]);
  }

  followLog(): Promise<void> {
    return Promise.resolve();
  }
}

describe("network up", () => {
  let dir: string;
  let memory: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "network-up-"));
    memory = await mkdtemp("/dev/shm/network-up-").catch(() => mkdtemp(join(tmpdir(), "network-up-")));
  });

  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
    await rm(memory, { recursive: true, force: true });
  });

  async function siteWith(engineOf: (memory: string) => FakeEngine): Promise<Site & { engine: FakeEngine }> {
    const keys = seededKeys(1);
    const nodes: NetworkNode[] = [];
    for (const index of [1, 2, 3]) {
      const key = keys.key(`node ${index}`);
      const node = nodeOf(index, key.address);
      const file = nodeKeystore(dir, node, "transaction");
      await mkdir(dirname(file), { recursive: true });
      const { address, privateKey } = key;
      await writeFile(file, await keys.keystore(`node ${index}`, { address, privateKey }, PASSWORD));
      nodes.push(node);
    }
    await mkdir(dirname(genesisPath(dir, "transaction")), { recursive: true });
    await writeFile(genesisPath(dir, "transaction"), GENESIS);
    const network: NetworkFile = {
      version: 1,
      name: "tested",
      besu: { minimumVersion: "26.4.0", image: "hyperledger/besu:26.8.0" },
      blockSeconds: 2,
      requestTimeoutSeconds: 4,
      chains: { transaction: { chainId: 7, genesisTime: 1_000, genesisHash: genesisHash(GENESIS) } },
      nodes,
    };
    const agents = new Agents({ dir, environment: { XDG_RUNTIME_DIR: memory } });
    const rpcOf = (node: NetworkNode): NodeRpc => {
      return new NodeRpc(
        `http://127.0.0.1:${node.chains.transaction?.rpcPort ?? 0}`,
        () => Promise.resolve(""),
        undefined,
      );
    };
    return { dir, network, engine: engineOf(memory), agents, rpcOf };
  }

  it("ends the starts that are under way when one fails, and begins no other", async () => {
    const site = await siteWith((folder) => new FakeEngine(folder, "accountant2"));
    const options = { password: PASSWORD, stopped: new AbortController().signal, silent: true };
    const words = await up(site, partsOf(site.network), options).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    expect(words).to.equal("accountant2 (transaction chain): it fails. Mend it");
    expect(site.engine.everStarted).to.deep.equal(["accountant1"]);
    expect([...site.engine.running]).to.deep.equal([]);
  });

  it("ends what it began when it is stopped itself", async () => {
    const site = await siteWith((folder) => new FakeEngine(folder, "nobody"));
    const stop = new AbortController();
    const result = up(site, partsOf(site.network), { password: PASSWORD, stopped: stop.signal, silent: true }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    while (site.engine.running.size === 0) await new Promise((go) => setTimeout(go, 10));
    stop.abort();
    expect(await result).to.equal("up: it was stopped. Nothing that it started was left running");
    expect([...site.engine.running]).to.deep.equal([]);
  });
});

describe("a node's RPC", () => {
  const rpc = (url: string, milliseconds?: number): NodeRpc => {
    return new NodeRpc(url, () => Promise.resolve("token"), undefined, milliseconds);
  };
  const fault = (work: Promise<unknown>): Promise<InputError> => {
    return work.then(
      () => Promise.reject(new Error("it answered")),
      (error: unknown) => error as InputError,
    );
  };

  it("says that nothing listens", async () => {
    const server = createServer();
    await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
    const { port } = server.address() as AddressInfo;
    await new Promise((go) => server.close(go));
    const error = await fault(rpc(`http://127.0.0.1:${port}`).call("eth_blockNumber"));
    expect(error).to.be.instanceOf(NodeUnreachable).and.to.be.instanceOf(InputError);
    expect(error.message).to.match(/^http:\/\/127\.0\.0\.1:\d+: nothing listens there .*network up$/);
  });

  it("tells a name without an address from a host that is away", async () => {
    const unknown = await fault(rpc("http://nowhere.invalid:1").call("eth_blockNumber"));
    expect(unknown.problem).to.match(/host's name has no address here \(.*nowhere\.invalid/);
    const away = new NodeUnreachable(
      "http://10.0.0.9:1",
      Object.assign(new Error("EHOSTUNREACH"), { code: "EHOSTUNREACH" }),
    );
    expect(away.problem).to.equal("the host can't be reached (EHOSTUNREACH)");
  });

  it("gives up on silence, and passes on the node's own words", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/words") response.end('{"error":{"code":-32007,"message":"Sender account not authorized"}}');
    });
    await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
    try {
      const { port } = server.address() as AddressInfo;
      const silent = await fault(rpc(`http://127.0.0.1:${port}/silence`, 50).call("eth_blockNumber"));
      expect(silent.problem).to.equal("the node does not answer (no answer within 50 ms)");
      const refused = await fault(rpc(`http://127.0.0.1:${port}/words`).call("eth_sendRawTransaction", "0x"));
      expect(refused).to.be.instanceOf(NodeRefused);
      expect(refused.problem).to.equal("the node refuses eth_sendRawTransaction: Sender account not authorized");
      expect(refused.exitCode).to.equal(2);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
