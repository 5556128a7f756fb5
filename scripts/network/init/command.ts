/** `npm run network -- init`: a new network's folder. */
import { InvalidArgumentError, type Command } from "commander";

import { positive, subcommand } from "../../inputs/arguments.js";
import { InputError } from "../../inputs/error.js";
import type { Print } from "../../run.js";
import { CHAIN_NAMES, DEFAULT_NETWORK_FOLDER, imageName, nodeName, type ChainName } from "../network-file.js";
import { newFolderPassword } from "../password.js";
import { readHosts } from "./hosts-file.js";
import { initNetwork, requireNewFolder } from "./init.js";
import { planNodes, type PlanOptions } from "./plan.js";

interface InitCommandOptions {
  readonly accountants?: number;
  readonly standby?: number;
  readonly chains: readonly ChainName[];
  readonly out: string;
  readonly hosts?: string;
  readonly basePort: number;
  readonly name: string;
  readonly chainId: number;
  readonly genesisTime?: number;
  readonly slotSeconds: number;
  readonly tls: boolean;
  readonly image?: string;
  readonly blockGasLimit?: number;
  readonly seed?: number;
  readonly passwordFile?: string;
}

const ACCOUNTANTS = 4;
const STANDBY = 1;
const BASE_PORT = 30_300;
/** Of the transaction chain; the simulated ones are 410001 and 410002. */
const CHAIN_ID = 410_101;
/** Of a seeded network, whose bytes are always the same: 2026-01-01. */
const SEEDED_TIME = 1_767_225_600;
/** An accountant's share of what it does not trade away shows in markets of slots this short; contracts take no shorter. */
const LEAST_SLOT_SECONDS = 30;
/** The largest transaction (16,777,216, Osaka) fits, with room for what the chain itself needs: elections, reports. */
const LEAST_BLOCK_GAS = 20_000_000;
/** Against a zero too many. */
const MOST_BLOCK_GAS = 1_000_000_000;

export function addInitCommand(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  subcommand(
    program,
    "init",
    "Makes a network of real Besu nodes: keys, genesis blocks, permissions, units, containers.",
  )
    .option("--accountants <n>", `accountants that found it (default: ${ACCOUNTANTS}, or the hosts file's)`, count)
    .option("--standby <n>", `nodes that follow, and may be elected (default: ${STANDBY}, or the hosts file's)`, count)
    .option("--chains <names>", "user, transaction, or both with a comma", chainNames, [...CHAIN_NAMES])
    .option("--out <dir>", "the folder to make", DEFAULT_NETWORK_FOLDER)
    .option("--hosts <file>", "where each node runs, a line for each (default: all on 127.0.0.1)")
    .option("--base-port <n>", "first port of a host; its nth node has the ten from n tens on", positive, BASE_PORT)
    .option("--name <name>", "the network's name", name, "besu")
    .option("--chain-id <n>", "of the transaction chain; the user chain has the next one", positive, CHAIN_ID)
    .option("--genesis-time <seconds>", "Unix seconds of both blocks 0 (default: now)", positive)
    .option("--slot-seconds <n>", "length of a market slot, which the election's terms go by", positive, 900)
    .option("--image <name>", "Besu's container image, NAME:TAG or NAME@sha256:DIGEST (default: a tag)", image)
    .option("--block-gas-limit <n>", "gas of a block (default: docs/parameters.md)", blockGas)
    .option("--tls", "RPC over TLS, with an authority of the network's own", false)
    .option(
      "--seed <n>",
      "keys that follow from a number that everybody may know: for tests and simulations alone",
      count,
    )
    .option("--password-file <file>", "holds the password of all keys (default: asked for)")
    .action(async (options: InitCommandOptions) => {
      await init(options, print, environment);
    });
}

async function init(options: InitCommandOptions, print: Print, environment: NodeJS.ProcessEnv): Promise<void> {
  const { seed, genesisTime, slotSeconds, passwordFile, out } = options;
  if (slotSeconds < LEAST_SLOT_SECONDS) {
    throw new InputError({ file: "--slot-seconds" }, "slots are too short", `Take ${LEAST_SLOT_SECONDS} or more`);
  }
  await requireNewFolder(out); // first: nobody is asked for a password in vain
  const nodes = planNodes(await planOf(options));
  const password = await newFolderPassword({ passwordFile, environment });
  const time = genesisTime ?? (seed === undefined ? Math.floor(Date.now() / 1000) : SEEDED_TIME);
  print(`Making keys, and genesis blocks by their contracts' constructors: half a minute.`);
  const network = await initNetwork({ ...options, nodes, genesisTime: time, password });
  for (const [chain, { chainId, genesisHash }] of Object.entries(network.chains)) {
    print(`${chain} chain ${chainId}, genesis block ${genesisHash}`);
  }
  for (const { name, role, host, storage, chains } of network.nodes) {
    const ports = Object.entries(chains).map(([chain, { p2pPort, rpcPort, metricsPort, agentMetricsPort }]) => {
      return `${chain} ${p2pPort}/${rpcPort}/${metricsPort}/${agentMetricsPort}`;
    });
    print(`${name} (${role}, ${storage}) on ${host}, ports p2p/rpc/metrics/agent: ${ports.join(", ")}`);
  }
  print(`Written: ${out}. Next: npm run network -- up --dir ${out}`);
  if (seed === undefined) return;
  print(`NOT FOR PRODUCTION: every key follows from the seed ${seed}. Whoever knows it owns this network.`);
}

async function planOf(options: InitCommandOptions): Promise<PlanOptions> {
  const { accountants = ACCOUNTANTS, standby = STANDBY, chains, basePort, hosts: file } = options;
  const plan = { accountants, standby, chains, basePort };
  if (file === undefined) return plan;
  const lines = await readHosts(file);
  for (const [role, given] of [["accountant", options.accountants] as const, ["standby", options.standby] as const]) {
    const found = lines.filter((line) => line.role === role).length;
    if (given === undefined || given === found) continue;
    const problem = `it has ${found} lines of role ${role}, and ${given} were asked for`;
    throw new InputError({ file }, problem, "Leave the option out, or correct the file");
  }
  return { ...plan, hosts: { file, lines } };
}

function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a whole number.");
}

function name(text: string): string {
  if (nodeName.safeParse(text).success) return text;
  throw new InvalidArgumentError("Give small letters, digits and hyphens.");
}

function image(text: string): string {
  if (imageName.safeParse(text).success) return text;
  throw new InvalidArgumentError("Give NAME:TAG, not latest, or NAME@sha256: and 64 hex digits.");
}

function blockGas(text: string): number {
  const gas = positive(text);
  if (gas >= LEAST_BLOCK_GAS && gas <= MOST_BLOCK_GAS) return gas;
  throw new InvalidArgumentError(`Give ${LEAST_BLOCK_GAS} to ${MOST_BLOCK_GAS}.`);
}

function chainNames(text: string): ChainName[] {
  const given = text.split(",");
  const known = CHAIN_NAMES.filter((chain) => given.includes(chain));
  if (known.length === given.length && known.length > 0) return known;
  throw new InvalidArgumentError("Give user, transaction, or user,transaction.");
}
