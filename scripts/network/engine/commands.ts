/** The subcommands of `npm run network` that run nodes. */
import { setTimeout as sleep } from "node:timers/promises";
import { resolve } from "node:path";

import { Option, type Command } from "commander";

import { positive, subcommand } from "../../inputs/arguments.js";
import { InputError } from "../../inputs/error.js";
import { stopSignal, type Print } from "../../run.js";
import {
  CHAIN_NAMES,
  chainsOf,
  DEFAULT_NETWORK_FOLDER,
  nodeNamed,
  readNetworkFile,
  type ChainName,
} from "../network-file.js";
import { folderPassword } from "../password.js";
import { Agents } from "./agents.js";
import { alone } from "./alone.js";
import { partName, type Part } from "./engine.js";
import { readDrift } from "./list-drift.js";
import { nodeRpcs } from "./node-rpc.js";
import { ENGINE_KINDS, openEngine, type EngineKind } from "./open-engine.js";
import { partsHere, partsOf } from "./parts.js";
import { down, restart } from "./restarting.js";
import { endPart, type Site } from "./starting.js";
import { statusText } from "./status-text.js";
import { readStatus } from "./status.js";
import { defaultSilence, unstick } from "./unstick.js";
import { up } from "./up.js";

export interface RunOptions {
  readonly dir: string;
  readonly engine?: EngineKind;
  readonly chain?: ChainName;
  readonly deployment?: string;
  readonly passwordFile?: string;
}

const LOG_LINES = 20;
const AGREE_SECONDS = 30;
const WATCH_SECONDS = 2;

export function addRunCommands(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  addUpAndDown(program, print, environment);
  addOneNode(program, print, environment);
  addReaders(program, print);
  addUnstick(program, print, environment);
}

export async function openSite(
  { dir: folder, engine: kind, deployment }: RunOptions,
  environment: NodeJS.ProcessEnv,
  starts: boolean,
): Promise<Site> {
  const dir = resolve(folder);
  const network = await readNetworkFile(dir);
  const engine = await openEngine({ dir, network, environment, kind, starts });
  const agents = new Agents({ dir, deployment, environment });
  return { dir, network, engine, agents, rpcOf: await nodeRpcs(dir, network) };
}

export function run(program: Command, name: string, description: string): Command {
  return subcommand(program, name, description)
    .option("--dir <dir>", "the network's folder", DEFAULT_NETWORK_FOLDER)
    .addOption(new Option("--chain <name>", "one of the chains alone").choices(CHAIN_NAMES))
    .addOption(new Option("--engine <kind>", "what runs the nodes (default: what is there)").choices(ENGINE_KINDS));
}

function deployed(command: Command): Command {
  return command.option("--deployment <file>", "what agents go by (default: deployments/NAME.json)");
}

export function starts(command: Command): Command {
  return deployed(command).option("--password-file <file>", "holds the password of the keys (default: asked for)");
}

function addUpAndDown(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  starts(run(program, "up", "Starts this machine's nodes and their agents, and waits until they make blocks."))
    .argument("[nodes...]", "names (default: all whose host is this machine)")
    .action(async (nodes: string[], options: RunOptions) => {
      const stopped = stopSignal();
      const site = await openSite(options, environment, true);
      const parts = await partsHere(partsOf(site.network, { nodes: someOf(nodes), chain: options.chain }));
      print(`Network ${site.network.name}: ${parts.length} nodes by ${site.engine.kind} (${site.engine.version})`);
      const password = await folderPassword({ passwordFile: options.passwordFile, environment });
      const started = await alone(site.dir, () => up(site, parts, { password, stopped, warn: print }));
      print(`${started.length} started, ${parts.length - started.length} ran already. See network status.`);
    });
  run(program, "down", "Ends this machine's nodes and their agents; what they stored stays.")
    .argument("[nodes...]", "names (default: all)")
    .action(async (nodes: string[], options: RunOptions) => {
      const site = await openSite(options, environment, false);
      const parts = await partsHere(partsOf(site.network, { nodes: someOf(nodes), chain: options.chain }));
      print(`${(await alone(site.dir, () => down(site, parts))).length} ended.`);
    });
}

