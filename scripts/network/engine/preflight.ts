/** What can be known to be wrong before a node starts. */
import { statfs } from "node:fs/promises";
import { createServer } from "node:net";

import { InputError } from "../../inputs/error.js";
import { requireGenesis } from "../genesis/unchanged.js";
import { isLoopback, LOOPBACK } from "../loopback-host.js";
import { chainsOf, nodeOnChain, type NetworkFile } from "../network-file.js";
import { openNodeKey } from "../unlock.js";
import { partName, type Part } from "./engine.js";
import type { Site } from "./starting.js";

/** Below this a database would be torn before anybody saw it. */
const LEAST_FREE_BYTES = 1_073_741_824;
const GIGABYTE = 1_073_741_824;

/** What holds for each start on this machine; refused before anything that runs is ended. */
export async function requireStartable(
  { dir, network }: Pick<Site, "dir" | "network">,
  leastBytes = LEAST_FREE_BYTES,
): Promise<void> {
  await requireGenesis(dir, network);
  requireStarted(network, Math.floor(Date.now() / 1_000));
  await requireDisk(dir, leastBytes);
}

/** Refuses a password that does not open the parts' keys: ending them first would leave them down. */
export async function requirePassword(dir: string, parts: readonly Part[], password: string): Promise<void> {
  for (const { node, chain } of parts) await openNodeKey(dir, node, chain, password);
}

/** Refuses a machine whose clock is before the chains' first block: nodes there would make no block until then. */
export function requireStarted(network: NetworkFile, now: number): void {
  for (const chain of chainsOf(network)) {
    const begin = network.chains[chain]?.genesisTime ?? 0;
    if (now >= begin) continue;
    const problem = `it is ${begin - now} s before the ${chain} chain's block 0`;
    throw new InputError({ file: "this machine's clock" }, problem, "Set the clock by NTP, or wait");
  }
}

/** Refuses to start on a disk that is full soon. */
export async function requireDisk(dir: string, leastBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  if (free >= leastBytes) return;
  const show = (bytes: number): string => `${(bytes / GIGABYTE).toFixed(1)} GiB`;
  const problem = `only ${show(free)} of its disk is free, and nodes need ${show(leastBytes)} to start`;
  throw new InputError({ file: dir }, problem, "Free some, or move the folder to a larger disk");
}

/** Refuses ports that somebody else listens on: those of nodes, and those of agents. */
export async function requireFreePorts(nodes: readonly Part[], agents: readonly Part[]): Promise<void> {
  const taken: string[] = [];
  const look = async (ports: readonly (readonly [port: number, host: string])[], owner: string): Promise<void> => {
    for (const [port, host] of ports) if (!(await isFree(port, host))) taken.push(`${port} of ${owner}`);
  };
  for (const part of nodes) {
    const { p2pPort, rpcPort, metricsPort } = nodeOnChain(part.node, part.chain);
    const peers = isLoopback(part.node.host) ? LOOPBACK : "0.0.0.0";
    const own = [[p2pPort, peers] as const, [rpcPort, LOOPBACK] as const, [metricsPort, LOOPBACK] as const];
    await look(own, partName(part));
  }
  for (const part of agents) {
    const { agentMetricsPort } = nodeOnChain(part.node, part.chain);
    await look([[agentMetricsPort, LOOPBACK]], `the agent of ${partName(part)}`);
  }
  if (taken.length === 0) return;
  const problem = `another program listens on port${taken.length > 1 ? "s" : ""} ${taken.join(", ")}`;
  throw new InputError({ file: "ports" }, problem, "End it, or make the network with another --base-port");
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
