/** Whose rounds failed: before a block of round r, r accountants had their turns and made none. */
import { toQuantity } from "ethers";

import { successorIn, type QbftHeader } from "../../../light/index.js";
import { setInForce } from "./head.js";
import type { NodeRpc } from "./node-rpc.js";

/** Of those blocks, which follow each other; by node's address. The first one's parent is not known here. */
export async function failedRounds(rpc: NodeRpc, blocks: readonly QbftHeader[]): Promise<Map<string, number>> {
  const failed = new Map<string, number>();
  for (const [index, { round }] of blocks.entries()) {
    const parent = blocks[index - 1];
    if (parent === undefined || round === 0n) continue;
    const set = await setInForce(rpc, toQuantity(parent.number));
    const first = successorIn(set, parent.coinbase);
    for (let turn = 0; turn < Number(round); turn++) {
      const node = set[(first + turn) % set.length];
      if (node !== undefined) failed.set(node, (failed.get(node) ?? 0) + 1);
    }
  }
  return failed;
}
