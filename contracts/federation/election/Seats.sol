// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountantElection} from "../../interfaces/IAccountantElection.sol";
import {IStandingObserver} from "../../interfaces/IStandingObserver.sol";
import {CandidateWords} from "../../libraries/CandidateWords.sol";
import {NodeWords} from "../../libraries/NodeWords.sol";
import {NumberLists} from "../../libraries/NumberLists.sol";
import {SetChange} from "../../libraries/SetChange.sol";
import {SetCause} from "../../types/ElectionTypes.sol";
import {Shares} from "./Shares.sol";

/// @title Seats
/// @notice Who may sit, who follows, and how much the set changes in an epoch.
abstract contract Seats is Shares {
    using CandidateWords for uint256;
    using NodeWords for uint256;
    using NumberLists for uint256;

    /// @dev One word: how much the set changed in an epoch.
    struct Change {
        uint32 epoch;
        uint16 size; // of the set at the epoch's start
        uint16 removed;
        uint16 added;
    }

    uint256 internal constant _MOST_STANDBY = 64;
    uint256 private constant _STANDBY_WORDS = 4;

    Change private _changeNow;
    uint256[_STANDBY_WORDS] private _standby; // best first, 16 bits each; 0 ends the list

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

    /// @inheritdoc IAccountantElection
    function jail(uint16 candidate) external {
        _requirePart(address(_court));
        uint256 word = _wordOf(candidate);
        _setFlags(candidate, CandidateWords.JAILED);
        emit CandidateJailed(candidate);
        if (word.has(CandidateWords.SEATED)) _leaveSeat(candidate, SetCause.Jail);
    }

    /// @inheritdoc IAccountantElection
    function release(uint16 candidate) external {
        _requirePart(address(_court));
        _clearFlags(candidate, CandidateWords.JAILED);
        emit CandidateReleased(candidate);
    }

    /// @inheritdoc IAccountantElection
    function standby() external view returns (uint16[] memory candidates) {
        candidates = new uint16[](_MOST_STANDBY);
        uint256 count;
        for (uint256 i = 0; i < _MOST_STANDBY; ++i) {
            uint16 next = _standby[i / NumberLists.PER_WORD].numberAt(i % NumberLists.PER_WORD);
            if (next == 0) break;
            candidates[count++] = next;
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
        _changeSet(removed, added, cause);
    }

    function _keepSeat(uint16 candidate, SetCause cause) internal {
        if (_words[candidate - 1].has(CandidateWords.KEPT)) return;
        _setFlags(candidate, CandidateWords.KEPT);
        emit SeatKept(candidate, cause);
    }

    /// @dev Changes the set: the count of the epoch, the candidates' flags, the set itself.
    function _changeSet(uint256[] memory removed, uint256[] memory added, SetCause cause) internal {
        uint256[] memory present = _presentSet();
        _countChange(present.length, removed.length, added.length, cause);
        for (uint256 i = 0; i < removed.length; ++i) {
            uint16 candidate = removed[i].candidateOf();
            _clearFlags(candidate, CandidateWords.SEATED | CandidateWords.KEPT);
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

    function _storeStandby(uint16[] memory candidates, uint256 count) internal {
        for (uint256 i = 0; i < _STANDBY_WORDS; ++i) {
            uint256 word;
            for (uint256 j = 0; j < NumberLists.PER_WORD && i * NumberLists.PER_WORD + j < count; ++j) {
                word = word.put(j, candidates[i * NumberLists.PER_WORD + j]);
            }
            if (_standby[i] != word) _standby[i] = word;
        }
    }

    /// @dev Removals and additions that the epoch still allows.
    function _changesLeft() internal view returns (uint256 removals, uint256 entries) {
        Change memory change = _changeOfEpoch();
        uint256 bound = SetChange.faultBound(change.size);
        removals = bound > change.removed ? bound - change.removed : 0;
        entries = bound > change.added ? bound - change.added : 0;
    }

    /// @dev Whether a candidate may have a seat now. A founder needs no deposit until founders lapse.
    function _maySit(uint256 candidate, uint256 word) internal view returns (bool may) {
        if (word.has(CandidateWords.RESIGNED | CandidateWords.JAILED)) return false;
        Accountant storage who = _accountants[candidate];
        bool excused = foundersLapsed ? false : word.has(CandidateWords.FOUNDER);
        if (!excused && who.depositMicro < _MINIMUM_DEPOSIT) return false;
        if (word.has(CandidateWords.BACKED) && _isVotedOut(candidate)) return false;
        return _isAccountant(who.member);
    }

    // -------------------- private

    /// @dev Whether anything was to be done.
    function _review(uint16 candidate) private returns (bool done) {
        uint256 word = _wordOf(candidate);
        if (!word.has(CandidateWords.SEATED)) return false;
        bool kept = word.has(CandidateWords.KEPT);
        if (!_maySit(candidate, word)) {
            _leaveSeat(candidate, SetCause.Standing);
            return !kept || !_words[candidate - 1].has(CandidateWords.KEPT);
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

    /// @dev The best of the standby list that may sit and does not; 0: none.
    function _nextStandby() private view returns (uint16 candidate) {
        uint256 packed;
        for (uint256 i = 0; i < _MOST_STANDBY; ++i) {
            if (i % NumberLists.PER_WORD == 0) packed = _standby[i / NumberLists.PER_WORD];
            candidate = packed.numberAt(i % NumberLists.PER_WORD);
            if (candidate == 0) return 0;
            uint256 word = _words[candidate - 1];
            if (!word.has(CandidateWords.SEATED) && _maySit(candidate, word)) return candidate;
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
