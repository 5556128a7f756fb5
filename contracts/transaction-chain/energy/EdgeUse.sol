// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClearing} from "../../interfaces/IClearing.sol";
import {Edges, GridEdges} from "../../libraries/GridEdges.sol";
import {AreaLevel} from "../../types/MarketTypes.sol";
import {BookResults} from "./BookResults.sol";

/// @title EdgeUse
/// @notice What the books of a slot have sent over each edge that has a capacity. Part of Clearing.
abstract contract EdgeUse is BookResults {
    uint256 private constant _WH_BITS = 64;

    mapping(uint24 area => mapping(uint32 slot => uint256 use)) private _use; // down 64 | up 64

    /// @inheritdoc IClearing
    function edgeUseOf(uint24 area, uint32 slot) external view returns (uint64 upWh, uint64 downWh) {
        uint256 use = _use[area][slot];
        return (uint64(use), uint64(use >> _WH_BITS));
    }

    /// @dev Adds what the book took to what is kept.
    function _storeEdges(Edges memory edges, uint32 slot) internal {
        if (!edges.isLimited) return;
        for (uint256 i = 0; i < edges.areas.length; ++i) {
            if (edges.startWh[2 * i] == GridEdges.UNLIMITED_WH) continue;
            uint256 upWh = edges.startWh[2 * i] - edges.leftWh[2 * i];
            uint256 downWh = edges.startWh[2 * i + 1] - edges.leftWh[2 * i + 1];
            // neither leaves its 64 bits: all use together is within a capacity of 64 bits
            if (upWh + downWh != 0) _use[edges.areas[i]][slot] += (downWh << _WH_BITS) | upWh;
        }
    }

    /// @dev The edges that a trade in the area's book can use.
    function _loadEdges(
        uint24 area,
        AreaLevel level,
        uint24[] memory children,
        uint32 slot
    ) internal view returns (Edges memory edges) {
        uint24[] memory feeders = level == AreaLevel.City ? _feedersAt(area, slot) : children;
        uint24[] memory districts = level == AreaLevel.City ? children : new uint24[](0);
        edges.feederCount = feeders.length;
        edges.areas = new uint24[](feeders.length + districts.length);
        edges.startWh = new uint256[](2 * edges.areas.length);
        edges.leftWh = new uint256[](2 * edges.areas.length);
        for (uint256 i = 0; i < feeders.length; ++i) {
            _loadEdge(edges, i, feeders[i], slot);
        }
        for (uint256 i = 0; i < districts.length; ++i) {
            _loadEdge(edges, feeders.length + i, districts[i], slot);
        }
        if (edges.isLimited) edges.above = _above(feeders, districts);
    }

    function _loadEdge(Edges memory edges, uint256 i, uint24 area, uint32 slot) private view {
        edges.areas[i] = area;
        (bool limited, uint64 capacityWh) = TOPOLOGY.edgeCapacityAt(area, slot);
        (uint256 upWh, uint256 downWh) = (GridEdges.UNLIMITED_WH, GridEdges.UNLIMITED_WH);
        if (limited) {
            edges.isLimited = true;
            uint256 use = _use[area][slot];
            upWh = capacityWh - uint64(use);
            downWh = capacityWh - uint64(use >> _WH_BITS);
        }
        (edges.startWh[2 * i], edges.startWh[2 * i + 1]) = (upWh, downWh);
        (edges.leftWh[2 * i], edges.leftWh[2 * i + 1]) = (upWh, downWh);
    }

    /// @dev Per feeder the index of its district's edge, behind those of the feeders; zeros without districts.
    function _above(uint24[] memory feeders, uint24[] memory districts) private view returns (uint256[] memory above) {
        above = new uint256[](feeders.length);
        if (districts.length == 0) return above;
        for (uint256 i = 0; i < feeders.length; ++i) {
            uint24 district = TOPOLOGY.parentOf(feeders[i]);
            for (uint256 j = 0; j < districts.length; ++j) {
                if (districts[j] == district) above[i] = feeders.length + j;
            }
        }
    }
}
