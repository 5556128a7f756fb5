import { expect } from "chai";
import { concat, keccak256, toBeHex } from "ethers";

import { proveReading, readingTree, verifyReadingProof } from "../../sdk/merkle.js";

const digests = (count: number): string[] => Array.from({ length: count }, (_, i) => keccak256(toBeHex(i + 1, 32)));

const pair = (a: string, b: string): string => keccak256(concat(BigInt(a) < BigInt(b) ? [a, b] : [b, a]));

describe("Merkle tree of a batch of readings", () => {
  it("is the leaf itself for one reading, and their sorted pair for two", () => {
    const [one = "", two = ""] = digests(2);
    expect(readingTree([one]).root).to.equal(one);
    expect(readingTree([one, two]).root).to.equal(pair(one, two));
  });

  it("depends on the order of the batch", () => {
    const leaves = digests(5);
    expect(readingTree(leaves).root).to.not.equal(readingTree([...leaves].reverse()).root);
  });

  for (const count of [1, 2, 3, 7, 33]) {
    it(`proves each of ${count} readings, and no other`, () => {
      const leaves = digests(count);
      const foreign = keccak256("0x1234");
      for (let index = 0; index < count; index++) {
        const proof = proveReading(leaves, index);
        expect(verifyReadingProof(proof)).to.equal(true);
        expect(verifyReadingProof({ ...proof, digest: foreign })).to.equal(false);
      }
    });
  }

  it("has no proof beyond its end", () => {
    expect(() => proveReading(digests(3), 3)).to.throw(RangeError, "3 readings");
  });
});
