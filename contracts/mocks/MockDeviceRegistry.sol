// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title MockDeviceRegistry
/// @notice For tests of MeterLedger: the keys of active meters as the test told it.
contract MockDeviceRegistry {
    /// @notice As IDeviceRegistry.activeMeterKey.
    mapping(uint32 device => address key) public activeMeterKey;

    /// @notice Sets the key of an active meter.
    /// @param device The meter.
    /// @param key Its key; 0 = not active.
    function setKey(uint32 device, address key) external {
        activeMeterKey[device] = key;
    }

    /// @notice Sets the keys of active meters with consecutive numbers.
    /// @param firstDevice The first meter.
    /// @param keys Their keys.
    function setKeys(uint32 firstDevice, address[] calldata keys) external {
        for (uint256 i = 0; i < keys.length; ++i) {
            activeMeterKey[firstDevice + uint32(i)] = keys[i];
        }
    }
}
