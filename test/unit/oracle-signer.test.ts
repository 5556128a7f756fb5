import { expect } from "chai";
import { hexlify, recoverAddress, Signature, SigningKey, toBeHex } from "ethers";
import fc from "fast-check";

import { signerOf } from "../../scripts/oracle/signer.js";
import type { CompactSignature } from "../../sdk/signing/typed-data.js";

const RUNS = process.env["COMMONWATT_LONG"] === "1" ? 20_000 : 400;
/** Order of the curve, and of its field. */
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const P = 2n ** 256n - 2n ** 32n - 977n;
const PARITY = 1n << 255n;
const ZERO = `0x${"00".repeat(32)}`;

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => hexlify(bytes));
const key = fc.bigInt(1n, N - 1n).map((secret) => new SigningKey(toBeHex(secret, 32)));
/** Values at the borders of what an r or an s may be; with the parity bit and without. */
const border = fc
  .constantFrom(
    0n,
    1n,
    2n,
    N / 2n,
    N / 2n + 1n,
    PARITY - 1n,
    N - 1n,
    N,
    N + 1n,
    P - N,
    P - 1n,
    P,
    P + 1n,
    2n ** 256n - 1n,
  )
  .chain((value) => fc.constantFrom(value, value ^ PARITY))
  .map((value) => toBeHex(value, 32));
const word = fc.oneof(hex32, border);

/** What ethers says, in the same form. */
function byEthers(digest: string, { r, vs }: CompactSignature): string | undefined {
  try {
    return recoverAddress(digest, Signature.from({ r, yParityAndS: vs })).toLowerCase();
  } catch {
    return undefined;
  }
}

function compactOf(signing: SigningKey, digest: string): CompactSignature {
  const { r, yParityAndS } = signing.sign(digest);
  return { r, vs: yParityAndS };
}

describe("Who signed", () => {
  it("is whose key it is, as ethers says", () => {
    fc.assert(
      fc.property(key, hex32, (signing, digest) => {
        const signature = compactOf(signing, digest);
        const signer = signerOf(digest, signature);
        expect(signer).to.be.a("string").and.to.equal(byEthers(digest, signature));
      }),
      { numRuns: RUNS },
    );
  });

  it("is for broken signatures who ethers says, or nobody: no point, r or s out of range, high s, bits that fell over", () => {
    let [nobody, somebody] = [0, 0];
    const check = (digest: string, signature: CompactSignature): void => {
      const expected = byEthers(digest, signature);
      if (expected === undefined) nobody += 1;
      else somebody += 1;
      expect(signerOf(digest, signature), JSON.stringify({ digest, ...signature })).to.equal(expected);
    };
    fc.assert(
      fc.property(word, word, word, (digest, r, vs) => check(digest, { r, vs })),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(key, hex32, fc.nat(511), fc.boolean(), word, (signing, digest, bit, inR, other) => {
        const good = compactOf(signing, digest);
        const flip = (value: string): string => toBeHex(BigInt(value) ^ (1n << BigInt(bit % 256)), 32);
        check(digest, inR ? { ...good, r: flip(good.r) } : { ...good, vs: flip(good.vs) });
        check(digest, inR ? { ...good, r: other } : { ...good, vs: other });
        check(other, good);
      }),
      { numRuns: RUNS / 4 },
    );
    for (const r of [1n, 2n, N - 1n]) {
      // an s above half the order is taken by ethers where it fits beside the parity; the ledger refuses it
      for (const vs of [N / 2n, N / 2n + 1n, PARITY - 1n]) check(ZERO, { r: toBeHex(r, 32), vs: toBeHex(vs, 32) });
    }
    expect(nobody).to.be.above(0);
    expect(somebody).to.be.above(0);
  });

  it("is nobody where the words are not of 32 bytes in hex (ethers takes some as numbers; payloads have none)", () => {
    const digest = toBeHex(7, 32);
    const { r, vs } = compactOf(new SigningKey(toBeHex(5, 32)), digest);
    for (const broken of [
      { r: "", vs },
      { r, vs: "0x" },
      { r: `${r}00`, vs },
      { r: r.slice(0, -2), vs },
      { r: `0x${"zz".repeat(32)}`, vs },
      { r: ZERO, vs: ZERO },
    ]) {
      expect(signerOf(digest, broken)).to.equal(undefined);
    }
  });
});
