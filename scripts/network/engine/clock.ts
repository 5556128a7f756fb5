/** Clocks of hosts against each other: a block carries its maker's time. */

/** Blocks that are further in the future are refused by other nodes. */
const MOST_AHEAD_SECONDS = 1;
/** A block reaches everybody, and is asked for, within this; more is a clock's doing. */
const MOST_BEHIND_SECONDS = 10;

/**
 * What a block that was just made says of this machine's clock; undefined: nothing.
 * @param blockTime Unix seconds
 * @param now of this machine, Unix seconds
 * @param blockSeconds between blocks: a block may be seen that much later
 */
export function skewWords(blockTime: number, now: number, blockSeconds: number): string | undefined {
  const behind = blockTime - now;
  if (behind > MOST_AHEAD_SECONDS) return `it is ${behind.toFixed(1)} s behind the clock of the block's maker`;
  const ahead = -behind;
  if (ahead <= blockSeconds + MOST_BEHIND_SECONDS) return undefined;
  return `it is about ${ahead.toFixed(0)} s ahead of the clock of the block's maker`;
}
