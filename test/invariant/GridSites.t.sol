// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../contracts/interfaces/IMarketCalendar.sol";
import {GridTopology} from "../../contracts/transaction-chain/energy/GridTopology.sol";
import {DeviceFixture} from "../utils/DeviceFixture.sol";
import {Test} from "../utils/Test.sol";

/// @dev Three grid operators place, move and remove meters at three feeders, the council changes parties and edges, and
/// slots open in between. What every slot said when it opened is written down.
contract GridHandler is DeviceFixture {
    uint256 private constant METERS = 4;
    uint256 private constant FEEDERS = 3;
    uint32 private constant HORIZON = 12;

    GridTopology public grid;
    /// @notice What happened that should not have.
    string[] public violations;
    /// @notice Successful changes, so that the run shows it did something.
    uint256 public succeeded;

    address[FEEDERS] private operators;
    uint24[FEEDERS] private feeders;
    uint32[METERS] private meters;
    uint24 private district;
    uint32 private firstUnopened = FIRST_UNOPENED;
    mapping(uint32 slot => bytes32 said) private opened;

    constructor() {
        setUpDevices();
        address supplier = admitMember("supplier", MemberRole.Supplier);
        grid = new GridTopology(address(manager), federation, IMarketCalendar(address(calendar)), registry);
        district = grid.createArea(grid.createArea(0));
        for (uint256 i = 0; i < FEEDERS; ++i) {
            operators[i] = admitMember(string.concat("grid operator ", vm.toString(i)), MemberRole.GridOperator);
            feeders[i] = grid.createArea(district);
            if (i > 0) grid.setParties(feeders[i], supplier, operators[i], operator, FIRST_UNOPENED);
        }
        for (uint256 i = 0; i < METERS; ++i) meters[i] = claimed(string.concat("m", vm.toString(i)), "alice");
    }

    // -------------------- actions

    function place(uint256 meter, uint256 feeder, uint32 connectionWh, uint256 slot, uint256 caller) external {
        uint24 area = feeders[feeder % FEEDERS];
        uint32 device = meters[meter % METERS];
        bytes memory elsewhere = _sitesElsewhere(device, area);
        bytes memory data = abi.encodeCall(IGridTopology.placeMeter, (device, area, connectionWh % 100, _slot(slot)));
        if (_change(_caller(feeder, caller), data)) _same(elsewhere, _sitesElsewhere(device, area));
    }

    function remove(uint256 meter, uint256 slot, uint256 caller) external {
        uint32 device = meters[meter % METERS];
        (uint24 area, ) = grid.siteAt(device, _slot(slot));
        bytes memory elsewhere = _sitesElsewhere(device, area);
        bytes memory data = abi.encodeCall(IGridTopology.removeMeter, (device, _slot(slot)));
        if (_change(operators[caller % FEEDERS], data)) _same(elsewhere, _sitesElsewhere(device, area));
    }

    function setParties(uint256 feeder, uint256 gridOperator, uint256 slot) external {
        address party = operators[gridOperator % FEEDERS];
        uint24 area = feeders[feeder % FEEDERS];
        bytes memory data = abi.encodeCall(
            IGridTopology.setParties,
            (area, addressOf("supplier"), party, operator, _slot(slot))
        );
        _change(address(this), data);
    }

    function setEdge(uint256 feeder, uint32 fee, bool limited, uint64 capacityWh, uint256 slot) external {
        bool ofDistrict = feeder % 4 == 3;
        uint24 area = ofDistrict ? district : feeders[feeder % 4];
        (, address gridOperator, ) = grid.partiesAt(area, _slot(slot));
        bytes memory data = abi.encodeCall(
            IGridTopology.setEdge,
            (area, fee, limited, limited ? capacityWh : 0, _slot(slot))
        );
        _change(ofDistrict ? address(this) : gridOperator, data);
    }

    function openSlots(uint256 count) external {
        uint32 until = firstUnopened + uint32(count % 4);
        for (; firstUnopened < until; ++firstUnopened) opened[firstUnopened] = _said(firstUnopened);
        calendar.setFirstUnopenedSlot(until);
    }

    // -------------------- what must hold

    function violationCount() external view returns (uint256) {
        return violations.length;
    }

    function checkOpenSlots() external view {
        for (uint32 slot = FIRST_UNOPENED; slot < firstUnopened; ++slot) {
            assertEq(_said(slot), opened[slot], "what a slot said when it opened");
        }
    }

    function checkLists() external view {
        for (uint256 i = 0; i < FEEDERS; ++i) {
            uint32[] memory list = grid.metersOf(feeders[i], 0, type(uint256).max);
            assertEq(list.length, grid.meterCount(feeders[i]));
            for (uint256 j = 0; j < METERS; ++j) {
                uint256 times = 0;
                for (uint256 k = 0; k < list.length; ++k) if (list[k] == meters[j]) ++times;
                assertTrue(times <= 1, "listed once");
                if (_standsAt(meters[j], feeders[i])) assertEq(times, 1, "whoever stands there is listed");
            }
        }
    }

    function checkParties() external view {
        for (uint32 slot = FIRST_UNOPENED; slot < firstUnopened + HORIZON; ++slot) {
            for (uint256 j = 0; j < METERS; ++j) {
                (uint24 feeder, uint32 connectionWh) = grid.siteAt(meters[j], slot);
                assertEq(feeder == 0, connectionWh == 0);
                if (feeder == 0) continue;
                (address supplier, address gridOperator, address metering) = grid.partiesAt(feeder, slot);
                bool all = supplier != address(0) && gridOperator != address(0) && metering != address(0);
                assertTrue(all, "where a meter stands there are parties");
            }
        }
    }

    // -------------------- choosing and looking

    function _slot(uint256 seed) private view returns (uint32) {
        return firstUnopened - 1 + uint32(seed % HORIZON); // one of them open
    }

    function _caller(uint256 feeder, uint256 seed) private view returns (address) {
        return operators[(seed % 4 == 0 ? seed / 4 : feeder) % FEEDERS];
    }

    function _change(address caller, bytes memory data) private returns (bool ok) {
        vm.prank(caller);
        (ok, ) = address(grid).call(data); // solhint-disable-line avoid-low-level-calls
        if (ok) ++succeeded;
    }

    function _same(bytes memory before, bytes memory now_) private {
        if (keccak256(before) != keccak256(now_)) violations.push("an operator changed another feeder's decision");
    }

    /// @dev In which slots the meter stands at other feeders, and how.
    function _sitesElsewhere(uint32 meter, uint24 feeder) private view returns (bytes memory sites) {
        for (uint32 slot = FIRST_UNOPENED; slot < firstUnopened + HORIZON; ++slot) {
            (uint24 area, uint32 connectionWh) = grid.siteAt(meter, slot);
            if (area == feeder) (area, connectionWh) = (0, 0);
            sites = abi.encodePacked(sites, area, connectionWh);
        }
    }

    function _standsAt(uint32 meter, uint24 feeder) private view returns (bool) {
        for (uint32 slot = FIRST_UNOPENED; slot < firstUnopened + HORIZON; ++slot) {
            (uint24 area, ) = grid.siteAt(meter, slot);
            if (area == feeder) return true;
        }
        return false;
    }

    /// @dev All that a slot depends on.
    function _said(uint32 slot) private view returns (bytes32) {
        bytes memory all = "";
        for (uint256 i = 0; i < METERS; ++i) {
            (uint24 feeder, uint32 connectionWh) = grid.siteAt(meters[i], slot);
            all = abi.encodePacked(all, feeder, connectionWh);
        }
        for (uint256 i = 0; i <= FEEDERS; ++i) {
            uint24 area = i == FEEDERS ? district : feeders[i];
            (address supplier, address gridOperator, address metering) = grid.partiesAt(area, slot);
            (bool limited, uint64 capacityWh) = grid.edgeCapacityAt(area, slot);
            uint32 fee = grid.edgeFeeAt(area, slot);
            all = abi.encodePacked(all, supplier, gridOperator, metering, limited, capacityWh, fee);
        }
        return keccak256(all);
    }
}

