/**
 * A vault's stores in folders of this machine: ciphertext, shares, and how far a rotation got. Files are for their user alone (mode 600 in
 * folders of mode 700), and appear whole or not at all.
 */
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { isHexString, keccak256, solidityPacked } from "ethers";

import type { ContentStore } from "../vault/content-stores.js";
import type { RotationJournal, RotationState } from "../vault/rotation.js";
import type { ShareRow, ShareTable } from "../vault/share-keeper.js";
import { removeTemporaries, writeFileAtOnce } from "./deployments.js";

/** Ciphertext in a folder, a file for each, named by its SHA-256. */
export class FolderContents implements ContentStore {
  readonly name: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.name = folder;
    this.#folder = folder;
  }

  async put(hash: string, ciphertext: Uint8Array): Promise<void> {
    await writePrivately(this.#folder, fileName(hash), ciphertext);
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return unlessMissing(readFile(join(this.#folder, fileName(hash))));
  }

  async has(hash: string): Promise<boolean> {
    return (await unlessMissing(stat(join(this.#folder, fileName(hash))))) !== undefined;
  }

  async delete(hash: string): Promise<void> {
    await rm(join(this.#folder, fileName(hash)), { force: true });
  }
}

/** A share store's rows in a folder, a JSON file for each record. One process at a time. */
export class FolderShares implements ShareTable {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be called before it is used: a process that was killed while it wrote left shares behind that no `write` would replace. */
  async removeLeftovers(): Promise<void> {
    await removeTemporaries(this.#folder);
  }

  async read(owner: string, record: string): Promise<ShareRow | undefined> {
    return readJson<ShareRow>(join(this.#folder, rowName(owner, record)));
  }

  async write(owner: string, record: string, row: ShareRow): Promise<void> {
    await writePrivately(this.#folder, rowName(owner, record), JSON.stringify(row, replaced));
  }
}

/** An unfinished rotation in a file. */
export class FileJournal implements RotationJournal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async load(): Promise<RotationState | undefined> {
    return readJson<RotationState>(join(this.#folder, JOURNAL));
  }

  async save(state: RotationState): Promise<void> {
    await writePrivately(this.#folder, JOURNAL, JSON.stringify(state, replaced));
  }

  async clear(): Promise<void> {
    await rm(join(this.#folder, JOURNAL), { force: true });
  }
}

const JOURNAL = "rotation.json";

async function writePrivately(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFileAtOnce(join(folder, name), content, 0o600);
}

/** A hash comes from the chain, where others write: only a hash may name a file. */
function fileName(hash: string): string {
  if (!isHexString(hash, 32)) throw new RangeError("a content's name is no hash of 32 bytes");
  return hash.slice(2).toLowerCase();
}

function rowName(owner: string, record: string): string {
  return `${keccak256(solidityPacked(["address", "bytes32"], [owner, record])).slice(2)}.json`;
}

async function readJson<Value>(path: string): Promise<Value | undefined> {
  const text = await unlessMissing(readFile(path, "utf8"));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text, revived) as Value;
  } catch {
    // without the parser's message, which quotes the file: it holds shares
    throw new Error(`${path} is damaged: it is no JSON`);
  }
}

async function unlessMissing<Read>(read: Promise<Read>): Promise<Read | undefined> {
  try {
    return await read;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** bigint as a string with `n` behind it, and back. */
function replaced(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

function revived(_: string, value: unknown): unknown {
  return typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}
