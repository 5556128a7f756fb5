// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountantElection} from "../../interfaces/IAccountantElection.sol";
import {IElectionParts} from "../../interfaces/IElectionParts.sol";
import {CandidateLists} from "../../libraries/CandidateLists.sol";
import {CandidateWords} from "../../libraries/CandidateWords.sol";
import {Names} from "../../types/ElectionTypes.sol";
import {ElectionStore} from "./ElectionStore.sol";

/// @title Shares
/// @notice What ballots give to candidates, as the vote book says.
abstract contract Shares is ElectionStore {
    using CandidateLists for uint256;
    using CandidateWords for uint256;

    uint256 private _total; // as a candidate's word: all shares

    /// @inheritdoc IElectionParts
    function addShares(Names calldata names, uint256 share) external {
        _requirePart(address(_votes));
        uint256 now_ = epoch();
        uint256 count = _addTo(names.first, now_, share) + _addTo(names.more, now_, share);
        _total = _total.withLive(now_, _total.live() + share * count);
    }

    /// @inheritdoc IElectionParts
    function takeShares(Names calldata names, uint256 share) external {
        _requirePart(address(_votes));
        uint256 now_ = epoch();
        uint256 count = _takeFrom(names.first, now_, share) + _takeFrom(names.more, now_, share);
        _total = _total.withLive(now_, _total.live() - share * count);
    }

    /// @inheritdoc IElectionParts
    function flagRemoval(uint16 candidate, bool backed) external {
        _requirePart(address(_votes));
        _wordOf(candidate);
        if (backed) _setFlags(candidate, CandidateWords.BACKED);
        else _clearFlags(candidate, CandidateWords.BACKED);
    }

    /// @inheritdoc IAccountantElection
    function totalWeight() external view returns (uint256 counted, uint256 live) {
        return (_turnout(epoch()), _total.live());
    }

    function _turnout(uint256 now_) internal view returns (uint256 weight) {
        return _total.counted(now_);
    }

    /// @dev More than half of all that counts is behind the candidate's removal.
    function _isVotedOut(uint256 candidate) internal view returns (bool votedOut) {
        uint256 all = _turnout(epoch()) + (foundersLapsed ? 0 : _FOUNDERS * _FOUNDER_WEIGHT);
        return _votes.removalWeightOf(uint16(candidate)) * 2 > all;
    }

    /// @dev A long ballot's gas hangs on this loop and the next.
    function _addTo(uint256 list, uint256 now_, uint256 share) private returns (uint256 count) {
        unchecked {
            // at most 25 names; weights and shares are far below 2^255
            for (; list != 0; list = list.rest()) {
                uint256 candidate = list.first();
                Word storage place = _words[candidate];
                uint256 word = place.value;
                // nobody's word is zero
                if (word & (CandidateWords.EXISTS | CandidateWords.RESIGNED) != CandidateWords.EXISTS) {
                    if (word == 0) revert ElectionNotCandidate(candidate);
                    revert ElectionResigned(uint16(candidate));
                }
                place.value = word.withLive(now_, word.live() + share);
                ++count;
            }
        }
    }

    function _takeFrom(uint256 list, uint256 now_, uint256 share) private returns (uint256 count) {
        for (; list != 0; list = list.rest()) {
            Word storage place = _words[list.first()];
            uint256 word = place.value;
            place.value = word.withLive(now_, word.live() - share);
            ++count;
        }
    }
}
