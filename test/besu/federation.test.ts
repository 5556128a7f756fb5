/** A whole federation on real Besu: its contracts deployed, its agents at work, its elections in force. `npm run test:besu`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { parseEther, Wallet } from "ethers";

import { CertificateStore } from "../../scripts/accountants/certificates.js";
import { NODE_KEY_VARIABLE } from "../../scripts/accountants/command.js";
import { Watcher, type WatcherEvent } from "../../scripts/accountants/watcher.js";
import { readDrift } from "../../scripts/network/engine/list-drift.js";
import { nodeRpcs } from "../../scripts/network/engine/node-rpc.js";
import { findBesu } from "../../scripts/network/engine/process-engine.js";
import { readNetworkFile } from "../../scripts/network/network-file.js";
import { operatorKeystore } from "../../scripts/network/operators.js";
import { PASSWORD_FILE_VARIABLE } from "../../scripts/network/password.js";
import { openNodeKey } from "../../scripts/network/unlock.js";
import { openSigningSession, type SigningSession } from "../../scripts/networks/session.js";
import { setSeats } from "../../sdk/actions/election.js";
import { BesuNetwork, nodeIn, ownNode, skipWithoutBesu } from "../utils/besu-network.js";

const MINUTE = 60_000;
const seconds = (count: number): Promise<void> => new Promise((go) => setTimeout(go, count * 1_000));
/** The user chain elects by members' votes alone, without deposits. */
const CHAIN = "user";

