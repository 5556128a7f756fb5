import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";
import type { JsonRpcProvider } from "ethers";

import {
  admitMember,
  connectTransactionChain,
  connectUserChain,
  endpointOf,
  MemberRole,
  openEndpoint,
  slotLengthOf,
  standingOf,
  Standing,
  suspend,
  withSigner,
  type Deployment,
} from "../../sdk/index.js";
import { CommonwattError } from "../../sdk/errors.js";
import { serveChains, type Endpoints } from "../../scripts/chains/serve.js";
import { requireFreePorts, serveRpc } from "../../scripts/chains/rpc-server.js";
import { openEmbedded, type EmbeddedNetwork } from "../../scripts/networks/index.js";

async function errorOf(attempt: () => Promise<unknown>): Promise<CommonwattError> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof CommonwattError) return error;
    throw error;
  }
  throw new Error("nothing thrown");
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("connecting", function () {
  this.timeout(60_000);

  let network: EmbeddedNetwork;
  let endpoints: Endpoints;
  let deployment: Deployment;

  before(async () => {
    network = await openEmbedded({ seed: 11, slotSeconds: 900, genesisTime: 1_473_638_400n });
    endpoints = await serveChains(network, await freePort());
    deployment = structuredClone(network.deployment);
    deployment.chains.transaction.rpcUrl = endpoints.transaction.url;
    deployment.chains.user.rpcUrl = endpoints.user.url;
  });

  after(async () => {
    await Promise.all([endpoints.transaction.close(), endpoints.user.close()]);
    await network.close();
  });

  const open = (file: Deployment, chain: "transaction" | "user" = "transaction"): Promise<JsonRpcProvider> =>
    openEndpoint(endpointOf(file, chain), file, chain, { pollingMilliseconds: 10 });

  it("reads both chains over an endpoint", async () => {
    const provider = await open(deployment);
    const userProvider = await open(deployment, "user");
    try {
      const chain = await connectTransactionChain(deployment, provider);
      expect(await slotLengthOf(chain)).to.equal(900n);
      expect(chain.signer).to.equal(undefined);
      const user = await connectUserChain(deployment, userProvider);
      expect(await standingOf(user, `0x${"01".repeat(20)}`)).to.equal(Standing.None);
    } finally {
      provider.destroy();
      userProvider.destroy();
    }
  });

  it("sends with a signer, and decodes what is refused over an endpoint", async () => {
    const provider = await open(deployment);
    try {
      const { relayer, council } = network.operators.transaction;
      const chain = await connectTransactionChain(deployment, relayer.connect(provider));
      const member = { member: council.address, roles: [MemberRole.Accountant] };
      const error = await errorOf(() => admitMember(chain, member));
      expect(error.code).to.equal("AccessManagedUnauthorized");
      expect(error.args).to.deep.equal({ caller: relayer.address });
      await admitMember(withSigner(chain, council), member);
      expect(await standingOf(chain, council.address)).to.equal(Standing.Active);
      const unknown = { account: `0x${"02".repeat(20)}` };
      const withLimit = { ...chain, defaults: { gasLimit: 200_000n } };
      expect((await errorOf(() => suspend(withLimit, unknown))).code).to.equal("FederationUnknownAccount");
    } finally {
      provider.destroy();
    }
  });

  it("refuses a signer that is connected to nothing", async () => {
    const { relayer } = network.operators.transaction;
    expect((await errorOf(() => connectUserChain(deployment, relayer))).code).to.equal("SignerUnconnected");
  });

  it("refuses an endpoint of another chain", async () => {
    const swapped = structuredClone(deployment);
    swapped.chains.transaction.rpcUrl = endpoints.user.url;
    const error = await errorOf(() => open(swapped));
    expect(error.code).to.equal("ChainIdMismatch");
    expect(error.message).to.contain(endpoints.user.url);
    const direct = await errorOf(() => connectTransactionChain(deployment, network.user.provider));
    expect(direct.code).to.equal("ChainIdMismatch");
  });

  it("refuses a chain that was started anew", async () => {
    const stale = structuredClone(deployment);
    stale.chains.transaction.genesisHash = `0x${"ab".repeat(32)}`;
    const provider = await open(deployment);
    const error = await errorOf(() => connectTransactionChain(stale, provider));
    provider.destroy();
    expect(error.code).to.equal("GenesisMismatch");
    expect(error.message).to.contain("stale").and.contain("deploy again").and.contain(endpoints.transaction.url);
    expect(error.message, "no placeholder is left").to.not.match(/\{\w+\}/);
  });

  it("refuses a contract with other code, or none, by name", async () => {
    const provider = await open(deployment);
    try {
      const other = structuredClone(deployment);
      other.chains.transaction.contracts.Settlement.address = `0x${"03".repeat(20)}`;
      const error = await errorOf(() => connectTransactionChain(other, provider));
      expect(error.code).to.equal("CodeMismatch");
      expect(error.args).to.include({ contract: "Settlement", chain: "transaction" });
    } finally {
      provider.destroy();
    }
  });

  it("fails at once when nobody listens, naming the endpoint", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const error = await errorOf(() => openEndpoint(url, deployment, "transaction"));
    expect(error.code).to.equal("EndpointUnreachable");
    expect(error.message).to.contain(url);
  });

  it("fails at once when what listens is no chain", async () => {
    const server = createServer((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const error = await errorOf(() => openEndpoint(url, deployment, "transaction", { timeoutMilliseconds: 2_000 }));
      expect(error.code).to.equal("EndpointUnreachable");
    } finally {
      server.close();
    }
  });

  it("asks for an endpoint when the file has none", () => {
    expect(() => endpointOf(network.deployment, "user"))
      .to.throw(CommonwattError)
      .with.property("code", "EndpointMissing");
    expect(endpointOf(network.deployment, "user", "http://127.0.0.1:1")).to.equal("http://127.0.0.1:1");
  });
});

