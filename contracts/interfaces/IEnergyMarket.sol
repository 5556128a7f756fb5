// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IEnergyMarket
interface IEnergyMarket {
    /// hash chain over the feeder's book of the slot and its length in entries; 0 = nobody ordered
    function bookOf(uint24 feeder, uint32 slot) external view returns (bytes32 entriesHash, uint32 entryCount);
    /// true when the meter has an order or a bilateral contract in the slot (cancelled ones count)
    function hasPosition(uint32 meter, uint32 slot) external view returns (bool);
}
