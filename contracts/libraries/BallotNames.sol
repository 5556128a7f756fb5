// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IElectionCandidates} from "../interfaces/IElectionCandidates.sol";
import {IVoteBook} from "../interfaces/IVoteBook.sol";
import {Names} from "../types/ElectionTypes.sol";
import {CandidateLists} from "./CandidateLists.sol";

/// @title BallotNames
/// @notice Whom a ballot names, as voters give it and as it is kept.
library BallotNames {
    using CandidateLists for uint256;

    /// The most that a ballot names: what fits beside the stake, and into one word more.
    uint256 internal constant MOST = 30;

    /// Refuses what is no ballot; whether the last candidate exists is the election's to say.
    function pack(uint256[] calldata candidates) internal pure returns (Names memory names) {
        uint256 size = candidates.length;
        if (size == 0 || size > MOST) revert IVoteBook.VoteBookInvalidBallotSize(size);
        uint256 most = CandidateLists.PER_WORD;
        names.first = _pack(candidates, 0, size < most ? size : most);
        if (size > most) names.more = _pack(candidates, most, size);
        uint256 last = candidates[size - 1];
        if (last > CandidateLists.MOST_NUMBER) revert IElectionCandidates.ElectionNotCandidate(last);
    }

    /// How many it names.
    function count(Names memory names) internal pure returns (uint256 number) {
        return _count(names.first) + _count(names.more);
    }

    /// Its names, ascending.
    function unpack(Names memory names) internal pure returns (uint16[] memory candidates) {
        candidates = new uint16[](count(names));
        uint256 place = 0;
        for (uint256 list = names.first; list != 0; list = list.rest()) candidates[place++] = uint16(list.first());
        for (uint256 list = names.more; list != 0; list = list.rest()) candidates[place++] = uint16(list.first());
    }

    function _count(uint256 list) private pure returns (uint256 number) {
        for (; list != 0; list = list.rest()) ++number;
    }

    /// The candidates at some of the places, each above the one before.
    function _pack(uint256[] calldata candidates, uint256 from, uint256 to) private pure returns (uint256 list) {
        uint256 below = from == 0 ? 0 : candidates[from - 1];
        uint256 shift = 0;
        unchecked {
            // places are at most 30, and the shift 250
            for (uint256 i = from; i < to; ++i) {
                uint256 candidate = candidates[i];
                if (candidate <= below) revert IVoteBook.VoteBookListNotAscending(i);
                list |= candidate << shift;
                shift += CandidateLists.BITS;
                below = candidate;
            }
        }
    }
}
