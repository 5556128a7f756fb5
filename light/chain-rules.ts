/** What a light node has to know of a chain beforehand, and a header that it trusts. */
import { CommonwattError } from "../sdk/errors.js";
import type { AccountantSet } from "./accountant-set.js";
import { BloomQuestion } from "./receipts.js";
import type { Recover } from "./recover.js";
import type { SealedHeader } from "./sealed-header.js";
import type { KnownSet, SetLayout } from "./set-layout.js";

/** The chain, and how it is judged. */
export interface ChainRules {
  readonly chainId: bigint;
  /** The contract that says who seals. */
  readonly election: string;
  readonly layout: SetLayout;
  /** Least time from a block to the next, s. */
  readonly blockSeconds: bigint;
  /** For how long after its time a header's set is believed, s: shorter than stakes stay locked. */
  readonly trustingSeconds: bigint;
  /** How far accountants' clocks may be ahead of this one, s. */
  readonly driftSeconds: bigint;
  /** Who made a seal. */
  readonly recover: Recover;
}

/** A final header, and the set that seals the next one. */
export interface TrustedHeader {
  readonly header: SealedHeader;
  /** The set that sealed it, ascending; empty where that is not known: at genesis and checkpoints. */
  readonly sealers: AccountantSet;
  readonly next: KnownSet;
  /** False: what it rests on is older than the trusting period, so that nothing that follows from it is proven. */
  readonly isProven: boolean;
}

const BLOCK_SECONDS = 2n;
/** As the contracts have it (HeaderAnchors.DRIFT_SECONDS). */
const DRIFT_SECONDS = 60n;

/** The rules with what is the same on all of the federation's chains. */
export function chainRules(
  own: Pick<ChainRules, "chainId" | "election" | "layout" | "trustingSeconds" | "recover"> & Partial<ChainRules>,
): ChainRules {
  return { blockSeconds: BLOCK_SECONDS, driftSeconds: DRIFT_SECONDS, ...own };
}

const questions = new WeakMap<ChainRules, readonly BloomQuestion[]>();

/** Whether the block may have changed the set; no is certain. */
export function mayChangeSet(rules: ChainRules, header: SealedHeader): boolean {
  let asked = questions.get(rules);
  if (asked === undefined) {
    asked = [new BloomQuestion(rules.election), new BloomQuestion(rules.layout.changeTopic)];
    questions.set(rules, asked);
  }
  return asked.every((question) => question.mayBeIn(header.bloom));
}

/** Whether the trusting period after the header's time has not passed. `now`: Unix seconds, by the local clock. */
export function isFresh(rules: ChainRules, header: SealedHeader, now: bigint): boolean {
  return now - header.timestamp < rules.trustingSeconds;
}

/** Refuses to go on from a header whose set is too old to be believed, unless nothing is held for proven anyway. */
export function requireTrust(rules: ChainRules, { header, isProven }: TrustedHeader, now: bigint): void {
  if (!isProven || isFresh(rules, header, now)) return;
  throw new CommonwattError("LightTrustLapsed", {
    number: header.number,
    lapsedAt: header.timestamp + rules.trustingSeconds,
  });
}
