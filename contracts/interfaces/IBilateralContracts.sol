// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IBilateralContracts
interface IBilateralContracts {
    /// hash chain over the accepted contracts' entries of a city tree and slot; 0 = none
    function bookOf(uint24 city, uint32 slot) external view returns (bytes32 entriesHash, uint32 entryCount);
}
