// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Names} from "../types/ElectionTypes.sol";
import {IAccountingRevenue} from "./IAccountingRevenue.sol";
import {ITurnCourt} from "./ITurnCourt.sol";
import {IVoteBook} from "./IVoteBook.sol";

/// @title IElectionParts
/// @notice The part of IAccountantElection that is for the contracts it works with: vote book, turn court, revenue.
interface IElectionParts {
    // -------------------- events

    /// @notice A candidate is in jail: it leaves its seat, and is no candidate until it asks back in.
    /// @param candidate The candidate.
    event CandidateJailed(uint16 indexed candidate);

    /// @notice A candidate is one again after jail.
    /// @param candidate The candidate.
    event CandidateReleased(uint16 indexed candidate);

    /// @notice The contracts that the election works with were bound.
    /// @param votes Keeps stake and ballots.
    /// @param court Judges turns and seals.
    /// @param revenue Shares the fees; zero on a chain without credits.
    event PartsBound(address indexed votes, address indexed court, address indexed revenue);

    // -------------------- errors

    /// @notice The contracts that the election works with are bound already.
    /// @param votes The vote book.
    error ElectionPartsBound(address votes);

    /// @notice Only the contract that this is reserved for.
    /// @param caller Who tried.
    error ElectionNotPart(address caller);

    // -------------------- administration

    /// @notice Says, once, with which contracts the election works. Administration.
    /// @param votes Keeps stake and ballots.
    /// @param court Judges turns and seals.
    /// @param revenue Shares the fees; zero on a chain without credits.
    function bindParts(IVoteBook votes, ITurnCourt court, IAccountingRevenue revenue) external;

    // -------------------- for the vote book

    /// @notice Gives each candidate a share, which counts from the next epoch on.
    /// @param names The candidates, ascending; none resigned.
    /// @param share What each gets.
    function addShares(Names calldata names, uint256 share) external;

    /// @notice Takes the shares back; they count until the end of this epoch.
    /// @param names As in `addShares`.
    /// @param share As in `addShares`.
    function takeShares(Names calldata names, uint256 share) external;

    /// @notice Notes whether somebody backs a candidate's removal.
    /// @param candidate The candidate.
    /// @param backed Whether.
    function flagRemoval(uint16 candidate, bool backed) external;

    // -------------------- for the turn court

    /// @notice Jails: takes the candidate's seat, as far as 4 remain, and its revenue.
    /// @param candidate The candidate.
    function jail(uint16 candidate) external;

    /// @notice Makes a jailed candidate one again.
    /// @param candidate The candidate.
    function release(uint16 candidate) external;

    /// @notice Freezes a candidate's deposit until the members' vote.
    /// @param candidate The candidate.
    function freeze(uint16 candidate) external;

    // -------------------- for revenue

    /// @notice Whose work a block is, and whose votes share in it.
    /// @param coinbase The block's.
    /// @return candidate 0 when it is no seated accountant's that earns.
    /// @return member Its account.
    /// @return liveWeight Stake behind it at this moment.
    function bookingOf(address coinbase) external view returns (uint16 candidate, address member, uint256 liveWeight);
}
