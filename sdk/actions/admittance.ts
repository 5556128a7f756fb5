/** Who may send and connect by the contracts of a chain, at a block: what permission agents and watchers follow. */
import type { Admitted } from "../admittance/lists.js";
import { Standings } from "../admittance/standings.js";
import type { AnyChain } from "../connect.js";
import { readEvents } from "../events.js";
import type { Head } from "../latest-head.js";
import { ask } from "../transact.js";
import { announcedNodes } from "./nodes.js";

/** What the contracts say at a block. */
export interface AdmittedAt extends Admitted {
  readonly head: Head;
}

/** The node addresses that seal the block after this one. */
export async function validatorsAfter(chain: AnyChain, block: number | "latest"): Promise<readonly string[]> {
  const validators = await ask(() => chain.contracts.accountantElection.getValidators({ blockTag: block }));
  return [...validators];
}

/** Follows the contracts of one chain: all events at first, then those of new blocks alone. */
export class AdmittanceView {
  readonly #chain: AnyChain;
  #standings = new Standings();
  /** The last block whose events are in. */
  #block: number | undefined;

  constructor(chain: AnyChain) {
    this.#chain = chain;
  }

  /** What the contracts say at that block, no earlier than the last one asked for; else all events are read again. */
  async at(head: Head): Promise<AdmittedAt> {
    await this.#readTo(head.number);
    const [nodes, validators] = await Promise.all([
      announcedNodes(this.#chain, head.number),
      validatorsAfter(this.#chain, head.number),
    ]);
    return { head, ...this.#standings.at(head.timestamp), nodes, validators };
  }

  async #readTo(toBlock: number): Promise<void> {
    if (this.#block !== undefined && this.#block > toBlock) {
      this.#block = undefined; // the node lost its data and starts again
    }
    const first = this.#block === undefined;
    const standings = first ? new Standings() : this.#standings;
    const fromBlock = this.#block === undefined ? this.#chain.deployment.deploymentBlock : this.#block + 1;
    const read: Parameters<Standings["apply"]>[0][] = [];
    for await (const part of readEvents(this.#chain, { fromBlock, toBlock, contracts: ["Federation"] })) {
      read.push(...part);
    }
    // only once all are there: a failure on the way leaves the view as it was
    for (const event of read) standings.apply(event);
    this.#standings = standings;
    this.#block = toBlock;
  }
}
