// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Records} from "./Records.sol";

/// @title OrderWords
/// @notice Single fields of an order or rest word (Records.sol) without unpacking the rest: the merge reads them often.
library OrderWords {
    uint256 private constant _WH_SHIFT = 136;
    uint256 private constant _LIMIT_SHIFT = 104;
    uint256 private constant _WH_MASK = uint256(type(uint32).max) << _WH_SHIFT;

    function tagOf(uint256 word) internal pure returns (uint256) {
        return word >> 248;
    }

    function meterOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 216);
    }

    function feederOf(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 192);
    }

    function arrivalOf(uint256 word) internal pure returns (uint256) {
        return uint24(word >> 168);
    }

    function whOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> _WH_SHIFT);
    }

    function limitOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> _LIMIT_SHIFT);
    }

    function indexOf(uint256 word) internal pure returns (uint256) {
        return uint16(word >> 88);
    }

    /// What is left of the order after `wh` of it traded. The caller knows that it has as much.
    function less(uint256 word, uint256 wh) internal pure returns (uint256) {
        unchecked {
            return word - (wh << _WH_SHIFT); // wh <= whOf(word): no borrow from the fields above
        }
    }

    /// The order without energy: cancelled.
    function emptied(uint256 word) internal pure returns (uint256) {
        return word & ~_WH_MASK;
    }

    /// Merit of an order within its side, lower first: bids by price descending, asks by price ascending, then arrival.
    function meritOf(uint256 word) internal pure returns (uint256) {
        uint256 limit = limitOf(word);
        if (tagOf(word) == Records.BUY) limit = type(uint32).max - limit;
        return (limit << 24) | arrivalOf(word);
    }
}
