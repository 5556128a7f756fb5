/**
 * The anchorer: shows one chain the other's headers, each that changed the set and one an hour. Any number may run at
 * once: what another one has shown already is no error. It keeps nothing: how far the anchors have come stands on the
 * chain, and proofs of states that nodes forget stand in the watchers' set certificates.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { headerFromRpc } from "../../light/index.js";
import {
  anchorEvidence,
  anchorHeader,
  anchorOutcomeIn,
  anchorsOf,
  readAnchorEvidence,
  requireSource,
  type AnchorEvidence,
  type AnchorsState,
} from "../../sdk/actions/anchors.js";
import { validatorsFor } from "../../sdk/actions/accountants.js";
import type { AnyChain } from "../../sdk/connect.js";
import { isCommonwattError, type CommonwattError } from "../../sdk/errors.js";
import { ask } from "../../sdk/transact.js";
import { setChangesIn, type CertificateStore, type SetChange } from "./certificates.js";

/** What an anchorer did or could not do, for a log. */
export type AnchorerEvent =
  | {
      readonly kind: "anchored";
      readonly block: bigint;
      /** The set that is known since, if the block changed it. */
      readonly setVersion?: number;
      readonly byOther: boolean;
    }
  /** A second sealed header of an anchored number: the source's consensus is broken. */
  | { readonly kind: "forked"; readonly block: bigint }
  /** The source's headers prove nothing. */
  | { readonly kind: "unsealed"; readonly reason: string }
  /** The chain takes no such header, now or ever. */
  | { readonly kind: "refused"; readonly block: bigint; readonly reason: string }
  /** Something failed that is tried again. */
  | { readonly kind: "failed"; readonly reason: string };

export interface AnchorerOptions {
  /** Keeps the anchors; with a signer. */
  readonly chain: AnyChain;
  /** The other chain. */
  readonly source: AnyChain;
  /** The source's set certificates. */
  readonly store: CertificateStore;
  readonly onEvent?: (event: AnchorerEvent) => void;
}

/** From an anchored header to the next, s. */
export const ANCHOR_SECONDS = 3_600n;
const POLL_MILLISECONDS = 10_000;

/** Carries one chain's headers to the other. */
export class Anchorer {
  readonly #chain: AnyChain;
  readonly #source: AnyChain;
  readonly #store: CertificateStore;
  readonly #emit: (event: AnchorerEvent) => void;
  #failure: string | undefined;

  constructor({ chain, source, store, onEvent }: AnchorerOptions) {
    this.#chain = chain;
    this.#source = source;
    this.#store = store;
    this.#emit = onEvent ?? (() => undefined);
  }

  /** Shows what is due, until the signal. What fails is tried again, and told once. */
  async run(stopped: AbortSignal, pollMilliseconds = POLL_MILLISECONDS): Promise<void> {
    while (!stopped.aborted) {
      try {
        await this.catchUp();
        this.#failure = undefined;
      } catch (error) {
        this.#tellFailure(error);
      }
      await sleep(pollMilliseconds, undefined, { signal: stopped }).catch(() => undefined);
    }
  }

  /** Shows each header that changed the set since the last one, in order, then the newest one if it is due. */
  async catchUp(): Promise<void> {
    let anchors = await anchorsOf(this.#chain);
    requireSource(anchors, this.#source);
    const newest = BigInt(await ask(() => this.#source.provider.getBlockNumber()));
    for (const change of await setChangesIn(this.#source, Number(anchors.latestNumber) + 1, Number(newest))) {
      const evidence = await this.#evidenceOfChange(anchors, change);
      if (evidence === undefined || !(await this.#show(evidence, BigInt(change.block), change.setVersion))) return;
      anchors = await anchorsOf(this.#chain);
    }
    if (newest > anchors.latestNumber && (await this.#isDue(anchors, newest))) {
      const evidence = await this.#evidence(() => readAnchorEvidence(this.#source, anchors, newest));
      if (evidence !== undefined) await this.#show(evidence, newest);
    }
  }

  async #isDue({ latestTimestamp, spacingSeconds, trustingSeconds }: AnchorsState, newest: bigint): Promise<boolean> {
    const block = await ask(() => this.#source.provider.getBlock(newest));
    if (block === null) return false;
    // with a short trusting period an hour is too long
    const rhythm = [ANCHOR_SECONDS, trustingSeconds / 2n].reduce((a, b) => (a < b ? a : b));
    const least = rhythm > spacingSeconds ? rhythm : spacingSeconds;
    return BigInt(block.timestamp) >= latestTimestamp + least;
  }

  /** From the certificate, where a watcher has kept it with its proof, else from the source's endpoint. */
  async #evidenceOfChange(anchors: AnchorsState, change: SetChange): Promise<AnchorEvidence | undefined> {
    const certificate = await this.#store.find(change.setVersion);
    const block = BigInt(change.block);
    const proof = certificate?.proof;
    if (!certificate || !proof || BigInt(certificate.firstVersion) !== anchors.set.version + 1n) {
      return this.#evidence(() => readAnchorEvidence(this.#source, anchors, block));
    }
    const set = await validatorsFor(this.#source, block);
    return this.#evidence(() =>
      Promise.resolve(anchorEvidence({ header: headerFromRpc(certificate.header), set, proof, anchors })),
    );
  }

  async #evidence(make: () => Promise<AnchorEvidence>): Promise<AnchorEvidence | undefined> {
    try {
      return await make();
    } catch (error) {
      if (!isUnsealed(error)) throw error;
      if (this.#failure !== error.code) this.#emit({ kind: "unsealed", reason: error.message });
      this.#failure = error.code;
      return undefined;
    }
  }

  /** Whether the header is anchored then. */
  async #show(evidence: AnchorEvidence, block: bigint, setVersion?: number): Promise<boolean> {
    const change = setVersion === undefined ? {} : { setVersion };
    try {
      const outcome = anchorOutcomeIn(this.#chain, await anchorHeader(this.#chain, evidence));
      if (outcome === "forked") {
        this.#emit({ kind: "forked", block });
        return false;
      }
      this.#emit({ kind: "anchored", block, ...change, byOther: outcome === "anchored before" });
      return true;
    } catch (error) {
      const { latestNumber } = await anchorsOf(this.#chain);
      if (latestNumber >= block) {
        this.#emit({ kind: "anchored", block, ...change, byOther: true });
        return true;
      }
      if (!isRefusal(error)) throw error;
      this.#emit({ kind: "refused", block, reason: error.message });
      return false;
    }
  }

  #tellFailure(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#failure !== reason) this.#emit({ kind: "failed", reason });
    this.#failure = reason;
  }
}

/** The source is a simulated chain, or a node that keeps no seals. */
function isUnsealed(error: unknown): error is CommonwattError {
  return isCommonwattError(error, "HeaderNotQbft") || isCommonwattError(error, "HeaderUnsealed");
}

/** A judgement about the header, not a failure on the way. */
function isRefusal(error: unknown): error is CommonwattError {
  return isCommonwattError(error) && /^(HeaderAnchors|QbftHeader|QbftSeals|TrieProof)/.test(error.code);
}
