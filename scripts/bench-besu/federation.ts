/** The federation that is measured: four accountants and a standby, deployed, its transaction chain alone running. */
import { join } from "node:path";

import type { JsonRpcProvider } from "ethers";

import { connectTransactionChain, connectUserChain } from "../../sdk/connect.js";
import { readDeployment } from "../../sdk/node/deployments.js";
import { openNetworkEndpoint } from "../networks/folder.js";
import { wallClock } from "../networks/clock.js";
import { transactionDefaults } from "../networks/served.js";
import { nodeFolder, nodeNamed, rpcUrl, type NetworkNode } from "../network/network-file.js";
import { openOperators } from "../network/open-operators.js";
import { BesuNetwork } from "./besu-network.js";
import type { MarketNetwork } from "./market.js";

export const CHAIN = "transaction";
/** The shortest that the contracts take: a day's worth of slots passes in minutes. */
const SLOT_SECONDS = "30";
const PROCESSES = ["--engine", "processes"] as const;

export interface FederationOptions {
  readonly basePort: number;
  readonly blockGasLimit: number;
  readonly print: (text: string) => void;
}

export class MeasuredFederation {
  private constructor(
    readonly besu: BesuNetwork,
    readonly network: MarketNetwork,
    /** Of the accountants, the first of which keeps all history. */
    readonly nodes: readonly JsonRpcProvider[],
    private readonly closeAll: () => Promise<void>,
  ) {}

  /** Makes, starts and deploys it. What fails leaves nothing running. */
  static async open({ basePort, blockGasLimit, print }: FederationOptions): Promise<MeasuredFederation> {
    const besu = await BesuNetwork.makeWith(
      {},
      ...["--base-port", String(basePort), "--slot-seconds", SLOT_SECONDS],
      ...["--block-gas-limit", String(blockGasLimit)],
    );
    const providers: JsonRpcProvider[] = [];
    besu.useForCommands();
    const close = async (): Promise<void> => {
      await besu.close(); // first: what still waits for an answer must not keep nodes running
      for (const provider of providers) provider.destroy();
    };
    try {
      print("Starting both chains' nodes...");
      await besu.do("up", ...PROCESSES, "--deployment", besu.deployment);
      print("Deploying...");
      await besu.do("deploy", "--council", "--deployment", besu.deployment);
      await besu.do("announce", "--chain", CHAIN, "--deployment", besu.deployment);
      const network = await connected(besu, providers);
      // it was needed to deploy; from here on it would only take the machine's time
      await besu.do("down", ...PROCESSES, "--chain", "user");
      return new MeasuredFederation(besu, network, providers.slice(0, -1), close);
    } catch (error) {
      await close();
      throw error;
    }
  }

  get reader(): JsonRpcProvider {
    const [first] = this.nodes;
    if (first === undefined) throw new Error("there is no node");
    return first;
  }

  async kill(name: string): Promise<void> {
    await this.besu.do("kill", name, ...PROCESSES, "--chain", CHAIN);
  }

  node(name: string): NetworkNode {
    return nodeNamed(this.besu.network, name);
  }

  /** Where a node stores its chain. */
  dataFolder(name: string): string {
    return join(nodeFolder(this.besu.dir, this.node(name), CHAIN), "data");
  }

  close(): Promise<void> {
    return this.closeAll();
  }
}

/** Connects to each accountant's node; the last of `providers` is of the user chain. */
async function connected(besu: BesuNetwork, providers: JsonRpcProvider[]): Promise<MarketNetwork> {
  const deployment = await readDeployment(besu.deployment);
  const open = async (node: NetworkNode, chain: "transaction" | "user"): Promise<JsonRpcProvider> => {
    const url = rpcUrl(besu.network, node, chain);
    const provider = await openNetworkEndpoint(url, deployment, chain, { pollingMilliseconds: 200 });
    providers.push(provider);
    return provider;
  };
  const accountants = besu.network.nodes.filter(({ role }) => role === "accountant");
  const [first] = accountants;
  if (first === undefined) throw new Error("there is no accountant");
  const [provider] = await Promise.all(accountants.map((node) => open(node, CHAIN)));
  if (provider === undefined) throw new Error("there is no node");
  const user = await open(first, "user");
  const defaults = await transactionDefaults(provider);
  return {
    transaction: await connectTransactionChain(deployment, provider, defaults),
    user: await connectUserChain(deployment, user, defaults),
    operators: await openOperators(besu.dir, besu.password),
    clock: wallClock([provider]),
    transactionSeconds: besu.network.blockSeconds,
    fund: () => Promise.resolve(), // gas is free
  };
}
