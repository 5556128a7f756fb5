/** Ending nodes and starting them again. */
import { Listr } from "listr2";

import { partName, type Part } from "./engine.js";
import { addPeers } from "./peers.js";
import { requireFreePorts, requirePassword, requireStartable } from "./preflight.js";
import { endPart, startPart, type Site } from "./starting.js";

/** Ends parts and their agents, all at once; the parts that ran. */
export async function down(site: Site, parts: readonly Part[], silent = false): Promise<Part[]> {
  const running: Part[] = [];
  for (const part of parts) if (await site.engine.isRunning(part)) running.push(part);
  let fault: Error | undefined;
  const ends = parts.map((part) => ({
    title: `End ${partName(part)}`,
    task: async () => {
      try {
        await site.agents.stop(part); // first: it would tell of a node that is away
        if (running.includes(part)) await endPart(site, part, "stop");
      } catch (error) {
        fault ??= error as Error;
        throw new Error("", { cause: error });
      }
    },
  }));
  const renderer = silent ? "silent" : "default";
  await new Listr(ends, { concurrent: true, exitOnError: false, renderer }).run();
  if (fault !== undefined) throw fault;
  return running;
}

/**
 * Ends a node if it runs, starts it, and tells it of its peers; its agent, which outlives it, is started if there is none.
 * What would keep it from starting is refused while it still runs.
 */
export async function restart(site: Site, part: Part, password: string, stopped?: AbortSignal): Promise<void> {
  await requireStartable(site);
  await requirePassword(site.dir, [part], password);
  const unless = (isRunning: boolean): Part[] => (isRunning ? [] : [part]);
  await requireFreePorts(unless(await site.engine.isRunning(part)), unless(await site.agents.isRunning(part)));
  await endPart(site, part, "stop");
  await startPart(site, part, password, stopped);
  await addPeers(site.network, site.rpcOf, part);
  await site.agents.start(part, password, stopped);
}