contract GridInvariants is Test {
    GridHandler private handler;

    function setUp() public {
        handler = new GridHandler();
        targetContract(address(handler));
    }

    function invariant_OpenSlotsKeepTheirGrid() public view {
        handler.checkOpenSlots();
    }

    function invariant_NoOperatorChangesAnotherFeedersDecision() public view {
        assertEq(handler.violationCount(), 0);
    }

    function invariant_AFeederListsEachOfItsMetersOnce() public view {
        handler.checkLists();
    }

    function invariant_WhereAMeterStandsThereAreParties() public view {
        handler.checkParties();
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerReachesWhatItShould() public {
        handler.place({meter: 0, feeder: 1, connectionWh: 9, slot: 1, caller: 1});
        handler.openSlots(3);
        handler.remove({meter: 0, slot: 5, caller: 1});
        handler.place({meter: 0, feeder: 2, connectionWh: 9, slot: 5, caller: 1});
        handler.setParties(0, 0, 4);
        handler.setEdge(0, 5, true, 7, 6);
        handler.setEdge(3, 5, true, 7, 6);
        assertEq(handler.succeeded(), 6);
        handler.place({meter: 0, feeder: 1, connectionWh: 9, slot: 4, caller: 1}); // will be at another feeder
        handler.place({meter: 1, feeder: 1, connectionWh: 9, slot: 0, caller: 1}); // open
        assertEq(handler.succeeded(), 6);
        handler.checkOpenSlots();
        handler.checkLists();
        handler.checkParties();
    }
}
