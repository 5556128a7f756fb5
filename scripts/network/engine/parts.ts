/** Which nodes a command is about. */
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";

import { InputError } from "../../inputs/error.js";
import { isLoopback } from "../loopback-host.js";
import {
  chainsOf,
  nodeNamed,
  nodeOnChain,
  type ChainName,
  type NetworkFile,
  type NetworkNode,
} from "../network-file.js";
import type { Part } from "./engine.js";

export interface PartFilter {
  /** Names; absent: all. */
  readonly nodes?: readonly string[] | undefined;
  readonly chain?: ChainName | undefined;
}

/** The parts that the filter lets through, node by node. */
export function partsOf(network: NetworkFile, { nodes, chain }: PartFilter = {}): Part[] {
  if (chain !== undefined && network.chains[chain] === undefined) {
    const advice = `It has ${chainsOf(network).join(" and ")}`;
    throw new InputError({ file: `--chain ${chain}` }, "the network has no such chain", advice);
  }
  const wanted = nodes?.map((name) => nodeNamed(network, name)) ?? network.nodes;
  if (nodes !== undefined && chain !== undefined) for (const node of wanted) nodeOnChain(node, chain);
  return wanted.flatMap((node) =>
    chainsOf(network)
      .filter((each) => node.chains[each] !== undefined && (chain === undefined || each === chain))
      .map((each) => ({ node, chain: each })),
  );
}

/** Nodes are kept on the machine that their host names. */
export async function isHere({ host }: Pick<NetworkNode, "host">): Promise<boolean> {
  if (isLoopback(host)) return true;
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
  if (own.includes(host)) return true;
  try {
    const found = await lookup(host, { all: true });
    return found.some(({ address }) => own.includes(address) || isLoopback(address));
  } catch {
    return false; // a name that means nothing here is no name of this machine
  }
}

/** The parts whose RPC can be asked from here: without TLS it answers on its own machine alone. */
export async function askableParts(network: NetworkFile, filter: PartFilter = {}): Promise<Part[]> {
  const parts = partsOf(network, filter);
  if (network.tls === true) return parts;
  const here = await Promise.all(parts.map(({ node }) => isHere(node)));
  return parts.filter((_, index) => here[index]);
}

/** The parts that this machine runs; an `InputError` when it is none of them. */
export async function partsHere(parts: readonly Part[]): Promise<Part[]> {
  const here: Part[] = [];
  for (const part of parts) if (await isHere(part.node)) here.push(part);
  if (here.length > 0) return here;
  const hosts = [...new Set(parts.map(({ node }) => node.host))].join(", ");
  throw new InputError(
    { file: "this machine" },
    `it is none of the hosts of these nodes (${hosts})`,
    "Run the command there",
  );
}
