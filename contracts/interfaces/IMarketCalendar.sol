// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlotTimes} from "../types/MarketTypes.sol";

/// @title IMarketCalendar
interface IMarketCalendar {
    function slotLength() external view returns (uint32 lengthSeconds);
    function slotOf(uint256 time) external view returns (uint32);
    function timesOf(uint32 slot) external view returns (SlotTimes memory);
    /// opened and before gate closure
    function isOpenForOrders(uint32 slot) external view returns (bool);
    /// the first slot that has not opened yet; schedules take effect from here at the earliest
    function firstUnopenedSlot() external view returns (uint32);
}
