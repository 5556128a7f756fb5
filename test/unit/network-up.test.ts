/** `network up` and its words when something fails, with an engine that stands for Besu. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { AbiCoder } from "ethers";

import { Agents } from "../../scripts/network/engine/agents.js";
import type { Part } from "../../scripts/network/engine/engine.js";
import { nodeRpcs, NodeRefused, NodeRpc, NodeUnreachable } from "../../scripts/network/engine/node-rpc.js";
import { partsOf } from "../../scripts/network/engine/parts.js";
import { startPart } from "../../scripts/network/engine/starting.js";
import { up } from "../../scripts/network/engine/up.js";
import { InputError } from "../../scripts/inputs/error.js";
import { failureOf, fakeSite, PASSWORD, type FakeSite } from "../utils/fake-site.js";

/** Agents that are no programs. */
class NotedAgents extends Agents {
  readonly running: string[] = [];
  failing: string | undefined;

  override isRunning({ node }: Part): Promise<boolean> {
    return Promise.resolve(this.running.includes(node.name));
  }

  override async start({ node }: Part): Promise<boolean> {
    if (node.name === this.failing) throw new Error("it ended");
    await Promise.resolve(this.running.push(node.name));
    return true;
  }

  override stop({ node }: Part): Promise<void> {
    this.running.splice(this.running.indexOf(node.name), 1);
    return Promise.resolve();
  }
}

