// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Names} from "../types/ElectionTypes.sol";
import {IAccountingFees} from "./IAccountingFees.sol";
import {ITradeEscrow} from "./ITradeEscrow.sol";
import {IVoteBook} from "./IVoteBook.sol";

/// @title IAccountingRevenue
/// @notice Shares the accounting fees between the accountant whose block booked them and those who voted for it.
/// @dev `book` gets `block.coinbase`, an accountant's node address; what is due, is due to its member's account. Where
/// the coinbase is no seated accountant that earns, everything goes to the pool. A voter's reward is its share times
/// the growth of the sum of its candidates' accumulators, so that no claim depends on epochs or on other voters.
interface IAccountingRevenue is IAccountingFees {
    /// @notice Those who voted for a candidate have more to share.
    /// @param candidate The candidate.
    /// @param amountMicro Micro-credits; what rounding leaves of it stays undistributed.
    event VoterFeeBooked(uint16 indexed candidate, uint64 amountMicro);

    /// @notice What a voter earned since the last time is due to it.
    /// @param voter The voter.
    /// @param amountMicro Micro-credits.
    event VoterRewarded(address indexed voter, uint64 amountMicro);

    /// @notice The pool received what was slashed.
    /// @param amountMicro Micro-credits.
    event PoolFunded(uint64 amountMicro);

    /// @notice The contracts that revenue works with were bound.
    /// @param escrow Where this contract's credits are.
    /// @param votes Who voted for whom.
    event PartsBound(address indexed escrow, address indexed votes);

    /// @notice Voters get at most all.
    /// @param voterBps As given, hundredths of a percent.
    error AccountingRevenueInvalidShare(uint256 voterBps);

    /// @notice Only the vote book says who votes for whom, and only the election what was slashed.
    /// @param caller Who tried.
    error AccountingRevenueNotPart(address caller);

    /// @notice The contracts that revenue works with are bound already, or not bound yet.
    /// @param escrow The escrow; zero: none.
    error AccountingRevenuePartsBound(address escrow);

    /// @notice Says, once, where this contract's credits are and who votes for whom. Administration.
    /// @param escrow The escrow.
    /// @param votes The vote book.
    function bindParts(ITradeEscrow escrow, IVoteBook votes) external;

    /// @notice A ballot begins to earn. The vote book.
    /// @param voter Whose.
    /// @param names Whom it names.
    function ballotCast(address voter, Names calldata names) external;

    /// @notice A ballot earns no more; what it earned is due. The vote book.
    /// @param voter Whose.
    /// @param share What each candidate had of it.
    /// @param names Whom it named.
    function ballotEnded(address voter, uint256 share, Names calldata names) external;

    /// @notice Makes due what the voter's ballot earned, and pays all that is due to it, as far as there is. Anyone.
    /// @param voter The voter.
    /// @return paidMicro Micro-credits sent to it.
    function claimVotes(address voter) external returns (uint64 paidMicro);

    /// @notice Credits that the caller has just sent here are the pool's. The election, with what it slashed.
    /// @param amountMicro Micro-credits.
    function addToPool(uint64 amountMicro) external;

    /// @notice What a voter's ballot earned that is not due yet.
    /// @param voter The voter.
    /// @return rewardMicro Micro-credits.
    function rewardOf(address voter) external view returns (uint64 rewardMicro);

    /// @notice What the voters of a candidate earned in all for each unit of share.
    /// @param candidate The candidate.
    /// @return accumulator Micro-credits times 2^64 a unit, rounded down.
    function accumulatorOf(uint16 candidate) external view returns (uint256 accumulator);
}
