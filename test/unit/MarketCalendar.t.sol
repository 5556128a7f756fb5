// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {SlotTimes} from "../../contracts/types/MarketTypes.sol";
import {Windows} from "../../contracts/types/WindowTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

contract MarketCalendarTest is MarketFixture {
    address private operator;

    function setUp() public {
        setUpMarket();
        operator = makeAddr("operator");
        federation.admit(operator, MemberRole.MeteringOperator);
    }

    // -------------------- dates

    function test_DatesFollowFromTheWindows() public view {
        SlotTimes memory times = calendar.timesOf(THIS_SLOT);
        uint64 start = uint64(THIS_SLOT) * LENGTH;
        assertEq(times.opens, start - 48 hours);
        assertEq(times.gateClosure, start - 30 minutes);
        assertEq(times.feederDeadline, start - 20 minutes);
        assertEq(times.districtDeadline, start - 15 minutes);
        assertEq(times.cityDeadline, start - 10 minutes);
        assertEq(times.deliveryStart, start);
        assertEq(times.deliveryEnd, start + 1 hours);
        assertEq(times.readingEnd, start + 7 hours);
        assertEq(times.actualsUntil, start + 19 hours);
        assertEq(times.disputeEnd, start + 31 hours);
        assertEq(times.decisionEnd, start + 55 hours);
        assertEq(times.finalDate, start + 67 hours);
    }

    function testFuzz_DatesAreOrderedUnderAnyWindows(Windows memory windows, uint32 slot) public {
        windows = boundWindows(windows);
        uint32 fromSlot = uint32((NOW + 31 days) / LENGTH + 1);
        vm.prank(regulator);
        rules.setWindows(windows, fromSlot);
        slot = uint32(bound(slot, fromSlot, type(uint32).max));
        assertOrdered(calendar.timesOf(slot));
    }

    function testFuzz_DatesOfNoSlotRevert(uint32 slot) public view {
        SlotTimes memory times = calendar.timesOf(slot);
        assertEq(times.deliveryEnd - times.deliveryStart, LENGTH);
        assertLe(times.opens, times.gateClosure);
        assertLe(times.gateClosure, times.deliveryStart);
    }

    function testFuzz_ATimeIsInTheDeliveryOfItsSlot(uint40 time) public view {
        SlotTimes memory times = calendar.timesOf(calendar.slotOf(time));
        assertLe(times.deliveryStart, time);
        assertLt(time, times.deliveryEnd);
    }

    function test_RevertWhen_TheSlotOfATimeIsTooLarge() public {
        vm.expectRevert();
        calendar.slotOf(uint256(LENGTH) << 32);
        assertEq(calendar.slotOf((uint256(LENGTH) << 32) - 1), type(uint32).max);
    }

    function test_TakesLengthAndFirstUnopenedSlotFromTheRules() public view {
        assertEq(calendar.slotLength(), rules.slotLength());
        assertEq(calendar.firstUnopenedSlot(), rules.firstUnopenedSlot());
    }

    function test_IsOpenFromOpeningToGateClosure() public {
        uint32 slot = THIS_SLOT + 100;
        SlotTimes memory times = calendar.timesOf(slot);
        vm.warp(times.opens - 1);
        assertFalse(calendar.isOpenForOrders(slot));
        vm.warp(times.opens);
        assertTrue(calendar.isOpenForOrders(slot));
        vm.warp(times.gateClosure - 1);
        assertTrue(calendar.isOpenForOrders(slot));
        vm.warp(times.gateClosure);
        assertFalse(calendar.isOpenForOrders(slot));
    }

    // -------------------- postpone

    function test_PostponesAllDatesAfterDeliveryWhileNonePassed() public {
        SlotTimes memory before = calendar.timesOf(THIS_SLOT);
        vm.expectEmit(address(calendar));
        emit IMarketCalendar.SlotPostponed(THIS_SLOT, operator, 5 hours);
        _postpone(THIS_SLOT, 5 hours);
        SlotTimes memory times = calendar.timesOf(THIS_SLOT);
        assertEq(times.deliveryEnd, before.deliveryEnd, "delivery stays");
        assertEq(times.cityDeadline, before.cityDeadline, "deadlines stay");
        assertEq(times.readingEnd, before.readingEnd + 5 hours);
        assertEq(times.actualsUntil, before.actualsUntil + 5 hours);
        assertEq(times.disputeEnd, before.disputeEnd + 5 hours);
        assertEq(times.decisionEnd, before.decisionEnd + 5 hours);
        assertEq(times.finalDate, before.finalDate + 5 hours);
        (uint64 postponedAt, uint32 bySeconds) = calendar.postponementOf(THIS_SLOT);
        assertEq(postponedAt, NOW);
        assertEq(bySeconds, 5 hours);
    }

    function testFuzz_PostponesOnlyDatesThatHaveNotPassedAndKeepsTheirOrder(uint64 time, uint32 bySeconds) public {
        SlotTimes memory before = calendar.timesOf(THIS_SLOT);
        time = uint64(bound(time, before.deliveryStart, before.finalDate - 1));
        bySeconds = uint32(bound(bySeconds, 1, 66 hours));
        vm.warp(time);
        _postpone(THIS_SLOT, bySeconds);
        SlotTimes memory times = calendar.timesOf(THIS_SLOT);
        assertOrdered(times);
        assertEq(times.readingEnd, _moved(before.readingEnd, time, bySeconds));
        assertEq(times.actualsUntil, _moved(before.actualsUntil, time, bySeconds));
        assertEq(times.disputeEnd, _moved(before.disputeEnd, time, bySeconds));
        assertEq(times.decisionEnd, _moved(before.decisionEnd, time, bySeconds));
        assertEq(times.finalDate, before.finalDate + bySeconds, "the final date had not passed");
    }

    function test_ADatePassesInItsOwnSecond() public {
        uint64 readingEnd = calendar.timesOf(THIS_SLOT).readingEnd;
        vm.warp(readingEnd);
        _postpone(THIS_SLOT, 1 hours);
        assertEq(calendar.timesOf(THIS_SLOT).readingEnd, readingEnd);
    }

    function test_PostponesARangeAndNoOtherSlot() public {
        vm.warp(NOW + 5 hours);
        vm.prank(operator);
        calendar.postpone(THIS_SLOT, THIS_SLOT + 2, 1 hours);
        assertEq(_postponedBy(THIS_SLOT - 1), 0);
        assertEq(_postponedBy(THIS_SLOT), 1 hours);
        assertEq(_postponedBy(THIS_SLOT + 2), 1 hours);
        assertEq(_postponedBy(THIS_SLOT + 3), 0);
    }

    function test_PostponementMovesNoOpening() public {
        uint32 first = calendar.firstUnopenedSlot();
        _postpone(THIS_SLOT, 66 hours);
        assertEq(calendar.firstUnopenedSlot(), first);
    }

    function test_RevertWhen_PostponedTwice() public {
        _postpone(THIS_SLOT, 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarPostponedBefore.selector, THIS_SLOT));
        _postpone(THIS_SLOT, 1);
        // ... also where one slot of a range was: none of them moves
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarPostponedBefore.selector, THIS_SLOT));
        vm.prank(operator);
        calendar.postpone(THIS_SLOT - 1, THIS_SLOT, 1);
        assertEq(_postponedBy(THIS_SLOT - 1), 0);
    }

    function testFuzz_RevertWhen_PostponedByNothingOrTooFar(uint32 bySeconds) public {
        if (bySeconds != 0 && bySeconds <= 66 hours) bySeconds += 66 hours;
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketCalendar.MarketCalendarBadPostponement.selector,
                THIS_SLOT,
                bySeconds,
                66 hours
            )
        );
        _postpone(THIS_SLOT, bySeconds);
    }

    function test_RevertWhen_DeliveryHasNotStarted() public {
        uint32 slot = THIS_SLOT + 1;
        uint64 start = uint64(slot) * LENGTH;
        vm.warp(start - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarNotStarted.selector, slot, start));
        _postpone(slot, 1);
        vm.warp(start);
        _postpone(slot, 1);
    }

    function test_RevertWhen_TheSlotIsFinal() public {
        uint64 finalDate = calendar.timesOf(THIS_SLOT).finalDate;
        vm.warp(finalDate);
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarSlotFinal.selector, THIS_SLOT, finalDate));
        _postpone(THIS_SLOT, 1);
    }

    function test_RevertWhen_TheRangeIsEmptyOrTooLarge() public {
        vm.startPrank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketCalendar.MarketCalendarBadRange.selector, THIS_SLOT, THIS_SLOT - 1, 200)
        );
        calendar.postpone(THIS_SLOT, THIS_SLOT - 1, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketCalendar.MarketCalendarBadRange.selector, THIS_SLOT - 200, THIS_SLOT, 200)
        );
        calendar.postpone(THIS_SLOT - 200, THIS_SLOT, 1);
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_TheCallerIsNoMeteringOperator(address caller) public {
        vm.assume(caller != operator);
        _expectNotOperator(caller);
    }

    function test_RevertWhen_TheMeteringOperatorIsSuspendedOrHasAnotherRole() public {
        federation.setActive(operator, false);
        _expectNotOperator(operator);
        federation.setActive(operator, true);
        federation.setRole(operator, MemberRole.MeteringOperator, false);
        federation.setRole(operator, MemberRole.GridOperator, true);
        _expectNotOperator(operator);
        _expectNotOperator(regulator);
    }

    // -------------------- several metering operators

    /// No operator can spend the one postponement of a slot for all the others.
    function test_MoreThanHalfOfTheMeteringOperatorsDecide() public {
        (address second, address third, address fourth) = _threeMoreOperators();
        SlotTimes memory before = calendar.timesOf(THIS_SLOT);
        vm.expectEmit(address(calendar));
        emit IMarketCalendar.PostponementCalled(THIS_SLOT, THIS_SLOT, operator, 1 hours);
        _postpone(THIS_SLOT, 1 hours);
        _postponeBy(second, THIS_SLOT, 1 hours);
        assertEq(_postponedBy(THIS_SLOT), 0, "half is not more than half");
        assertEq(abi.encode(calendar.timesOf(THIS_SLOT)), abi.encode(before));
        address[] memory callers = calendar.callersOf(THIS_SLOT, THIS_SLOT, 1 hours);
        assertEq(callers.length, 2);
        assertEq(callers[0], operator);
        assertEq(callers[1], second);
        vm.warp(before.readingEnd); // passes before the call that decides
        vm.expectEmit(address(calendar));
        emit IMarketCalendar.SlotPostponed(THIS_SLOT, fourth, 1 hours);
        _postponeBy(fourth, THIS_SLOT, 1 hours);
        assertEq(_postponedBy(THIS_SLOT), 1 hours);
        assertEq(calendar.timesOf(THIS_SLOT).readingEnd, before.readingEnd, "what has passed stays");
        assertEq(calendar.timesOf(THIS_SLOT).finalDate, before.finalDate + 1 hours);
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarPostponedBefore.selector, THIS_SLOT));
        _postponeBy(third, THIS_SLOT, 1 hours);
    }

    function test_CallsForOtherSlotsOrSecondsAreOtherCalls() public {
        (address second, address third, ) = _threeMoreOperators();
        vm.warp(NOW + 2 hours);
        _postpone(THIS_SLOT, 1 hours);
        _postponeBy(second, THIS_SLOT, 2 hours);
        _postponeBy(third, THIS_SLOT + 1, 1 hours);
        vm.prank(third);
        calendar.postpone(THIS_SLOT, THIS_SLOT + 1, 1 hours);
        assertEq(_postponedBy(THIS_SLOT), 0);
        assertEq(_postponedBy(THIS_SLOT + 1), 0);
        _postponeBy(second, THIS_SLOT, 1 hours);
        _postponeBy(third, THIS_SLOT, 1 hours);
        assertEq(_postponedBy(THIS_SLOT), 1 hours);
        assertEq(_postponedBy(THIS_SLOT + 1), 0);
    }

    function test_RevertWhen_AnOperatorCallsTwice() public {
        _threeMoreOperators();
        _postpone(THIS_SLOT, 1 hours);
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarCalledBefore.selector, operator));
        _postpone(THIS_SLOT, 1 hours);
    }

    function test_CallsOfThoseWhoAreGoneDoNotCount() public {
        (address second, address third, address fourth) = _threeMoreOperators();
        _postpone(THIS_SLOT, 1 hours);
        _postponeBy(second, THIS_SLOT, 1 hours);
        federation.setActive(second, false); // suspended: counts among all, not among those that call
        _postponeBy(third, THIS_SLOT, 1 hours);
        assertEq(_postponedBy(THIS_SLOT), 0, "two of four");
        federation.setRole(second, MemberRole.MeteringOperator, false);
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarNotMeteringOperator.selector, second));
        _postponeBy(second, THIS_SLOT, 1 hours);
        _postponeBy(third, THIS_SLOT, 1 hours); // two of three now: it calls again, and that decides
        assertEq(_postponedBy(THIS_SLOT), 1 hours);
        assertEq(calendar.callersOf(THIS_SLOT, THIS_SLOT, 1 hours).length, 3, "nobody twice");
        assertTrue(federation.isActive(fourth));
    }

    /// A call that waits for others is refused where the postponement would be.
    function test_RevertWhen_ACallIsForWhatCannotBePostponed() public {
        _threeMoreOperators();
        uint64 start = uint64(THIS_SLOT + 1) * LENGTH;
        vm.expectRevert(
            abi.encodeWithSelector(IMarketCalendar.MarketCalendarNotStarted.selector, THIS_SLOT + 1, start)
        );
        _postpone(THIS_SLOT + 1, 1);
    }

    // -------------------- helpers

    function _threeMoreOperators() private returns (address second, address third, address fourth) {
        (second, third, fourth) = (makeAddr("second"), makeAddr("third"), makeAddr("fourth"));
        federation.admit(second, MemberRole.MeteringOperator);
        federation.admit(third, MemberRole.MeteringOperator);
        federation.admit(fourth, MemberRole.MeteringOperator);
    }

    function _postponeBy(address caller, uint32 slot, uint32 bySeconds) private {
        vm.prank(caller);
        calendar.postpone(slot, slot, bySeconds);
    }

    function _postpone(uint32 slot, uint32 bySeconds) private {
        vm.prank(operator);
        calendar.postpone(slot, slot, bySeconds);
    }

    function _postponedBy(uint32 slot) private view returns (uint32 bySeconds) {
        (, bySeconds) = calendar.postponementOf(slot);
    }

    function _expectNotOperator(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IMarketCalendar.MarketCalendarNotMeteringOperator.selector, caller));
        vm.prank(caller);
        calendar.postpone(THIS_SLOT, THIS_SLOT, 1);
    }

    function _moved(uint64 date, uint64 time, uint32 bySeconds) private pure returns (uint64) {
        return date > time ? date + bySeconds : date;
    }
}
