/** Who sealed a header, and whether they are enough; as QbftSeals.sol has it. */
import { dataSlice, getAddress, recoverAddress, Signature, toBeHex, ZeroAddress } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { indexIn, quorumOf, requireAscending, type AccountantSet } from "./accountant-set.js";
import { sealDigest, type QbftHeader } from "./header.js";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Who made a seal; undefined when no key could have. Besu takes a high s too, so anybody can make a seal's twin. */
export function recoverSeal(digest: string, seal: string): string | undefined {
  const r = BigInt(dataSlice(seal, 0, 32));
  const s = BigInt(dataSlice(seal, 32, 64));
  const v = Number(dataSlice(seal, 64));
  if (r === 0n || r >= CURVE_ORDER || s === 0n || s >= CURVE_ORDER || v > 1) return undefined;
  // ethers wants the twin whose s is low; both recover to the same key
  const isHigh = s > CURVE_ORDER / 2n;
  const low = toBeHex(isHigh ? CURVE_ORDER - s : s, 32);
  const yParity = isHigh ? 1 - v : v;
  try {
    const signer = recoverAddress(
      digest,
      Signature.from({ r: toBeHex(r, 32), s: low, yParity: yParity === 1 ? 1 : 0 }),
    );
    return signer === ZeroAddress ? undefined : signer;
  } catch {
    return undefined; // r is the abscissa of no point
  }
}

/** Who sealed, in the order of the seals. */
export function signersOf(header: QbftHeader): string[] {
  const digest = sealDigest(header);
  return header.seals.map((seal, index) => signerOf(digest, seal, index));
}

/** Refuses a header that Besu would refuse for its seals: each of another member of the set, and a quorum of them. */
export function requireQuorum(header: QbftHeader, set: AccountantSet): void {
  requireAscending(set);
  const [count, quorum] = [header.seals.length, quorumOf(set.length)];
  if (count < quorum) throw new CommonwattError("QbftSealsNoQuorum", { count: BigInt(count), quorum: BigInt(quorum) });
  const digest = sealDigest(header);
  const places = new Set<number>();
  for (const [index, seal] of header.seals.entries()) {
    const signer = signerOf(digest, seal, index);
    const place = indexIn(set, signer);
    const args = { index: BigInt(index), signer };
    if (place === -1) throw new CommonwattError("QbftSealsForeignSigner", args);
    if (places.has(place)) throw new CommonwattError("QbftSealsRepeatedSigner", args);
    places.add(place);
  }
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
