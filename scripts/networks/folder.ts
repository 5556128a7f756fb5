/**
 * The folder of a real network on this machine: who holds it may ask the network's nodes (RPC tokens) and open its
 * operators' keys. Found by `COMMONWATT_NETWORK_DIR`, else where `network init` makes it by default.
 */
import { existsSync } from "node:fs";

import type { JsonRpcProvider } from "ethers";

import { openEndpoint, type EndpointOptions } from "../../sdk/connect.js";
import type { Deployment } from "../../sdk/deployments/index.js";
import {
  DEFAULT_NETWORK_FOLDER,
  networkPath,
  readNetworkFile,
  rpcTokenKey,
  rpcUrl,
  tokenSignedBy,
  type ChainName,
  type NetworkFile,
} from "../network/network-file.js";
import { trustNetwork } from "../network/trust.js";

export const FOLDER_VARIABLE = "COMMONWATT_NETWORK_DIR";

/** How long who was just admitted is waited for: a node's agent needs a block or two. */
const ADMITTANCE_MILLISECONDS = 60_000;

export interface NetworkFolder {
  readonly dir: string;
  readonly network: NetworkFile;
}

/** The folder of the network that was deployed so; undefined where this machine has none, or another's. */
export async function networkFolderOf(
  { chains }: Deployment,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<NetworkFolder | undefined> {
  const dir = environment[FOLDER_VARIABLE] ?? DEFAULT_NETWORK_FOLDER;
  if (!existsSync(networkPath(dir))) return undefined;
  const network = await readNetworkFile(dir);
  const isSame = (chain: ChainName): boolean => network.chains[chain]?.genesisHash === chains[chain].genesisHash;
  return isSame("transaction") && isSame("user") ? { dir, network } : undefined;
}

/** `openEndpoint`, with a token where the endpoint is a node of this machine's network: nobody else is shown one. */
export async function openNetworkEndpoint(
  url: string,
  deployment: Deployment,
  chain: ChainName,
  options: EndpointOptions = {},
): Promise<JsonRpcProvider> {
  const folder = await networkFolderOf(deployment);
  if (folder === undefined || !isNode(folder.network, url, chain)) return openEndpoint(url, deployment, chain, options);
  const { dir, network } = folder;
  await trustNetwork(dir, network);
  const key = await rpcTokenKey(dir);
  return openEndpoint(url, deployment, chain, {
    ...options,
    admittanceMilliseconds: ADMITTANCE_MILLISECONDS,
    authorization: () => Promise.resolve(`Bearer ${tokenSignedBy(key, Math.floor(Date.now() / 1000))}`),
  });
}

function isNode(network: NetworkFile, url: string, chain: ChainName): boolean {
  const { origin } = new URL(url);
  return network.nodes.some((node) => node.chains[chain] !== undefined && rpcUrl(network, node, chain) === origin);
}
