/** `network remove`: a node leaves; its keys and its data stay, apart. */
import { mkdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { InputError } from "../../inputs/error.js";
import type { Part } from "../engine/engine.js";
import { isHere, partsOf } from "../engine/parts.js";
import { down } from "../engine/restarting.js";
import type { Site } from "../engine/starting.js";
import { readStatus } from "../engine/status.js";
import { agentUnitName, unitName } from "../init/systemd.js";
import {
  chainsOf,
  LEAST_HISTORY_KEEPERS,
  nodeNamed,
  parseNetworkFile,
  writeNetworkFile,
  type NetworkFile,
  type NetworkNode,
} from "../network-file.js";
import { writeCommonFiles } from "./add-node.js";

/** Where what is left of a node stands, in the folder. */
const REMOVED = "removed";

/** The network without the node; refuses one that the others need. */
export async function networkWithout({ network, rpcOf }: Site, name: string): Promise<NetworkFile> {
  const node = nodeNamed(network, name);
  const nodes = network.nodes.filter((other) => other !== node);
  for (const chain of chainsOf(network)) {
    const status = await readStatus(network, rpcOf, chain);
    const shown = status.nodes.find((each) => each.name === name);
    if (status.head === undefined) {
      const problem = `no node of the ${chain} chain answers, so that nobody knows whether it may go`;
      throw new InputError({ file: name }, problem, "Start the network first: network up");
    }
    const isSeated = shown?.isInContract === true || shown?.isInForce === true;
    if (!isSeated && shown?.isCandidate !== true) continue;
    const problem = isSeated
      ? `it makes blocks of the ${chain} chain`
      : `an election of the ${chain} chain may seat it`;
    const when = isSeated ? ", and an epoch later it may go" : "";
    const advice = `Its organisation resigns first (npm run accountants -- resign)${when}`;
    throw new InputError({ file: name }, problem, advice);
  }
  const keepers = nodes.filter(({ storage }) => storage === "FOREST").length;
  if (keepers < LEAST_HISTORY_KEEPERS) {
    const problem = `without it ${keepers} nodes keep all history, and ${LEAST_HISTORY_KEEPERS} must`;
    throw new InputError({ file: name }, problem, "Add one first: network add NAME --storage FOREST");
  }
  return parseNetworkFile(JSON.stringify({ ...network, nodes }), `the network without ${name}`);
}

/** Ends the node and its agent here, and takes it out of the folder's files. */
export async function takeOut(site: Site, name: string, smaller: NetworkFile, silent = false): Promise<void> {
  const { dir, network } = site;
  const node = nodeNamed(network, name);
  const parts: Part[] = partsOf(network, { nodes: [name] });
  if (await isHere(node)) await down(site, parts, silent);
  await writeCommonFiles(dir, smaller, network);
  await writeNetworkFile(dir, smaller);
  await setAside(dir, network, node);
}

async function setAside(dir: string, network: NetworkFile, node: NetworkNode): Promise<void> {
  for (const chain of chainsOf(network)) {
    for (const nameOf of [unitName, agentUnitName]) {
      await rm(join(dir, "systemd", nameOf(network, node, chain)), { force: true });
    }
  }
  const from = join(dir, "nodes", node.name);
  if (!existsSync(from)) return; // another machine's
  await mkdir(join(dir, REMOVED), { recursive: true, mode: 0o700 });
  await rename(from, join(dir, REMOVED, `${node.name}-${Date.now()}`));
}
