// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {RuleWords} from "../../libraries/RuleWords.sol";
import {SlotClock} from "../../libraries/SlotClock.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {RuleSet} from "../../types/MarketTypes.sol";
import {Windows} from "../../types/WindowTypes.sol";

/// @title MarketRules
/// @notice The regulator's bounded parameters, and nothing else. The contract knows no other contract than the
/// AccessManager: it calls no money, no ledger, no member.
/// @dev The bounds are wide enough for any market we know and narrow enough that no regulator can confiscate by them:
/// money is never held longer than the four windows after delivery, a bond never dearer than MAX_BOND_RATE. Those
/// windows, and a postponement by as much, end before the slot's readings make room for later ones (MeterLedger).
contract MarketRules is AccessManaged, IMarketRules {
    using RuleWords for RuleSet;
    using RuleWords for Windows;
    using RuleWords for uint224;
    using SlotSchedule for SlotSchedule.Schedule;

    /// @notice Shortest slot, seconds.
    uint32 public constant MIN_SLOT_LENGTH = 30;
    /// @notice Longest slot, seconds.
    uint32 public constant MAX_SLOT_LENGTH = 1 days;

    /// @notice Least distance of two dates of a slot that follow each other, seconds: one block of the Besu network.
    uint24 public constant MIN_STEP = 2;
    /// @notice Longest time a slot is open before delivery, seconds.
    uint24 public constant MAX_OPENS_BEFORE = 31 days;
    /// @notice Longest time between gate closure and delivery, seconds.
    uint24 public constant MAX_GATE_BEFORE = 2 days;
    /// @notice Longest each of the four windows after delivery may be, seconds.
    uint24 public constant MAX_WINDOW = 31 days;

    /// @notice Lowest retail cap, micro-credits per kWh.
    uint32 public constant MIN_RETAIL_CAP = 10_000;
    /// @notice Highest retail cap, micro-credits per kWh.
    uint32 public constant MAX_RETAIL_CAP = 10_000_000;
    /// @notice Highest edge-fee cap, micro-credits per kWh and edge.
    uint32 public constant MAX_EDGE_FEE_CAP = 1_000_000;
    /// @notice Highest escalation rate, micro-credits per undelivered kWh.
    uint32 public constant MAX_ESCALATION_RATE = 10_000_000;
    /// @notice Highest bond rate, micro-credits per kWh sold.
    uint32 public constant MAX_BOND_RATE = 40_000_000;
    /// @notice Largest minimum size of an order, Wh.
    uint32 public constant MAX_MINIMUM_ORDER_WH = 10_000;
    /// @notice Most slots that escalation looks back on.
    uint8 public constant MAX_ESCALATION_WINDOW = 32;
    /// @notice Highest accounting fee, micro-credits per settled meter and slot.
    uint32 public constant MAX_ACCOUNTING_FEE_MICRO = 100_000;
    /// @notice Highest reserve that a withdrawal leaves, micro-credits per active meter.
    uint64 public constant MAX_RESERVE_PER_METER_MICRO = 1_000_000_000;

    /// @notice Most versions of rules, and of windows, that may be planned at once.
    uint256 public constant MAX_PLANNED = 8;

    uint32 private immutable _SLOT_LENGTH; // seconds

    // slot 0: AccessManaged
    SlotSchedule.Schedule private _rules; // slots 1, 2: RuleWords of RuleSet
    SlotSchedule.Schedule private _windows; // slots 3, 4: RuleWords of Windows

    /// @notice Starts with parameters that keep the same bounds as every later version.
    /// @param initialAuthority The AccessManager that says who has the role REGULATOR.
    /// @param slotLengthSeconds Length of every slot.
    /// @param initialRules In force from slot 0.
    /// @param initialWindows In force from slot 0.
    constructor(
        address initialAuthority,
        uint32 slotLengthSeconds,
        RuleSet memory initialRules,
        Windows memory initialWindows
    ) AccessManaged(initialAuthority) {
        _requireWithin("slotLength", slotLengthSeconds, MIN_SLOT_LENGTH, MAX_SLOT_LENGTH);
        _SLOT_LENGTH = slotLengthSeconds;
        _requireRulesInBounds(initialRules);
        _rules.set(0, initialRules.pack(), 0);
        emit RulesSet(0, initialRules);
        _requireWindowsInBounds(initialWindows);
        _windows.set(0, initialWindows.pack(), 0);
        emit WindowsSet(0, initialWindows);
    }

    /// @inheritdoc IMarketRules
    function setRules(RuleSet calldata rules, uint32 fromSlot) external restricted {
        _requireRulesInBounds(rules);
        uint32 firstUnopened = firstUnopenedSlot();
        _rules.set(fromSlot, rules.pack(), firstUnopened);
        _requireFewPlanned(_rules, firstUnopened);
        emit RulesSet(fromSlot, rules);
    }

    /// @inheritdoc IMarketRules
    function setWindows(Windows calldata windows, uint32 fromSlot) external restricted {
        _requireWindowsInBounds(windows);
        uint32 firstUnopened = firstUnopenedSlot();
        uint32 earliest = SlotClock.firstUnopened(block.timestamp, windows.opensBefore, _SLOT_LENGTH);
        if (fromSlot < earliest) revert MarketRulesOpensInThePast(fromSlot, earliest);
        _windows.set(fromSlot, windows.pack(), firstUnopened);
        _requireFewPlanned(_windows, firstUnopened);
        emit WindowsSet(fromSlot, windows);
    }

    /// @inheritdoc IMarketRules
    function slotLength() external view returns (uint32 lengthSeconds) {
        return _SLOT_LENGTH;
    }

    /// @inheritdoc IMarketRules
    function rulesAt(uint32 slot) external view returns (RuleSet memory rules) {
        return _rules.valueAt(slot).unpackRules();
    }

    /// @inheritdoc IMarketRules
    function windowsAt(uint32 slot) external view returns (Windows memory windows) {
        return _windows.valueAt(slot).unpackWindows();
    }

    /// @inheritdoc IMarketRules
    function firstUnopenedSlot() public view returns (uint32 slot) {
        uint256 index = _windows.past.length;
        (uint32 fromSlot, uint224 word) = _version(_windows, index);
        slot = SlotClock.firstUnopened(block.timestamp, word.opensBeforeOf(), _SLOT_LENGTH);
        // Versions of which no slot is open yet; at most MAX_PLANNED, and the first version has open slots since 1970.
        while (slot <= fromSlot) {
            uint32 end = fromSlot;
            --index;
            (fromSlot, word) = _version(_windows, index);
            slot = SlotClock.firstUnopened(block.timestamp, word.opensBeforeOf(), _SLOT_LENGTH);
            if (slot > end) slot = end;
        }
    }

    function _requireFewPlanned(SlotSchedule.Schedule storage schedule, uint32 firstUnopened) private view {
        uint256 newest = schedule.past.length;
        if (newest < MAX_PLANNED) return;
        (uint32 fromSlot, ) = _version(schedule, newest - MAX_PLANNED);
        if (fromSlot >= firstUnopened) revert MarketRulesTooManyPlanned(MAX_PLANNED);
    }

    /// A version by its place, from 0, the oldest.
    function _version(
        SlotSchedule.Schedule storage schedule,
        uint256 index
    ) private view returns (uint32 fromSlot, uint224 word) {
        uint256 version = index == schedule.past.length ? schedule.head : schedule.past[index];
        return (uint32(version >> 224), uint224(version));
    }

    function _requireWindowsInBounds(Windows memory windows) private view {
        _requireWithin("cityBefore", windows.cityBefore, MIN_STEP, MAX_GATE_BEFORE);
        _requireWithin("districtBefore", windows.districtBefore, windows.cityBefore + MIN_STEP, MAX_GATE_BEFORE);
        _requireWithin("feederBefore", windows.feederBefore, windows.districtBefore + MIN_STEP, MAX_GATE_BEFORE);
        _requireWithin("gateBefore", windows.gateBefore, windows.feederBefore + MIN_STEP, MAX_GATE_BEFORE);
        _requireWithin("opensBefore", windows.opensBefore, windows.gateBefore + MIN_STEP, MAX_OPENS_BEFORE);
        _requireWithin("readingFor", windows.readingFor, MIN_STEP, MAX_WINDOW);
        _requireWithin("disputeFor", windows.disputeFor, MIN_STEP, MAX_WINDOW);
        _requireWithin("decisionFor", windows.decisionFor, MIN_STEP, MAX_WINDOW);
        _requireWithin("finalFor", windows.finalFor, MIN_STEP, MAX_WINDOW);
        uint256 afterDelivery =
            uint256(windows.readingFor) + windows.disputeFor + windows.decisionFor + windows.finalFor;
        // half, for a postponement can double them
        uint256 longest = (MarketBounds.READING_SLOTS / 2) * uint256(_SLOT_LENGTH);
        _requireWithin("afterDelivery", afterDelivery, 4 * MIN_STEP, longest);
    }

    function _requireRulesInBounds(RuleSet memory rules) private pure {
        _requireWithin("retailCap", rules.retailCap, MIN_RETAIL_CAP, MAX_RETAIL_CAP);
        _requireWithin("edgeFeeCap", rules.edgeFeeCap, 0, MAX_EDGE_FEE_CAP);
        _requireWithin("escalationRate", rules.escalationRate, 0, MAX_ESCALATION_RATE);
        _requireWithin("bondRate", rules.bondRate, 0, MAX_BOND_RATE);
        _requireWithin("minimumOrderWh", rules.minimumOrderWh, 1, MAX_MINIMUM_ORDER_WH);
        _requireWithin("escalationWindow", rules.escalationWindow, 0, MAX_ESCALATION_WINDOW);
        _requireWithin("escalationThreshold", rules.escalationThreshold, 0, rules.escalationWindow);
        _requireWithin("accountingFeeMicro", rules.accountingFeeMicro, 0, MAX_ACCOUNTING_FEE_MICRO);
        _requireWithin("reservePerMeterMicro", rules.reservePerMeterMicro, 0, MAX_RESERVE_PER_METER_MICRO);
        uint256 least = Math.max(rules.retailCap, 4 * uint256(rules.edgeFeeCap)) + rules.escalationRate;
        if (rules.bondRate < least) revert MarketRulesBondTooSmall(rules.bondRate, least);
    }

    function _requireWithin(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum) private pure {
        if (value < minimum || value > maximum) revert MarketRulesOutOfBounds(parameter, value, minimum, maximum);
    }
}
