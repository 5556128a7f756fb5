/** `npm run vault`: its subcommands about others, as owner, grantee, relayer, or whoever is shown a slot. */
import type { Command } from "commander";

import { FolderContents } from "../../sdk/node/index.js";
import { KIND_NAMES, openShareStore, recordViewOf, wireText } from "../../sdk/vault/index.js";
import { address, subcommand as sub, time, whole, word } from "../inputs/arguments.js";
import { openSigningSession, type SessionOptions } from "../networks/session.js";
import type { UserChain } from "../../sdk/connect.js";
import { kind, type Doers } from "./command.js";
import { VaultFolder } from "./folder.js";
import { give, type GetOptions } from "./records.js";
import { openUserChain, type OwnersStores, type VaultOptions, type VaultSession } from "./session.js";
import * as sharing from "./sharing.js";

interface ReadOptions extends GetOptions {
  readonly grant?: string;
  readonly shareStore?: readonly string[];
  readonly contents?: readonly string[];
}

export function addSharing(program: Command, doers: Doers): void {
  addReading(program, doers);
  addGrants(program, doers);
  addSlots(program, doers);
  addRequests(program, doers);
}

function addReading(program: Command, { shell, opens }: Doers): void {
  sub(program, "get", "a version in clear: the slot to standard output or --out, all slots into a folder")
    .argument("<record>", "its id", word)
    .option("--version <n>", "which (default: the last)", whole)
    .option("--slot <label>", "which slot, where there are several")
    .option("--labels", "lists the slots instead", false)
    .option("--out <path>", "a file (mode 600) or a folder for all slots")
    .option("--grant <id>", "reads another's record under this grant", word)
    .option("--share-store <url...>", "the owner's share stores, besides one's own")
    .option("--contents <folder...>", "the owner's content stores, besides one's own")
    .action((record: string, options: ReadOptions, command: Command) =>
      opens(command, async (session) => give(await contentOf(session, record, options), options, shell)),
    );
  sub(program, "shared", "what a grant lets one read")
    .argument("<grant>", "its id", word)
    .action((grantId: string, _, command: Command) => opens(command, (session) => sharing.shared(session, grantId)));
}

function addGrants(program: Command, { shell, opens }: Doers): void {
  scoped(sub(program, "grant", "lets an account read records, for a purpose and a time"))
    .argument("<grantee>", "its account of the user chain", address)
    .option("--from <time>", "when it begins (default: this hour)", time)
    .option("--until <time>", "when it ends", time)
    .action((grantee: string, options: sharing.GrantOptions, command: Command) =>
      opens(command, (session) => sharing.grant(session, grantee, options, shell)),
    );
  sub(program, "grants", "one's own grants, with whom, what and what for")
    .option("--json", "print a JSON array", false)
    .action((options: { json: boolean }, command: Command) =>
      opens(command, async ({ vault }) => {
        const grants = await vault.grants();
        if (!options.json) return grants.map(sharing.grantLine);
        return [wireText(grants.map(({ payloads: _, ...grant }) => grant))];
      }),
    );
  sub(program, "share", "shares a later version under a grant that covers it")
    .argument("<grant>", "its id", word)
    .argument("<record>", "which record", word)
    .option("--version <n>", "which (default: the last)", whole)
    .action((grantId: string, record: string, options: { version?: bigint }, command: Command) =>
      opens(command, (session) => sharing.share(session, grantId, record, options.version)),
    );
  sub(program, "renew", "lets a grant run longer")
    .argument("<grant>", "its id", word)
    .option("--days <n>", "from now on", whole)
    .option("--until <time>", "when it ends", time)
    .action((grantId: string, options: { days?: bigint; until?: bigint }, command: Command) =>
      opens(command, (session) => sharing.renew(session, grantId, options)),
    );
  sub(program, "revoke", "ends a grant for ever")
    .argument("<grant>", "its id", word)
    .action((grantId: string, _, command: Command) => opens(command, (session) => sharing.revoke(session, grantId)));
}

