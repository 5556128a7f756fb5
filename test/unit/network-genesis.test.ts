/** Genesis files: the block's hash as a real Besu computed it, and contracts as their real constructors leave them. */
import { readFileSync } from "node:fs";

import { expect } from "chai";

import { genesisHash } from "../../scripts/network/genesis/genesis-file.js";

const FOLDER = "test/fixtures/besu-qbft";

describe("The hash of a genesis block", () => {
  const text = readFileSync(`${FOLDER}/genesis.json`, "utf8");
  const [block] = JSON.parse(readFileSync(`${FOLDER}/blocks.json`, "utf8")) as [{ block: { hash: string } }];

  it("is what a real Besu made of the recorded chain's genesis file", () => {
    expect(genesisHash(text)).to.equal(block.block.hash);
  });

  it("is another for a word of storage, an account, or a fork more", () => {
    type Changed = { config: Record<string, unknown>; alloc: Record<string, { storage?: Record<string, string> }> };
    const changes: ((genesis: Changed) => void)[] = [
      ({ alloc }) => ((alloc["0x0000000000000000000000000000000000008888"] ??= {}).storage = { "0x0": "0x1" }),
      ({ alloc }) => (alloc["0x0000000000000000000000000000000000009999"] = { storage: {} }),
      ({ config }) => (config["pragueTime"] = 0),
    ];
    const hashes = changes.map((change) => {
      const genesis = JSON.parse(text) as Changed;
      change(genesis);
      return genesisHash(JSON.stringify(genesis));
    });
    expect(new Set([block.block.hash, ...hashes])).to.have.lengthOf(4);
  });
});
