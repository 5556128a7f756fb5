/**
 * A candidate's votes and flags in one word, as contracts/libraries/CandidateWords.sol packs them: from the lowest bit up
 * the weight before the epoch of the last touch (88 bits), the weight after it (88), that epoch (32), flags (48).
 */

/** Flags of a word, by their bits. */
export const CandidateFlag = {
  /** One of the first set. */
  Founder: 1n << 208n,
  /** In the set of validators. */
  Seated: 1n << 209n,
  /** Seated although it should not be: earns nothing. */
  Kept: 1n << 210n,
  /** Wants no seat. */
  Resigned: 1n << 211n,
  /** In jail, or did not ask back in since. */
  Jailed: 1n << 212n,
  /** Its deposit stays until the members' vote. */
  Frozen: 1n << 213n,
  /** Somebody backs its removal. */
  Backed: 1n << 214n,
  /** Always. */
  Exists: 1n << 215n,
} as const;

/** What a word says. Weights in the unit of ballots: micro-credits, or shares of equal votes. */
export interface CandidateState {
  /** Of ballots, without a founder's; in the epoch of the last touch. */
  readonly weightBefore: bigint;
  /** Of ballots, from the next epoch on. */
  readonly weightAfter: bigint;
  readonly touchedIn: bigint;
  readonly isFounder: boolean;
  readonly isSeated: boolean;
  readonly isKept: boolean;
  readonly isResigned: boolean;
  readonly isJailed: boolean;
  readonly isFrozen: boolean;
  readonly isBacked: boolean;
}

const WEIGHT_BITS = 88n;
const EPOCH_BITS = 32n;
const EPOCH_SHIFT = 2n * WEIGHT_BITS;
const WEIGHT_MASK = (1n << WEIGHT_BITS) - 1n;
const EPOCH_MASK = (1n << EPOCH_BITS) - 1n;

const FLAGS = {
  isFounder: CandidateFlag.Founder,
  isSeated: CandidateFlag.Seated,
  isKept: CandidateFlag.Kept,
  isResigned: CandidateFlag.Resigned,
  isJailed: CandidateFlag.Jailed,
  isFrozen: CandidateFlag.Frozen,
  isBacked: CandidateFlag.Backed,
} as const;

/** Whether the word has one of these flags. */
export function hasFlag(word: bigint, flags: bigint): boolean {
  return (word & flags) !== 0n;
}

/** Weight of ballots from the next epoch on. */
export function liveWeightOf(word: bigint): bigint {
  return (word >> WEIGHT_BITS) & WEIGHT_MASK;
}

/** Weight of ballots that counts in an epoch no earlier than the last touch's. */
export function countedWeightOf(word: bigint, epoch: bigint): bigint {
  return ((word >> EPOCH_SHIFT) & EPOCH_MASK) < epoch ? liveWeightOf(word) : word & WEIGHT_MASK;
}

/** A word to what it says. */
export function unpackCandidate(word: bigint): CandidateState {
  const flags = Object.entries(FLAGS).map(([name, flag]) => [name, hasFlag(word, flag)]);
  return {
    weightBefore: word & WEIGHT_MASK,
    weightAfter: liveWeightOf(word),
    touchedIn: (word >> EPOCH_SHIFT) & EPOCH_MASK,
    ...(Object.fromEntries(flags) as Record<keyof typeof FLAGS, boolean>),
  };
}

/** What a candidate's word says, as a word. */
export function packCandidate(state: CandidateState): bigint {
  const names = Object.keys(FLAGS) as (keyof typeof FLAGS)[];
  const flags = names.reduce((sum, name) => sum | (state[name] ? FLAGS[name] : 0n), CandidateFlag.Exists);
  return flags | (state.touchedIn << EPOCH_SHIFT) | (state.weightAfter << WEIGHT_BITS) | state.weightBefore;
}
