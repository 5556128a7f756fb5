/** From an accountant's end to the old cadence: what the blocks' times say. */

/** A block's time, and how many seconds after the one before. */
export interface TimedBlock {
  readonly number: number;
  /** Unix seconds. */
  readonly timestamp: number;
}

export interface Recovery {
  /** Seconds from the end to the last block that was late. */
  readonly lastLate: number;
  /** Seconds until the average of the last `window` block times is the period again; undefined: not yet. */
  readonly average: number | undefined;
  /** Late blocks. */
  readonly late: number;
}

/**
 * Recovery by the blocks seen so far.
 * @param blocks without gaps, the first of them at or before the end
 * @param endedAt when the accountant was ended, Unix seconds
 * @param period seconds between blocks
 * @param window so many block times are averaged: a round in which each accountant had its turn
 */
export function recoveryOf(
  blocks: readonly TimedBlock[],
  { endedAt, period, window }: { readonly endedAt: number; readonly period: number; readonly window: number },
): Recovery {
  let [lastLate, late]: [number | undefined, number] = [undefined, 0];
  let average: number | undefined;
  for (const [index, block] of blocks.entries()) {
    const before = blocks[index - 1];
    if (before === undefined || block.timestamp <= endedAt) continue;
    const after = block.timestamp - endedAt;
    if (block.timestamp - before.timestamp > period) {
      late += 1;
      lastLate = after;
      average = undefined;
    }
    const start = blocks[index - window];
    if (lastLate === undefined || start === undefined || average !== undefined) continue;
    if (block.timestamp - start.timestamp <= window * period) average = after;
  }
  return { lastLate: lastLate ?? 0, average, late };
}
