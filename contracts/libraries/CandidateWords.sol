// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title CandidateWords
/// @notice A candidate's votes and flags in one word, so that an election reads a thousand candidates once each.
/// @dev From the lowest bit up: weight before the epoch of the last touch (88 bits), weight after it (88), that epoch
/// (32), flags (48). A vote counts from the next epoch on: in the epoch of the touch the first weight counts, later the
/// second.
library CandidateWords {
    /// One of the first set.
    uint256 internal constant FOUNDER = 1 << 208;
    /// In the set of validators.
    uint256 internal constant SEATED = 1 << 209;
    /// Seated although it should not be: earns nothing.
    uint256 internal constant KEPT = 1 << 210;
    /// Wants no seat.
    uint256 internal constant RESIGNED = 1 << 211;
    /// In jail, or did not ask back in since.
    uint256 internal constant JAILED = 1 << 212;
    /// Its deposit stays until the members' vote.
    uint256 internal constant FROZEN = 1 << 213;
    /// Somebody backs its removal.
    uint256 internal constant BACKED = 1 << 214;
    /// Always: a word is never zero, so that the first vote costs no more than others.
    uint256 internal constant EXISTS = 1 << 215;

    uint256 private constant _AFTER_SHIFT = 88;
    uint256 private constant _EPOCH_SHIFT = 176;
    uint256 private constant _FLAGS_SHIFT = 208;

    function has(uint256 word, uint256 flags) internal pure returns (bool any) {
        return word & flags != 0;
    }

    /// The weight from the next epoch on.
    function live(uint256 word) internal pure returns (uint256 weight) {
        return uint88(word >> _AFTER_SHIFT);
    }

    /// The weight in an epoch, no earlier than that of the last touch.
    function counted(uint256 word, uint256 epoch) internal pure returns (uint256 weight) {
        return uint32(word >> _EPOCH_SHIFT) < epoch ? live(word) : uint88(word);
    }

    /// The word with another weight from the next epoch on; what counts in this epoch stays.
    function withLive(uint256 word, uint256 epoch, uint256 weight) internal pure returns (uint256 changed) {
        assert(weight <= type(uint88).max); // more credits than an issuer can issue in 64-bit amounts
        uint256 flags = (word >> _FLAGS_SHIFT) << _FLAGS_SHIFT;
        return flags | (epoch << _EPOCH_SHIFT) | (weight << _AFTER_SHIFT) | counted(word, epoch);
    }

    /// Rank of a candidate: heavier first, ties by lower number; below 2^16 without weight.
    function rankOf(uint256 weight, uint256 candidate) internal pure returns (uint256 rank) {
        return (weight << 16) | (type(uint16).max - candidate);
    }

    /// Whose rank it is.
    function candidateOfRank(uint256 rank) internal pure returns (uint256 candidate) {
        return type(uint16).max - uint16(rank);
    }
}
