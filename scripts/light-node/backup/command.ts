/** `npm run light-node -- backup`: an accountant's blocks in archive files, verified, restored, and told of on chain. */
import { Command, InvalidArgumentError, Option } from "commander";

import { endpointOf } from "../../../sdk/connect.js";
import { readDeployment } from "../../../sdk/node/deployments.js";
import { positive, subcommand } from "../../inputs/arguments.js";
import { InputError } from "../../inputs/error.js";
import { deploymentFileOf } from "../../networks/served.js";
import { openSession, openSigningSession, type Environment, type SessionOptions } from "../../networks/session.js";
import type { Print } from "../../run.js";
import { createBackup, SPAN_BLOCKS } from "./create.js";
import { exportBlocks, importIntoBesu } from "./restore.js";
import { openRpc } from "./rpc-source.js";
import { backupStatus, publishVerified, statusText } from "./status.js";
import { openTrust, trustedBlock, type TrustOptions } from "./trust.js";
import { verifyBackup, type VerifiedBackup } from "./verify.js";

interface CreateCommandOptions extends Omit<SessionOptions, "network"> {
  readonly network?: string;
  readonly from: number;
  readonly to?: number;
  readonly out: string;
  readonly span: number;
  readonly parallel: number;
  readonly perSecond?: number;
  readonly tokenFile?: string;
}

interface ReadCommandOptions extends TrustOptions {
  readonly in: string;
  readonly json: boolean;
}

interface RestoreCommandOptions extends ReadCommandOptions {
  readonly out: string;
  readonly besu?: string;
  readonly genesis?: string;
  readonly dataPath?: string;
  readonly format: "FOREST" | "BONSAI";
}

/** The command; it throws a CommanderError after it told what is wrong, or gave its help. */
export function backupCommand(environment: Environment, print: Print): Command {
  const backup = new Command("light-node backup")
    .description("Full copies of the chain in archive files: created, verified, restored, told of on chain.")
    .allowExcessArguments(false)
    .exitOverride();
  addCreate(backup, print);
  addVerify(backup, print);
  addRestore(backup, print);
  addPublish(backup, environment, print);
  addStatus(backup, print);
  return backup;
}

function addCreate(backup: Command, print: Print): void {
  withChain(subcommand(backup, "create", "Writes a node's blocks with their receipts; again: only what is missing."))
    .option("--network <name>", "local, besu, or a deployment file: the node must be of its chain")
    .option("--rpc <url>", "endpoint of the node (default: the deployment file's)")
    .option("--token-file <file>", "bearer token of the endpoint, read anew for each question")
    .option("--from <block>", "first block", blockNumber, 0)
    .option("--to <block>", "last block (default: the node's last one)", blockNumber)
    .requiredOption("--out <folder>", "where the files go; one folder a chain")
    .option("--span <blocks>", `blocks of a file, at most ${SPAN_BLOCKS}`, spanBlocks, SPAN_BLOCKS)
    .option("--parallel <n>", "questions at the same time", positive, 16)
    .option("--per-second <n>", "most questions a second", positive)
    .action(async (options: CreateCommandOptions) => create(options, print));
}

async function create(options: CreateCommandOptions, print: Print): Promise<void> {
  const { from, to, out, span, parallel, perSecond, tokenFile } = options;
  const deployment =
    options.network === undefined ? undefined : await readDeployment(deploymentFileOf(options.network));
  if (deployment === undefined && options.rpc === undefined) {
    throw new InputError({ file: "--rpc" }, "no node is named", "Give its endpoint, or a network with --network");
  }
  const url = deployment === undefined ? (options.rpc as string) : endpointOf(deployment, options.chain, options.rpc);
  const { source, close } = openRpc({
    url,
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  });
  try {
    const expected = deployment?.chains[options.chain];
    if (expected !== undefined) {
      const { chainId, genesisHash } = await source.chain();
      if (chainId !== expected.chainId || genesisHash !== expected.genesisHash) {
        const what = `it serves chain ${chainId}, which began with ${genesisHash}, not the ${options.chain} chain`;
        throw new InputError({ file: url }, what, "Name the endpoint of that chain, or another one with --chain");
      }
    }
    const created = await createBackup({
      ...{ source, folder: out, from, span, parallel },
      ...(to === undefined ? {} : { to }),
      onFile: ({ name, root, bytes, transactions }) =>
        print(`${name}: root ${root}, ${transactions} transactions, ${bytes} bytes`),
    });
    print(
      `Blocks ${created.from} to ${created.to} of chain ${created.chainId} (first block ${created.genesisHash}): ` +
        `${created.written.length} files written, ${created.kept.length} were there.`,
    );
  } finally {
    close();
  }
}

function addVerify(backup: Command, print: Print): void {
  withTrust(subcommand(backup, "verify", "Checks every byte, hash, link and root; names the first damage."))
    .option("--json", "print one JSON object", false)
    .action(async (options: ReadCommandOptions) => {
      const { hashes: _, ...verified } = await verifyIn(options);
      if (options.json) print(JSON.stringify(verified));
      else print(verifiedText(verified));
    });
}

