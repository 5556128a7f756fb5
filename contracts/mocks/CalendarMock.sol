// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title CalendarMock
/// @notice The one thing that schedules ask of IMarketCalendar, set by hand.
contract CalendarMock {
    /// @notice The first slot that counts as not open.
    uint32 public firstUnopenedSlot;

    /// @notice Opens every slot before the given one.
    /// @param slot The first slot that is not open.
    function setFirstUnopenedSlot(uint32 slot) external {
        firstUnopenedSlot = slot;
    }
}
