/** The recorded Besu chain, and simulated accountants who seal headers of their own. */
import { readFileSync } from "node:fs";

import { concat, getAddress, id, keccak256, SigningKey, toBeHex, computeAddress } from "ethers";

import { decodeHeader, faultsOf, headerFromRpc, quorumOf, sealDigest, type QbftHeader } from "../../light/index.js";
import type { Random } from "../../scripts/inputs/random.js";

const FOLDER = "test/fixtures/besu-qbft";

/** Of the recorded chain; one second is what clocks may differ. */
export const RECORDED_TIMING = { requestTimeoutSeconds: 4n, slackSeconds: 1n };

export interface RecordedBlock {
  readonly number: number;
  readonly block: Readonly<Record<string, unknown>> & { readonly hash: string; readonly parentHash: string };
  readonly rawHeader: string;
  /** Who could seal this block, ascending; nobody for the genesis block. */
  readonly set: readonly string[];
  /** The raw header's fields as the other four nodes kept them. */
  readonly elsewhere: readonly QbftHeader[];
  readonly header: QbftHeader;
}

export interface Recording {
  readonly blocks: readonly RecordedBlock[];
  readonly nodes: readonly string[];
  readonly marks: Readonly<Record<"kill" | "restart", number>>;
  readonly at: (number: number) => RecordedBlock;
}

interface StoredBlock {
  readonly number: number;
  readonly block: RecordedBlock["block"];
  readonly rawHeader: string;
  readonly signingSet: readonly string[] | null;
  readonly extraDataOfOtherNodes: readonly string[];
}

export function readRecording(): Recording {
  const read = (file: string): unknown => JSON.parse(readFileSync(`${FOLDER}/${file}`, "utf8"));
  const meta = read("meta.json") as { nodes: { address: string }[]; marks: Recording["marks"] };
  const blocks = (read("blocks.json") as StoredBlock[]).map((stored) => ({
    number: stored.number,
    block: stored.block,
    rawHeader: stored.rawHeader,
    set: ascending(stored.signingSet ?? []),
    elsewhere: stored.extraDataOfOtherNodes.map((extraData) => headerFromRpc({ ...stored.block, extraData })),
    header: decodeHeader(stored.rawHeader),
  }));
  const byNumber = new Map(blocks.map((block) => [block.number, block]));
  return {
    blocks,
    nodes: meta.nodes.map(({ address }) => getAddress(address)),
    marks: meta.marks,
    at(number) {
      const block = byNumber.get(number);
      if (block === undefined) throw new Error(`block ${number} is not recorded`);
      return block;
    },
  };
}

export function ascending(addresses: readonly string[]): string[] {
  return addresses.map((address) => getAddress(address)).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}

/** Accountants with keys made of a seed. */
export interface Accountants {
  /** Ascending. */
  readonly set: readonly string[];
  readonly keyOf: (address: string) => SigningKey;
}

export function accountants(n: number, seed: string): Accountants {
  const keys = Array.from({ length: n }, (_, index) => new SigningKey(id(`${seed}/${index}`)));
  const byAddress = new Map(keys.map((key) => [computeAddress(key), key]));
  return {
    set: ascending([...byAddress.keys()]),
    keyOf(address) {
      const key = byAddress.get(address);
      if (key === undefined) throw new Error(`${address} is no accountant of this test`);
      return key;
    },
  };
}

/** Who has the turns after a block of `parent`, in order: whoever stands above it, then the others from the bottom up. */
export function turnsAfter(set: readonly string[], parent: string): string[] {
  const above = set.filter((account) => BigInt(account) > BigInt(parent));
  return [...above, ...set.filter((account) => !above.includes(account))];
}

/** Rounds 0 to `rounds` - 1 run out one after the other: the time that takes, with the block period. */
export function waitFor(rounds: number, requestTimeoutSeconds: bigint): bigint {
  let seconds = 2n;
  for (let round = 0; round < rounds; round += 1) seconds += requestTimeoutSeconds * 2n ** BigInt(round);
  return seconds;
}

/** A block that follows another, by whom and in which round is given. */
export function childOf(
  parent: QbftHeader & { readonly hash: string },
  block: { readonly coinbase: string; readonly round: bigint; readonly gapSeconds: bigint; readonly salt?: string },
): QbftHeader {
  return {
    ...parent,
    parentHash: parent.hash,
    coinbase: getAddress(block.coinbase),
    stateRoot: keccak256(concat([parent.stateRoot, id(block.salt ?? "")])),
    number: parent.number + 1n,
    timestamp: parent.timestamp + block.gapSeconds,
    round: block.round,
    seals: [],
  };
}

/** The header with the seals of these accountants. */
export function sealed(header: QbftHeader, who: readonly string[], { keyOf }: Accountants): QbftHeader {
  const digest = sealDigest(header);
  const seals = who.map((account) => {
    const { r, s, yParity } = keyOf(account).sign(digest);
    return concat([r, s, toBeHex(yParity, 1)]);
  });
  return { ...header, seals };
}

/** Two blocks on one parent, in one round, both sealed by that key. */
export function doubleSealOf(
  key: SigningKey,
  parent: { readonly hash: string; readonly number: number; readonly timestamp: number },
): [QbftHeader, QbftHeader] {
  const coinbase = computeAddress(key);
  const header: QbftHeader = {
    ...readRecording().at(86).header,
    parentHash: parent.hash,
    number: BigInt(parent.number) + 1n,
    timestamp: BigInt(parent.timestamp) + 2n,
    coinbase,
    round: 0n,
    seals: [],
  };
  const who = { set: [coinbase], keyOf: () => key };
  const sealWith = (salt: string): QbftHeader => sealed({ ...header, stateRoot: id(salt) }, [coinbase], who);
  return [sealWith("one"), sealWith("another")];
}

/** As many accountants as must seal, none of them missing, in any order. */
export function someQuorum(set: readonly string[], missing: ReadonlySet<string>, random: Random): string[] {
  const present = random.shuffled(set.filter((account) => !missing.has(account)));
  return present.slice(0, quorumOf(set.length));
}

/** Every choice of at most f of the set. */
export function patternsOf(set: readonly string[]): string[][] {
  let patterns: string[][] = [[]];
  for (const account of set) {
    patterns = patterns.flatMap((pattern) =>
      pattern.length < faultsOf(set.length) ? [pattern, [...pattern, account]] : [pattern],
    );
  }
  return patterns;
}
