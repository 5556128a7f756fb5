/** `network init`: the folder that it makes, what stands in it, and what it refuses. */
import { createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { expect } from "chai";
import { computeAddress, Wallet } from "ethers";

import { predeployedAddress } from "../../deploy/predeployed.js";
import { InputError } from "../../scripts/inputs/error.js";
import { genesisHash } from "../../scripts/network/genesis/genesis-file.js";
import { checkGenesis } from "../../scripts/network/genesis/check.js";
import { genesisPath, predeployedPath, readPredeployed } from "../../scripts/network/genesis/predeployed-file.js";
import { requireGenesis } from "../../scripts/network/genesis/unchanged.js";
import { initNetwork, type InitOptions } from "../../scripts/network/init/init.js";
import { planNodes } from "../../scripts/network/init/plan.js";
import {
  CHAIN_NAMES,
  enodeUrl,
  nodeFolder,
  nodeOnChain,
  readNetworkFile,
  rpcToken,
  type NetworkFile,
} from "../../scripts/network/network-file.js";
import { openOperator, operatorAddresses } from "../../scripts/network/operators.js";
import { openNodeKey, tlsPassword } from "../../scripts/network/unlock.js";

const PASSWORD = "correct horse battery";

function optionsFor(out: string, changes: Partial<InitOptions> = {}): InitOptions {
  const chains = CHAIN_NAMES;
  const nodes = planNodes({ accountants: 4, standby: 1, chains, basePort: 30_300 });
  const fixed = { chainId: 410_101, genesisTime: 1_767_225_600, slotSeconds: 900, tls: false };
  return { out, name: "besu", chains, nodes, ...fixed, seed: 7, password: PASSWORD, ...changes };
}

/** All files of a folder, by their paths in it. */
function filesIn(dir: string): Map<string, Buffer> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [relative(dir, path), readFileSync(path)] as const),
  );
}

async function failureOf(attempt: Promise<unknown>): Promise<InputError> {
  const failure: unknown = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof InputError) return failure;
  throw new Error("it did not fail as it should", { cause: failure });
}

