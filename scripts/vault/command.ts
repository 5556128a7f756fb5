/** `npm run vault`: its subcommands over one's own records and keys; those about others are in sharing-commands.ts. */
import { Command, InvalidArgumentError } from "commander";

import { KIND_NAMES, kindName, kindNamed, wireText, type RecordKind } from "../../sdk/vault/index.js";
import { address, subcommand as sub, whole, word, words } from "../inputs/arguments.js";
import { init, type InitOptions } from "./init.js";
import * as records from "./records.js";
import { openVault, openView, openWallet, type VaultOptions, type VaultSession, type ViewSession } from "./session.js";
import { VaultFolder } from "./folder.js";
import { addSharing } from "./sharing-commands.js";
import type { Shell } from "./shell.js";

/** Runs a step in a session, and prints what it says. */
export type Does<Session> = (command: Command, step: (session: Session) => Promise<string[]>) => Promise<void>;

/** How subcommands get at sessions. */
export interface Doers {
  readonly shell: Shell;
  /** With the owner's keys. */
  readonly opens: Does<VaultSession>;
  /** With what anybody sees. */
  readonly views: Does<ViewSession>;
}

/** The command; it throws a CommanderError after it told what is wrong, or gave its help. */
export function vaultCommand(shell: Shell): Command {
  const program = new Command("vault")
    .description("Personal records on the user chain that only their owner's keys open, and whom the owner grants.")
    .option("--home <folder>", "the vault's folder", "vault")
    .option("--network <name>", "local, besu, or a deployment file (default: the one that the vault was made for)")
    .option("--rpc <url>", "endpoint of the user chain (default: the deployment file's)")
    .option(
      "--password-file <file>",
      "the vault's password; else COMMONWATT_KEYSTORE_PASSWORD, else asked on the terminal",
    )
    .option("--password-fd <n>", "reads the password from this open descriptor", descriptor)
    .allowExcessArguments(false)
    .exitOverride();
  const doers: Doers = {
    shell,
    opens: (command, step) => within(openVault(command.optsWithGlobals<VaultOptions>(), shell), step, shell),
    views: (command, step) => within(openView(command.optsWithGlobals<VaultOptions>()), step, shell),
  };
  addMaking(program, shell);
  addRecords(program, doers);
  addKeys(program, doers);
  addSharing(program, doers);
  return program;
}

async function within<Session extends { close(): void }>(
  opening: Promise<Session>,
  step: (session: Session) => Promise<string[]>,
  shell: Shell,
): Promise<void> {
  const session = await opening;
  try {
    for (const line of await step(session)) shell.print(line);
  } finally {
    session.close();
  }
}

function addMaking(program: Command, shell: Shell): void {
  sub(program, "init", "makes a vault: keystore, stores, admission, first key; again: what lacks")
    .option("--phrase-file <file>", "takes the seed phrase in this file (-: standard input) instead of a new one")
    .option("--share-store <url...>", "stores of the erasable shares (default: the one of npm run share-store)")
    .option("--contents <folder...>", "folders for what is too large for the chain (default: contents in the vault's)")
    .option(
      "--bucket <url...>",
      "S3 buckets for the same; their key is in COMMONWATT_S3_ACCESS_KEY_ID and ..._SECRET_ACCESS_KEY",
    )
    .option("--admit", "lets the registrar admit the account, where this machine's keys file has its key", false)
    .action(async (_, command: Command) => {
      for (const line of await init(command.optsWithGlobals<InitOptions>(), shell)) shell.print(line);
    });
  sub(program, "phrase", "shows the seed phrase, to be written on paper").action(async (_, command: Command) => {
    const options = command.optsWithGlobals<VaultOptions>();
    shell.note("Whoever sees these words has everything. They are in no other place but the keystore.");
    shell.print((await openWallet(new VaultFolder(options.home), options, shell)).phrase);
  });
}

function addRecords(program: Command, { shell, opens, views }: Doers): void {
  sub(
    program,
    "put",
    "writes a record: each file a slot, labelled by its name; a folder for its files, - for standard input",
  )
    .argument("<path...>", "files and folders")
    .option("--kind <kind>", `of a new record: ${KIND_NAMES.join(", ")}`, kind)
    .option("--record <id>", "writes the next version of this record", word)
    .action((paths: string[], options: records.PutOptions, command: Command) =>
      opens(command, (session) => records.put(session, paths, options, shell)),
    );
  sub(program, "list", "all records, erased ones too")
    .option("--json", "print a JSON array", false)
    .action((options: { json: boolean }, command: Command) =>
      views(command, async (session) => {
        const found = await records.list(session);
        return options.json ? [wireText(found.map(named))] : found.map(records.recordLine);
      }),
    );
  sub(program, "history", "the versions of a record")
    .argument("<record>", "its id", word)
    .option("--json", "print a JSON array", false)
    .action((record: string, options: { json: boolean }, command: Command) =>
      views(command, async (session) => {
        const versions = await records.history(session, record);
        if (!options.json) return versions.map(records.versionLine);
        return [wireText(versions.map(({ version, writtenAt, commitment }) => ({ version, writtenAt, commitment })))];
      }),
    );
  sub(program, "erase", "erases records for everybody, their owner too; this can't be taken back")
    .argument("[record...]", "ids", words)
    .option("--all", "all records", false)
    .option("--all-but <record...>", "all records but these", words)
    .option("--despite-unknown-stores", "also where another store may have a share, which stays", false)
    .action((chosen: string[] | undefined, options: records.EraseOptions, command: Command) =>
      opens(command, (session) => records.erase(session, chosen ?? [], options, shell)),
    );
}

function addKeys(program: Command, { shell, opens }: Doers): void {
  sub(program, "rotate", "a new encryption key, all records wrapped for it; goes on where it was interrupted").action(
    (_, command: Command) => opens(command, (session) => records.rotate(session, shell)),
  );
  sub(program, "revoke-key", "after a device was lost: its key is revoked, and all is wrapped for the next").action(
    (_, command: Command) => opens(command, (session) => records.revokeKey(session, shell)),
  );
  sub(program, "export", "everything that lives, in clear, in one signed file")
    .requiredOption("--out <file>", "where to")
    .action((options: { out: string }, command: Command) =>
      opens(command, (session) => records.exportAll(session, options.out)),
    );
  sub(program, "import", "writes what an export has and this vault has not")
    .argument("<file>", "the export; -: standard input")
    .option("--from <account>", "takes the export of another account, for a vault of a new phrase", address)
    .action((file: string, options: { from?: string }, command: Command) =>
      opens(command, (session) => records.importAll(session, file, options.from, shell)),
    );
}

/** A kind by its name. */
export function kind(text: string): RecordKind {
  const found = kindNamed(text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`Give one of ${KIND_NAMES.join(", ")}.`);
}

function named<Record extends { readonly kind: RecordKind }>(record: Record): object {
  return { ...record, kind: kindName(record.kind) };
}

function descriptor(text: string): number {
  return Number(whole(text));
}
