/** How the election stands: candidates, seats, votes, the epoch. The same functions on both chains. */
import type { AnyChain } from "../connect.js";
import { unpackCandidate, type CandidateState } from "../election/words.js";
import { ask, plain } from "../transact.js";
import { feesDueTo } from "./fees.js";

/** A candidate as it stands. Weights in the unit of ballots: micro-credits, or shares of equal votes. */
export interface Candidate extends CandidateState {
  readonly candidate: bigint;
  readonly member: string;
  /** The address that its blocks are sealed by. */
  readonly node: string;
  readonly depositMicro: bigint;
  /** When it last resigned, Unix seconds; 0: never. */
  readonly leftAt: bigint;
  /** What counts in this epoch, a founder's weight included. */
  readonly countedWeight: bigint;
  /** Missed turns less those that decayed. */
  readonly score: bigint;
  /** When it may ask back in after its last jail, Unix seconds; 0: never jailed. */
  readonly jailedUntil: bigint;
  /** The absence that it announced last; undefined: none. */
  readonly absence: { readonly fromBlock: bigint; readonly toBlock: bigint } | undefined;
  /** What it is due of the fees; undefined on a chain without revenue. */
  readonly dueMicro: bigint | undefined;
}

/** The election as it stands at one block. */
export interface ElectionState {
  readonly block: bigint;
  /** The present epoch, and how many blocks one has. */
  readonly epoch: bigint;
  readonly epochBlocks: bigint;
  /** The last epoch whose election was held. */
  readonly lastElection: bigint;
  /** Accountants wanted. */
  readonly seats: bigint;
  readonly foundersLapsed: boolean;
  /** Ballot weight in all, without founders: that counts now, and from the next epoch on. */
  readonly countedWeight: bigint;
  readonly liveWeight: bigint;
  /** Node addresses in force from the next block on, ascending. */
  readonly validators: readonly string[];
  /** Counted from 1, and when it was written. */
  readonly setVersion: bigint;
  readonly setChangedAt: bigint;
  /** Who follows when a seat is left, best first. */
  readonly standby: readonly bigint[];
}

/** What the election and its court were deployed with, for ever. */
export interface ElectionRules {
  /** Ballots below which the set stays, hundredths of a percent of what circulates, or of the members. */
  readonly turnoutFloorBps: bigint;
  /** Most that one admission's ballot weighs, likewise. */
  readonly capBps: bigint;
  /** What a candidate leaves, micro-credits; 0 on a chain without credits. */
  readonly minimumDepositMicro: bigint;
  /** From the end of a ballot, or of a candidacy, to when its credits can be taken out. */
  readonly unlockSeconds: bigint;
  /** T, the request timeout: round r ends after T x 2^r. */
  readonly timeoutSeconds: bigint;
  /** What a block may be late beyond its rounds before nobody is to blame. */
  readonly slackSeconds: bigint;
  /** A score loses one point in so many blocks. */
  readonly decayBlocks: bigint;
  readonly jailSeconds: bigint;
  /** Blocks of announced absence that a candidate has in so many epochs. */
  readonly absenceBlocks: bigint;
  readonly absenceEpochs: bigint;
}

/** Candidates that are asked for at a time. */
const BATCH = 25;

/** The election as it stands. */
export async function electionOf(chain: AnyChain): Promise<ElectionState> {
  const { accountantElection: election } = chain.contracts;
  const block = await ask(() => chain.provider.getBlockNumber());
  const at = { blockTag: block };
  const [
    epoch,
    epochBlocks,
    lastElection,
    seats,
    foundersLapsed,
    [countedWeight, liveWeight],
    validators,
    head,
    standby,
  ] = await Promise.all([
    ask(() => election.epoch(at)),
    ask(() => election.epochBlocks(at)),
    ask(() => election.lastElection(at)),
    ask(() => election.seats(at)),
    ask(() => election.foundersLapsed(at)),
    ask(() => election.totalWeight(at)),
    ask(() => election.getValidators(at)),
    headOf(chain, at),
    ask(() => election.standby(at)),
  ]);
  return {
    block: BigInt(block),
    epoch,
    epochBlocks,
    lastElection,
    seats,
    foundersLapsed,
    countedWeight,
    liveWeight,
    validators: [...validators],
    setVersion: head.version,
    setChangedAt: head.changedAt,
    standby: [...standby],
  };
}

