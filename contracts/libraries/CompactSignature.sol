// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title CompactSignature
/// @notice Recovers the signer of an ERC-2098 compact signature as OpenZeppelin's ECDSA.tryRecover does, at a third of
/// its overhead: batches of readings check hundreds.
library CompactSignature {
    /// @notice Who signed the digest.
    /// @param digest What was signed.
    /// @param r Of the signature.
    /// @param vs Parity and s; s above half the curve's order is refused, so that a digest and key have one signature.
    /// @return signer The zero address for a malformed signature.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal view returns (address signer) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let s := shr(1, shl(1, vs))
            // half the order of secp256k1
            if iszero(gt(s, 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0)) {
                let p := mload(0x40) // past the free pointer: scratch, not allocated
                mstore(p, digest)
                mstore(add(p, 0x20), add(27, shr(255, vs)))
                mstore(add(p, 0x40), r)
                mstore(add(p, 0x60), s)
                mstore(0x00, 0)
                // the precompile answers nothing to what it cannot recover: the zero written above stays
                pop(staticcall(gas(), 1, p, 0x80, 0x00, 0x20))
                signer := mload(0x00)
            }
        }
    }
}
