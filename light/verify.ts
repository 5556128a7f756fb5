/**
 * The steps by which a header becomes trusted: the next one after a trusted one, one far ahead, one that a certificate
 * shows. Why they suffice, and what they assume, is in docs/light-node.md; the numbers of the steps are those there.
 */
import { CommonwattError } from "../sdk/errors.js";
import { requireAscending, type AccountantSet } from "./accountant-set.js";
import { mayChangeSet, requireTrust, type ChainRules, type TrustedHeader } from "./chain-rules.js";
import { SealedHeader } from "./sealed-header.js";
import { requireSealCount, requireSigners, signersOfDigest } from "./seals.js";
import type { AccountProof, SetCertificate } from "./set-certificate.js";
import { sameSet, type KnownSet } from "./set-layout.js";
import { provenWords, type Words } from "./state-proof.js";

/** More seals than any set has members are not worth their recovery. */
const MOST_SEALS = 1_000;

/** What shows a header far ahead of the trusted one. */
export interface SkipEvidence {
  readonly header: SealedHeader;
  /** The one before it. */
  readonly parent: SealedHeader;
  /** Of the set in force for the header, against the parent's state root. */
  readonly before: AccountProof;
  /** Of the set after it, against its own state root. */
  readonly after: AccountProof;
}

/** The next header. `after` is needed where `mayChangeSet` says so: a proof of the set against the header's state. */
export function verifyNext(
  rules: ChainRules,
  trusted: TrustedHeader,
  header: SealedHeader,
  now: bigint,
  after?: AccountProof,
): TrustedHeader {
  requireTime(rules, trusted, header, now);
  requireLink(trusted.header, header);
  requireSealed(rules, header, trusted.next.validators);
  const { isProven } = trusted;
  const sealers = trusted.next.validators;
  if (!mayChangeSet(rules, header)) return { header, sealers, next: trusted.next, isProven };
  if (after === undefined) throw new CommonwattError("LightProofMissing", { number: header.number });
  return { header, sealers, next: setIn(rules, header, trusted.next, after), isProven };
}

/** A header far ahead: all six steps. */
export function verifySkip(
  rules: ChainRules,
  trusted: TrustedHeader,
  evidence: SkipEvidence,
  now: bigint,
): TrustedHeader {
  return finishSkip(rules, trusted, evidence, beginSkip(rules, trusted, evidence, now));
}

/**
 * Steps 1 to 3: time, link, and that one honest member of the known set sealed the header. Returns who sealed it.
 * LightSkipTooFar: too many of the set were replaced in between, so that a header less far ahead is needed first.
 */
export function beginSkip(
  rules: ChainRules,
  trusted: TrustedHeader,
  { header, parent }: Pick<SkipEvidence, "header" | "parent">,
  now: bigint,
): readonly string[] {
  requireTime(rules, trusted, header, now); // 1
  requireLink(parent, header); // 2
  const { validators } = trusted.next;
  const { seals, digest } = header;
  if (seals.length > MOST_SEALS) throw new CommonwattError("LightTooManySeals", { count: seals.length });
  const signers = [...signersOfDigest(digest, seals, rules.recover)];
  const known = new Set(signers.filter((signer) => isMember(validators, signer)));
  // more than a third of it: one of them is honest
  const needed = Math.floor(validators.length / 3) + 1;
  if (known.size < needed) throw new CommonwattError("LightSkipTooFar", { known: known.size, needed }); // 3
  return signers;
}

/** Steps 4 to 6: the set in force by the parent's state, its quorum, and the set after the header. */
export function finishSkip(
  rules: ChainRules,
  trusted: TrustedHeader,
  { header, parent, before, after }: SkipEvidence,
  signers: readonly string[],
): TrustedHeader {
  const inForce = setIn(rules, parent, trusted.next, before); // 4
  requireQuorumOf(header, signers, inForce.validators); // 5
  const next = setIn(rules, header, inForce, after); // 6
  return { header, sealers: inForce.validators, next, isProven: trusted.isProven };
}

