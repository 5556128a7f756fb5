/** `npm run light-node`: follows a chain by its headers, and answers from full nodes with everything checked. */
import { setTimeout as pause } from "node:timers/promises";

import { Command, InvalidArgumentError, Option } from "commander";

import { checkpointOf } from "../../light/index.js";
import { address, positive, subcommand, whole, word } from "../inputs/arguments.js";
import { InputError } from "../inputs/error.js";
import { Random } from "../inputs/random.js";
import { stopSignal, type Print } from "../run.js";
import { getBalance, getBlock, getLogs, getTransaction, getWord } from "./answers.js";
import {
  certificateFolder,
  openLight,
  trustStart,
  type ChainOptions,
  type OpenLight,
  type StartOptions,
} from "./open.js";
import { superviseOnce } from "./supervise.js";
import { Follower } from "./sync.js";

/** Two thirds of what the election locks stakes for (docs/light-node.md). */
const TRUSTING_SECONDS = 1_209_600n;
const ROUND_MILLISECONDS = 2_000;
/** Ancestors filled in a round, so that the head is looked at again in between. */
const FILLED_A_ROUND = 1_024;

interface FollowOptions extends ChainOptions, StartOptions {
  readonly keep: bigint | "all";
  readonly certificates?: string;
  readonly once: boolean;
  readonly samples: number;
}

export function lightNodeCommand(print: Print, complain: Print): Command {
  const program = new Command("light-node")
    .description("Keeps a chain's headers, checks everything else against them, and watches the full nodes.")
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .addOption(new Option("--chain <name>", "which of the two").choices(["transaction", "user"]).default("transaction"))
    .option("--rpc <urls>", "full nodes, comma-separated (default: the deployment file's)", urls)
    .requiredOption("--db <file>", "the headers; made when it is not there")
    .option("--trusting-seconds <n>", "for how long a set of accountants is believed", whole, TRUSTING_SECONDS)
    .allowExcessArguments(false)
    .exitOverride();
  program
    .command("follow", { isDefault: true })
    .description("follows the chain until stopped")
    .option("--genesis <file>", "genesis file to start from")
    .option("--checkpoint <file>", "checkpoint to start from, also when trust has lapsed")
    .option("--members <file>", "JSON array of accounts of which more than half must have signed the checkpoint")
    .option("--certificates <folder>", "set certificates, for nodes that have forgotten old states")
    .option("--keep <n>", "headers kept: all, or the newest so many", kept, "all")
    .option("--unproved", "goes on without proof where trust has lapsed; answers say so", false)
    .option("--samples <n>", "blocks read in full each round from a peer drawn by lot", count, 1)
    .option("--once", "ends at the head, when all is filled in", false)
    .exitOverride()
    .action((_, command: Command) => follow(command.optsWithGlobals<FollowOptions>(), print, complain));
  addGet(program, print);
  addFiles(program, print);
  return program;
}

async function follow(options: FollowOptions, print: Print, complain: Print): Promise<void> {
  const stop = options.once ? undefined : stopSignal();
  const light = await openLight(options, { onLie: ({ peer, what }) => complain(`${peer} is kept out: ${what}`) });
  const { store, peers, rules } = light;
  try {
    const now = (): bigint => BigInt(Math.floor(Date.now() / 1_000));
    await trustStart(light, options, now());
    const follower = new Follower({
      ...{ rules, store, peers, now, mayBeUnproved: options.unproved },
      ...(options.keep === "all" ? {} : { keep: options.keep }),
      ...(options.certificates && { certificates: certificateFolder(options.certificates, rules.chainId) }),
      onFork: ({ number, hashes }) =>
        complain(`FORK at block ${number}: ${hashes.join(" and ")}, both sealed by a quorum`),
    });
    const random = new Random(`${now()} ${process.pid}`);
    let last = -1n;
    while (stop?.aborted !== true) {
      const round = await follower.round(options.once ? Number.MAX_SAFE_INTEGER : FILLED_A_ROUND);
      await superviseOnce({ store, peers, random }, options.samples);
      if (round.head !== last || options.once) print(lineOf(light, round.isProven));
      last = round.head;
      requirePeer(light);
      if (options.once) break;
      await pause(ROUND_MILLISECONDS, undefined, stop && { signal: stop }).catch(() => undefined);
    }
  } finally {
    store.close();
  }
}

