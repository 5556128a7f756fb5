/** What AccountantElection, VoteBook, TurnCourt and AccountingRevenue refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const ELECTION_ERRORS = {
  ElectionNoSetFor: {
    why: "No set of validators was in force for block {blockNumber}.",
    todo: "Ask for a later block: the election was deployed after this one.",
  },
  ElectionInvalidSetting: {
    why: "The setting {setting} of the election is out of its bounds.",
    todo: "Seats and founders are 4 to 101, epochs have blocks, the turnout floor is at most 10,000, and stake unlocks after two epochs and the trusting time at the earliest (contracts/types/ElectionTypes.sol).",
  },
  ElectionInvalidFounder: {
    why: "Founder {index} has no member of its own, or its node address does not follow the one before.",
    todo: "Give founders in ascending order of node addresses, each member once.",
  },
  ElectionWithoutCredits: {
    why: "This chain has no credits, and so no deposits.",
    todo: "There is nothing to do: candidates of this chain leave no deposit.",
  },
  ElectionInvalidAmount: {
    why: "{amountMicro} micro-credits were asked for, and there are {availableMicro}.",
    todo: "Name an amount above zero that is there.",
  },
  ElectionNotAccountant: {
    why: "{account} is no active member with the role Accountant.",
    todo: "Let the council admit it, or end its suspension.",
  },
  ElectionNotCandidate: {
    why: "{account} is no candidate's number or account.",
    todo: "Name a number that the list of candidates has (npm run accountants -- candidates); to stand, register.",
  },
  ElectionAlreadyCandidate: {
    why: "The member is candidate {candidate} already.",
    todo: "Change its node with changeNode, or stand again after resigning.",
  },
  ElectionTooManyCandidates: {
    why: "There are {most} candidates, which is the most.",
    todo: "No candidate can be added; those who resigned keep their number.",
  },
  ElectionNodeTaken: {
    why: "The node address {node} is zero, or belongs to candidate {candidate} for ever.",
    todo: "Make a new key for the node.",
  },
  ElectionWrongNodeSignature: {
    why: "Not the key of {node} signed that it is this member's, but {signer}.",
    todo: "Sign NodeClaim (EIP-712) with the node's key, for this member, contract and chain.",
  },
  ElectionNotHeld: {
    why: "The election of epoch {epoch} was not held yet, and comes before node changes of the seated.",
    todo: "Hold it, then change the node.",
  },
  ElectionNodeChangedThisEpoch: {
    why: "The candidate changed its node in this epoch.",
    todo: "Change it again from block {nextBlock} on.",
  },
  ElectionChangeBound: {
    why: "The set changed by {bound} in this epoch, and no more may change.",
    todo: "Try again from block {nextBlock} on.",
  },
  ElectionResigned: { why: "Candidate {candidate} resigned.", todo: "Choose another, or let it stand again." },
  ElectionNotResigned: { why: "Candidate {candidate} did not resign.", todo: "Resign first." },
  ElectionDepositHeld: {
    why: "The deposit of candidate {candidate} stays while it is seated, in jail or frozen, and until {untilSeconds}.",
    todo: "Ask later; after jail, unjail first.",
  },
  ElectionEpochOpen: {
    why: "The election of this epoch was held.",
    todo: "Hold the next one from block {nextBlock} on.",
  },
  ElectionOrderNotSorted: {
    why: "Place {index} of the order does not rank below the one before, or has no weight.",
    todo: "Compute the order again: weights changed with the epoch.",
  },
  ElectionOrderIncomplete: {
    why: "The order has {given} candidates, but {needed} rank as high as its last.",
    todo: "Compute the order again: it leaves somebody out.",
  },
  ElectionOrderTooShort: {
    why: "Only {eligible} of the order can have a seat or stand by, of {wanted}.",
    todo: "Give a longer order, or all candidates with weight.",
  },
  ElectionNothingToVacate: {
    why: "Candidate {candidate} has no seat to leave, or the rules on the set keep it there.",
    todo: "There is nothing to do in this epoch.",
  },
  ElectionNotFrozen: {
    why: "The deposit of candidate {candidate} is not frozen.",
    todo: "There is nothing to decide.",
  },
  ElectionPartsBound: { why: "The election's parts are bound to {votes} for ever.", todo: "There is nothing to do." },
  ElectionNotPart: {
    why: "{caller} is not the contract that this function is for.",
    todo: "Call the vote book or the turn court, which call it.",
  },
  VoteBookInvalidSetting: {
    why: "The setting {setting} of the vote book is out of its bounds.",
    todo: "Give 1 to 10,000 hundredths of a percent.",
  },
  VoteBookWithoutCredits: {
    why: "This chain has no credits: votes are equal.",
    todo: "Vote without locking anything.",
  },
  VoteBookZeroAmount: { why: "No credits were named, or none are locked.", todo: "Name an amount above zero." },
  VoteBookRevenueBound: { why: "Revenue is bound to {revenue} for ever.", todo: "There is nothing to do." },
  VoteBookNotAdmitted: {
    why: "{voter} is not admitted to vote on this chain.",
    todo: "Members vote, and on the transaction chain active users too: ask a registrar.",
  },
  VoteBookIssuerHasNoVote: {
    why: "{voter} issues credits, and could vote with as many as it likes.",
    todo: "Vote from another admitted account.",
  },
  VoteBookNoWeight: {
    why: "The stake of {voter}, shared among the candidates, is nothing.",
    todo: "Lock more credits, or name fewer candidates.",
  },
  VoteBookInvalidBallotSize: { why: "The ballot names {count} candidates.", todo: "Name 1 to 30." },
  VoteBookBallotFresh: {
    why: "The ballot was cast in this epoch, and stays until it is over.",
    todo: "Change it from block {untilBlock} on.",
  },
  VoteBookNoBallot: { why: "{voter} has no ballot.", todo: "Vote first." },
  VoteBookBallotStands: { why: "The stake of {voter} is behind its ballot.", todo: "Unvote first, and wait." },
  VoteBookListNotAscending: {
    why: "Place {index} of the ballot does not follow the one before.",
    todo: "Name candidates in ascending order, each once.",
  },
  VoteBookStakeLocked: {
    why: "The stake is locked until {untilSeconds}, and until block {untilBlock}.",
    todo: "Take it out when both have come.",
  },
  VoteBookStillAdmitted: {
    why: "{voter} is admitted, and its ballot its own.",
    todo: "Only the ballots of those who may not vote any more can be dropped.",
  },
  VoteBookNoCountedWeight: {
    why: "{voter} has no ballot that counts in this epoch.",
    todo: "Vote, and back the removal from the next epoch on.",
  },
  VoteBookRemovalBacked: {
    why: "The voter backs the removal of candidate {candidate} (0: of nobody).",
    todo: "Withdraw it first, or back one first.",
  },
  TurnCourtInvalidSetting: {
    why: "The setting {setting} of the turn court is zero.",
    todo: "Give a number above zero.",
  },
  TurnCourtNotCandidate: { why: "{account} is no candidate.", todo: "Register with the election first." },
  TurnCourtInvalidAbsence: {
    why: "An absence from block {fromBlock} to {toBlock} does not lie ahead, or begins over a running one.",
    todo: "Announce it before it begins, and after the last one ended.",
  },
  TurnCourtAbsenceSpent: {
    why: "An absence of {blocks} blocks is more than the {leftBlocks} that are left in this period.",
    todo: "Announce a shorter one, or resign for so long.",
  },
  TurnCourtNotJailed: { why: "Candidate {candidate} is not in jail.", todo: "There is nothing to do." },
  TurnCourtJailRunning: { why: "The jail lasts until {untilSeconds}.", todo: "Ask back in then." },
  TurnCourtBlockOutOfReach: {
    why: "Block {blockNumber} is not one of the last 256.",
    todo: "Report a turn, or a double seal, within 256 blocks.",
  },
  TurnCourtForeignHeader: {
    why: "The header of block {blockNumber} is not this chain's.",
    todo: "Give the headers as this chain has them, with round 0 and no seals (encodeBareHeader).",
  },
  TurnCourtHeightJudged: { why: "Block {blockNumber} was judged.", todo: "There is nothing to do." },
  TurnCourtForeignNode: {
    why: "{node} signed, but was not in the set for that block.",
    todo: "Check that the headers are of this chain's accountants.",
  },
  TurnCourtSealsJudged: {
    why: "Double seals of candidate {candidate} were judged up to block {lastBlock}.",
    todo: "Report one of a later block, if there is one.",
  },
  AccountingRevenueInvalidShare: {
    why: "Voters can't have {voterBps} hundredths of a percent.",
    todo: "Give at most 10,000.",
  },
  AccountingRevenueNotPart: {
    why: "{caller} is not the contract that this function is for.",
    todo: "Vote, or slash, and revenue is told.",
  },
  AccountingRevenuePartsBound: {
    why: "Revenue's parts are bound to {escrow} for ever; zero: not bound yet.",
    todo: "Bind them once, at deployment.",
  },
} as const satisfies Record<string, Advice>;
