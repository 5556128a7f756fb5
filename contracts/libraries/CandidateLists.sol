// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title CandidateLists
/// @notice Short lists of candidates' numbers, 25 to a word, the first in the lowest bits; a zero ends the list.
/// @dev To walk a list: `for (; list != 0; list = list.rest()) ... list.first()`.
library CandidateLists {
    /// Of a number.
    uint256 internal constant BITS = 10;
    uint256 internal constant MOST_NUMBER = 1023;
    uint256 internal constant PER_WORD = 25;

    /// The first number; 0 of an empty list.
    function first(uint256 list) internal pure returns (uint256 number) {
        return list & MOST_NUMBER;
    }

    /// The list without its first number.
    function rest(uint256 list) internal pure returns (uint256 shorter) {
        return list >> BITS;
    }

    /// The list with a number at a place where there was none.
    function put(uint256 list, uint256 place, uint256 number) internal pure returns (uint256 longer) {
        unchecked {
            return list | (number << (place * BITS)); // places are below 25
        }
    }
}
