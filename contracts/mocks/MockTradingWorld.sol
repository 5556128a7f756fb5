// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AreaLevel, RuleSet, SlotTimes} from "../types/MarketTypes.sol";

/// @title MockTradingWorld
/// @notice For tests of EnergyMarket, Clearing and BilateralContracts: Federation, DeviceRegistry, GridTopology,
/// Tariffs, MarketCalendar, MarketRules and MeterLedger at once, as the test told them. Everybody is active, nobody
/// barred, unless told otherwise; slots have 3,600 s and the default windows.
contract MockTradingWorld {
    struct Meter {
        address holder;
        uint24 feeder;
        uint32 connectionWh;
        bool isInactive;
        bool isBarred;
        uint32 changesFrom; // no holder, feeder 0 for a range that reaches this slot; 0 = never
    }

    struct Area {
        AreaLevel level;
        uint24 parent;
        uint32 feeMicroPerKwh;
        bool limited;
        uint64 capacityWh;
        uint24[] children;
        uint24[] feeders;
    }

    uint32 private constant _SLOT_SECONDS = 3600;

    /// @notice Whether an account counts as suspended.
    mapping(address account => bool suspended) public suspended;
    /// @notice How many areas there are.
    uint24 public areaCount;
    mapping(uint32 meter => Meter record) private _meters;
    mapping(uint24 area => Area record) private _areas;
    RuleSet private _rules;

    /// @notice Starts with a bond rate of 2 credits per kWh and a minimum of 1 Wh.
    constructor() {
        _rules.bondRate = 2_000_000;
        _rules.minimumOrderWh = 1;
    }

    /// @notice Suspends an account, or not any more.
    /// @param account The account.
    /// @param isSuspended True: suspended.
    function setSuspended(address account, bool isSuspended) external {
        suspended[account] = isSuspended;
    }

    /// @notice Sets all that is known of a meter.
    /// @param meter The meter.
    /// @param record Everything.
    function setMeter(uint32 meter, Meter calldata record) external {
        _meters[meter] = record;
    }

    /// @notice Sets the rules of all slots.
    /// @param bondRate Micro-credits per kWh.
    /// @param minimumOrderWh Wh.
    function setRules(uint32 bondRate, uint32 minimumOrderWh) external {
        _rules.bondRate = bondRate;
        _rules.minimumOrderWh = minimumOrderWh;
    }

    /// @notice Adds an area.
    /// @param parent The area above; 0 for a city.
    /// @return area Its number.
    function addArea(uint24 parent) external returns (uint24 area) {
        area = ++areaCount;
        Area storage record = _areas[area];
        record.parent = parent;
        if (parent == 0) {
            record.level = AreaLevel.City;
            return area;
        }
        _areas[parent].children.push(area);
        record.level = AreaLevel(uint8(_areas[parent].level) - 1);
        if (record.level == AreaLevel.Feeder) _areas[_areas[parent].parent].feeders.push(area);
    }

    /// @notice Sets the edge above an area.
    /// @param area The area.
    /// @param feeMicroPerKwh Micro-credits per kWh.
    /// @param limited Whether it has a capacity.
    /// @param capacityWh The capacity.
    function setEdge(uint24 area, uint32 feeMicroPerKwh, bool limited, uint64 capacityWh) external {
        Area storage record = _areas[area];
        (record.feeMicroPerKwh, record.limited, record.capacityWh) = (feeMicroPerKwh, limited, capacityWh);
    }

    /// @notice As IFederation.
    /// @param account The account.
    /// @return active True unless suspended.
    function isActive(address account) external view returns (bool active) {
        return !suspended[account];
    }

    /// @notice As IDeviceRegistry.
    /// @param meter The meter.
    /// @return key Some key unless told that it is inactive.
    function activeMeterKey(uint32 meter) external view returns (address key) {
        return _meters[meter].isInactive ? address(0) : address(1);
    }

    /// @notice As IDeviceRegistry.
    /// @param meter The meter.
    /// @param last The last slot.
    /// @return holder As told.
    function holderThroughout(uint32 meter, uint32, uint32 last) external view returns (address holder) {
        return _reaches(meter, last) ? address(0) : _meters[meter].holder;
    }

    /// @notice As IMeterLedger.
    /// @param meter The meter.
    /// @return barred As told.
    function isBarred(uint32 meter) external view returns (bool barred) {
        return _meters[meter].isBarred;
    }

    /// @notice As IGridTopology.
    /// @param meter The meter.
    /// @return feeder As told.
    /// @return connectionWh As told.
    function siteAt(uint32 meter, uint32) external view returns (uint24 feeder, uint32 connectionWh) {
        return (_meters[meter].feeder, _meters[meter].connectionWh);
    }

    /// @notice As IGridTopology.
    /// @param meter The meter.
    /// @return feeder As told.
    /// @return connectionWh As told.
    function siteThroughout(uint32 meter, uint32, uint32) external view returns (uint24 feeder, uint32 connectionWh) {
        return (_meters[meter].feeder, _meters[meter].connectionWh);
    }

    /// @notice As IGridTopology.
    /// @param area The area.
    /// @return level Its level.
    function levelOf(uint24 area) external view returns (AreaLevel level) {
        return _areas[area].level;
    }

    /// @notice As IGridTopology.
    /// @param area The area.
    /// @return parent The area above.
    function parentOf(uint24 area) external view returns (uint24 parent) {
        return _areas[area].parent;
    }

    /// @notice As IGridTopology.
    /// @param area The area.
    /// @return children The areas below.
    function childrenOf(uint24 area) external view returns (uint24[] memory children) {
        return _areas[area].children;
    }

    /// @notice As IGridTopology.
    /// @param city The city.
    /// @return feeders Its feeders.
    function feedersOfCity(uint24 city) external view returns (uint24[] memory feeders) {
        return _areas[city].feeders;
    }

    /// @notice As IGridTopology.
    /// @param area The area.
    /// @return count Of its children.
    function childCountAt(uint24 area, uint32) external view returns (uint256 count) {
        return _areas[area].children.length;
    }

    /// @notice As IGridTopology.
    /// @param city The city.
    /// @return count Of its feeders.
    function feederCountAt(uint24 city, uint32) external view returns (uint256 count) {
        return _areas[city].feeders.length;
    }

    /// @notice As IGridTopology.
    /// @param feeder The feeder.
    /// @return district The area above.
    /// @return city The root.
    function pathOf(uint24 feeder) external view returns (uint24 district, uint24 city) {
        district = _areas[feeder].parent;
        city = _areas[district].parent;
    }

    /// @notice As IGridTopology.
    /// @param area The area.
    /// @return limited As told.
    /// @return capacityWh As told.
    function edgeCapacityAt(uint24 area, uint32) external view returns (bool limited, uint64 capacityWh) {
        return (_areas[area].limited, _areas[area].capacityWh);
    }

    /// @notice As ITariffs.
    /// @param area The area.
    /// @return feeMicroPerKwh As told.
    function edgeFeeInForce(uint24 area, uint32) external view returns (uint32 feeMicroPerKwh) {
        return _areas[area].feeMicroPerKwh;
    }

    /// @notice As IMarketRules.
    /// @return rules As told.
    function rulesAt(uint32) external view returns (RuleSet memory rules) {
        return _rules;
    }

    /// @notice As IMarketCalendar.
    /// @param slot The slot.
    /// @return open From 48 h until half an hour before its start.
    function isOpenForOrders(uint32 slot) external view returns (bool open) {
        SlotTimes memory times = timesOf(slot);
        return block.timestamp >= times.opens && block.timestamp < times.gateClosure;
    }

    /// @notice As IMarketCalendar.
    /// @param time Unix seconds.
    /// @return slot The slot.
    function slotOf(uint256 time) external pure returns (uint32 slot) {
        return uint32(time / _SLOT_SECONDS);
    }

    /// @notice As IMarketCalendar, without the dates after delivery.
    /// @param slot The slot.
    /// @return times The dates.
    function timesOf(uint32 slot) public pure returns (SlotTimes memory times) {
        times.deliveryStart = uint64(slot) * _SLOT_SECONDS;
        times.deliveryEnd = times.deliveryStart + _SLOT_SECONDS;
        times.opens = times.deliveryStart - 48 hours;
        times.gateClosure = times.deliveryStart - 30 minutes;
        times.feederDeadline = times.deliveryStart - 20 minutes;
        times.districtDeadline = times.deliveryStart - 15 minutes;
        times.cityDeadline = times.deliveryStart - 10 minutes;
    }

    function _reaches(uint32 meter, uint32 last) private view returns (bool) {
        uint32 changesFrom = _meters[meter].changesFrom;
        return changesFrom != 0 && last >= changesFrom;
    }
}
