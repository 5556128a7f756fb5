// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {OrderWords} from "./OrderWords.sol";

/// @notice The edges below one book's area, while it is merged. Directions: 0 up (from the area), 1 down (to it).
struct Edges {
    bool isLimited; // false: no edge has a capacity, and nothing else is set
    uint256 feederCount;
    uint24[] areas; // area below each edge: the feeders, then the districts if the book is the city's
    uint256[] above; // per feeder: index of its district's edge; 0 in a district's book, which uses none
    uint256[] startWh; // what edge i carries in direction d before the book, at 2i + d
    uint256[] leftWh; // what it still carries
}

/// @title GridEdges
/// @notice Capacity of edges within one book: gross per direction, never netted. A seller's Wh go up over its edges, a
///         buyer's come down over its own.
library GridEdges {
    using OrderWords for uint256;

    uint256 internal constant UP = 0;
    uint256 internal constant DOWN = 1;
    /// What an edge without a limit starts with: more than any book can trade.
    uint256 internal constant UNLIMITED_WH = 1 << 128;

    /// @notice The order stands at no feeder of the book.
    /// @param feeder The order's feeder.
    error GridEdgesUnknownFeeder(uint256 feeder);

    /// Takes `wh` from the order's edges, which carry as much; only where edges are limited.
    function take(Edges memory edges, uint256 order, uint256 direction, uint256 wh) internal pure {
        uint256 feeder = _indexOf(edges, order);
        edges.leftWh[2 * feeder + direction] -= wh;
        uint256 district = edges.above[feeder];
        if (district != 0) edges.leftWh[2 * district + direction] -= wh;
    }

    /// How much the order's edges still carry, Wh.
    function leftFor(Edges memory edges, uint256 order, uint256 direction) internal pure returns (uint256 leftWh) {
        if (!edges.isLimited) return UNLIMITED_WH;
        uint256 feeder = _indexOf(edges, order);
        leftWh = edges.leftWh[2 * feeder + direction];
        uint256 district = edges.above[feeder];
        if (district == 0) return leftWh;
        uint256 aboveWh = edges.leftWh[2 * district + direction];
        return aboveWh < leftWh ? aboveWh : leftWh;
    }

    function _indexOf(Edges memory edges, uint256 order) private pure returns (uint256) {
        uint256 feeder = order.feederOf();
        for (uint256 i = 0; i < edges.feederCount; ++i) {
            if (edges.areas[i] == feeder) return i;
        }
        revert GridEdgesUnknownFeeder(feeder);
    }
}
