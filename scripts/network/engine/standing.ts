/** How a node's candidate stands with the court that judges missed turns. */
import { toQuantity, type Interface } from "ethers";

import { predeployedAddress } from "../../../deploy/predeployed.js";
import { CandidateFlag, hasFlag } from "../../../sdk/election/words.js";
import { AccountantElection__factory, TurnCourt__factory } from "../../../typechain-types/index.js";
import type { NodeRpc } from "./node-rpc.js";

export interface Standing {
  readonly misses?: number;
  /** It wants a seat: an election may give it one. */
  readonly isCandidate?: boolean;
  readonly isJailed?: boolean;
}

/** Empty: the node is no candidate's. Without a court, which `deploy` brings, nobody has misses. */
export async function standingOf(rpc: NodeRpc, node: string, court: string | undefined): Promise<Standing> {
  const election = predeployedAddress("AccountantElection");
  const ask = (name: string, ...args: unknown[]): Promise<unknown> => {
    return contractCall(rpc, election, AccountantElection__factory.createInterface(), name, args);
  };
  const candidate = (await ask("candidateOfNode", node)) as bigint;
  if (candidate === 0n) return {};
  const word = (await ask("wordOf", candidate)) as bigint;
  const flags = { isCandidate: !hasFlag(word, CandidateFlag.Resigned), isJailed: hasFlag(word, CandidateFlag.Jailed) };
  if (court === undefined) return { misses: 0, ...flags };
  const score = await contractCall(rpc, court, TurnCourt__factory.createInterface(), "scoreOf", [candidate]);
  return { misses: Number(score), ...flags };
}

/** Besu refuses `eth_getLogs` over more than 5,000 blocks. */
const BLOCKS_PER_REQUEST = 5_000;

/** The court that the election was bound to, once and for ever, soon after the chain began; undefined: not yet. */
export async function courtOf(rpc: NodeRpc, head: number): Promise<string | undefined> {
  const election = AccountantElection__factory.createInterface();
  const address = predeployedAddress("AccountantElection");
  const topics = election.encodeFilterTopics("PartsBound", []);
  for (let from = 0; from <= head; from += BLOCKS_PER_REQUEST) {
    const to = Math.min(from + BLOCKS_PER_REQUEST - 1, head);
    const filter = { address, topics, fromBlock: toQuantity(from), toBlock: toQuantity(to) };
    const [log] = await rpc.call<{ topics: string[]; data: string }[]>("eth_getLogs", filter);
    if (log !== undefined) return election.parseLog(log)?.args["court"] as string;
  }
  return undefined;
}

async function contractCall(
  rpc: NodeRpc,
  to: string,
  contract: Interface,
  name: string,
  args: readonly unknown[],
): Promise<unknown> {
  const data = await rpc.call<string>("eth_call", { to, data: contract.encodeFunctionData(name, args) }, "latest");
  return contract.decodeFunctionResult(name, data)[0] as unknown;
}
