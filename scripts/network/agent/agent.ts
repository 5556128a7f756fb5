/**
 * The permission agent: keeps one node's allow-lists equal to what the contracts of its chain say, in rounds that each
 * read, compare and send the difference. It remembers nothing that it could not read again.
 */
import { canonicalEnode } from "../../../sdk/admittance/enode.js";
import { isNodeOf, listsOf, type AllowLists } from "../../../sdk/admittance/lists.js";
import type { AdmittedAt } from "../../../sdk/actions/admittance.js";
import type { Head } from "../../../sdk/latest-head.js";

import { changeList, NO_CHANGE, readList, type Change, type ListInForce } from "./allow-list.js";
import type { ControlledNode } from "./besu-node.js";
import { PeerKeeper, type PeerState } from "./peers.js";

/** What the agent reads of its chain. */
export interface FollowedChain {
  head(): Promise<Head>;
  at(head: Head): Promise<AdmittedAt>;
  /** Node addresses that seal the next block, at this moment. */
  validators(): Promise<readonly string[]>;
}

export interface AgentParts {
  readonly node: ControlledNode;
  readonly chain: FollowedChain;
  /** The address of the node's own key. */
  readonly self: string;
  /** Accounts that are always listed; asked for in each round. */
  readonly always: () => Promise<readonly string[]>;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly now?: () => number;
}

/** A head that is older is no ground to take anything off a list, seconds. */
export const FRESH_SECONDS = 60n;
/** So often lists and peers are looked at though no block came, milliseconds. */
const LOOK_EVERY_MILLISECONDS = 10_000;

/** How a list differs from what it should be. */
export interface ListState {
  readonly inForce: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Listed by the contracts and not by the node, after the round. */
  readonly missing: readonly string[];
  /** Listed by the node and not by the contracts, after the round; the agent's own node and nodes in force stay. */
  readonly excess: readonly string[];
  readonly refused: ReadonlyMap<string, string>;
  readonly isFileBehind: boolean;
}

/** What a round found and did. */
export interface Round {
  readonly admitted: AdmittedAt;
  readonly target: AllowLists;
  readonly accounts: ListState;
  readonly nodes: ListState;
  readonly peers: PeerState;
  /** The head is too old to take anything off. */
  readonly isStale: boolean;
}

/** Whether both lists are what the contracts say. */
export function isEqual({ accounts, nodes }: Pick<Round, "accounts" | "nodes">): boolean {
  return [accounts, nodes].every(({ missing, excess }) => missing.length === 0 && excess.length === 0);
}

