/** The order of an election, which the caller computes and the contract checks: heaviest first, ties by lower number. */
import { CandidateFlag, countedWeightOf, hasFlag } from "./words.js";

/** The most candidates that stand by (Seats.sol). */
export const MOST_STANDBY = 64;

/** What the order hangs on. */
export interface Poll {
  /** Every candidate's word, from number 1. */
  readonly words: readonly bigint[];
  /** The epoch whose election it is. */
  readonly epoch: bigint;
  /** What each founder weighs besides its ballots; 0 once founders lapsed, or lapse by this election. */
  readonly founderWeight: bigint;
}

/** Candidates that count, best first: all with weight in that epoch. */
export function rankCandidates({ words, epoch, founderWeight }: Poll): bigint[] {
  return words
    .map((word, index) => {
      const founders = hasFlag(word, CandidateFlag.Founder) ? founderWeight : 0n;
      return { candidate: BigInt(index + 1), weight: countedWeightOf(word, epoch) + founders };
    })
    .filter(({ weight }) => weight > 0n)
    .sort((a, b) => (a.weight === b.weight ? Number(a.candidate - b.candidate) : a.weight > b.weight ? -1 : 1))
    .map(({ candidate }) => candidate);
}

/**
 * The first of a ranking that fill seats and standby list if whoever is neither resigned nor in jail may sit. Who may
 * not for another reason (deposit, standing, a removal) makes the election ask for more: then the whole ranking does.
 */
export function shortOrder(ranking: readonly bigint[], { words }: Poll, seats: bigint): bigint[] {
  const wanted = Number(seats) + MOST_STANDBY;
  let eligible = 0;
  const end = ranking.findIndex((candidate) => {
    const word = words[Number(candidate) - 1] ?? 0n;
    if (!hasFlag(word, CandidateFlag.Resigned | CandidateFlag.Jailed)) eligible += 1;
    return eligible === wanted;
  });
  return end === -1 ? [...ranking] : ranking.slice(0, end + 1);
}