function addGet(program: Command, print: Print): void {
  const get = program
    .command("get")
    .description("what a full node says, checked against the headers; JSON")
    .exitOverride();
  const asks = async (command: Command, ask: (light: OpenLight) => Promise<unknown>): Promise<void> => {
    const light = await openLight(command.optsWithGlobals<ChainOptions>(), { mustExist: true });
    try {
      print(jsonOf(await ask(light)));
    } finally {
      light.store.close();
    }
  };
  const at = (command: Command): Command =>
    command.option("--block <n>", "after which block (default: the head)", whole);
  subcommand(get, "block", "a block's transactions, receipts and logs")
    .argument("[number]", "default: the head", whole)
    .action((number: bigint | undefined, _, command: Command) =>
      asks(command, async (light) => {
        const { value, checkedAgainst } = await getBlock(light, number);
        const { transactions, logs } = value;
        return { value: { transactions, logs }, checkedAgainst };
      }),
    );
  subcommand(get, "tx", "a transaction and its receipt")
    .argument("<hash>", "of the transaction", word)
    .action((hash: string, _, command: Command) => asks(command, (light) => getTransaction(light, hash)));
  subcommand(get, "receipt", "a transaction's receipt")
    .argument("<hash>", "of the transaction", word)
    .action((hash: string, _, command: Command) =>
      asks(command, async (light) => {
        const { value, checkedAgainst } = await getTransaction(light, hash);
        return { value: value.receipt, checkedAgainst };
      }),
    );
  at(subcommand(get, "balance", "an account's balance in wei"))
    .argument("<account>", "its address", address)
    .action((account: string, options: { block?: bigint }, command: Command) =>
      asks(command, (light) => getBalance(light, account, options.block)),
    );
  at(subcommand(get, "word", "a word of a contract's storage"))
    .argument("<account>", "the contract's address", address)
    .argument("<slot>", "0x and 64 hex digits", word)
    .action((account: string, slot: string, { block }: { block?: bigint }, command: Command) =>
      asks(command, (light) =>
        getWord(light, { account, slot: BigInt(slot), ...(block === undefined ? {} : { number: block }) }),
      ),
    );
  subcommand(get, "logs", "all logs of a range, or where that is not proven")
    .option("--from <n>", "first block", whole, 0n)
    .option("--to <n>", "last block (default: the head)", whole)
    .option("--address <account>", "whose", address)
    .option("--topic <topic>", "topic 0", word)
    .action((options: { from: bigint; to?: bigint; address?: string; topic?: string }, command: Command) =>
      asks(command, (light) => {
        const to = options.to ?? light.store.trustedNumber ?? 0n;
        const { address: of, topic } = options;
        const filter = { addresses: of === undefined ? undefined : [of], topics: topic === undefined ? [] : [[topic]] };
        return getLogs(light, filter, { from: options.from, to });
      }),
    );
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
  subcommand(program, "checkpoint", "the newest header and its set, to be signed and passed on; JSON").action(
    (_, command: Command) => reads(command, ({ rules, store }) => checkpointOf(rules, requireTrusted(store))),
  );
  subcommand(program, "forks", "blocks of one height that quorums sealed, with their headers; JSON").action(
    (_, command: Command) => reads(command, ({ store }) => store.forks),
  );
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

function requireTrusted(store: OpenLight["store"]): NonNullable<OpenLight["store"]["trusted"]> {
  const { trusted } = store;
  if (trusted !== undefined) return trusted;
  throw new InputError({ file: store.path }, "it follows no chain yet", "Follow it first: npm run light-node");
}

function requirePeer({ peers }: OpenLight): void {
  if (peers.trusted.length > 0) return;
  const problems = peers.records.map(({ name, lastProblem }) => `${name}: ${lastProblem ?? ""}`).join("; ");
  throw new InputError({ file: "--rpc" }, `no peer is left (${problems})`, "Name other peers");
}

function lineOf({ store, peers }: OpenLight, isProven: boolean): string {
  const { header } = requireTrusted(store);
  const missing = store.gaps.reduce((sum, { low, high }) => sum + high - low + 1n, 0n);
  const out = peers.records.filter((record) => record.isOut).length;
  const label = isProven ? "" : ", UNPROVED";
  const notes = `${missing} headers to fill in, ${peers.trusted.length} peers, ${out} kept out${label}`;
  return `block ${header.number} ${header.hash} of ${new Date(Number(header.timestamp) * 1_000).toISOString()}: ${notes}`;
}

/** Integers as text: JSON has none above 2^53. */
function jsonOf(value: unknown): string {
  const text = (_: string, part: unknown): unknown => (typeof part === "bigint" ? part.toString() : part);
  return JSON.stringify(value, text, 2);
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
