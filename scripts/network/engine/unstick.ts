/**
 * `network unstick`: a chain that lost its quorum for a while waits for minutes after it is back, for each round that
 * failed doubled the next one's time. Accountants that all start anew begin with round 0.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { InputError } from "../../inputs/error.js";
import { nodeOnChain, type ChainName } from "../network-file.js";
import { partName, type Part } from "./engine.js";
import { headOf, quorumOf, setInForce, type Head } from "./head.js";
import { NodeUnreachable } from "./node-rpc.js";
import { askableParts, isHere, partsOf } from "./parts.js";
import { addPeers } from "./peers.js";
import { requirePassword, requireStartable } from "./preflight.js";
import { endPart, startPart, type Site } from "./starting.js";

/** Round changes of less silence come to an end by themselves sooner than nodes start: four rounds' times. */
const SILENT_ROUNDS = 4;
const POLL_MILLISECONDS = 1_000;

export interface UnstickOptions {
  readonly password: string;
  /** Least time since the last block, s; absent: as long as the first rounds take. */
  readonly silenceSeconds?: number | undefined;
  /** How long the accountants may take to show one head, s. */
  readonly agreeSeconds: number;
  /** How long no block may come while it watches, s; absent: as long as a turn that is missed takes. */
  readonly watchSeconds?: number | undefined;
  readonly stopped: AbortSignal;
  readonly print: (text: string) => void;
}

/** A node, and the head that it shows; undefined: it does not answer. */
interface Shown {
  readonly part: Part;
  readonly head: Head | undefined;
}

/** The silence after which a restart is quicker: request timeouts of rounds 0 to 3. */
export function defaultSilence(requestTimeoutSeconds: number): number {
  return requestTimeoutSeconds * (2 ** SILENT_ROUNDS - 1);
}

/** Restarts the accountants of a chain that stands still; refuses one that does not, or whose accountants disagree. */
export async function unstick(site: Site, chain: ChainName, options: UnstickOptions): Promise<void> {
  const { network } = site;
  const { silenceSeconds = defaultSilence(network.requestTimeoutSeconds), print, stopped } = options;
  const { watchSeconds = network.blockSeconds + network.requestTimeoutSeconds } = options;
  await requireStartable(site);
  print(
    `Waiting until all accountants of the ${chain} chain that answer show one head (${options.agreeSeconds} s at most).`,
  );
  const { accountants, head } = await agreement(site, chain, options);
  const silence = Math.floor(Date.now() / 1_000) - head.time;
  if (silence < silenceSeconds) {
    const problem = `its last block, ${head.number}, is ${silence} s old; below ${silenceSeconds} s it goes on by itself`;
    throw new InputError({ file: `${chain} chain` }, problem, "Wait, or give a shorter --silence");
  }
  const here: Part[] = [];
  const elsewhere: string[] = [];
  for (const part of accountants) {
    if (await isHere(part.node)) here.push(part);
    else elsewhere.push(`${part.node.name} on ${part.node.host}`);
  }
  await requirePassword(site.dir, here, options.password);
  // the block's age is by this machine's clock, which may be ahead
  if (await comesBlock(site, chain, head, { seconds: watchSeconds, stopped })) {
    const problem = "it makes blocks, though its last one seemed old";
    throw new InputError({ file: `${chain} chain` }, problem, "Nothing is to be done; set this machine's clock by NTP");
  }
  print(`The ${chain} chain stands at block ${head.number} since ${silence} s. All accountants that answer show it.`);
  if (elsewhere.length > 0) print(`Restart at the same time, each on its host: ${elsewhere.join(", ")}`);
  print(`Restarting ${here.map(({ node }) => node.name).join(", ")}.`);
  // all are tried, also when one does not end: each one that starts is one more for the quorum
  const ends = await Promise.allSettled(here.map((part) => endPart(site, part, "stop")));
  const ended = here.filter((_, index) => ends[index]?.status === "fulfilled");
  const starts = await Promise.allSettled(ended.map((part) => startPart(site, part, options.password, stopped)));
  for (const part of await running(site, chain)) await addPeers(network, site.rpcOf, part);
  const failed = [...ends, ...starts].find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  await nextBlock(site, chain, head, stopped);
}

