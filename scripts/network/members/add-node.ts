/** `network add`: keys and files for one more node, of an organisation of its own; then it is a node like the others. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { writeFileAtOnce } from "../../../sdk/node/deployments.js";
import { InputError } from "../../inputs/error.js";
import { composeText } from "../init/compose.js";
import { hidden, writeNew, type Files } from "../init/files.js";
import { drawnKeys } from "../init/key-source.js";
import { keystoresOf, makeKeys, nodeIdentity, type ChainKeys, type NetworkKeys } from "../init/keys.js";
import { nodeFiles } from "../init/node-files.js";
import { memberName, portsAt, type PlannedNode } from "../init/plan.js";
import { prometheusFiles } from "../init/prometheus.js";
import { authorityOf, type Authority } from "../init/tls.js";
import {
  chainsOf,
  nodeFolder,
  nodeNamed,
  parseNetworkFile,
  writeNetworkFile,
  type ChainName,
  type NetworkFile,
  type NetworkNode,
} from "../network-file.js";
import { agentName, operatorAddresses } from "../operators.js";
import { openNodeKey } from "../unlock.js";

export interface AddNodeOptions {
  readonly dir: string;
  readonly network: NetworkFile;
  readonly name: string;
  readonly member?: string | undefined;
  readonly host: string;
  readonly storage: NetworkNode["storage"];
  /** The first of its ports; absent: the ten after the host's last. */
  readonly basePort?: number | undefined;
  /** The folder's: its keys have one password. */
  readonly password: string;
}

/** Ports of a node, and of a host's first one. */
const PORTS_PER_NODE = 10;
const FIRST_PORT = 30_300;

/** Writes everything, `network.json` last: what fails before leaves the network as it was. */
export async function addNode(options: AddNodeOptions): Promise<{ network: NetworkFile; node: NetworkNode }> {
  const { dir, network: before, password } = options;
  await requireOnePassword(options);
  const planned = plannedNode(options);
  const source = drawnKeys();
  const keys = ownKeys(makeKeys(source, chainsOf(before), [planned]), planned);
  const network = grown(before, planned, keys);
  const node = nodeNamed(network, planned.name);
  const files: Files = new Map();
  for (const [path, text] of await keystoresOf("", keys, source, password)) files.set(path, hidden(text));
  for (const [path, file] of await nodeFiles(network, node, await nodeFilesOptions(dir, network, keys))) {
    files.set(path, file);
  }
  const written: string[] = [];
  try {
    for (const [path, file] of files) {
      await writeNew(join(dir, path), file);
      written.push(join(dir, path));
    }
    await writeCommonFiles(dir, network, before);
    await writeNetworkFile(dir, network);
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    await writeCommonFiles(dir, before, network).catch(() => undefined); // what failed there is what is told
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const { path: file = dir } = error as NodeJS.ErrnoException;
    const advice = "A node had this name before: take another; keys are never written over";
    throw new InputError({ file }, "it is there already", advice, { cause: error });
  }
  return { network, node };
}

/** What names all nodes, and holds no keys; hosts that have no node any more lose their scrape configuration. */
export async function writeCommonFiles(dir: string, network: NetworkFile, before: NetworkFile): Promise<void> {
  await writeFileAtOnce(join(dir, "compose.yaml"), composeText(network), 0o644);
  const scraped = prometheusFiles(network);
  for (const [file, text] of scraped) await writeFileAtOnce(join(dir, file), text, 0o644);
  const stale = [...prometheusFiles(before).keys()].filter((file) => !scraped.has(file));
  for (const file of stale) await rm(join(dir, file), { force: true });
}

/** Another password would make a folder that no one password opens. */
async function requireOnePassword({ dir, network, password }: AddNodeOptions): Promise<void> {
  const [chain] = chainsOf(network);
  const [node] = network.nodes;
  if (chain !== undefined && node !== undefined) await openNodeKey(dir, node, chain, password);
}

function plannedNode({ network, name, member, host, storage, basePort }: AddNodeOptions): PlannedNode {
  const used = network.nodes
    .filter((node) => node.host === host)
    .flatMap(({ chains }) => Object.values(chains))
    .flatMap((own) => [own.p2pPort, own.rpcPort, own.metricsPort, own.agentMetricsPort]);
  const next = used.length === 0 ? FIRST_PORT : Math.ceil((Math.max(...used) + 1) / PORTS_PER_NODE) * PORTS_PER_NODE;
  const first = basePort ?? next;
  const ports = Object.fromEntries(chainsOf(network).map((chain) => [chain, portsAt(first, chain)]));
  return { name, member: member ?? memberName(name), role: "standby", host, storage, ports };
}

/** Operators are the network's already: only the node's organisation and its agent are new. */
function ownKeys(keys: NetworkKeys, planned: PlannedNode): NetworkKeys {
  const own = [planned.name, agentName(planned)];
  const only = ({ nodes, accounts }: ChainKeys): ChainKeys => {
    return { nodes, accounts: new Map([...accounts].filter(([name]) => own.includes(name))) };
  };
  return Object.fromEntries(Object.entries(keys).map(([chain, made]) => [chain, only(made)]));
}

function grown(network: NetworkFile, { ports, ...rest }: PlannedNode, keys: NetworkKeys): NetworkFile {
  const chains = Object.fromEntries(
    Object.entries(keys).map(([chain, own]) => {
      return [chain, { ...nodeIdentity(own, { ...rest, ports }), ...ports[chain as ChainName] }];
    }),
  );
  // by the reader's own eyes: a name or a port that is taken is refused there
  const text = JSON.stringify({ ...network, nodes: [...network.nodes, { ...rest, chains }] });
  const advice = "Give the node a name, a host that the others reach (--host) and ports of its own (--base-port)";
  return parseNetworkFile(text, "network add", advice);
}

async function nodeFilesOptions(
  dir: string,
  network: NetworkFile,
  keys: NetworkKeys,
): Promise<Parameters<typeof nodeFiles>[2]> {
  const [first] = network.nodes;
  const [chain] = chainsOf(network);
  if (first === undefined || chain === undefined) throw new Error("a network has a node and a chain");
  const accounts: Partial<Record<ChainName, string[]>> = {};
  for (const each of chainsOf(network)) {
    const known = [...(await operatorAddresses(dir, each)).values()];
    accounts[each] = [...known, ...[...(keys[each]?.accounts.values() ?? [])].map(({ address }) => address)];
  }
  const tokenKey = await readFile(join(nodeFolder(dir, first, chain), "jwt-public.pem"), "utf8");
  return { keys, tokenKey, authority: await authorityIn(dir, network), now: new Date(), accounts };
}

async function authorityIn(dir: string, { tls }: NetworkFile): Promise<Authority | undefined> {
  if (tls !== true) return undefined;
  const key = join(dir, "secrets", "ca-private.pem");
  const read = (file: string): Promise<string> =>
    readFile(file, "utf8").catch((cause: unknown) => {
      throw new InputError({ file }, "it can't be read", "Only the folder that init made has it", { cause });
    });
  return authorityOf(await read(join(dir, "tls", "ca.pem")), await read(key));
}
