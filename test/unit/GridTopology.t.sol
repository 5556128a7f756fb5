// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {DeviceKind} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {SlotSchedule} from "../../contracts/libraries/SlotSchedule.sol";
import {GridTopology} from "../../contracts/transaction-chain/energy/GridTopology.sol";
import {AreaLevel} from "../../contracts/types/MarketTypes.sol";
import {DeviceFixture} from "../utils/DeviceFixture.sol";

contract GridTopologyTest is DeviceFixture {
    uint32 private constant CONNECTION_WH = 17_250; // 3 x 25 A at 230 V for an hour

    GridTopology private grid;
    address private council;
    address private supplier;
    address private gridOperator;
    address private otherOperator;
    uint24 private city;
    uint24 private district;
    uint24 private feeder;
    uint24 private otherFeeder;
    uint32 private meter;

    function setUp() public {
        setUpDevices();
        council = makeAddr("council");
        supplier = admitMember("supplier", MemberRole.Supplier);
        gridOperator = admitMember("grid operator", MemberRole.GridOperator);
        otherOperator = admitMember("other grid operator", MemberRole.GridOperator);
        grid = new GridTopology(address(manager), federation, IMarketCalendar(address(calendar)), registry);
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = IGridTopology.createArea.selector;
        selectors[1] = IGridTopology.setParties.selector;
        selectors[2] = IGridTopology.setEdge.selector;
        manager.setTargetFunctionRole(address(grid), selectors, Roles.COUNCIL);
        manager.grantRole(Roles.COUNCIL, council, 0);
        city = _create(0);
        district = _create(city);
        feeder = _create(district);
        otherFeeder = _create(district);
        _setParties(feeder, gridOperator, FIRST_UNOPENED);
        _setParties(otherFeeder, otherOperator, FIRST_UNOPENED);
        meter = claimed("m1", "alice");
    }

    // -------------------- createArea

    function test_AreasFormATreeOfThreeLevels() public {
        vm.expectEmit(address(grid));
        emit IGridTopology.AreaCreated(5, district, AreaLevel.Feeder, FIRST_UNOPENED);
        uint24 third = _create(district);
        assertEq(third, 5);
        assertEq(grid.areaCount(), 5);
        assertTrue(grid.levelOf(city) == AreaLevel.City);
        assertTrue(grid.levelOf(district) == AreaLevel.District);
        assertTrue(grid.levelOf(third) == AreaLevel.Feeder);
        assertEq(grid.parentOf(city), 0);
        assertEq(grid.parentOf(district), city);
        assertEq(grid.parentOf(third), district);
        (uint24 above, uint24 root) = grid.pathOf(third);
        assertEq(above, district);
        assertEq(root, city);
        _assertAreas(grid.childrenOf(city), [district, 0, 0], 1);
        _assertAreas(grid.childrenOf(district), [feeder, otherFeeder, third], 3);
        _assertAreas(grid.feedersOfCity(city), [feeder, otherFeeder, third], 3);
        _assertAreas(grid.childrenOf(third), [uint24(0), 0, 0], 0);
        _assertAreas(grid.feedersOfCity(district), [uint24(0), 0, 0], 0);
    }

    function test_CitiesDoNotShareFeeders() public {
        uint24 secondCity = _create(0);
        uint24 theirs = _create(_create(secondCity));
        _assertAreas(grid.feedersOfCity(secondCity), [theirs, 0, 0], 1);
        _assertAreas(grid.feedersOfCity(city), [feeder, otherFeeder, 0], 2);
    }

    function test_AnAreaCountsFromTheFirstUnopenedSlot() public {
        calendar.setFirstUnopenedSlot(200);
        uint24 third = _create(district);
        assertEq(grid.createdFrom(third), 200);
        assertEq(grid.createdFrom(feeder), FIRST_UNOPENED);
        assertEq(grid.childCountAt(district, 199), 2);
        assertEq(grid.childCountAt(district, 200), 3);
        assertEq(grid.feederCountAt(city, 199), 2);
        assertEq(grid.feederCountAt(city, 200), 3);
        assertEq(grid.feederCountAt(city, FIRST_UNOPENED - 1), 0);
        assertEq(grid.childCountAt(city, FIRST_UNOPENED - 1), 0);
    }

    function test_RevertWhen_AnybodyElseCreatesAnArea() public {
        vm.expectRevert(_unauthorized(gridOperator));
        vm.prank(gridOperator);
        grid.createArea(0);
    }

    function test_RevertWhen_TheParentIsUnknown() public {
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, 9);
        _create(9);
    }

    function test_RevertWhen_AnAreaWouldBeItsOwnParent() public {
        uint24 next = grid.areaCount() + 1;
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, next);
        _create(next);
        assertEq(grid.areaCount(), next - 1);
    }

    function test_RevertWhen_TheParentIsAFeeder() public {
        _expectArea(IGridTopology.GridTopologyNoAreaBelow.selector, feeder);
        _create(feeder);
    }

    function test_RevertWhen_ACityHasSixteenDistricts() public {
        for (uint256 i = 1; i < 16; ++i) _create(city);
        vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyTooManyChildren.selector, city, 16));
        _create(city);
    }

    function test_RevertWhen_ACityHasSixteenFeeders() public {
        uint24 secondDistrict = _create(city);
        for (uint256 i = 2; i < 9; ++i) _create(district);
        for (uint256 i = 9; i < 16; ++i) _create(secondDistrict);
        vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyTooManyFeeders.selector, city, 16));
        _create(secondDistrict);
    }

    function test_RevertWhen_AViewIsAskedOfAnUnknownArea() public {
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, 9);
        grid.levelOf(9);
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, 0);
        grid.parentOf(0);
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, 9);
        grid.createdFrom(9);
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, 9);
        grid.pathOf(9);
        _expectArea(IGridTopology.GridTopologyNotFeeder.selector, district);
        grid.pathOf(district);
    }

    // -------------------- setParties

    function test_PartiesHoldFromTheirSlotOn() public {
        address newcomer = admitMember("newcomer", MemberRole.GridOperator);
        vm.expectEmit(address(grid));
        emit IGridTopology.PartiesScheduled(feeder, 150, supplier, newcomer, operator);
        _setParties(feeder, newcomer, 150);
        _assertParties(feeder, FIRST_UNOPENED - 1, address(0));
        _assertParties(feeder, 149, gridOperator);
        _assertParties(feeder, 150, newcomer);
        _assertParties(feeder, type(uint32).max, newcomer);
    }

    function test_PartiesStayInTheirSlotsWhenTheyAreExpelled() public {
        federation.expel(gridOperator);
        _assertParties(feeder, FIRST_UNOPENED, gridOperator);
    }

    function test_RevertWhen_AnybodyElseSetsParties() public {
        vm.expectRevert(_unauthorized(gridOperator));
        vm.prank(gridOperator);
        grid.setParties(feeder, supplier, gridOperator, operator, FIRST_UNOPENED);
    }

    function test_RevertWhen_PartiesAreSetForAnOpenSlot() public {
        _expectSlotOpen(FIRST_UNOPENED - 1);
        _setParties(feeder, gridOperator, FIRST_UNOPENED - 1);
    }

    function test_RevertWhen_ADistrictGetsParties() public {
        _expectArea(IGridTopology.GridTopologyNotFeeder.selector, district);
        _setParties(district, gridOperator, FIRST_UNOPENED);
    }

    function test_RevertWhen_AnUnknownFeederGetsParties() public {
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, 9);
        _setParties(9, gridOperator, FIRST_UNOPENED);
    }

    function test_RevertWhen_APartyLacksItsRole() public {
        vm.startPrank(council);
        _expectUnfit(operator, MemberRole.Supplier);
        grid.setParties(feeder, operator, gridOperator, operator, FIRST_UNOPENED);
        _expectUnfit(supplier, MemberRole.GridOperator);
        grid.setParties(feeder, supplier, supplier, operator, FIRST_UNOPENED);
        _expectUnfit(alice, MemberRole.MeteringOperator);
        grid.setParties(feeder, supplier, gridOperator, alice, FIRST_UNOPENED);
        _expectUnfit(address(0), MemberRole.Supplier);
        grid.setParties(feeder, address(0), gridOperator, operator, FIRST_UNOPENED);
    }

    function test_RevertWhen_APartyIsSuspended() public {
        federation.suspend(supplier, NOW + 1);
        _expectUnfit(supplier, MemberRole.Supplier);
        _setParties(feeder, gridOperator, FIRST_UNOPENED);
    }

    // -------------------- setEdge

    function test_AFeedersGridOperatorSetsItsEdge() public {
        vm.expectEmit(address(grid));
        emit IGridTopology.EdgeScheduled(feeder, 120, 12_000, true, 50_000);
        vm.prank(gridOperator);
        grid.setEdge(feeder, 12_000, true, 50_000, 120);
        _assertEdge(feeder, 119, 0, false, 0);
        _assertEdge(feeder, 120, 12_000, true, 50_000);
        vm.prank(gridOperator);
        grid.setEdge(feeder, 9_000, false, 0, 130);
        _assertEdge(feeder, 129, 12_000, true, 50_000);
        _assertEdge(feeder, 130, 9_000, false, 0);
    }

    function test_TheCouncilSetsADistrictsEdge() public {
        vm.prank(council);
        grid.setEdge(district, 7_000, true, 0, FIRST_UNOPENED);
        _assertEdge(district, FIRST_UNOPENED, 7_000, true, 0);
    }

    function test_ADecisionToComeIsReplacedByOneForAnEarlierSlot() public {
        vm.startPrank(gridOperator);
        grid.setEdge(feeder, 12_000, false, 0, type(uint32).max);
        grid.setEdge(feeder, 9_000, false, 0, 110);
        vm.stopPrank();
        _assertEdge(feeder, 110, 9_000, false, 0);
        _assertEdge(feeder, type(uint32).max, 9_000, false, 0);
    }

    function testFuzz_AnEdgeIsReadAsItWasSet(uint32 fee, bool limited, uint64 capacityWh, uint32 slot) public {
        slot = uint32(bound(slot, FIRST_UNOPENED, type(uint32).max));
        vm.prank(gridOperator);
        if (!limited && capacityWh != 0) {
            vm.expectRevert(
                abi.encodeWithSelector(IGridTopology.GridTopologyCapacityWithoutLimit.selector, capacityWh)
            );
            grid.setEdge(feeder, fee, limited, capacityWh, slot);
            return;
        }
        grid.setEdge(feeder, fee, limited, capacityWh, slot);
        _assertEdge(feeder, slot, fee, limited, capacityWh);
        if (slot > 0) _assertEdge(feeder, slot - 1, 0, false, 0);
    }

    function test_RevertWhen_AnotherFeedersOperatorSetsTheEdge() public {
        _expectNotGridOperator(feeder, FIRST_UNOPENED, otherOperator);
        vm.prank(otherOperator);
        grid.setEdge(feeder, 1, false, 0, FIRST_UNOPENED);
    }

    function test_RevertWhen_TheCouncilSetsAFeedersEdge() public {
        _expectNotGridOperator(feeder, FIRST_UNOPENED, council);
        vm.prank(council);
        grid.setEdge(feeder, 1, false, 0, FIRST_UNOPENED);
    }

    function test_RevertWhen_AGridOperatorSetsADistrictsEdge() public {
        vm.expectRevert(_unauthorized(gridOperator));
        vm.prank(gridOperator);
        grid.setEdge(district, 1, false, 0, FIRST_UNOPENED);
    }

    function test_RevertWhen_ACitysEdgeIsSet() public {
        _expectArea(IGridTopology.GridTopologyNoEdge.selector, city);
        vm.prank(council);
        grid.setEdge(city, 1, false, 0, FIRST_UNOPENED);
    }

    function test_RevertWhen_AnUnknownEdgeIsSet() public {
        _expectArea(IGridTopology.GridTopologyUnknownArea.selector, 9);
        vm.prank(council);
        grid.setEdge(9, 1, false, 0, FIRST_UNOPENED);
    }

    function test_RevertWhen_AnEdgeIsSetForAnOpenSlot() public {
        calendar.setFirstUnopenedSlot(200);
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, 199, 200));
        vm.prank(gridOperator);
        grid.setEdge(feeder, 1, false, 0, 199);
    }

    function test_RevertWhen_ASuspendedOperatorSetsTheEdgeInTheSameBlock() public {
        federation.suspend(gridOperator, NOW + 1);
        _expectNotGridOperator(feeder, FIRST_UNOPENED, gridOperator);
        vm.prank(gridOperator);
        grid.setEdge(feeder, 1, false, 0, FIRST_UNOPENED);
    }

    function test_TheOperatorOfTheSlotNamedDecides() public {
        _setParties(feeder, otherOperator, 150);
        _expectNotGridOperator(feeder, 150, gridOperator);
        vm.prank(gridOperator);
        grid.setEdge(feeder, 1, false, 0, 150);
        vm.prank(gridOperator);
        grid.setEdge(feeder, 1, false, 0, 149);
        vm.prank(otherOperator);
        grid.setEdge(feeder, 2, false, 0, 150);
        _assertEdge(feeder, 149, 1, false, 0);
        _assertEdge(feeder, 150, 2, false, 0);
    }

    // -------------------- placeMeter

    function test_AMeterStandsAtItsFeederFromItsSlotOn() public {
        vm.expectEmit(address(grid));
        emit IGridTopology.SiteScheduled(meter, feeder, 110, CONNECTION_WH);
        _place(meter, feeder, 110);
        _assertSite(meter, 109, 0, 0);
        _assertSite(meter, 110, feeder, CONNECTION_WH);
        _assertSite(meter, type(uint32).max, feeder, CONNECTION_WH);
        assertEq(grid.meterCount(feeder), 1);
        assertEq(grid.metersOf(feeder, 0, 9)[0], meter);
    }

    function test_TheSizeOfAConnectionChangesFromASlotOn() public {
        _place(meter, feeder, 110);
        vm.prank(gridOperator);
        grid.placeMeter(meter, feeder, 99, 120);
        _assertSite(meter, 119, feeder, CONNECTION_WH);
        _assertSite(meter, 120, feeder, 99);
        assertEq(grid.meterCount(feeder), 1, "listed once");
    }

    function testFuzz_AConnectionIsReadAsItWasSet(uint32 connectionWh) public {
        vm.prank(gridOperator);
        if (connectionWh == 0 || connectionWh > 2 ** 24 - 1) {
            vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyInvalidConnection.selector, connectionWh));
            grid.placeMeter(meter, feeder, connectionWh, FIRST_UNOPENED);
            return;
        }
        grid.placeMeter(meter, feeder, connectionWh, FIRST_UNOPENED);
        _assertSite(meter, FIRST_UNOPENED, feeder, connectionWh);
    }

    function test_TheLargestConnectionIsWhatAReadingCanSay() public {
        uint32 largest = grid.MAX_CONNECTION_WH();
        assertEq(largest, 16_777_215);
        vm.startPrank(gridOperator);
        grid.placeMeter(meter, feeder, largest, FIRST_UNOPENED);
        vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyInvalidConnection.selector, largest + 1));
        grid.placeMeter(meter, feeder, largest + 1, FIRST_UNOPENED);
    }

    function test_AMeterMovesBetweenFeedersWithoutAGap() public {
        _place(meter, feeder, FIRST_UNOPENED);
        vm.prank(gridOperator);
        grid.removeMeter(meter, 150);
        vm.prank(otherOperator);
        grid.placeMeter(meter, otherFeeder, 99, 150);
        _assertSite(meter, 149, feeder, CONNECTION_WH);
        _assertSite(meter, 150, otherFeeder, 99);
        assertEq(grid.metersOf(feeder, 0, 1)[0], meter, "stays in the list");
        assertEq(grid.metersOf(otherFeeder, 0, 1)[0], meter);
    }

    function test_AMeterThatComesBackIsListedOnce() public {
        _place(meter, feeder, FIRST_UNOPENED);
        vm.prank(gridOperator);
        grid.removeMeter(meter, 120);
        _place(meter, feeder, 130);
        assertEq(grid.meterCount(feeder), 1);
        _assertSite(meter, 125, 0, 0);
        _assertSite(meter, 130, feeder, CONNECTION_WH);
    }

    function test_RevertWhen_TheMeterStandsAtAnotherFeeder() public {
        _place(meter, feeder, FIRST_UNOPENED);
        _expectElsewhere(meter, feeder, FIRST_UNOPENED);
        vm.prank(otherOperator);
        grid.placeMeter(meter, otherFeeder, 99, 150);
    }

    function test_RevertWhen_TheMeterWillStandAtAnotherFeeder() public {
        vm.prank(otherOperator);
        grid.placeMeter(meter, otherFeeder, 99, 200);
        _expectElsewhere(meter, otherFeeder, 200);
        _place(meter, feeder, 150);
    }

    function test_RevertWhen_TheMeterWouldBeTakenBackFromTheNextFeeder() public {
        test_AMeterMovesBetweenFeedersWithoutAGap();
        _expectElsewhere(meter, otherFeeder, 150);
        _place(meter, feeder, 150);
        _expectElsewhere(meter, otherFeeder, 150);
        _place(meter, feeder, 120);
        _expectElsewhere(meter, otherFeeder, 150);
        vm.prank(gridOperator);
        grid.removeMeter(meter, 120);
        vm.prank(otherOperator);
        grid.removeMeter(meter, 150); // gives it back
        _place(meter, feeder, 120);
        _assertSite(meter, 150, feeder, CONNECTION_WH);
    }

    function test_RevertWhen_AnotherOperatorPlacesTheMeter() public {
        _expectNotGridOperator(feeder, FIRST_UNOPENED, otherOperator);
        vm.prank(otherOperator);
        grid.placeMeter(meter, feeder, 99, FIRST_UNOPENED);
    }

    function test_RevertWhen_TheOperatorLostItsRole() public {
        federation.changeRoles(gridOperator, 1);
        _expectNotGridOperator(feeder, FIRST_UNOPENED, gridOperator);
        _place(meter, feeder, FIRST_UNOPENED);
    }

    function test_RevertWhen_TheFeederHasNoPartiesYet() public {
        uint24 third = _create(district);
        _expectNotGridOperator(third, FIRST_UNOPENED, address(0));
        vm.prank(address(0));
        grid.placeMeter(meter, third, 99, FIRST_UNOPENED);
    }

    function test_RevertWhen_AMeterIsPlacedInAnOpenSlot() public {
        _setParties(feeder, gridOperator, FIRST_UNOPENED);
        calendar.setFirstUnopenedSlot(200);
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, 199, 200));
        _place(meter, feeder, 199);
    }

    function test_RevertWhen_AMeterIsPlacedAtADistrict() public {
        _expectArea(IGridTopology.GridTopologyNotFeeder.selector, district);
        _place(meter, district, FIRST_UNOPENED);
    }

    function test_RevertWhen_TheDeviceIsNoMeterToBePlaced() public {
        uint32 battery = claimed("battery", "alice", DeviceKind.Storage);
        uint32 unclaimed = certified("m2");
        uint32 retired = active("m3", "alice");
        vm.prank(operator);
        registry.retire(retired);
        uint32[4] memory devices = [battery, unclaimed, retired, 99];
        for (uint256 i = 0; i < devices.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyNotMeter.selector, devices[i]));
            _place(devices[i], feeder, FIRST_UNOPENED);
        }
    }

    function test_ActiveAndSuspendedMetersArePlaced() public {
        uint32 device = active("m2", "alice");
        _place(device, feeder, FIRST_UNOPENED);
        vm.prank(operator);
        registry.suspend(device);
        _place(device, feeder, 150);
    }

    function test_RevertWhen_AFeederHas512Meters() public {
        uint256 bound_ = grid.MAX_METERS_PER_FEEDER();
        // the list as 511 placements would leave it: its length is one word
        bytes32 slot = bytes32(uint256(keccak256(abi.encode(uint256(feeder), _areasSlot()))) + 8);
        vm.store(address(grid), slot, bytes32(bound_ - 1));
        assertEq(grid.meterCount(feeder), bound_ - 1);
        _place(meter, feeder, FIRST_UNOPENED);
        uint32 next = claimed("m2", "alice");
        vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyTooManyMeters.selector, feeder, bound_));
        _place(next, feeder, FIRST_UNOPENED);
        vm.prank(gridOperator);
        grid.placeMeter(meter, feeder, 99, FIRST_UNOPENED); // one of the list
        assertEq(grid.meterCount(feeder), bound_);
    }

    // -------------------- removeMeter

    function test_ARemovedMeterStandsNowhere() public {
        _place(meter, feeder, FIRST_UNOPENED);
        vm.expectEmit(address(grid));
        emit IGridTopology.SiteScheduled(meter, 0, 120, 0);
        vm.prank(gridOperator);
        grid.removeMeter(meter, 120);
        _assertSite(meter, 119, feeder, CONNECTION_WH);
        _assertSite(meter, 120, 0, 0);
    }

    function test_ARemovalToComeIsTakenBack() public {
        _place(meter, feeder, FIRST_UNOPENED);
        vm.startPrank(gridOperator);
        grid.removeMeter(meter, 500);
        grid.placeMeter(meter, feeder, CONNECTION_WH, 500);
        vm.stopPrank();
        _assertSite(meter, 500, feeder, CONNECTION_WH);
    }

    function test_APlacementToComeIsTakenBack() public {
        _place(meter, feeder, 500);
        vm.prank(gridOperator);
        grid.removeMeter(meter, 500);
        _assertSite(meter, 500, 0, 0);
        vm.prank(otherOperator);
        grid.placeMeter(meter, otherFeeder, 99, 150);
        _assertSite(meter, 500, otherFeeder, 99);
    }

    function test_ARetiredMeterIsRemoved() public {
        uint32 device = active("m2", "alice");
        _place(device, feeder, FIRST_UNOPENED);
        vm.prank(operator);
        registry.retire(device);
        vm.prank(gridOperator);
        grid.removeMeter(device, 120);
        _assertSite(device, 120, 0, 0);
    }

    function test_RevertWhen_TheMeterStandsNowhere() public {
        _place(meter, feeder, 120);
        vm.expectRevert(
            abi.encodeWithSelector(IGridTopology.GridTopologyMeterNotPlaced.selector, meter, FIRST_UNOPENED)
        );
        vm.prank(gridOperator);
        grid.removeMeter(meter, FIRST_UNOPENED);
    }

    function test_RevertWhen_AnotherOperatorRemovesTheMeter() public {
        _place(meter, feeder, FIRST_UNOPENED);
        _expectNotGridOperator(feeder, 120, otherOperator);
        vm.prank(otherOperator);
        grid.removeMeter(meter, 120);
    }

    function test_RevertWhen_AMeterIsRemovedFromAnOpenSlot() public {
        _place(meter, feeder, FIRST_UNOPENED);
        calendar.setFirstUnopenedSlot(200);
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, 150, 200));
        vm.prank(gridOperator);
        grid.removeMeter(meter, 150);
    }

    // -------------------- metersOf

    function testFuzz_TheListIsReadInParts(uint256 from, uint256 count) public {
        uint32[4] memory meters = [meter, claimed("m2", "bob"), claimed("m3", "bob"), claimed("m4", "bob")];
        for (uint256 i = 0; i < 4; ++i) _place(meters[i], feeder, FIRST_UNOPENED);
        uint32[] memory part = grid.metersOf(feeder, from, count);
        uint256 left = from >= 4 ? 0 : 4 - from;
        assertEq(part.length, count < left ? count : left);
        for (uint256 i = 0; i < part.length; ++i) assertEq(part[i], meters[from + i]);
    }

    function testFuzz_OfThePartThoseThatStandThereInTheSlot(uint256 from, uint256 count, uint8 moved) public {
        uint32[4] memory meters = [meter, claimed("m2", "bob"), claimed("m3", "bob"), claimed("m4", "bob")];
        for (uint256 i = 0; i < 4; ++i) {
            _place(meters[i], feeder, FIRST_UNOPENED);
            if ((moved >> i) & 1 == 0) continue;
            vm.prank(gridOperator);
            grid.removeMeter(meters[i], 150);
        }
        uint32[] memory part = grid.metersOf(feeder, from, count);
        assertEq(grid.metersAt(feeder, FIRST_UNOPENED - 1, from, count).length, 0);
        assertEq(grid.metersAt(feeder, 149, from, count).length, part.length);
        uint32[] memory standing = grid.metersAt(feeder, 150, from, count);
        uint256 expected = 0;
        for (uint256 i = 0; i < part.length; ++i) {
            (uint24 found, ) = grid.siteAt(part[i], 150);
            if (found == feeder) assertEq(standing[expected++], part[i]);
        }
        assertEq(standing.length, expected);
    }

    // -------------------- siteThroughout

    function test_ASiteStandsThroughoutARangeOnlyWhenNothingChanges() public {
        _place(meter, feeder, 110);
        vm.prank(gridOperator);
        grid.placeMeter(meter, feeder, 99, 120);
        vm.prank(gridOperator);
        grid.removeMeter(meter, 130);
        _assertSiteThroughout(110, 119, feeder, CONNECTION_WH);
        _assertSiteThroughout(120, 129, feeder, 99);
        _assertSiteThroughout(119, 120, 0, 0);
        _assertSiteThroughout(129, 130, 0, 0);
        _assertSiteThroughout(109, 110, 0, 0);
        _assertSiteThroughout(130, 999, 0, 0);
    }

    // -------------------- what the market reads on every order and reading

    function test_ASiteIsReadInOneWord() public {
        _place(meter, feeder, FIRST_UNOPENED);
        vm.prank(gridOperator);
        grid.placeMeter(meter, feeder, 99, 150);
        vm.record();
        grid.siteAt(meter, 150);
        (bytes32[] memory reads, ) = vm.accesses(address(grid));
        for (uint256 i = 1; i < reads.length; ++i) assertEq(reads[i], reads[0]);
        assertTrue(reads.length > 0);
    }

    // -------------------- helpers

    /// @dev Storage slot of the areas' schedules: after AccessManaged's word, which areaCount shares, and the tree.
    function _areasSlot() private pure returns (uint256) {
        return 2;
    }

    function _create(uint24 parent) private returns (uint24) {
        vm.prank(council);
        return grid.createArea(parent);
    }

    function _setParties(uint24 area, address gridOperator_, uint32 fromSlot) private {
        vm.prank(council);
        grid.setParties(area, supplier, gridOperator_, operator, fromSlot);
    }

    function _place(uint32 device, uint24 area, uint32 fromSlot) private {
        vm.prank(gridOperator);
        grid.placeMeter(device, area, CONNECTION_WH, fromSlot);
    }

    function _assertSite(uint32 device, uint32 slot, uint24 area, uint32 connectionWh) private view {
        (uint24 actualArea, uint32 actualWh) = grid.siteAt(device, slot);
        assertEq(actualArea, area);
        assertEq(actualWh, connectionWh);
    }

    function _assertSiteThroughout(uint32 first, uint32 last, uint24 area, uint32 connectionWh) private view {
        (uint24 actualArea, uint32 actualWh) = grid.siteThroughout(meter, first, last);
        assertEq(actualArea, area);
        assertEq(actualWh, connectionWh);
    }

    function _assertParties(uint24 area, uint32 slot, address gridOperator_) private view {
        (address actualSupplier, address actualGrid, address actualMetering) = grid.partiesAt(area, slot);
        assertEq(actualSupplier, gridOperator_ == address(0) ? address(0) : supplier);
        assertEq(actualGrid, gridOperator_);
        assertEq(actualMetering, gridOperator_ == address(0) ? address(0) : operator);
    }

    function _assertEdge(uint24 area, uint32 slot, uint32 fee, bool limited, uint64 capacityWh) private view {
        assertEq(grid.edgeFeeAt(area, slot), fee);
        (bool actualLimited, uint64 actualWh) = grid.edgeCapacityAt(area, slot);
        assertEq(actualLimited, limited);
        assertEq(actualWh, capacityWh);
    }

    function _assertAreas(uint24[] memory actual, uint24[3] memory expected, uint256 count) private pure {
        assertEq(actual.length, count);
        for (uint256 i = 0; i < count; ++i) assertEq(actual[i], expected[i]);
    }

    function _unauthorized(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
    }

    function _expectArea(bytes4 selector, uint24 area) private {
        vm.expectRevert(abi.encodeWithSelector(selector, area));
    }

    function _expectSlotOpen(uint32 fromSlot) private {
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, fromSlot, FIRST_UNOPENED));
    }

    function _expectUnfit(address party, MemberRole role) private {
        vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyUnfitParty.selector, party, uint8(role)));
    }

    function _expectNotGridOperator(uint24 area, uint32 slot, address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyNotGridOperator.selector, area, slot, caller));
    }

    function _expectElsewhere(uint32 device, uint24 area, uint32 slot) private {
        vm.expectRevert(abi.encodeWithSelector(IGridTopology.GridTopologyMeterElsewhere.selector, device, area, slot));
    }
}
