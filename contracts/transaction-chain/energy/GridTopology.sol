// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {DeviceKind, DeviceStatus, IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {AreaLevel} from "../../types/MarketTypes.sol";
import {GridTree} from "./GridTree.sol";

/// @title GridTopology
/// @notice Keeps the tree of areas, the parties and edges of each, and where each meter stands, slot by slot.
/// @dev The AccessManager gives the role COUNCIL the functions createArea, setParties and setEdge; the last is open to
/// a feeder's grid operator as well, so it asks the AccessManager for a district only.
contract GridTopology is GridTree {
    using SlotSchedule for SlotSchedule.Schedule;

    /// @dev What slots change of a feeder; of a district only the edge.
    struct Schedules {
        SlotSchedule.Schedule edge; // limited (1 bit) | capacityWh (64) | fee (32)
        SlotSchedule.Schedule supplier;
        SlotSchedule.Schedule gridOperator;
        SlotSchedule.Schedule meteringOperator;
        uint32[] meters;
        mapping(uint32 meter => bool listed) isListed;
    }

    /// @notice Most meters ever placed at one feeder.
    uint256 public constant MAX_METERS_PER_FEEDER = 512;
    /// @notice Most Wh of a connection in a slot: what a reading can say.
    uint32 public constant MAX_CONNECTION_WH = MarketBounds.MAX_SLOT_WH;

    /// @notice Says who is an active member, and as what.
    IFederation public immutable FEDERATION;
    /// @notice Says which devices are meters.
    IDeviceRegistry public immutable DEVICES;

    // slots 0 and 1: GridTree
    mapping(uint24 area => Schedules record) private _areas; // slot 2
    mapping(uint32 meter => SlotSchedule.Schedule site) private _sites; // slot 3; feeder (24 bits) | connectionWh (32)

    /// @notice There is no area and no meter yet.
    /// @param initialAuthority The AccessManager that says who has the role COUNCIL.
    /// @param federation The Federation of this chain.
    /// @param calendar The market's calendar.
    /// @param devices The device registry.
    constructor(
        address initialAuthority,
        IFederation federation,
        IMarketCalendar calendar,
        IDeviceRegistry devices
    ) GridTree(initialAuthority, calendar) {
        FEDERATION = federation;
        DEVICES = devices;
    }

    /// @inheritdoc IGridTopology
    function setParties(
        uint24 feeder,
        address supplier,
        address gridOperator,
        address meteringOperator,
        uint32 fromSlot
    ) external restricted {
        _feeder(feeder);
        _requireRole(supplier, MemberRole.Supplier);
        _requireRole(gridOperator, MemberRole.GridOperator);
        _requireRole(meteringOperator, MemberRole.MeteringOperator);
        uint32 firstUnopened = CALENDAR.firstUnopenedSlot();
        Schedules storage record = _areas[feeder];
        record.supplier.set(fromSlot, uint160(supplier), firstUnopened);
        record.gridOperator.set(fromSlot, uint160(gridOperator), firstUnopened);
        record.meteringOperator.set(fromSlot, uint160(meteringOperator), firstUnopened);
        emit PartiesScheduled({
            feeder: feeder,
            fromSlot: fromSlot,
            supplier: supplier,
            gridOperator: gridOperator,
            meteringOperator: meteringOperator
        });
    }

    /// @inheritdoc IGridTopology
    function setEdge(uint24 area, uint32 feeMicroPerKwh, bool limited, uint64 capacityWh, uint32 fromSlot) external {
        AreaLevel level = _known(area).level;
        if (level == AreaLevel.City) revert GridTopologyNoEdge(area);
        if (level == AreaLevel.Feeder) _requireGridOperator(area, fromSlot);
        else _checkCanCall(msg.sender, msg.data);
        if (!limited && capacityWh != 0) revert GridTopologyCapacityWithoutLimit(capacityWh);
        uint224 edge = (uint224(limited ? 1 : 0) << 96) | (uint224(capacityWh) << 32) | feeMicroPerKwh;
        _areas[area].edge.set(fromSlot, edge, CALENDAR.firstUnopenedSlot());
        emit EdgeScheduled({
            area: area,
            fromSlot: fromSlot,
            feeMicroPerKwh: feeMicroPerKwh,
            limited: limited,
            capacityWh: capacityWh
        });
    }

    // -------------------- meters

    /// @inheritdoc IGridTopology
    function placeMeter(uint32 meter, uint24 feeder, uint32 connectionWh, uint32 fromSlot) external {
        _feeder(feeder);
        _requireGridOperator(feeder, fromSlot);
        _requireMeter(meter);
        if (connectionWh == 0 || connectionWh > MAX_CONNECTION_WH) revert GridTopologyInvalidConnection(connectionWh);
        _requireNotElsewhere(meter, feeder, fromSlot);
        _list(meter, _areas[feeder], feeder);
        _setSite(meter, feeder, connectionWh, fromSlot);
    }

    /// @inheritdoc IGridTopology
    function removeMeter(uint32 meter, uint32 fromSlot) external {
        (uint24 feeder, ) = siteAt(meter, fromSlot);
        if (feeder == 0) revert GridTopologyMeterNotPlaced(meter, fromSlot);
        _requireGridOperator(feeder, fromSlot);
        _requireNotElsewhere(meter, feeder, fromSlot);
        _setSite(meter, 0, 0, fromSlot);
    }

    // -------------------- views

    /// @inheritdoc IGridTopology
    function edgeFeeAt(uint24 area, uint32 slot) external view returns (uint32 feeMicroPerKwh) {
        return uint32(_areas[area].edge.valueAt(slot));
    }

    /// @inheritdoc IGridTopology
    function edgeCapacityAt(uint24 area, uint32 slot) external view returns (bool limited, uint64 capacityWh) {
        uint224 edge = _areas[area].edge.valueAt(slot);
        return (edge >> 96 != 0, uint64(edge >> 32));
    }

    /// @inheritdoc IGridTopology
    function partiesAt(
        uint24 feeder,
        uint32 slot
    ) external view returns (address supplier, address gridOperator, address meteringOperator) {
        Schedules storage record = _areas[feeder];
        supplier = address(uint160(record.supplier.valueAt(slot)));
        gridOperator = address(uint160(record.gridOperator.valueAt(slot)));
        meteringOperator = address(uint160(record.meteringOperator.valueAt(slot)));
    }

    /// @inheritdoc IGridTopology
    function meterCount(uint24 feeder) external view returns (uint256 count) {
        return _areas[feeder].meters.length;
    }

    /// @inheritdoc IGridTopology
    function metersAt(
        uint24 feeder,
        uint32 slot,
        uint256 from,
        uint256 count
    ) external view returns (uint32[] memory meters) {
        meters = metersOf(feeder, from, count);
        uint256 standing = 0;
        for (uint256 i = 0; i < meters.length; ++i) {
            if (uint24(_sites[meters[i]].valueAt(slot) >> 32) == feeder) meters[standing++] = meters[i];
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(meters, standing) // shortens, never lengthens
        }
    }

    /// @inheritdoc IGridTopology
    function siteThroughout(
        uint32 meter,
        uint32 first,
        uint32 last
    ) external view returns (uint24 feeder, uint32 connectionWh) {
        uint224 site = _sites[meter].valueThroughout(first, last);
        return (uint24(site >> 32), uint32(site));
    }

    /// @inheritdoc IGridTopology
    function metersOf(uint24 feeder, uint256 from, uint256 count) public view returns (uint32[] memory meters) {
        uint32[] storage all = _areas[feeder].meters;
        uint256 start = Math.min(from, all.length);
        meters = new uint32[](Math.min(count, all.length - start));
        for (uint256 i = 0; i < meters.length; ++i) meters[i] = all[start + i];
    }

    /// @inheritdoc IGridTopology
    function siteAt(uint32 meter, uint32 slot) public view returns (uint24 feeder, uint32 connectionWh) {
        uint224 site = _sites[meter].valueAt(slot);
        return (uint24(site >> 32), uint32(site));
    }

    // -------------------- internal

    function _list(uint32 meter, Schedules storage record, uint24 feeder) private {
        if (record.isListed[meter]) return;
        if (record.meters.length == MAX_METERS_PER_FEEDER) {
            revert GridTopologyTooManyMeters(feeder, MAX_METERS_PER_FEEDER);
        }
        record.isListed[meter] = true;
        record.meters.push(meter);
    }

    function _setSite(uint32 meter, uint24 feeder, uint32 connectionWh, uint32 fromSlot) private {
        _sites[meter].set(fromSlot, (uint224(feeder) << 32) | connectionWh, CALENDAR.firstUnopenedSlot());
        emit SiteScheduled(meter, feeder, fromSlot, connectionWh);
    }

    function _requireGridOperator(uint24 feeder, uint32 slot) private view {
        address operator = address(uint160(_areas[feeder].gridOperator.valueAt(slot)));
        if (operator != msg.sender || !FEDERATION.hasRole(msg.sender, MemberRole.GridOperator)) {
            revert GridTopologyNotGridOperator(feeder, slot, msg.sender);
        }
    }

    function _requireRole(address party, MemberRole role) private view {
        if (!FEDERATION.hasRole(party, role)) revert GridTopologyUnfitParty(party, uint8(role));
    }

    function _requireMeter(uint32 device) private view {
        // claimed, active or suspended
        (DeviceKind kind, DeviceStatus status) = DEVICES.lifeOf(device);
        bool held = status >= DeviceStatus.Claimed && status <= DeviceStatus.Suspended;
        if (kind != DeviceKind.Meter || !held) revert GridTopologyNotMeter(device);
    }

    /// @dev No decision for another feeder, in force or to come, may be replaced.
    function _requireNotElsewhere(uint32 meter, uint24 feeder, uint32 fromSlot) private view {
        (uint32[] memory slots, uint224[] memory sites) = _sites[meter].versionsFrom(fromSlot);
        for (uint256 i = 0; i < sites.length; ++i) {
            uint24 other = uint24(sites[i] >> 32);
            if (other != 0 && other != feeder) revert GridTopologyMeterElsewhere(meter, other, slots[i]);
        }
    }
}
