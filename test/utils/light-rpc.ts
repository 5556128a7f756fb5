/** A simulated chain's JSON-RPC, honest or not, for tests of the light node. No side effects. */
import type { LightChain } from "../../scripts/bench/light-chain.js";
import { PeerRefusal, type Ask } from "../../scripts/light-node/rpc-peer.js";
import type { RpcObject } from "../../light/rpc-fields.js";

/** What a node answers instead of the truth. */
export type RpcLie = (method: string, truth: unknown, params: readonly unknown[]) => unknown;

/** Answers as a full node would whose last block is `head()`. */
export function chainAsk(chain: LightChain, head: () => number = () => chain.options.head): Ask {
  return async (method, params) => {
    const [first, second, third] = params;
    const known = (number: unknown): number | undefined => (Number(number) <= head() ? Number(number) : undefined);
    switch (method) {
      case "eth_blockNumber":
        return `0x${head().toString(16)}`;
      case "eth_getBlockByNumber":
        return known(first) === undefined ? null : chain.block(Number(first));
      case "eth_getBlockReceipts":
        return known(first) === undefined ? null : chain.receipts(Number(first));
      case "eth_getTransactionByHash": {
        const block = chain.options.written.at(-1)?.block ?? 0;
        const isKnown = first === chain.transaction["hash"] && known(block) !== undefined && block > 0;
        return isKnown ? { ...chain.transaction, blockNumber: `0x${block.toString(16)}` } : null;
      }
      case "eth_getProof":
        if (known(third) === undefined) throw new PeerRefusal(-32_000, "no such block");
        return chain.proof(Number(third), (second as string[]).map(BigInt), first as string);
      case "eth_getLogs": {
        const { fromBlock } = first as { fromBlock: string };
        return chain.receipts(Number(fromBlock)).flatMap((receipt) => receipt["logs"] as RpcObject[]);
      }
      default:
        throw new PeerRefusal(-32_601, `the method ${method} does not exist`);
    }
  };
}

/** The same with a lie in it. */
export function lyingAsk(ask: Ask, lie: RpcLie): Ask {
  return async (method, params) => lie(method, structuredClone(await ask(method, params)), params);
}
