// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Names, VoterInfo} from "../types/ElectionTypes.sol";
import {IAccountingRevenue} from "./IAccountingRevenue.sol";

/// @title IVoteBook
/// @notice Stake, ballots, and who backs whose removal. On a chain with credits holders lock them and vote; on one
/// without, members have equal votes, and what concerns stake is refused.
/// @dev Ballots stand in the election as shares of the candidates they name. What is locked here is voters' alone:
/// no vote and no evidence takes it.
///
/// | function | who may call it |
/// |---|---|
/// | lock, vote, unvote, withdrawStake, backRemoval, withdrawRemoval | a voter |
/// | dropBallot | anyone |
/// | bindRevenue | administration, once |
interface IVoteBook {
    /// @notice Credits became stake.
    /// @param voter Whose.
    /// @param amountMicro Micro-credits.
    event StakeLocked(address indexed voter, uint256 amountMicro);

    /// @notice Stake became credits.
    /// @param voter Whose.
    /// @param amountMicro Micro-credits.
    event StakeWithdrawn(address indexed voter, uint256 amountMicro);

    /// @notice A ballot was cast; an earlier one ended.
    /// @param voter Whose.
    /// @param share What each candidate got.
    /// @param names Whom it names, ascending.
    event BallotCast(address indexed voter, uint256 share, Names names);

    /// @notice A ballot ended; its shares were taken back.
    /// @param voter Whose.
    event BallotEnded(address indexed voter);

    /// @notice A voter backs the removal of a candidate.
    /// @param voter Whose.
    /// @param candidate The candidate.
    /// @param weight What it adds.
    event RemovalBacked(address indexed voter, uint16 indexed candidate, uint256 weight);

    /// @notice A voter backs the removal no more.
    /// @param voter Whose.
    /// @param candidate The candidate.
    event RemovalWithdrawn(address indexed voter, uint16 indexed candidate);

    /// @notice Revenue is shared by this contract from now on.
    /// @param revenue The contract.
    event RevenueBound(address indexed revenue);

    /// @notice A setting that the book cannot have.
    /// @param setting Its name.
    error VoteBookInvalidSetting(bytes32 setting);

    /// @notice This chain has no credits: no stake.
    error VoteBookWithoutCredits();

    /// @notice No credits were named, or none are there.
    error VoteBookZeroAmount();

    /// @notice Revenue is bound already.
    /// @param revenue The contract.
    error VoteBookRevenueBound(address revenue);

    /// @notice Only admitted members and users vote; where votes are equal, only members.
    /// @param voter Who tried.
    error VoteBookNotAdmitted(address voter);

    /// @notice The issuer has no vote.
    /// @param voter Who tried.
    error VoteBookIssuerHasNoVote(address voter);

    /// @notice The stake, shared among the candidates, is nothing.
    /// @param voter Who tried.
    error VoteBookNoWeight(address voter);

    /// @notice A ballot names 1 to 30 candidates.
    /// @param count How many it named.
    error VoteBookInvalidBallotSize(uint256 count);

    /// @notice A ballot stays until its epoch is over: nobody moves it after the fees.
    /// @param untilBlock From when on it may end.
    error VoteBookBallotFresh(uint256 untilBlock);

    /// @notice The voter has no ballot.
    /// @param voter The voter.
    error VoteBookNoBallot(address voter);

    /// @notice Stake behind a ballot is not taken out: unvote first.
    /// @param voter The voter.
    error VoteBookBallotStands(address voter);

    /// @notice The ballot's names are not in ascending order.
    /// @param index The first wrong place.
    error VoteBookListNotAscending(uint256 index);

    /// @notice The stake is not free yet: it will be when both the time and the block have come.
    /// @param untilSeconds Unix seconds.
    /// @param untilBlock Two epochs after the ballot ended.
    error VoteBookStakeLocked(uint256 untilSeconds, uint256 untilBlock);

    /// @notice The voter is admitted, so that its ballot is its own to end.
    /// @param voter The voter.
    error VoteBookStillAdmitted(address voter);

    /// @notice The voter has no weight that counts in this epoch.
    /// @param voter The voter.
    error VoteBookNoCountedWeight(address voter);

    /// @notice The voter backs the removal of one candidate at a time.
    /// @param candidate Whose removal it backs; 0: nobody's.
    error VoteBookRemovalBacked(uint16 candidate);

    /// @notice Locks credits as stake.
    /// @param amountMicro Micro-credits, allowed by the caller.
    function lock(uint64 amountMicro) external;

    /// @notice Casts the caller's ballot, instead of an earlier one. Its weight is fixed now, shared equally, rounded
    /// down, and counts from the next epoch on: the stake, at most the cap (a share of what circulated in the last
    /// epoch, or does now if that is less); one vote where votes are equal.
    /// @param candidates 1 to 30 numbers, ascending; none resigned.
    function vote(uint256[] calldata candidates) external;

    /// @notice Ends the caller's ballot; it counts until the end of this epoch. Starts the stake's delay.
    function unvote() external;

    /// @notice Ends the ballot, and the backing, of a voter that is admitted no more. Anyone.
    /// @param voter The voter.
    function dropBallot(address voter) external;

    /// @notice Takes the caller's stake out, `unlockSeconds` and two epochs of blocks after its last ballot ended.
    function withdrawStake() external;

    /// @notice Backs the removal of a candidate with the caller's counted weight: above half of all counted weight it
    /// loses its seat at the next election, whoever is there to follow.
    /// @param candidate The candidate.
    function backRemoval(uint16 candidate) external;

    /// @notice Backs no removal any more.
    function withdrawRemoval() external;

    /// @notice Says, once, who shares revenue. Administration.
    /// @param revenue The contract.
    function bindRevenue(IAccountingRevenue revenue) external;

    /// @notice What a turnout is measured by: credits circulating when this epoch was first touched, or, where votes
    /// are equal, all members' votes. Anyone.
    /// @return weight In the unit of ballots.
    function circulating() external returns (uint256 weight);

    /// @notice Most that one admission's ballot weighs, as a share of the circulating credits.
    /// @return bps Hundredths of a percent, for ever.
    function capBps() external view returns (uint256 bps);

    /// @notice All that is kept of a voter.
    /// @param voter The account.
    /// @return info See VoterInfo.
    function voterInfo(address voter) external view returns (VoterInfo memory info);

    /// @notice Ballot weight behind a candidate's removal, founders' until they lapse.
    /// @param candidate The candidate.
    /// @return weight In the unit of ballots.
    function removalWeightOf(uint16 candidate) external view returns (uint256 weight);

    /// @notice A voter's ballot, as far as revenue is concerned.
    /// @param voter The account.
    /// @return share What each candidate has of it; 0 without a ballot.
    /// @return names Whom it names, or its last ballot named.
    function ballotOf(address voter) external view returns (uint256 share, Names memory names);
}
