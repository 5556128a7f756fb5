/** `network up` and its words when something fails, with an engine that stands for Besu. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { NodeRefused, NodeRpc, NodeUnreachable } from "../../scripts/network/engine/node-rpc.js";
import { partsOf } from "../../scripts/network/engine/parts.js";
import { up } from "../../scripts/network/engine/up.js";
import { InputError } from "../../scripts/inputs/error.js";
import { failureOf, fakeSite, PASSWORD } from "../utils/fake-site.js";

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

  it("ends the starts that are under way when one fails, and begins no other", async () => {
    const site = await fakeSite({ dir, memory, nodes: 3, failing: "accountant2" });
    const options = { password: PASSWORD, stopped: new AbortController().signal, silent: true };
    const words = await failureOf(up(site, partsOf(site.network), options));
    expect(words).to.equal("accountant2 (transaction chain): it fails. Mend it");
    expect(site.engine.everStarted).to.deep.equal(["accountant1"]);
    expect([...site.engine.running]).to.deep.equal([]);
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

  it("starts nothing where another program listens on one of its ports", async () => {
    const site = await fakeSite({ dir, memory, nodes: 2 });
    const { rpcPort = 0 } = site.network.nodes[1]?.chains.transaction ?? {};
    const server = createServer();
    await new Promise<void>((go) => server.listen(rpcPort, "127.0.0.1", go));
    try {
      const options = { password: PASSWORD, stopped: new AbortController().signal, silent: true };
      const words = await failureOf(up(site, partsOf(site.network), options));
      expect(words).to.match(new RegExp(`listens on port ${rpcPort} of accountant2`));
      expect(site.engine.everStarted).to.deep.equal([]);
    } finally {
      server.close();
    }
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
