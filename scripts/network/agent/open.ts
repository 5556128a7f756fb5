/** What an agent needs of a network's folder: its node, its chain, its keys. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import type { JsonRpcProvider } from "ethers";
import type { Logger } from "pino";

import {
  connectTransactionChain,
  connectUserChain,
  openEndpoint,
  type AnyChain,
  type Runner,
} from "../../../sdk/connect.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { readDeployment } from "../../../sdk/node/deployments.js";
import type { Deployment } from "../../../sdk/deployments/index.js";
import { NodeRpc } from "../engine/node-rpc.js";
import { enodeUrl, rpcToken, rpcUrl, type ChainName, type NetworkFile, type NetworkNode } from "../network-file.js";
import { trustNetwork } from "../trust.js";
import { BesuNode } from "./besu-node.js";
import { patienceAfter } from "./loop.js";
import { PeerKeeper } from "./peers.js";

/** Besu rewrites its file at each change, which takes its time on a slow disk. */
const TIMEOUT_MILLISECONDS = 15_000;
/** So often the deployment file is looked for before there is one. */
const DEPLOYED_EVERY_MILLISECONDS = 5_000;

/** Who was admitted a moment ago is on the nodes' lists some blocks later. */
const ADMITTANCE_MILLISECONDS = 60_000;

/** A node's part in one chain of the network in a folder. */
export interface FolderPart {
  readonly dir: string;
  readonly network: NetworkFile;
  readonly node: NetworkNode;
  readonly chain: ChainName;
}

/** The node's RPC for lists and peers. */
export async function openNode({ dir, network, node, chain }: FolderPart): Promise<BesuNode> {
  await trustNetwork(dir, network);
  const url = rpcUrl(network, node, chain);
  return new BesuNode(new NodeRpc(url, () => rpcToken(dir), undefined, TIMEOUT_MILLISECONDS));
}

/** The chain behind the node, and what closes it. `signer` gives who signs, once there is a provider. */
export async function openChain(
  { dir, network, node, chain }: FolderPart,
  deployment: Deployment,
  runnerOf: (provider: JsonRpcProvider) => Runner,
): Promise<{ readonly chain: AnyChain; readonly close: () => void }> {
  await trustNetwork(dir, network);
  const provider = await openEndpoint(rpcUrl(network, node, chain), deployment, chain, {
    authorization: async () => `Bearer ${await rpcToken(dir)}`,
    admittanceMilliseconds: ADMITTANCE_MILLISECONDS,
  });
  try {
    const connect = chain === "transaction" ? connectTransactionChain : connectUserChain;
    return { chain: await connect(deployment, runnerOf(provider)), close: () => provider.destroy() };
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/** The same, for a node that may be starting or away: tries until it answers; undefined when stopped. */
export async function openChainPatiently(
  part: FolderPart,
  deployment: Deployment,
  runnerOf: (provider: JsonRpcProvider) => Runner,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<Awaited<ReturnType<typeof openChain>> | undefined> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await openChain(part, deployment, runnerOf);
    } catch (error) {
      const isAway = isCommonwattError(error, "EndpointUnreachable") || isCommonwattError(error, "RpcUnreachable");
      if (!isAway) throw error;
      if (failures === 1) log.warn({ trouble: error.message }, "the node does not answer; it is tried again");
      await sleep(patienceAfter(failures), undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/**
 * The deployment, once there is one. Before, no contract says who is admitted: the lists stay as init wrote them, and the
 * node is kept connected to those of `network.json`, without whom there would be no block to deploy in.
 */
export async function awaitDeployment(
  file: string,
  { network, node, chain }: FolderPart,
  besu: BesuNode,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<Deployment | undefined> {
  const others = network.nodes.filter((other) => other.name !== node.name && other.chains[chain] !== undefined);
  const peers = new PeerKeeper(besu, Date.now);
  let trouble: string | undefined;
  for (let waits = 0; !signal.aborted; waits++) {
    if (existsSync(file)) return readDeployment(file);
    if (waits === 0) log.info({ file }, "not deployed yet: lists stay as they are, and nodes are kept connected");
    try {
      const { added } = await peers.keep(others.map((other) => enodeUrl(other, chain)));
      if (added.length > 0) log.info({ peers: added }, "peers were added");
      trouble = undefined;
    } catch (error) {
      peers.forget();
      const told = error instanceof Error ? error.message : String(error);
      if (told !== trouble) log.warn({ trouble: told }, "the node does not answer; it is tried again");
      trouble = told;
    }
    await sleep(DEPLOYED_EVERY_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
