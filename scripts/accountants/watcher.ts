/**
 * The watcher: closes epochs when they are due, reports missed turns, keeps a certificate of every set. Any number may
 * run at once, on one folder or on several: what another one has done already is no error. What it has done it finds
 * again on the chain and in its folder, so that it may be stopped at any moment.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { holdDueElection } from "../../sdk/actions/election.js";
import { COURT_REACH } from "../../sdk/actions/turns.js";
import type { AnyChain } from "../../sdk/connect.js";
import { isCommonwattError, type CommonwattError } from "../../sdk/errors.js";
import { ask } from "../../sdk/transact.js";
import { certify, setChangesIn, type CertificateStore, type SetChange, type WatchTask } from "./certificates.js";
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
  /** The endpoint has forgotten the block: another endpoint can still certify its set. */
  | { readonly kind: "uncertified"; readonly setVersion: number; readonly block: number; readonly reason: string }
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
  /** The first block that each task has not looked at; undefined before the first look. */
  #places: Record<WatchTask, bigint> | undefined;
  /** Blocks whose turns could not be looked at, or reported: passed by, and tried again while they are in reach. */
  readonly #owed = new Set<bigint>();
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

  /** Does all that is due at the latest block; what fails is told and tried again, and keeps nothing else waiting. */
  async catchUp(): Promise<void> {
    const latest = BigInt(await ask(() => this.#chain.provider.getBlockNumber()));
    const places = (this.#places ??= {
      certificates: await this.#place("certificates"),
      turns: await this.#place("turns"),
    });
    if (!this.#readOnly) {
      await this.#attempt("the election", () => this.#closeEpoch());
      // before certificates: a turn can be reported for 256 blocks, a set be certified as long as nodes know it
      if (this.#hasTurns) await this.#attempt("missed turns", () => this.#reportMisses(places, latest));
    }
    await this.#attempt("certificates", () => this.#certify(places, latest));
  }

  async #place(task: WatchTask): Promise<bigint> {
    return BigInt((await this.#store.nextBlock(task)) ?? this.#chain.deployment.deploymentBlock);
  }

  async #closeEpoch(): Promise<void> {
    const held = await holdDueElection(this.#chain);
    if (held !== undefined) {
      this.#emit({ kind: "elected", epoch: held.epoch, byOther: held.receipt === undefined });
    }
  }

  async #certify(places: Record<WatchTask, bigint>, latest: bigint): Promise<void> {
    const until = newestSettled(latest);
    if (until < places.certificates) return;
    let next = until + 1n;
    for (const change of await setChangesIn(this.#chain, Number(places.certificates), Number(until))) {
      const done = await this.#attempt(`the certificate of set ${change.setVersion}`, () =>
        this.#certifySet(change, latest),
      );
      if (!done && BigInt(change.block) < next) next = BigInt(change.block);
    }
    if (next === places.certificates) return;
    places.certificates = next;
    await this.#store.setNextBlock("certificates", Number(next));
  }

  async #certifySet(change: SetChange, latest: bigint): Promise<void> {
    const kept = await this.#store.find(change.setVersion);
    if (kept !== undefined && kept.proof !== null) return;
    try {
      const certificate = await certify(this.#chain, change);
      if (kept !== undefined && certificate.proof === null) return;
      await this.#store.write(certificate);
      const { setVersion, block, proofMissing } = certificate;
      this.#emit({ kind: "certified", setVersion, block, ...(proofMissing === undefined ? {} : { proofMissing }) });
    } catch (error) {
      // a young block may come yet; an old one is forgotten for good
      if (!isCommonwattError(error, "BlockUnknown") || BigInt(change.block) + COURT_REACH > latest) throw error;
      const { setVersion, block } = change;
      this.#emit({ kind: "uncertified", setVersion, block, reason: error.message });
    }
  }

  async #reportMisses(places: Record<WatchTask, bigint>, latest: bigint): Promise<void> {
    const until = newestSettled(latest);
    const reachable = latest + 2n - COURT_REACH; // the report is mined in the next block, or the one after
    for (const block of [...this.#owed]) {
      if (block >= reachable) {
        await this.#report(block);
        continue;
      }
      this.#owed.delete(block);
      this.#emit({ kind: "out of reach", fromBlock: block, toBlock: block });
    }
    if (until < places.turns) return;
    const fromBlock = places.turns;
    const first = [fromBlock, reachable, 1n].reduce((a, b) => (a > b ? a : b));
    for (let block = first; block <= until; block += 1n) {
      await this.#report(block);
      if (!this.#hasTurns) return;
      if (block === first && fromBlock < reachable) {
        this.#emit({ kind: "out of reach", fromBlock, toBlock: reachable - 1n });
      }
      places.turns = block + 1n;
    }
    const [oldest = places.turns] = [...this.#owed].sort((a, b) => (a < b ? -1 : 1));
    await this.#store.setNextBlock("turns", Number(oldest));
  }

  async #report(block: bigint): Promise<void> {
    try {
      await this.#lookAt(block);
      this.#owed.delete(block);
    } catch (error) {
      if (isCommonwattError(error, "RpcUnreachable")) throw error; // as all that follow would fail
      this.#owed.add(block);
      this.#fail(`the turns before block ${block}`, error);
    }
  }

  async #lookAt(block: bigint): Promise<void> {
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

  /** Whether it was done. */
  async #attempt(task: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#failures.delete(task);
      return true;
    } catch (error) {
      this.#fail(task, error);
      return false;
    }
  }

  /** What fails is told once, however often it is tried. */
  #fail(task: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#failures.get(task) === reason) return;
    this.#failures.set(task, reason);
    this.#emit({ kind: "failed", task, reason });
  }
}

/** A report is made against blocks that have a successor: nodes try transactions in the latest block's place. */
function newestSettled(latest: bigint): bigint {
  return latest - 1n;
}

/** A judgement about the block itself, not a failure on the way to it. */
function isRefusal(error: unknown): error is CommonwattError {
  return isCommonwattError(error) && /^(TurnCourt|MissedTurns|QbftHeader|Header|ElectionNoSetFor)/.test(error.code);
}
