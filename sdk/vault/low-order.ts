/**
 * The points of Curve25519 and its twist whose order divides 8, with which every key agrees on zero (Bernstein,
 * https://cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?"; RFC 7748, section 6.1). As coordinates modulo
 * 2^255: X25519 ignores the topmost bit, so the rest of that list are these with the bit set.
 */
const P = 2n ** 255n - 19n;
const LOW_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
]);

/** Whether an X25519 public key (32 bytes, little-endian) is of low order. */
export function isLowOrderPoint(key: Uint8Array): boolean {
  const coordinate = key.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return LOW_ORDER.has(coordinate & (2n ** 255n - 1n));
}
