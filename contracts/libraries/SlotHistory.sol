// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title SlotHistory
/// @notice A value that changes from slot to slot: versions, each in force from its slot until the next one's.
/// One storage word a version. Setting a version drops those planned for the same or later slots, so an event
/// "from this slot on" tells all there is to know.
library SlotHistory {
    struct History {
        uint256[] words; // fromSlot 32 | value 224, fromSlot strictly ascending
    }

    uint256 private constant SLOT_SHIFT = 224;

    /// @notice From `fromSlot` on the value holds, whatever was planned. Whether the slot may still change is for the
    /// caller to check.
    /// @param self The history.
    /// @param fromSlot First slot in which it holds.
    /// @param value The value; 0 means "none" to whoever reads before the first version.
    function set(History storage self, uint32 fromSlot, uint224 value) internal {
        uint256 count = self.words.length;
        while (count > 0 && uint32(self.words[count - 1] >> SLOT_SHIFT) >= fromSlot) {
            self.words.pop();
            --count;
        }
        self.words.push((uint256(fromSlot) << SLOT_SHIFT) | value);
    }

    /// @notice The value in force in a slot. Reads the newest version first, which nearly always holds.
    /// @param self The history.
    /// @param slot The slot.
    /// @return value 0 before the first version.
    function valueAt(History storage self, uint32 slot) internal view returns (uint224 value) {
        uint256 high = self.words.length;
        if (high == 0) return 0;
        uint256 word = self.words[high - 1];
        if (uint32(word >> SLOT_SHIFT) <= slot) return uint224(word);
        --high;
        uint256 low = 0;
        // versions below `low` begin at or before the slot, those from `high` on after it
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (uint32(self.words[middle] >> SLOT_SHIFT) <= slot) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : uint224(self.words[low - 1]);
    }

    /// @notice How many versions there are.
    /// @param self The history.
    /// @return count Those passed and those planned.
    function length(History storage self) internal view returns (uint256 count) {
        return self.words.length;
    }

    /// @notice One version.
    /// @param self The history.
    /// @param index From 0, the oldest.
    /// @return fromSlot First slot in which it holds.
    /// @return value The value.
    function version(History storage self, uint256 index) internal view returns (uint32 fromSlot, uint224 value) {
        uint256 word = self.words[index];
        return (uint32(word >> SLOT_SHIFT), uint224(word));
    }
}
