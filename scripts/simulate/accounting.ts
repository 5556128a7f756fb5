/**
 * The accountants of a run: besides the founders three more stand where nobody seals blocks, homes lock savings and
 * vote, and every epoch's election is held when it is due. On a simulated network the seated take turns in making blocks (proposers.ts).
 */
import { id, ZeroAddress, type Wallet } from "ethers";

import { candidateNumberOf, candidateOf, candidatesOf, type Candidate } from "../../sdk/actions/accountants.js";
import { voteWithStake } from "../../sdk/actions/ballots.js";
import { issueCredits } from "../../sdk/actions/credits.js";
import { addCandidateDeposit, allowDeposit, registerCandidate, signNodeClaim } from "../../sdk/actions/election.js";
import { withSigner, type TransactionChain } from "../../sdk/connect.js";
import type { ChainEvent } from "../../sdk/events.js";
import { ask } from "../../sdk/transact.js";
import { Random } from "../inputs/index.js";
import {
  ACCOUNTANTS,
  CANDIDATES,
  type Neighbourhood,
  type NeighbourHome,
  type SigningChain,
} from "../neighbourhood.js";
import { keyFromSeed } from "../networks/keys.js";
import type { Operators } from "../networks/operators.js";

/** Homes that vote at most: an election needs a few dozen, and each costs three transactions. */
const MOST_VOTERS = 40;
/** What the voters lock together, as a share of all other credits: above the turnout at which founders lapse. */
const STAKE_PERCENT = 20n;
/** Candidates that a home's ballot names, from one up to this. */
const MOST_NAMES = 3;

/** Where a run's accountants come from. */
export interface ElectionParts {
  readonly chain: TransactionChain;
  readonly operators: Operators;
  readonly neighbourhood: Neighbourhood;
  /** What a candidate leaves with the election, micro-credits. */
  readonly depositMicro: bigint;
  readonly seed: number;
  /**
   * Whether others than the founders stand. Not on a real network: an elected accountant whose node does not run misses
   * its turns there, and a third of them stops the chain.
   */
  readonly othersStand: boolean;
}

/** What an accountant booked and earned in a run. Amounts in micro-credits. */
export interface AccountantWork {
  readonly name: string;
  readonly node: string;
  readonly seat: "elected" | "founder" | "none";
  /** What counts for it at the end, a founder's weight included. */
  readonly weightMicro: bigint;
  readonly blocks: number;
  readonly earnedMicro: bigint;
  /** Of the fees that it booked, what goes to those who voted for it. */
  readonly votersEarnedMicro: bigint;
}

/** Who accounted for a run, and what no accountant earned. */
export interface AccountingWork {
  readonly accountants: readonly AccountantWork[];
  /** Fees that nobody earned. */
  readonly poolMicro: bigint;
  /** Whether the accountants' own nodes sealed the blocks; else one simulated maker names them in turn. */
  readonly isSealed: boolean;
}

/** Lets accountants stand, founders and others, and homes vote. */
export async function startElection(parts: ElectionParts): Promise<void> {
  const { chain, neighbourhood, seed, othersStand } = parts;
  for (const name of othersStand ? [...ACCOUNTANTS, ...CANDIDATES] : ACCOUNTANTS) {
    const member = neighbourhood.members.get(name);
    if (member !== undefined) await stand(parts, member, keyFromSeed(seed, "transaction", `node/${name}`));
  }
  const voters = neighbourhood.homes.slice(0, MOST_VOTERS);
  const suppliedMicro = await ask(() => chain.contracts.energyCredit.totalSupply());
  const stakeMicro = (suppliedMicro * STAKE_PERCENT) / 100n / BigInt(Math.max(voters.length, 1)); // down
  const candidates = (await candidatesOf(chain)).filter(({ isResigned }) => !isResigned);
  const numbers = candidates.map(({ candidate }) => candidate);
  const random = new Random(seed).fork("ballots");
  for (const home of voters) await vote(parts, home, stakeMicro, drawNames(numbers, random.fork(home.home)));
}

