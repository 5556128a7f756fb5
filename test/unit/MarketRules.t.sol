// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMarketRules} from "../../contracts/interfaces/IMarketRules.sol";
import {ITariffs} from "../../contracts/interfaces/ITariffs.sol";
import {MarketBounds} from "../../contracts/libraries/MarketBounds.sol";
import {SlotSchedule} from "../../contracts/libraries/SlotSchedule.sol";
import {MockDeviceRegistry} from "../../contracts/mocks/MockDeviceRegistry.sol";
import {EnergyCredit} from "../../contracts/transaction-chain/energy/EnergyCredit.sol";
import {MarketRules} from "../../contracts/transaction-chain/energy/MarketRules.sol";
import {MeterLedger} from "../../contracts/transaction-chain/energy/MeterLedger.sol";
import {ReadingQuorum} from "../../contracts/transaction-chain/energy/ReadingQuorum.sol";
import {Tariffs} from "../../contracts/transaction-chain/energy/Tariffs.sol";
import {RuleSet, SlotTimes} from "../../contracts/types/MarketTypes.sol";
import {Windows} from "../../contracts/types/WindowTypes.sol";
import {MarketFixture} from "../utils/MarketFixture.sol";

contract MarketRulesTest is MarketFixture {
    uint32 private constant FIRST = uint32((NOW + 48 hours) / LENGTH + 1);

    function setUp() public {
        setUpMarket();
    }

    // -------------------- deployment

    function test_StartsWithTheDeploymentsParameters() public view {
        assertEq(rules.slotLength(), LENGTH);
        _assertRules(0, defaultRules());
        _assertRules(type(uint32).max, defaultRules());
        _assertWindows(0, defaultWindows());
        _assertWindows(type(uint32).max, defaultWindows());
    }

    function test_DeploymentTellsItsParameters() public {
        vm.recordLogs();
        vm.expectEmit();
        emit IMarketRules.RulesSet(0, defaultRules());
        vm.expectEmit();
        emit IMarketRules.WindowsSet(0, defaultWindows());
        new MarketRules(address(manager), LENGTH, defaultRules(), defaultWindows());
    }

    function testFuzz_RevertWhen_SlotLengthIsOutOfBounds(uint32 length) public {
        if (length >= 30 && length <= 1 days) length = length % 30;
        _expectOutOfBounds("slotLength", length, 30, 1 days);
        new MarketRules(address(manager), length, defaultRules(), defaultWindows());
    }

    function test_DeploysWithTheShortestSlot() public {
        Windows memory windows = defaultWindows();
        (windows.readingFor, windows.disputeFor, windows.decisionFor) = (1 hours, 2 hours, 2 hours);
        MarketRules other = new MarketRules(address(manager), 30, defaultRules(), windows);
        assertEq(other.slotLength(), 30);
        assertEq(other.firstUnopenedSlot(), (NOW + 48 hours) / 30 + 1);
    }

    function test_RevertWhen_DeployedWithABondTooSmall() public {
        RuleSet memory set = defaultRules();
        set.bondRate = 1_099_999;
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.MarketRulesBondTooSmall.selector, 1_099_999, 1_100_000));
        new MarketRules(address(manager), LENGTH, set, defaultWindows());
    }

    function test_RevertWhen_DeployedWithWindowsOutOfBounds() public {
        Windows memory windows = defaultWindows();
        windows.finalFor = 1;
        _expectOutOfBounds("finalFor", 1, 2, 31 days);
        new MarketRules(address(manager), LENGTH, defaultRules(), windows);
    }

    // -------------------- setRules

    function testFuzz_SetsRulesFromASlotOn(RuleSet memory set, uint32 fromSlot) public {
        set = boundRules(set);
        fromSlot = uint32(bound(fromSlot, FIRST, type(uint32).max));
        vm.expectEmit(address(rules));
        emit IMarketRules.RulesSet(fromSlot, set);
        _setRules(set, fromSlot);
        _assertRules(fromSlot - 1, defaultRules());
        _assertRules(fromSlot, set);
        _assertRules(type(uint32).max, set);
    }

    function test_RulesPlannedForLaterAreReplaced() public {
        RuleSet memory first = defaultRules();
        first.accountingFeeMicro = 1;
        RuleSet memory second = defaultRules();
        second.accountingFeeMicro = 2;
        _setRules(first, FIRST + 10);
        _setRules(second, FIRST + 5);
        _assertRules(FIRST + 4, defaultRules());
        _assertRules(FIRST + 5, second);
        _assertRules(FIRST + 10, second);
    }

    function test_RulesOfThreeTimesAreKept() public {
        RuleSet memory first = defaultRules();
        first.accountingFeeMicro = 1;
        RuleSet memory second = defaultRules();
        second.accountingFeeMicro = 2;
        _setRules(first, FIRST);
        _setRules(second, FIRST + 100);
        skip(500 hours);
        _assertRules(FIRST - 1, defaultRules());
        _assertRules(FIRST + 99, first);
        _assertRules(FIRST + 100, second);
    }

    function testFuzz_RevertWhen_RulesStartInAnOpenSlot(uint32 fromSlot) public {
        fromSlot = uint32(bound(fromSlot, 0, FIRST - 1));
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, fromSlot, FIRST));
        _setRules(defaultRules(), fromSlot);
    }

    function testFuzz_RevertWhen_RulesAreSetByAnyoneElse(address caller) public {
        vm.assume(caller != regulator);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        rules.setRules(defaultRules(), FIRST);
    }

    function test_RevertWhen_TooManyRulesArePlanned() public {
        RuleSet memory set = defaultRules();
        for (uint32 i = 0; i < 8; ++i) {
            set.accountingFeeMicro = 1 + i;
            _setRules(set, FIRST + i);
        }
        set.accountingFeeMicro = 9;
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.MarketRulesTooManyPlanned.selector, 8));
        _setRules(set, FIRST + 8);
        // one has opened: there is room again
        skip(LENGTH);
        _setRules(set, FIRST + 8);
        _assertRules(FIRST + 8, set);
    }

    function test_RevertWhen_ARuleIsOutOfBounds() public {
        RuleSet memory set = defaultRules();
        set.retailCap = 9_999;
        _expectRulesOutOfBounds(set, "retailCap", 9_999, 10_000, 10_000_000);
        set.retailCap = 10_000_001;
        _expectRulesOutOfBounds(set, "retailCap", 10_000_001, 10_000, 10_000_000);
        set = defaultRules();
        set.edgeFeeCap = 1_000_001;
        _expectRulesOutOfBounds(set, "edgeFeeCap", 1_000_001, 0, 1_000_000);
        set = defaultRules();
        set.escalationRate = 10_000_001;
        _expectRulesOutOfBounds(set, "escalationRate", 10_000_001, 0, 10_000_000);
        set = defaultRules();
        set.bondRate = 40_000_001;
        _expectRulesOutOfBounds(set, "bondRate", 40_000_001, 0, 40_000_000);
        set = defaultRules();
        set.minimumOrderWh = 0;
        _expectRulesOutOfBounds(set, "minimumOrderWh", 0, 1, 10_000);
        set.minimumOrderWh = 10_001;
        _expectRulesOutOfBounds(set, "minimumOrderWh", 10_001, 1, 10_000);
        set = defaultRules();
        set.escalationWindow = 33;
        _expectRulesOutOfBounds(set, "escalationWindow", 33, 0, 32);
        set = defaultRules();
        set.escalationThreshold = 25;
        _expectRulesOutOfBounds(set, "escalationThreshold", 25, 0, 24);
        set = defaultRules();
        set.accountingFeeMicro = 100_001;
        _expectRulesOutOfBounds(set, "accountingFeeMicro", 100_001, 0, 100_000);
        set = defaultRules();
        set.reservePerMeterMicro = 1_000_000_001;
        _expectRulesOutOfBounds(set, "reservePerMeterMicro", 1_000_000_001, 0, 1_000_000_000);
    }

    function testFuzz_RevertWhen_TheBondCouldNotPayWhatItSecures(RuleSet memory set, uint32 bondRate) public {
        set = boundRules(set);
        uint256 fees = 4 * uint256(set.edgeFeeCap);
        uint256 least = (fees > set.retailCap ? fees : set.retailCap) + set.escalationRate;
        set.bondRate = uint32(bound(bondRate, 0, least - 1));
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.MarketRulesBondTooSmall.selector, set.bondRate, least));
        _setRules(set, FIRST);
        set.bondRate = uint32(least);
        _setRules(set, FIRST);
    }

    // -------------------- setWindows

    function testFuzz_SetsWindowsFromASlotOn(Windows memory windows, uint32 ahead) public {
        windows = boundWindows(windows);
        uint32 earliest = uint32((NOW + windows.opensBefore) / LENGTH + 1);
        uint32 fromSlot = (earliest > FIRST ? earliest : FIRST) + (ahead % 1000);
        vm.expectEmit(address(rules));
        emit IMarketRules.WindowsSet(fromSlot, windows);
        _setWindows(windows, fromSlot);
        _assertWindows(fromSlot - 1, defaultWindows());
        _assertWindows(fromSlot, windows);
        assertEq(rules.firstUnopenedSlot(), FIRST, "setting windows opens nothing");
    }

    function testFuzz_RevertWhen_WindowsStartInAnOpenSlot(uint32 fromSlot) public {
        Windows memory windows = defaultWindows();
        windows.opensBefore = 1 hours;
        fromSlot = uint32(bound(fromSlot, THIS_SLOT + 2, FIRST - 1));
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, fromSlot, FIRST));
        _setWindows(windows, fromSlot);
    }

    function test_RevertWhen_WindowsWouldOpenTheirFirstSlotAtOnce() public {
        Windows memory windows = defaultWindows();
        windows.opensBefore = 72 hours;
        uint32 earliest = FIRST + 24;
        vm.expectRevert(
            abi.encodeWithSelector(IMarketRules.MarketRulesOpensInThePast.selector, earliest - 1, earliest)
        );
        _setWindows(windows, earliest - 1);
        _setWindows(windows, earliest);
        assertFalse(calendar.timesOf(earliest).opens <= NOW);
    }

    function testFuzz_RevertWhen_WindowsAreSetByAnyoneElse(address caller) public {
        vm.assume(caller != regulator);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        rules.setWindows(defaultWindows(), FIRST);
    }

    function test_RevertWhen_TooManyWindowsArePlanned() public {
        Windows memory windows = defaultWindows();
        for (uint24 i = 0; i < 8; ++i) {
            windows.finalFor = 10 hours + i;
            _setWindows(windows, FIRST + i);
        }
        windows.finalFor = 1 hours;
        vm.expectRevert(abi.encodeWithSelector(IMarketRules.MarketRulesTooManyPlanned.selector, 8));
        _setWindows(windows, FIRST + 8);
        // replacing what is planned needs no room
        _setWindows(windows, FIRST + 3);
        _assertWindows(FIRST + 7, windows);
    }

    function test_RevertWhen_DatesAreOutOfOrder() public {
        Windows memory windows = defaultWindows();
        windows.cityBefore = 1;
        _expectWindowsOutOfBounds(windows, "cityBefore", 1, 2, 2 days);
        windows = defaultWindows();
        windows.districtBefore = 10 minutes + 1;
        _expectWindowsOutOfBounds(windows, "districtBefore", 10 minutes + 1, 10 minutes + 2, 2 days);
        windows = defaultWindows();
        windows.feederBefore = 15 minutes;
        _expectWindowsOutOfBounds(windows, "feederBefore", 15 minutes, 15 minutes + 2, 2 days);
        windows = defaultWindows();
        windows.gateBefore = 20 minutes;
        _expectWindowsOutOfBounds(windows, "gateBefore", 20 minutes, 20 minutes + 2, 2 days);
        windows.gateBefore = 2 days + 1;
        _expectWindowsOutOfBounds(windows, "gateBefore", 2 days + 1, 20 minutes + 2, 2 days);
        windows = defaultWindows();
        windows.opensBefore = 30 minutes;
        _expectWindowsOutOfBounds(windows, "opensBefore", 30 minutes, 30 minutes + 2, 31 days);
        windows.opensBefore = 31 days + 1;
        _expectWindowsOutOfBounds(windows, "opensBefore", 31 days + 1, 30 minutes + 2, 31 days);
    }

    function test_RevertWhen_AWindowAfterDeliveryIsOutOfBounds() public {
        Windows memory windows = defaultWindows();
        windows.readingFor = 1;
        _expectWindowsOutOfBounds(windows, "readingFor", 1, 2, 31 days);
        windows = defaultWindows();
        windows.disputeFor = 31 days + 1;
        _expectWindowsOutOfBounds(windows, "disputeFor", 31 days + 1, 2, 31 days);
        windows = defaultWindows();
        windows.decisionFor = 0;
        _expectWindowsOutOfBounds(windows, "decisionFor", 0, 2, 31 days);
        windows = defaultWindows();
        windows.finalFor = 31 days + 1;
        _expectWindowsOutOfBounds(windows, "finalFor", 31 days + 1, 2, 31 days);
    }

    /// However the regulator sets the windows, and the metering operators postpone: what is in the ledger of a slot is
    /// there at its final date.
    function testFuzz_DatesEndBeforeReadingsMakeRoom(Windows memory windows) public {
        windows = boundWindows(windows);
        uint32 slot = uint32((NOW + windows.opensBefore) / LENGTH + 1 + 48);
        _setWindows(windows, slot);
        address operator = makeAddr("operator");
        federation.admit(operator, MemberRole.MeteringOperator);
        SlotTimes memory times = calendar.timesOf(slot);
        vm.warp(times.deliveryEnd);
        vm.prank(operator);
        calendar.postpone(slot, slot, uint32(times.finalDate - times.deliveryEnd));
        assertLe(calendar.timesOf(slot).finalDate, calendar.timesOf(slot + MarketBounds.READING_SLOTS).deliveryEnd);
    }

    function test_RevertWhen_TheWindowsOutlastTheReadings() public {
        Windows memory windows = defaultWindows();
        uint24 longest = 2048 * uint24(LENGTH);
        (windows.readingFor, windows.disputeFor, windows.decisionFor) = (31 days, 31 days, 1 days);
        windows.finalFor = longest - 63 days;
        _setWindows(windows, FIRST);
        ++windows.finalFor;
        _expectWindowsOutOfBounds(windows, "afterDelivery", longest + 1, 8, longest);
    }

    // -------------------- firstUnopenedSlot

    function testFuzz_FirstUnopenedSlotOpensNext(uint64 time) public {
        time = uint64(bound(time, 31 days, 10_000_000_000));
        vm.warp(time);
        uint32 first = rules.firstUnopenedSlot();
        assertGt(calendar.timesOf(first).opens, time);
        assertLe(calendar.timesOf(first - 1).opens, time);
    }

    function test_ALongerLeadClosesTheSlotsBelowItToSchedules() public {
        Windows memory windows = defaultWindows();
        windows.opensBefore = 72 hours;
        uint32 fromSlot = FIRST + 30;
        _setWindows(windows, fromSlot);
        vm.warp(uint256(fromSlot) * LENGTH - 72 hours);
        assertTrue(calendar.isOpenForOrders(fromSlot));
        assertFalse(calendar.isOpenForOrders(fromSlot - 1), "the slot before opens a day later");
        assertEq(rules.firstUnopenedSlot(), fromSlot + 1);
    }

    function test_AShorterLeadWaitsForItsFirstSlot() public {
        Windows memory windows = defaultWindows();
        windows.opensBefore = 24 hours;
        uint32 fromSlot = FIRST + 5;
        _setWindows(windows, fromSlot);
        vm.warp(uint256(fromSlot) * LENGTH - 24 hours - 1);
        assertEq(rules.firstUnopenedSlot(), fromSlot);
        skip(1);
        assertEq(rules.firstUnopenedSlot(), fromSlot + 1);
    }

    // -------------------- what the regulator cannot do

    /// The regulator's every function, called with success, writes to MarketRules alone.
    function test_RegulatorMovesNoMoneyAndWritesNoReading() public {
        EnergyCredit credit = new EnergyCredit(address(manager));
        IGridTopology grid = IGridTopology(address(topology));
        IFederation members = IFederation(address(federation));
        Tariffs tariffs = new Tariffs(grid, calendar, rules, members);
        MeterLedger ledger = new MeterLedger(
            address(manager),
            IDeviceRegistry(address(new MockDeviceRegistry())),
            grid,
            calendar,
            members,
            new ReadingQuorum(address(manager), grid, calendar, members)
        );
        RuleSet memory set = defaultRules();
        set.accountingFeeMicro = 7;
        Windows memory windows = defaultWindows();
        windows.finalFor = 7 hours;
        vm.record();
        _setRules(set, FIRST);
        _setWindows(windows, FIRST);
        assertGt(_writes(address(rules)), 0, "the recording works");
        assertEq(_writes(address(credit)), 0, "credit");
        assertEq(_writes(address(ledger)), 0, "ledger");
        assertEq(_writes(address(tariffs)), 0, "tariffs");
        assertEq(_writes(address(calendar)), 0, "calendar");
        assertEq(_writes(address(topology)), 0, "grid");
        assertEq(_writes(address(federation)), 0, "federation");

        vm.startPrank(regulator);
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, regulator);
        vm.expectRevert(refusal);
        ledger.bar(new uint32[](1), THIS_SLOT);
        vm.expectRevert(refusal);
        credit.issue(regulator, 1, "payment");
        vm.expectRevert(refusal);
        credit.redeemFrom(address(this), 1, "payment");
        vm.expectRevert(abi.encodeWithSelector(ITariffs.TariffsNotActiveSupplier.selector, regulator));
        tariffs.setStandingPrice(1, FIRST, 1, 0);
        vm.stopPrank();
    }

    // -------------------- helpers

    function _setRules(RuleSet memory set, uint32 fromSlot) private {
        vm.prank(regulator);
        rules.setRules(set, fromSlot);
    }

    function _setWindows(Windows memory windows, uint32 fromSlot) private {
        vm.prank(regulator);
        rules.setWindows(windows, fromSlot);
    }

    function _writes(address target) private returns (uint256 count) {
        (, bytes32[] memory writes) = vm.accesses(target);
        return writes.length;
    }

    function _assertRules(uint32 slot, RuleSet memory expected) private view {
        assertEq(abi.encode(rules.rulesAt(slot)), abi.encode(expected));
    }

    function _assertWindows(uint32 slot, Windows memory expected) private view {
        assertEq(abi.encode(rules.windowsAt(slot)), abi.encode(expected));
    }

    function _expectOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum) private {
        vm.expectRevert(
            abi.encodeWithSelector(IMarketRules.MarketRulesOutOfBounds.selector, parameter, value, minimum, maximum)
        );
    }

    function _expectRulesOutOfBounds(
        RuleSet memory set,
        bytes32 parameter,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private {
        _expectOutOfBounds(parameter, value, minimum, maximum);
        _setRules(set, FIRST);
    }

    function _expectWindowsOutOfBounds(
        Windows memory windows,
        bytes32 parameter,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private {
        _expectOutOfBounds(parameter, value, minimum, maximum);
        _setWindows(windows, FIRST + 1000);
    }
}