describe("a federation on real Besu", function () {
  this.timeout(40 * MINUTE);
  let network: BesuNetwork;
  let scratch: string;
  let session: SigningSession | undefined;
  const stop = new AbortController();
  const events: WatcherEvent[] = [];
  let watching: Promise<void> = Promise.resolve();

  before(async function () {
    await skipWithoutBesu(this);
    scratch = await mkdtemp(join(tmpdir(), "besu-federation-"));
    network = await BesuNetwork.make("--base-port", "27500", "--slot-seconds", "60");
    network.useForCommands();
    await network.do("up", "--deployment", network.deployment);
    await network.do("deploy", "--council", "--deployment", network.deployment);
    await network.do("announce", "--deployment", network.deployment);
  });

  after(async () => {
    stop.abort();
    await watching;
    session?.close();
    if (network !== undefined) await network.close();
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  });

  const sessionOf = (name: string): Promise<SigningSession> => {
    const passwordFile = network.environment[PASSWORD_FILE_VARIABLE] ?? "";
    const keystore = operatorKeystore(network.dir, CHAIN, name);
    return openSigningSession({ network: network.deployment, chain: CHAIN, keystore, passwordFile }, {});
  };

  /** From the next election on. */
  const seats = async (count: bigint): Promise<void> => {
    const council = await sessionOf("council");
    try {
      await setSeats(council.chain, { seats: count });
    } finally {
      council.close();
    }
  };

  const number = async (name: string): Promise<string> => {
    const text = await network.accountants(CHAIN, "candidates", "--json");
    const candidates = JSON.parse(text) as { candidate: string; node: string }[];
    const { address } =
      (await readNetworkFile(network.dir)).nodes.find((node) => node.name === name)?.chains[CHAIN] ?? {};
    const found = candidates.find(({ node }) => node === address);
    if (found === undefined) throw new Error(`${name} is no candidate: ${text}`);
    return found.candidate;
  };

  it("has agents that attest what the contracts say, of every node", async () => {
    const source = { dir: network.dir, network: network.network, deployment: network.deployment };
    for (;;) {
      const lists = await readDrift(source, await network.status(CHAIN));
      if (lists.nodes.length === 5 && lists.nodes.every(({ verdict }) => verdict === "equal")) break;
      await seconds(2);
    }
    const { nodes, unannounced } = await readDrift(source, await network.status(CHAIN));
    expect(nodes.map(({ name }) => name)).to.have.members(network.network.nodes.map(({ name }) => name));
    expect(unannounced).to.deep.equal([]);
    expect(await network.do("status", "--deployment", network.deployment)).to.include("5 nodes attest the contracts'");
  });

  it("refuses on the wire an account that nobody admitted", async () => {
    const [first] = network.network.nodes;
    if (first === undefined) throw new Error("no node");
    const stranger = Wallet.createRandom();
    const { chainId = 0 } = network.network.chains[CHAIN] ?? {};
    const transaction = {
      to: stranger.address,
      value: parseEther("0"),
      gasLimit: 21_000,
      gasPrice: 0,
      nonce: 0,
      chainId,
    };
    const raw = await stranger.signTransaction({ ...transaction, type: 0 });
    const refused = await network
      .rpcOf(first, CHAIN)
      .call("eth_sendRawTransaction", raw)
      .then(
        () => "taken",
        (error: unknown) => (error as Error).message,
      );
    expect(refused).to.match(/Sender account not authorized/);
  });

  it("refuses on the wire a node that nobody announced", async function () {
    if ((await findBesu(process.env)) === undefined) return this.skip(); // containers alone: nothing to start it with
    const [first] = network.network.nodes;
    if (first === undefined) throw new Error("no node");
    const listed = network.rpcOf(first, CHAIN);
    const { enode } = await listed.call<{ enode: string }>("admin_nodeInfo");
    const before = await listed.call<string>("net_peerCount");
    const genesis = join(network.dir, CHAIN, "genesis.json");
    const stranger = await ownNode({ folder: scratch, genesis });
    try {
      await stranger.rpc.call("admin_addPeer", enode);
      const patience = 30; // a node that is listed has connected within two
      for (let second = 0; second < patience; second++) {
        expect(await stranger.rpc.call("net_peerCount")).to.equal("0x0");
        await seconds(1);
      }
      expect(await stranger.rpc.call("eth_blockNumber")).to.equal("0x0");
      expect(await listed.call<string>("net_peerCount")).to.equal(before);
    } finally {
      stranger.child.kill("SIGKILL");
    }
  });

  it("has a candidate stand by that the members elected to no seat", async () => {
    const standby = network.network.nodes.find(({ name }) => name === "standby1");
    if (standby === undefined) throw new Error("no standby");
    network.environment[NODE_KEY_VARIABLE] = await openNodeKey(network.dir, standby, CHAIN, network.password);
    await network.accountants(CHAIN, "--as", "standby1", "register");
    const { code, words } = await network.run("remove", "standby1", "--deployment", network.deployment);
    expect(code).to.equal(2);
    expect(words).to.match(/an election of the user chain may seat it/);
    await seats(4n);
    const candidates = await Promise.all(network.network.nodes.map(({ name }) => number(name)));
    for (const voter of ["accountant1", "accountant2", "accountant3", "accountant4"]) {
      await network.accountants(CHAIN, "--as", voter, "vote", ...candidates);
    }
    const { chain } = (session = await sessionOf("accountant1"));
    const store = new CertificateStore(join(scratch, "certificates"), chain.deployment.chainId);
    watching = new Watcher({ chain, store, onEvent: (event) => events.push(event) }).run(stop.signal);
    const own = BigInt(candidates.at(-1) ?? 0);
    while (!(await chain.contracts.accountantElection.standby()).includes(own)) await seconds(2);
    expect(nodeIn(await network.status(CHAIN), "standby1")).to.include({ isInForce: false, made: 0 });
  });

  it("jails an accountant that was killed, seats the standby for it, and keeps its cadence", async () => {
    const victim = nodeIn(await network.status(CHAIN), "accountant4").address;
    await network.do("kill", "4", "--chain", CHAIN);
    await network.until((now) => nodeIn(now, "accountant4").isJailed === true, CHAIN);
    expect(events.filter(({ kind }) => kind === "missed")).to.not.deep.equal([]);
    const after = await network.until(({ recentBlocks, roundChanges, setInForce }) => {
      return recentBlocks === 20 && roundChanges === 0 && setInForce.length === 4;
    }, CHAIN);
    expect(after.setInForce).to.include(nodeIn(after, "standby1").address).and.not.include(victim);
    expect(after.setInContract).to.have.members(after.setInForce);
    expect(nodeIn(after, "standby1").made).to.be.greaterThan(0);
    expect(after.blockSeconds).to.be.lessThan(3);
  });

  it("lets the accountant come back, and an election decide who makes blocks", async () => {
    await network.do("restart", "4", "--chain", CHAIN, "--deployment", network.deployment);
    for (;;) {
      // the court says when: before its time is over it refuses
      const done = await network.accountants(CHAIN, "--as", "accountant4", "unjail").then(
        () => true,
        () => false,
      );
      if (done) break;
      await seconds(5);
    }
    await seats(5n);
    const back = await network.until(({ nodes }) => nodes.every(({ made }) => made > 0), CHAIN);
    expect(back.setInForce).to.have.lengthOf(5);
    while (!events.some(({ kind }) => kind === "certified")) await seconds(1);
    const failed = events.filter((event) => event.kind === "failed" && event.task.startsWith("the certificate"));
    expect(failed).to.deep.equal([]);
  });

  it("takes a further node in, lets it follow, and lets it go", async () => {
    const words = await network.do("add", "standby2", "--council", "--deployment", network.deployment);
    expect(words).to.match(/standby2 \(transaction chain\) and standby2 \(user chain\): running/);
    const grown = await readNetworkFile(network.dir);
    const rpcOf = await nodeRpcs(network.dir, grown);
    const node = grown.nodes.find(({ name }) => name === "standby2");
    if (node === undefined) throw new Error("no node was added");
    for (;;) {
      const head = Number(
        await rpcOf(node, CHAIN)
          .call<string>("eth_blockNumber")
          .catch(() => "0x0"),
      );
      if (head > 0 && head + 2 >= ((await network.status(CHAIN)).head ?? 0)) break;
      await seconds(2);
    }
    await network.do("remove", "standby2", "--deployment", network.deployment);
    expect((await readNetworkFile(network.dir)).nodes.map(({ name }) => name)).to.not.include("standby2");
    expect(
      await rpcOf(node, CHAIN)
        .call("eth_blockNumber")
        .catch(() => "ended"),
    ).to.equal("ended");
    expect((await network.run("remove", "accountant1", "--deployment", network.deployment)).code).to.equal(2);
  });
});