/** The election's rules. */
export async function electionRulesOf(chain: AnyChain): Promise<ElectionRules> {
  const { accountantElection, voteBook, turnCourt } = chain.contracts;
  const [turnoutFloorBps, minimumDepositMicro, unlockSeconds, capBps, turns] = await Promise.all([
    ask(() => accountantElection.turnoutFloorBps()),
    ask(() => accountantElection.minimumDepositMicro()),
    ask(() => accountantElection.unlockSeconds()),
    ask(() => voteBook.capBps()),
    ask(() => turnCourt.turnSettings()),
  ]);
  return { turnoutFloorBps, capBps, minimumDepositMicro, unlockSeconds, ...plain(turns) };
}

/** Whether the present epoch's election is still to be held. */
export function isElectionDue({ epoch, lastElection }: Pick<ElectionState, "epoch" | "lastElection">): boolean {
  return epoch > lastElection;
}

/** The present epoch when its election is still to be held; undefined when it was. */
export async function dueEpochOf(chain: AnyChain): Promise<bigint | undefined> {
  const { accountantElection } = chain.contracts;
  const [epoch, lastElection] = await Promise.all([
    ask(() => accountantElection.epoch()),
    ask(() => accountantElection.lastElection()),
  ]);
  return isElectionDue({ epoch, lastElection }) ? epoch : undefined;
}

/** All candidates, in the order of their numbers. */
export async function candidatesOf(chain: AnyChain): Promise<Candidate[]> {
  const words = await ask(() => chain.contracts.accountantElection.candidateWords());
  const candidates: Candidate[] = [];
  for (let from = 1; from <= words.length; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, words.length - from + 1) }, (_, index) =>
      BigInt(from + index),
    );
    candidates.push(...(await Promise.all(numbers.map((candidate) => candidateOf(chain, candidate)))));
  }
  return candidates;
}

/** A candidate by its number. */
export async function candidateOf(chain: AnyChain, candidate: bigint): Promise<Candidate> {
  const { accountantElection, turnCourt } = chain.contracts;
  const [info, score, jailedUntil, { fromBlock, toBlock }] = await Promise.all([
    ask(() => accountantElection.candidateInfo(candidate)),
    ask(() => turnCourt.scoreOf(candidate)),
    ask(() => turnCourt.jailedUntil(candidate)),
    ask(() => turnCourt.absenceOf(candidate)),
  ]);
  const { member, node, depositMicro, leftAt, word, countedWeight } = info;
  return {
    candidate,
    member,
    node,
    depositMicro,
    leftAt,
    countedWeight,
    score,
    jailedUntil,
    absence: toBlock === 0n ? undefined : { fromBlock, toBlock },
    dueMicro: chain.kind === "transaction" ? await feesDueTo(chain, member) : undefined,
    ...unpackCandidate(word),
  };
}

/** The number of the candidate that a member is; undefined: none. */
export async function candidateNumberOf(chain: AnyChain, member: string): Promise<bigint | undefined> {
  return numberOrNone(await ask(() => chain.contracts.accountantElection.candidateOf(member)));
}

/** The number of the candidate that a node address belongs to; undefined: none. */
export async function candidateOfNode(chain: AnyChain, node: string): Promise<bigint | undefined> {
  return numberOrNone(await ask(() => chain.contracts.accountantElection.candidateOfNode(node)));
}

/** The node addresses that seal a block, ascending; known for the last 256 blocks at least. */
export async function validatorsFor(chain: AnyChain, blockNumber: bigint): Promise<string[]> {
  return [...(await ask(() => chain.contracts.accountantElection.validatorsFor(blockNumber)))];
}

/** What the set's slots say. The generated type has a field `length`, which no array may have: read by place. */
async function headOf(chain: AnyChain, at: { blockTag: number }): Promise<{ version: bigint; changedAt: bigint }> {
  const head: unknown = await ask(() => chain.contracts.accountantElection.setHead(at));
  const [, , version, , changedAt] = head as readonly [string, bigint, bigint, bigint, bigint];
  return { version, changedAt };
}

function numberOrNone(number: bigint): bigint | undefined {
  return number === 0n ? undefined : number;
}
