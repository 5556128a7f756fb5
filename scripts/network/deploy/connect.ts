/** Hardhat's connections to a real network, for Ignition: the deployer's key signs here, a token opens the RPC. */
import hre from "hardhat";

import "@nomicfoundation/hardhat-ethers";
import "@nomicfoundation/hardhat-ignition-ethers";

import { untilThere } from "../../../sdk/latest-head.js";
import { InputError } from "../../inputs/error.js";
import type { HardhatConnection } from "../../networks/simulated.js";
import { rpcToken, rpcUrl, type ChainName, type NetworkFile, type NetworkNode } from "../network-file.js";
import { trustNetwork } from "../trust.js";

/** A deployment takes minutes, and Hardhat takes its headers once. */
const TOKEN_SECONDS = 3_600;

// Ignition takes it for a broken node where Besu has no latest block for the moment of an import
hre.hooks.registerHandlers("network", {
  onRequest: async (context, connection, request, next) => {
    const question = (): ReturnType<typeof next> => next(context, connection, request);
    const isLatest = request.method === "eth_getBlockByNumber" && [request.params].flat()[0] === "latest";
    if (!isLatest || connection.networkConfig.type !== "http") return question();
    const there = await untilThere(async () => {
      const response = await question();
      return "result" in response && response.result === null ? null : response;
    });
    return there ?? question();
  },
});

/** Connects to a node of the chain, which must be the chain that was made. */
export async function connectHardhat(
  dir: string,
  network: NetworkFile,
  { chain, node, privateKey }: { readonly chain: ChainName; readonly node: NetworkNode; readonly privateKey: string },
): Promise<HardhatConnection> {
  await trustNetwork(dir, network);
  const url = rpcUrl(network, node, chain);
  const made = network.chains[chain];
  if (made === undefined) throw new Error(`the network has no ${chain} chain`);
  const connection = await hre.network.create({
    network: chain === "transaction" ? "besuTransaction" : "besuUser",
    chainType: "l1",
    override: {
      url,
      chainId: made.chainId,
      accounts: [privateKey],
      httpHeaders: { authorization: `Bearer ${await rpcToken(dir, TOKEN_SECONDS)}` },
    },
  });
  try {
    await requireChain(connection, url, { chain, expected: made.genesisHash });
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function requireChain(
  { ethers }: HardhatConnection,
  url: string,
  { chain, expected }: { readonly chain: ChainName; readonly expected: string },
): Promise<void> {
  const genesis = await ethers.provider.getBlock(0).catch((cause: unknown) => {
    const problem = `the ${chain} chain does not answer (${(cause as Error).message})`;
    throw new InputError({ file: url }, problem, "Start the network first: npm run network -- up", { cause });
  });
  if (genesis?.hash === expected) return;
  const problem = `another ${chain} chain answers: its genesis block is ${genesis?.hash ?? "not there"}, not ${expected}`;
  throw new InputError({ file: url }, problem, "Name the folder of the network that runs there with --dir");
}
