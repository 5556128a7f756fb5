/** Content on its way between files and slots: each file a slot, labelled by its name. Nothing of it stands in an error or a log. */
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";

import { writeFileAtOnce } from "../../sdk/node/deployments.js";
import { MAX_CONTENT_BYTES, type Content, type Slot } from "../../sdk/vault/index.js";
import { InputError } from "../inputs/error.js";
import type { Shell } from "./shell.js";

const STANDARD_INPUT = "-";
/** As systems take them, less what a temporary file's name has more. */
const MAX_NAME_BYTES = 200;
/** What a slot from standard input is called. */
const INPUT_LABEL = "content";

/** A slot of each file; a folder stands for its files, `-` for standard input. By their labels' order within a folder. */
export async function slotsFrom(paths: readonly string[], shell: Shell): Promise<Slot[]> {
  const slots: Slot[] = [];
  for (const path of paths) {
    if (path === STANDARD_INPUT) slots.push({ label: INPUT_LABEL, data: await shell.input() });
    else for (const file of await filesOf(path)) slots.push(await slotOf(file));
  }
  return slots;
}

/** A text of a file, `-` being standard input, without the last end of line; "" when none is named. */
export async function textFrom(path: string | undefined, shell: Shell, mostBytes = MAX_CONTENT_BYTES): Promise<string> {
  if (path === undefined) return "";
  const bytes = path === STANDARD_INPUT ? await shell.input() : await bytesOf(path, mostBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new InputError({ file: path }, "this is no UTF-8 text", "Give a text file");
  }
}

/** The slot of that label; without one, the only slot. */
export function chosenSlot({ slots }: Content, label: string | undefined): Slot {
  const [first, ...others] = slots;
  if (label === undefined && first !== undefined && others.length === 0) return first;
  const found = slots.find((slot) => slot.label === label);
  if (found !== undefined) return found;
  const problem =
    label === undefined
      ? `the record has ${slots.length} slots`
      : `none of the record's ${slots.length} slots has that label`;
  throw new InputError(
    { file: "--slot" },
    problem,
    "Name one of them (--labels lists them), or a folder for all with --out",
  );
}

/** A file for its owner alone. */
export async function writePrivate(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFileAtOnce(path, content, 0o600);
  } catch (cause) {
    const problem = `it can't be written (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`;
    throw new InputError({ file: path }, problem, "Check the path, the rights on it and the space", { cause });
  }
}

/** Every slot into a file of its label; refused before the first is written where a label names no file of the folder. */
export async function writeSlots(folder: string, { slots }: Content): Promise<void> {
  for (const { label } of slots) {
    if (isFileName(label)) continue;
    throw new InputError(
      { file: folder },
      "a slot's label can't be a file's name",
      "Get that slot by itself, with --slot",
    );
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { label, data } of slots) await writePrivate(join(folder, label), data);
}

function isFileName(label: string): boolean {
  const isPlace = label === "" || label === "." || label === "..";
  return !isPlace && !/[/\\\0]/.test(label) && Buffer.byteLength(label) <= MAX_NAME_BYTES;
}

/** Whether the path is a folder, or is named like one. */
export async function isFolder(path: string): Promise<boolean> {
  if (path.endsWith("/")) return true;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Text of others for a terminal: without the characters that move its cursor. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, "\ufffd");
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(path, entry.name));
    if (files.length > 0) return files.sort();
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw new InputError({ file: path }, "there is no file in this folder", "Name files, or a folder with some");
}

async function slotOf(file: string): Promise<Slot> {
  return { label: basename(file, extname(file)), data: await bytesOf(file) };
}

/** The size is looked at first: what is too long is refused without being read. */
async function bytesOf(file: string, mostBytes = MAX_CONTENT_BYTES): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size <= mostBytes) return await readFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  const problem = `this is longer than ${mostBytes} bytes, the most that a record holds`;
  throw new InputError({ file: resolve(file) }, problem, "Split it into several records");
}

function unreadable(file: string, cause: unknown): InputError {
  const problem = `this can't be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`;
  return new InputError({ file }, problem, "Check the path and the rights on it", { cause });
}