function addOneNode(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  run(program, "kill", "Ends a node at once, as a power cut would (kill -9).")
    .argument("<node>", "its name, or an accountant's number")
    .action(async (name: string, options: RunOptions) => {
      const site = await openSite(options, environment, false);
      for (const part of await namedParts(site, name, options)) {
        await endPart(site, part, "kill");
        print(`Killed ${partName(part)}.`);
      }
    });
  starts(run(program, "restart", "Ends a node if it runs, and starts it."))
    .argument("<node>", "its name, or an accountant's number")
    .action(async (name: string, options: RunOptions) => {
      const stopped = stopSignal();
      const site = await openSite(options, environment, true);
      const parts = await namedParts(site, name, options);
      const password = await folderPassword({ passwordFile: options.passwordFile, environment });
      for (const part of parts) {
        await alone(site.dir, () => restart(site, part, password, stopped));
        print(`${partName(part)} runs.`);
      }
    });
  run(program, "logs", "Shows what a node logged.")
    .argument("<node>", "its name, or an accountant's number")
    .option("--lines <n>", "the last so many", positive, LOG_LINES)
    .option("--follow", "and what it logs from now on, until Ctrl-C", false)
    .action(async (name: string, options: RunOptions & { lines: number; follow: boolean }) => {
      const stopped = stopSignal();
      const site = await openSite(options, environment, false);
      const parts = await namedParts(site, name, options);
      const [part, ...others] = parts;
      if (part === undefined) return;
      if (options.follow) {
        if (others.length > 0) {
          throw new InputError({ file: "logs --follow" }, `${name} has a log for each chain`, "Name one with --chain");
        }
        await site.engine.followLog(part, options.lines, stopped, print);
        return;
      }
      for (const each of parts) {
        if (others.length > 0) print(`${partName(each)}:`);
        for (const line of await site.engine.logTail(each, options.lines)) print(line);
      }
    });
}

function addReaders(program: Command, print: Print): void {
  const show = async (options: RunOptions, json: boolean): Promise<void> => {
    const dir = resolve(options.dir);
    const network = await readNetworkFile(dir);
    const rpcOf = await nodeRpcs(dir, network);
    const chains = options.chain === undefined ? chainsOf(network) : [options.chain];
    const statuses = await Promise.all(
      chains.map(async (chain) => {
        const status = await readStatus(network, rpcOf, chain);
        return { ...status, lists: await readDrift({ dir, network, deployment: options.deployment }, status) };
      }),
    );
    print(json ? JSON.stringify({ network: network.name, chains: statuses }) : statuses.map(statusText).join("\n\n"));
  };
  deployed(run(program, "status", "Shows each node: head, peers, sets, turns, misses, allow-lists."))
    .option("--json", "print one JSON object", false)
    .action((options: RunOptions & { json: boolean }) => show(options, options.json));
  deployed(run(program, "watch", "Shows the status again and again, until Ctrl-C."))
    .option("--every <seconds>", "how often", positive, WATCH_SECONDS)
    .option("--json", "print a JSON object a line", false)
    .action(async (options: RunOptions & { every: number; json: boolean }) => {
      const stopped = stopSignal();
      while (!stopped.aborted) {
        if (!options.json && process.stdout.isTTY) print("\u001b[2J\u001b[H");
        await show(options, options.json);
        await sleep(options.every * 1_000, undefined, { signal: stopped }).catch(() => undefined);
      }
    });
}

function addUnstick(program: Command, print: Print, environment: NodeJS.ProcessEnv): void {
  starts(run(program, "unstick", "Restarts a chain's accountants together after it stood still."))
    .option("--silence <seconds>", "least age of the last block (default: the time of rounds 0 to 3)", positive)
    .option("--agree <seconds>", "how long to wait until all show one head", positive, AGREE_SECONDS)
    .action(async (options: RunOptions & { silence?: number; agree: number }) => {
      const stopped = stopSignal();
      const site = await openSite(options, environment, true);
      const { chain } = options;
      const chains = chainsOf(site.network);
      const [only] = chains;
      const stuck = chain ?? (chains.length === 1 ? only : undefined);
      if (stuck === undefined) {
        throw new InputError(
          { file: "unstick" },
          "the network has two chains",
          "Name the one that stands with --chain",
        );
      }
      const password = await folderPassword({ passwordFile: options.passwordFile, environment });
      const silenceSeconds = options.silence ?? defaultSilence(site.network.requestTimeoutSeconds);
      const how = { password, silenceSeconds, agreeSeconds: options.agree, stopped, print };
      await alone(site.dir, () => unstick(site, stuck, how));
      print(`The ${stuck} chain makes blocks again.`);
    });
}

/** `2` is the second accountant. */
async function namedParts(site: Site, name: string, { chain }: RunOptions): Promise<Part[]> {
  const node = /^\d+$/.test(name) ? `accountant${name}` : name;
  nodeNamed(site.network, node);
  return partsHere(partsOf(site.network, { nodes: [node], chain }));
}

function someOf(names: readonly string[]): readonly string[] | undefined {
  return names.length === 0 ? undefined : names;
}
