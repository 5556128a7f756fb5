// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountantElection} from "../../interfaces/IAccountantElection.sol";
import {IElectionParts} from "../../interfaces/IElectionParts.sol";
import {IStandingObserver} from "../../interfaces/IStandingObserver.sol";
import {CandidateLists} from "../../libraries/CandidateLists.sol";
import {CandidateWords} from "../../libraries/CandidateWords.sol";
import {NodeWords} from "../../libraries/NodeWords.sol";
import {SetChange} from "../../libraries/SetChange.sol";
import {SetCause} from "../../types/ElectionTypes.sol";
import {Shares} from "./Shares.sol";

/// @title Seats
/// @notice Who may sit, who follows, and how much the set changes in an epoch.
abstract contract Seats is Shares {
    using CandidateLists for uint256;
    using CandidateWords for uint256;
    using NodeWords for uint256;

    /// @dev One word: how much the set changed in an epoch.
    struct Change {
        uint32 epoch;
        uint16 size; // of the set at the epoch's start
        uint16 removed;
        uint16 added;
    }

    uint256 internal constant _MOST_STANDBY = 64;
    uint256 internal constant _STANDBY_WORDS = 3;

    Change private _changeNow;
    uint256[_STANDBY_WORDS] private _standby; // best first; see CandidateLists

    // -------------------- external

    /// @inheritdoc IAccountantElection
    function vacate(uint16 candidate) external {
        if (!_review(candidate)) revert ElectionNothingToVacate(candidate);
    }

    /// @inheritdoc IStandingObserver
    function standingChanged(address account) external {
        uint16 candidate = candidateOf[account];
        if (candidate != 0) _review(candidate);
    }

    /// @inheritdoc IElectionParts
    function jail(uint16 candidate) external {
        _requirePart(address(_court));
        uint256 word = _wordOf(candidate);
        _setFlags(candidate, CandidateWords.JAILED);
        emit CandidateJailed(candidate);
        if (word.has(CandidateWords.SEATED)) _leaveSeat(candidate, SetCause.Jail);
    }

    /// @inheritdoc IElectionParts
    function release(uint16 candidate) external {
        _requirePart(address(_court));
        _clearFlags(candidate, CandidateWords.JAILED);
        emit CandidateReleased(candidate);
    }

    /// @inheritdoc IAccountantElection
    function standby() external view returns (uint16[] memory candidates) {
        candidates = new uint16[](_MOST_STANDBY);
        uint256 count;
        for (uint256 i = 0; i < _STANDBY_WORDS; ++i) {
            for (uint256 list = _standby[i]; list != 0; list = list.rest()) candidates[count++] = uint16(list.first());
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(candidates, count) // shortens, never lengthens
        }
    }

    // -------------------- internal

    /// @dev Takes a seat from a holder that should not have it, as far as the rules on the set let it.
    function _leaveSeat(uint16 candidate, SetCause cause) internal {
        uint256 size = _setSize();
        bool bounded = cause != SetCause.Jail; // jail has a bound of its own
        (uint256 removals, uint256 entries) = _changesLeft();
        uint16 next = !bounded || entries != 0 ? _nextStandby() : 0;
        if ((bounded && removals == 0) || (next == 0 && size <= SetChange.LEAST_SEATS)) {
            _keepSeat(candidate, cause);
            return;
        }
        uint256[] memory removed = new uint256[](1);
        removed[0] = _nodeWordOfCandidate(candidate);
        uint256[] memory added = new uint256[](next == 0 ? 0 : 1);
        if (next != 0) added[0] = _nodeWordOfCandidate(next);
        _changeSet(_presentSet(), removed, added, cause);
    }

    function _keepSeat(uint16 candidate, SetCause cause) internal {
        if (_words[candidate].value.has(CandidateWords.KEPT)) return;
        _setFlags(candidate, CandidateWords.KEPT);
        emit SeatKept(candidate, cause);
    }

    /// @dev Changes the present set: the count of the epoch, the candidates' flags, the set itself.
    function _changeSet(
        uint256[] memory present,
        uint256[] memory removed,
        uint256[] memory added,
        SetCause cause
    ) internal {
        _countChange(present.length, removed.length, added.length, cause);
        for (uint256 i = 0; i < removed.length; ++i) {
            uint16 candidate = removed[i].candidateOf();
            uint256 word = _words[candidate].value;
            _words[candidate].value = word & ~(CandidateWords.SEATED | CandidateWords.KEPT);
            // it sealed until now: its deposit answers for that as long as anybody's
            if (word.has(CandidateWords.RESIGNED)) _conducts[candidate].leftAt = uint48(block.timestamp);
            emit SeatLeft(candidate, cause);
        }
        for (uint256 i = 0; i < added.length; ++i) {
            uint16 candidate = added[i].candidateOf();
            _setFlags(candidate, CandidateWords.SEATED);
            emit SeatTaken(candidate);
        }
        _writeSet(SetChange.merge(present, removed, added), cause);
    }

    /// @dev Seals with another address: one removed, one added.
    function _replaceNode(uint256 oldWord, uint256 newWord) internal {
        uint256[] memory present = _presentSet();
        (uint256 removals, uint256 entries) = _changesLeft();
        if (removals == 0 || entries == 0) {
            revert ElectionChangeBound(SetChange.faultBound(_changeOfEpoch().size), _nextEpochBlock());
        }
        _countChange(present.length, 1, 1, SetCause.NodeChange);
        (uint256[] memory removed, uint256[] memory added) = (new uint256[](1), new uint256[](1));
        (removed[0], added[0]) = (oldWord, newWord);
        _writeSet(SetChange.merge(present, removed, added), SetCause.NodeChange);
    }

    /// @dev `lists` are the words of the standby list.
    function _storeStandby(uint256[_STANDBY_WORDS] memory lists) internal {
        for (uint256 i = 0; i < _STANDBY_WORDS; ++i) if (_standby[i] != lists[i]) _standby[i] = lists[i];
    }

    /// @dev Removals and additions that the epoch still allows.
    function _changesLeft() internal view returns (uint256 removals, uint256 entries) {
        Change memory change = _changeOfEpoch();
        uint256 bound = SetChange.faultBound(change.size);
        removals = bound > change.removed ? bound - change.removed : 0;
        entries = bound > change.added ? bound - change.added : 0;
    }

    /// @dev Whether a candidate may have a seat now.
    function _maySit(uint256 candidate, uint256 word) internal view returns (bool may) {
        return _isEntitled(candidate, word) && !(word.has(CandidateWords.BACKED) && _isVotedOut(candidate));
    }

    // -------------------- private

    /// @dev Whether anything was to be done.
    function _review(uint16 candidate) private returns (bool done) {
        uint256 word = _wordOf(candidate);
        if (!word.has(CandidateWords.SEATED)) return false;
        bool kept = word.has(CandidateWords.KEPT);
        // whoever is voted out leaves with an election, and later where that had to keep the seat
        bool stays = kept ? _maySit(candidate, word) : _isEntitled(candidate, word);
        if (!stays) {
            _leaveSeat(candidate, SetCause.Standing);
            return !kept || !_words[candidate].value.has(CandidateWords.KEPT);
        }
        if (!kept) return false;
        _clearFlags(candidate, CandidateWords.KEPT);
        emit SeatRestored(candidate);
        return true;
    }

    /// @dev Opens the epoch's count with the set as it was, and adds to it what is bounded.
    function _countChange(uint256 size, uint256 removed, uint256 added, SetCause cause) private {
        Change memory change = _changeOfEpoch();
        assert(size == _setSize());
        if (cause != SetCause.Jail) {
            change.removed += uint16(removed);
            change.added += uint16(added);
        }
        _changeNow = change;
    }

    /// @dev Whether a candidate may have a seat, but for being voted out. A founder needs no deposit until founders
    /// lapse.
    function _isEntitled(uint256 candidate, uint256 word) private view returns (bool entitled) {
        if (word.has(CandidateWords.RESIGNED | CandidateWords.JAILED)) return false;
        Accountant storage who = _accountants[candidate];
        bool excused = foundersLapsed ? false : word.has(CandidateWords.FOUNDER);
        if (!excused && who.depositMicro < _MINIMUM_DEPOSIT) return false;
        return _isAccountant(who.member);
    }

    /// @dev The best of the standby list that may sit and does not; 0: none.
    function _nextStandby() private view returns (uint16 candidate) {
        for (uint256 i = 0; i < _STANDBY_WORDS; ++i) {
            for (uint256 list = _standby[i]; list != 0; list = list.rest()) {
                candidate = uint16(list.first());
                uint256 word = _words[candidate].value;
                if (!word.has(CandidateWords.SEATED) && _maySit(candidate, word)) return candidate;
            }
        }
        return 0;
    }

    /// @dev The count of this epoch, opened with the present set if nothing changed in it yet.
    function _changeOfEpoch() private view returns (Change memory change) {
        change = _changeNow;
        uint256 now_ = epoch();
        if (change.epoch != now_ || change.size == 0) {
            change = Change({epoch: uint32(now_), size: uint16(_setSize()), removed: 0, added: 0});
        }
    }
}
