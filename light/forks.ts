/**
 * Two blocks at one height, each sealed by a quorum of the set in force: more than a third of it sealed both or lost its
 * keys. The light node keeps that, shows it and decides nothing. And seals of one block from several nodes, merged.
 */
import { getBytes, hexlify } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { indexIn, type AccountantSet } from "./accountant-set.js";
import type { ChainRules } from "./chain-rules.js";
import { SealedHeader } from "./sealed-header.js";
import { signersOfDigest } from "./seals.js";
import type { AccountProof } from "./set-certificate.js";
import { sameSet, type KnownSet } from "./set-layout.js";
import { provenWords, type ProofNodes } from "./state-proof.js";
import { requireLink, requireSealed } from "./verify.js";

/** Version of the evidence's format. */
export const FORK_VERSION = 1;

/** A fork: plain JSON. Headers differ from node to node in their seals; these two are different blocks. */
export interface ForkEvidence {
  readonly version: typeof FORK_VERSION;
  readonly chainId: number;
  readonly number: number;
  /** Hashes of the two blocks. */
  readonly hashes: readonly [string, string];
  /** The set in force for the height, ascending. */
  readonly validators: AccountantSet;
  /** RLP with seals, hex. */
  readonly headers: readonly [string, string];
  /** The first block's parent (RLP), and a proof in its state of the chain's id and the set: shows both to others. */
  readonly set?: ProvenSet;
  /** Of the second block's chain, against its state, where the two have different parents: else it may be another chain's. */
  readonly proof?: AccountProof;
  /** Who sealed both, in lower case; empty where they did so in different rounds with different keys. */
  readonly sealedBoth: readonly string[];
}

/** A set, proven in the state of the block before those that it seals. */
export interface ProvenSet {
  /** RLP, hex. */
  readonly parent: string;
  readonly proof: AccountProof;
}

/** What shows more of a fork than its two headers. */
export type ForkProofs = Pick<ForkEvidence, "proof" | "set">;

/** The evidence of two headers. LightNoFork where they are one block, of two heights, or not both sealed by a quorum. */
export function forkOf(
  rules: ChainRules,
  [first, second]: readonly [SealedHeader, SealedHeader],
  validators: AccountantSet,
  { proof, set }: ForkProofs = {},
): ForkEvidence {
  if (first.number !== second.number) throw new CommonwattError("LightNoFork", { reason: "they are of two heights" });
  if (first.hash === second.hash) throw new CommonwattError("LightNoFork", { reason: "they are one block" });
  for (const header of [first, second]) requireSealed(rules, header, validators);
  if (first.parentHash !== second.parentHash) requireSameChain(rules, second, proof);
  if (set !== undefined && !sameSet(setBefore(rules, first, set).validators, validators)) {
    throw new CommonwattError("LightNoFork", { reason: "another set was in force" });
  }
  const sealedBoth = sealersOfBoth(rules, first, second);
  return {
    version: FORK_VERSION,
    chainId: Number(rules.chainId),
    number: Number(first.number),
    hashes: [first.hash, second.hash],
    validators,
    headers: [hexlify(first.raw), hexlify(second.raw)],
    ...(set === undefined ? {} : { set }),
    ...(proof === undefined ? {} : { proof }),
    sealedBoth,
  };
}

/** Who sealed both headers, in lower case. */
export function sealersOfBoth(
  { recover }: Pick<ChainRules, "recover">,
  first: SealedHeader,
  second: SealedHeader,
): string[] {
  const others = new Set(signersOfDigest(second.digest, second.seals, recover));
  return [...signersOfDigest(first.digest, first.seals, recover)].filter((signer) => others.has(signer));
}

/** The set in force for a header, by its parent's state. LightWrongParent, and what `provenWords` and layouts throw. */
export function setBefore(
  { election, layout }: Pick<ChainRules, "election" | "layout">,
  header: SealedHeader,
  { parent, proof }: { readonly parent: string; readonly proof: ProofNodes },
): KnownSet {
  const before = SealedHeader.read(getBytes(parent));
  requireLink(before, header);
  return layout.read(provenWords(before.stateRoot, election, proof));
}

/** The same accountants may seal another chain: a header has no chain id, its state has. */
function requireSameChain(rules: ChainRules, header: SealedHeader, proof: AccountProof | undefined): void {
  const words = proof && provenWords(header.stateRoot, rules.election, proof);
  const told = words && rules.layout.chainOf(words);
  if (told === undefined) throw new CommonwattError("LightNoFork", { reason: "the second may be another chain's" });
  if (told !== rules.chainId)
    throw new CommonwattError("LightForeignChain", { chainId: told, expected: rules.chainId });
}

/** Checks evidence with nothing but it and the set that was in force; throws what is wrong with it. */
export function checkFork(rules: ChainRules, evidence: ForkEvidence): ForkEvidence {
  const [first, second] = evidence.headers.map((raw) => SealedHeader.read(getBytes(raw)));
  if (first === undefined || second === undefined)
    throw new CommonwattError("LightNoFork", { reason: "one is missing" });
  const made = forkOf(rules, [first, second], evidence.validators, evidence);
  if (JSON.stringify(made) === JSON.stringify(evidence)) return made;
  throw new CommonwattError("LightNoFork", { reason: "its headers say something else than it does" });
}

/**
 * A header with the seals of all copies of its block that were sealed in the same round: a quorum where each node kept
 * less. Copies of another block or round, and seals that are nobody's of the set, add nothing.
 */
export function mergeSeals(
  { recover }: Pick<ChainRules, "recover">,
  header: SealedHeader,
  copies: readonly SealedHeader[],
  set: AccountantSet,
): SealedHeader {
  const bySigner = new Map<string, Uint8Array>();
  for (const copy of [header, ...copies]) {
    // in another round the same hash has other seals
    if (copy.hash !== header.hash || copy.round !== header.round) continue;
    for (const seal of copy.seals) {
      const signer = recover(getBytes(header.digest), seal);
      if (signer !== undefined && indexIn(set, signer) !== -1 && !bySigner.has(signer)) bySigner.set(signer, seal);
    }
  }
  return header.withSeals([...bySigner.values()]);
}
