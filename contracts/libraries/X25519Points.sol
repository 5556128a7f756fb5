// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title X25519Points
/// @notice The public keys of X25519 that agree with every private key on the same secret, zero: the points of
/// Curve25519 and its twist whose order divides 8.
/// @dev The list is Bernstein's (https://cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?"), the reason
/// RFC 7748's section 6.1. X25519 ignores the topmost bit, so that list's twelve numbers are the seven below, with
/// and without 2^255, as far as they fit into 32 bytes. `test/unit/x25519-points.test.ts` holds OpenSSL to the same.
library X25519Points {
    /// @dev The topmost bit of the last byte, as keys are little-endian.
    bytes32 private constant _IGNORED_BIT = bytes32(uint256(0x80));
    /// @dev 0, of order 2.
    bytes32 private constant _ZERO = 0;
    /// @dev 1, of order 4.
    bytes32 private constant _ONE = 0x0100000000000000000000000000000000000000000000000000000000000000;
    /// @dev 325606250916557431795983626356110631294008115727848805560023387167927233504, of order 8.
    bytes32 private constant _ORDER_8 = 0xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800;
    /// @dev 39382357235489614581723060781553021112529911719440698176882885853963445705823, of order 8.
    bytes32 private constant _OTHER_ORDER_8 = 0x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157;
    /// @dev 2^255 - 20, that is -1, of order 4.
    bytes32 private constant _P_MINUS_ONE = 0xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f;
    /// @dev 2^255 - 19, that is 0.
    bytes32 private constant _P = 0xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f;
    /// @dev 2^255 - 18, that is 1.
    bytes32 private constant _P_PLUS_ONE = 0xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f;

    /// @notice Whether a key is of low order.
    /// @param key 32 bytes, little-endian as RFC 7748 writes them.
    /// @return low True for each encoding of each of the points.
    function isLowOrder(bytes32 key) internal pure returns (bool low) {
        bytes32 point = key & ~_IGNORED_BIT;
        bool small = point == _ZERO || point == _ONE || point == _ORDER_8 || point == _OTHER_ORDER_8;
        return small || point == _P_MINUS_ONE || point == _P || point == _P_PLUS_ONE;
    }
}
