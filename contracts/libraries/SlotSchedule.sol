// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title SlotSchedule
/// @notice A value that changes at slots: fixed for every open slot, kept for every past one, free to be decided anew
/// for those to come. A decision from a slot on replaces all that was decided before for that slot or a later one.
/// @dev One storage word a version, and one read for the present. A decision that changes nothing leaves no version, so
/// two neighbours always differ. OpenZeppelin's Checkpoints do not fit: their keys never fall, so a decision for a far
/// slot would forbid every earlier one.
library SlotSchedule {
    /// @notice A version is its first slot (32 bits) and its value (224 bits).
    /// @param head The version that starts last; 0 while there is none.
    /// @param past All others, by slot.
    struct Schedule {
        uint256 head;
        uint256[] past;
    }

    uint256 private constant SLOT_SHIFT = 224;

    /// @notice A change starts in a slot that has not opened.
    /// @param fromSlot The slot given.
    /// @param firstUnopenedSlot The first slot that would do.
    error SlotScheduleSlotOpen(uint32 fromSlot, uint32 firstUnopenedSlot);

    /// @notice Decides the value from a slot on.
    /// @param self The schedule.
    /// @param fromSlot The first slot with the new value.
    /// @param value The value; 0 for none, as before the first version.
    /// @param firstUnopenedSlot What the market's calendar says now; the slots before are not touched.
    function set(Schedule storage self, uint32 fromSlot, uint224 value, uint32 firstUnopenedSlot) internal {
        if (fromSlot < firstUnopenedSlot) revert SlotScheduleSlotOpen(fromSlot, firstUnopenedSlot);
        uint256 head = self.head;
        uint256 left = self.past.length;
        while (head != 0 && _slotOf(head) >= fromSlot) {
            if (left == 0) {
                head = 0;
                break;
            }
            head = self.past[--left];
            self.past.pop();
        }
        if (value != uint224(head)) {
            if (head != 0) self.past.push(head);
            head = (uint256(fromSlot) << SLOT_SHIFT) | value;
        }
        self.head = head;
    }

    /// @notice The value in a slot.
    /// @param self The schedule.
    /// @param slot Any slot, past or to come.
    /// @return value 0 before the first version.
    function valueAt(Schedule storage self, uint32 slot) internal view returns (uint224 value) {
        uint256 head = self.head;
        if (slot >= _slotOf(head)) return uint224(head);
        uint256 count = _startedBy(self.past, slot);
        return count == 0 ? 0 : uint224(self.past[count - 1]);
    }

    /// @notice The value that stands in every slot of a range.
    /// @param self The schedule.
    /// @param first The first slot.
    /// @param last The last slot, not before the first.
    /// @return value 0 when it changes within the range.
    function valueThroughout(Schedule storage self, uint32 first, uint32 last) internal view returns (uint224 value) {
        uint256 head = self.head;
        if (first >= _slotOf(head)) return uint224(head);
        if (last >= _slotOf(head)) return 0;
        // Neighbours differ: either one version covers the whole range, or the value changes in it.
        uint256 count = _startedBy(self.past, last);
        if (count == 0 || _slotOf(self.past[count - 1]) > first) return 0;
        return uint224(self.past[count - 1]);
    }

    /// @notice The value decided for the last slots, in force or still to come.
    /// @param self The schedule.
    /// @return value 0 when there is none.
    function latestValue(Schedule storage self) internal view returns (uint224 value) {
        return uint224(self.head);
    }

    /// @notice Every version that is in force in a slot or starts after it.
    /// @param self The schedule.
    /// @param slot The slot.
    /// @return slots Where each starts, ascending; the first may start before `slot`.
    /// @return values Their values, none of them equal to its neighbour.
    function versionsFrom(
        Schedule storage self,
        uint32 slot
    ) internal view returns (uint32[] memory slots, uint224[] memory values) {
        uint256 head = self.head;
        if (head == 0) return (slots, values);
        uint256 first = self.past.length;
        if (_slotOf(head) > slot) {
            first = _startedBy(self.past, slot);
            if (first > 0) --first;
        }
        uint256 count = self.past.length - first + 1;
        slots = new uint32[](count);
        values = new uint224[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 version = i + 1 == count ? head : self.past[first + i];
            slots[i] = _slotOf(version);
            values[i] = uint224(version);
        }
    }

    /// @dev How many versions start in the slot or before; they are sorted.
    function _startedBy(uint256[] storage versions, uint32 slot) private view returns (uint256 count) {
        uint256 high = versions.length;
        while (count < high) {
            uint256 middle = (count + high) / 2;
            if (_slotOf(versions[middle]) <= slot) count = middle + 1;
            else high = middle;
        }
    }

    function _slotOf(uint256 version) private pure returns (uint32 slot) {
        return uint32(version >> SLOT_SHIFT);
    }
}
