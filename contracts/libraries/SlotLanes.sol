// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title SlotLanes
/// @notice A number of 32 bits per slot, eight slots a storage word.
library SlotLanes {
    struct Lanes {
        mapping(uint256 group => uint256 word) words; // lane of a slot: bits 32 * (slot % 8) and up
    }

    uint256 private constant _SLOTS_PER_WORD = 8;
    uint256 private constant _LANE_BITS = 32;

    /// The caller keeps the value within 32 bits.
    function set(Lanes storage self, uint256 slot, uint256 value) internal {
        uint256 group = slot / _SLOTS_PER_WORD;
        uint256 shift = _shiftOf(slot);
        self.words[group] =
            (self.words[group] & ~(uint256(type(uint32).max) << shift)) | (uint256(uint32(value)) << shift);
    }

    function get(Lanes storage self, uint256 slot) internal view returns (uint256) {
        return uint32(self.words[slot / _SLOTS_PER_WORD] >> _shiftOf(slot));
    }

    function _shiftOf(uint256 slot) private pure returns (uint256) {
        unchecked {
            return (slot % _SLOTS_PER_WORD) * _LANE_BITS; // at most 224
        }
    }
}