/** The fees that a run booked, counted while its events are read for something else. */
export class FeesBooked {
  /** By the account that is due it; the zero address is the pool. */
  readonly own = new Map<string, bigint>();
  /** By the number of the candidate that they voted for. */
  readonly voters = new Map<bigint, bigint>();

  /** @param fromBlock the run's first block */
  constructor(private readonly fromBlock: number) {}

  /** The same events, each counted as it passes. */
  async *counting(events: AsyncIterable<readonly ChainEvent[]>): AsyncGenerator<readonly ChainEvent[]> {
    for await (const part of events) {
      for (const event of part) this.#count(event);
      yield part;
    }
  }

  #count({ contract, name, args, block }: ChainEvent): void {
    if (contract !== "AccountingRevenue" || block < this.fromBlock) return;
    const amountMicro = args["amountMicro"] as bigint;
    if (name === "FeeBooked") add(this.own, args["accountant"] as string, amountMicro);
    if (name === "VoterFeeBooked") add(this.voters, args["candidate"] as bigint, amountMicro);
  }
}

/** Who booked and earned what in a run. */
export async function accountingWork(
  chain: TransactionChain,
  members: Neighbourhood["members"],
  { own, voters }: Pick<FeesBooked, "own" | "voters">,
  { blocks, isSealed }: { readonly blocks: ReadonlyMap<string, number>; readonly isSealed: boolean },
): Promise<AccountingWork> {
  const names = new Map([...members].map(([name, { signer }]) => [signer.address, name]));
  const candidates = await candidatesOf(chain);
  const accountants = candidates.map((candidate) => ({
    name: names.get(candidate.member) ?? candidate.member,
    node: candidate.node,
    seat: seatOf(candidate),
    weightMicro: candidate.countedWeight,
    blocks: blocks.get(candidate.node) ?? 0,
    earnedMicro: own.get(candidate.member) ?? 0n,
    votersEarnedMicro: voters.get(candidate.candidate) ?? 0n,
  }));
  return { accountants, poolMicro: own.get(ZeroAddress) ?? 0n, isSealed };
}

function add<Key>(sums: Map<Key, bigint>, key: Key, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

/** Once enough have voted, founders sit by ballots as all others do. */
function seatOf({ isSeated, isFounder, weightAfter }: Candidate): AccountantWork["seat"] {
  if (!isSeated) return "none";
  return isFounder && weightAfter === 0n ? "founder" : "elected";
}

/** Founders are candidates without a deposit: they need one when ballots decide alone. */
async function stand(parts: ElectionParts, member: SigningChain, node: Wallet): Promise<void> {
  const { depositMicro } = parts;
  const number = await candidateNumberOf(member, member.signer.address);
  if (number !== undefined && (await candidateOf(member, number)).depositMicro >= depositMicro) return;
  await issue(parts, member, depositMicro);
  await allowDeposit(member, { amountMicro: depositMicro });
  if (number !== undefined) await addCandidateDeposit(member, { amountMicro: depositMicro });
  else await registerCandidate(member, await signNodeClaim(member, node, { member: member.signer.address }));
}

async function vote(
  parts: ElectionParts,
  { chain }: NeighbourHome,
  stakeMicro: bigint,
  candidates: readonly bigint[],
): Promise<void> {
  await issue(parts, chain, stakeMicro);
  await voteWithStake(chain, { candidates, amountMicro: stakeMicro });
}

/** Issues credits against a payment of savings. */
async function issue({ chain, operators }: ElectionParts, to: SigningChain, amountMicro: bigint): Promise<void> {
  const issuer = withSigner(chain, operators.transaction.issuer);
  const paymentReference = id(`simulated savings/${to.signer.address}`);
  await issueCredits(issuer, { to: to.signer.address, amountMicro, paymentReference });
}

/** One to three candidates, each as likely as the others. */
function drawNames(candidates: readonly bigint[], random: Random): bigint[] {
  const left = [...candidates];
  const count = Math.min(random.between(1, MOST_NAMES), left.length);
  return Array.from({ length: count }, () => left.splice(random.between(0, left.length - 1), 1)).flat();
}
