import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  formatDeployment,
  parseDeployment,
  TRANSACTION_CONTRACTS,
  USER_CONTRACTS,
  type Deployment,
} from "../../sdk/deployments/index.js";
import { CommonwattError } from "../../sdk/errors.js";
import {
  deploymentPath,
  readDeployment,
  removeDeployment,
  writeDeployment,
  writeFileAtOnce,
} from "../../sdk/node/deployments.js";

const HASH = `0x${"ab".repeat(32)}`;
const ADDRESS = `0x${"12".repeat(20)}`;

function contracts<Name extends string>(names: readonly Name[]): Record<Name, { address: string; codeHash: string }> {
  return Object.fromEntries(names.map((name) => [name, { address: ADDRESS, codeHash: HASH }])) as Record<
    Name,
    { address: string; codeHash: string }
  >;
}

function example(): Deployment {
  const chain = { chainId: 410_001, genesisHash: HASH, deploymentBlock: 7, rpcUrl: "http://127.0.0.1:8545" };
  return {
    version: 1,
    network: "local",
    chains: {
      transaction: { ...chain, contracts: contracts(TRANSACTION_CONTRACTS) },
      user: { ...chain, chainId: 410_002, contracts: contracts(USER_CONTRACTS) },
    },
  };
}

async function errorOf(run: () => unknown): Promise<CommonwattError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CommonwattError) return error;
    throw error;
  }
  throw new Error("nothing thrown");
}

describe("deployment file", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "commonwatt-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("reads back what it wrote", async () => {
    const path = join(folder, "deep", "local.json");
    await writeDeployment(path, example());
    expect(await readDeployment(path)).to.deep.equal(example());
    expect(await readdir(join(folder, "deep"))).to.deep.equal(["local.json"]);
  });

  it("can go without an endpoint, as an embedded network does", () => {
    const deployment = example();
    delete deployment.chains.user.rpcUrl;
    expect(parseDeployment(formatDeployment(deployment), "x.json")).to.deep.equal(deployment);
  });

  it("may name contracts of a newer version", () => {
    const deployment = JSON.parse(formatDeployment(example())) as Record<string, never>;
    const newer = structuredClone(deployment) as unknown as Deployment;
    Object.assign(newer.chains.user.contracts, { KeyDirectory: { address: ADDRESS, codeHash: HASH } });
    expect(parseDeployment(JSON.stringify(newer), "x.json")).to.deep.equal(example());
  });

  it("refuses half a file, naming it", async () => {
    const path = join(folder, "half.json");
    await writeFile(path, formatDeployment(example()).slice(0, 300));
    const error = await errorOf(() => readDeployment(path));
    expect(error.code).to.equal("DeploymentNotJson");
    expect(error.message).to.contain(path);
  });

  it("refuses a file that isn't there, saying how to make one", async () => {
    const error = await errorOf(() => readDeployment(join(folder, "none.json")));
    expect(error.code).to.equal("DeploymentUnreadable");
    expect(error.message).to.contain("npm run chains");
  });

  const faults: Record<string, (file: Deployment) => void> = {
    "chains.transaction.chainId": (file) => (file.chains.transaction.chainId = -1),
    "chains.user.genesisHash": (file) => (file.chains.user.genesisHash = "0x12"),
    "chains.transaction.contracts.Settlement": (file) =>
      delete (file.chains.transaction.contracts as Partial<typeof file.chains.transaction.contracts>).Settlement,
    "chains.user.contracts.Federation.address": (file) => (file.chains.user.contracts.Federation.address = "0xzz"),
    "chains.transaction.rpcUrl": (file) => (file.chains.transaction.rpcUrl = "not a url"),
    version: (file) => ((file as { version: number }).version = 2),
    network: (file) => (file.network = ""),
  };
  for (const [path, spoil] of Object.entries(faults)) {
    it(`refuses a bad ${path}, naming file and field`, async () => {
      const file = example();
      spoil(file);
      const error = await errorOf(() => parseDeployment(formatDeployment(file), "some.json"));
      expect(error.code).to.equal("DeploymentInvalid");
      expect(error.args).to.include({ source: "some.json", path });
      expect(error.message).to.contain("some.json").and.contain(path);
    });
  }

  it("is removed without complaint when it is gone already", async () => {
    const path = join(folder, "local.json");
    await writeDeployment(path, example());
    await removeDeployment(path);
    await removeDeployment(path);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("stands under deployments/ by the network's name", () => {
    expect(deploymentPath("local")).to.equal(join(process.cwd(), "deployments", "local.json"));
  });

  it("keeps the mode that was asked for, also over an older file", async () => {
    const path = join(folder, "local.keys.json");
    await writeFile(path, "old", { mode: 0o644 });
    await writeFileAtOnce(path, "new", 0o600);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(path, "utf8")).to.equal("new");
  });
});
