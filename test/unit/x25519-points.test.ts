import { createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";

import { expect } from "chai";

/** What an X25519 public key's bytes follow in a SubjectPublicKeyInfo (RFC 8410). */
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

/** Whether OpenSSL refuses to agree with the key: the shared secret would be zero (RFC 7748, section 6.1). */
function isRefused(key: Buffer): boolean {
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" });
  try {
    diffieHellman({ privateKey: generateKeyPairSync("x25519").privateKey, publicKey });
    return false;
  } catch {
    return true;
  }
}

/** The key with its last byte's topmost bit, which X25519 ignores, the other way. */
function withOtherTopBit(key: Buffer): Buffer {
  const other = Buffer.from(key);
  other[31] = (other[31] ?? 0) ^ 0x80;
  return other;
}

async function listedPoints(): Promise<Buffer[]> {
  const source = await readFile("contracts/libraries/X25519Points.sol", "utf8");
  const literals = [...source.matchAll(/= 0x([0-9a-f]{64});/g)].map(([, hex = ""]) => hex);
  return ["00".repeat(32), ...literals].map((hex) => Buffer.from(hex, "hex"));
}

describe("X25519Points", () => {
  it("lists points with which OpenSSL agrees on nothing, whatever the ignored bit", async () => {
    const points = await listedPoints();
    expect(points).to.have.length(7);
    for (const point of points) {
      expect(isRefused(point), point.toString("hex")).to.equal(true);
      expect(isRefused(withOtherTopBit(point)), point.toString("hex")).to.equal(true);
    }
  });

  it("lists no neighbour of theirs, with which OpenSSL agrees", async () => {
    const points = await listedPoints();
    const listed = new Set(points.map((point) => point.toString("hex")));
    for (const point of points) {
      const neighbour = Buffer.from(point);
      neighbour[1] = (neighbour[1] ?? 0) ^ 0x01;
      expect(listed.has(neighbour.toString("hex"))).to.equal(false);
      expect(isRefused(neighbour), neighbour.toString("hex")).to.equal(false);
    }
  });
});
