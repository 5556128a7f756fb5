/** Through which node a node's own organisation reaches the chain while others do not let the node in. */
import { InputError } from "../../inputs/error.js";
import type { FolderPart } from "../agent/open.js";
import { nodeRpcs, NodeUnreachable } from "../engine/node-rpc.js";
import { askableParts } from "../engine/parts.js";
import { peerCount } from "../engine/peers.js";

/** The node itself where it is connected, else another one that is and that answers here. */
export async function connectedPart(part: FolderPart): Promise<FolderPart> {
  const { dir, network, chain } = part;
  const rpcOf = await nodeRpcs(dir, network);
  const askable = await askableParts(network, { chain });
  const own = askable.filter(({ node }) => node.name === part.node.name);
  for (const { node } of [...own, ...askable]) {
    try {
      if ((await peerCount(rpcOf, { node, chain })) > 0) return { ...part, node };
    } catch (error) {
      if (!(error instanceof NodeUnreachable)) throw error;
    }
  }
  const problem = `no node of the ${chain} chain that is connected to others answers here`;
  const advice = "Run it where one does, or make the network with --tls";
  throw new InputError({ file: `network ${network.name}` }, problem, advice);
}
