// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IKeyDirectory
/// @notice The encryption key of each account: an X25519 key for HPKE, drawn by the account's owner and never derived
/// from a wallet signature, published under the account's signature.
/// @dev Anyone submits what an account signed, so that publishing costs the account no transaction. A key is in force
/// from its publication until the next one or its revocation; nobody wraps for a revoked key. The chain can't check
/// that the account knows the private key: whoever publishes a foreign one can't open what is wrapped for it.
///
/// Messages (EIP-712, domain "Commonwatt KeyDirectory", version "1", chain and this contract):
/// EncryptionKey(address account,bytes32 key,uint32 version) and KeyRevocation(address account,uint32 version).
///
/// | function | who may call it |
/// |---|---|
/// | publish | anyone with the account's signature; the account must be active |
/// | revoke | the account, active or not |
/// | revokeBySig | anyone with the account's signature, active or not |
interface IKeyDirectory {
    /// @notice A key of an account.
    /// @param key X25519 public key, 32 bytes as RFC 7748 writes them; zero where there is none.
    /// @param publishedAt Unix seconds.
    /// @param endedAt When the next one took its place or it was revoked, Unix seconds; 0 while it is in force.
    /// @param revoked It was revoked, not replaced.
    struct EncryptionKey {
        bytes32 key;
        uint40 publishedAt;
        uint40 endedAt;
        bool revoked;
    }

    /// @notice An account has a new key, which takes the place of the one before.
    /// @param account Whose.
    /// @param version Counts from 1.
    /// @param key X25519 public key.
    event KeyPublished(address indexed account, uint32 indexed version, bytes32 key);

    /// @notice An account's key is no longer to be used, and no other is in its place.
    /// @param account Whose.
    /// @param version The key's.
    event KeyRevoked(address indexed account, uint32 indexed version);

    /// @notice Only an active account publishes a key.
    /// @param account The account.
    error KeyDirectoryInactive(address account);

    /// @notice The key agrees with everybody on the same secret.
    /// @param key The key given.
    error KeyDirectoryLowOrderKey(bytes32 key);

    /// @notice The account's last key, in force or revoked, is this very key.
    /// @param account The account.
    /// @param version Its version.
    error KeyDirectorySameKey(address account, uint256 version);

    /// @notice Versions follow each other; what was submitted once, or is older, is refused.
    /// @param account The account.
    /// @param version The version given.
    /// @param expected The next one.
    error KeyDirectoryOtherVersion(address account, uint256 version, uint256 expected);

    /// @notice Only the key in force is revoked.
    /// @param account The account.
    /// @param version The version given.
    error KeyDirectoryNotInForce(address account, uint256 version);

    /// @notice The account did not sign exactly this.
    /// @param account The account.
    error KeyDirectoryForged(address account);

    /// @notice Publishes an account's first or next key. Anyone with the account's signature.
    /// @param account Whose; active.
    /// @param key X25519 public key, not of low order, other than the account's last one.
    /// @param version The last one + 1; 1 for the first.
    /// @param signature The account's, over EncryptionKey: 65 bytes, or what a contract account takes (ERC-1271).
    function publish(address account, bytes32 key, uint32 version, bytes calldata signature) external;

    /// @notice Revokes the caller's key in force.
    /// @param version The key's.
    function revoke(uint32 version) external;

    /// @notice Revokes an account's key in force. Anyone with the account's signature.
    /// @param account Whose.
    /// @param version The key's.
    /// @param signature The account's, over KeyRevocation.
    function revokeBySig(address account, uint32 version, bytes calldata signature) external;

    /// @notice The key in force.
    /// @param account Any account.
    /// @return key Zero where there is none: never published, or revoked.
    /// @return version The last published key's version; 0 where none ever was.
    function currentKey(address account) external view returns (bytes32 key, uint32 version);

    /// @notice A key of an account, in force or not.
    /// @param account Any account.
    /// @param version Counts from 1.
    /// @return entry All zero where there is none.
    function keyAt(address account, uint32 version) external view returns (EncryptionKey memory entry);

    /// @notice The version of an account's last published key.
    /// @param account Any account.
    /// @return version 0 where none ever was.
    function lastVersion(address account) external view returns (uint32 version);
}
