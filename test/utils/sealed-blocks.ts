/** An embedded chain's blocks as if QBFT had made them: each after the one before, sealed by the set that was in force. */
import { encodeRlp, ZeroHash, type Wallet } from "ethers";

import { blockHash, headerFromRpc, quorumOf, sealDigest } from "../../light/index.js";
import type { RpcObject } from "../../light/rpc-fields.js";
import type { Ask } from "../../scripts/endpoint.js";
import { sealOf } from "../../scripts/bench/qbft-headers.js";
import { grouped } from "../../scripts/simulate/grouped.js";
import type { ChainEvent } from "../../sdk/events.js";

/** Who seals which blocks. */
export interface Sealing {
  /** Keys of all nodes that ever seal. */
  readonly nodes: readonly Wallet[];
  /** Who seals until the chain's first ValidatorSetChanged, ascending. */
  readonly founders: readonly string[];
  /** The chain's events. */
  readonly events: readonly ChainEvent[];
  readonly toBlock: number;
  /** Seals that a block lacks of a quorum. */
  readonly missing?: (number: number) => number;
}

/** Answers as the honest endpoint, with headers of that chain. */
export async function sealedBlocks(honest: Ask, { nodes, founders, events, toBlock, missing }: Sealing): Promise<Ask> {
  const keys = new Map(nodes.map((node) => [node.address, node.signingKey]));
  const changes = grouped(
    events.filter(({ name }) => name === "ValidatorSetChanged"),
    ({ block }) => block,
  );
  const blocks: RpcObject[] = [];
  let set = founders;
  for (let number = 0; number <= toBlock; number++) {
    const block = (await honest("eth_getBlockByNumber", [`0x${number.toString(16)}`, true])) as RpcObject;
    const parent = blocks.at(-1);
    if (parent === undefined) blocks.push(block);
    else {
      const bare = { ...block, parentHash: parent["hash"], miner: set[0], extraData: extraData([]) };
      const header = headerFromRpc(bare);
      const seals = set.slice(missing?.(number) ?? 0, quorumOf(set.length)).map((node) => {
        const key = keys.get(node);
        if (key === undefined) throw new Error(`the test has no key of ${node}`);
        return sealOf(key, sealDigest(header));
      });
      blocks.push({ ...bare, extraData: extraData(seals), hash: blockHash(header) });
    }
    const changed = changes.get(number)?.at(-1)?.args["validators"];
    if (changed !== undefined) set = changed as string[];
  }
  return (method, params) =>
    method === "eth_getBlockByNumber" ? Promise.resolve(blocks[Number(params[0])] ?? null) : honest(method, params);
}

function extraData(seals: readonly string[]): string {
  return encodeRlp([ZeroHash, [], [], "0x", [...seals]]);
}
