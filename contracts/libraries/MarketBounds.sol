// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title MarketBounds
/// @notice The fixed sizes of books and readings. Those of books keep every transaction of a city tree below 16,777,216
///         gas; docs/benchmarks.md has the measurements at the worst case.
library MarketBounds {
    /// Most meters with an order or bilateral contract in a city tree and slot. `settle` may have to bar each of them
    /// and to write a new debt for each: that is what a tree's size costs at the worst, not its trades. A feeder's
    /// share of it is the same for each feeder of the tree. With MAX_ORDERS_PER_SLOT it bounds the orders too: 500 in
    /// a tree, or in the book of a tree's only feeder, whose log has at most twice as many entries.
    uint256 internal constant MAX_TREE_METERS = 125;
    /// Most bilateral contracts of a city tree in a slot, besides the orders. The sellers' feeders share it alike.
    uint256 internal constant MAX_TREE_BILATERALS = 64;
    /// Most rests per side in a district's or city's book; a child's share is this divided by the number of children.
    uint256 internal constant MAX_PARENT_RESTS = 256;
    /// Most slots of one signed profile.
    uint256 internal constant MAX_PROFILE_SLOTS = 128;
    /// Most orders and bilateral contracts of a meter in a slot, cancelled ones included.
    uint256 internal constant MAX_ORDERS_PER_SLOT = 4;
    /// Orders lie fewer slots than this ahead. A meter's order words are used again after 256 slots; with at most 249
    /// slots between the first and the last open one, no two open slots fall on one word.
    uint32 internal constant HORIZON_SLOTS = 240;
    /// Most Wh of a reading, an order or a connection in a slot: what 24 bits hold, 16.7 MWh.
    uint32 internal constant MAX_SLOT_WH = 2 ** 24 - 1;
    /// A meter's reading words are used again after so many slots (ReadingWords): 170 days of hours, 42 of quarter
    /// hours. MarketRules keeps the dates of a slot, postponed ones too, within them.
    uint32 internal constant READING_SLOTS = 4096;
    /// Most operators that attest a feeder's readings.
    uint256 internal constant MAX_QUORUM_OPERATORS = 8;
    /// Most readings that an operator attests in one call: also of meters that share no word, and with all the other
    /// operators contradicted, it stays below 16,777,216 gas.
    uint256 internal constant MAX_ATTESTED = 128;
}
