import { randomBytes } from "node:crypto";

import { expect } from "chai";
import { hexlify, keccak256 } from "ethers";

import "../../scripts/fast-keccak.js";

describe("Keccak-256 in WebAssembly", () => {
  it("is the one that ethers uses", () => {
    expect(keccak256("0x")).to.equal("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  });

  it("makes of every length what ethers' own makes, and keeps no state", () => {
    const lengths = [...Array.from({ length: 300 }, (_, length) => length), 4_096, 16_384, 16_385, 100_000];
    const hashes = lengths.map((length) => {
      const bytes = randomBytes(length);
      const hash = keccak256(bytes);
      expect(hash, `${length} bytes`).to.equal(hexlify(keccak256._(bytes)));
      return { bytes, hash };
    });
    for (const { bytes, hash } of hashes.toReversed()) expect(keccak256(bytes)).to.equal(hash);
  });

  it("leaves a hash alone that it gave before", () => {
    const first = keccak256("0x01");
    keccak256("0x02");
    expect(keccak256("0x01")).to.equal(first);
  });
});
