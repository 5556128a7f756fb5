/** Which nodes' allow-lists are not what the contracts say, as `network status` names them. */
import { existsSync } from "node:fs";

import { deploymentPath, readDeployment } from "../../../sdk/node/deployments.js";
import { CommonwattError } from "../../../sdk/errors.js";
import { InputError } from "../../inputs/error.js";
import { alwaysListed } from "../agent/always.js";
import { drift, type NodeDrift } from "../agent/drift.js";
import { openChain } from "../agent/open.js";
import { nodeNamed, type ChainName, type NetworkFile } from "../network-file.js";
import type { ChainStatus } from "./status.js";

/** Of a chain's announced nodes. */
export interface ListStatus {
  /** Why nothing is known of the lists; undefined: it is. */
  readonly problem?: string;
  readonly nodes: readonly (NodeDrift & { readonly name: string })[];
  /** Names, or addresses of strangers, in force that nobody announced. */
  readonly unannounced: readonly string[];
}

export interface DriftSource {
  readonly dir: string;
  readonly network: NetworkFile;
  readonly deployment?: string | undefined;
}

/** Asks a node that keeps all history, if one of them answers, else the most advanced one; a chain that can't be read is no error. */
export async function readDrift(source: DriftSource, status: ChainStatus): Promise<ListStatus> {
  const { dir, network } = source;
  const file = source.deployment ?? deploymentPath(network.name);
  if (!existsSync(file)) return unknown("as init wrote them: the network is not deployed yet");
  const name = askedNode(network, status);
  if (name === undefined) return unknown("unknown, for no node answers");
  try {
    const deployment = await readDeployment(file);
    const part = { dir, network, node: nodeNamed(network, name), chain: status.chain };
    const { chain, close } = await openChain(part, deployment, (provider) => provider);
    try {
      const { nodes, unannounced } = await drift(chain, await alwaysListed(dir, status.chain));
      const nameOf = namesOn(network, status.chain);
      return {
        nodes: nodes.map((node) => ({ ...node, name: nameOf(node.node) })),
        unannounced: unannounced.map(nameOf),
      };
    } finally {
      close();
    }
  } catch (error) {
    if (error instanceof InputError || error instanceof CommonwattError) return unknown(`unknown (${error.message})`);
    throw error;
  }
}

function unknown(problem: string): ListStatus {
  return { problem, nodes: [], unannounced: [] };
}

function askedNode({ nodes }: NetworkFile, { nodes: shown }: ChainStatus): string | undefined {
  const keeps = (name: string): number => (nodes.find((node) => node.name === name)?.storage === "FOREST" ? 1 : 0);
  const [best] = shown
    .filter(({ head }) => head !== undefined)
    .toSorted((a, b) => keeps(b.name) - keeps(a.name) || (b.head ?? 0) - (a.head ?? 0));
  return best?.name;
}

function namesOn({ nodes }: NetworkFile, chain: ChainName): (address: string) => string {
  return (address) => nodes.find(({ chains }) => chains[chain]?.address === address)?.name ?? address;
}
