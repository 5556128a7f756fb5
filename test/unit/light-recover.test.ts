import { expect } from "chai";
import { concat, getBytes, hexlify, id, SigningKey, toBeHex } from "ethers";
import fc from "fast-check";

import { recoverInJavaScript, recoverInWebAssembly, type Recover } from "../../light/index.js";
import { fastestRecover, nativeRecover } from "../../scripts/light-node/fastest-recover.js";
import { readRecording } from "../utils/qbft.js";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe("light: who made a seal", () => {
  const others: [name: string, recover: Recover][] = [];

  before(async () => {
    const inWebAssembly = await recoverInWebAssembly();
    if (inWebAssembly === undefined) throw new Error("this machine has no WebAssembly");
    others.push(["WebAssembly", inWebAssembly]);
    const native = nativeRecover();
    if (native !== undefined) others.push(["native", native]);
  });

  function expectAlike(digest: string, seal: string): string | undefined {
    const [digestBytes, sealBytes] = [getBytes(digest), getBytes(seal)];
    const expected = recoverInJavaScript(digestBytes, sealBytes);
    for (const [name, recover] of others) expect(recover(digestBytes, sealBytes), `${name} ${seal}`).to.equal(expected);
    return expected;
  }

  it("is told alike by all code, for seals of a recorded chain", () => {
    const { at } = readRecording();
    for (const number of [61, 79, 86, 105]) {
      const { header, set } = at(number);
      const digest = hexlify(header.round === 0n ? at(number).block.hash : id("another digest"));
      for (const seal of header.seals) {
        const signer = expectAlike(digest, seal);
        const members = set.map((member) => member.toLowerCase());
        if (header.round === 0n) expect(members).to.include(signer);
        else expect(members).to.not.include(signer);
      }
    }
  });

  it("is told alike for signatures, their twins, and all sorts of nonsense", () => {
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
      fc.constantFrom(0n, 1n, CURVE_ORDER - 1n, CURVE_ORDER, CURVE_ORDER + 1n, 2n ** 256n - 1n, CURVE_ORDER / 2n),
    );
    fc.assert(
      fc.property(word, word, fc.nat(255), fc.nat(3), (r, s, anyV, v) => {
        const digest = toBeHex(r ^ s, 32);
        expectAlike(digest, concat([toBeHex(r, 32), toBeHex(s, 32), toBeHex(anyV, 1)]));
        expectAlike(digest, concat([toBeHex(r, 32), toBeHex(s, 32), toBeHex(v, 1)]));
        const key = new SigningKey(id(`${r}`));
        const { r: own, s: low, yParity } = key.sign(digest);
        const signer = expectAlike(digest, concat([own, low, toBeHex(yParity, 1)]));
        const twin = expectAlike(
          digest,
          concat([own, toBeHex(CURVE_ORDER - BigInt(low), 32), toBeHex(1 - yParity, 1)]),
        );
        expect(twin).to.equal(signer).and.not.equal(undefined);
      }),
      { numRuns: 40, seed: 20_260 },
    );
  });

  it("is asked of the fastest code that this machine has", async () => {
    const { name } = await fastestRecover();
    expect(name).to.equal(nativeRecover() === undefined ? "WebAssembly" : "native");
  });
});
