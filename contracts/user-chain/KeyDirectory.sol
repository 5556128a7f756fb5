// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IFederation} from "../interfaces/IFederation.sol";
import {IKeyDirectory} from "../interfaces/IKeyDirectory.sol";
import {X25519Points} from "../libraries/X25519Points.sol";

/// @title KeyDirectory
/// @notice Which key to encrypt for, by account.
contract KeyDirectory is EIP712, IKeyDirectory {
    bytes32 private constant _ENCRYPTION_KEY_TYPEHASH = keccak256(
        "EncryptionKey(address account,bytes32 key,uint32 version)"
    );
    bytes32 private constant _KEY_REVOCATION_TYPEHASH = keccak256("KeyRevocation(address account,uint32 version)");

    /// @notice Who is active.
    IFederation public immutable FEDERATION;

    // slots 0 and 1: EIP712
    /// @inheritdoc IKeyDirectory
    mapping(address account => uint32 version) public lastVersion; // slot 2
    mapping(address account => mapping(uint32 version => EncryptionKey entry)) private _keys; // slot 3

    /// @notice Nobody has a key yet.
    /// @param federation Who is active.
    constructor(IFederation federation) EIP712("Commonwatt KeyDirectory", "1") {
        FEDERATION = federation;
    }

    /// @inheritdoc IKeyDirectory
    function publish(address account, bytes32 key, uint32 version, bytes calldata signature) external {
        if (!FEDERATION.isActive(account)) revert KeyDirectoryInactive(account);
        if (X25519Points.isLowOrder(key)) revert KeyDirectoryLowOrderKey(key);
        uint32 last = lastVersion[account];
        uint256 next = uint256(last) + 1;
        if (version != next) revert KeyDirectoryOtherVersion(account, version, next);
        _requireSigned(account, keccak256(abi.encode(_ENCRYPTION_KEY_TYPEHASH, account, key, version)), signature);
        EncryptionKey storage before = _keys[account][last];
        if (before.key == key) revert KeyDirectorySameKey(account, last);
        if (_isInForce(before)) before.endedAt = uint40(block.timestamp);
        lastVersion[account] = version;
        _keys[account][version] = EncryptionKey({
            key: key,
            publishedAt: uint40(block.timestamp),
            endedAt: 0,
            revoked: false
        });
        emit KeyPublished(account, version, key);
    }

    /// @inheritdoc IKeyDirectory
    function revoke(uint32 version) external {
        _revoke(msg.sender, version);
    }

    /// @inheritdoc IKeyDirectory
    function revokeBySig(address account, uint32 version, bytes calldata signature) external {
        _requireSigned(account, keccak256(abi.encode(_KEY_REVOCATION_TYPEHASH, account, version)), signature);
        _revoke(account, version);
    }

    /// @inheritdoc IKeyDirectory
    function currentKey(address account) external view returns (bytes32 key, uint32 version) {
        version = lastVersion[account];
        EncryptionKey storage entry = _keys[account][version];
        if (_isInForce(entry)) key = entry.key;
    }

    /// @inheritdoc IKeyDirectory
    function keyAt(address account, uint32 version) external view returns (EncryptionKey memory entry) {
        return _keys[account][version];
    }

    function _revoke(address account, uint32 version) private {
        EncryptionKey storage entry = _keys[account][version];
        if (!_isInForce(entry)) revert KeyDirectoryNotInForce(account, version);
        entry.endedAt = uint40(block.timestamp);
        entry.revoked = true;
        emit KeyRevoked(account, version);
    }

    function _requireSigned(address account, bytes32 structHash, bytes calldata signature) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(account, _hashTypedDataV4(structHash), signature)) {
            revert KeyDirectoryForged(account);
        }
    }

    function _isInForce(EncryptionKey storage entry) private view returns (bool inForce) {
        return entry.publishedAt != 0 && entry.endedAt == 0;
    }
}
