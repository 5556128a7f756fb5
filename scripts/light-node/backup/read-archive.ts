/** Reads archive files, and says at which byte the first damage is. Nothing of a file is believed. */
import { open, type FileHandle } from "node:fs/promises";

import { blockAccumulator } from "../../../light/block-accumulator.js";
import { RawBlock } from "../../../light/raw-block.js";
import { isCommonwattError } from "../../../sdk/errors.js";
import { InputError } from "../../inputs/error.js";
import type { NamedArchive } from "./folder.js";
import {
  CHECKSUM_BYTES,
  EntryType,
  HEAD_BYTES,
  indexBytes,
  indexPayload,
  offsetIn,
  payloadOf,
  readBlockPayload,
  readHead,
  readRange,
  VERSION_ENTRY,
  type ArchiveRange,
} from "./format.js";
import type { WholeBlock } from "./write-archive.js";

/** What a file holds. */
export interface ArchiveFacts extends ArchiveRange {
  readonly root: string;
  readonly bytes: number;
}

/** A block of an archive, whose parts fit its header. */
export interface ArchivedBlock extends WholeBlock {
  /** Where its entry begins. */
  readonly offset: number;
}

/** A file that is not, or not any more, what `backup create` wrote. */
export function damage(
  { path }: Pick<NamedArchive, "path">,
  offset: number,
  what: string,
  cause?: unknown,
): InputError {
  const advice = "Don't use the file: delete it, and run backup create again, or copy it from another member";
  return new InputError({ file: path }, `damaged at byte ${offset}: ${what}`, advice, { cause });
}

/** Whether receipts, and all of a block's parts, are held to the headers, or hashes and links alone. */
export type Depth = "all" | "headers";

/**
 * Reads a file's blocks in their order, each before the next. When it is done the whole file was read: each byte is
 * covered by a checksum, and the accumulator and the index are what the blocks come to. Throws `InputError` with the
 * place of the first damage, and what `onBlock` throws.
 */
export async function readArchive(
  archive: NamedArchive,
  depth: Depth,
  onBlock: (block: ArchivedBlock) => Promise<void> | void,
): Promise<ArchiveFacts> {
  const file = await openArchive(archive);
  try {
    const entries = new EntryReader(archive, file);
    const range = await readStart(archive, entries);
    const { payload: dictionary } = await entries.next(EntryType.Dictionary);
    const [hashes, offsets]: [string[], number[]] = [[], []];
    for (let number = range.from; number <= range.to; number++) {
      const { payload, offset } = await entries.next(EntryType.Block);
      const whole = readBlock(archive, { payload, offset, number, depth }, dictionary);
      const { hash, parentHash } = whole.block;
      const before = hashes.at(-1);
      if (before !== undefined && parentHash !== before) {
        throw damage(
          archive,
          offset,
          `block ${number} does not follow block ${number - 1}: its parent is ${parentHash}`,
        );
      }
      hashes.push(hash);
      offsets.push(offset);
      await onBlock({ ...whole, offset });
    }
    const root = await readRoot(archive, entries, hashes);
    const index = await entries.next(EntryType.Index);
    if (!index.payload.equals(indexPayload(offsets))) throw damage(archive, index.offset, "the index is another");
    return { ...range, root, bytes: await entries.requireEnd() };
  } finally {
    await file.close();
  }
}

/** A block by the file's index; the others are not read. */
export async function readArchivedBlock(archive: NamedArchive, number: number): Promise<ArchivedBlock> {
  const file = await openArchive(archive);
  try {
    const entries = new EntryReader(archive, file);
    const { from, to } = await readStart(archive, entries);
    const { payload: dictionary } = await entries.next(EntryType.Dictionary);
    const { size } = await file.stat();
    entries.seek(Math.max(0, size - indexBytes(to - from + 1)));
    const { payload: index } = await entries.next(EntryType.Index);
    entries.seek(offsetIn(index, number - from));
    const { payload, offset } = await entries.next(EntryType.Block);
    return { ...readBlock(archive, { payload, offset, number, depth: "all" }, dictionary), offset };
  } finally {
    await file.close();
  }
}

async function openArchive({ path }: NamedArchive): Promise<FileHandle> {
  return open(path, "r").catch((cause: Error) => {
    throw new InputError({ file: path }, `it can't be read (${cause.message})`, "Check the file's rights", { cause });
  });
}

