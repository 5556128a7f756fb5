/** What the permission agent asks of its node over JSON-RPC: allow-lists (`perm_*`) and peers (`admin_*`). */

/** How long one request may take. */
const REQUEST_MILLISECONDS = 15_000;
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

/** A node, as its agent sees it. */
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

/** The node answered, and refused. */
export class NodeRefusal extends Error {
  override readonly name = "NodeRefusal";

  constructor(
    readonly method: string,
    readonly reason: string,
  ) {
    super(`${method}: ${reason}`);
  }

  /** The change is in force, but not in the node's file: after a restart it is forgotten. */
  get isInForce(): boolean {
    return OUT_OF_SYNC.test(this.reason);
  }
}

/** The node did not answer, or not as JSON-RPC does. */
export class NodeAway extends Error {
  override readonly name = "NodeAway";
}

export interface NodeEndpoint {
  readonly url: string;
  /** A token for the RPC, asked for before each request; undefined where none is needed. */
  readonly token?: () => Promise<string | undefined>;
  readonly timeoutMilliseconds?: number;
}

/** A Besu node. */
export class BesuNode implements ControlledNode {
  readonly accounts: AllowList = this.#list(
    "perm_getAccountsAllowlist",
    "AccountsToAllowlist",
    "AccountsFromAllowlist",
  );
  readonly nodes: AllowList = this.#list("perm_getNodesAllowlist", "NodesToAllowlist", "NodesFromAllowlist");
  readonly #endpoint: NodeEndpoint;

  constructor(endpoint: NodeEndpoint) {
    this.#endpoint = endpoint;
  }

  async peers(): Promise<string[]> {
    const peers = (await this.#ask("admin_peers", [])) as readonly { readonly id?: unknown }[];
    return peers.map(({ id }) => String(id).replace(/^0x/, "").toLowerCase());
  }

  async addPeer(enode: string): Promise<void> {
    await this.#ask("admin_addPeer", [enode]); // false: it is kept already, and tried again now
  }

  async removePeer(enode: string): Promise<void> {
    await this.#ask("admin_removePeer", [enode]);
  }

  #list(get: string, add: string, remove: string): AllowList {
    return {
      read: async () => (await this.#ask(get, [])) as string[],
      add: async (entries) => void (await this.#ask(`perm_add${add}`, [entries])),
      remove: async (entries) => void (await this.#ask(`perm_remove${remove}`, [entries])),
    };
  }

  async #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    const answer = await this.#post(method, JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
    if (answer.error !== undefined) throw new NodeRefusal(method, String(answer.error.message));
    return answer.result;
  }

  async #post(method: string, body: string): Promise<RpcAnswer> {
    const { url, token, timeoutMilliseconds = REQUEST_MILLISECONDS } = this.#endpoint;
    const bearer = await token?.();
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
        body,
        signal: AbortSignal.timeout(timeoutMilliseconds),
      });
      if (response.status === 401) throw new Error("the node refuses the RPC's token");
      return (await response.json()) as RpcAnswer;
    } catch (cause) {
      throw new NodeAway(`${method}: ${reasonOf(cause)}`, { cause });
    }
  }
}

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown };
}

/** fetch says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