describe("the loopback endpoint", () => {
  const echo = {
    request: ({ method, params }: { method: string; params?: unknown[] }): Promise<unknown> =>
      method === "fail"
        ? Promise.reject(Object.assign(new Error("no"), { code: 3, data: "0x1234" }))
        : Promise.resolve([method, ...(params ?? [])]),
  };
  const post = (url: string, body: string, type = "application/json"): Promise<Response> =>
    fetch(url, { method: "POST", body, headers: { "content-type": type } });

  it("answers single calls and batches, and passes errors on with their data", async () => {
    const server = await serveRpc(echo, 0);
    const { url } = server;
    try {
      const single = await (await post(url, JSON.stringify({ id: 1, method: "a", params: [2] }))).json();
      expect(single).to.deep.equal({ jsonrpc: "2.0", id: 1, result: ["a", 2] });
      const batch = await (await post(url, JSON.stringify([{ id: 1, method: "fail" }, { id: 2 }]))).json();
      expect(batch).to.deep.equal([
        { jsonrpc: "2.0", id: 1, error: { code: 3, message: "no", data: "0x1234" } },
        { jsonrpc: "2.0", id: 2, error: { code: -32600, message: "no method" } },
      ]);
      expect((await post(url, "{")).status).to.equal(400);
      expect((await fetch(url)).status).to.equal(405);
    } finally {
      await server.close();
    }
  });

  it("refuses what a page of another site may send without asking", async () => {
    const server = await serveRpc(echo, 0);
    try {
      const body = JSON.stringify({ id: 1, method: "a" });
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
        expect((await post(server.url, body, type)).status, type).to.equal(415);
      }
      expect((await post(server.url, body, "Application/JSON; charset=utf-8")).status).to.equal(200);
    } finally {
      await server.close();
    }
  });

  it("refuses a name of somebody else's that points at loopback", async () => {
    const server = await serveRpc(echo, 0);
    try {
      const statusFor = (host: string): Promise<number | undefined> =>
        new Promise((resolve, reject) => {
          const headers = { host, "content-type": "application/json" };
          const call = request(server.url, { method: "POST", headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          call.on("error", reject).end(JSON.stringify({ id: 1, method: "a" }));
        });
      expect(await statusFor("rebound.example:8545")).to.equal(403);
      expect(await statusFor("localhost:8545")).to.equal(200);
    } finally {
      await server.close();
    }
  });

  it("refuses a port that is taken, naming it", async () => {
    const server = await serveRpc(echo, 0);
    const { url } = server;
    const port = Number(new URL(url).port);
    try {
      for (const attempt of [() => serveRpc(echo, port), () => requireFreePorts([port])]) {
        let message = "listening";
        try {
          await attempt();
        } catch (error) {
          message = (error as Error).message;
        }
        expect(message).to.contain(`port ${port}`).and.contain("--port");
      }
    } finally {
      await server.close();
    }
  });
});
