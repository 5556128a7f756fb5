// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title HpkeBounds
/// @notice How short an HPKE output of the suite that the vault uses can be.
library HpkeBounds {
    /// @notice Bytes of an X25519 encapsulated key, one byte of content and the tag of ChaCha20-Poly1305 (RFC 9180,
    /// sections 7.1 and 7.3).
    uint256 internal constant MIN_BYTES = 32 + 1 + 16;
}
