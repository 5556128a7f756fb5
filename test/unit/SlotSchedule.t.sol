// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlotSchedule} from "../../contracts/libraries/SlotSchedule.sol";
import {Test} from "../utils/Test.sol";

/// @dev Beside the schedule stands the simplest thing that could be right: an array with a value for each slot.
contract SlotScheduleTest is Test {
    using SlotSchedule for SlotSchedule.Schedule;

    uint32 private constant SLOTS = 24;

    SlotSchedule.Schedule private schedule;
    uint224[SLOTS] private expected;

    function test_NothingIsDecidedBeforeTheFirstDecision() public view {
        assertEq(schedule.valueAt(0), 0);
        assertEq(schedule.valueAt(type(uint32).max), 0);
        assertEq(schedule.valueThroughout(0, 9), 0);
        assertEq(schedule.latestValue(), 0);
        (uint32[] memory slots, ) = schedule.versionsFrom(0);
        assertEq(slots.length, 0);
    }

    function test_ADecisionHoldsFromItsSlotOn() public {
        schedule.set(10, 7, 10);
        assertEq(schedule.valueAt(9), 0);
        assertEq(schedule.valueAt(10), 7);
        assertEq(schedule.valueAt(type(uint32).max), 7);
    }

    function test_SlotZeroAndTheLastSlotAreSlotsLikeOthers() public {
        schedule.set(0, 7, 0);
        schedule.set(type(uint32).max, 8, 0);
        assertEq(schedule.valueAt(0), 7);
        assertEq(schedule.valueAt(type(uint32).max - 1), 7);
        assertEq(schedule.valueAt(type(uint32).max), 8);
        schedule.set(0, 0, 0);
        assertEq(schedule.valueAt(type(uint32).max), 0);
    }

    function test_AnEarlierDecisionReplacesALaterOne() public {
        schedule.set(100, 7, 1);
        schedule.set(50, 8, 1);
        assertEq(schedule.valueAt(49), 0);
        assertEq(schedule.valueAt(100), 8);
    }

    function test_ADecisionThatChangesNothingLeavesNoVersion() public {
        schedule.set(10, 7, 1);
        schedule.set(20, 8, 1);
        schedule.set(20, 7, 1);
        schedule.set(30, 7, 1);
        (uint32[] memory slots, uint224[] memory values) = schedule.versionsFrom(0);
        assertEq(slots.length, 1);
        assertEq(slots[0], 10);
        assertEq(values[0], 7);
        assertEq(schedule.valueThroughout(10, 99), 7);
    }

    function test_ARangeWithAChangeAndBackIsNotThroughout() public {
        schedule.set(10, 7, 1);
        schedule.set(20, 8, 1);
        schedule.set(30, 7, 1);
        assertEq(schedule.valueThroughout(15, 35), 0);
        assertEq(schedule.valueThroughout(10, 19), 7);
        assertEq(schedule.valueThroughout(19, 20), 0);
        assertEq(schedule.valueThroughout(20, 29), 8);
        assertEq(schedule.valueThroughout(30, 99), 7);
        assertEq(schedule.valueThroughout(9, 10), 0);
    }

    function testFuzz_RevertWhen_TheSlotIsOpen(uint32 fromSlot, uint32 firstUnopened) public {
        firstUnopened = uint32(bound(firstUnopened, 1, type(uint32).max));
        fromSlot = uint32(bound(fromSlot, 0, firstUnopened - 1));
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, fromSlot, firstUnopened));
        this.set(fromSlot, 1, firstUnopened);
    }

    function set(uint32 fromSlot, uint224 value, uint32 firstUnopened) external {
        schedule.set(fromSlot, value, firstUnopened);
    }

    function testFuzz_EveryAnswerIsThatOfAPlainArray(uint256 seed) public {
        uint32 opened = 0;
        for (uint256 step = 0; step < 12; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            opened = uint32(bound(seed % 4, 0, SLOTS - 1 - opened)) + opened;
            uint32 fromSlot = opened + uint32((seed >> 8) % (SLOTS - opened));
            uint224 value = uint224((seed >> 16) % 3);
            schedule.set(fromSlot, value, opened);
            for (uint32 slot = fromSlot; slot < SLOTS; ++slot) expected[slot] = value;
            _compare();
        }
    }

    function _compare() private view {
        for (uint32 first = 0; first < SLOTS; ++first) {
            assertEq(schedule.valueAt(first), expected[first]);
            (uint32[] memory slots, uint224[] memory values) = schedule.versionsFrom(first);
            for (uint256 i = 0; i < slots.length; ++i) {
                assertEq(values[i], schedule.valueAt(slots[i]));
                if (i > 0) assertTrue(slots[i] > slots[i - 1] && slots[i] > first && values[i] != values[i - 1]);
            }
            if (slots.length > 0) assertEq(values[slots.length - 1], expected[SLOTS - 1]);
            bool same = true;
            for (uint32 last = first; last < SLOTS; ++last) {
                same = same && expected[last] == expected[first];
                assertEq(schedule.valueThroughout(first, last), same ? expected[first] : 0);
            }
        }
        assertEq(schedule.latestValue(), expected[SLOTS - 1]);
    }
}
