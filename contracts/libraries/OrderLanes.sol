// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title OrderLanes
/// @notice What a meter has ordered per slot, eight slots a word: tag 16 | eight lanes of 30 bits, each sells 1 |
///         orders 3 | wh 26. The words form a ring that is used again; the tag says for which round of slots a word
///         holds, so that a word of an earlier round reads as empty. It repeats after 2^24 slots (15 years of the
///         shortest slots).
library OrderLanes {
    uint256 internal constant RING_WORDS = 32;
    /// A lane's sells bit: all there is in the lane of a seller's first order before it is counted.
    uint256 internal constant SELLS_BIT = 1 << 29;
    /// One order more in a lane.
    uint256 internal constant ONE_ORDER = 1 << 26;

    uint256 private constant _SLOTS_PER_WORD = 8;
    uint256 private constant _LANE_BITS = 30;
    uint256 private constant _LANE_MASK = 2 ** 30 - 1;
    uint256 private constant _ORDERS_MASK = 7;
    uint256 private constant _WH_MASK = 2 ** 26 - 1;
    uint256 private constant _TAG_SHIFT = 240;

    /// Which word of the ring holds the slot.
    function wordIndex(uint256 slot) internal pure returns (uint256) {
        return (slot / _SLOTS_PER_WORD) % RING_WORDS;
    }

    /// The stored word as it holds for the slot's round: empty but for the tag when it is of another.
    function inRound(uint256 word, uint256 slot) internal pure returns (uint256) {
        uint256 tag = uint16(slot / (_SLOTS_PER_WORD * RING_WORDS));
        return word >> _TAG_SHIFT == tag ? word : tag << _TAG_SHIFT;
    }

    /// Where the slot's lane begins in its word.
    function shiftOf(uint256 slot) internal pure returns (uint256) {
        unchecked {
            return (slot % _SLOTS_PER_WORD) * _LANE_BITS; // at most 210
        }
    }

    function laneAt(uint256 word, uint256 shift) internal pure returns (uint256) {
        return (word >> shift) & _LANE_MASK;
    }

    function withLane(uint256 word, uint256 shift, uint256 lane) internal pure returns (uint256) {
        return (word & ~(_LANE_MASK << shift)) | (lane << shift);
    }

    function ordersOf(uint256 lane) internal pure returns (uint256) {
        return (lane / ONE_ORDER) & _ORDERS_MASK;
    }

    function whOf(uint256 lane) internal pure returns (uint256) {
        return lane & _WH_MASK;
    }
}