/**
 * The header of the block that changed the known set, by the certificate of that change: what replaces old states that
 * nodes have forgotten. The state after the block itself says that the set after the known one came in it, so that the
 * known one was in force for it.
 */
export function verifyCertificate(
  rules: ChainRules,
  trusted: TrustedHeader,
  certificate: SetCertificate,
  now: bigint,
): TrustedHeader {
  const header = SealedHeader.fromRpc(certificate.header);
  requireTime(rules, trusted, header, now);
  requireSealed(rules, header, trusted.next.validators);
  const { proof } = certificate;
  if (proof === null) throw new CommonwattError("LightStateForgotten", { number: header.number });
  const words = provenWords(header.stateRoot, rules.election, proof);
  const changedAt = rules.layout.changeAfter?.(trusted.next, words);
  if (changedAt !== header.number) {
    throw new CommonwattError("LightCertificateOther", {
      number: header.number,
      changedAt: changedAt ?? "another block",
    });
  }
  const sealers = trusted.next.validators;
  return { header, sealers, next: rules.layout.read(words), isProven: trusted.isProven };
}

/** An ancestor of a trusted header by its hash alone: it needs no seals. */
export function requireLink(parent: SealedHeader, child: SealedHeader): void {
  if (parent.number + 1n !== child.number || parent.hash !== child.parentHash) {
    throw new CommonwattError("LightWrongParent", { number: child.number });
  }
}

/** A quorum of a set sealed the header, nobody else did, and one of them made it. */
export function requireSealed(rules: Pick<ChainRules, "recover">, header: SealedHeader, set: AccountantSet): void {
  if (header.seals.length > set.length) throw new CommonwattError("LightTooManySeals", { count: header.seals.length });
  requireSealCount(header.seals.length, set); // before anything is recovered
  requireQuorumOf(header, signersOfDigest(header.digest, header.seals, rules.recover), set);
}

/** The set that the state after a block has; the known one where the proof shows that it is still in force. */
export function setIn(rules: ChainRules, header: SealedHeader, known: KnownSet, proof: AccountProof): KnownSet {
  const words = provenWords(header.stateRoot, rules.election, proof);
  return rules.layout.isUnchanged(known, words) ? known : changedSet(rules, known, words);
}

function changedSet(rules: ChainRules, known: KnownSet, words: Words): KnownSet {
  const read = rules.layout.read(words);
  requireAscending(read.validators);
  // one set is kept once, however often it is proven
  return read.head === known.head && sameSet(read.validators, known.validators) ? known : read;
}

function requireTime(rules: ChainRules, trusted: TrustedHeader, header: SealedHeader, now: bigint): void {
  requireTrust(rules, trusted, now);
  const { number, timestamp } = header;
  if (number <= trusted.header.number) {
    throw new CommonwattError("LightNotNewer", { number, known: trusted.header.number });
  }
  const earliest = trusted.header.timestamp + rules.blockSeconds * (number - trusted.header.number);
  if (timestamp < earliest) throw new CommonwattError("LightTooEarly", { number, timestamp, earliest });
  const latest = now + rules.driftSeconds;
  if (timestamp > latest) throw new CommonwattError("LightFromTheFuture", { number, timestamp, latest });
}

/** As much of a header as its seals are judged by. */
export interface SealedParts {
  readonly number: bigint;
  /** In lower case. */
  readonly coinbase: string;
  readonly seals: { readonly length: number };
}

/** The same for signers that were recovered before: those of all its seals. */
export function requireQuorumOf(header: SealedParts, signers: Iterable<string>, set: AccountantSet): void {
  requireSealCount(header.seals.length, set);
  requireSigners(signers, set);
  if (!isMember(set, header.coinbase)) {
    throw new CommonwattError("LightForeignCoinbase", { number: header.number, coinbase: header.coinbase });
  }
}

function isMember(set: AccountantSet, account: string): boolean {
  return set.some((member) => member.toLowerCase() === account);
}