function addRestore(backup: Command, print: Print): void {
  withTrust(subcommand(backup, "restore", "Verifies, and writes the blocks as Besu imports them; with --besu imports."))
    .requiredOption("--out <file>", "where the blocks go: RLP, one behind the other")
    .option("--besu <path>", "Besu's launcher; without it nothing is imported")
    .option("--genesis <file>", "the chain's genesis file, for Besu")
    .option("--data-path <folder>", "data folder of the node that is restored; it must not run")
    .addOption(
      new Option("--format <name>", "storage format of the node").choices(["FOREST", "BONSAI"]).default("BONSAI"),
    )
    .action(async (options: RestoreCommandOptions) => restore(options, print));
}

async function restore(options: RestoreCommandOptions, print: Print): Promise<void> {
  const { besu, genesis, dataPath, format, out } = options;
  if (besu !== undefined && (genesis === undefined || dataPath === undefined)) {
    const advice = "Give the genesis file, and the data folder of the node";
    throw new InputError({ file: "--besu" }, "Besu imports only with --genesis and --data-path", advice);
  }
  const trust = openTrust(options);
  try {
    const verified = await exportBlocks(options.in, trust.hashOf, out);
    print(`${verifiedText(verified)} Written to ${out}.`);
    if (besu === undefined || genesis === undefined || dataPath === undefined) {
      print("Import it with: besu --genesis-file=... --data-path=... blocks import --format=RLP --from=" + out);
      return;
    }
    await importIntoBesu({ besu, genesis, dataPath, format, blocks: out, onLine: print }, { number: verified.to });
    print(`Besu's folder ${dataPath} has all blocks up to ${verified.to}, ${verified.hashes.at(-1) ?? ""}.`);
  } finally {
    trust.close();
  }
}

function addPublish(backup: Command, environment: Environment, print: Print): void {
  withSession(withTrust(subcommand(backup, "publish", "Verifies, and tells on chain which blocks the member keeps.")))
    .option("--as <name>", "whose key of the keys file beside the deployment file signs, e.g. accountant1")
    .option("--keystore <file>", "encrypted key that signs; else COMMONWATT_PRIVATE_KEY in the environment")
    .option("--password-file <file>", "password of the keystore; else COMMONWATT_KEYSTORE_PASSWORD in the environment")
    .action(async (options: ReadCommandOptions & SessionOptions) => {
      const session = await openSigningSession(options, environment);
      try {
        const verified = await verifyIn(options);
        const ranges = await publishVerified(session.chain, session.account, verified);
        for (const { from, to, root } of ranges) print(`Published: blocks ${from} to ${to}, root ${root}`);
        print(`${session.account} keeps ${verified.files.length} files; ${ranges.length} of them were new on chain.`);
      } finally {
        session.close();
      }
    });
}

function addStatus(backup: Command, print: Print): void {
  withSession(withTrust(subcommand(backup, "status", "How many members keep a full copy of each block.")))
    .option("--min <copies>", "copies that each block should have (default: a third of the accountants)", positive)
    .option("--json", "print one JSON object", false)
    .action(async (options: ReadCommandOptions & SessionOptions & { readonly min?: number }) => {
      const session = await openSession(options);
      try {
        const status = await backupStatus(session.chain, await verifyIn(options, "headers"), options.min);
        if (options.json) print(JSON.stringify(status));
        else for (const line of statusText(status)) print(line);
      } finally {
        session.close();
      }
    });
}

async function verifyIn(options: ReadCommandOptions, depth: "all" | "headers" = "all"): Promise<VerifiedBackup> {
  const trust = openTrust(options);
  try {
    return await verifyBackup({ folder: options.in, hashOf: trust.hashOf, depth });
  } finally {
    trust.close();
  }
}

function verifiedText({ chainId, from, to, files, transactions, bytes }: Omit<VerifiedBackup, "hashes">): string {
  const blocks = to - from + 1;
  return (
    `Blocks ${from} to ${to} of chain ${chainId}, with ${transactions} transactions, are whole and the chain's: ` +
    `${files.length} files, ${bytes} bytes, ${Math.round(bytes / blocks)} a block.`
  );
}

function withChain(command: Command): Command {
  const choice = new Option("--chain <chain>", "which of the two").choices(["transaction", "user"]);
  return command.addOption(choice.default("transaction"));
}

function withSession(command: Command): Command {
  return withChain(command)
    .option("--network <name>", "local, besu, or a deployment file", "local")
    .option("--rpc <url>", "endpoint of the chain (default: the deployment file's)");
}

function withTrust(command: Command): Command {
  return command
    .requiredOption("--in <folder>", "the archive files")
    .option("--trusted <number:hash>", "a block that is known to be the chain's, the last one best", trustedBlock)
    .option("--db <file>", "a light node's database, whose headers are known");
}

function blockNumber(text: string): number {
  return text === "0" ? 0 : positive(text);
}

function spanBlocks(text: string): number {
  const blocks = positive(text);
  if (blocks <= SPAN_BLOCKS) return blocks;
  throw new InvalidArgumentError(`Give at most ${SPAN_BLOCKS} blocks.`);
}