/** Waits until every accountant in force that answers shows one head, and they are a quorum. */
async function agreement(
  site: Site,
  chain: ChainName,
  { agreeSeconds, stopped }: UnstickOptions,
): Promise<{ accountants: Part[]; head: Head }> {
  const until = Date.now() + agreeSeconds * 1_000;
  for (;;) {
    stopped.throwIfAborted();
    const { shown, others, members } = await headsOfSet(site, chain);
    const answering = shown.filter(({ head }) => head !== undefined);
    const [first] = answering;
    const head = first?.head;
    const isOne = new Set(answering.map((each) => each.head?.hash)).size === 1;
    // a block that only a standby has was sealed: accountants that start anew forget that they did, and might seal another
    const beyond = others.filter(
      (other) => (other.head?.number ?? -1) >= (head?.number ?? 0) && other.head?.hash !== head?.hash,
    );
    if (head !== undefined && isOne && beyond.length === 0 && answering.length >= quorumOf(members)) {
      return { accountants: answering.map(({ part }) => part), head };
    }
    if (Date.now() >= until) throw disagreement(chain, [...shown, ...beyond], members);
    await sleep(POLL_MILLISECONDS);
  }
}

function disagreement(chain: ChainName, shown: readonly Shown[], members: number): InputError {
  const silent = shown.filter(({ head }) => head === undefined).map(({ part }) => part.node.name);
  const heads = shown.flatMap(({ part, head }) =>
    head === undefined ? [] : [`${part.node.name} at ${head.number} (${head.hash.slice(0, 10)})`],
  );
  const parts = [
    ...(heads.length > 0 ? [`heads: ${heads.join(", ")}`] : []),
    ...(silent.length > 0 ? [`no answer: ${silent.join(", ")}`] : []),
  ];
  const problem = `its nodes do not show one head, with a quorum of ${quorumOf(members)} of ${members} accountants (${parts.join("; ")})`;
  const advice = "Start those that do not answer (network restart), give the others time to catch up, then try again";
  return new InputError({ file: `${chain} chain` }, problem, advice);
}

/** The accountants in force as the most advanced node has them, and the nodes that are none. */
async function headsOfSet(site: Site, chain: ChainName): Promise<{ shown: Shown[]; others: Shown[]; members: number }> {
  const all: Shown[] = [];
  for (const part of await askableParts(site.network, { chain })) {
    all.push({ part, head: await answering(() => headOf(site.rpcOf(part.node, chain))) });
  }
  const [best] = all
    .filter(({ head }) => head !== undefined)
    .sort((a, b) => (b.head?.number ?? 0) - (a.head?.number ?? 0));
  if (best === undefined) {
    const names = partsOf(site.network, { chain }).map(partName).join(", ");
    throw new InputError({ file: `${chain} chain` }, `none of its nodes answers (${names})`, "Start them: network up");
  }
  const set = await setInForce(site.rpcOf(best.part.node, chain));
  const isInForce = ({ part }: Shown): boolean => set.includes(nodeOnChain(part.node, chain).address);
  return { shown: all.filter(isInForce), others: all.filter((each) => !isInForce(each)), members: set.length };
}

async function running(site: Site, chain: ChainName): Promise<Part[]> {
  const parts: Part[] = [];
  for (const part of await askableParts(site.network, { chain })) {
    if ((await answering(() => headOf(site.rpcOf(part.node, chain)))) !== undefined) parts.push(part);
  }
  return parts;
}

async function nextBlock(site: Site, chain: ChainName, before: Head, stopped: AbortSignal): Promise<void> {
  const seconds = defaultSilence(site.network.requestTimeoutSeconds) * 2;
  if (await comesBlock(site, chain, before, { seconds, stopped })) return;
  const problem = `no block came within ${seconds} s after the restart`;
  throw new InputError({ file: `${chain} chain` }, problem, "See network status: is a quorum up and connected?");
}

/** Whether an accountant shows a later block within that time. */
async function comesBlock(
  site: Site,
  chain: ChainName,
  before: Head,
  { seconds, stopped }: { seconds: number; stopped: AbortSignal },
): Promise<boolean> {
  const until = Date.now() + seconds * 1_000;
  while (Date.now() < until) {
    stopped.throwIfAborted();
    const { shown } = await headsOfSet(site, chain);
    if (shown.some(({ head }) => head !== undefined && head.number > before.number)) return true;
    await sleep(POLL_MILLISECONDS);
  }
  return false;
}

async function answering<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NodeUnreachable) return undefined;
    throw error;
  }
}
