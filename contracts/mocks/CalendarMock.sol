// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlotTimes} from "../types/MarketTypes.sol";

/// @title CalendarMock
/// @notice What schedules and the device registry ask of IMarketCalendar, set by hand.
contract CalendarMock {
    /// @notice The first slot that counts as not open.
    uint32 public firstUnopenedSlot;

    /// @notice When every slot is final, Unix seconds.
    uint64 public finalDate;

    /// @notice Opens every slot before the given one.
    /// @param slot The first slot that is not open.
    function setFirstUnopenedSlot(uint32 slot) external {
        firstUnopenedSlot = slot;
    }

    /// @notice Says when slots are final.
    /// @param date Of every slot, Unix seconds.
    function setFinalDate(uint64 date) external {
        finalDate = date;
    }

    /// @notice As IMarketCalendar, without the other dates.
    /// @return times The dates.
    function timesOf(uint32) external view returns (SlotTimes memory times) {
        times.finalDate = finalDate;
    }
}
