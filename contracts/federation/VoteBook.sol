// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IAccountantElection} from "../interfaces/IAccountantElection.sol";
import {IAccountingRevenue} from "../interfaces/IAccountingRevenue.sol";
import {IFederation, Standing} from "../interfaces/IFederation.sol";
import {IVoteBook} from "../interfaces/IVoteBook.sol";
import {NumberLists} from "../libraries/NumberLists.sol";
import {Roles} from "../libraries/Roles.sol";
import {VoterInfo} from "../types/ElectionTypes.sol";

/// @title VoteBook
/// @notice Stake, ballots, and who backs whose removal. See IVoteBook.
contract VoteBook is AccessManaged, IVoteBook {
    /// @dev One word.
    struct Stake {
        uint88 amountMicro;
        uint48 unlockAt; // Unix seconds
        uint8 count; // candidates of the ballot; 0: none
        uint32 castIn; // epoch
    }

    /// @dev One word.
    struct Backing {
        uint16 candidate; // 0: nobody's removal
        uint88 weight; // of the ballot
        uint88 founderWeight;
    }

    /// @dev One word.
    struct RemovalTally {
        uint88 weight; // of ballots
        uint88 founderWeight; // until founders lapse
    }

    uint256 private constant _BPS = 10_000;
    /// @dev One vote where votes are equal: divisible by 1 to 30, so that shares are exact.
    uint256 private constant _EQUAL_VOTE = 2_329_089_562_800;
    uint256 private constant _MOST_NAMES = 30;
    /// @dev The first names of a ballot stand beside its share.
    uint256 private constant _NAMES_BESIDE_SHARE = 10;
    uint256 private constant _SHARE_BITS = 96;

    IAccountantElection private immutable _ELECTION;
    IFederation private immutable _FEDERATION;
    IERC20 private immutable _CREDIT;
    address private immutable _RESERVE;
    uint256 private immutable _EPOCH_BLOCKS;
    uint256 private immutable _UNLOCK_SECONDS;
    uint256 private immutable _CAP_BPS;

    // slot 0: AccessManaged, and in the same word:
    IAccountingRevenue private _revenue; // slot 1
    mapping(address voter => Stake stake) private _stakes; // slot 2
    /// @dev slot 3: word 0: share (96 bits) | ten names; words 1 and 2: the names that follow, 16 each
    mapping(address voter => uint256[3] words) private _ballots;
    mapping(address voter => Backing backing) private _backings; // slot 4
    mapping(uint256 candidate => RemovalTally tally) private _removals; // slot 5
    /// @dev slot 6: credits circulating when an epoch was first touched (224 bits) | that epoch + 1 (32)
    uint256 private _circulation;

    /// @notice Nobody voted yet.
    /// @param initialAuthority The AccessManager that says who has the role ISSUER.
    /// @param election Where shares stand; it says which chain this is.
    /// @param reserve The issuer's own account, whose credits do not circulate and carry no vote; zero: none.
    /// @param capBps Most of the circulating credits that one admission's ballot weighs, hundredths of a percent.
    constructor(
        address initialAuthority,
        IAccountantElection election,
        address reserve,
        uint16 capBps
    ) AccessManaged(initialAuthority) {
        if (capBps == 0 || capBps > _BPS) revert VoteBookInvalidSetting("capBps");
        _ELECTION = election;
        _FEDERATION = election.federation();
        _CREDIT = election.credit();
        _RESERVE = reserve;
        _EPOCH_BLOCKS = election.epochBlocks();
        _UNLOCK_SECONDS = election.unlockSeconds();
        _CAP_BPS = capBps;
    }

    // -------------------- stake and ballots

    /// @inheritdoc IVoteBook
    function lock(uint64 amountMicro) external {
        if (!_hasCredits()) revert VoteBookWithoutCredits();
        _requireVoter(msg.sender);
        if (amountMicro == 0) revert VoteBookZeroAmount();
        _stakes[msg.sender].amountMicro += amountMicro;
        emit StakeLocked(msg.sender, amountMicro);
        SafeERC20.safeTransferFrom(_CREDIT, msg.sender, address(this), amountMicro);
    }

    /// @inheritdoc IVoteBook
    function vote(uint16[] calldata candidates) external {
        uint256 count = candidates.length;
        if (count == 0 || count > _MOST_NAMES) revert VoteBookInvalidBallotSize(count);
        _requireVoter(msg.sender);
        Stake storage stake = _stakes[msg.sender];
        if (stake.count != 0) _endBallot(msg.sender, stake);
        uint256 share = _weightOf(msg.sender, stake) / count;
        if (share == 0) revert VoteBookNoWeight(msg.sender);
        _storeBallot(_ballots[msg.sender], share, candidates);
        (stake.count, stake.castIn) = (uint8(count), uint32(_epoch()));
        emit BallotCast(msg.sender, share, candidates);
        _ELECTION.addShares(candidates, share);
        if (address(_revenue) != address(0)) _revenue.ballotCast(msg.sender, candidates);
    }

    /// @inheritdoc IVoteBook
    function unvote() external {
        _endBallot(msg.sender, _requireBallot(msg.sender));
    }

    /// @inheritdoc IVoteBook
    function dropBallot(address voter) external {
        if (_mayVote(voter)) revert VoteBookStillAdmitted(voter);
        _endBallot(voter, _requireBallot(voter));
    }

    /// @inheritdoc IVoteBook
    function withdrawStake() external {
        Stake storage stake = _stakes[msg.sender];
        uint256 amountMicro = stake.amountMicro;
        if (amountMicro == 0) revert VoteBookZeroAmount();
        if (stake.count != 0) revert VoteBookBallotStands(msg.sender);
        if (block.timestamp < stake.unlockAt) revert VoteBookStakeLocked(stake.unlockAt);
        stake.amountMicro = 0;
        emit StakeWithdrawn(msg.sender, amountMicro);
        SafeERC20.safeTransfer(_CREDIT, msg.sender, amountMicro);
    }

    // -------------------- removal

    /// @inheritdoc IVoteBook
    function backRemoval(uint16 candidate) external {
        _requireVoter(msg.sender);
        Backing storage backing = _backings[msg.sender];
        if (backing.candidate != 0) revert VoteBookRemovalBacked(backing.candidate);
        uint256 weight = _countedWeight(msg.sender);
        uint256 founderWeight = _ELECTION.founderWeightOf(msg.sender);
        if (weight + founderWeight == 0) revert VoteBookNoCountedWeight(msg.sender);
        (backing.candidate, backing.weight, backing.founderWeight) = (candidate, uint88(weight), uint88(founderWeight));
        RemovalTally storage tally = _removals[candidate];
        tally.weight += uint88(weight);
        tally.founderWeight += uint88(founderWeight);
        emit RemovalBacked(msg.sender, candidate, weight + founderWeight);
        _ELECTION.flagRemoval(candidate, true);
    }

    /// @inheritdoc IVoteBook
    function withdrawRemoval() external {
        if (_backings[msg.sender].candidate == 0) revert VoteBookRemovalBacked(0);
        _endBacking(msg.sender);
    }

    // -------------------- administration

    /// @inheritdoc IVoteBook
    function bindRevenue(IAccountingRevenue revenue) external restricted {
        if (address(_revenue) != address(0)) revert VoteBookRevenueBound(address(_revenue));
        _revenue = revenue;
        emit RevenueBound(address(revenue));
    }

    // -------------------- views

    /// @inheritdoc IVoteBook
    function voterInfo(address voter) external view returns (VoterInfo memory info) {
        Stake storage stake = _stakes[voter];
        (info.stakeMicro, info.unlockAt, info.castEpoch) = (stake.amountMicro, stake.unlockAt, stake.castIn);
        (info.share, info.candidates) = ballotOf(voter);
        info.backedRemoval = _backings[voter].candidate;
    }

    /// @inheritdoc IVoteBook
    function removalWeightOf(uint16 candidate) external view returns (uint256 weight) {
        RemovalTally storage tally = _removals[candidate];
        return tally.weight + (_ELECTION.foundersLapsed() ? 0 : tally.founderWeight);
    }

    /// @inheritdoc IVoteBook
    function circulating() public returns (uint256 weight) {
        if (!_hasCredits()) return _FEDERATION.memberCount() * _EQUAL_VOTE;
        uint256 stamp = _epoch() + 1;
        uint256 kept = _circulation;
        if (uint32(kept) == stamp) return kept >> 32;
        weight = _CREDIT.totalSupply();
        if (_RESERVE != address(0)) weight -= _CREDIT.balanceOf(_RESERVE);
        _circulation = (weight << 32) | stamp;
    }

    /// @inheritdoc IVoteBook
    function ballotOf(address voter) public view returns (uint256 share, uint16[] memory candidates) {
        uint256 count = _stakes[voter].count;
        if (count == 0) return (0, new uint16[](0));
        uint256[3] storage ballot = _ballots[voter];
        return (_shareOf(ballot), _namesOf(ballot, count));
    }

    // -------------------- private

    /// @dev A ballot of this epoch stays, unless its voter may not vote any more.
    function _endBallot(address voter, Stake storage stake) private {
        if (stake.castIn == _epoch() && _mayVote(voter)) {
            revert VoteBookBallotFresh((uint256(stake.castIn) + 1) * _EPOCH_BLOCKS);
        }
        (uint256 share, uint16[] memory candidates) = ballotOf(voter);
        (stake.count, stake.unlockAt) = (0, uint48(block.timestamp + _UNLOCK_SECONDS));
        if (_backings[voter].candidate != 0) _endBacking(voter);
        emit BallotEnded(voter);
        _ELECTION.takeShares(candidates, share);
        if (address(_revenue) != address(0)) _revenue.ballotEnded(voter, share, candidates);
    }

    function _endBacking(address voter) private {
        Backing memory backing = _backings[voter];
        delete _backings[voter];
        RemovalTally storage tally = _removals[backing.candidate];
        tally.weight -= backing.weight;
        tally.founderWeight -= backing.founderWeight;
        emit RemovalWithdrawn(voter, backing.candidate);
        if (tally.weight == 0 && tally.founderWeight == 0) _ELECTION.flagRemoval(backing.candidate, false);
    }

    function _storeBallot(uint256[3] storage ballot, uint256 share, uint16[] calldata candidates) private {
        uint256 last = candidates.length - 1;
        uint256 word = share;
        for (uint256 i = 0; i <= last; ++i) {
            (uint256 slot, uint256 shift) = _placeOf(i);
            if (shift == 0) word = 0;
            word |= uint256(candidates[i]) << shift;
            // the last place of a word: candidates' numbers have 16 bits
            if (i == last || shift == 240) ballot[slot] = word;
        }
    }

    /// @dev Weight of a ballot cast now.
    function _weightOf(address voter, Stake storage stake) private returns (uint256 weight) {
        if (!_hasCredits()) return _EQUAL_VOTE;
        (bool issues, ) = IAccessManager(authority()).hasRole(Roles.ISSUER, voter);
        if (issues || voter == _RESERVE) revert VoteBookIssuerHasNoVote(voter);
        uint256 cap = (circulating() * _CAP_BPS) / _BPS;
        weight = stake.amountMicro;
        if (weight > cap) weight = cap;
    }

    /// @dev Weight of a ballot that counts in this epoch.
    function _countedWeight(address voter) private view returns (uint256 weight) {
        Stake storage stake = _stakes[voter];
        if (stake.count != 0 && stake.castIn < _epoch()) weight = _shareOf(_ballots[voter]) * stake.count;
    }

    function _requireBallot(address voter) private view returns (Stake storage stake) {
        stake = _stakes[voter];
        if (stake.count == 0) revert VoteBookNoBallot(voter);
    }

    function _requireVoter(address voter) private view {
        if (!_mayVote(voter)) revert VoteBookNotAdmitted(voter);
    }

    /// @dev Members keep their vote while suspended; users do not. Where votes are equal only members have one.
    function _mayVote(address voter) private view returns (bool may) {
        if (_FEDERATION.isMember(voter)) return true;
        return _hasCredits() && _FEDERATION.standingOf(voter) == Standing.Active;
    }

    function _hasCredits() private view returns (bool has) {
        return address(_CREDIT) != address(0);
    }

    function _epoch() private view returns (uint256 number) {
        return block.number / _EPOCH_BLOCKS;
    }

    function _namesOf(uint256[3] storage ballot, uint256 count) private view returns (uint16[] memory names) {
        names = new uint16[](count);
        uint256 word;
        for (uint256 i = 0; i < count; ++i) {
            (uint256 slot, uint256 shift) = _placeOf(i);
            if (i == 0 || shift == 0) word = ballot[slot];
            names[i] = uint16(word >> shift);
        }
    }

    function _shareOf(uint256[3] storage ballot) private view returns (uint256 share) {
        return uint96(ballot[0]);
    }

    /// @dev Which word of a ballot a name stands in, and how many bits from the right.
    function _placeOf(uint256 index) private pure returns (uint256 slot, uint256 shift) {
        if (index < _NAMES_BESIDE_SHARE) return (0, _SHARE_BITS + index * 16);
        uint256 place = index - _NAMES_BESIDE_SHARE;
        return (1 + place / NumberLists.PER_WORD, (place % NumberLists.PER_WORD) * 16);
    }
}
