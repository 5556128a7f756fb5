// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IClearing
interface IClearing {
    /// keccak256(positions ++ trades) committed by `close`; 0 = not closed
    function positionsHash(uint24 city, uint32 slot) external view returns (bytes32);
}
