/** Ignition's journals of a network's deployment: how far it came, so that one that was broken off goes on. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { InputError } from "../../inputs/error.js";
import type { ChainName } from "../network-file.js";

/** What a chain says about its deployment. */
export interface Begun {
  readonly chain: ChainName;
  /** Transactions of the deployer's that the node knows, also those that wait. */
  readonly sent: number;
  /** Whether the access manager has its federation: the first thing that is deployed. */
  readonly isBegun: boolean;
}

export class Journals {
  /** @param folder Where Ignition keeps them. @param id What those of this network begin with. @param anchors anchors.json. */
  constructor(
    private readonly folder: string,
    private readonly id: string,
    private readonly anchors: string,
  ) {}

  /** Refuses to begin again what another machine began: its journal is not here. */
  requireOwn({ chain, isBegun }: Begun): void {
    const [journal = ""] = this.#of(chain);
    if (!isBegun || existsSync(journal)) return;
    const problem = `the ${chain} chain's deployment was begun already, and its journal ${journal} is not here`;
    throw new InputError({ file: `network ${this.id}` }, problem, "Go on where it was begun, or make the network anew");
  }

  /**
   * Removes what is left of earlier networks: one that is made anew from the same seed has the same genesis blocks, and
   * their journals would have its deployer's transactions for sent. Returns whether there was any.
   */
  async forgetEarlier(chains: readonly Begun[]): Promise<boolean> {
    if (chains.some(({ sent }) => sent > 0)) return false;
    const kept = [...chains.flatMap(({ chain }) => this.#of(chain)), this.anchors];
    const stale = kept.filter((path) => existsSync(path));
    for (const path of stale) await rm(path, { recursive: true });
    return stale.length > 0;
  }

  #of(chain: ChainName): readonly [string, string] {
    return [join(this.folder, `${this.id}-${chain}`), join(this.folder, `${this.id}-${chain}-anchors`)];
  }
}
