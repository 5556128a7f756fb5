// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IDeviceRegistry
interface IDeviceRegistry {
    /// signing key of an active meter; address(0) when the device is no meter or not active
    function activeMeterKey(uint32 device) external view returns (address key);
    /// account that held the device when the slot opened; address(0) when nobody
    function holderAt(uint32 device, uint32 slot) external view returns (address);
    /// the account that holds the device in every slot of [first, last], else address(0)
    function holderThroughout(uint32 device, uint32 first, uint32 last) external view returns (address);
    /// number of active meters that the account holds now (for the withdrawal reserve)
    function activeMetersOf(address holder) external view returns (uint256);
}
