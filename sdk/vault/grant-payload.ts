/**
 * What is wrapped for a grantee: the terms and the chain's shares, sealed under a key of their own, which is wrapped by HPKE. Of a grant's
 * first payload the owner can make that key again, and so needs no memory of its grants beside the chain.
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { getAddress, toUtf8Bytes } from "ethers";

import { CommonwattError } from "../errors.js";
import { bytesOf, ByteReader, joined, randomBytes, unsigned, type Bytes } from "./bytes.js";
import type { GrantState } from "./chain.js";
import { grantTag, isOf, type GrantPayload, type GrantTerms, type SharedVersion } from "./grants.js";
import { doublingClass, pad, unpad, type SizeClasses } from "./padding.js";
import { grantBinding, type ContractPlace } from "./place.js";
import { encodeScope, readScope } from "./scope-bytes.js";
import type { EncryptionKey, Recipient } from "./wrap.js";

const KEY_BYTES = 32;
/** HPKE's encapsulated key, the sealed key and its tag. */
const WRAPPED_KEY_BYTES = 80;
const TAG_BYTES = 16;
/** Each key seals one payload only. */
const NONCE = new Uint8Array(24);

/** For whom a payload is, and who may open it besides. */
export interface PayloadReaders {
  readonly grantee: Recipient;
  /** The owner's key; given for a grant's first payload, and for no other: its key is made from the grant's tag. */
  readonly own?: EncryptionKey;
}

/** Wraps terms and shares, padded so that the size tells little of how many. */
export async function wrapPayload(
  place: ContractPlace,
  { grantee, own }: PayloadReaders,
  payload: GrantPayload,
): Promise<Bytes> {
  const { terms } = payload;
  const binding = grantBinding({ ...place, owner: terms.owner, tag: grantTag(place, terms) });
  const key = own?.ownKey(binding) ?? randomBytes(KEY_BYTES);
  const clear = pad(encodePayload(payload), doublingClass);
  return joined(await grantee.wrap(key, binding), xchacha20poly1305(key, NONCE, binding).encrypt(clear));
}

/** How many versions fit into one payload of at most that many bytes; at least one. */
export function sharesPerPayload(terms: GrantTerms, maxPayloadBytes: number): number {
  const bytesWith = (shared: readonly SharedVersion[]): number => pad(encodePayload({ terms, shared }), exactly).length;
  const largest = 2 ** Math.floor(Math.log2(maxPayloadBytes - WRAPPED_KEY_BYTES - TAG_BYTES));
  const none = bytesWith([]);
  return Math.max(1, Math.floor((largest - none) / (bytesWith([ANY_SHARE]) - none)));
}

/** Opens what was wrapped for the key; undefined when it was for another. */
export async function unwrapPayload(
  place: ContractPlace,
  key: EncryptionKey,
  { grant, payload }: { readonly grant: GrantState; readonly payload: Uint8Array },
): Promise<GrantPayload | undefined> {
  const binding = grantBinding({ ...place, ...grant });
  const inner = await key.unwrap(payload.subarray(0, WRAPPED_KEY_BYTES), binding);
  return inner && openPayload(place, inner, { grant, payload });
}

/** Opens a grant's first payload, which was made with the owner's key; undefined when it was another one. */
export function reopenGrant(place: ContractPlace, own: EncryptionKey, grant: GrantState): GrantPayload | undefined {
  const [payload = new Uint8Array()] = grant.payloads;
  return openPayload(place, own.ownKey(grantBinding({ ...place, ...grant })), { grant, payload });
}

function openPayload(
  place: ContractPlace,
  key: Uint8Array,
  { grant, payload }: { readonly grant: GrantState; readonly payload: Uint8Array },
): GrantPayload | undefined {
  let clear: Uint8Array;
  try {
    const binding = grantBinding({ ...place, ...grant });
    clear = xchacha20poly1305(key, NONCE, binding).decrypt(payload.subarray(WRAPPED_KEY_BYTES));
  } catch {
    return undefined;
  }
  const opened = decodePayload(clear, grant.owner);
  if (opened === undefined || !isOf(place, grant, opened.terms)) {
    throw new CommonwattError("VaultGrantPayloadInvalid", { grantId: grant.grantId });
  }
  return opened;
}

const exactly: SizeClasses = (length) => length;
const ANY_SHARE: SharedVersion = { record: `0x${"00".repeat(32)}`, version: 0n, chainShare: `0x${"00".repeat(32)}` };

/**
 * Packed, for each byte is paid for on the chain: grantee (20), scope, length of the purpose (2), purpose, blind (32), number of versions (2),
 * and for each record (32), version (4), share (32).
 */
function encodePayload({ terms: { grantee, scope, purpose, blind }, shared }: GrantPayload): Bytes {
  const reason = toUtf8Bytes(purpose);
  return joined(
    bytesOf(grantee),
    encodeScope(scope),
    unsigned(reason.length, 2),
    reason,
    bytesOf(blind),
    unsigned(shared.length, 2),
    ...shared.map((one) => joined(bytesOf(one.record), unsigned(Number(one.version), 4), bytesOf(one.chainShare))),
  );
}

function decodePayload(clear: Uint8Array, owner: string): GrantPayload | undefined {
  try {
    const reader = new ByteReader(unpad(clear, doublingClass));
    const grantee = getAddress(reader.hex(20));
    const scope = readScope(reader);
    const purpose = reader.text(reader.unsigned(2));
    const blind = reader.hex(32);
    const shared = Array.from({ length: reader.unsigned(2) }, () => ({
      record: reader.hex(32),
      version: BigInt(reader.unsigned(4)),
      chainShare: reader.hex(32),
    }));
    return reader.rest === 0 ? { terms: { owner, grantee, scope, purpose, blind }, shared } : undefined;
  } catch {
    return undefined;
  }
}
