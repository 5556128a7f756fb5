// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AreaLevel} from "../types/MarketTypes.sol";

/// @title MockGridTopology
/// @notice For tests of Tariffs, MeterLedger and ReadingQuorum: feeders, parties, edge fees and sites as the test told
/// it. What was told from a slot on holds until the next slot that something was told for, at most 8 of them.
contract MockGridTopology {
    struct Parties {
        uint32 fromSlot;
        address supplier;
        address gridOperator;
        address meteringOperator;
    }

    struct Site {
        uint24 feeder;
        uint32 connectionWh;
    }

    struct Path {
        uint24 district;
        uint24 city;
    }

    /// @notice As IGridTopology.pathOf.
    mapping(uint24 feeder => Path path) public pathOf;
    /// @notice As IGridTopology.levelOf; every area is a feeder at first.
    mapping(uint24 area => AreaLevel level) public levelOf;
    mapping(uint24 feeder => Parties[] history) private _parties;
    mapping(uint24 area => uint32 feeMicroPerKwh) private _fees;
    mapping(uint32 meter => Site site) private _sites;

    /// @notice Puts a feeder into a district and a city.
    /// @param feeder The feeder.
    /// @param district Its district.
    /// @param city Its city.
    function setPath(uint24 feeder, uint24 district, uint24 city) external {
        pathOf[feeder] = Path(district, city);
    }

    /// @notice Says what an area is.
    /// @param area The area.
    /// @param level Its level.
    function setLevel(uint24 area, AreaLevel level) external {
        levelOf[area] = level;
    }

    /// @notice Sets a feeder's parties from a slot on, later than those before.
    /// @param feeder The feeder.
    /// @param parties The parties and their first slot.
    function setParties(uint24 feeder, Parties calldata parties) external {
        _parties[feeder].push(parties);
    }

    /// @notice Sets the fee of the edge above an area, for all slots.
    /// @param area The area.
    /// @param feeMicroPerKwh Micro-credits per kWh.
    function setEdgeFee(uint24 area, uint32 feeMicroPerKwh) external {
        _fees[area] = feeMicroPerKwh;
    }

    /// @notice Places a meter at a feeder, for all slots.
    /// @param meter The meter.
    /// @param feeder The feeder, 0 = nowhere.
    /// @param connectionWh The size of its connection, Wh per slot.
    function setSite(uint32 meter, uint24 feeder, uint32 connectionWh) external {
        _sites[meter] = Site(feeder, connectionWh);
    }

    /// @notice Places meters with consecutive numbers at a feeder, for all slots.
    /// @param firstMeter The first meter.
    /// @param count How many.
    /// @param feeder The feeder.
    /// @param connectionWh The size of each connection, Wh per slot.
    function setSites(uint32 firstMeter, uint32 count, uint24 feeder, uint32 connectionWh) external {
        for (uint32 i = 0; i < count; ++i) {
            _sites[firstMeter + i] = Site(feeder, connectionWh);
        }
    }

    /// @notice As IGridTopology.partiesAt.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @return supplier As told.
    /// @return gridOperator As told.
    /// @return meteringOperator As told.
    function partiesAt(
        uint24 feeder,
        uint32 slot
    ) external view returns (address supplier, address gridOperator, address meteringOperator) {
        Parties[] storage history = _parties[feeder];
        for (uint256 i = history.length; i > 0; --i) {
            Parties storage parties = history[i - 1];
            if (parties.fromSlot <= slot) {
                return (parties.supplier, parties.gridOperator, parties.meteringOperator);
            }
        }
    }

    /// @notice As IGridTopology.edgeFeeAt.
    /// @param area The area.
    /// @return feeMicroPerKwh As told, in every slot.
    function edgeFeeAt(uint24 area, uint32) external view returns (uint32 feeMicroPerKwh) {
        return _fees[area];
    }

    /// @notice As IGridTopology.siteAt.
    /// @param meter The meter.
    /// @return feeder As told, in every slot.
    /// @return connectionWh As told, in every slot.
    function siteAt(uint32 meter, uint32) external view returns (uint24 feeder, uint32 connectionWh) {
        Site memory site = _sites[meter];
        return (site.feeder, site.connectionWh);
    }
}
