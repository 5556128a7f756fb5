/** A chain's newest block: how far it is, and what its clock says. */
import type { Provider } from "ethers";

import { CommonwattError } from "./errors.js";
import { ask } from "./transact.js";

const TRIES = 5;
const PAUSE_MILLISECONDS = 100;

/** A block that is followed; on QBFT each is final. */
export interface Head {
  readonly number: number;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

/** Fails with `BlockUnknown` where the endpoint goes on saying that there is none. */
export async function latestHead(provider: Provider): Promise<Head> {
  const block = await untilThere(() => ask(() => provider.getBlock("latest")));
  if (block === null) throw new CommonwattError("BlockUnknown", { blockNumber: "latest" });
  return { number: block.number, timestamp: BigInt(block.timestamp) };
}

/**
 * Asks for the latest block, by whatever means. Besu has none for the moment of an import (seen once in thousands of
 * questions): then it is asked again, five times in all.
 */
export async function untilThere<Block>(question: () => Promise<Block | null>): Promise<Block | null> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const block = await question();
    if (block !== null) return block;
    await new Promise((go) => setTimeout(go, PAUSE_MILLISECONDS));
  }
  return null;
}
