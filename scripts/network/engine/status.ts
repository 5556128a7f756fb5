/** `network status`: each node of a chain as it shows itself, and the chain as the most advanced node has it. */
import { getAddress, toQuantity } from "ethers";

import { headerFromRpc, successorIn, type QbftHeader } from "../../../light/index.js";
import { nodeOnChain, type ChainName, type NetworkFile } from "../network-file.js";
import type { Part } from "./engine.js";
import { failedRounds } from "./failed-rounds.js";
import { latestBlock, setInContract, setInForce, type RpcBlock } from "./head.js";
import { NodeRefused, NodeUnreachable, type NodeRpc, type RpcOf } from "./node-rpc.js";
import { p2pProblem } from "./p2p-reach.js";
import { isHere, partsOf } from "./parts.js";
import { courtOf, standingOf } from "./standing.js";

/** Blocks whose rounds and makers are counted. */
const RECENT_BLOCKS = 20;

/** A node's part in the chain. Numbers of nodes that do not answer are undefined. */
export interface NodeStatus {
  readonly name: string;
  readonly role: "accountant" | "standby";
  readonly address: string;
  readonly host: string;
  /** Why there is no answer; undefined: there is one. */
  readonly problem?: string;
  readonly head?: number;
  readonly headHash?: string;
  readonly peers?: number;
  /** By the contract: it may make the next block. */
  readonly isInContract: boolean;
  /** By this node's consensus (by the most advanced one's, where this one does not answer). */
  readonly isInForce: boolean;
  /** It makes the next block, if it comes at round 0. */
  readonly isNext: boolean;
  /** Of the recent blocks it made so many. */
  readonly made: number;
  /** Rounds before the recent blocks that were its own to make the block in, and failed. */
  readonly roundChanges: number;
  /** Turns that it missed and was reported for, as the court counts them; undefined: it is no candidate. */
  readonly misses?: number;
  readonly isJailed?: boolean;
  /** It has not resigned: an election may give it a seat, or leave it its own. */
  readonly isCandidate?: boolean;
}

export interface ChainStatus {
  readonly chain: ChainName;
  readonly head?: number;
  readonly headHash?: string;
  /** Unix seconds. */
  readonly headTime?: number;
  /** Seconds since the last block. */
  readonly silence?: number;
  readonly recentBlocks: number;
  /** Rounds that failed before the recent blocks, in sum. */
  readonly roundChanges: number;
  /** Mean seconds between the recent blocks. */
  readonly blockSeconds?: number;
  readonly setInContract: readonly string[];
  readonly setInForce: readonly string[];
  /** Node addresses of the set that no node of `network.json` has. */
  readonly strangers: readonly string[];
  /** Nodes that show another block than the most advanced one does at the same number. */
  readonly forked: readonly string[];
  readonly nodes: readonly NodeStatus[];
}

/** Reads everything; a node that does not answer is no error. */
export async function readStatus(network: NetworkFile, rpcOf: RpcOf, chain: ChainName): Promise<ChainStatus> {
  const parts = partsOf(network, { chain });
  const answers = await Promise.all(parts.map((part) => answerOf(network, rpcOf, part)));
  const best = answers.reduce<Answered | undefined>((a, b) => {
    return isAnswer(b) && (a === undefined || numberOf(b.block) > numberOf(a.block)) ? b : a;
  }, undefined);
  const shown = best === undefined ? NOTHING_SHOWN : await readChain(best);
  const court = best === undefined ? undefined : await courtOf(best.rpc, numberOf(best.block));
  const nodes = await Promise.all(
    parts.map((part, index) => nodeStatus(part, answers[index] as Answer, { ...shown, court }, best)),
  );
  const known = nodes.map(({ address }) => address);
  return {
    chain,
    ...shown.words,
    setInContract: shown.contract,
    setInForce: best?.inForce ?? [],
    strangers: shown.contract.filter((address) => !known.includes(address)),
    forked: await forkedOf(answers, best),
    nodes,
  };
}

