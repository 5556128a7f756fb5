// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IAccountantElection} from "../interfaces/IAccountantElection.sol";
import {IAccountingFees} from "../interfaces/IAccountingFees.sol";
import {IAccountingRevenue} from "../interfaces/IAccountingRevenue.sol";
import {ITradeEscrow} from "../interfaces/ITradeEscrow.sol";
import {IVoteBook} from "../interfaces/IVoteBook.sol";
import {CandidateLists} from "../libraries/CandidateLists.sol";
import {Names} from "../types/ElectionTypes.sol";

/// @title AccountingRevenue
/// @notice Keeps what accountants and their voters are due, and pays it out of this contract's own account in
/// TradeEscrow. See IAccountingRevenue.
/// @dev Whoever claims first is paid first while utilities are behind with fees. Accumulators count micro-credits times
/// 2^64 a unit of ballot share, and only grow; a ballot's reward is rounded down, so all rewards together never exceed
/// what was booked.
contract AccountingRevenue is AccessManaged, IAccountingRevenue {
    using CandidateLists for uint256;

    uint256 private constant _BPS = 10_000;
    uint256 private constant _SCALE_BITS = 64;
    uint256 private constant _NUMBER_BITS = 10; // of candidates, as CandidateLists has them

    IERC20 private immutable _CREDIT;
    IAccountantElection private immutable _ELECTION;
    uint256 private immutable _VOTER_BPS;

    // slot 0: AccessManaged
    ITradeEscrow private _escrow; // slot 1
    IVoteBook private _votes; // slot 2
    mapping(address account => uint64 dueMicro) private _dueMicro; // slot 3; the zero address: the pool
    mapping(address voter => uint256 sum) private _seen; // slot 4: of its candidates' accumulators, when last looked
    uint256[1 << _NUMBER_BITS] private _accumulators; // from slot 5 on, by candidate

    /// @notice Nothing is due yet.
    /// @param initialAuthority The AccessManager that says who has the roles SETTLEMENT and COUNCIL.
    /// @param credit The currency.
    /// @param election Whose accountants earn.
    /// @param voterBps What of a fee goes to those who voted for its accountant, hundredths of a percent.
    constructor(
        address initialAuthority,
        IERC20 credit,
        IAccountantElection election,
        uint16 voterBps
    ) AccessManaged(initialAuthority) {
        if (voterBps > _BPS) revert AccountingRevenueInvalidShare(voterBps);
        _CREDIT = credit;
        _ELECTION = election;
        _VOTER_BPS = voterBps;
    }

    // -------------------- fees

    /// @inheritdoc IAccountingFees
    function book(address accountant, uint64 amountMicro) external restricted {
        if (amountMicro == 0) return;
        (uint16 candidate, address member, uint256 liveWeight) = _ELECTION.bookingOf(accountant);
        if (candidate == 0) {
            _makeDue(address(0), amountMicro);
            return;
        }
        uint64 voterMicro = uint64((amountMicro * _VOTER_BPS) / _BPS); // at most amountMicro
        _makeDue(member, amountMicro - voterMicro);
        if (voterMicro == 0) return;
        if (liveWeight == 0) {
            _makeDue(address(0), voterMicro);
            return;
        }
        _accumulators[candidate] += (uint256(voterMicro) << _SCALE_BITS) / liveWeight;
        emit VoterFeeBooked(candidate, voterMicro);
    }

    /// @inheritdoc IAccountingFees
    function claim(address accountant) external returns (uint64 paidMicro) {
        return _pay(accountant);
    }

    /// @inheritdoc IAccountingFees
    function assignPool(address accountant, uint64 amountMicro) external restricted {
        if (accountant == address(0)) revert AccountingFeesZeroAccountant();
        uint64 poolMicro = _dueMicro[address(0)];
        if (amountMicro > poolMicro) revert AccountingFeesAbovePool(poolMicro, amountMicro);
        _dueMicro[address(0)] = poolMicro - amountMicro;
        _dueMicro[accountant] += amountMicro;
        emit PoolAssigned(accountant, amountMicro);
    }

    // -------------------- voters

    /// @inheritdoc IAccountingRevenue
    function claimVotes(address voter) external returns (uint64 paidMicro) {
        _requireBound();
        (uint256 share, Names memory names) = _votes.ballotOf(voter);
        if (share != 0) {
            uint256 sum = _sumOf(names);
            _reward(voter, share, sum);
            _seen[voter] = sum;
        }
        return _pay(voter);
    }

    /// @inheritdoc IAccountingRevenue
    function ballotCast(address voter, Names calldata names) external {
        _requirePart(address(_votes));
        _seen[voter] = _sumOf(names);
    }

    /// @inheritdoc IAccountingRevenue
    function ballotEnded(address voter, uint256 share, Names calldata names) external {
        _requirePart(address(_votes));
        _reward(voter, share, _sumOf(names));
    }

    /// @inheritdoc IAccountingRevenue
    function addToPool(uint64 amountMicro) external {
        _requirePart(address(_ELECTION));
        _dueMicro[address(0)] += amountMicro;
        emit PoolFunded(amountMicro);
    }

    /// @inheritdoc IAccountingRevenue
    function bindParts(ITradeEscrow escrow, IVoteBook votes) external restricted {
        if (address(_escrow) != address(0)) revert AccountingRevenuePartsBound(address(_escrow));
        (_escrow, _votes) = (escrow, votes);
        emit PartsBound(address(escrow), address(votes));
    }

    // -------------------- views

    /// @inheritdoc IAccountingFees
    function dueOf(address accountant) external view returns (uint64 dueMicro) {
        return _dueMicro[accountant];
    }

    /// @inheritdoc IAccountingRevenue
    function rewardOf(address voter) external view returns (uint64 rewardMicro) {
        if (address(_votes) == address(0)) return 0;
        (uint256 share, Names memory names) = _votes.ballotOf(voter);
        return share == 0 ? 0 : _rewardMicro(voter, share, _sumOf(names));
    }

    /// @inheritdoc IAccountingRevenue
    function accumulatorOf(uint16 candidate) external view returns (uint256 accumulator) {
        return _accumulators[candidate];
    }

    // -------------------- private

    function _makeDue(address account, uint64 amountMicro) private {
        if (amountMicro == 0) return;
        _dueMicro[account] += amountMicro;
        emit FeeBooked(account, amountMicro);
    }

    function _reward(address voter, uint256 share, uint256 sum) private {
        uint64 rewardMicro = _rewardMicro(voter, share, sum);
        if (rewardMicro == 0) return;
        _dueMicro[voter] += rewardMicro;
        emit VoterRewarded(voter, rewardMicro);
    }

    /// @dev Pays what is due, out of what was slashed first, then out of the escrow, as far as there is.
    function _pay(address account) private returns (uint64 paidMicro) {
        if (account == address(0)) revert AccountingFeesZeroAccountant();
        _requireBound();
        uint64 dueMicro = _dueMicro[account];
        uint256 ownMicro = _CREDIT.balanceOf(address(this));
        uint256 cashMicro = ownMicro + _escrow.withdrawableOf(address(this));
        paidMicro = dueMicro < cashMicro ? dueMicro : uint64(cashMicro); // below a number of 64 bits
        if (paidMicro == 0) revert AccountingFeesNothingToPay(account, dueMicro, uint64(cashMicro));
        _dueMicro[account] = dueMicro - paidMicro;
        emit FeesClaimed(account, paidMicro);
        if (paidMicro > ownMicro) _escrow.withdraw(uint64(paidMicro - ownMicro));
        SafeERC20.safeTransfer(_CREDIT, account, paidMicro);
    }

    function _sumOf(Names memory names) private view returns (uint256 sum) {
        return _sumOf(names.first) + _sumOf(names.more);
    }

    function _sumOf(uint256 list) private view returns (uint256 sum) {
        unchecked {
            // 25 numbers, each of less than 2^200: a fee adds less than 2^128 to one
            for (; list != 0; list = list.rest()) sum += _accumulators[list.first()];
        }
    }

    function _rewardMicro(address voter, uint256 share, uint256 sum) private view returns (uint64 rewardMicro) {
        return uint64((share * (sum - _seen[voter])) >> _SCALE_BITS); // at most what was booked, in 64 bits
    }

    function _requireBound() private view {
        if (address(_escrow) == address(0)) revert AccountingRevenuePartsBound(address(0));
    }

    function _requirePart(address part) private view {
        if (msg.sender != part) revert AccountingRevenueNotPart(msg.sender);
    }
}
