/** Who let a turn pass, from the coinbases and times of a block and its parent; as MissedTurns.sol has it. */
import { getAddress } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { faultsOf, indexIn, requireAscending, successorIn, type AccountantSet } from "./accountant-set.js";

/** Time from block to block, s. */
export const BLOCK_PERIOD_SECONDS = 2n;

/** A block, as far as turns go; a header is one. */
export interface TurnBlock {
  readonly coinbase: string;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

/** How long turns take. */
export interface TurnTiming {
  /** How long round 0 waits beyond the block period; each round waits twice as long as the one before. */
  readonly requestTimeoutSeconds: bigint;
  /** What may come on top without the whole network being slow. */
  readonly slackSeconds: bigint;
}

/** Whose turn it was first (a place in the set), and how many turns passed until the block's coinbase's own. */
export function passedOver(
  set: AccountantSet,
  parentCoinbase: string,
  coinbase: string,
): { first: number; count: number } {
  requireAscending(set);
  const index = indexIn(set, coinbase);
  if (index === -1) throw new CommonwattError("MissedTurnsForeignCoinbase", { coinbase: getAddress(coinbase) });
  const first = successorIn(set, parentCoinbase);
  return { first, count: (index + set.length - first) % set.length };
}

/**
 * Who missed a turn before the block and is to blame for it, in the order of the turns: nobody when more than f were
 * passed over, or when the block came later than that many passed turns explain.
 */
export function blame(set: AccountantSet, parent: TurnBlock, block: TurnBlock, timing: TurnTiming): string[] {
  requireAscending(set);
  const [parentTimestamp, timestamp] = [parent.timestamp, block.timestamp];
  if (timestamp <= parentTimestamp) throw new CommonwattError("MissedTurnsWrongTime", { parentTimestamp, timestamp });
  const { first, count } = passedOver(set, parent.coinbase, block.coinbase);
  if (count > faultsOf(set.length) || timestamp - parentTimestamp > latestGap(count, timing)) return [];
  return Array.from({ length: count }, (_, turn) => getAddress(set[(first + turn) % set.length] ?? ""));
}

/** The longest time between two blocks that so many passed turns alone explain, s. */
export function latestGap(count: number, { requestTimeoutSeconds, slackSeconds }: TurnTiming): bigint {
  return BLOCK_PERIOD_SECONDS + requestTimeoutSeconds * (2n ** BigInt(count) - 1n) + slackSeconds;
}
