/** A node's RPC that behaves as Besu's does, or misbehaves: slow, partly failing, restarted, diverged. */
import { createServer, type Server } from "node:http";

import { BesuNode } from "../../scripts/network/agent/besu-node.js";
import { NodeRpc } from "../../scripts/network/engine/node-rpc.js";
import { closeServer, listenOnLoopback, readBody } from "../../scripts/networks/loopback.js";

export interface Lists {
  accounts: string[];
  nodes: string[];
}

/** What goes wrong with a change of a list. */
export type Fault =
  /** The connection ends before anything happened. */
  | "lost request"
  /** The change is made, and the connection ends before the answer. */
  | "lost answer"
  /** The first half of the entries is taken, and the answer is an error. */
  | "half"
  /** The disk is full: nothing changes. */
  | "not persisted";

/** A change of a list as the node took it. */
export interface Taken {
  readonly list: keyof Lists;
  readonly kind: "add" | "remove";
  readonly before: readonly string[];
  readonly after: readonly string[];
}

const MOST_BYTES = 5_000_000;
/** Within which the client gives up. */
const TIMEOUT_MILLISECONDS = 1_000;

export class FakeNode {
  readonly #server: Server;
  readonly url: string;
  readonly rpc: BesuNode;
  /** What the node works with, and what its file holds. */
  lists: Lists;
  file: Lists;
  /** Enodes that the node keeps connections to; here all are up. */
  peers = new Set<string>();
  /** Who of them is away. */
  readonly away = new Set<string>();
  /** Entries that it refuses as no node. */
  readonly invalid = new Set<string>();
  readonly faults: Fault[] = [];
  readonly taken: Taken[] = [];
  delayMilliseconds = 0;
  isDown = false;
  /** Called with each change, before the answer. */
  onTaken: (taken: Taken) => Promise<void> = () => Promise.resolve();
  requests = 0;

  private constructor(server: Server, url: string, initial: Lists) {
    this.#server = server;
    this.url = url;
    this.lists = copyOf(initial);
    this.file = copyOf(initial);
    this.rpc = new BesuNode(new NodeRpc(url, () => Promise.resolve("token"), undefined, TIMEOUT_MILLISECONDS));
  }

  static async start(initial: Lists): Promise<FakeNode> {
    const server = createServer();
    const node = new FakeNode(server, await listenOnLoopback(server, 0), initial);
    server.on("request", (request, response) => {
      void (async () => {
        node.requests += 1;
        const { id, method, params } = JSON.parse(await readBody(request, MOST_BYTES)) as RpcRequest;
        const answer = await node.#answer(method, params);
        if (node.delayMilliseconds > 0) await new Promise((resolve) => setTimeout(resolve, node.delayMilliseconds));
        if (answer === undefined) return void request.destroy();
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
      })().catch((error: unknown) => response.destroy(error as Error));
    });
    return node;
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  /** Forgets all that is not in its file, and its peers. */
  restart(): void {
    this.lists = copyOf(this.file);
    this.peers = new Set();
  }

  /** Its operator, or an intruder, changes the lists over RPC. */
  diverge(lists: Lists): void {
    this.lists = copyOf(lists);
    this.file = copyOf(lists);
  }

  /** Its operator edits the file alone. */
  editFile(lists: Lists): void {
    this.file = copyOf(lists);
  }

  /** Undefined: the connection ends without an answer. */
  async #answer(method: string, params: readonly unknown[]): Promise<object | undefined> {
    if (this.isDown) return undefined;
    const [, verb, kind] = /^perm_(get|add|remove)(Accounts|Nodes)/.exec(method) ?? [];
    if (verb !== undefined && kind !== undefined) {
      const list = kind === "Accounts" ? "accounts" : "nodes";
      if (verb === "get") return { result: [...this.lists[list]] };
      return this.#change(list, verb as "add" | "remove", params[0] as string[]);
    }
    const [enode = ""] = params as string[];
    switch (method) {
      case "admin_peers":
        return {
          result: [...this.peers].filter((peer) => !this.away.has(peer)).map((peer) => ({ id: `0x${idOf(peer)}` })),
        };
      case "admin_addPeer":
        if (this.invalid.has(enode)) return refusal("Parse error");
        return { result: !this.peers.has(enode) && this.peers.add(enode).size > 0 };
      case "admin_removePeer":
        return { result: this.peers.delete(enode) };
      default:
        return { error: { code: -32601, message: "Method not found" } };
    }
  }

  async #change(list: keyof Lists, kind: "add" | "remove", given: readonly string[]): Promise<object | undefined> {
    const [name, names] = list === "accounts" ? ["account", "accounts"] : ["node", "nodes"];
    const entries = list === "accounts" ? given.map((entry) => entry.toLowerCase()) : [...given];
    if (entries.length === 0) return refusal(`Request contains an empty list of ${names}`);
    if (entries.some((entry) => this.invalid.has(entry))) return refusal(`Request contains an invalid ${name}`);
    if (new Set(entries).size < entries.length) return refusal(`Request contains duplicate ${names}`);
    const present = this.lists[list];
    if (kind === "add" && entries.some((entry) => present.includes(entry))) {
      return refusal(`Cannot add an existing ${name} to allowlist`);
    }
    if (kind === "remove" && entries.some((entry) => !present.includes(entry))) {
      return refusal(`Cannot remove an absent ${name} from allowlist`);
    }
    const fault = this.faults.shift();
    if (fault === "lost request") return undefined;
    if (fault === "not persisted") {
      return refusal("Unable to persist changes to allowlist configuration file. Changes reverted");
    }
    const some = fault === "half" ? entries.slice(0, Math.floor(entries.length / 2)) : entries;
    const isInSync = sameEntries(this.file[list], present);
    const after = kind === "add" ? [...present, ...some] : present.filter((entry) => !some.includes(entry));
    this.lists[list] = after;
    if (isInSync) this.file[list] = [...after];
    const taken: Taken = { list, kind, before: present, after };
    this.taken.push(taken);
    await this.onTaken(taken);
    if (fault === "lost answer") return undefined;
    if (fault === "half") return { error: { code: -32603, message: "Internal error" } };
    if (isInSync) return { result: "Success" };
    return refusal(
      "The permissioning allowlist configuration file is out of sync.  The changes have been applied, but not persisted to disk",
    );
  }
}

interface RpcRequest {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Besu has one code for all. */
const refusal = (message: string): object => ({ error: { code: -32_000, message } });
const idOf = (enode: string): string => enode.slice("enode://".length, "enode://".length + 128);
const copyOf = ({ accounts, nodes }: Lists): Lists => ({ accounts: [...accounts], nodes: [...nodes] });

function sameEntries(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((entry) => other.includes(entry));
}
