/** `npm run accountants`: its subcommands and their options. Each opens a session, does one thing and says so. */
import { Wallet, type Signer } from "ethers";
import { Command, InvalidArgumentError, Option } from "commander";

import { isCommonwattError } from "../../sdk/errors.js";
import { parseCredits } from "../../sdk/units.js";
import { address, numbers, subcommand as sub, whole } from "../inputs/arguments.js";
import { InputError } from "../inputs/error.js";
import type { Print } from "../run.js";
import * as accountant from "./accountant.js";
import {
  namedKey,
  openSession,
  openSigningSession,
  type Environment,
  type SessionOptions,
  type SigningSession,
} from "../networks/session.js";
import { candidatesTable, readStatus, statusJson, statusText } from "./status.js";
import * as voter from "./voter.js";
import { watch, type WatchOptions } from "./watch.js";

/** A node's key, for what it signs itself; another than the account's. */
export const NODE_KEY_VARIABLE = "COMMONWATT_NODE_KEY";

interface ReadOptions extends SessionOptions {
  readonly json: boolean;
  readonly account?: string;
}

/** The command; it throws a CommanderError after it told what is wrong, or gave its help. */
export function accountantsCommand(environment: Environment, print: Print): Command {
  const program = new Command("accountants")
    .description("Who produces the blocks: candidates, votes, elections, missed turns, revenue.")
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .addOption(
      new Option("--chain <chain>", "which of the two").choices(["transaction", "user"]).default("transaction"),
    )
    .option("--rpc <url>", "endpoint of the chain (default: the deployment file's)")
    .option("--as <name>", "whose key of the keys file beside the deployment file signs, e.g. accountant1, 'home 7'")
    .option("--keystore <file>", "encrypted key that signs; else COMMONWATT_PRIVATE_KEY in the environment")
    .option("--password-file <file>", "password of the keystore; else COMMONWATT_KEYSTORE_PASSWORD in the environment")
    .allowExcessArguments(false)
    .exitOverride();
  addReaders(program, print);
  const signs = signer(environment, print);
  addVoters(program, signs);
  addAccountants(program, signs, environment);
  addAnyone(program, signs);
  addWatch(program, environment, print);
  return program;
}

/** Runs a step in a session that signs, and prints what it says. */
type Signs = (command: Command, step: (session: SigningSession) => Promise<string[]>) => Promise<void>;

function signer(environment: Environment, print: Print): Signs {
  return async (command, step) => {
    const session = await openSigningSession(command.optsWithGlobals<SessionOptions>(), environment);
    try {
      for (const line of await step(session)) print(line);
    } finally {
      session.close();
    }
  };
}

function addReaders(program: Command, print: Print): void {
  const reading = async (command: Command, text: (status: Awaited<ReturnType<typeof readStatus>>) => string) => {
    const options = command.optsWithGlobals<ReadOptions>();
    const session = await openSession(options);
    try {
      print(text(await readStatus(session.chain, await accountOf(options))));
    } finally {
      session.close();
    }
  };
  sub(program, "candidates", "all candidates, with weights, misses and deposits")
    .option("--json", "print one JSON object", false)
    .action((options: ReadOptions, command: Command) =>
      reading(command, (status) => (options.json ? statusJson(status.candidates) : candidatesTable(status, "whole"))),
    );
  sub(program, "status", "seats, votes, epoch, misses, jail, revenue; with --as or --account one voter's too")
    .option("--json", "print one JSON object", false)
    .option("--account <address>", "a voter", address)
    .action((options: ReadOptions, command: Command) => reading(command, options.json ? statusJson : statusText));
}

function addVoters(program: Command, signs: Signs): void {
  sub(program, "vote", "casts the ballot for 1 to 30 candidates, instead of an earlier one")
    .argument("<candidates...>", "numbers", numbers)
    .option("--stake <credits>", "locks so many more credits before", credits)
    .option("--from-escrow", "takes what the account lacks for it out of the market's escrow", false)
    .action((candidates: bigint[], options: voter.VoteOptions, command: Command) =>
      signs(command, (session) => voter.vote(session, candidates, options)),
    );
  sub(program, "unvote", "ends the ballot").action((_, command: Command) => signs(command, voter.unvote));
  sub(program, "withdraw-stake", "takes the stake out, when it is free").action((_, command: Command) =>
    signs(command, voter.takeStake),
  );
  sub(program, "back-removal", "backs the removal of a candidate")
    .argument("<candidate>", "number", whole)
    .action((candidate: bigint, _, command: Command) => signs(command, (session) => voter.back(session, candidate)));
  sub(program, "withdraw-removal", "backs no removal any more").action((_, command: Command) =>
    signs(command, voter.unback),
  );
}

