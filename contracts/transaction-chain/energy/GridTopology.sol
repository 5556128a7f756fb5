// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {DeviceKind, DeviceStatus, IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {SlotSchedule} from "../../libraries/SlotSchedule.sol";
import {AreaLevel} from "../../types/MarketTypes.sol";

/// @title GridTopology
/// @notice Keeps the tree of areas, the parties and edges of each, and where each meter stands, slot by slot.
/// @dev The AccessManager gives the role COUNCIL the functions createArea, setParties and setEdge; the last is open to
/// a feeder's grid operator as well, so it asks the AccessManager for a district only.
contract GridTopology is AccessManaged, IGridTopology {
    using SlotSchedule for SlotSchedule.Schedule;

    /// @dev level | parent | city | fromSlot: one word.
    struct Area {
        AreaLevel level;
        uint24 parent;
        uint24 city;
        uint32 fromSlot;
        uint24[] children;
        uint24[] feeders; // of a city
        SlotSchedule.Schedule edge; // limited (1 bit) | capacityWh (64) | fee (32)
        SlotSchedule.Schedule supplier;
        SlotSchedule.Schedule gridOperator;
        SlotSchedule.Schedule meteringOperator;
        uint32[] meters;
        mapping(uint32 meter => bool listed) isListed;
    }

    /// @notice Most areas right below one area.
    uint256 public constant MAX_CHILDREN = 16;
    /// @notice Most feeders in one tree: its books of a slot are closed and settled in one transaction.
    uint256 public constant MAX_FEEDERS_PER_CITY = 16;
    /// @notice Most meters ever placed at one feeder.
    uint256 public constant MAX_METERS_PER_FEEDER = 512;
    /// @notice Most Wh of a connection in a slot: what a reading can say.
    uint32 public constant MAX_CONNECTION_WH = 2 ** 26 - 1;

    /// @notice Says who is an active member, and as what.
    IFederation public immutable FEDERATION;
    /// @notice Says which slots are open.
    IMarketCalendar public immutable CALENDAR;
    /// @notice Says which devices are meters.
    IDeviceRegistry public immutable DEVICES;

    /// @notice Number of areas; they are numbered from 1 to this.
    uint24 public areaCount; // slot 0, with AccessManaged
    mapping(uint24 area => Area record) private _areas; // slot 1
    mapping(uint32 meter => SlotSchedule.Schedule site) private _sites; // slot 2; feeder (24 bits) | connectionWh (32)

    /// @notice There is no area yet.
    /// @param initialAuthority The AccessManager that says who has the role COUNCIL.
    /// @param federation The Federation of this chain.
    /// @param calendar The market's calendar.
    /// @param devices The device registry.
    constructor(
        address initialAuthority,
        IFederation federation,
        IMarketCalendar calendar,
        IDeviceRegistry devices
    ) AccessManaged(initialAuthority) {
        FEDERATION = federation;
        CALENDAR = calendar;
        DEVICES = devices;
    }

    // -------------------- the tree

    /// @inheritdoc IGridTopology
    function createArea(uint24 parent) external restricted returns (uint24 area) {
        area = areaCount + 1;
        Area storage record = _areas[area];
        record.parent = parent;
        record.fromSlot = CALENDAR.firstUnopenedSlot();
        if (parent == 0) {
            record.level = AreaLevel.City;
            record.city = area;
        } else {
            _attach(area, record, parent);
        }
        areaCount = area;
        emit AreaCreated(area, parent, record.level, record.fromSlot);
    }

    /// @inheritdoc IGridTopology
    function setParties(
        uint24 feeder,
        address supplier,
        address gridOperator,
        address meteringOperator,
        uint32 fromSlot
    ) external restricted {
        Area storage record = _feeder(feeder);
        _requireRole(supplier, MemberRole.Supplier);
        _requireRole(gridOperator, MemberRole.GridOperator);
        _requireRole(meteringOperator, MemberRole.MeteringOperator);
        uint32 firstUnopened = CALENDAR.firstUnopenedSlot();
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
        Area storage record = _known(area);
        if (record.level == AreaLevel.City) revert GridTopologyNoEdge(area);
        if (record.level == AreaLevel.Feeder) _requireGridOperator(area, fromSlot);
        else _checkCanCall(msg.sender, msg.data);
        if (!limited && capacityWh != 0) revert GridTopologyCapacityWithoutLimit(capacityWh);
        uint224 edge = (uint224(limited ? 1 : 0) << 96) | (uint224(capacityWh) << 32) | feeMicroPerKwh;
        record.edge.set(fromSlot, edge, CALENDAR.firstUnopenedSlot());
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
        Area storage record = _feeder(feeder);
        _requireGridOperator(feeder, fromSlot);
        _requireMeter(meter);
        if (connectionWh == 0 || connectionWh > MAX_CONNECTION_WH) revert GridTopologyInvalidConnection(connectionWh);
        _requireNotElsewhere(meter, feeder, fromSlot);
        if (!record.isListed[meter]) {
            if (record.meters.length == MAX_METERS_PER_FEEDER) {
                revert GridTopologyTooManyMeters(feeder, MAX_METERS_PER_FEEDER);
            }
            record.isListed[meter] = true;
            record.meters.push(meter);
        }
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
    function levelOf(uint24 area) external view returns (AreaLevel level) {
        return _known(area).level;
    }

    /// @inheritdoc IGridTopology
    function parentOf(uint24 area) external view returns (uint24 parent) {
        return _known(area).parent;
    }

    /// @inheritdoc IGridTopology
    function createdFrom(uint24 area) external view returns (uint32 slot) {
        return _known(area).fromSlot;
    }

    /// @inheritdoc IGridTopology
    function childrenOf(uint24 area) external view returns (uint24[] memory children) {
        return _areas[area].children;
    }

    /// @inheritdoc IGridTopology
    function feedersOfCity(uint24 city) external view returns (uint24[] memory feeders) {
        return _areas[city].feeders;
    }

    /// @inheritdoc IGridTopology
    function childCountAt(uint24 area, uint32 slot) external view returns (uint256 count) {
        return _countAt(_areas[area].children, slot);
    }

    /// @inheritdoc IGridTopology
    function feederCountAt(uint24 city, uint32 slot) external view returns (uint256 count) {
        return _countAt(_areas[city].feeders, slot);
    }

    /// @inheritdoc IGridTopology
    function pathOf(uint24 feeder) external view returns (uint24 district, uint24 city) {
        Area storage record = _feeder(feeder);
        return (record.parent, record.city);
    }

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
        Area storage record = _areas[feeder];
        supplier = address(uint160(record.supplier.valueAt(slot)));
        gridOperator = address(uint160(record.gridOperator.valueAt(slot)));
        meteringOperator = address(uint160(record.meteringOperator.valueAt(slot)));
    }

    /// @inheritdoc IGridTopology
    function meterCount(uint24 feeder) external view returns (uint256 count) {
        return _areas[feeder].meters.length;
    }

    /// @inheritdoc IGridTopology
    function metersOf(uint24 feeder, uint256 from, uint256 count) external view returns (uint32[] memory meters) {
        uint32[] storage all = _areas[feeder].meters;
        uint256 start = Math.min(from, all.length);
        meters = new uint32[](Math.min(count, all.length - start));
        for (uint256 i = 0; i < meters.length; ++i) meters[i] = all[start + i];
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
    function siteAt(uint32 meter, uint32 slot) public view returns (uint24 feeder, uint32 connectionWh) {
        uint224 site = _sites[meter].valueAt(slot);
        return (uint24(site >> 32), uint32(site));
    }

    // -------------------- internal

    function _attach(uint24 area, Area storage record, uint24 parent) private {
        Area storage above = _known(parent);
        if (above.level == AreaLevel.Feeder) revert GridTopologyNoAreaBelow(parent);
        if (above.children.length == MAX_CHILDREN) revert GridTopologyTooManyChildren(parent, MAX_CHILDREN);
        above.children.push(area);
        uint24 city = above.city;
        record.city = city;
        record.level = AreaLevel(uint8(above.level) - 1);
        if (record.level == AreaLevel.District) return;
        uint24[] storage feeders = _areas[city].feeders;
        if (feeders.length == MAX_FEEDERS_PER_CITY) revert GridTopologyTooManyFeeders(city, MAX_FEEDERS_PER_CITY);
        feeders.push(area);
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
        (DeviceKind kind, DeviceStatus status) = DEVICES.lifeOf(device);
        bool standing =
            status == DeviceStatus.Claimed || status == DeviceStatus.Active || status == DeviceStatus.Suspended;
        if (kind != DeviceKind.Meter || !standing) revert GridTopologyNotMeter(device);
    }

    /// @dev No decision for another feeder, in force or to come, may be replaced.
    function _requireNotElsewhere(uint32 meter, uint24 feeder, uint32 fromSlot) private view {
        (uint32[] memory slots, uint224[] memory sites) = _sites[meter].versionsFrom(fromSlot);
        for (uint256 i = 0; i < sites.length; ++i) {
            uint24 other = uint24(sites[i] >> 32);
            if (other != 0 && other != feeder) revert GridTopologyMeterElsewhere(meter, other, slots[i]);
        }
    }

    /// @dev Areas are listed in order of creation, so those that count in a slot come first.
    function _countAt(uint24[] storage areas, uint32 slot) private view returns (uint256 count) {
        for (count = areas.length; count > 0; --count) {
            if (_areas[areas[count - 1]].fromSlot <= slot) break;
        }
    }

    function _feeder(uint24 area) private view returns (Area storage record) {
        record = _known(area);
        if (record.level != AreaLevel.Feeder) revert GridTopologyNotFeeder(area);
    }

    function _known(uint24 area) private view returns (Area storage record) {
        if (area == 0 || area > areaCount) revert GridTopologyUnknownArea(area);
        record = _areas[area];
    }
}
