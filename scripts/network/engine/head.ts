/** A chain as one node sees it. */
import { AbiCoder, getAddress, id } from "ethers";

import { predeployedAddress } from "../../../deploy/predeployed.js";
import { untilThere } from "../../../sdk/latest-head.js";
import { NodeRefused, type NodeRpc } from "./node-rpc.js";

/** A block as `eth_getBlockByNumber` gives it. */
export type RpcBlock = Readonly<Record<string, unknown>> & {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
};

export interface Head {
  readonly number: number;
  readonly hash: string;
  /** Unix seconds. */
  readonly time: number;
}

const GET_VALIDATORS = id("getValidators()").slice(0, 10);

/** The newest block. */
export async function latestBlock(rpc: NodeRpc): Promise<RpcBlock> {
  const method = "eth_getBlockByNumber";
  const block = await untilThere(() => rpc.call<RpcBlock | null>(method, "latest", false));
  if (block === null) throw new NodeRefused(rpc.url, method, "it has no latest block");
  return block;
}

export async function headOf(rpc: NodeRpc): Promise<Head> {
  const { number, hash, timestamp } = await latestBlock(rpc);
  return { number: Number(number), hash, time: Number(timestamp) };
}

/** Who may make the block after the latest one, as the contract says: ascending. */
export async function setInContract(rpc: NodeRpc): Promise<string[]> {
  const call = { to: predeployedAddress("AccountantElection"), data: GET_VALIDATORS };
  const data = await rpc.call<string>("eth_call", call, "latest");
  const [addresses] = AbiCoder.defaultAbiCoder().decode(["address[]"], data) as unknown as [string[]];
  return ascending(addresses);
}

/** The same as the node's consensus has it: ascending. `block`: the one before the block that they may make. */
export async function setInForce(rpc: NodeRpc, block = "latest"): Promise<string[]> {
  return ascending(await rpc.call<string[]>("qbft_getValidatorsByBlockNumber", block));
}

function ascending(addresses: readonly string[]): string[] {
  return addresses.map((address) => getAddress(address)).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}

/** How many of a set have to agree. */
export function quorumOf(members: number): number {
  return Math.ceil((2 * members) / 3);
}
