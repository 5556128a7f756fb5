// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountantElection} from "../../interfaces/IAccountantElection.sol";
import {CandidateWords} from "../../libraries/CandidateWords.sol";
import {ElectionStore} from "./ElectionStore.sol";

/// @title Shares
/// @notice What ballots give to candidates, as the vote book says.
abstract contract Shares is ElectionStore {
    using CandidateWords for uint256;

    uint256 private _total; // as a candidate's word: all shares

    /// @inheritdoc IAccountantElection
    function addShares(uint16[] calldata candidates, uint256 share) external {
        _requirePart(address(_votes));
        uint256 now_ = epoch();
        uint256 most = _words.length;
        uint256 below;
        for (uint256 i = 0; i < candidates.length; ++i) {
            uint256 candidate = candidates[i];
            if (candidate <= below) revert ElectionListNotAscending(i);
            if (candidate > most) revert ElectionNotCandidate(candidate);
            uint256 word = _words[candidate - 1];
            if (word.has(CandidateWords.RESIGNED)) revert ElectionResigned(uint16(candidate));
            _words[candidate - 1] = word.plus(now_, share);
            below = candidate;
        }
        _total = _total.plus(now_, share * candidates.length);
    }

    /// @inheritdoc IAccountantElection
    function takeShares(uint16[] calldata candidates, uint256 share) external {
        _requirePart(address(_votes));
        uint256 now_ = epoch();
        for (uint256 i = 0; i < candidates.length; ++i) {
            uint256 place = candidates[i] - 1;
            _words[place] = _words[place].minus(now_, share);
        }
        _total = _total.minus(now_, share * candidates.length);
    }

    /// @inheritdoc IAccountantElection
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
}
