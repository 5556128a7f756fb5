// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title SetWords
/// @notice Where ValidatorSet keeps what proves a set, and how its words are packed: for the contract that writes them
/// and for those that get them shown by `eth_getProof`. See IValidatorSet for the layout.
library SetWords {
    /// @notice Slot of the set's digest.
    uint256 internal constant DIGEST_SLOT = 1;
    /// @notice Slot of the set's head.
    uint256 internal constant HEAD_SLOT = 2;
    /// @notice Slot of the mapping of past sets.
    uint256 internal constant PAST_SLOT = 5;

    /// @notice The head of a set.
    /// @param chainId Of the chain, 64 bits.
    /// @param version Of the set, 64 bits.
    /// @param length Of the set, 32 bits.
    /// @param changedAt The block that wrote it, 64 bits.
    /// @return head chain id (64 bits) | version (64) | unused (32) | length (32) | changed at (64).
    function pack(
        uint256 chainId,
        uint256 version,
        uint256 length,
        uint256 changedAt
    ) internal pure returns (uint256 head) {
        return (chainId << 192) | (version << 128) | (length << 64) | changedAt;
    }

    /// @notice The first word of a past set.
    /// @param length Of the set.
    /// @param changedAt The block that wrote it, 64 bits.
    /// @return word length << 64 | changed at.
    function packPast(uint256 length, uint256 changedAt) internal pure returns (uint256 word) {
        return (length << 64) | changedAt;
    }

    /// @notice The chain of a head.
    /// @param head As packed.
    /// @return chainId The chain's id.
    function chainIdOf(uint256 head) internal pure returns (uint64 chainId) {
        return uint64(head >> 192);
    }

    /// @notice The version of a head's set.
    /// @param head As packed.
    /// @return version Counted from 1.
    function versionOf(uint256 head) internal pure returns (uint64 version) {
        return uint64(head >> 128);
    }

    /// @notice The length of a head's set, or of a past one.
    /// @param word A head, or a past set's first word.
    /// @return length Accountants.
    function lengthOf(uint256 word) internal pure returns (uint32 length) {
        return uint32(word >> 64);
    }

    /// @notice The block that wrote a head's set, or a past one.
    /// @param word A head, or a past set's first word.
    /// @return changedAt The set is in force from the next block on.
    function changedAtOf(uint256 word) internal pure returns (uint64 changedAt) {
        return uint64(word);
    }

    /// @notice The key of a past set's first word in its mapping.
    /// @param version Of the set.
    /// @return key Further words have the keys after it.
    function pastKeyOf(uint256 version) internal pure returns (uint256 key) {
        return version << 8;
    }

    /// @notice The slot of a past set's first word.
    /// @param version Of the set.
    /// @return slot In the election's storage.
    function pastSlotOf(uint256 version) internal pure returns (uint256 slot) {
        return uint256(keccak256(abi.encode(pastKeyOf(version), PAST_SLOT)));
    }
}
