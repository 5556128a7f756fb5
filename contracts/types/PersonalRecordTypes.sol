// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a record is about. `Free` says nothing.
enum RecordKind {
    Profile,
    Readings,
    Bill,
    Device,
    Trip,
    Free
}

/// @notice A version as its owner writes it.
/// @param record The record's id among its owner's: 32 random bytes, drawn by the owner for a new record.
/// @param version 1 for a new record, else exactly the last one + 1.
/// @param kind Chosen with version 1, the same ever after.
/// @param commitment Salted commitment to the clear content; not zero.
/// @param locator Where the ciphertext is: byte 0 and the ciphertext itself (1 to 1,024 bytes), or byte 1 and the hash
/// under which content stores keep it (32 bytes).
/// @param wrapped The chain's share of the content key, wrapped for the owner by HPKE: 32 bytes of encapsulated key,
/// then the ciphertext with its tag; 49 to 256 bytes.
struct NewVersion {
    bytes32 record;
    uint32 version;
    RecordKind kind;
    bytes32 commitment;
    bytes locator;
    bytes wrapped;
}

/// @notice The chain's share of a written version's content key, wrapped anew.
/// @param record The record's id.
/// @param version A version that was written.
/// @param wrapped As in NewVersion.
struct Rewrapping {
    bytes32 record;
    uint32 version;
    bytes wrapped;
}
