/**
 * Keeps a node connected to others. Peers that are added over RPC live in the node's memory alone, so that whoever is
 * missing is added again: soon at first, and ever more seldom while it is away.
 */
import { enodeIdOf } from "../../../sdk/admittance/enode.js";

import { NodeRefused } from "../engine/node-rpc.js";
import type { ControlledNode } from "./besu-node.js";

/** Besu remembers an attempt for about 20 seconds, and tries by itself once a minute. */
const FIRST_PAUSE_MILLISECONDS = 5_000;
const LONGEST_PAUSE_MILLISECONDS = 60_000;

interface Attempt {
  readonly at: number;
  readonly pause: number;
}

export interface PeerState {
  readonly connected: number;
  /** Enodes that should be connected and are not. */
  readonly missing: readonly string[];
  /** Those of them that were added now. */
  readonly added: readonly string[];
}

export class PeerKeeper {
  readonly #node: Pick<ControlledNode, "peers" | "addPeer">;
  readonly #now: () => number;
  #attempts = new Map<string, Attempt>();

  /** @param now milliseconds of any clock */
  constructor(node: Pick<ControlledNode, "peers" | "addPeer">, now: () => number) {
    this.#node = node;
    this.#now = now;
  }

  /** The node may have been restarted: all that are missing are added at once. */
  forget(): void {
    this.#attempts = new Map();
  }

  /** Adds those that are not connected, when it is their time. */
  async keep(enodes: readonly string[]): Promise<PeerState> {
    const connected = new Set(await this.#node.peers());
    const missing = enodes.filter((enode) => !connected.has(enodeIdOf(enode) ?? ""));
    const wanted = new Set(missing);
    for (const enode of this.#attempts.keys()) if (!wanted.has(enode)) this.#attempts.delete(enode);
    const added: string[] = [];
    for (const enode of missing) {
      if (!this.#isDue(enode)) continue;
      this.#note(enode);
      try {
        await this.#node.addPeer(enode);
        added.push(enode);
      } catch (error) {
        if (!(error instanceof NodeRefused)) throw error; // one that is refused must not keep the others out
      }
    }
    return { connected: connected.size, missing, added };
  }

  #isDue(enode: string): boolean {
    const last = this.#attempts.get(enode);
    return last === undefined || this.#now() >= last.at + last.pause;
  }

  #note(enode: string): void {
    const last = this.#attempts.get(enode);
    const pause = last === undefined ? FIRST_PAUSE_MILLISECONDS : Math.min(2 * last.pause, LONGEST_PAUSE_MILLISECONDS);
    this.#attempts.set(enode, { at: this.#now(), pause });
  }
}
