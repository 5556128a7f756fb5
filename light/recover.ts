/**
 * Who made a seal: the costly part of checking a header, behind one type, so that the fastest code that a machine has
 * does it. All of them decide alike; `recoverInJavaScript` is the measure (test/unit/light-recover.test.ts).
 */
import { hexlify, keccak256, recoverAddress, Signature, toBeHex, ZeroAddress } from "ethers";

/**
 * The account that sealed, in lower case; undefined when no key could have. `digest`: 32 bytes; `seal`: r, s and v (0 or
 * 1), 65 bytes. Besu takes a high s too, so anybody can make a seal's twin.
 */
export type Recover = (digest: Uint8Array, seal: Uint8Array) => string | undefined;

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SIGNATURE_BYTES = 64;

/** By ethers: everywhere, and slowly. */
export const recoverInJavaScript: Recover = (digest, seal) => {
  const [r, s] = [BigInt(hexlify(seal.subarray(0, 32))), BigInt(hexlify(seal.subarray(32, SIGNATURE_BYTES)))];
  const v = parityOf(seal);
  if (r === 0n || r >= CURVE_ORDER || s === 0n || s >= CURVE_ORDER || v === undefined) return undefined;
  // ethers wants the twin whose s is low; both recover to the same key
  const isHigh = s > CURVE_ORDER / 2n;
  const low = toBeHex(isHigh ? CURVE_ORDER - s : s, 32);
  const yParity = (isHigh ? 1 - v : v) === 1 ? 1 : 0;
  try {
    const signer = recoverAddress(hexlify(digest), Signature.from({ r: toBeHex(r, 32), s: low, yParity }));
    return signer === ZeroAddress ? undefined : signer.toLowerCase();
  } catch {
    return undefined; // r is the abscissa of no point
  }
};

/** By libsecp256k1 in WebAssembly, in a browser too; undefined where WebAssembly is switched off. */
export async function recoverInWebAssembly(): Promise<Recover | undefined> {
  try {
    const { instantiateSecp256k1 } = await import("@bitauth/libauth");
    const secp256k1 = await instantiateSecp256k1();
    return recoverBy((digest, signature, parity) => {
      const key = secp256k1.recoverPublicKeyUncompressed(signature, parity, digest);
      return typeof key === "string" ? undefined : key;
    });
  } catch {
    return undefined;
  }
}

/** A key's recovery by some library: 65 bytes, or undefined; what it throws is a signature of nobody. */
export type RecoverKey = (digest: Uint8Array, signature: Uint8Array, parity: 0 | 1) => Uint8Array | undefined;

/** Puts a library's recovery into the form that is used here. */
export function recoverBy(recoverKey: RecoverKey): Recover {
  return (digest, seal) => {
    const parity = parityOf(seal);
    if (parity === undefined) return undefined;
    try {
      const key = recoverKey(digest, seal.subarray(0, SIGNATURE_BYTES), parity);
      // 0x04 stands before x and y
      return key && `0x${keccak256(key.subarray(1)).slice(-40)}`;
    } catch {
      return undefined;
    }
  };
}

function parityOf(seal: Uint8Array): 0 | 1 | undefined {
  const v = seal[SIGNATURE_BYTES];
  return v === 0 || v === 1 ? v : undefined;
}
