// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation, MemberRole} from "../../interfaces/IFederation.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {MeteringOperators} from "../../libraries/MeteringOperators.sol";
import {SlotClock} from "../../libraries/SlotClock.sol";
import {SlotTimes} from "../../types/MarketTypes.sol";

/// @title MarketCalendar
/// @notice The one place that says when a slot's dates are.
/// @dev A postponement stores when it was made and by how much; every date after that moment moves, so the dates keep
/// their order and none that has passed comes back. There is one postponement of a slot for all cities, as there is one
/// chain: so more than half of the metering operators must call for it, and no one of several can spend it.
contract MarketCalendar is IMarketCalendar {
    using MeteringOperators for IFederation;

    struct Postponement {
        uint64 postponedAt; // Unix seconds
        uint32 bySeconds;
    }

    /// @notice Most slots that one call may postpone.
    uint32 public constant MAX_POSTPONED_SLOTS = 200;

    uint32 private immutable _SLOT_LENGTH; // seconds
    IMarketRules private immutable _RULES;
    IFederation private immutable _FEDERATION;

    // slot 0
    mapping(uint32 slot => Postponement postponement) private _postponements;
    // slot 1; by the hash of range and seconds
    mapping(bytes32 call => address[] operators) private _callers;

    /// @notice Takes the slot length over from the rules.
    /// @param rules Where the windows are set.
    /// @param federation Who is an active metering operator.
    constructor(IMarketRules rules, IFederation federation) {
        _RULES = rules;
        _FEDERATION = federation;
        _SLOT_LENGTH = rules.slotLength();
    }

    /// @inheritdoc IMarketCalendar
    function postpone(uint32 firstSlot, uint32 lastSlot, uint32 bySeconds) external {
        if (!_FEDERATION.mayAct(msg.sender)) revert MarketCalendarNotMeteringOperator(msg.sender);
        if (lastSlot < firstSlot || lastSlot - firstSlot >= MAX_POSTPONED_SLOTS) {
            revert MarketCalendarBadRange(firstSlot, lastSlot, MAX_POSTPONED_SLOTS);
        }
        bool decided = _call(_callOf(firstSlot, lastSlot, bySeconds));
        emit PostponementCalled(firstSlot, lastSlot, msg.sender, bySeconds);
        for (uint256 slot = firstSlot; slot <= lastSlot; ++slot) {
            _requirePostponable(uint32(slot), bySeconds);
            if (decided) _postpone(uint32(slot), bySeconds);
        }
    }

    /// @inheritdoc IMarketCalendar
    function slotLength() external view returns (uint32 lengthSeconds) {
        return _SLOT_LENGTH;
    }

    /// @inheritdoc IMarketCalendar
    function slotOf(uint256 time) external view returns (uint32 slot) {
        return SlotClock.slotAt(time, _SLOT_LENGTH);
    }

    /// @inheritdoc IMarketCalendar
    function isOpenForOrders(uint32 slot) external view returns (bool open) {
        SlotTimes memory times = _undelayedTimesOf(slot); // a postponement moves dates after delivery only
        return times.opens <= block.timestamp && block.timestamp < times.gateClosure;
    }

    /// @inheritdoc IMarketCalendar
    function firstUnopenedSlot() external view returns (uint32 slot) {
        return _RULES.firstUnopenedSlot();
    }

    /// @inheritdoc IMarketCalendar
    function postponementOf(uint32 slot) external view returns (uint64 postponedAt, uint32 bySeconds) {
        Postponement memory made = _postponements[slot];
        return (made.postponedAt, made.bySeconds);
    }

    /// @inheritdoc IMarketCalendar
    function callersOf(
        uint32 firstSlot,
        uint32 lastSlot,
        uint32 bySeconds
    ) external view returns (address[] memory operators) {
        return _callers[_callOf(firstSlot, lastSlot, bySeconds)];
    }

    /// @inheritdoc IMarketCalendar
    function timesOf(uint32 slot) public view returns (SlotTimes memory times) {
        times = _undelayedTimesOf(slot);
        Postponement memory made = _postponements[slot];
        if (made.bySeconds != 0) SlotClock.postpone(times, made.postponedAt, made.bySeconds);
    }

    /// @dev Counts the caller's call; true when with it more than half of the metering operators call for the same.
    /// Those that called and are active no more do not count, nor does anybody twice.
    function _call(bytes32 call) private returns (bool decided) {
        address[] storage operators = _callers[call];
        uint256 active = 1;
        bool again = false;
        for (uint256 i = 0; i < operators.length; ++i) {
            if (operators[i] == msg.sender) again = true;
            else if (_FEDERATION.mayAct(operators[i])) ++active;
        }
        decided = 2 * active > _FEDERATION.memberCountOf(MemberRole.MeteringOperator);
        if (again && !decided) revert MarketCalendarCalledBefore(msg.sender);
        if (!again) operators.push(msg.sender);
    }

    function _postpone(uint32 slot, uint32 bySeconds) private {
        _postponements[slot] = Postponement(uint64(block.timestamp), bySeconds);
        emit SlotPostponed(slot, msg.sender, bySeconds);
    }

    function _requirePostponable(uint32 slot, uint32 bySeconds) private view {
        if (_postponements[slot].bySeconds != 0) revert MarketCalendarPostponedBefore(slot);
        SlotTimes memory times = timesOf(slot);
        if (block.timestamp < times.deliveryStart) revert MarketCalendarNotStarted(slot, times.deliveryStart);
        if (block.timestamp >= times.finalDate) revert MarketCalendarSlotFinal(slot, times.finalDate);
        uint64 maximum = times.finalDate - times.deliveryEnd;
        if (bySeconds == 0 || bySeconds > maximum) revert MarketCalendarBadPostponement(slot, bySeconds, maximum);
    }

    function _undelayedTimesOf(uint32 slot) private view returns (SlotTimes memory times) {
        return SlotClock.datesOf(_RULES.windowsAt(slot), slot, _SLOT_LENGTH);
    }

    function _callOf(uint32 firstSlot, uint32 lastSlot, uint32 bySeconds) private pure returns (bytes32) {
        return keccak256(abi.encode(firstSlot, lastSlot, bySeconds));
    }
}