describe("network init", function () {
  this.timeout(120_000);
  let folder: string;
  let dir: string;
  let network: NetworkFile;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-network-"));
    dir = join(folder, "made");
    network = await initNetwork(optionsFor(dir, { tls: true }));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("writes a network.json that others read, without a secret", async () => {
    expect(await readNetworkFile(dir)).to.deep.equal(network);
    expect(network.nodes.map(({ name, role, storage }) => [name, role, storage])).to.deep.equal([
      ["accountant1", "accountant", "FOREST"],
      ["accountant2", "accountant", "FOREST"],
      ["accountant3", "accountant", "BONSAI"],
      ["accountant4", "accountant", "BONSAI"],
      ["standby1", "standby", "BONSAI"],
    ]);
  });

  it("makes the same bytes for a seed, but for RSA keys and what they sign", async () => {
    const again = join(folder, "again");
    await initNetwork(optionsFor(again, { tls: true }));
    const [first, second] = [filesIn(dir), filesIn(again)];
    expect([...second.keys()].sort()).to.deep.equal([...first.keys()].sort());
    const differ = [...first].filter(([path, bytes]) => !bytes.equals(second.get(path) ?? Buffer.of()));
    const kinds = new Set(differ.map(([path]) => path.split("/").at(-1)));
    expect(kinds).to.deep.equal(new Set(["jwt-private.pem", "jwt-public.pem", "ca-private.pem", "ca.pem", "tls.p12"]));
  });

  it("draws other keys without a seed", async () => {
    const drawn = join(folder, "drawn");
    const { seed: _, ...options } = optionsFor(drawn);
    const nodes = planNodes({ accountants: 4, standby: 0, chains: ["user"], basePort: 30_300 });
    const made = await initNetwork({ ...options, nodes, chains: ["user"] });
    expect(Object.keys(made.chains)).to.deep.equal(["user"]);
    const addresses = [...made.nodes, ...network.nodes].map(({ chains }) => chains.user?.address);
    expect(new Set(addresses).size).to.equal(9);
    // as strong as ethers makes them
    const keystore = JSON.parse(readFileSync(join(drawn, "operators", "user-council.key.json"), "utf8")) as {
      Crypto: { kdfparams: { n: number } };
    };
    expect(keystore.Crypto.kdfparams.n).to.equal(131_072);
  });

  it("keeps every key encrypted, for its owner alone, under the one password", async () => {
    for (const chain of CHAIN_NAMES) {
      for (const node of network.nodes) {
        const key = await openNodeKey(dir, node, chain, PASSWORD);
        const { address, agentAccount } = nodeOnChain(node, chain);
        expect(computeAddress(key)).to.equal(address);
        expect((await openOperator(dir, chain, `${node.name}-agent`, PASSWORD)).address).to.equal(agentAccount);
      }
    }
    const keys = new Set<string>();
    for (const [path, bytes] of filesIn(dir)) {
      const isSecret = path.endsWith(".key.json") || path.startsWith("secrets/") || path.endsWith(".p12");
      expect(statSync(join(dir, path)).mode & 0o077, path).to.equal(isSecret ? 0 : 0o044);
      if (path.endsWith(".key.json")) keys.add((await Wallet.fromEncryptedJson(bytes.toString(), PASSWORD)).privateKey);
    }
    // five nodes, their organisations and agents on two chains; five operators on one, two on the other
    expect(keys.size).to.equal(37);
    for (const [path, bytes] of filesIn(dir)) {
      for (const key of keys) expect(bytes.toString("latin1").includes(key.slice(2)), path).to.equal(false);
    }
  });

  it("runs the image that was named, by its digest, and gives blocks the gas that was asked for", async () => {
    const image = `hyperledger/besu@sha256:${"0123456789abcdef".repeat(4)}`;
    const named = join(folder, "named");
    const nodes = planNodes({ accountants: 4, standby: 0, chains: ["user"], basePort: 30_300 });
    const own = { nodes, chains: ["user"] as const, image, blockGasLimit: 30_000_000 };
    const made = await initNetwork(optionsFor(named, own));
    expect(made.besu.image).to.equal(image);
    expect(readFileSync(join(named, "compose.yaml"), "utf8")).to.include(`image: ${image}\n`);
    const { gasLimit } = JSON.parse(readFileSync(genesisPath(named, "user"), "utf8")) as { gasLimit: string };
    expect(Number(gasLimit)).to.equal(30_000_000);
    // anyone can make it again, the gas limit with it
    expect(await checkGenesis(named, await readNetworkFile(named))).to.have.lengthOf(1);
    expect(network.besu.image).to.equal("hyperledger/besu:26.8.0");
  });

  it("gives each founding accountant a seat, also more than elections fill otherwise", async () => {
    const many = join(folder, "many");
    const nodes = planNodes({ accountants: 9, standby: 0, chains: ["user"], basePort: 30_300 });
    await initNetwork(optionsFor(many, { nodes, chains: ["user"] }));
    const { source } = await readPredeployed(many, "user");
    expect([source.election.seats, source.founders.length]).to.deep.equal([9, 9]);
  });

  it("says by name that the password is wrong, and which account there is not", async () => {
    const wrong = await failureOf(openOperator(dir, "user", "council", "another password"));
    expect(wrong.message).to.match(/user-council\.key\.json: the password is not this keystore's/);
    const unknown = await failureOf(openOperator(dir, "user", "issuer", PASSWORD));
    expect(unknown.message).to.match(/no account issuer of the user chain.*Known: accountant1/);
  });

  it("lists all nodes, and all accounts of the folder", async () => {
    for (const chain of CHAIN_NAMES) {
      const accounts = [...(await operatorAddresses(dir, chain)).values()].map((address) => address.toLowerCase());
      for (const node of network.nodes) {
        const text = readFileSync(join(nodeFolder(dir, node, chain), "permissions.toml"), "utf8");
        const [, listed = ""] = /^accounts-allowlist=(.*)$/m.exec(text) ?? [];
        const [, nodes = ""] = /^nodes-allowlist=(.*)$/m.exec(text) ?? [];
        expect(JSON.parse(listed)).to.have.members(accounts);
        expect(JSON.parse(nodes)).to.deep.equal(network.nodes.map((each) => enodeUrl(each, chain)));
      }
    }
  });

  it("gives tokens that the nodes' public key knows, for a short time", async () => {
    const [node] = network.nodes;
    if (node === undefined) throw new Error("no node");
    const file = join(nodeFolder(dir, node, "user"), "jwt-public.pem");
    const [head = "", body = "", signature = ""] = (await rpcToken(dir)).split(".");
    const key = createPublicKey(readFileSync(file));
    const isSigned = verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"));
    expect(isSigned).to.equal(true);
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as { exp: number; iat: number };
    expect(claims.exp - claims.iat).to.equal(600);
    expect(claims).to.have.deep.property("permissions", ["*:*"]);
  });

  it("makes certificates that its authority vouches for, for the node's host alone", async () => {
    const [node] = network.nodes;
    if (node === undefined) throw new Error("no node");
    const passphrase = tlsPassword(await openNodeKey(dir, node, "user", PASSWORD));
    const pfx = readFileSync(join(nodeFolder(dir, node, "user"), "tls.p12"));
    const ca = readFileSync(join(dir, "tls", "ca.pem"));
    const server = createServer({ pfx, passphrase }, (_, response) => response.end("hello"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const get = (options: object): Promise<string> =>
      new Promise((answered, failed) => {
        const asked = request({ host: "127.0.0.1", port, agent: false, ...options }, (response) => {
          response.setEncoding("utf8").on("data", answered);
        });
        asked.on("error", failed).end();
      });
    try {
      expect(await get({ ca })).to.equal("hello");
      expect(await get({}).catch(String)).to.match(/certificate/);
      expect(await get({ ca, servername: "elsewhere.example" }).catch(String)).to.match(/altnames/i);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("refuses a folder that is there, and leaves nothing half-made", async () => {
    const before = filesIn(dir);
    expect((await failureOf(initNetwork(optionsFor(dir)))).message).to.match(/made: it is there already/);
    expect(filesIn(dir)).to.deep.equal(before);
    const nodes = planNodes({ accountants: 4, standby: 0, chains: CHAIN_NAMES, basePort: 30_300 });
    const twice = nodes.map((node) => ({ ...node, name: "accountant1" }));
    const failed = await initNetwork(optionsFor(join(folder, "failed"), { nodes: twice })).then(
      () => "made",
      () => "failed",
    );
    expect(failed).to.equal("failed");
    expect(readdirSync(folder).filter((name) => name.includes("failed"))).to.deep.equal([]);
    await writeFile(join(folder, "file"), "");
    expect((await failureOf(initNetwork(optionsFor(join(folder, "file", "below"))))).message).to.match(/can't be made/);
  });

  describe("the genesis files", () => {
    it("are the network's, and name the election as who says who seals", async () => {
      await requireGenesis(dir, network);
      for (const chain of CHAIN_NAMES) {
        const text = await readFile(genesisPath(dir, chain), "utf8");
        expect(genesisHash(text)).to.equal(network.chains[chain]?.genesisHash);
        const { config } = JSON.parse(text) as { config: Record<string, unknown> & { qbft: Record<string, unknown> } };
        expect(config["chainId"]).to.equal(network.chains[chain]?.chainId);
        expect(config.qbft).to.deep.equal({
          blockperiodseconds: network.blockSeconds,
          epochlength: 30_000,
          requesttimeoutseconds: network.requestTimeoutSeconds,
          validatorcontractaddress: predeployedAddress("AccountantElection"),
        });
        expect(config).not.to.have.property("transitions");
      }
    });

    it("hold when they are made again, and not when anything in them was changed", async () => {
      expect(await checkGenesis(dir, network)).to.have.lengthOf(2);
      const copy = join(folder, "copy");
      for (const [path, bytes] of filesIn(dir)) {
        await mkdir(join(copy, path, ".."), { recursive: true });
        await writeFile(join(copy, path), bytes);
      }
      const changes: [string, (text: string) => string, RegExp][] = [
        [
          genesisPath(copy, "user"),
          (text) => text.replace(/("0x[0-9a-f]{64}": ")0x/, "$10x1"),
          /user\/genesis\.json:\d+/,
        ],
        [predeployedPath(copy, "transaction"), (text) => text.replace('"data": "0x', '"data": "0x00'), /predeployed/],
        [
          predeployedPath(copy, "transaction"),
          (text) => text.replace(/"deployer": "0x[0-9a-fA-F]{40}"/, `"deployer": "0x${"77".repeat(20)}"`),
          /transaction\/genesis\.json:\d+: it is not what the constructors leave/,
        ],
      ];
      for (const [file, change, message] of changes) {
        const text = await readFile(file, "utf8");
        expect(change(text)).not.to.equal(text);
        await writeFile(file, change(text));
        expect((await failureOf(checkGenesis(copy, network))).message).to.match(message);
        await writeFile(file, text);
      }
      const genesis = genesisPath(copy, "user");
      await writeFile(genesis, (await readFile(genesis, "utf8")).replace('"0x1c9c380"', '"0x1c9c381"'));
      const changed = await failureOf(requireGenesis(copy, network));
      expect(changed.message).to.match(/user\/genesis\.json: it was changed since init/);
      await writeFile(genesis, "{}");
      expect((await failureOf(requireGenesis(copy, network))).message).to.match(/no genesis file/);
    });
  });
});
