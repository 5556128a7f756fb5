/** `network add` and `remove` in the folder: what they write, what they refuse, and what is left when they fail. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { computeAddress } from "ethers";
import { parse } from "yaml";

import { writeNew } from "../../scripts/network/init/files.js";
import { initNetwork } from "../../scripts/network/init/init.js";
import { planNodes } from "../../scripts/network/init/plan.js";
import { addNode, type AddNodeOptions } from "../../scripts/network/members/add-node.js";
import { takeOut } from "../../scripts/network/members/remove-node.js";
import {
  enodeUrl,
  networkPath,
  nodeFolder,
  readNetworkFile,
  type NetworkFile,
} from "../../scripts/network/network-file.js";
import { operatorAddresses, operatorKeystore } from "../../scripts/network/operators.js";
import { openNodeKey } from "../../scripts/network/unlock.js";
import { failureOf, fakeSite } from "../utils/fake-site.js";

const PASSWORD = "correct horse battery";
const CHAIN = "user";

describe("the nodes of a network that come and go", function () {
  this.timeout(120_000);
  let folder: string;
  let dir: string;
  let network: NetworkFile;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-members-"));
    const fixed = { name: "besu", chainId: 7, genesisTime: 1_767_225_600, slotSeconds: 900, seed: 1, tls: true };
    for (const host of ["127.0.0.1", "10.0.0.1"]) {
      const planned = planNodes({ accountants: 4, standby: 0, chains: [CHAIN], basePort: 30_300 });
      const nodes = planned.map((node) => ({ ...node, host }));
      await initNetwork({ ...fixed, nodes, chains: [CHAIN], out: join(folder, host), password: PASSWORD });
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A network whose nodes are all on that host. */
  async function take(host: "127.0.0.1" | "10.0.0.1"): Promise<void> {
    dir = await mkdtemp(join(folder, "taken-"));
    await cp(join(folder, host), dir, { recursive: true });
    network = await readNetworkFile(dir);
  }

  beforeEach(() => take("127.0.0.1"));

  function asked(over: Partial<AddNodeOptions> = {}): AddNodeOptions {
    return { dir, network, name: "standby1", host: "127.0.0.1", storage: "BONSAI", password: PASSWORD, ...over };
  }

  const filesIn = async (): Promise<string[]> => {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  };

  it("get keys of the one password, ports of their own, and all that the others have", async () => {
    const { node } = await addNode(asked());
    const grown = await readNetworkFile(dir);
    expect(grown.nodes.map(({ name }) => name)).to.deep.equal([...network.nodes.map(({ name }) => name), "standby1"]);
    expect(node.chains[CHAIN]?.p2pPort).to.equal(30_343);
    expect(computeAddress(await openNodeKey(dir, node, CHAIN, PASSWORD))).to.equal(node.chains[CHAIN]?.address);
    const own = await readdir(nodeFolder(dir, node, CHAIN));
    expect(own).to.have.members(["node.key.json", "permissions.toml", "jwt-public.pem", "tls.p12"]);
    const text = await readFile(join(nodeFolder(dir, node, CHAIN), "permissions.toml"), "utf8");
    const [, accounts = ""] = /^accounts-allowlist=(.*)$/m.exec(text) ?? [];
    const known = [...(await operatorAddresses(dir, CHAIN)).values()].map((address) => address.toLowerCase());
    expect(JSON.parse(accounts)).to.have.members(known);
    for (const each of grown.nodes) expect(text).to.include(enodeUrl(each, CHAIN));
    const { services } = parse(await readFile(join(dir, "compose.yaml"), "utf8")) as { services: object };
    expect(services).to.have.property("standby1-user");
    expect(await readdir(join(dir, "systemd"))).to.include("commonwatt-besu-standby1-user.service");
  });

  const refused: [string, Partial<AddNodeOptions>, RegExp][] = [
    ["another password", { password: "another password" }, /accountant1\/user\/node\.key\.json: the password is not/],
    ["a port that is taken", { basePort: 30_300 }, /network add: .*is taken by accountant1.*\(--base-port\)/],
    [
      "a host that only it is not reached at",
      { host: "10.0.0.9" },
      /network add: .*reached from its own machine alone/,
    ],
  ];
  for (const [what, over, words] of refused) {
    it(`are not made with ${what}`, async () => {
      const before = await filesIn();
      expect(await failureOf(addNode(asked(over)))).to.match(words);
      expect(await filesIn()).to.deep.equal(before);
    });
  }

  it("are not made on loopback where the others are on other machines", async () => {
    await take("10.0.0.1");
    expect(await failureOf(addNode(asked()))).to.match(/network add: 'nodes\.4\.host': .*Give .*--host/);
  });

  it("leave nothing when they can't be made, and no file of somebody else is lost", async () => {
    const kept = operatorKeystore(dir, CHAIN, "standby1-agent");
    const text = JSON.stringify({ address: "ab".repeat(20) });
    await writeFile(kept, text); // of an earlier node
    const before = await filesIn();
    expect(await failureOf(addNode(asked()))).to.match(/standby1-agent\.key\.json: it is there already.*take another/);
    expect(await filesIn()).to.have.members(before);
    expect(await readFile(kept, "utf8")).to.equal(text);
    await rm(kept);
    // the last step fails
    const compose = await readFile(join(dir, "compose.yaml"), "utf8");
    await rm(networkPath(dir));
    await mkdir(join(networkPath(dir), "in the way"), { recursive: true });
    expect(await failureOf(addNode(asked()))).to.match(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readFile(join(dir, "compose.yaml"), "utf8")).to.equal(compose);
    expect((await filesIn()).filter((file) => file.includes("standby1"))).to.deep.equal([]);
  });

  it("have files that are there whole or not at all, and for whom they should be, whatever the umask", async () => {
    const file = join(dir, "file");
    expect(await failureOf(writeNew(file, { content: 7 as unknown as string, mode: 0o600 }))).to.not.equal("");
    expect(await readdir(dir)).to.not.include("file");
    const umask = process.umask(0o077);
    try {
      await writeNew(file, { content: "all of it", mode: 0o644 });
    } finally {
      process.umask(umask);
    }
    expect((await stat(file)).mode & 0o777).to.equal(0o644);
    expect(await failureOf(writeNew(file, { content: "another", mode: 0o644 }))).to.match(/EEXIST/);
    expect(await readFile(file, "utf8")).to.equal("all of it");
  });

  it("go with their units and their host's scrape configuration; their keys stay, apart", async () => {
    await take("10.0.0.1");
    const added = await addNode(asked({ host: "10.0.0.9" }));
    const scraped = async (): Promise<string[]> => (await readdir(dir)).filter((name) => name.startsWith("prometheus"));
    expect(await scraped()).to.have.members(["prometheus-10.0.0.1.yml", "prometheus-10.0.0.9.yml"]);
    const { agents, engine, rpcOf } = await fakeSite({ dir: folder, memory: folder, nodes: 1 });
    await takeOut({ dir, network: added.network, agents, engine, rpcOf }, "standby1", network, true);
    expect(await readNetworkFile(dir)).to.deep.equal(network);
    expect(await scraped()).to.deep.equal(["prometheus.yml"]);
    expect((await readdir(join(dir, "systemd"))).filter((name) => name.includes("standby1"))).to.deep.equal([]);
    expect(await readdir(join(dir, "nodes"))).to.not.include("standby1");
    const [removed = ""] = await readdir(join(dir, "removed"));
    expect(await readdir(join(dir, "removed", removed, CHAIN))).to.include("node.key.json");
    expect([...(await operatorAddresses(dir, CHAIN)).keys()]).to.include("standby1");
  });
});
