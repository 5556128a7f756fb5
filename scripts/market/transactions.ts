/** What was sent to a chain's contracts: each transaction with its function, its calldata and the gas of its receipt. */
import { getBytes, type Interface, type TransactionResponse } from "ethers";

import type { TransactionChain } from "../../sdk/connect.js";
import { CONTRACT_INTERFACES, type ContractName } from "../../sdk/contracts.js";

export interface SentTransaction {
  readonly hash: string;
  /** e.g. `Clearing.close`; of several calls in one, the first. */
  readonly call: string;
  readonly gasUsed: number;
  readonly calldataGas: number;
}

/** All transactions to the deployment's contracts in a range of blocks, in order. */
export async function transactionsOf(
  chain: TransactionChain,
  fromBlock: number,
  toBlock: number,
): Promise<SentTransaction[]> {
  const names = new Map(
    Object.entries(chain.deployment.contracts).map(([name, { address }]) => [address.toLowerCase(), name]),
  );
  const sent: SentTransaction[] = [];
  for (let number = fromBlock; number <= toBlock; number++) {
    const block = await chain.provider.getBlock(number, true);
    for (const transaction of block?.prefetchedTransactions ?? []) {
      const contract = names.get((transaction.to ?? "").toLowerCase());
      if (contract !== undefined) sent.push(await describe(chain, contract as ContractName, transaction));
    }
  }
  return sent;
}

/** What EIP-2028 charges for the bytes: 16 gas each, 4 for a zero. */
export function calldataGasOf(data: string): number {
  return getBytes(data).reduce((gas, byte) => gas + (byte === 0 ? 4 : 16), 0);
}

async function describe(
  chain: TransactionChain,
  contract: ContractName,
  transaction: TransactionResponse,
): Promise<SentTransaction> {
  const receipt = await chain.provider.getTransactionReceipt(transaction.hash);
  if (receipt === null) throw new Error(`transaction ${transaction.hash} has no receipt`);
  return {
    hash: transaction.hash,
    call: `${contract}.${functionOf(CONTRACT_INTERFACES[contract], transaction.data)}`,
    gasUsed: Number(receipt.gasUsed),
    calldataGas: calldataGasOf(transaction.data),
  };
}

function functionOf(abi: Interface, data: string): string {
  const call = abi.parseTransaction({ data });
  if (call?.name !== "multicall") return call?.name ?? "?";
  const [first = "0x"] = call.args[0] as string[];
  return functionOf(abi, first);
}
