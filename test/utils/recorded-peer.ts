/** The recorded Besu chain as a peer of a light node: its blocks and the proofs that were recorded, nothing else. */
import { readFileSync } from "node:fs";

import { getBytes } from "ethers";

import {
  arraySetLayout,
  chainRules,
  SealedHeader,
  type AccountProof,
  type ChainRules,
  type LightPeer,
  type Recover,
} from "../../light/index.js";
import { readRecording, type Recording } from "./qbft.js";

/** Of the recorded chain's contract, whose array stands at slot 0. */
export const RECORDED_ELECTION = "0x0000000000000000000000000000000000008888";
const RECORDED_TOPIC = "0xc0ff90864c4bb1724740efe178ba3fb744e2379382a8545d662904065535ebd0";
const DAY = 86_400n;

interface RecordedProof {
  readonly blockNumber: number;
  readonly proof: AccountProof;
}

export function readProofs(): ReadonlyMap<number, AccountProof> {
  const text = readFileSync("test/fixtures/besu-qbft/proofs.json", "utf8");
  return new Map((JSON.parse(text) as RecordedProof[]).map(({ blockNumber, proof }) => [blockNumber, proof]));
}

export function recordedRules(recover: Recover): ChainRules {
  return chainRules({
    chainId: 20_260n,
    election: RECORDED_ELECTION,
    layout: arraySetLayout(RECORDED_TOPIC),
    trustingSeconds: DAY,
    recover,
  });
}

export function headerAt({ at }: Recording, number: number): SealedHeader {
  return SealedHeader.read(getBytes(at(number).rawHeader));
}

/** Counts what it was asked for. */
export interface RecordedPeer extends LightPeer {
  readonly asked: { headers: number; proofs: number };
}

export function recordedPeer(recording = readRecording()): RecordedPeer {
  const proofs = readProofs();
  const numbers = new Set(recording.blocks.map(({ number }) => number));
  const asked = { headers: 0, proofs: 0 };
  return {
    name: "the recording",
    asked,
    header(number) {
      asked.headers += 1;
      return Promise.resolve(numbers.has(Number(number)) ? headerAt(recording, Number(number)) : undefined);
    },
    proof(_account, slots, block) {
      asked.proofs += 1;
      const proof = proofs.get(Number(block));
      if (proof === undefined) return Promise.resolve(undefined);
      const storageProof = proof.storageProof.filter(({ key }) => slots.includes(BigInt(key)));
      return Promise.resolve({ ...proof, storageProof });
    },
  };
}
