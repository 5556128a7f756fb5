/** `npm run light-node`: follows a chain by its headers, and answers from full nodes with everything checked. */
import { Command, InvalidArgumentError, Option } from "commander";

import { checkpointOf } from "../../light/index.js";
import { port, positive, subcommand, whole } from "../inputs/arguments.js";
import { InputError } from "../inputs/error.js";
import type { Print } from "../run.js";
import { follow, requireTrusted, type FollowOptions } from "./follow.js";
import { addGetCommands } from "./get-commands.js";
import { jsonOf } from "./json.js";
import { writeForks } from "./fork-files.js";
import { openLight, TRUSTING_SECONDS, type ChainOptions, type OpenLight } from "./open.js";

const SERVED_PORT = 8_645;

export function lightNodeCommand(print: Print, complain: Print): Command {
  const program = new Command("light-node")
    .description("Keeps a chain's headers, checks everything else against them, and watches the full nodes.")
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .addOption(new Option("--chain <name>", "which of the two").choices(["transaction", "user"]).default("transaction"))
    .option("--rpc <urls>", "full nodes, comma-separated (default: the deployment file's)", urls)
    .requiredOption("--db <file>", "the headers; made when it is not there")
    .option(
      "--trusting-seconds <n>",
      `for how long a set of accountants is believed (default: the deployment file's, else ${TRUSTING_SECONDS})`,
      whole,
    )
    .option("--evidence <folder>", "where lies that a header shows are kept, for npm run audit -- check")
    .addHelpText("after", "\nbackup: full copies of the chain; see npm run light-node -- backup --help")
    .allowExcessArguments(false)
    .exitOverride();
  follows(program.command("follow", { isDefault: true }).description("follows the chain until stopped"))
    .option("--once", "ends at the head, when all is filled in", false)
    .exitOverride()
    .action((_, command: Command) => follow(command.optsWithGlobals<FollowOptions>(), print, complain));
  follows(
    program.command("serve").description("follows the chain, and answers JSON-RPC on loopback with what is verified"),
  )
    .option("--port <n>", "of the endpoint", port, SERVED_PORT)
    .exitOverride()
    .action((_, command: Command) =>
      follow({ ...command.optsWithGlobals<FollowOptions>(), once: false }, print, complain),
    );
  addGetCommands(program, print, complain);
  addFiles(program, print);
  return program;
}

/** Options of all that follows the chain. */
function follows(command: Command): Command {
  return command
    .option("--genesis <file>", "genesis file to start from")
    .option("--checkpoint <file>", "checkpoint to start from, also when trust has lapsed")
    .option("--members <file>", "JSON array of accounts of which more than half must have signed the checkpoint")
    .option("--certificates <folder>", "set certificates, for nodes that have forgotten old states")
    .option("--keep <n>", "headers kept: all, or the newest so many", kept, "all")
    .option("--unproved", "goes on without proof where trust has lapsed; answers say so", false)
    .option("--samples <n>", "blocks read in full each round from a peer drawn by lot", count, 1)
    .option("--metrics-port <n>", "serves /metrics and /health there, on loopback", port)
    .option("--alert <file>", "file with the URL that lies, forks and trouble are posted to, as JSON")
    .allowExcessArguments(false);
}

function addFiles(program: Command, print: Print): void {
  const reads = async (command: Command, read: (light: OpenLight) => unknown): Promise<void> => {
    const light = await openLight(command.optsWithGlobals<ChainOptions>(), { mustExist: true });
    try {
      print(jsonOf(read(light)));
    } finally {
      light.store.close();
    }
  };
  subcommand(program, "status", "how far it is, and what is stored; JSON").action((_, command: Command) =>
    reads(command, statusOf),
  );
  subcommand(program, "peers", "what is known of each peer, over all starts; JSON")
    .option("--pardon <name>", "asks a peer again that was kept out")
    .action(({ pardon }: { pardon?: string }, command: Command) => reads(command, (light) => peersOf(light, pardon)));
  subcommand(program, "checkpoint", "the newest header and its set, to be signed and passed on; JSON").action(
    (_, command: Command) => reads(command, ({ rules, store }) => checkpointOf(rules, requireProven(store))),
  );
  subcommand(program, "forks", "blocks of one height that quorums sealed, with their headers; JSON")
    .option("--out <file>", "writes each as evidence for npm run audit -- check, instead of printing them")
    .option("--block <n>", "those of that height alone", whole)
    .action(async ({ out, block }: { out?: string; block?: bigint }, command: Command) => {
      const light = await openLight(command.optsWithGlobals<ChainOptions>(), { mustExist: true });
      try {
        const forks = light.store.forks.filter(({ number }) => block === undefined || BigInt(number) === block);
        if (out === undefined) print(jsonOf(forks));
        else for (const file of await writeForks(light, forks, out)) print(`Written: ${file}`);
      } finally {
        light.store.close();
      }
    });
}

/** What others shall sign must not rest on nothing. */
function requireProven(store: OpenLight["store"]): ReturnType<typeof requireTrusted> {
  const trusted = requireTrusted(store);
  if (trusted.isProven) return trusted;
  const advice = "Follow the chain from a checkpoint that members signed (--checkpoint)";
  throw new InputError({ file: store.path }, "its headers are not proved: they make no checkpoint", advice);
}

function peersOf({ store, peers }: OpenLight, pardoned: string | undefined): unknown {
  if (pardoned === undefined) return peers.records;
  const record = peers.records.find(({ name }) => name === pardoned);
  if (record === undefined) {
    const advice = `Give one of ${peers.records.map(({ name }) => name).join(", ")}`;
    throw new InputError({ file: "--pardon" }, `no peer is called ${pardoned}`, advice);
  }
  store.putPeer({ ...record, isOut: false });
  return { ...record, isOut: false };
}

function statusOf({ store, recoverName }: OpenLight): unknown {
  const { header, next, isProven } = requireTrusted(store);
  const { headers, bytes } = store.counts;
  const { number, hash, timestamp } = header;
  const head = { number, hash, timestamp, isProven, accountants: next.validators.length };
  const bytesPerHeader = Math.round(bytes / headers);
  // a block every two seconds
  const gibibytesPerYear = Math.round((bytesPerHeader * 15_768_000 * 10) / 2 ** 30) / 10;
  const stored = { headers, bytesPerHeader, gibibytesPerYear, gaps: store.gaps };
  return { head, stored, forks: store.forks.length, sealsRecoveredBy: recoverName };
}

function urls(text: string): string[] {
  return text.split(",").map((url) => url.trim());
}

function kept(text: string): bigint | "all" {
  return text === "all" ? text : BigInt(positive(text));
}

function count(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a whole number from 0 to 999.");
}
