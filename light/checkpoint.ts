/**
 * Checkpoints: a block's hash and the set that seals the next one, from somebody who is trusted for it. Within the
 * trusting period after the block it is enough; a checkpoint for everybody is signed by more than half of the members.
 */
import { TypedDataEncoder, toBeHex, verifyTypedData, type TypedDataDomain, type TypedDataField } from "ethers";

import { CommonwattError } from "../sdk/errors.js";
import { requireAscending, type AccountantSet } from "./accountant-set.js";
import { isFresh, type ChainRules, type TrustedHeader } from "./chain-rules.js";
import type { SealedHeader } from "./sealed-header.js";
import { setDigest, type AccountProof } from "./set-certificate.js";
import { sameSet, type KnownSet } from "./set-layout.js";
import { setIn } from "./verify.js";

/** Version of the checkpoint's format. */
export const CHECKPOINT_VERSION = 1;

/** A checkpoint: plain JSON. */
export interface Checkpoint {
  readonly version: typeof CHECKPOINT_VERSION;
  readonly chainId: number;
  readonly number: number;
  /** The block's. */
  readonly hash: string;
  /** Who seals the next block, ascending. */
  readonly validators: AccountantSet;
  /** The election's packed word (slot 2), 32 bytes in hex; absent where the contract keeps none. */
  readonly head?: string;
  /** Members' signatures of `checkpointDigest`, r, s and v, 65 bytes. */
  readonly signatures?: readonly string[];
}

const TYPES: Record<string, TypedDataField[]> = {
  Checkpoint: [
    { name: "number", type: "uint64" },
    { name: "hash", type: "bytes32" },
    { name: "setDigest", type: "bytes32" },
    { name: "setHead", type: "uint256" },
  ],
};

/** What a member signs (EIP-712). */
export function checkpointTypedData(checkpoint: Checkpoint): {
  domain: TypedDataDomain;
  types: Record<string, TypedDataField[]>;
  message: Record<string, unknown>;
} {
  const { chainId, number, hash, validators, head = "0x0" } = checkpoint;
  return {
    domain: { name: "Commonwatt checkpoint", version: String(CHECKPOINT_VERSION), chainId },
    types: TYPES,
    message: { number, hash, setDigest: setDigest(validators), setHead: BigInt(head) },
  };
}

/** The hash that a member signs. */
export function checkpointDigest(checkpoint: Checkpoint): string {
  const { domain, types, message } = checkpointTypedData(checkpoint);
  return TypedDataEncoder.hash(domain, types, message);
}

/** Refuses a checkpoint that not more than half of the members signed. `members`: their accounts. */
export function requireSignatures(checkpoint: Checkpoint, members: readonly string[]): void {
  const { domain, types, message } = checkpointTypedData(checkpoint);
  const known = new Set(members.map((member) => BigInt(member)));
  const signed = new Set<bigint>();
  for (const signature of checkpoint.signatures ?? []) {
    const signer = signerOrNobody(() => verifyTypedData(domain, types, message, signature));
    if (known.has(signer)) signed.add(signer);
  }
  if (2 * signed.size > known.size) return;
  throw new CommonwattError("LightCheckpointUnsigned", { count: signed.size, members: known.size });
}

/** What a checkpoint is held against. */
export interface CheckpointEvidence {
  /** The checkpoint's block, from any peer. */
  readonly header: SealedHeader;
  /** Of the set after it; without one the checkpoint's word is taken for the set, which it is for the hash anyway. */
  readonly after?: AccountProof | undefined;
  /** Unix seconds, by the local clock. */
  readonly now: bigint;
}

/**
 * The checkpoint's block as trusted header. Older than the trusting period it proves nothing any more, whoever signed it:
 * its accountants' keys may be anybody's by now. LightCheckpointOther where the block or the set is another one.
 */
export function trustCheckpoint(
  rules: ChainRules,
  checkpoint: Checkpoint,
  { header, after, now }: CheckpointEvidence,
): TrustedHeader {
  const other = (what: string): CommonwattError => new CommonwattError("LightCheckpointOther", { what });
  if (BigInt(checkpoint.chainId) !== rules.chainId) throw other(`chain ${checkpoint.chainId}`);
  if (header.number !== BigInt(checkpoint.number) || header.hash !== checkpoint.hash.toLowerCase()) {
    throw other(`block ${header.number} with the hash ${header.hash}`);
  }
  const claimed = claimedSet(checkpoint);
  requireAscending(claimed.validators);
  const next = after === undefined ? claimed : setIn(rules, header, claimed, after);
  const isClaimed = sameSet(next.validators, claimed.validators) && (claimed.head ?? next.head) === next.head;
  if (!isClaimed) throw other("a set that is not the one in its state");
  return { header, sealers: [], next, isProven: isFresh(rules, header, now) };
}

/** The checkpoint that a trusted header makes, to be signed and passed on. */
export function checkpointOf(rules: ChainRules, { header, next }: TrustedHeader): Checkpoint {
  return {
    version: CHECKPOINT_VERSION,
    chainId: Number(rules.chainId),
    number: Number(header.number),
    hash: header.hash,
    validators: next.validators,
    ...(next.head === undefined ? {} : { head: toBeHex(next.head, 32) }),
  };
}

function claimedSet({ validators, head }: Checkpoint): KnownSet {
  const lower = validators.map((validator) => validator.toLowerCase());
  return head === undefined ? { validators: lower } : { validators: lower, head: BigInt(head) };
}

function signerOrNobody(recover: () => string): bigint {
  try {
    return BigInt(recover());
  } catch {
    return 0n;
  }
}
