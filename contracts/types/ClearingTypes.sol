// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What clears a feeder's book. Lists of indices are packed, two bytes each.
struct FeederBook {
    uint24 feeder;
    uint32 slot;
    uint32 price; // claimed; 0 when nothing trades
    bytes32 tradesHash; // claimed; 0 when nothing trades
    bytes32[] entries; // the whole log, two words each
    bytes cancelTargets; // for each cancel entry, in order: index of the order that it cancels
    bytes bids; // indices of the live bids, price descending, then arrival
    bytes asks; // indices of the live asks, price ascending, then arrival
}

/// @notice What clears a district's or city's book. Indices count through the rests of all children.
struct ParentBook {
    uint24 area;
    uint32 slot;
    uint32 price; // claimed
    bytes32 tradesHash; // claimed
    bytes32[][] rests; // of each child that counts in the slot, in the order of childrenOf; empty unless cleared
    bytes32[] childTradesHashes; // likewise; 0 when it has no trades
    bytes bids;
    bytes asks;
}

/// @notice What closes a slot of a city tree. Feeders and districts are those that count in the slot, in the order of
///         feedersOfCity and childrenOf.
struct SlotBooks {
    uint24 city;
    uint32 slot;
    uint16 positionCount;
    bytes32[] bilaterals; // the whole book of bilateral contracts, four words each
    bytes32[][] entries; // per feeder: the whole log, two words each
    bytes[] cancelTargets; // per feeder, as in FeederBook
    bytes32[][] trades; // per book: feeders, districts, city; empty unless cleared
    bytes32[] restsHashes; // per book, likewise; 0 unless cleared
    // index of the meter's position, two bytes each: for each bilateral contract the buyer's and the seller's, then for
    // each order of each log
    bytes places;
}
