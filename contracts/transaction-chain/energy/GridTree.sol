// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {AreaLevel} from "../../types/MarketTypes.sol";

/// @title GridTree
/// @notice The tree of areas: it only grows.
/// @dev The part of GridTopology that no slot changes.
abstract contract GridTree is AccessManaged, IGridTopology {
    /// @dev The first four share a word.
    struct Area {
        AreaLevel level;
        uint24 parent;
        uint24 city;
        uint32 fromSlot;
        uint24[] children;
        uint24[] feeders; // of a city
    }

    /// @notice Most areas right below one area.
    uint256 public constant MAX_CHILDREN = 16;
    /// @notice Most feeders in one tree: its books of a slot are closed and settled in one transaction.
    uint256 public constant MAX_FEEDERS_PER_CITY = 16;

    /// @notice Says which slots are open.
    IMarketCalendar public immutable CALENDAR;

    /// @notice Number of areas; they are numbered from 1 to this.
    uint24 public areaCount; // slot 0, with AccessManaged
    mapping(uint24 area => Area record) private _areas; // slot 1

    /// @notice There is no area yet.
    /// @param initialAuthority The AccessManager that says who has the role COUNCIL.
    /// @param calendar The market's calendar.
    constructor(address initialAuthority, IMarketCalendar calendar) AccessManaged(initialAuthority) {
        CALENDAR = calendar;
    }

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

    function _feeder(uint24 area) internal view returns (Area storage record) {
        record = _known(area);
        if (record.level != AreaLevel.Feeder) revert GridTopologyNotFeeder(area);
    }

    function _known(uint24 area) internal view returns (Area storage record) {
        if (area == 0 || area > areaCount) revert GridTopologyUnknownArea(area);
        record = _areas[area];
    }

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

    /// @dev Areas are listed in order of creation, so those that count in a slot come first.
    function _countAt(uint24[] storage areas, uint32 slot) private view returns (uint256 count) {
        for (count = areas.length; count > 0; --count) {
            if (_areas[areas[count - 1]].fromSlot <= slot) break;
        }
    }
}
