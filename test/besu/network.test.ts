/** A network of real Besu nodes through failures: `npm run test:besu`. */
import { createServer } from "node:net";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { openSite } from "../../scripts/network/engine/commands.js";
import { memoryFolder } from "../../scripts/network/engine/memory-folder.js";
import { partsOf } from "../../scripts/network/engine/parts.js";
import { startPart } from "../../scripts/network/engine/starting.js";
import { openNodeKey } from "../../scripts/network/unlock.js";
import { BesuNetwork, nodeIn, skipWithoutBesu } from "../utils/besu-network.js";

const MINUTE = 60_000;

describe("a network of real Besu nodes", function () {
  this.timeout(15 * MINUTE);
  let network: BesuNetwork | undefined;

  before(async function () {
    await skipWithoutBesu(this);
    network = await BesuNetwork.make("--chains", "transaction", "--base-port", "27300", "--slot-seconds", "60");
  });

  after(async () => {
    await network?.close();
  });

  function made(): BesuNetwork {
    if (network === undefined) throw new Error("there is no network");
    return network;
  }

  it("starts nothing with a wrong password, on a taken port, or from another genesis", async () => {
    const wrong = join(made().dir, "..", "wrong");
    await writeFile(wrong, "not the password at all\n");
    const refused = await made().run("up", "--password-file", wrong);
    expect(refused.code).to.equal(2);
    expect(refused.words).to.match(/password/);
    const { p2pPort = 0 } = made().network.nodes[2]?.chains.transaction ?? {};
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(p2pPort, "127.0.0.1", resolve));
    try {
      expect((await made().run("up")).words).to.include(`${p2pPort} of accountant3`);
    } finally {
      server.close();
    }
    await made().whileChanged(
      "transaction/genesis.json",
      (text) => text.replace('"gasLimit": "0x1c9c380"', '"gasLimit": "0x1c9c381"'),
      async () => {
        expect((await made().run("up")).words).to.match(
          /genesis\.json: it was changed since init: its block has the hash/,
        );
      },
    );
    expect((await made().status()).nodes.filter(({ head }) => head !== undefined)).to.deep.equal([]);
  });

  it("comes up whole, each node connected to all others, and accountants take turns", async () => {
    await made().do("up");
    const status = await made().until(
      ({ nodes, recentBlocks }) => recentBlocks >= 12 && nodes.every(({ peers = 0 }) => peers === 4),
    );
    expect(status.setInContract).to.deep.equal(status.setInForce);
    expect(status.setInContract).to.have.lengthOf(4);
    expect(status.forked).to.deep.equal([]);
    for (const { name, role, made: blocks } of status.nodes) {
      expect(blocks > 0, `${name} made ${blocks} blocks`).to.equal(role === "accountant");
    }
  });

  it("leaves no node's key in clear on the disk, nor in memory", async () => {
    const { dir, network: file } = made();
    const password = (await readFile(join(dir, "..", "password"), "utf8")).trim();
    const keys = await Promise.all(file.nodes.map((node) => openNodeKey(dir, node, "transaction", password)));
    const secrets = keys.map((key) => key.slice(2));
    let searched = 0;
    for (const root of [dir, memoryFolder(dir, process.env)]) {
      for (const path of await readdir(root, { recursive: true }).catch(() => [])) {
        if (!(await stat(join(root, path))).isFile()) continue;
        const bytes = await readFile(join(root, path));
        searched++;
        for (const secret of secrets) {
          expect(bytes.includes(secret), `${path} holds a key in hex`).to.equal(false);
          expect(bytes.includes(Buffer.from(secret, "hex")), `${path} holds a key`).to.equal(false);
        }
      }
    }
    expect(searched).to.be.greaterThan(file.nodes.length * 5); // logs, keystores, databases
  });

  it("goes on without one accountant, which comes back and makes blocks", async () => {
    await made().do("kill", "2");
    const before = (await made().status()).head ?? 0;
    const without = await made().until(({ head = 0 }) => head >= before + 8);
    expect(nodeIn(without, "accountant2").problem).to.match(/^nothing listens there/);
    expect(without.roundChanges).to.be.greaterThan(0);
    await made().do("restart", "2");
    const { head: back = 0 } = await made().status();
    await made().until(
      (status) => nodeIn(status, "accountant2").head === status.head && (status.head ?? 0) >= back + 22,
    );
    expect(nodeIn(await made().status(), "accountant2").made).to.be.greaterThan(0);
  });

  it("stands still without two, loses nothing, and is unstuck once a quorum shows one head", async () => {
    await made().do("kill", "3");
    await made().do("kill", "4");
    // what was under way when they were killed is over, and so are rounds 0 to 3: the next one lasts 64 s
    const { head = 0, headHash } = await made().until(({ silence = 0 }) => silence >= 62);
    const early = await made().run("unstick", "--agree", "1");
    expect(early.code).to.equal(2);
    expect(early.words).to.match(/no answer: accountant3, accountant4/);
    await made().do("restart", "3");
    // three of four are a quorum again, whose timers have doubled
    expect((await made().status()).head).to.equal(head);
    await made().do("unstick");
    const status = await made().until(({ head: now = 0 }) => now >= head + 3);
    expect(status.forked).to.deep.equal([]);
    const rpc = made().rpcOf(made().network.nodes[0] ?? raise(), "transaction");
    const block = await rpc.call<{ hash: string }>("eth_getBlockByNumber", `0x${head.toString(16)}`, false);
    expect(block.hash).to.equal(headHash);
    await made().do("restart", "4");
  });

  it("has its agents connect all nodes again that start at once", async () => {
    const { dir, environment, network: file, password } = made();
    for (const { name } of file.nodes) await made().do("kill", name);
    expect((await made().status()).nodes.filter(({ head }) => head !== undefined)).to.deep.equal([]);
    // no command of ours: `up` would connect them itself
    const site = await openSite({ dir }, environment, true);
    await Promise.all(partsOf(file).map((part) => startPart(site, part, password)));
    const { head = 0 } = await made().until(({ nodes }) => nodes.every(({ peers = 0 }) => peers === 4));
    await made().until(({ head: now = 0 }) => now >= head + 3);
  });
});

function raise(): never {
  throw new Error("the network has no node");
}
