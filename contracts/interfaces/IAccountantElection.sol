// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CandidateInfo, SetCause, VoterInfo} from "../types/ElectionTypes.sol";
import {IAccountingRevenue} from "./IAccountingRevenue.sol";
import {IStandingObserver} from "./IStandingObserver.sol";
import {IValidatorSet} from "./IValidatorSet.sol";

/// @title IAccountantElection
/// @notice Who produces blocks: candidates, votes, seats, missed turns, jail. On a chain with credits holders lock
/// them and vote; on one without, members have equal votes and nothing below about credits applies.
/// @dev An epoch is `block.number / epochBlocks`. A vote, or its end, counts from the next epoch on. f of a set of n
/// is (n - 1) / 3, rounded down. When rules on the set collide, this is their order: never empty; at least 4; at most
/// f removed and f added in an epoch (elections, resignation, expulsion, suspension, node change and growth together;
/// of the set at its start); only the admitted; none in jail, which has its own bound of f at any time.
///
/// | function | who may call it |
/// |---|---|
/// | register, stand, changeNode, resign, unjail, announceAbsence, addDeposit, withdrawDeposit | a member |
/// | lock, vote, unvote, withdrawStake, backRemoval, withdrawRemoval | a voter |
/// | elect, vacate, standingChanged, dropBallot, reportMissed, reportDoubleSeal | anyone |
/// | setSeats, slash, unfreeze | COUNCIL |
/// | bindRevenue | administration, once |
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

    /// @notice A candidate will be away; turns that it misses then are excused.
    /// @param candidate The candidate.
    /// @param fromBlock First block.
    /// @param toBlock Last block.
    event AbsenceAnnounced(uint16 indexed candidate, uint256 fromBlock, uint256 toBlock);

    // -------------------- events of votes

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
    /// @param candidates Whom it names, ascending.
    event BallotCast(address indexed voter, uint256 share, uint16[] candidates);

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

    /// @notice Revenue is shared by this contract from now on.
    /// @param revenue The contract.
    event RevenueBound(address indexed revenue);

    // -------------------- events of turns and evidence

    /// @notice A height was judged.
    /// @param blockNumber The block.
    /// @param skipped How many turns failed before it was made.
    /// @param blamed Whether those who missed them were blamed; else the whole network was slow.
    event TurnsJudged(uint256 indexed blockNumber, uint256 skipped, bool blamed);

    /// @notice A candidate missed its turn.
    /// @param candidate The candidate.
    /// @param blockNumber The block.
    /// @param score What it has now; unchanged when the absence was announced.
    /// @param excused The absence was announced.
    event TurnMissed(uint16 indexed candidate, uint256 indexed blockNumber, uint256 score, bool excused);

    /// @notice A candidate is in jail.
    /// @param candidate The candidate.
    /// @param untilSeconds Unix seconds; it may ask back in from then on.
    event Jailed(uint16 indexed candidate, uint256 untilSeconds);

    /// @notice A candidate would be in jail, but as many are as may be.
    /// @param candidate The candidate.
    event JailDeferred(uint16 indexed candidate);

    /// @notice A candidate is one again.
    /// @param candidate The candidate.
    event Unjailed(uint16 indexed candidate);

    /// @notice A candidate's key sealed two blocks at one number and round.
    /// @param candidate The candidate.
    /// @param blockNumber The number.
    /// @param firstDigest What one seal is on.
    /// @param secondDigest What the other is on.
    event DoubleSealProven(
        uint16 indexed candidate,
        uint256 indexed blockNumber,
        bytes32 firstDigest,
        bytes32 secondDigest
    );

    /// @notice The members' vote took a part of a frozen deposit.
    /// @param candidate The candidate.
    /// @param amountMicro Micro-credits, now the accountants' pool's.
    event Slashed(uint16 indexed candidate, uint64 amountMicro);

    /// @notice The members' vote freed a frozen deposit.
    /// @param candidate The candidate.
    event Unfrozen(uint16 indexed candidate);

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

    /// @notice An absence begins in the future, ends after it begins, and does not begin over a running one.
    /// @param fromBlock As given.
    /// @param toBlock As given.
    error ElectionInvalidAbsence(uint256 fromBlock, uint256 toBlock);

    /// @notice More absence than a candidate has in a period.
    /// @param blocks How many were asked for.
    /// @param leftBlocks How many it has left.
    error ElectionAbsenceSpent(uint256 blocks, uint256 leftBlocks);

    /// @notice Only admitted members and users vote; where votes are equal, only members.
    /// @param voter Who tried.
    error ElectionNotAdmitted(address voter);

    /// @notice The issuer has no vote.
    /// @param voter Who tried.
    error ElectionIssuerHasNoVote(address voter);

    /// @notice The stake, shared among the candidates, is nothing.
    /// @param voter Who tried.
    error ElectionNoWeight(address voter);

    /// @notice A ballot names 1 to 30 candidates.
    /// @param count How many it named.
    error ElectionInvalidBallotSize(uint256 count);

    /// @notice A list of candidates is not in the order asked for.
    /// @param index The first wrong place.
    error ElectionListNotAscending(uint256 index);

    /// @notice A ballot stays until its epoch is over: nobody moves it after the fees.
    /// @param untilBlock From when on it may end.
    error ElectionBallotFresh(uint256 untilBlock);

    /// @notice The voter has no ballot.
    /// @param voter The voter.
    error ElectionNoBallot(address voter);

    /// @notice Stake behind a ballot is not taken out: unvote first.
    /// @param voter The voter.
    error ElectionBallotStands(address voter);

    /// @notice The stake is not free yet.
    /// @param untilSeconds When it will be, Unix seconds.
    error ElectionStakeLocked(uint256 untilSeconds);

    /// @notice The voter is admitted, so that its ballot is its own to end.
    /// @param voter The voter.
    error ElectionStillAdmitted(address voter);

    /// @notice The voter has no weight that counts in this epoch.
    /// @param voter The voter.
    error ElectionNoCountedWeight(address voter);

    /// @notice The voter backs the removal of one candidate at a time.
    /// @param candidate Whose removal it backs; 0: nobody's.
    error ElectionRemovalBacked(uint16 candidate);

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

    /// @notice The candidate is not in jail.
    /// @param candidate The candidate.
    error ElectionNotJailed(uint16 candidate);

    /// @notice The jail is not over.
    /// @param untilSeconds When it will be, Unix seconds.
    error ElectionJailRunning(uint256 untilSeconds);

    /// @notice The chain can say the hash of the last 256 blocks only.
    /// @param blockNumber The block asked for.
    error ElectionBlockOutOfReach(uint256 blockNumber);

    /// @notice The header is not that of this chain's block.
    /// @param blockNumber Its number.
    error ElectionForeignHeader(uint256 blockNumber);

    /// @notice A height is judged once.
    /// @param blockNumber The block.
    error ElectionHeightJudged(uint256 blockNumber);

    /// @notice Two seals are no evidence: not of one candidate's key, or not on two blocks of one parent, number and
    /// round.
    error ElectionNoDoubleSeal();

    /// @notice The candidate's deposit is not frozen.
    /// @param candidate The candidate.
    error ElectionNotFrozen(uint16 candidate);

    /// @notice The candidate's deposit is frozen already for such evidence.
    /// @param candidate The candidate.
    error ElectionAlreadyFrozen(uint16 candidate);

    /// @notice Revenue is bound already, or not bound yet.
    /// @param revenue The contract; zero: none.
    error ElectionRevenueBound(address revenue);

    // -------------------- candidates

    /// @notice Makes the caller, an active accountant member, a candidate, with the minimum deposit of its credits.
    /// @param node The address of its node's key on this chain; it belongs to this candidate for ever.
    /// @param signature That key's EIP-712 signature of `NodeClaim(address member,address node)`, domain
    /// ("Commonwatt AccountantElection", "1", chain, contract), 65 bytes.
    /// @return candidate Its number.
    function register(address node, bytes calldata signature) external returns (uint16 candidate);

    /// @notice Wants a seat again after resigning.
    function stand() external;

    /// @notice Seals with another key from the next block on. A seated candidate's change counts as one removed and
    /// one added. Score, jail and deposit stay.
    /// @param node The new address, as in `register`.
    /// @param signature As in `register`.
    function changeNode(address node, bytes calldata signature) external;

    /// @notice Leaves the seat, if any, in the same transaction, and is no candidate until `stand`.
    function resign() external;

    /// @notice Announces that turns in a range of blocks may be missed.
    /// @param fromBlock First block, in the future.
    /// @param toBlock Last block.
    function announceAbsence(uint64 fromBlock, uint64 toBlock) external;

    /// @notice Adds to the caller's deposit.
    /// @param amountMicro Micro-credits, allowed by the caller.
    function addDeposit(uint64 amountMicro) external;

    /// @notice Takes the caller's deposit out: resigned, not seated, not in jail, not frozen, `unlockSeconds` later.
    function withdrawDeposit() external;

    // -------------------- votes

    /// @notice Locks credits as stake.
    /// @param amountMicro Micro-credits, allowed by the caller.
    function lock(uint64 amountMicro) external;

    /// @notice Casts the caller's ballot, instead of an earlier one. Its weight (the stake, at most the cap; one vote
    /// where votes are equal) is fixed now, shared equally, rounded down, and counts from the next epoch on.
    /// @param candidates 1 to 30 numbers, ascending; none resigned.
    function vote(uint16[] calldata candidates) external;

    /// @notice Ends the caller's ballot; it counts until the end of this epoch. Starts the stake's delay.
    function unvote() external;

    /// @notice Ends the ballot of a voter that is admitted no more. Anyone.
    /// @param voter The voter.
    function dropBallot(address voter) external;

    /// @notice Takes the caller's stake out, `unlockSeconds` after its last ballot ended.
    function withdrawStake() external;

    /// @notice Backs the removal of a candidate with the caller's counted weight: above half of all counted weight it
    /// loses its seat at the next election, whoever is there to follow.
    /// @param candidate The candidate.
    function backRemoval(uint16 candidate) external;

    /// @notice Backs no removal any more.
    function withdrawRemoval() external;

    // -------------------- seats

    /// @notice Holds the epoch's election. Anyone.
    /// @param order Candidates by counted weight, heaviest first, ties by lower number; as many as it takes to fill
    /// seats and standby list with those who can have one, or all with counted weight.
    function elect(uint16[] calldata order) external;

    /// @notice Gives a seat, whose holder may not have it any more, to the next on the standby list; restores the
    /// revenue of a kept seat whose holder may. Anyone.
    /// @param candidate The holder.
    function vacate(uint16 candidate) external;

    /// @notice Says how many accountants are wanted, from the next election on. COUNCIL.
    /// @param seats_ 4 to 101.
    function setSeats(uint16 seats_) external;

    /// @notice Says, once, who shares revenue. Administration.
    /// @param revenue The contract.
    function bindRevenue(IAccountingRevenue revenue) external;

    // -------------------- turns and evidence

    /// @notice Judges who missed a turn before a block was made. Anyone, once a height.
    /// @param parentHeader RLP of header N - 1, with round 0 and no seals: what its hash is the hash of.
    /// @param header RLP of header N likewise; N is one of the last 256 blocks.
    function reportMissed(bytes calldata parentHeader, bytes calldata header) external;

    /// @notice Proves that one key sealed two blocks of one parent, number and round: jails its accountant and freezes
    /// its deposit, until the members' vote. Anyone.
    /// @param firstHeader RLP of a header, with its round and no seals.
    /// @param firstSeal The key's seal of it, 65 bytes.
    /// @param secondHeader RLP of the other header likewise.
    /// @param secondSeal The key's seal of that.
    function reportDoubleSeal(
        bytes calldata firstHeader,
        bytes calldata firstSeal,
        bytes calldata secondHeader,
        bytes calldata secondSeal
    ) external;

    /// @notice Asks to be a candidate again after jail.
    function unjail() external;

    /// @notice Takes a part of a frozen deposit for the accountants' pool. COUNCIL.
    /// @param candidate The candidate.
    /// @param amountMicro Micro-credits.
    function slash(uint16 candidate, uint64 amountMicro) external;

    /// @notice Frees a frozen deposit. COUNCIL.
    /// @param candidate The candidate.
    function unfreeze(uint16 candidate) external;

    // -------------------- views

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

    /// @notice All that is kept of a voter.
    /// @param voter The account.
    /// @return info See VoterInfo.
    function voterInfo(address voter) external view returns (VoterInfo memory info);

    /// @notice The candidates that follow when a seat is left, best first.
    /// @return candidates At most 64.
    function standby() external view returns (uint16[] memory candidates);

    /// @notice Whether a height was judged.
    /// @param blockNumber The block.
    /// @return judged True after `reportMissed`.
    function isJudged(uint256 blockNumber) external view returns (bool judged);

    /// @notice Whose work a block is, and whose votes share in it.
    /// @param coinbase The block's.
    /// @return candidate 0 when it is no seated accountant's that earns.
    /// @return member Its account.
    /// @return liveWeight Stake behind it at this moment.
    function bookingOf(address coinbase) external view returns (uint16 candidate, address member, uint256 liveWeight);
}
