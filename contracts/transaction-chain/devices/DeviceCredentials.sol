// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {DeviceKind, IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole, Standing} from "../../interfaces/IFederation.sol";
import {DeviceMessages} from "../../libraries/DeviceMessages.sol";

/// @title DeviceCredentials
/// @notice What DeviceRegistry accepts as a maker's certificate, a device's possession of its key, and an owner's
/// consent.
/// @dev Holds no device; only which certificates were used.
abstract contract DeviceCredentials is EIP712, IDeviceRegistry {
    /// @notice Says who is an active member or user, and as what.
    IFederation public immutable FEDERATION;

    // slots 0 and 1: EIP712
    /// @inheritdoc IDeviceRegistry
    mapping(bytes32 certificate => bool used) public isCertificateUsed; // slot 2

    /// @notice No certificate was used yet.
    /// @param federation The Federation of this chain.
    constructor(IFederation federation) EIP712("Commonwatt DeviceRegistry", "1") {
        FEDERATION = federation;
    }

    /// @dev Every refusal of a certificate, each with its own error; then it is used.
    function _useCertificate(
        Certificate calldata certificate,
        bytes calldata makerSignature
    ) internal returns (bytes32 digest) {
        if (certificate.chainId != block.chainid) revert DeviceRegistryWrongChain(certificate.chainId);
        if (certificate.registry != address(this)) revert DeviceRegistryWrongContract(certificate.registry);
        if (certificate.kind == DeviceKind.None || certificate.deviceKey == address(0)) {
            revert DeviceRegistryIncompleteCertificate();
        }
        _requireMaker(certificate.maker);
        if (block.timestamp < certificate.validFrom) {
            revert DeviceRegistryCertificateNotYetValid(certificate.validFrom);
        }
        _requireValid(certificate.validUntil);
        digest = _hashTypedDataV4(DeviceMessages.hashCertificate(certificate));
        if (isCertificateUsed[digest]) revert DeviceRegistryCertificateReplayed(digest);
        if (!SignatureChecker.isValidSignatureNowCalldata(certificate.maker, digest, makerSignature)) {
            revert DeviceRegistryForgedCertificate(certificate.maker);
        }
        isCertificateUsed[digest] = true;
    }

    function _requireActive(address owner) internal view {
        if (!FEDERATION.isActive(owner)) revert DeviceRegistryInactiveOwner(owner);
    }

    function _requireConsent(
        address owner,
        bytes32 structHash,
        uint64 deadline,
        bytes calldata signature
    ) internal view {
        _requireActive(owner);
        if (owner == msg.sender) return;
        if (block.timestamp > deadline) revert DeviceRegistryConsentExpired(deadline);
        bytes32 digest = _hashTypedDataV4(structHash);
        if (!SignatureChecker.isValidSignatureNowCalldata(owner, digest, signature)) {
            revert DeviceRegistryNoConsent(owner);
        }
    }

    function _requireMaker(address maker) internal view {
        if (FEDERATION.hasRole(maker, MemberRole.Manufacturer)) return;
        Standing standing = FEDERATION.standingOf(maker);
        if (standing == Standing.Suspended || standing == Standing.Expelled) revert DeviceRegistryInactiveMaker(maker);
        revert DeviceRegistryUnknownMaker(maker);
    }

    function _requireValid(uint64 validUntil) internal view {
        if (block.timestamp > validUntil) revert DeviceRegistryCertificateExpired(validUntil);
    }

    /// @dev Bare keys only, and never the zero address: what is malformed recovers to no key.
    function _isSignedBy(
        address key,
        bytes32 structHash,
        bytes calldata signature
    ) internal view returns (bool signed) {
        (address signer, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        return err == ECDSA.RecoverError.NoError && signer == key;
    }
}
