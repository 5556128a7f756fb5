import { expect } from "chai";
import { keccak256 } from "ethers";
import hre from "hardhat";

import {
  blame,
  blockHash,
  decodeHeader,
  encodeBareHeader,
  encodeHeader,
  headerFromRpc,
  passedOver,
  quorumOf,
  requireQuorum,
  sealDigest,
  signersOf,
} from "../../light/index.js";
import type { QbftHarness } from "../../typechain-types/index.js";
import { accountants, readRecording, RECORDED_TIMING, type RecordedBlock } from "../utils/qbft.js";

/** Blocks that came because the killed accountant's turn passed. */
const BLAMING = [86, 89, 92, 95, 98, 101];

describe("QBFT: a recorded Besu chain", () => {
  const { blocks, nodes, marks, at } = readRecording();
  const [genesis, ...sealedBlocks] = blocks as [RecordedBlock, ...RecordedBlock[]];
  const judged = sealedBlocks.filter(({ number }) => number > 60);

  /** By what the recording shows, not by turns: who was in the set and made no block from the kill to the restart. */
  const makers = sealedBlocks.filter(({ number }) => number > marks.kill && number <= marks.restart);
  const [killed = "", ...others] = at(marks.kill + 1).set.filter((account) =>
    makers.every(({ header }) => header.coinbase !== account),
  );

  it("is whole: genesis, 60 to 111, each the child of the one before", () => {
    expect(blocks.map(({ number }) => number)).to.deep.equal([0, ...Array.from({ length: 52 }, (_, i) => 60 + i)]);
    for (const { number, header } of judged) expect(header.parentHash).to.equal(at(number - 1).block.hash);
    expect(others).to.deep.equal([]);
    expect(nodes).to.include(killed);
  });

  describe("in light/", () => {
    it("hashes every block to what the client said, from whichever form", () => {
      for (const { block, rawHeader, header, elsewhere } of blocks) {
        expect(blockHash(header)).to.equal(block.hash);
        expect(keccak256(encodeBareHeader(header))).to.equal(block.hash);
        expect(encodeHeader(header)).to.equal(rawHeader);
        expect(headerFromRpc(block)).to.deep.equal(header);
        for (const other of elsewhere) expect(blockHash(other)).to.equal(block.hash);
      }
      // genesis is hashed as it stands, every other block without its seals
      expect(keccak256(genesis.rawHeader)).to.equal(genesis.block.hash);
      for (const { block, rawHeader } of sealedBlocks) expect(keccak256(rawHeader)).to.not.equal(block.hash);
    });

    it("has the hash as seal digest in round 0 and another one later", () => {
      for (const { header } of sealedBlocks) {
        expect(sealDigest(header) === blockHash(header)).to.equal(header.round === 0n);
      }
      expect(sealedBlocks.filter(({ header }) => header.round > 0n)).to.have.length(1 + BLAMING.length);
    });

    it("recovers every node's seals to a quorum of the set, in whatever order", () => {
      let otherOrders = 0;
      for (const { number, header, elsewhere, set } of sealedBlocks) {
        // recovery is slow in JavaScript: the other nodes' selections are all checked on chain, here some of them
        const isWhole = number % 13 === 0 || process.env["COMMONWATT_LONG"] === "1";
        for (const kept of [header, ...(isWhole ? elsewhere : [])]) requireQuorum(kept, set);
        expect(header.seals).to.have.length(quorumOf(set.length));
        otherOrders += elsewhere.filter(({ seals }) => seals.join() !== header.seals.join()).length;
      }
      expect(otherOrders).to.be.above(0);
    });

    it("blames the killed accountant for the turns it missed, and nobody else for anything", () => {
      for (const { number, header, set } of judged) {
        const blamed = blame(set, at(number - 1).header, header, RECORDED_TIMING);
        expect(blamed, `block ${number}`).to.deep.equal(BLAMING.includes(number) ? [killed] : []);
      }
    });

    it("sees one turn passed before block 75 too, and takes the network's start for what it is", () => {
      const { header, set } = at(75);
      expect(passedOver(set, at(74).header.coinbase, header.coinbase).count).to.equal(1);
      const patient = { ...RECORDED_TIMING, slackSeconds: 40n };
      expect(blame(set, at(74).header, header, patient)).to.have.length(1);
    });

    it("counts as many turns as the rounds say", () => {
      for (const { number, header, set } of judged) {
        const { count } = passedOver(set, at(number - 1).header.coinbase, header.coinbase);
        expect(BigInt(count)).to.equal(header.round);
      }
    });
  });

  describe("on chain", () => {
    let harness: QbftHarness;

    before(async () => {
      const { ethers } = await hre.network.create("embeddedTransaction");
      harness = await ethers.deployContract("QbftHarness");
    });

    it("reads and hashes every block, raw and bare", async () => {
      const raw = await harness.read(blocks.map(({ rawHeader }) => rawHeader));
      const bare = await harness.read(blocks.map(({ header }) => encodeBareHeader(header)));
      for (const [index, { header, block }] of blocks.entries()) {
        for (const reading of [raw[index], bare[index]]) {
          expect(reading?.blockHash).to.equal(block.hash);
          expect(reading?.header.parentHash).to.equal(header.parentHash);
          expect(reading?.header.stateRoot).to.equal(header.stateRoot);
          expect(reading?.header.coinbase).to.equal(header.coinbase);
          expect(reading?.header.number).to.equal(header.number);
          expect(reading?.header.timestamp).to.equal(header.timestamp);
          expect(reading?.vanity).to.equal(header.vanity);
          expect(reading?.logsBloom).to.equal(header.logsBloom);
        }
        expect(raw[index]?.header.round).to.equal(header.round);
        expect(raw[index]?.sealDigest).to.equal(sealDigest(header));
        expect([...(raw[index]?.seals ?? [])]).to.deep.equal(header.seals);
        expect(bare[index]?.header.round).to.equal(0n);
        expect(bare[index]?.header.sealCount).to.equal(0n);
        expect(bare[index]?.sealDigest).to.equal(block.hash);
      }
    });

    it("recovers every node's seals to a quorum of the set", async () => {
      for (let from = 0; from < sealedBlocks.length; from += 13) {
        const some = sealedBlocks.slice(from, from + 13);
        const kept = some.flatMap(({ header, elsewhere, set }) => [header, ...elsewhere].map((h) => ({ h, set })));
        await harness.requireQuorums(
          kept.map(({ h }) => encodeHeader(h)),
          kept.map(({ set }) => [...set]),
        );
        const signers = await harness.signers(some.map(({ rawHeader }) => rawHeader));
        expect(signers.map((list) => [...list])).to.deep.equal(some.map(({ header }) => signersOf(header)));
      }
    });

    it("blames the killed accountant for the turns it missed, and nobody else for anything", async () => {
      const blamed = await harness.blame(
        judged.map(({ number, header, set }) => ({
          set: [...set],
          parent: at(number - 1).header,
          current: header,
          timing: {
            requestTimeout: RECORDED_TIMING.requestTimeoutSeconds,
            slack: RECORDED_TIMING.slackSeconds,
          },
        })),
      );
      expect(blamed.map((list) => [...list])).to.deep.equal(
        judged.map(({ number }) => (BLAMING.includes(number) ? [killed] : [])),
      );
    });

    it("costs no more than was measured, beside the calldata", async () => {
      const [parent, current] = [at(85), at(86)];
      const bare = await harness.gasOfPair(encodeBareHeader(parent.header), encodeBareHeader(current.header));
      const raw = await harness.gasOfPair(parent.rawHeader, current.rawHeader);
      const seal = await harness.gasOfSeal(current.rawHeader);
      const one = {
        set: [...current.set],
        parent: parent.header,
        current: current.header,
        timing: { requestTimeout: 4n, slack: 1n },
      };
      const turn = await harness.gasOfBlame(one);
      const { set } = accountants(101, "gas");
      const [coinbase = "", , next = ""] = set;
      const many = {
        ...one,
        set: [...set],
        parent: { coinbase, timestamp: 0n },
        current: { coinbase: next, timestamp: 2n },
      };
      const turnOfMany = await harness.gasOfBlame(many);
      expect(bare).to.be.below(19_500n);
      expect(raw).to.be.below(27_500n);
      expect(seal).to.be.below(5_000n);
      expect(turn).to.be.below(3_200n);
      expect(turnOfMany).to.be.below(5_000n); // by the logarithm of the set, once the set is in memory
    });

    it("reads what a fork left out or added", async () => {
      const fields = decodeHeader(at(86).rawHeader);
      const { withdrawalsRoot, blobGasUsed, excessBlobGas, parentBeaconBlockRoot, ...london } = fields;
      expect([blobGasUsed, excessBlobGas, parentBeaconBlockRoot]).to.not.include(undefined);
      const shanghai = { ...london, ...(withdrawalsRoot === undefined ? {} : { withdrawalsRoot }) };
      const prague = { ...fields, requestsHash: keccak256("0x") };
      const readings = await harness.read([london, shanghai, prague].map(encodeHeader));
      expect(readings.map((reading) => reading.blockHash)).to.deep.equal([london, shanghai, prague].map(blockHash));
      for (const header of [london, shanghai, prague]) expect(decodeHeader(encodeHeader(header))).to.deep.equal(header);
    });
  });
});
