// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {IAccountantElection} from "../interfaces/IAccountantElection.sol";
import {IAccountingRevenue} from "../interfaces/IAccountingRevenue.sol";
import {Standing} from "../interfaces/IFederation.sol";
import {IVoteBook} from "../interfaces/IVoteBook.sol";
import {BallotNames} from "../libraries/BallotNames.sol";
import {Roles} from "../libraries/Roles.sol";
import {Names, VoterInfo} from "../types/ElectionTypes.sol";
import {Circulation} from "./election/Circulation.sol";

/// @title VoteBook
/// @notice Stake, ballots, and who backs whose removal. See IVoteBook.
/// @dev `multicall` as in Settlement: whoever locks and votes in one transaction locks nothing for a refused ballot.
contract VoteBook is AccessManaged, Circulation, Multicall {
    using BallotNames for uint256[];
    using BallotNames for Names;

    /// @dev Two words: a ballot of 30 names costs no more storage than one of a single name.
    struct Stake {
        uint64 amountMicro;
        uint64 share; // of each candidate of the ballot; 0: no ballot stands
        uint40 changedAt; // when the ballot was cast, or ended, Unix seconds
        uint32 changedIn; // the same as a block
        uint56 moreNames; // five of 10 bits; see Names
        uint256 firstNames; // of the last ballot, whether or not it stands
    }

    struct Backing {
        uint16 candidate; // 0: nobody's removal
        uint88 weight; // of the ballot
        uint88 founderWeight;
    }

    struct RemovalTally {
        uint88 weight; // of ballots
        uint88 founderWeight; // until founders lapse
    }

    uint256 private constant _BPS = 10_000;

    IAccountantElection private immutable _ELECTION;
    uint256 private immutable _UNLOCK_SECONDS;
    uint256 private immutable _CAP_BPS;

    // slot 0: AccessManaged; slot 1: Circulation
    IAccountingRevenue private _revenue; // slot 2
    mapping(address voter => Stake stake) private _stakes; // slot 3
    mapping(address voter => Backing backing) private _backings; // slot 4
    mapping(uint256 candidate => RemovalTally tally) private _removals; // slot 5

    /// @notice Nobody voted yet.
    /// @param initialAuthority The AccessManager that says who has the role ISSUER.
    /// @param election Where shares stand; it says which chain this is.
    /// @param reserve The issuer's own account, whose credits do not circulate and carry no vote; zero: none.
    /// @param capBps_ Most of the circulating credits that one admission's ballot weighs, hundredths of a percent.
    constructor(
        address initialAuthority,
        IAccountantElection election,
        address reserve,
        uint16 capBps_
    ) AccessManaged(initialAuthority) Circulation(election, reserve) {
        if (capBps_ == 0 || capBps_ > _BPS) revert VoteBookInvalidSetting("capBps");
        _ELECTION = election;
        _UNLOCK_SECONDS = election.unlockSeconds();
        _CAP_BPS = capBps_;
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
    function vote(uint256[] calldata candidates) external {
        Names memory names = candidates.pack();
        _requireVoter(msg.sender);
        Stake storage stake = _stakes[msg.sender];
        if (stake.share != 0) _endBallot(msg.sender, stake);
        uint64 amountMicro = stake.amountMicro;
        uint256 share = _weightOf(msg.sender, amountMicro) / candidates.length;
        if (share == 0) revert VoteBookNoWeight(msg.sender);
        _stakes[msg.sender] = Stake({
            amountMicro: amountMicro,
            share: uint64(share), // of a weight of 64 bits
            changedAt: uint40(block.timestamp),
            changedIn: uint32(block.number),
            moreNames: uint56(names.more), // 50 bits
            firstNames: names.first
        });
        emit BallotCast(msg.sender, share, names);
        _ELECTION.addShares(names, share);
        if (address(_revenue) != address(0)) _revenue.ballotCast(msg.sender, names);
    }

    /// @inheritdoc IVoteBook
    function unvote() external {
        _endBallot(msg.sender, _requireBallot(msg.sender));
    }

    /// @inheritdoc IVoteBook
    function dropBallot(address voter) external {
        if (_mayVote(voter)) revert VoteBookStillAdmitted(voter);
        // a founder backs without a ballot
        if (_stakes[voter].share == 0 && _backings[voter].candidate != 0) _endBacking(voter);
        else _endBallot(voter, _requireBallot(voter));
    }

    /// @inheritdoc IVoteBook
    function withdrawStake() external {
        Stake storage stake = _stakes[msg.sender];
        uint256 amountMicro = stake.amountMicro;
        if (amountMicro == 0) revert VoteBookZeroAmount();
        if (stake.share != 0) revert VoteBookBallotStands(msg.sender);
        (uint256 atSeconds, uint256 inBlock) = _unlockOf(stake);
        if (block.timestamp < atSeconds || block.number < inBlock) revert VoteBookStakeLocked(atSeconds, inBlock);
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
    function capBps() external view returns (uint256 bps) {
        return _CAP_BPS;
    }

    /// @inheritdoc IVoteBook
    function voterInfo(address voter) external view returns (VoterInfo memory info) {
        Stake storage stake = _stakes[voter];
        (info.stakeMicro, info.share) = (stake.amountMicro, stake.share);
        (info.unlockAt, info.unlockBlock) = _unlockOf(stake);
        info.castEpoch = _epochOf(stake.changedIn);
        if (info.share != 0) info.candidates = _namesOf(stake).unpack();
        info.backedRemoval = _backings[voter].candidate;
    }

    /// @inheritdoc IVoteBook
    function removalWeightOf(uint16 candidate) external view returns (uint256 weight) {
        RemovalTally storage tally = _removals[candidate];
        return tally.weight + (_ELECTION.foundersLapsed() ? 0 : tally.founderWeight);
    }

    /// @inheritdoc IVoteBook
    function ballotOf(address voter) external view returns (uint256 share, Names memory names) {
        Stake storage stake = _stakes[voter];
        return (stake.share, _namesOf(stake));
    }

    // -------------------- private

    /// @dev A ballot of this epoch stays, unless its voter may not vote any more.
    function _endBallot(address voter, Stake storage stake) private {
        uint256 castEpoch = _epochOf(stake.changedIn);
        if (castEpoch == _epochOf(block.number) && _mayVote(voter))
            revert VoteBookBallotFresh((castEpoch + 1) * _EPOCH_BLOCKS);
        (uint256 share, Names memory names) = (stake.share, _namesOf(stake));
        (stake.share, stake.changedAt, stake.changedIn) = (0, uint40(block.timestamp), uint32(block.number));
        if (_backings[voter].candidate != 0) _endBacking(voter);
        emit BallotEnded(voter);
        _ELECTION.takeShares(names, share);
        if (address(_revenue) != address(0)) _revenue.ballotEnded(voter, share, names);
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

    /// @dev Weight of a ballot cast now. The cap is of what circulated in the last epoch, or does now if that is less,
    /// so that nobody raises its own by credits that come and go.
    function _weightOf(address voter, uint256 stakeMicro) private returns (uint256 weight) {
        if (!_hasCredits()) return _EQUAL_VOTE;
        // a suspended issuer, too
        (uint48 issuesSince, , , ) = IAccessManager(authority()).getAccess(Roles.ISSUER, voter);
        if (issuesSince != 0 || voter == _RESERVE) revert VoteBookIssuerHasNoVote(voter);
        return Math.min(stakeMicro, (_leastCirculating() * _CAP_BPS) / _BPS);
    }

    /// @dev Weight of a ballot that counts in this epoch.
    function _countedWeight(address voter) private view returns (uint256 weight) {
        Stake storage stake = _stakes[voter];
        if (_epochOf(stake.changedIn) < _epochOf(block.number)) weight = stake.share * _namesOf(stake).count();
    }

    /// @dev When stake without a ballot is free; zeros while there is a ballot, and if there never was one.
    function _unlockOf(Stake storage stake) private view returns (uint256 atSeconds, uint256 inBlock) {
        if (stake.share != 0 || stake.changedIn == 0) return (0, 0);
        // epochs are counted in blocks, and blocks can be late
        return (stake.changedAt + _UNLOCK_SECONDS, stake.changedIn + 2 * _EPOCH_BLOCKS);
    }

    function _namesOf(Stake storage stake) private view returns (Names memory names) {
        return Names({first: stake.firstNames, more: stake.moreNames});
    }

    function _requireBallot(address voter) private view returns (Stake storage stake) {
        stake = _stakes[voter];
        if (stake.share == 0) revert VoteBookNoBallot(voter);
    }

    function _requireVoter(address voter) private view {
        if (!_mayVote(voter)) revert VoteBookNotAdmitted(voter);
    }

    /// @dev Members keep their vote while suspended; users do not. Where votes are equal only members have one.
    function _mayVote(address voter) private view returns (bool may) {
        if (_FEDERATION.isMember(voter)) return true;
        return _hasCredits() && _FEDERATION.standingOf(voter) == Standing.Active;
    }
}
