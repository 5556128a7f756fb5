/** A version's ciphertext: XChaCha20-Poly1305 over the padded content, bound to its place. */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";

import { CommonwattError } from "../errors.js";
import { joined, randomBytes, unsigned, type Bytes } from "./bytes.js";
import { commitmentOf } from "./commitment.js";
import { decodeContent, encodeContent, type Content } from "./content.js";
import { pad, SMALLEST_CLASS, unpad } from "./padding.js";
import { contentBinding, type VersionPlace } from "./place.js";

const FORMAT = 1;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES;

/** Seals with a fresh nonce. Format 1: `01`, nonce (24), ciphertext of the padded content, tag (16). */
export function sealContent(content: Content, key: Uint8Array, place: VersionPlace): Bytes {
  const nonce = randomBytes(NONCE_BYTES);
  const clear = pad(encodeContent(content));
  return joined(unsigned(FORMAT, 1), nonce, xchacha20poly1305(key, nonce, contentBinding(place)).encrypt(clear));
}

/** Opens, and holds the content against the chain's commitment. */
export function openContent(
  ciphertext: Uint8Array,
  key: Uint8Array,
  { place, commitment }: { readonly place: VersionPlace; readonly commitment: string },
): Content {
  const { record, version } = place;
  const content = decodeContent(unpadded(decrypted(ciphertext, key, place)));
  if (commitmentOf(content) !== commitment) throw new CommonwattError("VaultCommitmentMismatch", { record, version });
  return content;
}

function decrypted(ciphertext: Uint8Array, key: Uint8Array, place: VersionPlace): Uint8Array {
  const { record, version } = place;
  if (ciphertext.length < HEAD_BYTES + SMALLEST_CLASS + TAG_BYTES) {
    throw new CommonwattError("VaultCiphertextTruncated", { record, version, bytes: ciphertext.length });
  }
  if (ciphertext[0] !== FORMAT) throw new CommonwattError("VaultFormatUnknown", { record, format: ciphertext[0] });
  const nonce = ciphertext.subarray(1, HEAD_BYTES);
  try {
    return xchacha20poly1305(key, nonce, contentBinding(place)).decrypt(ciphertext.subarray(HEAD_BYTES));
  } catch {
    throw new CommonwattError("VaultCiphertextForeign", { record, version });
  }
}

function unpadded(padded: Uint8Array): Bytes {
  try {
    return unpad(padded);
  } catch {
    throw new CommonwattError("VaultContentInvalid", { reason: "its padding is not as this version writes it" });
  }
}
