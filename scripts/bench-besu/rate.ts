/** From blocks to rates: by the blocks' own time, and by those blocks alone that had as much to take as fits. */

/** A block that took something of a load in. */
export interface LoadBlock {
  readonly number: number;
  /** Unix seconds. */
  readonly timestamp: number;
  /** Of all its transactions. */
  readonly gasUsed: number;
  readonly gasLimit: number;
  /** Of the load. */
  readonly transactions: number;
  readonly units: number;
  readonly loadGas: number;
}

/** What a network made of a load. */
export interface Rate {
  /** Of the whole load. */
  readonly units: number;
  readonly transactions: number;
  readonly blocks: number;
  readonly gasPerUnit: number;
  /** Over the counted blocks. */
  readonly countedBlocks: number;
  readonly unitsPerSecond: number;
  readonly gasPerSecond: number;
  readonly blockSeconds: number;
  /** Used gas of the counted blocks as a share of their limit, 0 to 1. */
  readonly fullness: number;
}

/** From so many blocks on, the first and the last, which are part full for a reason of the load's, are left out. */
const LEAST_COUNTED = 3;

/**
 * The rate of a load; infinite where the blocks' clock stood, as on simulated chains.
 * @param blocks from the first that took something in to the last, without gaps
 * @param before the timestamp of the block before the first
 */
export function rateOf(blocks: readonly LoadBlock[], before: number): Rate {
  const isLong = blocks.length >= LEAST_COUNTED + 2;
  const counted = isLong ? blocks.slice(1, -1) : blocks;
  const start = isLong ? (blocks[0]?.timestamp ?? before) : before;
  const seconds = (counted.at(-1)?.timestamp ?? start) - start;
  const units = sum(blocks, ({ units: own }) => own);
  return {
    units,
    transactions: sum(blocks, ({ transactions }) => transactions),
    blocks: blocks.length,
    gasPerUnit: sum(blocks, ({ loadGas }) => loadGas) / units,
    countedBlocks: counted.length,
    unitsPerSecond: sum(counted, ({ units: own }) => own) / seconds,
    gasPerSecond: sum(counted, ({ loadGas }) => loadGas) / seconds,
    blockSeconds: seconds / counted.length,
    fullness: sum(counted, ({ gasUsed }) => gasUsed) / sum(counted, ({ gasLimit }) => gasLimit),
  };
}

/** What no design can avoid at this gas: a full block each period, units a second. */
export function floorPerSecond(gasLimit: number, gasPerUnit: number, blockSeconds: number): number {
  return gasLimit / gasPerUnit / blockSeconds;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