async function nodeStatus(
  { node, chain }: Part,
  answer: Answer,
  chainShown: Shown & { readonly court: string | undefined },
  best?: Answered,
): Promise<NodeStatus> {
  const { address } = nodeOnChain(node, chain);
  const { name, role, host } = node;
  const own = isAnswer(answer)
    ? { head: numberOf(answer.block), headHash: answer.block.hash, peers: answer.peers }
    : { problem: answer.problem };
  const inForce = (isAnswer(answer) ? answer : best)?.inForce ?? [];
  return {
    ...{ name, role, address, host },
    ...own,
    isInContract: chainShown.contract.includes(address),
    isInForce: inForce.includes(address),
    isNext: chainShown.next === address,
    made: chainShown.recent.filter(({ coinbase }) => coinbase === address).length,
    roundChanges: chainShown.failed.get(address) ?? 0,
    ...(best === undefined ? {} : await standingOf(best.rpc, address, chainShown.court)),
  };
}

/** What the most advanced node shows of the chain. */
interface Shown {
  readonly words: Pick<
    ChainStatus,
    "head" | "headHash" | "headTime" | "silence" | "recentBlocks" | "roundChanges" | "blockSeconds"
  >;
  readonly recent: readonly QbftHeader[];
  /** Rounds that failed, by whose turn it was. */
  readonly failed: ReadonlyMap<string, number>;
  readonly contract: readonly string[];
  readonly next: string | undefined;
}

const NOTHING_SHOWN: Shown = {
  words: { recentBlocks: 0, roundChanges: 0 },
  recent: [],
  failed: new Map(),
  contract: [],
  next: undefined,
};

async function readChain({ rpc, block }: Answered): Promise<Shown> {
  const contract = await setInContract(rpc);
  const recent = await recentBlocks(rpc, numberOf(block));
  const headTime = Number(block.timestamp);
  const [first] = recent;
  const last = recent.at(-1);
  const gaps = recent.length - 1;
  return {
    words: {
      head: numberOf(block),
      headHash: block.hash,
      headTime,
      silence: Math.floor(Date.now() / 1_000) - headTime,
      recentBlocks: recent.length,
      roundChanges: recent.reduce((sum, { round }) => sum + Number(round), 0),
      ...(gaps > 0 && first && last ? { blockSeconds: Number(last.timestamp - first.timestamp) / gaps } : {}),
    },
    recent,
    failed: await failedRounds(rpc, recent),
    contract,
    next: contract[successorIn(contract, getAddress(String(block["miner"])))],
  };
}

/** The latest blocks, oldest first, without block 0. */
async function recentBlocks(rpc: NodeRpc, head: number): Promise<QbftHeader[]> {
  const count = Math.min(RECENT_BLOCKS, head);
  const numbers = Array.from({ length: count }, (_, index) => head - count + 1 + index);
  const blocks = await Promise.all(
    numbers.map((number) => rpc.call<RpcBlock>("eth_getBlockByNumber", toQuantity(number), false)),
  );
  return blocks.map((block) => headerFromRpc(block));
}

/** Nodes whose own head is not the block that the most advanced one has there: QBFT never lets that be. */
async function forkedOf(answers: readonly Answer[], best: Answered | undefined): Promise<string[]> {
  if (best === undefined) return [];
  const forked: string[] = [];
  for (const answer of answers) {
    if (!isAnswer(answer)) continue;
    const { hash } = await best.rpc.call<RpcBlock>("eth_getBlockByNumber", answer.block.number, false);
    if (hash !== answer.block.hash) forked.push(answer.name);
  }
  return forked;
}

interface Answered {
  readonly name: string;
  readonly rpc: NodeRpc;
  readonly block: RpcBlock;
  readonly peers: number;
  readonly inForce: readonly string[];
}
type Answer = Answered | { readonly problem: string };

function isAnswer(answer: Answer): answer is Answered {
  return "block" in answer;
}

function numberOf({ number }: RpcBlock): number {
  return Number(number);
}

async function answerOf(network: NetworkFile, rpcOf: RpcOf, part: Part): Promise<Answer> {
  const { node, chain } = part;
  if (network.tls !== true && !(await isHere(node))) {
    const words = ["asked on its own host alone (no TLS)", await p2pProblem(part)];
    return { problem: words.filter((word) => word !== undefined).join("; ") };
  }
  const rpc = rpcOf(node, chain);
  try {
    const [block, peers, inForce] = await Promise.all([
      latestBlock(rpc),
      rpc.call<string>("net_peerCount"),
      setInForce(rpc),
    ]);
    return { name: node.name, rpc, block, peers: Number(peers), inForce };
  } catch (error) {
    if (error instanceof NodeUnreachable || error instanceof NodeRefused) return { problem: error.problem };
    throw error;
  }
}
