/**
 * The watcher: closes epochs when they are due, reports missed turns, keeps a certificate of every set. Any number may
 * run at once, on one folder or on several: what another one has done already is no error. What it has done it finds
 * again on the chain and in its folder, so that it may be stopped at any moment.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { dueEpochOf } from "../../sdk/actions/accountants.js";
import { holdElection } from "../../sdk/actions/election.js";
import { COURT_REACH } from "../../sdk/actions/turns.js";
import type { AnyChain } from "../../sdk/connect.js";
import { isCommonwattError, type CommonwattError } from "../../sdk/errors.js";
import { ask } from "../../sdk/transact.js";
import { certify, setChangesIn, type CertificateStore } from "./certificates.js";
import { passedTurns, reportBlock } from "./missed-turns.js";

/** What a watcher did or could not do, for a log. */
export type WatcherEvent =
  | { readonly kind: "elected"; readonly epoch: bigint; readonly byOther: boolean }
  | {
      readonly kind: "missed";
      readonly block: bigint;
      readonly candidates: readonly bigint[];
      readonly byOther: boolean;
    }
  | { readonly kind: "certified"; readonly setVersion: number; readonly block: number; readonly proofMissing?: string }
  /** The watcher was away too long: these blocks can't be reported any more. */
  | { readonly kind: "out of reach"; readonly fromBlock: bigint; readonly toBlock: bigint }
  /** The chain isn't run by accountants who take turns. */
  | { readonly kind: "no turns"; readonly reason: string }
  /** A block that looked worth a report can't be reported. */
  | { readonly kind: "refused"; readonly block: bigint; readonly reason: string }
  /** Something failed that is tried again. */
  | { readonly kind: "failed"; readonly task: string; readonly reason: string };

export interface WatcherOptions {
  /** With a signer, unless `readOnly`. */
  readonly chain: AnyChain;
  readonly store: CertificateStore;
  readonly onEvent?: (event: WatcherEvent) => void;
  /** Keeps certificates and sends nothing. */
  readonly readOnly?: boolean;
}

const POLL_MILLISECONDS = 1_000;

/** One chain's watcher. */
export class Watcher {
  readonly #chain: AnyChain;
  readonly #store: CertificateStore;
  readonly #emit: (event: WatcherEvent) => void;
  readonly #readOnly: boolean;
  /** The first block that was not looked at; undefined before the first look. */
  #next: bigint | undefined;
  #hasTurns = true;
  readonly #failures = new Map<string, string>();

  constructor({ chain, store, onEvent, readOnly }: WatcherOptions) {
    this.#chain = chain;
    this.#store = store;
    this.#emit = onEvent ?? (() => undefined);
    this.#readOnly = readOnly ?? false;
  }

  /** Looks at every new block, until the signal. What fails is tried again. */
  async run(stopped: AbortSignal, pollMilliseconds = POLL_MILLISECONDS): Promise<void> {
    while (!stopped.aborted) {
      await this.#attempt("the look at new blocks", () => this.catchUp());
      await sleep(pollMilliseconds, undefined, { signal: stopped }).catch(() => undefined);
    }
  }

  /** Does all that is due at the latest block. */
  async catchUp(): Promise<void> {
    const latest = BigInt(await ask(() => this.#chain.provider.getBlockNumber()));
    this.#next ??= BigInt((await this.#store.nextBlock()) ?? this.#chain.deployment.deploymentBlock);
    if (!this.#readOnly) await this.#attempt("the election", () => this.#closeEpoch());
    // a report is made against blocks that have a successor: nodes try transactions in the latest block's place
    const until = latest - 1n;
    if (until < this.#next) return;
    await this.#certify(this.#next, until);
    if (!this.#readOnly && this.#hasTurns) await this.#reportMisses(this.#next, until, latest);
    this.#next = until + 1n;
    await this.#store.setNextBlock(Number(this.#next));
  }

  async #closeEpoch(): Promise<void> {
    const epoch = await dueEpochOf(this.#chain);
    if (epoch === undefined) return;
    try {
      await holdElection(this.#chain);
      this.#emit({ kind: "elected", epoch, byOther: false });
    } catch (error) {
      if ((await dueEpochOf(this.#chain)) !== undefined) throw error;
      this.#emit({ kind: "elected", epoch, byOther: true });
    }
  }

  async #certify(fromBlock: bigint, toBlock: bigint): Promise<void> {
    for (const change of await setChangesIn(this.#chain, Number(fromBlock), Number(toBlock))) {
      const kept = await this.#store.find(change.setVersion);
      if (kept !== undefined && kept.proof !== null) continue;
      const certificate = await certify(this.#chain, change);
      if (kept !== undefined && certificate.proof === null) continue;
      await this.#store.write(certificate);
      const { setVersion, block, proofMissing } = certificate;
      this.#emit({ kind: "certified", setVersion, block, ...(proofMissing === undefined ? {} : { proofMissing }) });
    }
  }

  async #reportMisses(fromBlock: bigint, toBlock: bigint, latest: bigint): Promise<void> {
    const reachable = latest + 2n - COURT_REACH; // the report is mined in the next block, or the one after
    const first = [fromBlock, reachable, 1n].reduce((a, b) => (a > b ? a : b));
    for (let block = first; block <= toBlock; block += 1n) {
      await this.#report(block);
      if (!this.#hasTurns) return;
      if (block === first && fromBlock < reachable) {
        this.#emit({ kind: "out of reach", fromBlock, toBlock: reachable - 1n });
      }
      this.#next = block + 1n; // one that fails is the first of the next try
    }
  }

  async #report(block: bigint): Promise<void> {
    try {
      const passed = await passedTurns(this.#chain, block);
      if (passed === undefined || passed.accusable.length === 0) return;
      const outcome = await reportBlock(this.#chain, block);
      this.#emit({ kind: "missed", block, candidates: passed.accusable, byOther: outcome !== "reported" });
    } catch (error) {
      if (isCommonwattError(error, "HeaderNotQbft")) {
        this.#hasTurns = false;
        this.#emit({ kind: "no turns", reason: error.message });
      } else if (isRefusal(error)) {
        // asking again would be refused again, and the blocks that follow must not wait for it
        this.#emit({ kind: "refused", block, reason: error.message });
      } else {
        throw error;
      }
    }
  }

  /** What fails is told once, however often it is tried. */
  async #attempt(task: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failures.delete(task);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#failures.get(task) === reason) return;
      this.#failures.set(task, reason);
      this.#emit({ kind: "failed", task, reason });
    }
  }
}

/** A judgement about the block itself, not a failure on the way to it. */
function isRefusal(error: unknown): error is CommonwattError {
  return isCommonwattError(error) && /^(TurnCourt|MissedTurns|QbftHeader|Header|ElectionNoSetFor)/.test(error.code);
}
