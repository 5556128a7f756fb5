import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { expect } from "chai";
import { id, toBeHex, ZeroHash } from "ethers";

import { alertsTo } from "../../scripts/light-node/alerts.js";
import { boundedJson, boundsOf } from "../../scripts/light-node/bounded-json.js";
import { healthOf, LightVitals, metricsText } from "../../scripts/light-node/metrics.js";
import { boundTrustOf } from "../../scripts/light-node/open.js";
import { Peers } from "../../scripts/light-node/peers.js";
import { PeerFailure, RpcPeer } from "../../scripts/light-node/rpc-peer.js";
import { LightStore } from "../../scripts/light-node/store.js";
import { CONTRACT_INTERFACES } from "../../sdk/contracts.js";
import {
  TRANSACTION_CONTRACTS,
  USER_CONTRACTS,
  validateDeployment,
  type Deployment,
} from "../../sdk/deployments/index.js";
import { CommonwattError } from "../../sdk/errors.js";

describe("light node's watch", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "light-watch-"));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const peersIn = (store: LightStore): Peers =>
    new Peers(
      ["honest", "liar"].map((name) => new RpcPeer(name, () => Promise.resolve(null))),
      undefined,
      store,
    );

  it("keeps a liar out over restarts, until it is pardoned", () => {
    const path = join(folder, "peers.db");
    const first = LightStore.open(path);
    const before = peersIn(first);
    const [honest, liar] = before.trusted as [RpcPeer, RpcPeer];
    before.note(liar, "block 5", new CommonwattError("LightWrongParent", { number: 5n }));
    before.note(honest, "block 6", new PeerFailure("no answer"));
    first.close();
    const second = LightStore.open(path);
    const after = peersIn(second);
    expect(after.trusted.map(({ name }) => name)).to.deep.equal(["honest"]);
    expect(after.records.map(({ lies, failures }) => [lies, failures])).to.deep.equal([
      [0, 1],
      [1, 0],
    ]);
    const record = after.records.find(({ name }) => name === "liar");
    if (record !== undefined) second.putPeer({ ...record, isOut: false });
    expect(peersIn(second).trusted).to.have.length(2);
    expect(peersIn(second).records[1]?.lies).to.equal(1);
    second.close();
  });

  it("takes a database of the version before, without what is known of peers", () => {
    const path = join(folder, "old.db");
    LightStore.open(path).close();
    const old = new DatabaseSync(path);
    old.exec("DROP TABLE peers; PRAGMA user_version = 1;");
    old.close();
    const store = LightStore.open(path);
    expect(store.peers).to.deep.equal([]);
    peersIn(store).noteStale(new RpcPeer("liar", () => Promise.resolve(null)), 40n);
    expect(store.peers.map(({ name, stale }) => [name, stale])).to.deep.equal([["liar", 1]]);
    store.close();
  });

  it("shows metrics, and is ill without a proven head", () => {
    const store = LightStore.open(":memory:");
    const peers = peersIn(store);
    peers.note(peers.trusted[1] as RpcPeer, "block 5", new CommonwattError("LightWrongParent", { number: 5n }));
    const measured = { store, peers, vitals: Object.assign(new LightVitals(), { supervised: 7 }), now: () => 5n };
    expect(healthOf(measured)).to.deep.equal({ status: "failing", isProven: false, forks: 0, peers: 1 });
    const text = metricsText(measured);
    expect(text).to.contain('commonwatt_light_peer_lies_total{peer="liar"} 1\n');
    expect(text).to.contain('commonwatt_light_peer_out{peer="honest"} 0\n');
    expect(text).to.contain("commonwatt_light_supervised_total 7\n");
    store.close();
  });

  it("posts alerts to the hook in the file, and only tells of it when that fails", async () => {
    const got: string[] = [];
    const server = createServer((request, response) => {
      request.on("data", (data: Buffer) => got.push(data.toString()));
      request.on("end", () => response.writeHead(got.length > 1 ? 500 : 204).end());
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const file = join(folder, "hook");
    const complaints: string[] = [];
    await writeFile(file, `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret\n`);
    const post = await alertsTo(file, (text) => complaints.push(text));
    await post({ kind: "lie", text: "a lie", peer: "liar" });
    expect(JSON.parse(got[0] ?? "")).to.deep.equal({
      ...{ from: "commonwatt light node", kind: "lie", text: "a lie", peer: "liar" },
    });
    expect(complaints).to.deep.equal([]);
    await post({ kind: "fork", text: "a fork" });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await post({ kind: "end", text: "the end" });
    expect(complaints).to.have.length(2);
    expect(complaints[0]).to.contain("answers 500");
    expect(complaints.join()).not.to.contain("secret");
    await writeFile(file, "secret words");
    const refusal: unknown = await alertsTo(file, () => undefined).catch((error: unknown) => error);
    expect(String(refusal)).to.contain("no URL of an alert hook").and.not.contain("secret");
  });

  it("reads no answer of more parts than an honest one has", () => {
    const { parts } = boundsOf("eth_getBlockByNumber", ["0x1", false]);
    expect(boundedJson(`[${"0,".repeat(10)}0]`, parts)).to.deep.equal(Array(11).fill(0));
    expect(() => boundedJson(`[${"{},".repeat(parts)}{}]`, parts)).to.throw(RangeError, "is the most");
    expect(boundedJson("<html>", parts)).to.equal(undefined);
    expect(boundsOf("eth_getBlockByNumber", ["0x1", true]).parts).to.be.above(parts);
  });

  it("takes the trusting period from the other chain's anchors where the deployment file has them", () => {
    const deployment = deploymentWith([]);
    expect(boundTrustOf(deployment, "transaction")).to.equal(undefined);
    const { genesisHash } = deployment.chains.transaction;
    const bound = CONTRACT_INTERFACES.HeaderAnchors;
    const log = (chainId: number): unknown => {
      const { topics, data } = bound.encodeEventLog("SourceBound", [chainId, toBeHex(1, 20), genesisHash, 400]);
      return { address: deployment.chains.user.contracts.HeaderAnchors.address, topics, data };
    };
    expect(boundTrustOf(deploymentWith([log(9)]), "transaction")).to.equal(400n);
    expect(boundTrustOf(deploymentWith([log(8)]), "transaction")).to.equal(undefined);
    expect(boundTrustOf(deploymentWith([log(9)]), "user")).to.equal(undefined);
  });
});

function deploymentWith(genesisLogs: unknown[]): Deployment {
  const contracts = (names: readonly string[]): object =>
    Object.fromEntries(names.map((name, index) => [name, { address: toBeHex(index + 100, 20), codeHash: ZeroHash }]));
  const shape = { genesisHash: id("genesis"), deploymentBlock: 0 };
  return validateDeployment(
    {
      version: 1,
      network: "a network",
      chains: {
        transaction: { ...shape, chainId: 9, contracts: contracts(TRANSACTION_CONTRACTS) },
        user: { ...shape, chainId: 10, genesisLogs, contracts: contracts(USER_CONTRACTS) },
      },
    },
    "test",
  );
}
