// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {SlotTimes} from "../types/MarketTypes.sol";
import {Windows} from "../types/WindowTypes.sol";

/// @title SlotClock
/// @notice The arithmetic of slots and their dates, once for MarketRules (what has opened yet) and MarketCalendar (all
/// dates). Times are Unix seconds, lengths and leads seconds. A date before 1970 counts as 0.
library SlotClock {
    /// @notice The slot in delivery at a time: floor(time / length).
    /// @param time Unix seconds.
    /// @param lengthSeconds Length of every slot, above zero.
    /// @return slot Reverts when it is above 2^32-1.
    function slotAt(uint256 time, uint256 lengthSeconds) internal pure returns (uint32 slot) {
        return SafeCast.toUint32(time / lengthSeconds);
    }

    /// @notice The first slot that is not open yet where every slot opens with the same lead.
    /// @param time Now, Unix seconds.
    /// @param opensBefore The lead, seconds before delivery starts.
    /// @param lengthSeconds Length of every slot, above zero.
    /// @return slot At least 1: the slot of 1970 is open whatever the lead.
    function firstUnopened(
        uint256 time,
        uint256 opensBefore,
        uint256 lengthSeconds
    ) internal pure returns (uint32 slot) {
        return SafeCast.toUint32((time + opensBefore) / lengthSeconds + 1);
    }

    /// @notice The dates of a slot, none postponed.
    /// @param windows The windows in force for the slot.
    /// @param slot The slot.
    /// @param lengthSeconds Length of every slot.
    /// @return times All dates.
    function datesOf(
        Windows memory windows,
        uint32 slot,
        uint32 lengthSeconds
    ) internal pure returns (SlotTimes memory times) {
        uint64 start = uint64(slot) * lengthSeconds; // below 2^64: two factors below 2^32
        times.opens = _before(start, windows.opensBefore);
        times.gateClosure = _before(start, windows.gateBefore);
        times.feederDeadline = _before(start, windows.feederBefore);
        times.districtDeadline = _before(start, windows.districtBefore);
        times.cityDeadline = _before(start, windows.cityBefore);
        times.deliveryStart = start;
        times.deliveryEnd = start + lengthSeconds;
        times.readingEnd = times.deliveryEnd + windows.readingFor;
        times.actualsUntil = times.readingEnd + windows.disputeFor / 2;
        times.disputeEnd = times.readingEnd + windows.disputeFor;
        times.decisionEnd = times.disputeEnd + windows.decisionFor;
        times.finalDate = times.decisionEnd + windows.finalFor;
    }

    /// @notice Moves the dates after delivery that had not passed when the slot was postponed. Their order stays.
    /// @param times Changed in place.
    /// @param postponedAt When the slot was postponed, Unix seconds.
    /// @param bySeconds How far the dates move.
    function postpone(SlotTimes memory times, uint64 postponedAt, uint64 bySeconds) internal pure {
        times.readingEnd = _moved(times.readingEnd, postponedAt, bySeconds);
        times.actualsUntil = _moved(times.actualsUntil, postponedAt, bySeconds);
        times.disputeEnd = _moved(times.disputeEnd, postponedAt, bySeconds);
        times.decisionEnd = _moved(times.decisionEnd, postponedAt, bySeconds);
        times.finalDate = _moved(times.finalDate, postponedAt, bySeconds);
    }

    function _before(uint64 start, uint64 lead) private pure returns (uint64 date) {
        return start > lead ? start - lead : 0;
    }

    function _moved(uint64 date, uint64 postponedAt, uint64 bySeconds) private pure returns (uint64 moved) {
        return date > postponedAt ? date + bySeconds : date;
    }
}
