/**
 * Two simulated chains, one of which anchors the other: the source's sets stand in an election's own slots
 * (ValidatorSetMock), its state and proofs are a simulated chain's, its headers are QBFT's around that state, sealed by
 * keys of ours, for a simulated chain's own carry no seals.
 */
import hre from "hardhat";
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import { computeAddress, id, keccak256, SigningKey, toBeHex, type TransactionReceipt } from "ethers";

import "@nomicfoundation/hardhat-ethers";
import "@nomicfoundation/hardhat-network-helpers";

import {
  anchorSlots,
  encodeBareHeader,
  quorumOf,
  sealDigest,
  unpackSetHead,
  type AccountantSet,
  type QbftHeader,
} from "../../light/index.js";
import { anchorArgument, anchorEvidence, type AnchorEvidence } from "../../sdk/actions/anchors.js";
import { readAccountProof } from "../../sdk/actions/state-proofs.js";
import { readRawBlock } from "../../sdk/actions/turns.js";
import type { HeaderAnchors, ValidatorSetMock } from "../../typechain-types/index.js";
import { mined } from "../gas/scenario.js";
import type { HardhatConnection } from "../networks/simulated.js";
import { FIRST_HEADER, sealOf } from "./qbft-headers.js";

/** What is needed of the chain that keeps the anchors. */
export interface AnchoringChain {
  readonly ethers: HardhatEthers;
}

export const TRUSTING_SECONDS = 14n * 86_400n;
/** The source has so much time behind it that its first thousand blocks are past on the other chain. */
const HEAD_START_SECONDS = 3_600n;
const BLOCK_SECONDS = 2n;
const GENESIS_HASH = id("the source's genesis");
const GENESIS_TIME = "2026-01-01T00:00:00Z";
/** A set of 101 is written by one transaction, whose cost is nobody's concern here. */
const STAGE_GAS = 60_000_000;
const BLOCK_GAS = 60_000_000;

export class AnchorStage {
  private constructor(
    readonly anchoring: AnchoringChain,
    /** The chain that is anchored. */
    readonly source: HardhatConnection,
    readonly election: ValidatorSetMock,
    readonly anchors: HeaderAnchors,
    /** Unix seconds of the source's block 0. */
    readonly start: bigint,
  ) {}

  /** The source's first set is of the accountants 1 to `seats`; `fill` makes it a chain of so many accounts and words. */
  static async open(
    anchoring: AnchoringChain,
    { seats, fill = 0 }: { readonly seats: number; readonly fill?: number },
  ): Promise<AnchorStage> {
    const source = await hre.network.create({
      network: "embeddedUser",
      chainType: "l1",
      override: { initialDate: GENESIS_TIME, transactionGasCap: STAGE_GAS },
    });
    const election = await source.ethers.deployContract("ValidatorSetMock");
    const latest = await anchoring.ethers.provider.getBlock("latest");
    const start = BigInt(latest?.timestamp ?? 0) - HEAD_START_SECONDS;
    await grow(source, election, fill);
    await mined(election.write([...setOf(numbersTo(seats))]));
    const number = BigInt(await source.ethers.provider.getBlockNumber());
    const anchors = await anchoring.ethers.deployContract("HeaderAnchors", [
      {
        election,
        genesisHash: GENESIS_HASH,
        head: BigInt(await source.ethers.provider.getStorage(election, 2)),
        digest: await source.ethers.provider.getStorage(election, 1),
        number,
        timestamp: start + BLOCK_SECONDS * number,
        trustingSeconds: TRUSTING_SECONDS,
      },
    ]);
    return new AnchorStage(anchoring, source, election, anchors, start);
  }

  close(): Promise<void> {
    return this.source.close();
  }

  /** Another set, in a block of its own; that block's number. */
  async write(numbers: readonly number[]): Promise<bigint> {
    const { blockNumber } = await mined(this.election.write([...setOf(numbers)]));
    return BigInt(blockNumber);
  }