async function readStart(archive: NamedArchive, entries: EntryReader): Promise<ArchiveRange> {
  await entries.version();
  const { payload, offset } = await entries.next(EntryType.Range);
  const range = readRange(payload);
  if (range === undefined) throw damage(archive, offset, "it is of a format that this version does not know");
  const isNamed = range.chainId === archive.chainId && range.from === archive.from && range.to === archive.to;
  if (isNamed) return range;
  const what = `it holds blocks ${range.from} to ${range.to} of chain ${range.chainId}, not those of its name`;
  throw damage(archive, offset, what);
}

interface BlockEntry {
  readonly payload: Buffer;
  readonly offset: number;
  readonly number: number;
  readonly depth: Depth;
}

function readBlock(
  archive: NamedArchive,
  { payload, offset, number, depth }: BlockEntry,
  dictionary: Uint8Array,
): WholeBlock {
  const pair = readBlockPayload(payload, dictionary);
  if (pair === undefined) throw damage(archive, offset, `block ${number} can't be unpacked`);
  const { raw, receipts } = pair;
  try {
    const block = RawBlock.read(raw);
    if (block.number !== number)
      throw damage(archive, offset, `block ${block.number} stands in block ${number}'s place`);
    if (depth === "all") {
      block.requireBody();
      block.requireReceipts(receipts);
    }
    return { block, receipts };
  } catch (error) {
    throw isCommonwattError(error) ? damage(archive, offset, `block ${number}: ${error.message}`, error) : error;
  }
}

async function readRoot(archive: NamedArchive, entries: EntryReader, hashes: readonly string[]): Promise<string> {
  const { payload, offset } = await entries.next(EntryType.Accumulator);
  const root = blockAccumulator(hashes);
  if (root === `0x${payload.toString("hex")}`) return root;
  throw damage(archive, offset, `the blocks come to the root ${root}, and the file has another`);
}

const CHUNK_BYTES = 1 << 20;

/** Entries one after the other, their checksums checked. */
class EntryReader {
  /** Where the next entry begins. */
  #at = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;

  constructor(
    readonly archive: NamedArchive,
    readonly file: FileHandle,
  ) {}

  seek(offset: number): void {
    this.#at = offset;
  }

  /** The file's first entry, which has no checksum: all its bytes are known. */
  async version(): Promise<void> {
    const bytes = await this.#read(0, VERSION_ENTRY.length);
    if (!bytes.equals(VERSION_ENTRY)) throw damage(this.archive, 0, "it is no archive file");
    this.#at = VERSION_ENTRY.length;
  }

  async next(type: number): Promise<{ readonly payload: Buffer; readonly offset: number }> {
    const offset = this.#at;
    const found = readHead(await this.#read(offset, HEAD_BYTES));
    if (found?.type !== type) throw damage(this.archive, offset, `an entry of type ${type} has to be here`);
    if (found.length < CHECKSUM_BYTES) throw damage(this.archive, offset, "the entry is too short");
    const payload = payloadOf(await this.#read(offset, HEAD_BYTES + found.length));
    if (payload === undefined) throw damage(this.archive, offset, "the entry's checksum is another");
    this.#at = offset + HEAD_BYTES + found.length;
    return { payload, offset };
  }

  /** The file's length; refuses more bytes behind the last entry. */
  async requireEnd(): Promise<number> {
    const { size } = await this.file.stat();
    if (size === this.#at) return size;
    throw damage(this.archive, this.#at, `${size - this.#at} bytes stand behind the end`);
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    const start = offset - this.#chunkAt;
    if (start >= 0 && start + length <= this.#chunk.length) return this.#chunk.subarray(start, start + length);
    const { size } = await this.file.stat();
    if (offset + length > size) {
      throw damage(this.archive, offset, `the entry ends behind the file, which has ${size} bytes`);
    }
    // a chunk of its own each time: what was read before stays with who has it
    const chunk = Buffer.alloc(Math.min(Math.max(CHUNK_BYTES, length), size - offset));
    const { bytesRead } = await this.file.read(chunk, 0, chunk.length, offset);
    [this.#chunk, this.#chunkAt] = [chunk.subarray(0, bytesRead), offset];
    if (bytesRead < length) throw damage(this.archive, offset, "the file became shorter while it was read");
    return this.#chunk.subarray(0, length);
  }
}
