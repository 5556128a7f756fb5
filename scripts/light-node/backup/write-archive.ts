/** Writes one archive file: aside, to the disk, and then under its name, so that it is whole or not there. */
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { blockAccumulator } from "../../../light/block-accumulator.js";
import type { RawBlock } from "../../../light/raw-block.js";
import { writeWholeFile } from "../../../sdk/node/deployments.js";
import { archiveName } from "./folder.js";
import {
  blockPayload,
  entry,
  EntryType,
  indexPayload,
  rangePayload,
  VERSION_ENTRY,
  type ArchiveRange,
} from "./format.js";

/** A block with its receipts, each as the trie has it. */
export interface WholeBlock {
  readonly block: RawBlock;
  readonly receipts: readonly Uint8Array[];
}

/** What was written. */
export interface WrittenArchive extends ArchiveRange {
  readonly name: string;
  /** Over the blocks' hashes. */
  readonly root: string;
  readonly bytes: number;
  readonly transactions: number;
}

const FLUSH_BYTES = 1 << 20;

/** Writes the blocks, all of the range in their order and checked already, into the folder. */
export async function writeArchive(
  folder: string,
  range: ArchiveRange,
  blocks: AsyncIterable<WholeBlock>,
): Promise<WrittenArchive> {
  const name = archiveName(range);
  return writeWholeFile(join(folder, name), 0o644, async (file) => {
    const out = new Output(file);
    await out.add(VERSION_ENTRY);
    await out.add(entry(EntryType.Range, rangePayload(range)));
    const [hashes, offsets]: [string[], number[]] = [[], []];
    let dictionary: Uint8Array | undefined;
    let transactions = 0;
    for await (const { block, receipts } of blocks) {
      if (dictionary === undefined) {
        dictionary = block.raw;
        await out.add(entry(EntryType.Dictionary, dictionary));
      }
      offsets.push(out.bytes);
      hashes.push(block.hash);
      transactions += receipts.length;
      await out.add(entry(EntryType.Block, blockPayload(block.raw, receipts, dictionary)));
    }
    if (hashes.length !== range.to - range.from + 1) throw new RangeError(`${hashes.length} blocks are no such range`);
    const root = blockAccumulator(hashes);
    await out.add(entry(EntryType.Accumulator, Buffer.from(root.slice(2), "hex")));
    await out.add(entry(EntryType.Index, indexPayload(offsets)));
    await out.flush();
    return { ...range, name, root, bytes: out.bytes, transactions };
  });
}

/** Collects what is small. */
class Output {
  /** So many were added. */
  bytes = 0;
  readonly #parts: Uint8Array[] = [];
  #waiting = 0;

  constructor(readonly file: FileHandle) {}

  async add(part: Uint8Array): Promise<void> {
    this.#parts.push(part);
    this.bytes += part.length;
    this.#waiting += part.length;
    if (this.#waiting >= FLUSH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const parts = this.#parts.splice(0);
    this.#waiting = 0;
    await this.file.writeFile(Buffer.concat(parts));
  }
}