  /** Two sets in one block; its number. */
  async writeTwice(first: readonly number[], second: readonly number[]): Promise<bigint> {
    const { provider } = this.source;
    const options = { gasLimit: BLOCK_GAS / 2 };
    await provider.request({ method: "evm_setAutomine", params: [false] });
    const sent = await this.election.write([...setOf(first)], options);
    await this.election.write([...setOf(second)], options);
    await provider.request({ method: "evm_mine" });
    await provider.request({ method: "evm_setAutomine", params: [true] });
    return BigInt((await mined(Promise.resolve(sent))).blockNumber);
  }

  /** So many blocks more; the last one's number. By default enough for the next anchor. */
  async mine(blocks = 300): Promise<bigint> {
    await this.source.networkHelpers.mine(blocks);
    return BigInt(await this.source.ethers.provider.getBlockNumber());
  }

  /** A QBFT header around the state after a block of the source, or of another chain. */
  async header(block: bigint, on: AnchoringChain = this.source): Promise<QbftHeader> {
    const { stateRoot } = await readRawBlock(on.ethers.provider, block);
    if (typeof stateRoot !== "string") throw new Error(`no state of block ${block}`);
    return {
      ...FIRST_HEADER,
      parentHash: keccak256(encodeBareHeader({ ...FIRST_HEADER, number: block - 1n })),
      stateRoot,
      number: block,
      timestamp: this.start + BLOCK_SECONDS * block,
      logsBloom: `0x${"5a".repeat(256)}`, // as of a block with many logs: dear calldata
    };
  }

  /** What truly shows a block, sealed by a quorum of the set in force for it, or by `sealers`. */
  async evidence(block: bigint, sealers?: readonly number[]): Promise<AnchorEvidence> {
    const set = await this.election.validatorsFor(block);
    const header = await this.header(block);
    return this.evidenceOf(sealed(header, sealers ?? quorumNumbers(set)), set);
  }

  /** What a header shows together with the proofs of its block; from another chain, those of that one. */
  async evidenceOf(header: QbftHeader, set: AccountantSet, on: AnchoringChain = this.source): Promise<AnchorEvidence> {
    const { head } = await this.anchors.knownSet();
    const known = { head, set: unpackSetHead(head) };
    const proof = await readAccountProof(on.ethers.provider, {
      account: await this.election.getAddress(),
      slots: anchorSlots(known.set.version),
      block: header.number,
    });
    return anchorEvidence({ header, set, proof, anchors: known });
  }

  async anchor(evidence: AnchorEvidence): Promise<TransactionReceipt> {
    return mined(this.anchors.anchor(anchorArgument(evidence)));
  }
}

const keys = new Map<number, { key: SigningKey; address: string }>();

/** The node of accountant `number`. */
export function accountant(number: number): { key: SigningKey; address: string } {
  const known = keys.get(number);
  if (known !== undefined) return known;
  const key = new SigningKey(id(`anchored accountant ${number}`));
  const made = { key, address: computeAddress(key) };
  keys.set(number, made);
  return made;
}

/** The node addresses of accountants, ascending. */
export function setOf(numbers: readonly number[]): AccountantSet {
  return numbers.map((number) => accountant(number).address).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}

/** 1 to `last`. */
export function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** The header with the seals of these accountants. */
export function sealed(header: QbftHeader, numbers: readonly number[]): QbftHeader {
  const digest = sealDigest(header);
  return { ...header, seals: numbers.map((number) => sealOf(accountant(number).key, digest)) };
}

/** As many of a set as must seal. */
function quorumNumbers(set: AccountantSet): number[] {
  const numbers = new Map([...keys].map(([number, { address }]) => [address, number]));
  return [...set].slice(0, quorumOf(set.length)).map((address) => {
    const number = numbers.get(address);
    if (number === undefined) throw new Error(`${address} is no accountant of this stage`);
    return number;
  });
}

const WORDS_AT_ONCE = 500;

async function grow(source: HardhatConnection, election: ValidatorSetMock, count: number): Promise<void> {
  for (let from = 0; from < count; from += WORDS_AT_ONCE) {
    await mined(election.fill(from, Math.min(WORDS_AT_ONCE, count - from)));
  }
  for (let number = 0; number < count; number += 1) {
    const account = `0x${keccak256(toBeHex(number, 32)).slice(-40)}`;
    await source.provider.request({ method: "hardhat_setBalance", params: [account, "0x1"] });
  }
}
