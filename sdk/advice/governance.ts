/** What the members' governor and the emergency suspension refuse, and what to do about it. */
import type { Advice } from "./advice.js";

export const GOVERNANCE_ERRORS = {
  FederationGovernorTooEarly: {
    why: "Proposal {proposalId} waits in the timelock until {etaSeconds} (Unix seconds).",
    todo: "Execute it then; anyone can.",
  },
  FederationGovernorInvalidTime: {
    why: "The governor's time {setting} is nothing: no decision could be queued, or executed.",
    todo: "Deploy with a time above 0.",
  },
  FederationGovernorLastAdmin: {
    why: "Call {index} of the proposal would remove the last admin, and nobody could administer the chain any more.",
    todo: "Leave it out: the governor stays the admin for ever.",
  },
  GovernorAlreadyCastVote: { why: "{voter} voted already.", todo: "A vote can't be changed." },
  GovernorAlreadyQueuedProposal: {
    why: "Proposal {proposalId} is queued.",
    todo: "Execute it when its time has come.",
  },
  GovernorDisabledDeposit: { why: "The governor takes no coin.", todo: "Send none." },
  GovernorInsufficientProposerVotes: {
    why: "{proposer} had {votes} votes in the block before, and {threshold} is needed: it is no member, or only since this block.",
    todo: "Let a member propose, or wait for a block after its admission.",
  },
  GovernorInvalidProposalLength: {
    why: "The proposal has {targets} targets, {calldatas} calls and {values} values.",
    todo: "Give one of each for every call, and at least one call.",
  },
  GovernorInvalidSignature: {
    why: "The vote was not signed by {voter}.",
    todo: "Sign with the voter's key, for this governor and its present nonce.",
  },
  GovernorInvalidVoteParams: { why: "Votes take no parameters here.", todo: "Vote without." },
  GovernorInvalidVoteType: {
    why: "The vote is neither against, for nor abstain.",
    todo: "Vote with 0, 1 or 2 (VoteSupport).",
  },
  GovernorInvalidVotingPeriod: {
    why: "A vote can't last {votingPeriod} blocks.",
    todo: "Deploy with at least one.",
  },
  GovernorNonexistentProposal: {
    why: "There is no proposal {proposalId}.",
    todo: "Check its calls, its description and the chain: all make its number.",
  },
  GovernorOnlyExecutor: {
    why: "{account} is not the governor, and only a proposal does that.",
    todo: "Propose it.",
  },
  GovernorProposalQueueingFailed: {
    why: "Proposal {proposalId} could not be queued.",
    todo: "Report it: it is a bug.",
  },
  GovernorProposalQueueingNotRequired: {
    why: "Proposal {proposalId} needs no queueing.",
    todo: "Report it: every proposal here does.",
  },
  GovernorRestrictedProposer: {
    why: "The description names a proposer, and it is not {proposer}.",
    todo: "Let that one propose it, or leave the suffix #proposer=0x... out.",
  },
  GovernorUnableToCancel: {
    why: "{account} can't take proposal {proposalId} back.",
    todo: "Only its proposer can, and only before the vote begins.",
  },
  GovernorUnexpectedProposalState: {
    why: "Proposal {proposalId} is in state {current} (ProposalState), in which that can't be done or was done.",
    todo: "Vote while it is active, queue it when it succeeded, execute it when it is queued; propose it anew with another description if it failed or expired.",
  },
  EmergencySuspensionInvalidTimes: {
    why: "A suspension of {durationSeconds} s with a wait of {waitSeconds} s would let accusers keep somebody out by turns.",
    todo: "Deploy with a duration above 0 and a longer wait.",
  },
  EmergencySuspensionNotAscending: {
    why: "Backer {index} is not above the one before.",
    todo: "Name each backer once, in ascending order (backersOf).",
  },
  EmergencySuspensionNotBacker: {
    why: "{member} backs the suspension of {target}.",
    todo: "Leave it out, or let it back this one (backSuspension).",
  },
  EmergencySuspensionNotMember: {
    why: "{account} is no member.",
    todo: "Only members back, and only members are suspended so; a user's registrar suspends a user.",
  },
  EmergencySuspensionNotRegulator: {
    why: "{account} is no active regulator.",
    todo: "Let one do it, or a third of the members (backSuspension, suspendByMembers).",
  },
  EmergencySuspensionNotSpent: {
    why: "{target} was not suspended in an emergency since the last vote.",
    todo: "There is nothing to allow again.",
  },
  EmergencySuspensionRepeated: {
    why: "{target} was suspended in an emergency before, and the members have not voted since.",
    todo: "Propose its suspension or expulsion, or that it may be suspended so again (decideToAllowEmergency).",
  },
  EmergencySuspensionTooFewBackers: {
    why: "{backers} members back it, and {needed} are a third.",
    todo: "Find more members (backSuspension), or a regulator.",
  },
  EmergencySuspensionTooMany: {
    why: "{most} members are suspended in an emergency, which is a tenth.",
    todo: "Wait until one of these suspensions ends, or propose a suspension.",
  },
  EmergencySuspensionTooManySeats: {
    why: "{most} accountants are suspended in an emergency, and more would stop the chain.",
    todo: "Wait until one of these suspensions ends, or propose a suspension.",
  },
  EmergencySuspensionWaiting: {
    why: "{accuser} was behind a suspension, and accuses nobody before {until} (Unix seconds).",
    todo: "Wait, or propose a suspension: a vote is not bound by it.",
  },
} as const satisfies Record<string, Advice>;
