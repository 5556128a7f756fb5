// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CandidateInfo} from "../types/ElectionTypes.sol";

/// @title IElectionCandidates
/// @notice The part of IAccountantElection that is about candidates: who stands, with which node and deposit.
interface IElectionCandidates {
    // -------------------- events

    /// @notice A member became a candidate.
    /// @param candidate Its number, from 1.
    /// @param member Its account.
    /// @param node Its node's address.
    event CandidateRegistered(uint16 indexed candidate, address indexed member, address indexed node);

    /// @notice A candidate who had resigned wants a seat again.
    /// @param candidate The candidate.
    event CandidateStood(uint16 indexed candidate);

    /// @notice A candidate wants no seat any more.
    /// @param candidate The candidate.
    event CandidateResigned(uint16 indexed candidate);

    /// @notice A candidate's blocks are sealed by another key.
    /// @param candidate The candidate.
    /// @param node The new address.
    event NodeChanged(uint16 indexed candidate, address indexed node);

    /// @notice A candidate's deposit is another.
    /// @param candidate The candidate.
    /// @param depositMicro What it is now, micro-credits.
    event DepositChanged(uint16 indexed candidate, uint64 depositMicro);

    /// @notice A candidate's deposit stays until the members' vote.
    /// @param candidate The candidate.
    event DepositFrozen(uint16 indexed candidate);

    /// @notice The members' vote took a part of a frozen deposit.
    /// @param candidate The candidate.
    /// @param amountMicro Micro-credits, now the accountants' pool's.
    event Slashed(uint16 indexed candidate, uint64 amountMicro);

    /// @notice The members' vote freed a frozen deposit.
    /// @param candidate The candidate.
    event Unfrozen(uint16 indexed candidate);

    // -------------------- errors

    /// @notice This chain has no credits: no stake, no deposit.
    error ElectionWithoutCredits();

    /// @notice An amount of nothing, or above what the account has there.
    /// @param amountMicro What was asked, micro-credits.
    /// @param availableMicro What there is.
    error ElectionInvalidAmount(uint256 amountMicro, uint256 availableMicro);

    /// @notice Only an active member with the role Accountant.
    /// @param account Who tried.
    error ElectionNotAccountant(address account);

    /// @notice No candidate has that number, or the account is none.
    /// @param account The account, or the number.
    error ElectionNotCandidate(uint256 account);

    /// @notice The member is a candidate already.
    /// @param candidate Its number.
    error ElectionAlreadyCandidate(uint16 candidate);

    /// @notice There are as many candidates as there can be.
    /// @param most How many.
    error ElectionTooManyCandidates(uint256 most);

    /// @notice A node address belongs to one candidate for ever, and is not zero.
    /// @param node The address.
    /// @param candidate Whose it is; 0 for the zero address.
    error ElectionNodeTaken(address node, uint16 candidate);

    /// @notice The node's key did not sign for this member, contract and chain.
    /// @param node The address given.
    /// @param signer Who signed; zero when nobody did.
    error ElectionWrongNodeSignature(address node, address signer);

    /// @notice A seated candidate changes its node after the epoch's election, with what that left of the bound.
    /// @param epoch The epoch whose election was not held yet.
    error ElectionNotHeld(uint256 epoch);

    /// @notice One node change in an epoch.
    /// @param nextBlock From when on it may change again.
    error ElectionNodeChangedThisEpoch(uint256 nextBlock);

    /// @notice The candidate resigned.
    /// @param candidate The candidate.
    error ElectionResigned(uint16 candidate);

    /// @notice The candidate did not resign.
    /// @param candidate The candidate.
    error ElectionNotResigned(uint16 candidate);

    /// @notice The deposit stays: its candidate is seated, in jail, frozen, or left too recently.
    /// @param candidate The candidate.
    /// @param untilSeconds Until when at least, Unix seconds.
    error ElectionDepositHeld(uint16 candidate, uint256 untilSeconds);

    /// @notice The candidate's deposit is not frozen.
    /// @param candidate The candidate.
    error ElectionNotFrozen(uint16 candidate);

    // -------------------- standing

    /// @notice Makes the caller, an active accountant member, a candidate, with the minimum deposit of its credits.
    /// @param node The address of its node's key on this chain; it belongs to this candidate for ever.
    /// @param signature That key's EIP-712 signature of `NodeClaim(address member,address node)`, domain
    /// ("Commonwatt AccountantElection", "1", chain, contract), 65 bytes.
    /// @return candidate Its number.
    function register(address node, bytes calldata signature) external returns (uint16 candidate);

    /// @notice Wants a seat again after resigning.
    function stand() external;

    /// @notice Seals with another key from the next block on. An active accountant. A seated candidate's change counts
    /// as one removed and one added, and waits for the epoch's election. Score, jail and deposit stay.
    /// @param node The new address, as in `register`.
    /// @param signature As in `register`.
    function changeNode(address node, bytes calldata signature) external;

    /// @notice Leaves the seat, if any, in the same transaction, and is no candidate until `stand`.
    function resign() external;

    /// @notice Adds to the caller's deposit.
    /// @param amountMicro Micro-credits, allowed by the caller.
    function addDeposit(uint64 amountMicro) external;

    /// @notice Takes the caller's deposit out: resigned, not seated, not in jail, not frozen, `unlockSeconds` after
    /// both resigning and leaving the seat.
    function withdrawDeposit() external;

    // -------------------- COUNCIL

    /// @notice Takes a part of a frozen deposit for the accountants' pool. COUNCIL.
    /// @param candidate The candidate.
    /// @param amountMicro Micro-credits.
    function slash(uint16 candidate, uint64 amountMicro) external;

    /// @notice Frees a frozen deposit. COUNCIL.
    /// @param candidate The candidate.
    function unfreeze(uint16 candidate) external;

    // -------------------- views

    /// @notice What a candidate leaves.
    /// @return amountMicro Micro-credits, for ever; 0 on a chain without credits.
    function minimumDepositMicro() external view returns (uint64 amountMicro);

    /// @notice What a founder weighs besides its votes.
    /// @param member The account.
    /// @return weight 0 for others, and once founders lapsed.
    function founderWeightOf(address member) external view returns (uint256 weight);

    /// @notice How many candidates there are, numbered from 1; those who resigned keep their number.
    /// @return count At most 1,000.
    function candidateCount() external view returns (uint16 count);

    /// @notice What a candidate's word is; see `candidateWords`.
    /// @param candidate Its number.
    /// @return word Refused when there is no such candidate.
    function wordOf(uint16 candidate) external view returns (uint256 word);

    /// @notice Every candidate in one word, in the order of their numbers: what `elect` ranks.
    /// @return words From the lowest bit up: weight before the epoch of the last touch (88 bits), weight after it (88),
    /// that epoch (32), flags (48): 1 founder, 2 seated, 4 kept, 8 resigned, 16 jailed, 32 frozen, 64 removal backed,
    /// 128 always.
    function candidateWords() external view returns (uint256[] memory words);

    /// @notice All that is kept of a candidate.
    /// @param candidate Its number.
    /// @return info See CandidateInfo.
    function candidateInfo(uint16 candidate) external view returns (CandidateInfo memory info);

    /// @notice The candidate that a member is.
    /// @param member The account.
    /// @return candidate 0: none.
    function candidateOf(address member) external view returns (uint16 candidate);

    /// @notice The candidate that a node address belongs to.
    /// @param node The address.
    /// @return candidate 0: none.
    function candidateOfNode(address node) external view returns (uint16 candidate);
}
