// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlotTimes} from "../types/MarketTypes.sol";

/// @title IMarketCalendar
/// @notice When a slot's dates are: the regulator's windows in force for the slot, and the one postponement that the
/// metering operators may make. Slots are floor(Unix time / slot length); dates are Unix seconds. A date is the first
/// second after its window: "until" means `block.timestamp < date`.
interface IMarketCalendar {
    /// @notice A metering operator called for a postponement.
    /// @param firstSlot First slot of the range.
    /// @param lastSlot Last slot of the range.
    /// @param operator The metering operator.
    /// @param bySeconds How far the dates shall move, seconds.
    event PostponementCalled(
        uint32 indexed firstSlot,
        uint32 indexed lastSlot,
        address indexed operator,
        uint32 bySeconds
    );

    /// @notice The metering operators postponed the slot's dates after delivery that had not passed at the block's
    /// time.
    /// @param slot The slot.
    /// @param operator The metering operator whose call decided.
    /// @param bySeconds How far the dates moved, seconds.
    event SlotPostponed(uint32 indexed slot, address indexed operator, uint32 bySeconds);

    /// @notice The caller is no active metering operator.
    /// @param caller Who called.
    error MarketCalendarNotMeteringOperator(address caller);

    /// @notice The operator called for this before, and others still have to.
    /// @param operator Who called.
    error MarketCalendarCalledBefore(address operator);

    /// @notice A range of slots that is empty or larger than one call may postpone.
    /// @param firstSlot First slot of the range.
    /// @param lastSlot Last slot of the range.
    /// @param maximum Most slots in one call.
    error MarketCalendarBadRange(uint32 firstSlot, uint32 lastSlot, uint32 maximum);

    /// @notice The slot was postponed before; once is all.
    /// @param slot The slot.
    error MarketCalendarPostponedBefore(uint32 slot);

    /// @notice The slot's delivery has not started; an outage yet to come postpones nothing.
    /// @param slot The slot.
    /// @param deliveryStart When it starts, Unix seconds.
    error MarketCalendarNotStarted(uint32 slot, uint64 deliveryStart);

    /// @notice The slot's final date has passed; nothing is left to postpone.
    /// @param slot The slot.
    /// @param finalDate When it was final, Unix seconds.
    error MarketCalendarSlotFinal(uint32 slot, uint64 finalDate);

    /// @notice A postponement by nothing or by more than the bound.
    /// @param slot The slot.
    /// @param bySeconds What was asked for, seconds.
    /// @param maximumSeconds The most for this slot: its time from the end of delivery to the final date.
    error MarketCalendarBadPostponement(uint32 slot, uint32 bySeconds, uint64 maximumSeconds);

    /// @notice Calls for a postponement, for an outage of the chain, of the dates after delivery of each slot of a
    /// range; made by the call with which more than half of the federation's metering operators call for the same range
    /// and seconds. It moves the dates that have not passed then. Any active metering operator, once per slot, from the
    /// slot's delivery start to its final date; where there is one operator, its call decides.
    /// @dev Members with that role count whether they are suspended or not, calls only of those that still are active.
    /// @param firstSlot First slot.
    /// @param lastSlot Last slot, at most MAX_POSTPONED_SLOTS in all.
    /// @param bySeconds How far, seconds; at most each slot's time from the end of delivery to the final date, so that
    /// money is never held more than twice as long.
    function postpone(uint32 firstSlot, uint32 lastSlot, uint32 bySeconds) external;

    /// @notice Who has called for a postponement; it is made when more than half of the metering operators have.
    /// @param firstSlot First slot.
    /// @param lastSlot Last slot.
    /// @param bySeconds How far, seconds.
    /// @return operators In order of their calls; some may be active no more.
    function callersOf(
        uint32 firstSlot,
        uint32 lastSlot,
        uint32 bySeconds
    ) external view returns (address[] memory operators);

    /// @notice Length of every slot.
    /// @return lengthSeconds Seconds, 30 or more, for ever the same.
    function slotLength() external view returns (uint32 lengthSeconds);

    /// @notice The slot in delivery at a time.
    /// @param time Unix seconds.
    /// @return slot floor(time / length).
    function slotOf(uint256 time) external view returns (uint32 slot);

    /// @notice All dates of a slot, in order: opens < gateClosure < feederDeadline < districtDeadline < cityDeadline <
    /// deliveryStart < deliveryEnd < readingEnd < actualsUntil < disputeEnd < decisionEnd < finalDate (the first five
    /// lose strictness for slots of 1970 only). Once the slot is open only a postponement moves any.
    /// @param slot The slot.
    /// @return times Unix seconds.
    function timesOf(uint32 slot) external view returns (SlotTimes memory times);

    /// @notice Whether the slot has opened and its gate has not closed.
    /// @param slot The slot.
    /// @return open True from `opens` until `gateClosure`.
    function isOpenForOrders(uint32 slot) external view returns (bool open);

    /// @notice The first slot from which on none is open; schedules take effect from here at the earliest. Never falls.
    /// @return slot At least 1.
    function firstUnopenedSlot() external view returns (uint32 slot);

    /// @notice How a slot was postponed.
    /// @param slot The slot.
    /// @return postponedAt When, Unix seconds; 0 = never.
    /// @return bySeconds How far the dates after `postponedAt` moved, seconds.
    function postponementOf(uint32 slot) external view returns (uint64 postponedAt, uint32 bySeconds);
}
