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
  anchoredHeader,
  anchorsOf,
  readAnchorEvidence,
  requireSource,
  type AnchorEvidence,
  type AnchoredHeader,
  type AnchorsState,
} from "../../sdk/actions/anchors.js";
import { validatorsFor } from "../../sdk/actions/accountants.js";
import { readRawBlock } from "../../sdk/actions/turns.js";
import type { AnyChain } from "../../sdk/connect.js";
import { isCommonwattError, type CommonwattError } from "../../sdk/errors.js";
import { ask } from "../../sdk/transact.js";
import { setChangesIn, type CertificateStore, type SetChange } from "./certificates.js";
import { statusJson } from "./status.js";

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
  /** What was told last, unless something was anchored since. */
  #told: string | undefined;

  constructor({ chain, source, store, onEvent }: AnchorerOptions) {
    this.#chain = chain;
    this.#source = source;
    this.#store = store;
    this.#emit = onEvent ?? (() => undefined);
  }

  /** Shows what is due, until the signal. What fails is tried again. */
  async run(stopped: AbortSignal, pollMilliseconds = POLL_MILLISECONDS): Promise<void> {
    while (!stopped.aborted) {
      try {
        await this.catchUp();
      } catch (error) {
        this.#tellOnce({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
      }
      await sleep(pollMilliseconds, undefined, { signal: stopped }).catch(() => undefined);
    }
  }

  /**
   * Shows each header that changed the set since the last one, in order, then the newest one if it is due. Before, it
   * looks whether the source still has the header that was anchored last, and shows another one as a fork.
   */
  async catchUp(): Promise<void> {
    let anchors = await anchorsOf(this.#chain);
    requireSource(anchors, this.#source);
    if (await this.#isForked(anchors)) return;
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

  async #isForked(anchors: AnchorsState): Promise<boolean> {
    const { latestNumber: block, forkedAt } = anchors;
    if (forkedAt === undefined) {
      const [anchored, there] = await Promise.all([
        lastAnchored(this.#chain, anchors),
        readRawBlock(this.#source.provider, block),
      ]);
      if (anchored === undefined || anchored.hash === there["hash"]) return false;
      const evidence = await this.#evidence(() => readAnchorEvidence(this.#source, anchors, block));
      if (evidence !== undefined) await this.#show(evidence, block);
    } else {
      this.#tellOnce({ kind: "forked", block: forkedAt });
    }
    return true;
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
      this.#tellOnce({ kind: "unsealed", reason: error.message }, error.code); // each block's text is another
      return undefined;
    }
  }

  /** Whether the header is anchored then. */
  async #show(evidence: AnchorEvidence, block: bigint, setVersion?: number): Promise<boolean> {
    const change = setVersion === undefined ? {} : { setVersion };
    const { latestNumber: before } = await anchorsOf(this.#chain);
    try {
      const outcome = anchorOutcomeIn(this.#chain, await anchorHeader(this.#chain, evidence));
      if (outcome === "forked") {
        this.#tellOnce({ kind: "forked", block });
        return false;
      }
      this.#tellAnchored({ kind: "anchored", block, ...change, byOther: outcome === "anchored before" });
      return true;
    } catch (error) {
      const { latestNumber } = await anchorsOf(this.#chain);
      if (latestNumber > before) {
        this.#tellAnchored({ kind: "anchored", block, ...change, byOther: true });
        return latestNumber >= block;
      }
      if (!isRefusal(error)) throw error;
      this.#tellOnce({ kind: "refused", block, reason: error.message }, error.code);
      return false;
    }
  }

  #tellAnchored(event: AnchorerEvent): void {
    this.#told = undefined;
    this.#emit(event);
  }

  /** What stays so is told once, however often it is met. */
  #tellOnce(event: Exclude<AnchorerEvent, { kind: "anchored" }>, key = statusJson(event)): void {
    if (this.#told !== key) this.#emit(event);
    this.#told = key;
  }
}

/** The header that was anchored last; undefined before the first one. */
async function lastAnchored(chain: AnyChain, { latestNumber }: AnchorsState): Promise<AnchoredHeader | undefined> {
  try {
    return await anchoredHeader(chain, latestNumber);
  } catch (error) {
    if (isCommonwattError(error, "HeaderAnchorsUnknown")) return undefined;
    throw error;
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
