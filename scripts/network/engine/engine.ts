/** What runs nodes on this machine: containers, or processes. */
import type { ChainName, NetworkNode } from "../network-file.js";

/** A node's part in one chain: one Besu. */
export interface Part {
  readonly node: NetworkNode;
  readonly chain: ChainName;
}

export interface Engine {
  readonly kind: "docker" | "processes";
  /** The client that runs, as it calls itself. */
  readonly version: string;
  /** Whether the unlocked keys stay in memory while nodes run; else a node needs its own only until it has read it. */
  readonly keepsSecrets: boolean;
  /** The folder in memory where a part finds its unlocked key when it starts (unlock.ts). */
  secretsFolder(part: Part): string;
  /** Starts a part whose key is unlocked; its RPC answers some seconds later. */
  start(part: Part): Promise<void>;
  isRunning(part: Part): Promise<boolean>;
  /** Asks it to end, and ends it after a while. */
  stop(part: Part): Promise<void>;
  /** Ends it at once, as a failure of the machine would. */
  kill(part: Part): Promise<void>;
  /** The last lines it logged. */
  logTail(part: Part, lines: number): Promise<string[]>;
  /** Shows the log as it grows, until the signal. */
  followLog(part: Part, lines: number, stopped: AbortSignal, print: (text: string) => void): Promise<void>;
}

/** How people name a part. */
export function partName({ node, chain }: Part): string {
  return `${node.name} (${chain} chain)`;
}