function addAccountants(program: Command, signs: Signs, environment: Environment): void {
  const withNode = (name: string, description: string): Command =>
    sub(program, name, description).option(
      "--node <name>",
      `whose key of the keys file the node seals with; else ${NODE_KEY_VARIABLE} in the environment`,
    );
  withNode("register", "becomes a candidate")
    .option("--deposit <credits>", "lets the election take so many; on the transaction chain the minimum", credits)
    .action((options: { node?: string; deposit?: bigint }, command: Command) =>
      signs(command, async (session) =>
        accountant.register(session, await nodeKey(command, options.node, environment), options.deposit),
      ),
    );
  sub(program, "add-deposit", "adds to the deposit")
    .argument("<credits>", "how many", credits)
    .action((amount: bigint, _, command: Command) =>
      signs(command, (session) => accountant.addDeposit(session, amount)),
    );
  sub(program, "withdraw-deposit", "takes the deposit out after resigning, when it is free").action(
    (_, command: Command) => signs(command, accountant.withdrawDeposit),
  );
  withNode("change-node", "seals with another key from the next block on").action(
    (options: { node?: string }, command: Command) =>
      signs(command, async (session) =>
        accountant.replaceNode(session, await nodeKey(command, options.node, environment)),
      ),
  );
  sub(program, "resign", "leaves the seat, and is no candidate").action((_, command: Command) =>
    signs(command, accountant.resign),
  );
  sub(program, "stand", "wants a seat again").action((_, command: Command) => signs(command, accountant.stand));
  sub(program, "unjail", "asks to be a candidate again after jail").action((_, command: Command) =>
    signs(command, accountant.unjail),
  );
  sub(program, "absent", "announces that turns may be missed")
    .argument("<from>", "first block", whole)
    .argument("<to>", "last block", whole)
    .action((from: bigint, to: bigint, _, command: Command) =>
      signs(command, (session) => accountant.absent(session, from, to)),
    );
}

function addAnyone(program: Command, signs: Signs): void {
  sub(program, "elect", "holds the epoch's election").action((_, command: Command) =>
    signs(command, accountant.holdEpoch),
  );
  sub(program, "vacate", "gives a seat, whose holder may not have it, to the next")
    .argument("<candidate>", "number", whole)
    .action((candidate: bigint, _, command: Command) =>
      signs(command, (session) => accountant.vacate(session, candidate)),
    );
  sub(program, "drop-ballot", "ends the ballot of a voter that is admitted no more")
    .argument("<address>", "whose", address)
    .action((voterAddress: string, _, command: Command) =>
      signs(command, (session) => voter.drop(session, voterAddress)),
    );
  sub(program, "report-miss", "lets the court judge who missed a turn before a block; without one, all in reach")
    .argument("[block]", "its number", whole)
    .action((block: bigint | undefined, _, command: Command) =>
      signs(command, (session) => accountant.reportMiss(session, block)),
    );
  sub(program, "report-seals", "proves that one key sealed two blocks of one number and round")
    .argument("<first>", "file with a header: RLP in hex, or the block's JSON")
    .argument("<second>", "the other header")
    .action((first: string, second: string, _, command: Command) =>
      signs(command, (session) => accountant.reportSeals(session, [first, second])),
    );
  sub(program, "claim", "pays an account its fees and its ballot's rewards")
    .option("--account <address>", "whose; else the signer's", address)
    .action((options: { account?: string }, command: Command) =>
      signs(command, (session) => voter.claim(session, options.account ?? session.account)),
    );
}

function addWatch(program: Command, environment: Environment, print: Print): void {
  sub(program, "watch", "closes epochs, reports missed turns, keeps a certificate of every set; until it is stopped")
    .option("--certificates <folder>", "where they are kept", "certificates")
    .option("--read-only", "keeps certificates alone, and needs no key", false)
    .option("--json", "print a JSON object a line", false)
    .action((_, command: Command) =>
      watch(command.optsWithGlobals<SessionOptions & WatchOptions>(), environment, print),
    );
}

async function accountOf(options: ReadOptions): Promise<string | undefined> {
  return (
    options.account ?? (options.as === undefined ? undefined : (await namedKey(options.as, "--as", options)).address)
  );
}

async function nodeKey(command: Command, name: string | undefined, environment: Environment): Promise<Signer> {
  if (name !== undefined) return namedKey(name, "--node", command.optsWithGlobals<SessionOptions>());
  const key = environment[NODE_KEY_VARIABLE];
  if (!key) {
    const advice = `Name it with --node, or set ${NODE_KEY_VARIABLE} in the environment`;
    throw new InputError({ file: "--node" }, "the node's key is not given", advice);
  }
  try {
    return new Wallet(key);
  } catch {
    // the cause would quote what was given
    throw new InputError(
      { file: NODE_KEY_VARIABLE },
      "its value is not a private key",
      "Set it to 0x and 64 hex digits",
    );
  }
}

function credits(text: string): bigint {
  try {
    const amount = parseCredits(text);
    if (amount > 0n) return amount;
  } catch (error) {
    if (!isCommonwattError(error)) throw error;
    throw new InvalidArgumentError(error.message);
  }
  throw new InvalidArgumentError("Give an amount above zero.");
}
