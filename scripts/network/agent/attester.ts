/** Posts the digests of the lists in force on the agent's node, as read back from it, to NodeDirectory. */
import { attestationOf, attestLists } from "../../../sdk/actions/nodes.js";
import { digestsOf } from "../../../sdk/admittance/lists.js";
import type { AnyChain } from "../../../sdk/connect.js";

import { isEqual, type Round } from "./agent.js";

/** NodeDirectory.ATTEST_EVERY_SECONDS. */
const EVERY_SECONDS = 86_400n;
/** Admissions come in rows: two posts are at least so far apart, milliseconds. */
const PAUSE_MILLISECONDS = 30_000;

export type Attested =
  /** Posted now, for that block. */
  | { readonly kind: "posted"; readonly atBlock: number }
  /** Nothing is due. */
  | { readonly kind: "not due" }
  /** The contract would refuse it: why, and what to do. */
  | { readonly kind: "not possible"; readonly reason: string };

export class ListAttester {
  readonly #chain: AnyChain;
  readonly #account: string;
  readonly #self: string;
  readonly #now: () => number;
  #postedAt: number | undefined;
  #unequalSince: number | undefined;

  /** @param chain signed for by `account` @param self the address of the node's key */
  constructor(chain: AnyChain, account: string, self: string, now: () => number = Date.now) {
    this.#chain = chain;
    this.#account = account;
    this.#self = self;
    this.#now = now;
  }

  /** After a round. Lists that differ from the contracts are told of too, once they differ for more than a moment. */
  async after(round: Round): Promise<Attested> {
    const { head, nodes } = round.admitted;
    const own = nodes.find(({ node }) => node === this.#self);
    if (own === undefined) return { kind: "not possible", reason: "the node is not announced: network -- announce" };
    if (own.agent !== this.#account) {
      return { kind: "not possible", reason: `the node's announcement names ${own.agent}: announce it anew` };
    }
    if (!own.counts) return { kind: "not possible", reason: `${own.member} is not active` };
    if (round.isStale || !this.#isSettled(round)) return { kind: "not due" };
    const digests = digestsOf({ accounts: round.accounts.inForce, nodes: round.nodes.inForce });
    const last = await attestationOf(this.#chain, this.#self);
    if (last !== undefined) {
      const isSame = last.accountsDigest === digests.accountsDigest && last.nodesDigest === digests.nodesDigest;
      if (isSame && head.timestamp < last.attestedAt + EVERY_SECONDS) return { kind: "not due" };
      if (head.number <= last.atBlock) return { kind: "not due" };
    }
    await attestLists(this.#chain, { node: this.#self, ...digests, atBlock: head.number });
    this.#postedAt = this.#now();
    return { kind: "posted", atBlock: head.number };
  }

  #isSettled(round: Round): boolean {
    const now = this.#now();
    if (isEqual(round)) this.#unequalSince = undefined;
    else this.#unequalSince ??= now;
    const waitsFrom = Math.max(this.#postedAt ?? -Infinity, this.#unequalSince ?? -Infinity);
    return now >= waitsFrom + PAUSE_MILLISECONDS;
  }
}
