/** Backs blocks up: from a node into archive files of a fixed span, each whole or not there, from where an earlier run ended. */
import type { RawBlock } from "../../../light/raw-block.js";
import { InputError } from "../../inputs/error.js";
import { archiveName, archivesIn, tidyFolder, type NamedArchive } from "./folder.js";
import { readArchivedBlock } from "./read-archive.js";
import type { RpcSource } from "./rpc-source.js";
import { writeArchive, type WholeBlock, type WrittenArchive } from "./write-archive.js";

/** Blocks of a file, unless told otherwise, and at most: BackupRegister.MOST_BLOCKS. */
export const SPAN_BLOCKS = 8_192;

export interface CreateOptions {
  readonly source: Pick<RpcSource, "chain" | "whole"> & { readonly endpoint: { readonly name: string } };
  readonly folder: string;
  readonly from: number;
  /** Absent: the node's last block. */
  readonly to?: number;
  /** Blocks of a file; files begin at its multiples. */
  readonly span?: number;
  /** Blocks that are asked for at the same time. */
  readonly parallel?: number;
  readonly onFile?: (file: WrittenArchive) => void;
}

export interface CreatedBackup {
  readonly chainId: number;
  readonly genesisHash: string;
  readonly from: number;
  readonly to: number;
  readonly written: readonly WrittenArchive[];
  /** Names of files that were there. */
  readonly kept: readonly string[];
}

const PARALLEL = 16;

/** Writes what is missing. Throws `InputError` for a node that lies, ends early or follows another chain than the files. */
export async function createBackup(options: CreateOptions): Promise<CreatedBackup> {
  const { source, folder, from, span = SPAN_BLOCKS, parallel = PARALLEL, onFile } = options;
  const { chainId, genesisHash, head } = await source.chain();
  const to = options.to ?? head;
  if (from > to || to > head) {
    const what = `blocks ${from} to ${to} can't be backed up: the node's last block is ${head}`;
    throw new InputError({ file: "--from, --to" }, what, "Give blocks that there are");
  }
  await tidyFolder(folder);
  await requireOneChain(folder, chainId);
  const [written, kept]: [WrittenArchive[], string[]] = [[], []];
  for (const { first, last } of spans(from, to, span)) {
    const range = { chainId, genesisHash, from: first, to: last };
    const there = await archivesIn(folder);
    const same = there.find(({ name }) => name === archiveName(range));
    const before = there.find((archive) => archive.to === first - 1);
    const parent = before && (await readArchivedBlock(before, before.to)).block;
    if (same !== undefined) {
      requireChild(folder, (await readArchivedBlock(same, first)).block, parent);
      kept.push(same.name);
      continue;
    }
    const blocks = linked(source.endpoint.name, inOrder(source, first, last, parallel), parent);
    const file = await writeArchive(folder, range, blocks);
    await tidyFolder(folder, file);
    written.push(file);
    onFile?.(file);
  }
  return { chainId, genesisHash, from, to, written, kept };
}

/** The files of a range of blocks. */
export function* spans(from: number, to: number, span: number): Generator<{ first: number; last: number }> {
  for (let first = from; first <= to;) {
    const last = Math.min(to, Math.floor(first / span) * span + span - 1);
    yield { first, last };
    first = last + 1;
  }
}

async function requireOneChain(folder: string, chainId: number): Promise<void> {
  const other = (await archivesIn(folder)).find((archive: NamedArchive) => archive.chainId !== chainId);
  if (other === undefined) return;
  const what = `${other.name} is of chain ${other.chainId}, and the node follows chain ${chainId}`;
  throw new InputError({ file: folder }, what, "Keep each chain in a folder of its own");
}

/** Blocks in their order, several asked for at the same time. */
async function* inOrder(
  source: CreateOptions["source"],
  from: number,
  to: number,
  parallel: number,
): AsyncGenerator<WholeBlock> {
  const waiting: Promise<WholeBlock>[] = [];
  let next = from;
  const ask = (): void => {
    if (next > to) return;
    const answer = source.whole(next++);
    answer.catch(() => undefined); // told when its turn comes; not before, and not if an earlier one ends it all
    waiting.push(answer);
  };
  for (let count = 0; count < parallel; count++) ask();
  for (let answer = waiting.shift(); answer !== undefined; answer = waiting.shift()) {
    const block = await answer;
    ask();
    yield block;
  }
}

/** The same blocks, each the child of the one before it. */
async function* linked(
  node: string,
  blocks: AsyncIterable<WholeBlock>,
  parent: RawBlock | undefined,
): AsyncGenerator<WholeBlock> {
  let before = parent;
  for await (const whole of blocks) {
    requireChild(node, whole.block, before);
    before = whole.block;
    yield whole;
  }
}

function requireChild(where: string, block: RawBlock, parent: RawBlock | undefined): void {
  if (parent === undefined || block.parentHash === parent.hash) return;
  const what = `block ${block.number} follows ${block.parentHash}, and block ${parent.number} before it is ${parent.hash}`;
  const advice = "The chain is another than that of the files: ask another node, or name a new folder";
  throw new InputError({ file: where }, what, advice);
}
