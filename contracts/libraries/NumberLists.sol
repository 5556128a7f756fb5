// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title NumberLists
/// @notice Short lists of 16-bit numbers, 16 to a word, the first in the lowest bits.
library NumberLists {
    uint256 internal constant PER_WORD = 16;

    /// Words that so many numbers take.
    function wordsFor(uint256 count) internal pure returns (uint256 words) {
        return (count + PER_WORD - 1) / PER_WORD;
    }

    /// A number of the word.
    function numberAt(uint256 word, uint256 index) internal pure returns (uint16 number) {
        return uint16(word >> (index << 4));
    }

    /// The word with a number put where there was none.
    function put(uint256 word, uint256 index, uint256 number) internal pure returns (uint256 changed) {
        return word | (number << (index << 4));
    }
}
