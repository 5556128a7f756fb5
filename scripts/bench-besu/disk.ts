/** What a node's disk grows by, and what a day comes to. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

import { whole } from "../bench/report.js";

const BLOCKS_PER_DAY = 43_200;
/** Quarters of an hour. */
const SLOTS_PER_DAY = 96;

/**
 * Bytes written into the folder's files. Not what they take on the disk: RocksDB has space given to its log in advance, so
 * that a stretch of minutes would show nothing. Before a log is merged and compressed this is an upper bound.
 */
export async function diskBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    // a database removes files while they are counted
    const found = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += found?.size ?? 0;
  }
  return bytes;
}

/** What was written in a stretch of the run. */
export interface Growth {
  readonly bytes: number;
  readonly blocks: number;
}

/** Bytes of an empty block. */
export function perEmptyBlock({ bytes, blocks }: Growth): number {
  return Math.max(0, bytes / blocks);
}

/** Bytes a unit of what the stretch was about, its blocks' own taken off. */
export function perUnit({ bytes, blocks }: Growth, units: number, emptyBlock: number): number {
  return Math.max(0, bytes - blocks * emptyBlock) / units;
}

/** Bytes of a day of 2-second blocks: so many empty ones, and what each home's slots add. */
export function bytesPerDay(emptyBlock: number, homeSlot: number, homes: number): number {
  return BLOCKS_PER_DAY * emptyBlock + homes * SLOTS_PER_DAY * homeSlot;
}

/** The formula, with its figures. */
export function dayFormula(emptyBlock: number, homeSlot: number, homes: number): string {
  return (
    `${whole(BLOCKS_PER_DAY)} blocks x ${whole(emptyBlock)} B + ${whole(homes)} homes x ${SLOTS_PER_DAY} slots x ${whole(homeSlot)} B ` +
    `= ${(bytesPerDay(emptyBlock, homeSlot, homes) / 2 ** 20).toFixed(0)} MiB a day`
  );
}
