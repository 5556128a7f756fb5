/** Subcommands over one's own records, and what keeps or ends them. */
import {
  kindName,
  readArchive,
  type Content,
  type RecordKind,
  type RecordState,
  type WrittenVersion,
} from "../../sdk/vault/index.js";
import { isCommonwattError, type CommonwattError } from "../../sdk/errors.js";
import { InputError } from "../inputs/error.js";
import { showTime } from "../simulate/format.js";
import { chosenSlot, isFolder, printable, slotsFrom, textFrom, writePrivate, writeSlots } from "./content.js";
import type { VaultSession, ViewSession } from "./session.js";
import type { Shell } from "./shell.js";

export interface PutOptions {
  readonly kind?: RecordKind;
  readonly record?: string;
}

/** A new record, or the next version of one; its id alone is the output, for scripts. */
export async function put(
  session: VaultSession,
  paths: readonly string[],
  options: PutOptions,
  shell: Shell,
): Promise<string[]> {
  const slots = await slotsFrom(paths, shell);
  const { record, version } = await session.vault.put({ ...(await recordOf(session, options)), slots });
  shell.note(`Version ${version}, ${slots.length} slot${slots.length === 1 ? "" : "s"}.`);
  return [record];
}

/** A record keeps its kind; a new one needs one. */
async function recordOf(
  { vault }: VaultSession,
  { kind, record }: PutOptions,
): Promise<{ readonly kind: RecordKind; readonly record?: string }> {
  if (record === undefined) {
    if (kind !== undefined) return { kind };
    throw new InputError(
      { file: "--kind" },
      "a new record needs a kind",
      "Name one: profile, readings, bill, device, trip or free",
    );
  }
  const [last] = (await vault.history(record)).slice(-1);
  if (last === undefined) throw new InputError({ file: "--record" }, "it has no version", "See npm run vault -- list");
  return { kind: last.kind, record };
}

export interface GetOptions {
  readonly version?: bigint;
  readonly slot?: string;
  readonly out?: string;
  readonly labels: boolean;
}

/** Content in clear: to standard output, into a file, or every slot into a folder. */
export async function give(content: Content, { slot, out, labels }: GetOptions, shell: Shell): Promise<string[]> {
  if (labels) return content.slots.map(({ label, data }) => `${printable(label)}\t${data.length} bytes`);
  if (out !== undefined && slot === undefined && (await isFolder(out))) {
    await writeSlots(out, content);
    return [`${content.slots.length} slots in ${out}.`];
  }
  const { data } = chosenSlot(content, slot);
  if (out === undefined) {
    shell.write(data);
    return [];
  }
  await writePrivate(out, data);
  return [`${data.length} bytes in ${out}.`];
}

/** All records, erased ones too; nothing of them in clear. */
export async function list({ view, config }: ViewSession): Promise<readonly RecordState[]> {
  return view.statesOf(config.account);
}

export function recordLine({ record, kind, version, erasedAt }: RecordState): string {
  const end = erasedAt === undefined ? "" : `, erased ${showTime(erasedAt)}`;
  return `${record}  ${kindName(kind).padEnd(8)}  version ${version}${end}`;
}

/** When each version was written, and what was committed to. */
export async function history({ view, config }: ViewSession, record: string): Promise<readonly WrittenVersion[]> {
  const versions = await view.versionsOf(config.account, record);
  if (versions.length > 0) return versions;
  throw new InputError({ file: record }, "this vault has no such record", "See npm run vault -- list");
}

export function versionLine({ version, writtenAt, commitment, locator }: WrittenVersion): string {
  const where = locator[0] === 0 ? "on the chain" : "in the content stores";
  return `version ${version}  ${showTime(writtenAt)}  commitment ${commitment}  ${where}`;
}

export interface EraseOptions {
  /** All records but these. */
  readonly allBut?: readonly string[];
  readonly all: boolean;
  readonly despiteUnknownStores?: boolean;
}

/** Erases for good, one record after the other; what was erased is said at once, whatever comes after. */
export async function erase(
  session: VaultSession,
  named: readonly string[],
  options: EraseOptions,
  shell: Shell,
): Promise<string[]> {
  const records = await chosenRecords(session, named, options);
  let refused: CommonwattError | undefined;
  for (const record of records) {
    const erasure = await session.vault.erase(record, options).catch((error: unknown) => {
      if (!isCommonwattError(error, "VaultShareStoreUnknown") || records.length === 1) throw error;
      refused = error; // the others are erased all the same
      shell.note(error.message);
      return undefined;
    });
    if (erasure === undefined) continue;
    shell.print(`Erased ${record}; the stores' receipts are in ${await session.folder.writeReceipts(erasure)}.`);
    if (erasure.unproven.length > 0)
      shell.note(`Versions ${erasure.unproven.join(", ")} may have shares in stores that were not asked.`);
    if (erasure.leftWith.length > 0)
      shell.note(`Ciphertext, which nothing opens, is left with ${erasure.leftWith.join(", ")}.`);
  }
  if (refused !== undefined) throw refused;
  return records.length === 0 ? ["There is nothing to erase."] : [];
}

async function chosenRecords(
  { vault }: VaultSession,
  named: readonly string[],
  { all, allBut }: EraseOptions,
): Promise<string[]> {
  const ways = [named.length > 0, all, allBut !== undefined].filter((isChosen) => isChosen).length;
  if (ways !== 1) {
    throw new InputError(
      { file: "erase" },
      "it must be told what",
      "Name records, or use --all, or --all-but RECORD...",
    );
  }
  if (named.length > 0) return [...named];
  const living = (await vault.list()).filter(({ erasedAt }) => erasedAt === undefined).map(({ record }) => record);
  const kept = new Set(allBut);
  const unknown = [...kept].find((record) => !living.includes(record));
  if (unknown === undefined) return living.filter((record) => !kept.has(record));
  // a slip in an id to be kept must not cost a record
  throw new InputError({ file: `--all-but ${unknown}` }, "this vault has no such record", "See npm run vault -- list");
}

/** A new encryption key; after an interruption, the rest of the rotation. */
export async function rotate({ vault }: VaultSession, shell: Shell): Promise<string[]> {
  const number = await vault.rotate((done, total) => shell.note(`${done} of ${total} records`));
  return [`All records are wrapped for encryption key ${number}.`];
}

/** After a device was lost. */
export async function revokeKey({ vault }: VaultSession, shell: Shell): Promise<string[]> {
  const number = await vault.revokeLostKey((done, total) => shell.note(`${done} of ${total} records`));
  return [
    `The key before is revoked; all records are wrapped for encryption key ${number}.`,
    "If the device had the seed phrase or the keystore's password too, export, and import into a vault of a new phrase.",
  ];
}

/** Everything that lives, in clear, in one file for its owner alone. */
export async function exportAll({ vault }: VaultSession, out: string): Promise<string[]> {
  const archive = await vault.exportAll();
  await writePrivate(out, archive);
  return [`${archive.split("\n").length - 3} versions in ${out}, in clear: keep it where only you read.`];
}

/** What an archive has and this vault has not. */
export async function importAll(
  { vault }: VaultSession,
  file: string,
  from: string | undefined,
  shell: Shell,
): Promise<string[]> {
  const text = `${await textFrom(file, shell, Infinity)}\n`;
  const { owner } = readArchive(text);
  if (owner !== (from ?? vault.owner)) {
    throw new InputError({ file }, `this is the export of ${owner}`, "Say that it is to be taken, with --from ACCOUNT");
  }
  const written = await vault.importAll(text);
  return [`${written.length} versions imported.`];
}
