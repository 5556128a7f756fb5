// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AreaLevel} from "../types/MarketTypes.sol";

/// @title IGridTopology
interface IGridTopology {
    function levelOf(uint24 area) external view returns (AreaLevel);
    function parentOf(uint24 area) external view returns (uint24);
    function childrenOf(uint24 area) external view returns (uint24[] memory);
    function feedersOfCity(uint24 city) external view returns (uint24[] memory);
    function pathOf(uint24 feeder) external view returns (uint24 district, uint24 city);
    /// fee of the edge from `area` to its parent, micro-credits per kWh, uncapped
    function edgeFeeAt(uint24 area, uint32 slot) external view returns (uint32 feeMicroPerKwh);
    /// capacity per slot and direction of the edge above `area`; `limited` false = no limit
    function edgeCapacityAt(uint24 area, uint32 slot) external view returns (bool limited, uint64 capacityWh);
    function partiesAt(uint24 feeder, uint32 slot)
        external
        view
        returns (address supplier, address gridOperator, address meteringOperator);
    /// feeder 0 = the meter stands nowhere in that slot
    function siteAt(uint32 meter, uint32 slot) external view returns (uint24 feeder, uint32 connectionWh);
    /// meters ever placed at the feeder, in order of placement
    function meterCount(uint24 feeder) external view returns (uint256);
    function metersOf(uint24 feeder, uint256 from, uint256 count) external view returns (uint32[] memory);
}
