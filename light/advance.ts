/** From a trusted header to a later one, by as few questions as the changes of the set allow. */
import { CommonwattError, isCommonwattError } from "../sdk/errors.js";
import { mayChangeSet, type ChainRules, type TrustedHeader } from "./chain-rules.js";
import type { CertificateSource, LightPeer } from "./peer.js";
import type { SealedHeader } from "./sealed-header.js";
import { unpackSetHead, type AccountProof } from "./set-certificate.js";
import type { KnownSet } from "./set-layout.js";
import { provenWords } from "./state-proof.js";
import { beginSkip, finishSkip, setIn, verifyCertificate, verifyNext } from "./verify.js";

/** Where to ask, and by which clock. */
export interface Advance {
  readonly rules: ChainRules;
  readonly peer: LightPeer;
  readonly certificates?: CertificateSource;
  /** Unix seconds, by the local clock. */
  readonly now: () => bigint;
}

/**
 * Yields each header that became trusted, ascending, up to the target. Skips as far as it can; where too many of the set
 * were replaced it takes the certificate of the next change, or a header half as far ahead. Throws what refused a header:
 * everything that was yielded stays trusted.
 */
export async function* advance(
  how: Advance,
  trusted: TrustedHeader,
  target: bigint,
): AsyncGenerator<TrustedHeader, void, undefined> {
  const goals = [target];
  const headers = new Map<bigint, SealedHeader>();
  let at = trusted;
  for (let goal = goals.at(-1); goal !== undefined; goal = goals.at(-1)) {
    if (goal <= at.header.number) {
      goals.pop();
      continue;
    }
    try {
      at = await step(how, at, goal, headers);
    } catch (error) {
      const isTooFar = isCommonwattError(error, "LightSkipTooFar");
      if (!isTooFar && !isCommonwattError(error, "LightStateForgotten")) throw error;
      const changed = await byCertificate(how, at);
      if (changed === undefined) {
        const distance = goal - at.header.number;
        if (!isTooFar || distance < 2n) throw error;
        goals.push(at.header.number + distance / 2n);
        continue;
      }
      at = changed;
    }
    for (const number of headers.keys()) if (number < at.header.number) headers.delete(number);
    yield at;
  }
}

/** A peer's header of a number. LightBlockMissing, LightWrongBlock where it has none or gives another. */
export async function headerOf(peer: LightPeer, number: bigint): Promise<SealedHeader> {
  const header = await peer.header(number);
  if (header === undefined) throw new CommonwattError("LightBlockMissing", { number });
  if (header.number !== number) throw new CommonwattError("LightWrongBlock", { number, given: header.number });
  return header;
}

/** A proof of the set after a block that `setIn` can read: asks for the whole set only where it changed. */
export async function proofOfSet(
  { rules, peer }: Pick<Advance, "rules" | "peer">,
  header: SealedHeader,
  known: KnownSet,
): Promise<AccountProof> {
  const { layout, election } = rules;
  const ask = async (slots: readonly bigint[]): Promise<AccountProof> => {
    const proof = await peer.proof(election, slots, header.number);
    if (proof === undefined) throw new CommonwattError("LightStateForgotten", { number: header.number });
    return proof;
  };
  const probe = await ask(layout.probeSlots(known));
  const words = provenWords(header.stateRoot, election, probe);
  return layout.isUnchanged(known, words) ? probe : ask(layout.slots(words));
}

async function step(
  how: Advance,
  trusted: TrustedHeader,
  goal: bigint,
  headers: Map<bigint, SealedHeader>,
): Promise<TrustedHeader> {
  const { rules, peer, now } = how;
  const read = async (number: bigint): Promise<SealedHeader> => {
    const header = headers.get(number) ?? (await headerOf(peer, number));
    headers.set(number, header);
    return header;
  };
  const header = await read(goal);
  if (goal === trusted.header.number + 1n) {
    const after = mayChangeSet(rules, header) ? await proofOfSet(how, header, trusted.next) : undefined;
    return verifyNext(rules, trusted, header, now(), after);
  }
  const parent = await read(goal - 1n);
  const signers = beginSkip(rules, trusted, { header, parent }, now());
  const before = await proofOfSet(how, parent, trusted.next);
  const inForce = setIn(rules, parent, trusted.next, before);
  const after = await proofOfSet(how, header, inForce);
  return finishSkip(rules, trusted, { header, parent, before, after }, signers);
}

async function byCertificate(how: Advance, trusted: TrustedHeader): Promise<TrustedHeader | undefined> {
  const { head } = trusted.next;
  if (how.certificates === undefined || head === undefined) return undefined;
  const certificate = await how.certificates.certificate(unpackSetHead(head).version + 1n);
  return certificate && verifyCertificate(how.rules, trusted, certificate, how.now());
}
