// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IDeviceRegistry} from "../interfaces/IDeviceRegistry.sol";

/// @title DeviceMessages
/// @notice The EIP-712 struct hashes of the messages that DeviceRegistry reads.
library DeviceMessages {
    bytes32 private constant CERTIFICATE_TYPEHASH = keccak256(
        "Certificate(address maker,address deviceKey,uint8 kind,bytes32 model,bytes32 serialHash,"
        "uint64 validFrom,uint64 validUntil,uint256 chainId,address registry)"
    );
    bytes32 private constant POSSESSION_TYPEHASH = keccak256("Possession(address deviceKey,address owner)");
    bytes32 private constant CONSENT_TYPEHASH = keccak256("Consent(address deviceKey,address owner,uint64 deadline)");
    bytes32 private constant KEY_ROTATION_TYPEHASH = keccak256(
        "KeyRotation(uint32 device,address newKey,uint32 nonce)"
    );
    bytes32 private constant OWNER_CHANGE_TYPEHASH = keccak256(
        "OwnerChange(uint32 device,address from,address to,uint32 nonce,uint64 deadline)"
    );

    /// @notice Struct hash of a maker's certificate.
    /// @param certificate Every field in the order of its type.
    /// @return structHash To be signed under the registry's domain.
    function hashCertificate(
        IDeviceRegistry.Certificate calldata certificate
    ) internal pure returns (bytes32 structHash) {
        // All members are static, so the ABI coding of the struct is the EIP-712 coding of its members.
        return keccak256(abi.encode(CERTIFICATE_TYPEHASH, certificate));
    }

    /// @notice Struct hash of the device's statement whose it is.
    /// @param deviceKey The device's key, which signs.
    /// @param owner Whom it names.
    /// @return structHash To be signed under the registry's domain.
    function hashPossession(address deviceKey, address owner) internal pure returns (bytes32 structHash) {
        return keccak256(abi.encode(POSSESSION_TYPEHASH, deviceKey, owner));
    }

    /// @notice Struct hash of the owner's consent to hold a device.
    /// @param deviceKey The device's key.
    /// @param owner Who signs.
    /// @param deadline Unix seconds until which it may be used.
    /// @return structHash To be signed under the registry's domain.
    function hashConsent(address deviceKey, address owner, uint64 deadline) internal pure returns (bytes32 structHash) {
        return keccak256(abi.encode(CONSENT_TYPEHASH, deviceKey, owner, deadline));
    }

    /// @notice Struct hash of a change of key.
    /// @param device The device number.
    /// @param newKey The new key's address.
    /// @param nonce The device's nonce.
    /// @return structHash To be signed under the registry's domain.
    function hashKeyRotation(uint32 device, address newKey, uint32 nonce) internal pure returns (bytes32 structHash) {
        return keccak256(abi.encode(KEY_ROTATION_TYPEHASH, device, newKey, nonce));
    }

    /// @notice Struct hash of a change of owner.
    /// @param request Device, new owner, nonce and deadline.
    /// @param from The holder.
    /// @return structHash To be signed under the registry's domain.
    function hashOwnerChange(
        IDeviceRegistry.OwnerChange calldata request,
        address from
    ) internal pure returns (bytes32 structHash) {
        return
            keccak256(
                abi.encode(OWNER_CHANGE_TYPEHASH, request.device, from, request.to, request.nonce, request.deadline)
            );
    }
}
