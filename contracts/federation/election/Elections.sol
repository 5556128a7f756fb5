// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";

import {IAccountantElection} from "../../interfaces/IAccountantElection.sol";
import {CandidateLists} from "../../libraries/CandidateLists.sol";
import {CandidateWords} from "../../libraries/CandidateWords.sol";
import {NodeWords} from "../../libraries/NodeWords.sol";
import {SetChange} from "../../libraries/SetChange.sol";
import {ElectionSettings, SetCause} from "../../types/ElectionTypes.sol";
import {Candidates} from "./Candidates.sol";

/// @title Elections
/// @notice The epoch's election. The order of a thousand candidates is computed by the caller and checked here in one
/// pass: it is sorted, and as long as the number of candidates that rank no lower than its last.
abstract contract Elections is Candidates {
    using CandidateLists for uint256;
    using CandidateWords for uint256;
    using NodeWords for uint256;

    /// @dev An election under way.
    struct Poll {
        uint256 epoch;
        bool open; // the turnout allows more than to replace those that may not stay
        uint256 seats;
        uint256[] words; // by candidate number
        uint256[] verdicts; // by candidate number; see _MAY_SIT
        uint256[] wanted; // candidates without a seat among the first `seats`, best first
        uint256 wantedCount;
        uint256[_STANDBY_WORDS] standby;
        uint256 standbyCount;
    }

    /// @dev Holders that leave or could leave.
    struct Leavers {
        uint256[] forced; // node words
        uint256 forcedCount;
        uint256[] outranked; // their ranks, in any order
        uint256 outrankedCount;
    }

    uint256 private constant _MAY_SIT = 1;
    uint256 private constant _MAY_NOT_SIT = 2;
    uint256 private constant _WANTED = 3;

    uint256 private immutable _TURNOUT_FLOOR_BPS;

    constructor(ElectionSettings memory settings) {
        _TURNOUT_FLOOR_BPS = settings.turnoutFloorBps;
    }

    /// @inheritdoc IAccountantElection
    function elect(uint256[] calldata order) external {
        Poll memory poll;
        poll.epoch = epoch();
        if (poll.epoch <= _lastElection) revert ElectionEpochOpen((_lastElection + 1) * _EPOCH_BLOCKS);
        _lastElection = uint64(poll.epoch);
        poll.seats = seats;
        uint256 turnout = _turnout(poll.epoch);
        // before the vote book is bound nobody has voted
        uint256 circulating = turnout == 0 ? 0 : _votes.circulating();
        poll.open = turnout != 0 && turnout * _BPS >= circulating * _TURNOUT_FLOOR_BPS;
        if (poll.open && !foundersLapsed) {
            foundersLapsed = true;
            emit FoundersLapsed(poll.epoch);
        }
        uint256 ranked = _checkOrder(poll, order);
        _walk(poll, order, ranked);
        (uint256 removed, uint256 added) = _change(poll);
        _storeStandby(poll.standby);
        emit Elected({epoch: poll.epoch, turnout: turnout, circulating: circulating, removed: removed, added: added});
    }

    /// @inheritdoc IAccountantElection
    function setSeats(uint16 seats_) external restricted {
        _requireSeats(seats_);
        seats = seats_;
        emit SeatsChanged(seats_);
    }

    /// @inheritdoc IAccountantElection
    function turnoutFloorBps() external view returns (uint256 bps) {
        return _TURNOUT_FLOOR_BPS;
    }

    // -------------------- the change

    function _change(Poll memory poll) private returns (uint256 removed, uint256 added) {
        uint256[] memory present = _presentSet();
        Leavers memory leavers = _leavers(poll, present);
        (uint256 removals, uint256 entries) = _changesLeft();
        (uint256 forced, uint256 outranked, uint256 entering) = SetChange.plan(
            SetChange.Wish({
                size: present.length,
                seats: poll.seats,
                forced: leavers.forcedCount,
                outranked: leavers.outrankedCount,
                additions: poll.wantedCount,
                removals: removals,
                entries: entries,
                open: poll.open
            })
        );
        for (uint256 i = forced; i < leavers.forcedCount; ++i) {
            _keepSeat(leavers.forced[i].candidateOf(), SetCause.Standing);
        }
        uint256[] memory leaving = _worst(leavers, forced, outranked);
        uint256[] memory coming = new uint256[](entering);
        for (uint256 i = 0; i < entering; ++i) coming[i] = _nodeWordOfCandidate(poll.wanted[i]);
        if (leaving.length + entering != 0) _changeSet(present, leaving, coming, SetCause.Election);
        return (leaving.length, entering);
    }

    /// @dev Sorts the holders: wanted, forced, outranked. A kept seat whose holder may sit again earns again.
    function _leavers(Poll memory poll, uint256[] memory present) private returns (Leavers memory leavers) {
        leavers.forced = new uint256[](present.length);
        leavers.outranked = new uint256[](present.length);
        uint256 founderWeight = foundersLapsed ? 0 : _FOUNDER_WEIGHT;
        for (uint256 i = 0; i < present.length; ++i) {
            uint16 candidate = present[i].candidateOf();
            uint256 word = poll.words[candidate];
            uint256 verdict = poll.verdicts[candidate];
            if (verdict == 0) verdict = _maySit(candidate, word) ? _MAY_SIT : _MAY_NOT_SIT;
            if (verdict == _MAY_NOT_SIT) {
                leavers.forced[leavers.forcedCount++] = present[i];
                continue;
            }
            if (verdict == _MAY_SIT) {
                leavers.outranked[leavers.outrankedCount++] = _rank(word, candidate, poll.epoch, founderWeight);
            }
            if (word.has(CandidateWords.KEPT)) {
                _clearFlags(candidate, CandidateWords.KEPT);
                emit SeatRestored(candidate);
            }
        }
    }

    // -------------------- the order

    /// @dev Reads every candidate once. The order is the top of all: strictly descending, so each once, and as long as
    /// the number of those that rank no lower than its last. Answers how many candidates have weight.
    function _checkOrder(Poll memory poll, uint256[] calldata order) private view returns (uint256 ranked) {
        uint256[] memory words = new uint256[](uint256(candidateCount) + 1);
        poll.words = words;
        uint256 founderWeight = foundersLapsed ? 0 : _FOUNDER_WEIGHT;
        uint256 lastRank = 0;
        if (order.length != 0) {
            uint256 last = order[order.length - 1];
            lastRank = _rank(_wordOf(last), last, poll.epoch, founderWeight);
        }
        uint256 within;
        (ranked, within) = _readWords(words, poll.epoch, founderWeight, lastRank);
        if (order.length != 0 && within != order.length) revert ElectionOrderIncomplete(order.length, within);
        _requireSorted(words, order, poll.epoch, founderWeight);
    }

    /// @dev The first `seats` that may sit are wanted, the next 64 stand by.
    function _walk(Poll memory poll, uint256[] calldata order, uint256 ranked) private view {
        poll.verdicts = new uint256[](poll.words.length);
        poll.wanted = new uint256[](poll.seats);
        uint256 seated;
        for (uint256 i = 0; i < order.length && poll.standbyCount < _MOST_STANDBY; ++i) {
            uint256 candidate = order[i];
            uint256 word = poll.words[candidate];
            if (seated == poll.seats) {
                // whether it may sit is asked when a seat is left
                if (!word.has(CandidateWords.RESIGNED | CandidateWords.JAILED)) {
                    _standBy(poll, candidate);
                }
            } else if (_maySit(candidate, word)) {
                ++seated;
                poll.verdicts[candidate] = _WANTED;
                if (!word.has(CandidateWords.SEATED)) poll.wanted[poll.wantedCount++] = candidate;
            } else {
                poll.verdicts[candidate] = _MAY_NOT_SIT;
            }
        }
        if (poll.standbyCount < _MOST_STANDBY && order.length < ranked) {
            revert ElectionOrderTooShort(seated + poll.standbyCount, poll.seats + _MOST_STANDBY);
        }
    }

    /// @dev The first forced ones and the outranked ones of lowest rank.
    function _worst(
        Leavers memory leavers,
        uint256 forced,
        uint256 outranked
    ) private view returns (uint256[] memory leaving) {
        leaving = new uint256[](forced + outranked);
        for (uint256 i = 0; i < forced; ++i) leaving[i] = leavers.forced[i];
        if (outranked == 0) return leaving;
        uint256[] memory ranks = leavers.outranked;
        uint256 count = leavers.outrankedCount;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(ranks, count) // shortens, never lengthens
        }
        Arrays.sort(ranks);
        for (uint256 i = 0; i < outranked; ++i) {
            leaving[forced + i] = _nodeWordOfCandidate(CandidateWords.candidateOfRank(ranks[i]));
        }
    }

    /// @dev Reads every candidate's word, and counts those with weight and those that rank no lower than `lastRank`.
    /// An election's gas hangs on this loop, so storage is read without the checks of its bounds.
    function _readWords(
        uint256[] memory words,
        uint256 now_,
        uint256 founderWeight,
        uint256 lastRank
    ) private view returns (uint256 ranked, uint256 within) {
        uint256 count = words.length;
        unchecked {
            // counts are at most 1,000, a weight has 88 bits
            for (uint256 i = 1; i < count; ++i) {
                uint256 rank;
                // solhint-disable-next-line no-inline-assembly
                assembly ("memory-safe") {
                    let word := sload(add(_words.slot, i))
                    mstore(add(add(words, 0x20), shl(5, i)), word) // i is below the list's length
                    // as CandidateWords has it: the second weight counts once the epoch of the last touch is over
                    let shift := mul(lt(and(shr(176, word), 0xffffffff), now_), 88)
                    rank := and(shr(shift, word), 0xffffffffffffffffffffff)
                    rank := add(rank, mul(and(shr(208, word), 1), founderWeight))
                    rank := or(shl(16, rank), sub(0xffff, i))
                }
                if (rank > type(uint16).max) ++ranked;
                if (rank >= lastRank) ++within;
            }
        }
    }

    function _standBy(Poll memory poll, uint256 candidate) private pure {
        uint256 place = poll.standbyCount++;
        uint256 list = place / CandidateLists.PER_WORD;
        poll.standby[list] = poll.standby[list].put(place % CandidateLists.PER_WORD, candidate);
    }

    function _requireSorted(
        uint256[] memory words,
        uint256[] calldata order,
        uint256 now_,
        uint256 founderWeight
    ) private pure {
        uint256 above = type(uint256).max;
        for (uint256 i = 0; i < order.length; ++i) {
            uint256 candidate = order[i];
            if (candidate == 0 || candidate >= words.length) revert ElectionNotCandidate(candidate);
            uint256 rank = _rank(words[candidate], candidate, now_, founderWeight);
            if (rank >= above || rank <= type(uint16).max) revert ElectionOrderNotSorted(i);
            above = rank;
        }
    }

    function _rank(
        uint256 word,
        uint256 candidate,
        uint256 now_,
        uint256 founderWeight
    ) private pure returns (uint256 rank) {
        uint256 weight = word.counted(now_);
        if (founderWeight != 0 && word.has(CandidateWords.FOUNDER)) weight += founderWeight;
        return CandidateWords.rankOf(weight, candidate);
    }
}
