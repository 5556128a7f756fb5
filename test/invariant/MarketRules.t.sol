// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketCalendar} from "../../contracts/transaction-chain/energy/MarketCalendar.sol";
import {MarketRules} from "../../contracts/transaction-chain/energy/MarketRules.sol";
import {RuleSet, SlotTimes} from "../../contracts/types/MarketTypes.sol";
import {Windows} from "../../contracts/types/WindowTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

/// A regulator who does all it may, while time passes; remembers what held for slots when they were first seen open.
contract RegulatorHandler is MarketFixture {
    uint32 public highestFirstUnopened;
    bool public fell;
    uint256 public changes;

    uint32[] private _seen;
    mapping(uint32 slot => bytes32 hash) private _asOpened;

    constructor() {
        setUpMarket();
        highestFirstUnopened = rules.firstUnopenedSlot();
    }

    function calendarOf() external view returns (MarketCalendar) {
        return calendar;
    }

    function rulesOf() external view returns (MarketRules) {
        return rules;
    }

    function seen() external view returns (uint32[] memory slots) {
        return _seen;
    }

    function hashAsOpened(uint32 slot) external view returns (bytes32) {
        return _asOpened[slot];
    }

    function hashNow(uint32 slot) public view returns (bytes32) {
        return keccak256(abi.encode(calendar.timesOf(slot), rules.rulesAt(slot)));
    }

    function pass(uint32 time) external {
        vm.warp(vm.getBlockTimestamp() + bound(time, 1, 3 days));
        _look();
    }

    function changeWindows(Windows memory windows, uint32 fromSlot) external {
        windows = boundWindows(windows);
        fromSlot = uint32(bound(fromSlot, highestFirstUnopened - 100, highestFirstUnopened + 1000));
        vm.prank(regulator);
        try rules.setWindows(windows, fromSlot) {
            ++changes;
        } catch {
            return;
        }
        _look();
    }

    function changeRules(RuleSet memory set, uint32 fromSlot) external {
        set = boundRules(set);
        fromSlot = uint32(bound(fromSlot, highestFirstUnopened - 100, highestFirstUnopened + 1000));
        vm.prank(regulator);
        try rules.setRules(set, fromSlot) {
            ++changes;
        } catch {
            return;
        }
        _look();
    }

    /// Remembers some of the slots that are open now for the first time.
    function _look() private {
        uint32 first = rules.firstUnopenedSlot();
        if (first < highestFirstUnopened) fell = true;
        for (uint32 slot = highestFirstUnopened; slot < first && slot < highestFirstUnopened + 3; ++slot) _see(slot);
        if (first > highestFirstUnopened) _see(first - 1);
        highestFirstUnopened = first;
    }

    function _see(uint32 slot) private {
        if (_asOpened[slot] != 0) return;
        _asOpened[slot] = hashNow(slot);
        _seen.push(slot);
    }
}

contract MarketRulesInvariantTest is MarketFixture {
    RegulatorHandler private handler;

    function setUp() public {
        handler = new RegulatorHandler();
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = RegulatorHandler.pass.selector;
        selectors[1] = RegulatorHandler.changeWindows.selector;
        selectors[2] = RegulatorHandler.changeRules.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_RulesAndDatesOfAnOpenedSlotNeverChange() public view {
        uint32[] memory slots = handler.seen();
        for (uint256 i = 0; i < slots.length; ++i) {
            assertEq(handler.hashNow(slots[i]), handler.hashAsOpened(slots[i]));
        }
    }

    function invariant_FirstUnopenedSlotNeverFallsAndAllFromItAreUnopened() public view {
        assertFalse(handler.fell(), "it fell");
        uint32 first = handler.rulesOf().firstUnopenedSlot();
        MarketCalendar market = handler.calendarOf();
        assertLe(market.timesOf(first - 1).opens, vm.getBlockTimestamp(), "it is the first");
        for (uint32 slot = first; slot < first + 1200; slot += 1 + (slot % 37)) {
            assertGt(market.timesOf(slot).opens, vm.getBlockTimestamp(), "open beyond the first unopened");
        }
    }

    function invariant_DatesOfEverySlotAreOrdered() public view {
        uint32 first = handler.rulesOf().firstUnopenedSlot();
        for (uint32 slot = first - 60; slot < first + 1200; slot += 41) {
            SlotTimes memory times = handler.calendarOf().timesOf(slot);
            assertOrdered(times);
        }
    }
}
