/** Starting nodes: all of them or none, each watched until its RPC answers as the node it should be. */
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { InputError } from "../../inputs/error.js";
import { nodeOnChain, type NetworkFile } from "../network-file.js";
import { unlockNode } from "../unlock.js";
import type { Agents } from "./agents.js";
import { partName, type Engine, type Part } from "./engine.js";
import { NodeUnreachable, type RpcOf } from "./node-rpc.js";

export interface Site {
  readonly dir: string;
  readonly network: NetworkFile;
  readonly engine: Engine;
  readonly agents: Agents;
  readonly rpcOf: RpcOf;
}

const POLL_MILLISECONDS = 500;
/** A cold JVM on a busy machine; a log that says why it does not start comes sooner. */
const ANSWER_MILLISECONDS = 180_000;
const LAST_LINES = 12;

/** Starts a node and waits until it answers; what fails leaves nothing of it behind. */
export async function startPart(site: Site, part: Part, password: string, stopped?: AbortSignal): Promise<void> {
  const { dir, network, engine } = site;
  const folder = engine.secretsFolder(part);
  try {
    await unlockNode(dir, network, { ...part, password, folder });
    await engine.start(part);
    await answers(site, part, stopped);
  } catch (error) {
    await endPart(site, part, "kill");
    throw error;
  }
  if (!engine.keepsSecrets) await rm(folder, { recursive: true, force: true });
}

/** Ends a node, and forgets its unlocked key. */
export async function endPart({ engine }: Site, part: Part, how: "stop" | "kill"): Promise<void> {
  try {
    await engine[how](part);
  } finally {
    await rm(engine.secretsFolder(part), { recursive: true, force: true });
  }
}

/** Waits until a node that runs answers as itself. */
export async function answers(site: Site, part: Part, stopped?: AbortSignal): Promise<void> {
  const { engine, rpcOf } = site;
  const rpc = rpcOf(part.node, part.chain);
  const until = Date.now() + ANSWER_MILLISECONDS;
  while (Date.now() < until) {
    stopped?.throwIfAborted();
    if (!(await engine.isRunning(part))) throw await failure(site, part, "it ended instead of starting");
    try {
      const { enode } = await rpc.call<{ enode: string }>("admin_nodeInfo");
      const { hash } = await rpc.call<{ hash: string }>("eth_getBlockByNumber", "0x0", false);
      await requireItself(site, part, { enode, hash });
      return;
    } catch (error) {
      if (!(error instanceof NodeUnreachable)) throw error;
    }
    await sleep(POLL_MILLISECONDS);
  }
  throw await failure(site, part, `its RPC does not answer within ${ANSWER_MILLISECONDS / 1_000} s`);
}

/** Another node on this port, or a data folder of another chain, would do harm in its name. */
async function requireItself(site: Site, part: Part, found: { enode: string; hash: string }): Promise<void> {
  const { node, chain } = part;
  const { enodeId } = nodeOnChain(node, chain);
  if (!found.enode.includes(enodeId)) throw await failure(site, part, "it runs with another key than its own");
  const genesis = site.network.chains[chain]?.genesisHash ?? "known";
  if (found.hash !== genesis) throw await failure(site, part, `its block 0 is ${found.hash}, not ${genesis}`);
}

async function failure({ engine }: Site, part: Part, problem: string): Promise<InputError> {
  const lines = await engine.logTail(part, LAST_LINES);
  const words = lines.length === 0 ? "it logged nothing" : `its last lines:\n${lines.join("\n")}\n`;
  return new InputError({ file: partName(part) }, `${problem}; ${words}`, adviceFor(lines.join("\n")));
}

/** What Besu's own words mean for who reads them. */
function adviceFor(log: string): string {
  if (/no space left/i.test(log)) return "The disk is full: free some";
  if (/OutOfMemoryError|Cannot allocate memory/i.test(log))
    return "Give it memory (BESU_OPTS=-Xmx1g), or run fewer here";
  if (/already in use/i.test(log)) return "End the program that listens there";
  if (/While lock file/i.test(log)) return "Another Besu uses its data folder: end that one";
  if (/genesis block does not match/i.test(log)) return "Its data is another chain's: move its data folder away";
  if (/Database format mismatch/i.test(log)) return "A node's storage can't change: move its data folder away";
  return "Nothing of it was left running";
}
