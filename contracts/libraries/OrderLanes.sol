// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title OrderLanes
/// @notice What a meter has ordered per slot, eight slots a word: tag 16 | eight lanes of 30 bits, each sells 1 |
///         orders 3 | wh 26. The words form a ring that is used again; the tag says for which round of slots a word
///         holds, so that a word of an earlier round reads as empty. It repeats after 2^24 slots (15 years of the
///         shortest slots).
library OrderLanes {
    uint256 internal constant SLOTS_PER_WORD = 8;
    uint256 internal constant RING_WORDS = 32;

    uint256 private constant _LANE_BITS = 30;
    uint256 private constant _LANE_MASK = 2 ** 30 - 1;
    uint256 private constant _SELLS_BIT = 1 << 29;
    uint256 private constant _ORDERS_SHIFT = 26;
    uint256 private constant _ORDERS_MASK = 7;
    uint256 private constant _WH_MASK = 2 ** 26 - 1;
    uint256 private constant _TAG_SHIFT = 240;

    /// Which word of the ring holds the slot.
    function wordIndex(uint32 slot) internal pure returns (uint256) {
        return (slot / SLOTS_PER_WORD) % RING_WORDS;
    }

    /// The stored word as it holds for the slot's round: empty but for the tag when it is of another.
    function inRound(uint256 word, uint32 slot) internal pure returns (uint256) {
        uint256 tag = uint16(slot / (SLOTS_PER_WORD * RING_WORDS));
        return word >> _TAG_SHIFT == tag ? word : tag << _TAG_SHIFT;
    }

    function laneOf(uint256 word, uint32 slot) internal pure returns (uint256) {
        return (word >> _shiftOf(slot)) & _LANE_MASK;
    }

    function withLane(uint256 word, uint32 slot, uint256 lane) internal pure returns (uint256) {
        uint256 shift = _shiftOf(slot);
        return (word & ~(_LANE_MASK << shift)) | (lane << shift);
    }

    /// The caller keeps orders within 3 bits and Wh within 26.
    function packLane(bool sells, uint256 orders, uint256 wh) internal pure returns (uint256) {
        return (sells ? _SELLS_BIT : 0) | (orders << _ORDERS_SHIFT) | wh;
    }

    function unpackLane(uint256 lane) internal pure returns (bool sells, uint256 orders, uint256 wh) {
        return (lane & _SELLS_BIT != 0, (lane >> _ORDERS_SHIFT) & _ORDERS_MASK, lane & _WH_MASK);
    }

    function _shiftOf(uint32 slot) private pure returns (uint256) {
        return (slot % SLOTS_PER_WORD) * _LANE_BITS;
    }
}
