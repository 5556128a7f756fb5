/**
 * HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. X25519 is the platform's own (Web Crypto),
 * which refuses an all-zero shared secret; points of low order are refused by name before it comes to that.
 */
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { hexlify, id, keccak256 } from "ethers";

import { CommonwattError } from "../errors.js";
import { bytesOf, joined, type Bytes } from "./bytes.js";
import { isLowOrderPoint } from "./low-order.js";

/** The suite of all that the vault wraps. */
export const SUITE = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});

const OWN_SECRET = id("commonwatt vault own secret 1");
const INFO = new TextEncoder().encode("commonwatt vault 1");
const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** A key of Web Crypto; @hpke/core's own types name it as browsers do, which Node's types don't know. */
type PlatformKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type PlatformKeyPair = Readonly<Record<"publicKey" | "privateKey", PlatformKey>>;

/** Whom something is wrapped for. */
export class Recipient {
  readonly publicKey: string;
  readonly #key: PlatformKey;

  private constructor(publicKey: string, key: PlatformKey) {
    this.publicKey = publicKey;
    this.#key = key;
  }

  /** @param publicKey X25519, 32 bytes in hex */
  static async of(publicKey: string): Promise<Recipient> {
    const bytes = bytesOf(publicKey);
    if (bytes.length !== KEY_BYTES) throw new CommonwattError("VaultPublicKeyInvalid", { bytes: bytes.length });
    if (isLowOrderPoint(bytes)) throw new CommonwattError("VaultLowOrderPoint", { point: publicKey });
    return new Recipient(publicKey, (await SUITE.kem.deserializePublicKey(bytes)) as PlatformKey);
  }

  /** The encapsulated key (32 bytes) and the sealed message (its length and 16 bytes), bound to `binding`. */
  async wrap(message: Uint8Array, binding: Uint8Array): Promise<Bytes> {
    const { enc, ct } = await SUITE.seal(
      { recipientPublicKey: this.#key, info: INFO },
      bytesOf(message),
      bytesOf(binding),
    );
    return joined(new Uint8Array(enc), new Uint8Array(ct));
  }
}

/** A key that opens what was wrapped for it. */
export class EncryptionKey {
  readonly publicKey: string;
  readonly #pair: PlatformKeyPair;
  readonly #ownSecret: Uint8Array;

  private constructor(publicKey: string, pair: PlatformKeyPair, ownSecret: Uint8Array) {
    this.publicKey = publicKey;
    this.#pair = pair;
    this.#ownSecret = ownSecret;
  }

  /** RFC 9180's DeriveKeyPair from at least 32 bytes of secret. */
  static async derive(secret: Uint8Array): Promise<EncryptionKey> {
    const pair = (await SUITE.kem.deriveKeyPair(bytesOf(secret))) as PlatformKeyPair;
    const publicKey = hexlify(new Uint8Array(await SUITE.kem.serializePublicKey(pair.publicKey)));
    return new EncryptionKey(publicKey, pair, bytesOf(keccak256(joined(bytesOf(OWN_SECRET), secret))));
  }

  /** A symmetric key of 32 bytes that only who has this key can make again, another one for each binding. */
  ownKey(binding: Uint8Array): Bytes {
    return bytesOf(keccak256(joined(this.#ownSecret, binding)));
  }

  /** Undefined when it was not wrapped for this key and binding, or was changed. */
  async unwrap(wrapped: Uint8Array, binding: Uint8Array): Promise<Bytes | undefined> {
    if (wrapped.length < KEY_BYTES + TAG_BYTES) {
      throw new CommonwattError("VaultWrappingTruncated", { bytes: wrapped.length });
    }
    const enc = bytesOf(wrapped.subarray(0, KEY_BYTES));
    if (isLowOrderPoint(enc)) throw new CommonwattError("VaultLowOrderPoint", { point: hexlify(enc) });
    try {
      const params = { recipientKey: this.#pair, enc, info: INFO };
      return new Uint8Array(await SUITE.open(params, bytesOf(wrapped.subarray(KEY_BYTES)), bytesOf(binding)));
    } catch {
      return undefined;
    }
  }
}
