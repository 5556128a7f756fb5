/** What the permission agent asks of its node: allow-lists (`perm_*`) and peers (`admin_*`). */
import type { NodeRefused, NodeRpc } from "../engine/node-rpc.js";

/**
 * Besu's message for a list that changed in memory while its file holds something else than it wrote; all refusals share
 * one code.
 */
const OUT_OF_SYNC = /out of sync.*changes have been applied/i;

/** One of a node's two allow-lists. Whole calls fail for one entry that can't be taken, without any effect. */
export interface AllowList {
  read(): Promise<readonly string[]>;
  add(entries: readonly string[]): Promise<void>;
  remove(entries: readonly string[]): Promise<void>;
}

/** A node, as its agent sees it. What it refuses is a `NodeRefused`. */
export interface ControlledNode {
  readonly accounts: AllowList;
  readonly nodes: AllowList;
  /** Enode ids of the nodes that are connected, 128 small hex digits. */
  peers(): Promise<readonly string[]>;
  /** Keeps a connection to that node from now on, until the process ends. */
  addPeer(enode: string): Promise<void>;
  /** Ends the connection, and keeps it no more. */
  removePeer(enode: string): Promise<void>;
}

/** Whether the node refused the change in its file alone: it is in force, and forgotten with the next start. */
export function isInForce(refusal: NodeRefused): boolean {
  return OUT_OF_SYNC.test(refusal.message);
}

/** A Besu node with the RPC APIs PERM and ADMIN. */
export class BesuNode implements ControlledNode {
  readonly #rpc: Pick<NodeRpc, "call">;
  readonly accounts: AllowList;
  readonly nodes: AllowList;

  constructor(rpc: Pick<NodeRpc, "call">) {
    this.#rpc = rpc;
    this.accounts = listBehind(rpc, "Accounts");
    this.nodes = listBehind(rpc, "Nodes");
  }

  async peers(): Promise<string[]> {
    const peers = await this.#rpc.call<readonly { readonly id: string }[]>("admin_peers");
    return peers.map(({ id }) => id.replace(/^0x/, "").toLowerCase());
  }

  async addPeer(enode: string): Promise<void> {
    await this.#rpc.call("admin_addPeer", enode); // false: it is kept already, and tried again now
  }

  async removePeer(enode: string): Promise<void> {
    await this.#rpc.call("admin_removePeer", enode);
  }
}

function listBehind(rpc: Pick<NodeRpc, "call">, kind: "Accounts" | "Nodes"): AllowList {
  return {
    read: () => rpc.call<string[]>(`perm_get${kind}Allowlist`),
    add: async (entries) => void (await rpc.call(`perm_add${kind}ToAllowlist`, entries)),
    remove: async (entries) => void (await rpc.call(`perm_remove${kind}FromAllowlist`, entries)),
  };
}
