/** `npm run network -- agent`, `announce` and `withdraw`. */
import { existsSync } from "node:fs";

import { Option, type Command } from "commander";
import { pino, stdTimeFunctions, type Logger } from "pino";

import type { Deployment } from "../../../sdk/deployments/index.js";
import { deploymentPath, readDeployment } from "../../../sdk/node/deployments.js";
import { port, subcommand } from "../../inputs/arguments.js";
import { InputError } from "../../inputs/error.js";
import { stopSignal, type Print } from "../../run.js";
import type { MetricsServer } from "../../exposition.js";
import {
  CHAIN_NAMES,
  DEFAULT_NETWORK_FOLDER,
  nodeNamed,
  nodeOnChain,
  readNetworkFile,
  type ChainName,
} from "../network-file.js";
import { agentName, openOperator } from "../operators.js";
import { folderPassword } from "../password.js";
import { PermissionAgent } from "./agent.js";
import { alwaysListed, ALWAYS_FILE } from "./always.js";
import { announcePart, withdrawPart } from "./announce.js";
import { ListAttester } from "./attester.js";
import { followed } from "./followed.js";
import { newVitals, runAgent } from "./loop.js";
import { METRICS_OPTION, serveAgentMetrics } from "./metrics.js";
import { awaitDeployment, openChainPatiently, openNode, type FolderPart } from "./open.js";

interface AgentOptions {
  readonly dir: string;
  readonly node: string;
  readonly chain: ChainName;
  readonly deployment?: string;
  readonly always?: string;
  readonly passwordFile?: string;
  readonly metricsPort?: number;
}

interface AnnounceOptions {
  readonly dir: string;
  readonly node?: string[];
  readonly chain?: ChainName;
  readonly deployment?: string;
  readonly passwordFile?: string;
}

export function addAgentCommands(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  withFolder(subcommand(program, "agent", "Keeps a node's allow-lists what the contracts say, until it is stopped."))
    .requiredOption("--node <name>", "the node, as network.json names it")
    .addOption(chainOption().makeOptionMandatory())
    .option("--always <file>", `accounts that are always listed (default: the folder's ${ALWAYS_FILE})`)
    .option(`${METRICS_OPTION} <port>`, "metrics and health, on loopback (default: as in network.json)", port)
    .action((options: AgentOptions) => agent(options, environment));
  for (const [name, description, step] of [
    ["announce", "Announces nodes in NodeDirectory, so that others list them and connect.", announcePart],
    ["withdraw", "Takes nodes out of NodeDirectory.", withdrawPart],
  ] as const) {
    withFolder(subcommand(program, name, description))
      .option("--node <names...>", "which nodes (default: all of the folder)")
      .addOption(chainOption())
      .action(async (options: AnnounceOptions) => {
        const parts = await partsOf(options);
        const deployment = await deploymentFor(options);
        const password = await folderPassword({ passwordFile: options.passwordFile, environment });
        for (const part of parts) print(await step(part, deployment, password));
      });
  }
}

async function agent(options: AgentOptions, environment: NodeJS.ProcessEnv): Promise<void> {
  const signal = stopSignal(); // from the start, so that a signal during the set-up is not lost
  const { dir, chain: kind, always: alwaysFile } = options;
  const network = await readNetworkFile(dir);
  const node = nodeNamed(network, options.node);
  const { address: self, agentMetricsPort } = nodeOnChain(node, kind);
  const part: FolderPart = { dir, network, node, chain: kind };
  const always = (): Promise<string[]> => alwaysListed(dir, kind, alwaysFile);
  await always(); // a fault of the file is told now, not in each round
  const wallet = await openOperator(
    dir,
    kind,
    agentName(node),
    await folderPassword({ passwordFile: options.passwordFile, environment }),
  );
  const log = agentLog(environment["LOG_LEVEL"]).child({ node: node.name, chain: kind });
  const vitals = newVitals();
  let metrics: MetricsServer | undefined;
  try {
    metrics = await serveAgentMetrics(options.metricsPort ?? agentMetricsPort, vitals);
    const besu = await openNode(part);
    const file = options.deployment ?? deploymentPath(network.name);
    const deployment = await awaitDeployment(file, part, besu, { signal, log });
    if (deployment === undefined) return;
    const opened = await openChainPatiently(part, deployment, (provider) => wallet.connect(provider), { signal, log });
    if (opened === undefined) return;
    try {
      log.info({ account: wallet.address, self, metrics: metrics?.url }, "the permission agent runs");
      const permissions = new PermissionAgent({ node: besu, chain: followed(opened.chain), self, always });
      const attester = new ListAttester(opened.chain, wallet.address, self);
      const pollMilliseconds = network.blockSeconds * 1_000;
      await runAgent({ agent: permissions, attester, vitals, log, pollMilliseconds, signal });
    } finally {
      opened.close();
    }
  } finally {
    if (signal.aborted) log.info("the permission agent stops");
    await metrics?.close();
  }
}

async function partsOf({ dir, node: names, chain }: AnnounceOptions): Promise<FolderPart[]> {
  const network = await readNetworkFile(dir);
  const nodes = names === undefined ? network.nodes : names.map((name) => nodeNamed(network, name));
  return nodes.flatMap((node) =>
    CHAIN_NAMES.filter((one) => node.chains[one] !== undefined && (chain ?? one) === one).map((one) => {
      return { dir, network, node, chain: one };
    }),
  );
}

async function deploymentFor({ dir, deployment }: AnnounceOptions): Promise<Deployment> {
  const file = deployment ?? deploymentPath((await readNetworkFile(dir)).name);
  if (existsSync(file)) return readDeployment(file);
  const advice = "Deploy first (npm run network -- deploy), or name the file with --deployment";
  throw new InputError({ file }, "there is no deployment file", advice);
}

function withFolder(command: Command): Command {
  return command
    .option("--dir <dir>", "the network's folder", DEFAULT_NETWORK_FOLDER)
    .option("--deployment <file>", "the deployment file (default: deployments/NAME.json)")
    .option("--password-file <file>", "holds the password of the keys (default: asked for)");
}

const chainOption = (): Option => new Option("--chain <chain>", "which of the two").choices([...CHAIN_NAMES]);

/** JSON lines on standard error; no secret is ever among what is logged. */
function agentLog(level = "info"): Logger {
  return pino({ name: "agent", level, timestamp: stdTimeFunctions.isoTime }, pino.destination(2));
}