function addSlots(program: Command, { shell, opens }: Doers): void {
  sub(program, "prove", "one slot in a file that proves itself to anybody who has a node")
    .argument("<record>", "its id", word)
    .requiredOption("--slot <label>", "which slot")
    .requiredOption("--out <file>", "where to")
    .option("--version <n>", "which (default: the last)", whole)
    .action((record: string, options: { slot: string; out: string; version?: bigint }, command: Command) =>
      opens(command, (session) => sharing.prove(session, record, options)),
    );
  sub(program, "verify", "holds such a file against the chain; needs no vault")
    .argument("<file>", "what prove wrote; -: standard input")
    .option("--out <file>", "where the slot's data goes (default: standard output)")
    .action(async (file: string, options: { out?: string }, command: Command) => {
      const session = await openUserChain(command.optsWithGlobals<VaultOptions>());
      try {
        for (const line of await sharing.verify(recordViewOf(session.chain), file, options.out, shell))
          shell.print(line);
      } finally {
        session.close();
      }
    });
}

function addRequests(program: Command, { shell, opens }: Doers): void {
  scoped(sub(program, "ask", "asks an owner for a grant, in a sealed file that another account carries"))
    .argument("<owner>", "its account of the user chain", address)
    .requiredOption("--out <file>", "where to")
    .action((owner: string, options: sharing.GrantOptions & { out: string }, command: Command) =>
      opens(command, (session) => sharing.ask(session, owner, options, shell)),
    );
  sub(program, "relay", "carries another's request to the chain")
    .argument("<file>", "what ask wrote; -: standard input")
    .option("--as <name>", "whose key of the keys file beside the deployment file signs, e.g. 'home 7'")
    .option("--keystore <file>", "encrypted key that signs; else COMMONWATT_PRIVATE_KEY in the environment")
    .action(async (file: string, _, command: Command) => {
      const options = command.optsWithGlobals<Omit<SessionOptions, "network" | "chain"> & VaultOptions>();
      const own = await new VaultFolder(options.home).findConfig();
      const network = options.network ?? own?.network ?? "local";
      const session = await openSigningSession({ ...options, network, chain: "user" }, shell.environment);
      try {
        for (const line of await sharing.relay(session.chain as UserChain, file, own?.account, shell))
          shell.print(line);
      } finally {
        session.close();
      }
    });
  sub(program, "requests", "what others ask for, waiting or answered").action((_, command: Command) =>
    opens(command, async ({ vault }) => (await vault.requests()).map(sharing.requestLine)),
  );
  sub(program, "answer", "grants what a request asks for, or declines it")
    .argument("<request>", "its id", word)
    .option("--accept", "grants it, from now on", false)
    .option("--decline", "says no", false)
    .action((request: string, options: { accept: boolean; decline: boolean }, command: Command) =>
      opens(command, (session) => sharing.answer(session, request, options)),
    );
  sub(program, "answered", "what became of one's request")
    .argument("<file>", "what ask wrote; -: standard input")
    .action(async (file: string, _, command: Command) => {
      const session = await openUserChain(command.optsWithGlobals<VaultOptions>());
      try {
        for (const line of await sharing.answered(session.chain, file, shell)) shell.print(line);
      } finally {
        session.close();
      }
    });
}

/** What a grant, or a request for one, is about. */
function scoped(command: Command): Command {
  return command
    .option("--record <id>", "this record", word)
    .option("--kind <kind>", `records of a kind: ${KIND_NAMES.join(", ")}`, kind)
    .option("--written-from <time>", "versions written from then on", time)
    .option("--written-before <time>", "versions written before then", time)
    .option("--all", "all records", false)
    .option(
      "--purpose-file <file>",
      "what for, in a text file (-: standard input): on the command line others could see it",
    )
    .option("--days <n>", "for how long, from now on", whole);
}

async function contentOf(
  session: VaultSession,
  record: string,
  { grant, version, ...owners }: ReadOptions,
): ReturnType<typeof sharing.granted> {
  if (grant === undefined) return session.vault.get(record, version);
  const name = { grantId: grant, record, ...(version !== undefined && { version }) };
  return sharing.granted(session, name, await ownersStores(session, owners));
}

async function ownersStores(
  { view }: VaultSession,
  { shareStore = [], contents = [] }: Pick<ReadOptions, "shareStore" | "contents">,
): Promise<OwnersStores> {
  const shares = shareStore.map((url) => openShareStore(url, view.contracts));
  return { contents: contents.map((folder) => new FolderContents(folder)), shares: await Promise.all(shares) };
}
