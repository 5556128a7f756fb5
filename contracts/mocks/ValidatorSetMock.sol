// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ValidatorSet} from "../federation/election/ValidatorSet.sol";
import {SetCause} from "../types/ElectionTypes.sol";

/// @title ValidatorSetMock
/// @notice An election's own ValidatorSet, in an election's slots, with sets of anybody's choice.
contract ValidatorSetMock is ValidatorSet {
    mapping(uint256 key => uint256 value) private _others;

    /// @notice Writes a set.
    /// @param nodes Ascending.
    function write(address[] calldata nodes) external {
        uint256[] memory words = new uint256[](nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            uint256 word = _nodeWord(nodes[i]);
            words[i] = word == 0 ? _nameNode(nodes[i], i + 1) : word;
        }
        _writeSet(words, SetCause.Election);
    }

    /// @notice Fills storage, so that proofs are as long as a grown election's.
    /// @param from The first key.
    /// @param count Words.
    function fill(uint256 from, uint256 count) external {
        for (uint256 key = from; key < from + count; ++key) _others[key] = key + 1;
    }
}