export class PermissionAgent {
  readonly #parts: AgentParts;
  readonly #now: () => number;
  readonly #peers: PeerKeeper;
  #lastHead: number | undefined;
  #lookAt = 0;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    this.#peers = new PeerKeeper(parts.node, this.#now);
  }

  /** The next round reads and compares everything: something failed, or the node may have been restarted. */
  lookAnew(): void {
    this.#lastHead = undefined;
    this.#peers.forget();
  }

  /** One round; undefined when no block came and it is not time to look again. */
  async round(): Promise<Round | undefined> {
    const { chain, always, self } = this.#parts;
    const head = await chain.head();
    if (head.number === this.#lastHead && this.#now() < this.#lookAt) return undefined;
    this.#lookAt = this.#now() + LOOK_EVERY_MILLISECONDS;
    const admitted = await chain.at(head);
    const target = listsOf(admitted, await always());
    const isStale = BigInt(Math.floor(this.#now() / 1_000)) - head.timestamp > FRESH_SECONDS;
    const { accounts, nodes } = await this.#bring(target, admitted, isStale);
    const peers = await this.#peers.keep(nodes.inForce.filter((enode) => !isNodeOf(enode, [self])));
    this.#lastHead = head.number;
    return { admitted, target, accounts, nodes, peers, isStale };
  }

  /** All additions come before all removals, so that whoever replaces another is listed first. */
  async #bring(
    target: AllowLists,
    { validators }: AdmittedAt,
    isStale: boolean,
  ): Promise<{ accounts: ListState; nodes: ListState }> {
    const { node, self } = this.#parts;
    const accounts = { list: node.accounts, target: target.accounts, canonical: toLowerCase };
    const nodes = { list: node.nodes, target: target.nodes, canonical: canonicalEnode };
    const before = {
      accounts: await readList(accounts.list, toLowerCase),
      nodes: await readList(nodes.list, canonicalEnode),
    };
    const added = {
      accounts: await add(accounts.list, accounts.target, before.accounts),
      nodes: await add(nodes.list, nodes.target, before.nodes),
    };
    const removed = { accounts: NO_CHANGE, nodes: NO_CHANGE };
    if (!isStale) {
      removed.accounts = await remove(accounts.list, excessOf(accounts.target, before.accounts));
      // asked anew: additions on a slow node take their time, and meanwhile the set may have changed
      const excess = excessOf(nodes.target, before.nodes);
      const inForce = excess.length === 0 ? [] : await this.#parts.chain.validators();
      // who moved is listed under its new address already, unless the node refused that
      const listed = target.nodes.filter((enode) => !added.nodes.refused.has(enode));
      const kept = notAmong(listed, [self, ...validators, ...inForce]);
      removed.nodes = await this.#removeNodes(excess.filter(([enode]) => !isNodeOf(enode, kept)));
    }
    return {
      accounts: await stateOf(accounts, before.accounts, [added.accounts, removed.accounts]),
      nodes: await stateOf(
        nodes,
        before.nodes,
        [added.nodes, removed.nodes],
        notAmong(target.nodes, [self, ...validators]),
      ),
    };
  }

  async #removeNodes(excess: readonly Excess[]): Promise<Change> {
    const { node } = this.#parts;
    const change = await remove(node.nodes, excess);
    for (const [, texts] of excess) {
      for (const enode of texts) await node.removePeer(enode).catch(() => undefined); // the list refuses it anyway
    }
    return change;
  }
}

/** An entry that should not be there, and the node's texts of it. */
type Excess = readonly [canonical: string, texts: readonly string[]];

function excessOf(target: readonly string[], inForce: ListInForce): Excess[] {
  const wanted = new Set(target);
  return [...inForce].filter(([entry]) => !wanted.has(entry));
}

/** Those of the node addresses that none of the enodes belongs to. */
function notAmong(enodes: readonly string[], addresses: readonly string[]): string[] {
  return addresses.filter((address) => !enodes.some((enode) => isNodeOf(enode, [address])));
}

function add(list: ControlledNode["accounts"], target: readonly string[], inForce: ListInForce): Promise<Change> {
  return changeList(
    target.filter((entry) => !inForce.has(entry)),
    (entries) => list.add(entries),
  );
}

function remove(list: ControlledNode["accounts"], excess: readonly Excess[]): Promise<Change> {
  return changeList(
    excess.flatMap(([, texts]) => texts),
    (entries) => list.remove(entries),
  );
}

/** What became of a list, read back from the node. `keptNodes`: node addresses that stay whatever the contracts say. */
async function stateOf(
  {
    list,
    target,
    canonical,
  }: { list: ControlledNode["accounts"]; target: readonly string[]; canonical: (entry: string) => string },
  before: ListInForce,
  changes: readonly Change[],
  keptNodes: readonly string[] = [],
): Promise<ListState> {
  // nothing was sent: nothing is read again
  const after = changes.every(({ sent }) => sent === 0) ? before : await readList(list, canonical);
  const excess = excessOf(target, after).map(([entry]) => entry);
  return {
    inForce: [...after.keys()].sort(),
    added: [...after.keys()].filter((entry) => !before.has(entry)).sort(),
    removed: [...before.keys()].filter((entry) => !after.has(entry)).sort(),
    missing: target.filter((entry) => !after.has(entry)),
    excess: excess.filter((entry) => !isNodeOf(entry, keptNodes)),
    refused: new Map(changes.flatMap(({ refused }) => [...refused])),
    isFileBehind: changes.some(({ isFileBehind }) => isFileBehind),
  };
}

const toLowerCase = (account: string): string => account.toLowerCase();
