// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {CandidateInfo, Names, SetCause} from "../types/ElectionTypes.sol";
import {IAccountingRevenue} from "./IAccountingRevenue.sol";
import {IFederation} from "./IFederation.sol";
import {IStandingObserver} from "./IStandingObserver.sol";
import {ITurnCourt} from "./ITurnCourt.sol";
import {IValidatorSet} from "./IValidatorSet.sol";
import {IVoteBook} from "./IVoteBook.sol";

/// @title IAccountantElection
/// @notice Who produces blocks: candidates and their deposits, seats, the epochs' elections. Two contracts work with
/// it: IVoteBook keeps stake and ballots, ITurnCourt judges missed turns and double seals. On a chain without credits
/// there is no stake and no deposit.
/// @dev An epoch is `block.number / epochBlocks`. A vote, or its end, counts from the next epoch on. f of a set of n
/// is (n - 1) / 3, rounded down. When rules on the set collide, this is their order: never empty; at least 4; at most
/// f removed and f added in an epoch (elections, resignation, expulsion, suspension, node change and growth together;
/// of the set at its start); only the admitted; none in jail, which has its own bound of f at any time.
///
/// | function | who may call it |
/// |---|---|
/// | register, stand, changeNode, resign, addDeposit, withdrawDeposit | a member |
/// | elect, vacate, standingChanged | anyone |
/// | setSeats, slash, unfreeze | COUNCIL |
/// | bindParts | administration, once |
/// | addShares, takeShares, flagRemoval | the vote book |
/// | jail, release, freeze | the turn court |
interface IAccountantElection is IValidatorSet, IStandingObserver {
    // -------------------- events of candidates

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

    /// @notice A candidate is in jail: it leaves its seat, and is no candidate until it asks back in.
    /// @param candidate The candidate.
    event CandidateJailed(uint16 indexed candidate);

    /// @notice A candidate is one again after jail.
    /// @param candidate The candidate.
    event CandidateReleased(uint16 indexed candidate);

    /// @notice A candidate's deposit stays until the members' vote.
    /// @param candidate The candidate.
    event DepositFrozen(uint16 indexed candidate);

    // -------------------- events of seats

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

    /// @notice The members' vote took a part of a frozen deposit.
    /// @param candidate The candidate.
    /// @param amountMicro Micro-credits, now the accountants' pool's.
    event Slashed(uint16 indexed candidate, uint64 amountMicro);

    /// @notice The members' vote freed a frozen deposit.
    /// @param candidate The candidate.
    event Unfrozen(uint16 indexed candidate);

    /// @notice The contracts that the election works with were bound.
    /// @param votes Keeps stake and ballots.
    /// @param court Judges turns and seals.
    /// @param revenue Shares the fees; zero on a chain without credits.
    event PartsBound(address indexed votes, address indexed court, address indexed revenue);

    // -------------------- errors

    /// @notice A setting that the election cannot have.
    /// @param setting Its name.
    error ElectionInvalidSetting(bytes32 setting);

    /// @notice Founders have ascending node addresses and members of their own.
    /// @param index Which one is wrong.
    error ElectionInvalidFounder(uint256 index);

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

    /// @notice The set changed as much in this epoch as it may.
    /// @param bound f of the set at the epoch's start.
    /// @param nextBlock From when on it may change again.
    error ElectionChangeBound(uint256 bound, uint256 nextBlock);

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

    /// @notice The candidate's deposit is not frozen.
    /// @param candidate The candidate.
    error ElectionNotFrozen(uint16 candidate);

    /// @notice The contracts that the election works with are bound already.
    /// @param votes The vote book.
    error ElectionPartsBound(address votes);

    /// @notice Only the contract that this is reserved for.
    /// @param caller Who tried.
    error ElectionNotPart(address caller);

    // -------------------- candidates

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

    /// @notice Takes a part of a frozen deposit for the accountants' pool. COUNCIL.
    /// @param candidate The candidate.
    /// @param amountMicro Micro-credits.
    function slash(uint16 candidate, uint64 amountMicro) external;

    /// @notice Frees a frozen deposit. COUNCIL.
    /// @param candidate The candidate.
    function unfreeze(uint16 candidate) external;

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

    /// @notice The candidates that follow when a seat is left, best first.
    /// @return candidates At most 64.
    function standby() external view returns (uint16[] memory candidates);

    /// @notice Whose work a block is, and whose votes share in it.
    /// @param coinbase The block's.
    /// @return candidate 0 when it is no seated accountant's that earns.
    /// @return member Its account.
    /// @return liveWeight Stake behind it at this moment.
    function bookingOf(address coinbase) external view returns (uint16 candidate, address member, uint256 liveWeight);
}
