/** Stake, ballots, and who backs whose removal. Stake exists on the transaction chain alone; elsewhere votes are equal. */
import type { AnyChain, TransactionChain } from "../connect.js";
import { CandidateFlag, hasFlag } from "../election/words.js";
import { CommonwattError, isCommonwattError } from "../errors.js";
import { ask, transact, type Receipt, type TransactionOverrides } from "../transact.js";
import { approveCredits } from "./credits.js";

/** Locks credits, which the vote book was allowed to take, as stake. An admitted member or user. */
export function lockStake(
  chain: TransactionChain,
  { amountMicro }: { readonly amountMicro: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.voteBook.lock(amountMicro, overrides));
}

/** Takes the stake out, when its last ballot has ended long enough ago. */
export function withdrawStake(
  chain: TransactionChain,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.voteBook.withdrawStake(overrides));
}

/** Casts the sender's ballot for 1 to 30 candidates, in any order, instead of an earlier one; counts from the next epoch. */
export function castBallot(
  chain: AnyChain,
  { candidates }: { readonly candidates: readonly bigint[] },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.voteBook.vote(ascending(candidates), overrides));
}

export interface StakedBallotParameters {
  readonly candidates: readonly bigint[];
  /** What is added to the stake before. */
  readonly amountMicro: bigint;
}

/**
 * Allows the vote book to take credits, then locks them and casts the ballot in one transaction: a ballot that is refused
 * locks nothing. An admitted member or user. The overrides are of both transactions, so they name no nonce.
 */
export async function voteWithStake(
  chain: TransactionChain,
  { candidates, amountMicro }: StakedBallotParameters,
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  const { voteBook } = chain.contracts;
  const spender = chain.deployment.contracts.VoteBook.address;
  await approveCredits(chain, { spender, amountMicro }, overrides);
  const calls = [
    voteBook.interface.encodeFunctionData("lock", [amountMicro]),
    voteBook.interface.encodeFunctionData("vote", [ascending(candidates)]),
  ];
  return transact(chain, () => voteBook.multicall(calls, overrides));
}

/** Refuses, and sends nothing, where the vote book would refuse the sender's ballot however large the stake. */
export async function checkBallot(
  chain: AnyChain,
  { candidates }: { readonly candidates: readonly bigint[] },
): Promise<void> {
  const { voteBook, accountantElection } = chain.contracts;
  try {
    await ask(() => voteBook.vote.staticCall(ascending(candidates)));
  } catch (error) {
    // the weight is asked before the candidates are
    if (!isCommonwattError(error, "VoteBookNoWeight")) throw error;
    for (const candidate of candidates) {
      const word = await ask(() => accountantElection.wordOf(candidate));
      if (hasFlag(word, CandidateFlag.Resigned)) throw new CommonwattError("ElectionResigned", { candidate });
    }
  }
}

/** Ends the sender's ballot, from the epoch after it was cast on; starts the stake's delay. */
export function endBallot(chain: AnyChain, overrides: TransactionOverrides = chain.defaults): Promise<Receipt> {
  return transact(chain, () => chain.contracts.voteBook.unvote(overrides));
}

/** Ends the ballot of a voter that is admitted no more. Anyone. */
export function dropBallot(
  chain: AnyChain,
  { voter }: { readonly voter: string },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.voteBook.dropBallot(voter, overrides));
}

/** Backs a candidate's removal with the weight of the sender's ballot that counts now; one candidate at a time. */
export function backRemoval(
  chain: AnyChain,
  { candidate }: { readonly candidate: bigint },
  overrides: TransactionOverrides = chain.defaults,
): Promise<Receipt> {
  return transact(chain, () => chain.contracts.voteBook.backRemoval(candidate, overrides));
}

/** Backs no removal any more. */
export function withdrawRemoval(chain: AnyChain, overrides: TransactionOverrides = chain.defaults): Promise<Receipt> {
  return transact(chain, () => chain.contracts.voteBook.withdrawRemoval(overrides));
}

/** All that is kept of a voter. */
export interface Voter {
  readonly stakeMicro: bigint;
  /** When stake without a ballot can be taken out, Unix seconds; 0 while a ballot stands, and if none ever stood. */
  readonly unlockAt: bigint;
  /** The first block in which it can, likewise. */
  readonly unlockBlock: bigint;
  /** What each candidate of the ballot gets; 0 without a ballot. */
  readonly share: bigint;
  /** The epoch in which the ballot was cast; it counts from the next one on. */
  readonly castEpoch: bigint;
  /** Whom the ballot names, ascending. */
  readonly candidates: readonly bigint[];
  /** The candidate whose removal the voter backs; undefined: nobody's. */
  readonly backedRemoval: bigint | undefined;
}

/** A voter as it stands. */
export async function voterOf(chain: AnyChain, account: string): Promise<Voter> {
  const info = await ask(() => chain.contracts.voteBook.voterInfo(account));
  const { stakeMicro, unlockAt, unlockBlock, share, castEpoch, candidates, backedRemoval } = info;
  return {
    stakeMicro,
    unlockAt,
    unlockBlock,
    share,
    castEpoch,
    candidates: [...candidates],
    backedRemoval: backedRemoval === 0n ? undefined : backedRemoval,
  };
}

/** Weight behind a candidate's removal; above half of all counted weight it leaves at the next election. */
export function removalWeightOf(chain: AnyChain, candidate: bigint): Promise<bigint> {
  return ask(() => chain.contracts.voteBook.removalWeightOf(candidate));
}

/** As the vote book wants them. */
function ascending(candidates: readonly bigint[]): bigint[] {
  return candidates.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
