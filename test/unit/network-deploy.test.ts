/** What deploys on a real network: what it makes of a node's answers. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { ZeroAddress, ZeroHash } from "ethers";

import { connectHardhat } from "../../scripts/network/deploy/connect.js";
import { makeRsaKeys } from "../../scripts/network/init/rsa-keys.js";
import type { NetworkFile, NetworkNode } from "../../scripts/network/network-file.js";
import { fakeSite } from "../utils/fake-site.js";
import { servedAsk } from "../utils/light-rpc.js";

const PRIVATE_KEY = `0x${"11".repeat(32)}`;

describe("the connection that a deployment goes by", () => {
  let dir: string;
  let network: NetworkFile;
  let node: NetworkNode;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "network-deploy-"));
    ({ network } = await fakeSite({ dir, memory: dir, nodes: 1 }));
    [node] = network.nodes as [NetworkNode];
    await mkdir(join(dir, "secrets"));
    await writeFile(join(dir, "secrets", "jwt-private.pem"), (await makeRsaKeys()).privateKey);
  });
  after(() => rm(dir, { recursive: true }));

  /** The latest block as a node has it that knows none for its first `absent` answers; and how often it was asked. */
  async function latestAfter(absent: number): Promise<{ block: unknown; asked: number }> {
    let asked = 0;
    const ask = (method: string, params: readonly unknown[]): Promise<unknown> => {
      if (method === "eth_chainId") return Promise.resolve("0x7");
      if (method !== "eth_getBlockByNumber") return Promise.reject(new Error(`no answer to ${method} is here`));
      if (params[0] !== "latest") return Promise.resolve(blockOf(0, network.chains.transaction?.genesisHash ?? ""));
      asked += 1;
      return Promise.resolve(asked <= absent ? null : blockOf(9, `0x${"99".repeat(32)}`));
    };
    return servedAsk(ask, async (url) => {
      const onPort = {
        ...node,
        chains: { transaction: { ...node.chains.transaction, rpcPort: Number(new URL(url).port) } },
      };
      const part = { chain: "transaction", node: onPort as NetworkNode, privateKey: PRIVATE_KEY } as const;
      const connection = await connectHardhat(dir, network, part);
      try {
        const block: unknown = await connection.provider.request({
          method: "eth_getBlockByNumber",
          params: ["latest", false],
        });
        return { block, asked };
      } finally {
        await connection.close();
      }
    });
  }

  it("asks again while the node has no latest block, and not for ever", async () => {
    const there = await latestAfter(2);
    expect(there.block).to.include({ number: "0x9" });
    expect(there.asked).to.equal(3);
    const never = await latestAfter(100);
    expect(never.block).to.equal(null);
    expect(never.asked).to.be.greaterThan(3).and.lessThan(10);
  });
});

function blockOf(number: number, hash: string): object {
  return {
    number: `0x${number.toString(16)}`,
    hash,
    parentHash: ZeroHash,
    timestamp: "0x64",
    nonce: "0x0000000000000000",
    difficulty: "0x1",
    gasLimit: "0x1000000",
    gasUsed: "0x0",
    miner: ZeroAddress,
    extraData: "0x",
    baseFeePerGas: "0x0",
    transactions: [],
  };
}
