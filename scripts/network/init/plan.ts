/** Which nodes a network is made of, and where they answer: from the options, or from a hosts file. */
import { LOOPBACK, strayLoopback } from "../loopback-host.js";
import { InputError } from "../../inputs/error.js";
import { CHAIN_NAMES, LEAST_HISTORY_KEEPERS, type ChainName, type NetworkNode } from "../network-file.js";
import { refuseOverlaps } from "../overlaps.js";
import type { HostLine } from "./hosts-file.js";

/** A node before it has keys. */
export type PlannedNode = Omit<NetworkNode, "chains"> & {
  readonly ports: Readonly<Partial<Record<ChainName, Ports>>>;
};

export interface Ports {
  readonly p2pPort: number;
  readonly rpcPort: number;
  readonly metricsPort: number;
  readonly agentMetricsPort: number;
}

export interface PlanOptions {
  readonly accountants: number;
  readonly standby: number;
  readonly chains: readonly ChainName[];
  readonly basePort: number;
  /** The hosts file's lines and its name; absent: all nodes on loopback. */
  readonly hosts?: { readonly file: string; readonly lines: readonly HostLine[] };
}

/** Of Besu for a chain, then of all chains' agents, in the ten of a node: easy to remember, and some are free. */
const PORTS_PER_CHAIN = 3;
const PORTS_PER_NODE = 10;
const LAST_PORT = 65_535;
/** Bounds of AccountantElection's set (SetChange.sol). */
export const LEAST_ACCOUNTANTS = 4;
export const MOST_ACCOUNTANTS = 101;

/** The nodes in their order: accountants, then those that stand by. Throws `InputError` for what cannot be a network. */
export function planNodes(options: PlanOptions): PlannedNode[] {
  const { chains, basePort, hosts } = options;
  const lines = hosts?.lines ?? linesOf(options);
  const file = hosts?.file ?? "init";
  requireCounts(lines, file);
  requireReachable(lines, file);
  const onHost = new Map<string, number>();
  const nodes = lines.map((line, index): PlannedNode => {
    const before = onHost.get(line.host) ?? 0;
    onHost.set(line.host, before + 1);
    const { name, role, host } = line;
    const ports = Object.fromEntries(
      chains.map((chain) => [chain, portsOf(line, chain, basePort + before * PORTS_PER_NODE, file)]),
    );
    // the first ones keep all history, unless the file says who does
    const storage = line.storage ?? (index < LEAST_HISTORY_KEEPERS ? "FOREST" : "BONSAI");
    return { name, member: line.member ?? memberName(name), role, host, storage, ports };
  });
  requireDistinct(nodes, lines, file);
  requireKeepers(nodes, file);
  return nodes;
}

function linesOf({ accountants, standby }: PlanOptions): Omit<HostLine, "line">[] {
  const count = (role: HostLine["role"], number: number): Omit<HostLine, "line">[] =>
    Array.from({ length: number }, (_, index) => ({ name: `${role}${index + 1}`, role, host: LOOPBACK }));
  return [...count("accountant", accountants), ...count("standby", standby)];
}

type Line = Omit<HostLine, "line"> & { readonly line?: number };

function placeOf(line: Line | undefined, file: string): { file: string; line?: number } {
  return line?.line === undefined ? { file } : { file, line: line.line };
}

/** `accountant1` is Accountant 1's. */
export function memberName(name: string): string {
  const [, word = name, number = ""] = /^([a-z-]*?)(\d*)$/.exec(name) ?? [];
  return `${word.charAt(0).toUpperCase()}${word.slice(1)} ${number}`.trim();
}

function portsOf(line: Line, chain: ChainName, base: number, file: string): Ports {
  const own = line.ports?.[chain];
  if (own !== undefined) {
    return { p2pPort: own.p2p, rpcPort: own.rpc, metricsPort: own.metrics, agentMetricsPort: own.agent };
  }
  const ports = portsAt(base, chain);
  if (ports.agentMetricsPort <= LAST_PORT) return ports;
  throw new InputError(
    placeOf(line, file),
    `${line.name} would have port ${ports.agentMetricsPort}`,
    "Take a lower --base-port",
  );
}

/** A node's ports on a chain, from its first one on. */
export function portsAt(base: number, chain: ChainName): Ports {
  const index = CHAIN_NAMES.indexOf(chain);
  const p2pPort = base + index * PORTS_PER_CHAIN;
  const agentMetricsPort = base + CHAIN_NAMES.length * PORTS_PER_CHAIN + index;
  return { p2pPort, rpcPort: p2pPort + 1, metricsPort: p2pPort + 2, agentMetricsPort };
}

function requireCounts(lines: readonly Line[], file: string): void {
  const count = lines.filter(({ role }) => role === "accountant").length;
  if (count >= LEAST_ACCOUNTANTS && count <= MOST_ACCOUNTANTS) return;
  const advice = `Take ${LEAST_ACCOUNTANTS} to ${MOST_ACCOUNTANTS}: fewer cannot stand one that fails`;
  throw new InputError({ file }, `${count} accountants are no federation`, advice);
}

function requireReachable(lines: readonly Line[], file: string): void {
  const stray = strayLoopback(lines);
  const local = stray === undefined ? undefined : lines[stray];
  if (local === undefined) return;
  const problem = `${local.host} can be reached from ${local.name}'s own machine alone, and others are on other machines`;
  throw new InputError(placeOf(local, file), problem, "Give the address that the other nodes reach it by");
}

function requireDistinct(nodes: readonly PlannedNode[], lines: readonly Line[], file: string): void {
  const placed = nodes.map(({ name, host, ports }) => ({ name, host, chains: ports }));
  refuseOverlaps(placed, ([, index], message) => {
    const line = lines[Number(index)];
    throw new InputError(placeOf(line, file), message, "Give each node a name and ports of its own");
  });
}

function requireKeepers(nodes: readonly PlannedNode[], file: string): void {
  const keepers = nodes.filter(({ storage }) => storage === "FOREST").length;
  if (keepers >= LEAST_HISTORY_KEEPERS) return;
  const problem = `${keepers} nodes keep all history, and ${LEAST_HISTORY_KEEPERS} must`;
  throw new InputError({ file }, problem, 'Say "storage":"FOREST" of more nodes');
}
