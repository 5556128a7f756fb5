/** A simulated chain as a full node answers for it, and its deployment file: for tests and figures of light nodes. */
import { ZeroHash } from "ethers";

import type { RpcObject } from "../../light/rpc-fields.js";
import { TRANSACTION_CONTRACTS, USER_CONTRACTS } from "../../sdk/deployments/index.js";
import { PeerRefusal, type Ask } from "../light-node/rpc-peer.js";
import type { LightChain } from "./light-chain.js";
import { SIMULATED_ELECTION } from "./light-state.js";

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
      case "eth_getCode":
        return chain.options.others?.find(({ address }) => address === first)?.code ?? "0x";
      case "eth_getLogs": {
        const { fromBlock } = first as { fromBlock: string };
        return chain.receipts(Number(fromBlock)).flatMap((receipt) => receipt["logs"] as RpcObject[]);
      }
      default:
        throw new PeerRefusal(-32_601, `the method ${method} does not exist`);
    }
  };
}

/** A deployment file of the simulated chain. */
export function deploymentOf(chain: LightChain): unknown {
  const contracts = (names: readonly string[]): object =>
    Object.fromEntries(names.map((name) => [name, { address: SIMULATED_ELECTION, codeHash: ZeroHash }]));
  const shape = {
    chainId: chain.options.chainId,
    genesisHash: chain.header(0).hash,
    deploymentBlock: 0,
  };
  return {
    version: 1,
    network: "simulated",
    chains: {
      transaction: { ...shape, contracts: contracts(TRANSACTION_CONTRACTS) },
      user: { ...shape, chainId: 10, contracts: contracts(USER_CONTRACTS) },
    },
  };
}
