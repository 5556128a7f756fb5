// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {SetCause} from "../types/ElectionTypes.sol";
import {IElectionCandidates} from "./IElectionCandidates.sol";
import {IElectionParts} from "./IElectionParts.sol";
import {IFederation} from "./IFederation.sol";
import {IStandingObserver} from "./IStandingObserver.sol";
import {IValidatorSet} from "./IValidatorSet.sol";

/// @title IAccountantElection
/// @notice Who produces blocks: candidates and their deposits, seats, the epochs' elections. Two contracts work with
/// it: IVoteBook keeps stake and ballots, ITurnCourt judges missed turns and double seals. On a chain without credits
/// there is no stake and no deposit.
/// @dev In three files: seats and elections here, candidates in IElectionCandidates, what other contracts call in
/// IElectionParts. An epoch is `block.number / epochBlocks`. A vote, or its end, counts from the next epoch on. f of a
/// set of n is (n - 1) / 3, rounded down. When rules on the set collide, this is their order: never empty; at least 4;
/// at most f removed and f added in an epoch (elections, resignation, expulsion, suspension, node change and growth
/// together; of the set at its start); only the admitted; none in jail, which has its own bound of f at any time.
///
/// | function | who may call it |
/// |---|---|
/// | register, stand, changeNode, resign, addDeposit, withdrawDeposit | a member |
/// | elect, vacate, standingChanged | anyone |
/// | setSeats, slash, unfreeze | COUNCIL |
/// | bindParts | administration, once |
/// | addShares, takeShares, flagRemoval | the vote book |
/// | jail, release, freeze | the turn court |
interface IAccountantElection is IValidatorSet, IStandingObserver, IElectionCandidates, IElectionParts {
    // -------------------- events

    /// @notice An epoch's election was held.
    /// @param epoch The epoch.
    /// @param turnout Ballot weight that counted.
    /// @param circulating What the turnout is measured by: credits, or members' votes.
    /// @param removed Seats that were taken.
    /// @param added Seats that were given.
    event Elected(uint256 indexed epoch, uint256 turnout, uint256 circulating, uint256 removed, uint256 added);

    /// @notice The founders' weights ended for ever.
    /// @param epoch Since when.
    event FoundersLapsed(uint256 indexed epoch);

    /// @notice A candidate has a seat.
    /// @param candidate The candidate.
    event SeatTaken(uint16 indexed candidate);

    /// @notice A candidate has no seat any more.
    /// @param candidate The candidate.
    /// @param cause Why.
    event SeatLeft(uint16 indexed candidate, SetCause indexed cause);

    /// @notice A candidate should have left its seat, and keeps it, earning nothing, by the rules on the set.
    /// @param candidate The candidate.
    /// @param cause Why it should have left.
    event SeatKept(uint16 indexed candidate, SetCause indexed cause);

    /// @notice A kept seat earns again: its holder's standing is restored.
    /// @param candidate The candidate.
    event SeatRestored(uint16 indexed candidate);

    /// @notice COUNCIL wants another number of accountants.
    /// @param seats 4 to 101.
    event SeatsChanged(uint16 seats);

    // -------------------- errors

    /// @notice A setting that the election cannot have.
    /// @param setting Its name.
    error ElectionInvalidSetting(bytes32 setting);

    /// @notice Founders have ascending node addresses and members of their own.
    /// @param index Which one is wrong.
    error ElectionInvalidFounder(uint256 index);

    /// @notice The set changed as much in this epoch as it may.
    /// @param bound f of the set at the epoch's start.
    /// @param nextBlock From when on it may change again.
    error ElectionChangeBound(uint256 bound, uint256 nextBlock);

    /// @notice This epoch's election was held.
    /// @param nextBlock From when on the next one may be.
    error ElectionEpochOpen(uint256 nextBlock);

    /// @notice The order is not by counted weight, heaviest first, ties by lower number.
    /// @param index The first wrong place.
    error ElectionOrderNotSorted(uint256 index);

    /// @notice The order leaves out a candidate that ranks within it.
    /// @param given How many it has.
    /// @param needed How many rank as high as its last.
    error ElectionOrderIncomplete(uint256 given, uint256 needed);

    /// @notice The order is too short to fill seats and standby list.
    /// @param eligible How many of it can have a seat.
    /// @param wanted How many are needed, unless it has every candidate with votes.
    error ElectionOrderTooShort(uint256 eligible, uint256 wanted);

    /// @notice There is nothing to vacate: the candidate has no seat, or has it by right.
    /// @param candidate The candidate.
    error ElectionNothingToVacate(uint16 candidate);

    // -------------------- seats

    /// @notice Holds the epoch's election. Anyone.
    /// @param order Candidates by counted weight, heaviest first, ties by lower number; as many as it takes to fill
    /// seats and standby list with those who can have one, or all with counted weight.
    function elect(uint256[] calldata order) external;

    /// @notice Gives a seat, whose holder may not have it any more, to the next on the standby list; restores the
    /// revenue of a kept seat whose holder may. Anyone. Whoever is voted out leaves with an election, or, if that had
    /// to keep the seat, by this.
    /// @param candidate The holder.
    function vacate(uint16 candidate) external;

    /// @notice Says how many accountants are wanted, from the next election on. COUNCIL.
    /// @param seats_ 4 to 101.
    function setSeats(uint16 seats_) external;

    // -------------------- views

    /// @notice Who is admitted, as what.
    /// @return contract_ Federation of this chain.
    function federation() external view returns (IFederation contract_);

    /// @notice The currency of stake and deposits.
    /// @return token Zero on a chain without credits.
    function credit() external view returns (IERC20 token);

    /// @notice Blocks of an epoch.
    /// @return count For ever.
    function epochBlocks() external view returns (uint256 count);

    /// @notice From the end of a ballot, or of a candidacy, to when its credits can be taken out.
    /// @return duration Seconds.
    function unlockSeconds() external view returns (uint256 duration);

    /// @notice Ballots below which the set stays, as a share of what turnouts are measured by (IVoteBook.circulating).
    /// @return bps Hundredths of a percent, for ever.
    function turnoutFloorBps() external view returns (uint256 bps);

    /// @notice The present epoch.
    /// @return number `block.number / epochBlocks`.
    function epoch() external view returns (uint256 number);

    /// @notice How many accountants are wanted.
    /// @return count 4 to 101.
    function seats() external view returns (uint16 count);

    /// @notice The last epoch whose election was held.
    /// @return number The epoch of the founding, before any.
    function lastElection() external view returns (uint256 number);

    /// @notice Whether founders weigh nothing any more.
    /// @return lapsed True for ever once true.
    function foundersLapsed() external view returns (bool lapsed);

    /// @notice Ballot weight in all, without founders.
    /// @return counted Of this epoch.
    /// @return live From the next epoch on.
    function totalWeight() external view returns (uint256 counted, uint256 live);

    /// @notice The candidates that follow when a seat is left, best first.
    /// @return candidates At most 64.
    function standby() external view returns (uint16[] memory candidates);
}
