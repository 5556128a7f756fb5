/** Connecting nodes. Peers that are added live in a node's memory alone, so this is done after every start. */
import { enodeUrl, type ChainName, type NetworkFile } from "../network-file.js";
import type { Part } from "./engine.js";
import { NodeRefused, type RpcOf } from "./node-rpc.js";
import { partsOf } from "./parts.js";

/** Tells a node of all the others of its chain; whom it does not reach yet it tries again by itself. */
export async function addPeers(network: NetworkFile, rpcOf: RpcOf, { node, chain }: Part): Promise<void> {
  const rpc = rpcOf(node, chain);
  for (const other of partsOf(network, { chain })) {
    if (other.node.name === node.name) continue;
    try {
      await rpc.call("admin_addPeer", enodeUrl(other.node, chain));
    } catch (error) {
      // an expelled member's node is not on the list, and stays out
      if (!(error instanceof NodeRefused)) throw error;
    }
  }
}

/** How many peers a node has. */
export async function peerCount(
  rpcOf: RpcOf,
  { node, chain }: { node: Part["node"]; chain: ChainName },
): Promise<number> {
  return Number(await rpcOf(node, chain).call<string>("net_peerCount"));
}
