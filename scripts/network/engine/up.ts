/** `network up`: a machine's nodes, from nothing to a chain that grows. */
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import { Listr } from "listr2";

import { InputError } from "../../inputs/error.js";
import { nodeOnChain, type ChainName } from "../network-file.js";
import { ClockWatch } from "./clock.js";
import { partName, type Part } from "./engine.js";
import { headOf, quorumOf, setInContract, type Head } from "./head.js";
import { NodeUnreachable } from "./node-rpc.js";
import { askableParts, partsOf } from "./parts.js";
import { p2pProblems } from "./p2p-reach.js";
import { addPeers } from "./peers.js";
import { requireFreePorts, requireStartable } from "./preflight.js";
import { answers, endPart, startPart, type Site } from "./starting.js";

/** JVMs that start at once; more of them are slower together than one after the other. */
const AT_ONCE = Math.max(2, availableParallelism());
const POLL_MILLISECONDS = 500;
/** For the first block that this machine sees made; rounds may have to run out before it. */
const FIRST_BLOCK_ROUNDS = 16;

export interface UpOptions {
  readonly password: string;
  readonly stopped: AbortSignal;
  readonly silent?: boolean;
  /** Told what hinders nodes that run, and is not this machine's. */
  readonly warn?: ((text: string) => void) | undefined;
}

/** Starts the parts that do not run yet; the ones that it started. */
export async function up(
  site: Site,
  parts: readonly Part[],
  { password, stopped, silent, warn }: UpOptions,
): Promise<Part[]> {
  const { network, engine } = site;
  await requireStartable(site);
  const missing: Part[] = [];
  const unguarded: Part[] = [];
  for (const part of parts) {
    if (!(await engine.isRunning(part))) missing.push(part);
    if (!(await site.agents.isRunning(part))) unguarded.push(part);
  }
  await requireFreePorts(missing, unguarded);
  const started: Part[] = [];
  const guarded: Part[] = [];
  let fault: Error | undefined;
  // the first failure ends the other starts too, and all of them are over before anything is taken back
  const failed = new AbortController();
  const ended = AbortSignal.any([stopped, failed.signal]);
  const step = (title: string, work: () => Promise<void>) => ({
    title,
    task: async () => {
      try {
        ended.throwIfAborted();
        await work();
      } catch (error) {
        fault ??= error as Error;
        failed.abort();
        throw new Error("", { cause: error }); // the list marks the step; the fault is told once, by the caller
      }
    },
  });
  const starts = missing.map((part) =>
    step(`Start ${partName(part)}`, async () => {
      started.push(part);
      await startPart(site, part, password, ended);
      // at once: accountants that are alone meanwhile change rounds, and each one takes twice as long
      await addPeers(network, site.rpcOf, part);
    }),
  );
  const chains = [...new Set(parts.map(({ chain }) => chain))];
  const renderer = silent === true ? "silent" : "default";
  const list = {
    exitOnError: false,
    renderer,
    rendererOptions: { collapseErrors: false, showErrorMessage: false },
  } as const;
  const requireDone = (): void => {
    if (fault !== undefined) throw fault;
  };
  try {
    await new Listr(starts, { ...list, concurrent: AT_ONCE }).run();
    requireDone();
    await new Listr(
      [
        step("Connect the nodes", async () => {
          for (const part of parts) {
            if (!started.includes(part)) await answers(site, part, stopped); // one may hang, as after a full disk
            await addPeers(network, site.rpcOf, part);
          }
        }),
        ...chains.map((chain) =>
          step(`Wait for a block of the ${chain} chain`, () => firstBlock(site, chain, { stopped, warn })),
        ),
        step("Start the permission agents", async () => {
          const wanted = [...parts];
          const startNext = async (): Promise<void> => {
            for (let part = wanted.shift(); part !== undefined; part = wanted.shift()) {
              if (await site.agents.start(part, password, ended)) guarded.push(part);
            }
          };
          await Promise.all(Array.from({ length: AT_ONCE }, startNext));
        }),
      ],
      { ...list, concurrent: false },
    ).run();
    requireDone();
    if (warn !== undefined) for (const problem of await p2pProblems(network, chains)) warn(problem);
  } catch (error) {
    await Promise.all(guarded.map((part) => site.agents.stop(part)));
    await Promise.all(started.map((part) => endPart(site, part, "stop")));
    if (!stopped.aborted) throw error;
    throw new InputError({ file: "up" }, "it was stopped", "Nothing that it started was left running");
  }
  return started;
}

/** Waits until a block is made; with too few accountants up there will be none, and none is waited for. */
async function firstBlock(
  site: Site,
  chain: ChainName,
  { stopped, warn }: Pick<UpOptions, "stopped" | "warn">,
): Promise<void> {
  const { network } = site;
  const seconds = FIRST_BLOCK_ROUNDS * network.requestTimeoutSeconds;
  const start = Date.now();
  const until = start + seconds * 1_000;
  // others may be up where nobody is asked from here: their blocks come within a period and a round, and tell of the clock
  const hasOthers = (await askableParts(network, { chain })).length < partsOf(network, { chain }).length;
  const untilOthers = start + (hasOthers ? (2 * network.blockSeconds + network.requestTimeoutSeconds) * 1_000 : 0);
  const watch = new ClockWatch(network.blockSeconds);
  while (Date.now() < until) {
    stopped.throwIfAborted();
    const seen = await seenHead(site, chain);
    if (seen === undefined) return;
    if (!seen.hasQuorum && Date.now() >= untilOthers) {
      warn?.(`No block of the ${chain} chain was seen: it takes a quorum of its accountants, connected.`);
      return;
    }
    const verdict = watch.see(seen.head, Date.now() / 1_000);
    if (verdict === "right") return;
    if (verdict !== "unknown") {
      throw new InputError(
        { file: "this machine's clock" },
        verdict,
        "Set the hosts' clocks by NTP, then run up again",
      );
    }
    await sleep(POLL_MILLISECONDS);
  }
  const problem = `no block was made within ${seconds} s, though enough accountants answer`;
  const advice = "See network logs, and network unstick for a chain that stood still";
  throw new InputError({ file: `${chain} chain` }, problem, advice);
}

/** The highest head of the nodes that answer, and whether they are enough to make a block. */
async function seenHead(site: Site, chain: ChainName): Promise<{ head: Head; hasQuorum: boolean } | undefined> {
  let best: Head | undefined;
  let set: readonly string[] = [];
  const present: string[] = [];
  for (const { node } of await askableParts(site.network, { chain })) {
    const rpc = site.rpcOf(node, chain);
    try {
      const head = await headOf(rpc);
      present.push(nodeOnChain(node, chain).address);
      if (best !== undefined && head.number <= best.number) continue;
      best = head;
      set = await setInContract(rpc);
    } catch (error) {
      if (!(error instanceof NodeUnreachable)) throw error;
    }
  }
  if (best === undefined) return undefined;
  return { head: best, hasQuorum: set.filter((each) => present.includes(each)).length >= quorumOf(set.length) };
}
