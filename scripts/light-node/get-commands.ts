/** `npm run light-node -- get`: what a full node says, held against the headers. */
import { Option, type Command } from "commander";

import { address, subcommand, whole, word } from "../inputs/arguments.js";
import { InputError } from "../inputs/error.js";
import type { Print } from "../run.js";
import { getBalance, getBlock, getLogs, getTransaction, getWord } from "./answers.js";
import { jsonOf } from "./json.js";
import { openLight, type ChainOptions, type OpenLight } from "./open.js";
import { firstBlockSince, getReading } from "./reading.js";

interface ReadingOptions {
  readonly from?: bigint;
  readonly to?: bigint;
  readonly slotSeconds?: bigint;
}

export function addGetCommands(program: Command, print: Print, complain: Print): void {
  const get = program
    .command("get")
    .description("what a full node says, checked against the headers; JSON")
    .exitOverride();
  const asks = async (command: Command, ask: (light: OpenLight) => Promise<unknown>): Promise<void> => {
    const light = await openLight(command.optsWithGlobals<ChainOptions>(), { mustExist: true, tell: complain });
    try {
      print(jsonOf(await ask(light)));
    } finally {
      await light.keeper?.write((number) => light.store.sealersOf(number));
      light.keeper?.close();
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
  subcommand(get, "reading", "whether a meter's reading of a slot was booked, and what was paid for it")
    .argument("<meter>", "number of the meter", whole)
    .argument("<slot>", "number of the slot", whole)
    .option("--from <n>", "first block (default: that of the deployment)", whole)
    .option("--to <n>", "last block (default: the head)", whole)
    .option("--slot-seconds <n>", "length of a slot: nothing before the slot's start is read then", whole)
    .action((meter: bigint, slot: bigint, options: ReadingOptions, command: Command) =>
      asks(command, (light) => reading(light, { meter, slot }, options)),
    );
  subcommand(get, "logs", "all logs of a range, or where that is not proven")
    .addOption(new Option("--from <n>", "first block").argParser(whole).default(0n, "0"))
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

async function reading(
  light: OpenLight,
  subject: { readonly meter: bigint; readonly slot: bigint },
  { from, to, slotSeconds }: ReadingOptions,
): Promise<unknown> {
  const { store, deployment } = light;
  const { transaction } = deployment.chains;
  if (BigInt(transaction.chainId) !== light.rules.chainId) {
    throw new InputError({ file: "--chain" }, "readings are on the transaction chain", "Give --chain transaction");
  }
  const asked = { from: from ?? BigInt(transaction.deploymentBlock), to: to ?? store.trustedNumber ?? 0n };
  const start = slotSeconds === undefined ? asked.from : firstBlockSince(store, subject.slot * slotSeconds, asked);
  return getReading(light, transaction, { ...subject, range: { ...asked, from: start } });
}
