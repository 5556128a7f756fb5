/** Who sealed a header, and whether they are enough; as QbftSeals.sol has it. */
import { getAddress, getBytes } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { quorumOf, requireAscending, type AccountantSet } from "./accountant-set.js";
import { sealDigest, type QbftHeader } from "./header.js";
import { recoverInJavaScript, type Recover } from "./recover.js";

/** Who made a seal, checksummed; undefined when no key could have. Hex. */
export function recoverSeal(digest: string, seal: string, recover: Recover = recoverInJavaScript): string | undefined {
  const signer = recover(getBytes(digest), getBytes(seal));
  return signer && getAddress(signer);
}

/** Who sealed, in the order of the seals. */
export function signersOf(header: QbftHeader): string[] {
  const digest = sealDigest(header);
  return header.seals.map((seal, index) => signerOf(digest, seal, index));
}

/** Refuses a header that Besu would refuse for its seals: each of another member of the set, and a quorum of them. */
export function requireQuorum(header: QbftHeader, set: AccountantSet, recover: Recover = recoverInJavaScript): void {
  requireAscending(set);
  const seals = header.seals.map((seal) => getBytes(seal));
  requireSealCount(seals.length, set);
  requireSigners(signersOfDigest(sealDigest(header), seals, recover), set);
}

/** Refuses fewer seals than a quorum of the set. */
export function requireSealCount(count: number, set: AccountantSet): void {
  const quorum = quorumOf(set.length);
  if (count < quorum) throw new CommonwattError("QbftSealsNoQuorum", { count: BigInt(count), quorum: BigInt(quorum) });
}

/** Who made each of the seals, one after the other, in lower case. `digest`: what they are over, hex. */
export function* signersOfDigest(
  digest: string,
  seals: readonly Uint8Array[],
  recover: Recover,
): Generator<string, void, undefined> {
  const bytes = getBytes(digest);
  for (const [index, seal] of seals.entries()) {
    const signer = recover(bytes, seal);
    if (signer === undefined) throw new CommonwattError("QbftSealsUnrecoverable", { index: BigInt(index) });
    yield signer;
  }
}

/** Refuses signers of whom one is no member of the set, or is named twice. */
export function requireSigners(signers: Iterable<string>, set: AccountantSet): void {
  const members = new Set(set.map((member) => member.toLowerCase()));
  const seen = new Set<string>();
  let index = 0n;
  for (const signer of signers) {
    const args = { index, signer };
    if (!members.has(signer)) throw foreign("QbftSealsForeignSigner", args);
    if (seen.has(signer)) throw foreign("QbftSealsRepeatedSigner", args);
    seen.add(signer);
    index += 1n;
  }
}

function foreign(
  code: string,
  { index, signer }: { readonly index: bigint; readonly signer: string },
): CommonwattError {
  return new CommonwattError(code, { index, signer: getAddress(signer) });
}

/** The header with that account's seal alone, as evidence against it carries; without any if it made none. */
export function withSealOf(header: QbftHeader, account: string): QbftHeader {
  const signers = signersOf(header);
  return { ...header, seals: header.seals.filter((_, index) => signers[index] === getAddress(account)).slice(0, 1) };
}

/** Who sealed two different blocks of one parent, number and round; each header carries that one seal. */
export function doubleSealer(first: QbftHeader, second: QbftHeader): { signer: string; number: bigint } {
  const { parentHash, number, round } = first;
  if (second.parentHash !== parentHash || second.number !== number || second.round !== round)
    throw new CommonwattError("QbftSealsDifferentTurns");
  const digest = sealDigest(first);
  if (digest === sealDigest(second)) throw new CommonwattError("QbftSealsSameDigest", { digest });
  const [signer, other] = [onlySignerOf(first), onlySignerOf(second)];
  if (signer !== other) throw new CommonwattError("QbftSealsDifferentSigners", { first: signer, second: other });
  return { signer, number };
}

function onlySignerOf(header: QbftHeader): string {
  const [signer] = header.seals.length === 1 ? signersOf(header) : [];
  if (signer === undefined) throw new CommonwattError("QbftSealsNotOneSeal", { count: BigInt(header.seals.length) });
  return signer;
}

function signerOf(digest: string, seal: string, index: number): string {
  const signer = recoverSeal(digest, seal);
  if (signer === undefined) throw new CommonwattError("QbftSealsUnrecoverable", { index: BigInt(index) });
  return signer;
}
