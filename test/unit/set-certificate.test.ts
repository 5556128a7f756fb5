import { readFile } from "node:fs/promises";

import { expect } from "chai";
import { toBeHex } from "ethers";

import {
  CERTIFICATE_VERSION,
  contradictionIn,
  setDigest,
  setSlots,
  unpackSetHead,
  type SetCertificate,
  type AccountProof,
} from "../../light/index.js";
import { readRecording } from "../utils/qbft.js";

interface RecordedProof {
  readonly blockNumber: number;
  readonly proof: AccountProof;
}

const CHAIN_ID = 20_260;
const VERSION = 5;

describe("set certificates", () => {
  const { at } = readRecording();
  let recorded: RecordedProof;

  before(async () => {
    const proofs = JSON.parse(await readFile("test/fixtures/besu-qbft/proofs.json", "utf8")) as RecordedProof[];
    const proof = proofs.find(({ blockNumber }) => blockNumber === 78);
    if (proof === undefined) throw new Error("no proof of block 78");
    recorded = proof;
  });

  /** A certificate of the recorded block 78, by Besu's own account proof, its words those of our layout. */
  function certificate(
    changes: Partial<AccountProof> = {},
    header = at(78).block,
  ): SetCertificate & { proof: AccountProof } {
    const validators = at(79).set;
    const head = (BigInt(CHAIN_ID) << 192n) | (BigInt(VERSION) << 128n) | (BigInt(validators.length) << 64n) | 78n;
    const first = toBeHex((BigInt(validators.length) << 64n) | 78n);
    const words = [toBeHex(validators.length), setDigest(validators), toBeHex(head), first, ...validators];
    // Besu writes keys and values without leading zeros
    const short = (hex: string): string => `0x${BigInt(hex).toString(16)}`;
    const storageProof = setSlots(validators.length, VERSION).map((key, index) => ({
      key: short(key),
      value: short(words[index] ?? ""),
      proof: [],
    }));
    return {
      version: CERTIFICATE_VERSION,
      chainId: CHAIN_ID,
      election: recorded.proof.address,
      setVersion: VERSION,
      firstVersion: VERSION,
      block: 78,
      validators,
      header,
      parent: at(77).block,
      proof: { ...recorded.proof, storageProof, ...changes },
    };
  }

  it("ask for the words where Besu, too, keeps an array's entries", () => {
    const keys = new Set(recorded.proof.storageProof.map(({ key }) => BigInt(key)));
    const [length = "", , , , ...entries] = setSlots(4, VERSION);
    for (const slot of [length, ...entries]) expect(keys.has(BigInt(slot)), slot).to.equal(true);
  });

  it("agree with Besu's account proof, its unpadded keys and values", () => {
    expect(contradictionIn(certificate())).to.equal(undefined);
  });

  it("say which part of the proof belongs to something else", () => {
    expect(contradictionIn(certificate({}, at(77).block))).to.contain("state root");
    expect(contradictionIn(certificate({ accountProof: [] }))).to.contain("state root");
    // the recorded contract kept its set in another layout: no digest, no head
    const foreign = { storageProof: recorded.proof.storageProof };
    expect(contradictionIn(certificate(foreign))).to.contain("length or digest");
    const { storageProof } = certificate().proof;
    const bent = (place: number): Partial<AccountProof> => ({
      storageProof: storageProof.map((word, index) => (index === place ? { ...word, value: "0x7" } : word)),
    });
    const problems = ["length or digest", "length or digest", "another change", "another block", "addresses"];
    for (const [place, problem] of problems.entries()) {
      expect(contradictionIn(certificate(bent(place))), `word ${place}`).to.contain(problem);
    }
    for (const changed of [{ setVersion: 6 }, { block: 79 }, { chainId: 1 }]) {
      expect(contradictionIn({ ...certificate(), ...changed })).to.contain("another change");
    }
  });

  it("unpack the head to what the contract packs", () => {
    const head = { chainId: 410_001n, version: 7n, length: 101n, changedAt: 1_234_567n };
    const word = (head.chainId << 192n) | (head.version << 128n) | (head.length << 64n) | head.changedAt;
    expect(unpackSetHead(word)).to.deep.equal(head);
  });
});
