// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RuleSet} from "../types/MarketTypes.sol";
import {Windows} from "../types/WindowTypes.sol";

/// @title IMarketRules
/// @notice The regulator's bounded parameters and nothing else: rates, caps and windows, each version in force from a
/// slot that had not opened when it was set. Rates and prices are micro-credits per kWh, windows seconds, slots
/// floor(Unix time / slot length).
interface IMarketRules {
    /// @notice The regulator set the rules from a slot on; what was planned for that slot or later is replaced.
    /// @param fromSlot First slot under these rules; 0 for the deployment's.
    /// @param rules The rules.
    event RulesSet(uint32 indexed fromSlot, RuleSet rules);

    /// @notice The regulator set the windows from a slot on; what was planned for that slot or later is replaced.
    /// @param fromSlot First slot with these windows; 0 for the deployment's.
    /// @param windows The windows.
    event WindowsSet(uint32 indexed fromSlot, Windows windows);

    /// @notice A parameter outside its bounds.
    /// @param parameter Its name, as in RuleSet, Windows or the constructor.
    /// @param value What was asked for.
    /// @param minimum The least it may be, given the others.
    /// @param maximum The most it may be, given the others.
    error MarketRulesOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);

    /// @notice A bond rate that could not pay a buyer's make-whole, all edge fees of the path and escalation.
    /// @param bondRate What was asked for, micro-credits per kWh.
    /// @param minimum max(retail cap, 4 x edge-fee cap) + escalation rate, micro-credits per kWh.
    error MarketRulesBondTooSmall(uint256 bondRate, uint256 minimum);

    /// @notice Windows under which their first slot would have opened before now.
    /// @param fromSlot The slot asked for.
    /// @param earliest The first slot that these windows can start with.
    error MarketRulesOpensInThePast(uint32 fromSlot, uint32 earliest);

    /// @notice More than the bounded number of planned versions.
    /// @param maximum The most that may be planned at once.
    error MarketRulesTooManyPlanned(uint256 maximum);

    /// @notice Sets the rules from a slot on. Role REGULATOR.
    /// @param rules Within the bounds of the code.
    /// @param fromSlot First slot under these rules, not open yet (else SlotScheduleSlotOpen). Rules planned for it
    /// or later slots are dropped.
    function setRules(RuleSet calldata rules, uint32 fromSlot) external;

    /// @notice Sets the windows from a slot on. Role REGULATOR.
    /// @param windows Within the bounds of the code, their dates in order.
    /// @param fromSlot First slot with these windows, open neither now (else SlotScheduleSlotOpen) nor, at once,
    /// under them. Windows planned for it or later slots are dropped.
    function setWindows(Windows calldata windows, uint32 fromSlot) external;

    /// @notice The rules in force for a slot. They never change once the slot is open.
    /// @param slot The slot.
    /// @return rules The rules.
    function rulesAt(uint32 slot) external view returns (RuleSet memory rules);

    /// @notice The windows in force for a slot. They never change once the slot is open.
    /// @param slot The slot.
    /// @return windows The windows.
    function windowsAt(uint32 slot) external view returns (Windows memory windows);

    /// @notice Length of every slot.
    /// @return lengthSeconds Seconds, 30 or more, for ever the same.
    function slotLength() external view returns (uint32 lengthSeconds);

    /// @notice The first slot from which on none is open; it never falls. After a lead was lengthened, slots below it
    /// may open later than slots above them: such a slot can no longer change either.
    /// @return slot At least 1.
    function firstUnopenedSlot() external view returns (uint32 slot);
}
