/** What HeaderAnchors refuses, and what to do about it. */
import type { Advice } from "./advice.js";

export const ANCHORS_ERRORS = {
  HeaderAnchorsInvalidSource: {
    why: "The set-up names no set of at least four of another chain (head {head}), no election, or no trusting period.",
    todo: "Read slots 1 and 2 of the other chain's AccountantElection after one block, and give that block's number.",
  },
  HeaderAnchorsForeignChain: {
    why: "The header's state is of chain {chainId}, and chain {expected} is anchored here.",
    todo: "Show a header of the other chain; chains can have the same accountants, so that seals alone don't tell.",
  },
  HeaderAnchorsWrongSet: {
    why: "The addresses given as the set have the digest {digest}, and {expected} had to seal the header.",
    todo: "Give the known set (knownSet) in ascending order; for a later one show the block that changed it first.",
  },
  HeaderAnchorsSetSkipped: {
    why: "The set changed to version {version} in block {changedAt}, which was not shown.",
    todo: "Show the header of block {changedAt} first; its set certificate has the proofs.",
  },
  HeaderAnchorsNotNewer: {
    why: "Header {number} is not newer than {latest}, the last one.",
    todo: "Show a newer one; what stood in an older state stands in the history that newer ones commit to.",
  },
  HeaderAnchorsTooSoon: {
    why: "The header is of {timestamp} (Unix seconds), and the next one may be of {earliest} at the earliest.",
    todo: "Wait, and show a later one: only one that changes the set may come sooner.",
  },
  HeaderAnchorsFromTheFuture: {
    why: "The header is of {timestamp} (Unix seconds), and this chain takes none after {latest}.",
    todo: "Wait; if that does not help, the chains' clocks differ.",
  },
  HeaderAnchorsTrustLapsed: {
    why: "The set's keys prove nothing any more since {lapsedAt} (Unix seconds): no header showed it in force for too long.",
    todo: "Deploy new anchors with the present set, checked by the members, and let the members agree on them.",
  },
  HeaderAnchorsForked: {
    why: "The other chain's accountants sealed two blocks of number {number}: from there on nothing counts.",
    todo: "Settle between the members which block is the chain's; then deploy new anchors.",
  },
  HeaderAnchorsUnknown: {
    why: "No header of block {number} is anchored.",
    todo: "Use an anchored one (HeaderAnchored events): the first after the block that you mean shows its state, too.",
  },
  StateProofsNoAccount: {
    why: "The account's proof leads to something with {fields} fields, and an account has four.",
    todo: "Take the proof anew (eth_getProof).",
  },
} as const satisfies Record<string, Advice>;