describe("network up", () => {
  const options = { password: PASSWORD, stopped: new AbortController().signal, silent: true };
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

  it("ends the starts that are under way when one fails, and begins no other", async () => {
    const site = await fakeSite({ dir, memory, nodes: 3, failing: "accountant2" });
    const words = await failureOf(up(site, partsOf(site.network), options));
    expect(words).to.equal("accountant2 (transaction chain): it fails. Mend it");
    expect(site.engine.everStarted).to.deep.equal(["accountant1"]);
    expect([...site.engine.running]).to.deep.equal([]);
    expect(await readdir(memory)).to.deep.equal([]); // nor is a key left in memory
  });

  it("ends what it began when it is stopped itself", async () => {
    const site = await fakeSite({ dir, memory, nodes: 3 });
    const stop = new AbortController();
    const result = failureOf(
      up(site, partsOf(site.network), { password: PASSWORD, stopped: stop.signal, silent: true }),
    );
    while (site.engine.running.size === 0) await new Promise((go) => setTimeout(go, 10));
    stop.abort();
    expect(await result).to.equal("up: it was stopped. Nothing that it started was left running");
    expect([...site.engine.running]).to.deep.equal([]);
  });

  /** The same, where nodes answer some questions otherwise; `latest` is as it was. */
  function answering(site: FakeSite, answers: Readonly<Record<string, unknown>>): FakeSite {
    const rpcOf: FakeSite["rpcOf"] = (node, chain) => {
      const rpc = site.rpcOf(node, chain);
      const call = rpc.call.bind(rpc);
      rpc.call = (async (method: string, ...params: unknown[]) => {
        const known: unknown = await call(method, ...params).catch((error: unknown) => {
          if (error instanceof NodeUnreachable || !(method in answers)) throw error;
          return undefined;
        });
        return params[0] !== "latest" && method in answers ? answers[method] : known;
      }) as typeof rpc.call;
      return rpc;
    };
    return { ...site, rpcOf };
  }

  it("keeps no node that runs with another key, or on another chain, than its own", async () => {
    const site = await fakeSite({ dir, memory, nodes: 1 });
    const [part] = partsOf(site.network);
    if (part === undefined) throw new Error("no part");
    site.heads.set("accountant1", { number: 1, hash: "0x1", time: 1_000 });
    await startPart(site, part, PASSWORD);
    await site.engine.stop(part);
    const enode = `enode://${"9".repeat(128)}@127.0.0.1:1`;
    const others: [object, RegExp][] = [
      [{ admin_nodeInfo: { enode } }, /accountant1 \(transaction chain\): it runs with another key than its own/],
      [{ eth_getBlockByNumber: { hash: "0xother" } }, /its block 0 is 0xother, not 0x/],
    ];
    for (const [answers, words] of others) {
      const other = answering(site, answers as Record<string, unknown>);
      expect(await failureOf(startPart(other, part, PASSWORD))).to.match(words);
      expect([...site.engine.running]).to.deep.equal([]);
      expect(await readdir(memory)).to.deep.equal([]);
    }
  });

  it("waits for a node that hangs, and ends the agents that it started when one fails", async () => {
    const agents = new NotedAgents({ dir, environment: { XDG_RUNTIME_DIR: memory } });
    // of strangers: no quorum is here, and no block is waited for
    const strangers = AbiCoder.defaultAbiCoder().encode(["address[]"], [[`0x${"99".repeat(20)}`]]);
    const plain = await fakeSite({ dir, memory, nodes: 2 });
    const site = answering(plain, { eth_call: strangers });
    for (const { node } of partsOf(site.network)) site.engine.running.add(node.name);
    const head = { number: 1, hash: "0x1", time: 1_000 };
    site.heads.set("accountant1", head);
    const later = setTimeout(() => site.heads.set("accountant2", head), 300);
    try {
      expect(await up({ ...site, agents }, partsOf(site.network), options)).to.deep.equal([]);
      expect(agents.running).to.deep.equal(["accountant1", "accountant2"]);
      agents.running.splice(0);
      agents.failing = "accountant2";
      expect(await failureOf(up({ ...site, agents }, partsOf(site.network), options))).to.equal("it ended");
      expect(agents.running).to.deep.equal([]);
    } finally {
      clearTimeout(later);
    }
  });

  it("says that this machine's clock is behind, by the first block that it sees made", async () => {
    const plain = await fakeSite({ dir, memory, nodes: 1 });
    const { address = "" } = plain.network.nodes[0]?.chains.transaction ?? {};
    const site = answering(plain, { eth_call: AbiCoder.defaultAbiCoder().encode(["address[]"], [[address]]) });
    site.engine.running.add("accountant1");
    const now = Math.floor(Date.now() / 1_000);
    site.heads.set("accountant1", { number: 1, hash: "0x1", time: now });
    const later = setTimeout(() => site.heads.set("accountant1", { number: 2, hash: "0x2", time: now + 100 }), 300);
    try {
      const words = await failureOf(up(site, partsOf(site.network), options));
      expect(words).to.match(/^this machine's clock: it is \d+\.\d s behind the clock of the block's maker. Set/);
    } finally {
      clearTimeout(later);
    }
  });

  describe("beside nodes on other hosts, which are not asked from here", () => {
    const WORDS =
      "accountant2 (transaction chain) on nowhere.invalid: its p2p port 24020: the host's name has no address";

    async function spread(): Promise<{ site: FakeSite; own: Part[] }> {
      const plain = await fakeSite({ dir, memory, nodes: 3 });
      const nodes = plain.network.nodes.map((node, index) =>
        index === 0 ? node : { ...node, host: "nowhere.invalid" },
      );
      const set = nodes.map((node) => node.chains.transaction?.address ?? "");
      const site = answering(plain, { eth_call: AbiCoder.defaultAbiCoder().encode(["address[]"], [set]) });
      site.engine.running.add("accountant1");
      site.heads.set("accountant1", { number: 1, hash: "0x1", time: Math.floor(Date.now() / 1_000) });
      const network = { ...site.network, nodes };
      return { site: { ...site, network }, own: partsOf(network, { nodes: ["accountant1"] }) };
    }

    it("names those that can't be reached, and says that no block was seen", async function () {
      this.timeout(60_000); // it waits for a block
      const { site, own } = await spread();
      const warned: string[] = [];
      const agents = new NotedAgents({ dir, environment: { XDG_RUNTIME_DIR: memory } });
      const warn = (text: string): void => void warned.push(text);
      expect(await up({ ...site, agents }, own, { ...options, warn })).to.deep.equal([]);
      expect(warned).to.have.lengthOf(3);
      expect(warned[0]).to.match(/^No block of the transaction chain was seen/);
      expect(warned[1]?.slice(0, WORDS.length)).to.equal(WORDS);
    });

    it("learns from their blocks that this machine's clock is behind", async () => {
      const { site, own } = await spread();
      const late = { number: 2, hash: "0x2", time: Math.floor(Date.now() / 1_000) + 100 };
      const later = setTimeout(() => site.heads.set("accountant1", late), 1_000);
      try {
        expect(await failureOf(up(site, own, options))).to.match(/^this machine's clock: it is \d+\.\d s behind/);
      } finally {
        clearTimeout(later);
      }
    });
  });

  it("starts nothing where another program listens on one of its ports", async () => {
    const site = await fakeSite({ dir, memory, nodes: 2 });
    const { rpcPort = 0 } = site.network.nodes[1]?.chains.transaction ?? {};
    const server = createServer();
    await new Promise<void>((go) => server.listen(rpcPort, "127.0.0.1", go));
    try {
      const words = await failureOf(up(site, partsOf(site.network), options));
      expect(words).to.match(new RegExp(`listens on port ${rpcPort} of accountant2`));
      expect(site.engine.everStarted).to.deep.equal([]);
    } finally {
      server.close();
    }
  });
});

describe("a node's RPC", () => {
  let folder: string;

  before(async () => (folder = await mkdtemp(join(tmpdir(), "network-rpc-"))));
  after(() => rm(folder, { recursive: true, force: true }));

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

  it("is not asked without the network's authority", async () => {
    const { network } = await fakeSite({ dir: folder, memory: folder, nodes: 2 });
    const error = await fault(nodeRpcs(folder, { ...network, tls: true }));
    expect(error.message).to.match(/tls\/ca\.pem: the network's authority can't be read. Restore/);
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
