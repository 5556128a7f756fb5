// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IMarketRules} from "../../contracts/interfaces/IMarketRules.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {MockFederation} from "../../contracts/mocks/MockFederation.sol";
import {MockGridTopology} from "../../contracts/mocks/MockGridTopology.sol";
import {MarketCalendar} from "../../contracts/transaction-chain/energy/MarketCalendar.sol";
import {MarketRules} from "../../contracts/transaction-chain/energy/MarketRules.sol";
import {RuleSet, SlotTimes} from "../../contracts/types/MarketTypes.sol";
import {Windows} from "../../contracts/types/WindowTypes.sol";
import {Test} from "./Test.sol";

/// @title MarketFixture
/// @notice MarketRules and MarketCalendar with hourly slots and the default windows, over a federation and a grid that
/// do what the test says.
abstract contract MarketFixture is Test {
    uint32 internal constant LENGTH = 3600;
    uint64 internal constant NOW = 1_750_000_500;
    uint32 internal constant THIS_SLOT = uint32(NOW / LENGTH);

    AccessManager internal manager;
    MockFederation internal federation;
    MockGridTopology internal topology;
    MarketRules internal rules;
    MarketCalendar internal calendar;
    address internal regulator;

    function setUpMarket() internal {
        vm.warp(NOW);
        regulator = makeAddr("regulator");
        manager = new AccessManager(address(this));
        federation = new MockFederation();
        topology = new MockGridTopology();
        rules = new MarketRules(address(manager), LENGTH, defaultRules(), defaultWindows());
        calendar = new MarketCalendar(rules, IFederation(address(federation)));
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = IMarketRules.setRules.selector;
        selectors[1] = IMarketRules.setWindows.selector;
        manager.setTargetFunctionRole(address(rules), selectors, Roles.REGULATOR);
        manager.grantRole(Roles.REGULATOR, regulator, 0);
    }

    function defaultRules() internal pure returns (RuleSet memory set) {
        set.bondRate = 1_100_000;
        set.escalationRate = 100_000;
        set.retailCap = 1_000_000;
        set.edgeFeeCap = 50_000;
        set.minimumOrderWh = 10;
        set.escalationThreshold = 3;
        set.escalationWindow = 24;
        set.accountingFeeMicro = 100;
        set.reservePerMeterMicro = 1_000_000;
    }

    function defaultWindows() internal pure returns (Windows memory windows) {
        windows.opensBefore = 48 hours;
        windows.gateBefore = 30 minutes;
        windows.feederBefore = 20 minutes;
        windows.districtBefore = 15 minutes;
        windows.cityBefore = 10 minutes;
        windows.readingFor = 6 hours;
        windows.disputeFor = 24 hours;
        windows.decisionFor = 24 hours;
        windows.finalFor = 12 hours;
    }

    /// @notice Any rules within the bounds of the code.
    function boundRules(RuleSet memory set) internal view returns (RuleSet memory) {
        set.retailCap = uint32(bound(set.retailCap, rules.MIN_RETAIL_CAP(), rules.MAX_RETAIL_CAP()));
        set.edgeFeeCap = uint32(bound(set.edgeFeeCap, 0, rules.MAX_EDGE_FEE_CAP()));
        set.escalationRate = uint32(bound(set.escalationRate, 0, rules.MAX_ESCALATION_RATE()));
        uint256 fees = 4 * uint256(set.edgeFeeCap);
        uint256 least = (fees > set.retailCap ? fees : set.retailCap) + set.escalationRate;
        set.bondRate = uint32(bound(set.bondRate, least, rules.MAX_BOND_RATE()));
        set.minimumOrderWh = uint32(bound(set.minimumOrderWh, 1, rules.MAX_MINIMUM_ORDER_WH()));
        set.escalationWindow = uint8(bound(set.escalationWindow, 0, rules.MAX_ESCALATION_WINDOW()));
        set.escalationThreshold = uint8(bound(set.escalationThreshold, 0, set.escalationWindow));
        set.accountingFeeMicro = uint32(bound(set.accountingFeeMicro, 0, rules.MAX_ACCOUNTING_FEE_MICRO()));
        set.reservePerMeterMicro = uint64(bound(set.reservePerMeterMicro, 0, rules.MAX_RESERVE_PER_METER_MICRO()));
        return set;
    }

    /// @notice Any windows within the bounds of the code.
    function boundWindows(Windows memory windows) internal view returns (Windows memory) {
        uint24 step = rules.MIN_STEP();
        uint24 gate = rules.MAX_GATE_BEFORE();
        windows.cityBefore = uint24(bound(windows.cityBefore, step, gate - 3 * step));
        windows.districtBefore = uint24(bound(windows.districtBefore, windows.cityBefore + step, gate - 2 * step));
        windows.feederBefore = uint24(bound(windows.feederBefore, windows.districtBefore + step, gate - step));
        windows.gateBefore = uint24(bound(windows.gateBefore, windows.feederBefore + step, gate));
        windows.opensBefore = uint24(bound(windows.opensBefore, windows.gateBefore + step, rules.MAX_OPENS_BEFORE()));
        uint24 leftSeconds = uint24(2048 * LENGTH); // for all four
        windows.readingFor = uint24(bound(windows.readingFor, step, rules.MAX_WINDOW()));
        windows.disputeFor = uint24(bound(windows.disputeFor, step, rules.MAX_WINDOW()));
        leftSeconds -= windows.readingFor + windows.disputeFor;
        windows.decisionFor = uint24(bound(windows.decisionFor, step, least(rules.MAX_WINDOW(), leftSeconds - step)));
        leftSeconds -= windows.decisionFor;
        windows.finalFor = uint24(bound(windows.finalFor, step, least(rules.MAX_WINDOW(), leftSeconds)));
        return windows;
    }

    function least(uint24 a, uint24 b) internal pure returns (uint24) {
        return a < b ? a : b;
    }

    function assertOrdered(SlotTimes memory times) internal pure {
        assertLt(times.opens, times.gateClosure, "opens");
        assertLt(times.gateClosure, times.feederDeadline, "gate closure");
        assertLt(times.feederDeadline, times.districtDeadline, "feeder deadline");
        assertLt(times.districtDeadline, times.cityDeadline, "district deadline");
        assertLt(times.cityDeadline, times.deliveryStart, "city deadline");
        assertLt(times.deliveryStart, times.deliveryEnd, "delivery");
        assertLt(times.deliveryEnd, times.readingEnd, "reading window");
        assertLt(times.readingEnd, times.actualsUntil, "actuals");
        assertLt(times.actualsUntil, times.disputeEnd, "dispute window");
        assertLt(times.disputeEnd, times.decisionEnd, "decision");
        assertLt(times.decisionEnd, times.finalDate, "final date");
    }
}
