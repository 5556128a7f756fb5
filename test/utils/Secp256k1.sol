// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Secp256k1
/// @notice Public keys of small private keys, which the test runner does not give: affine, slow, for tests.
library Secp256k1 {
    uint256 private constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 private constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;

    /// @notice The public key of a private key below the group's order, not zero.
    function publicKey(uint256 privateKey) internal view returns (uint256 x, uint256 y) {
        uint256 bits = 255;
        while (privateKey >> bits == 0) --bits;
        (x, y) = (GX, GY);
        while (bits > 0) {
            --bits;
            (x, y) = _line(x, y, x, mulmod(mulmod(3, mulmod(x, x, P), P), _inverse(mulmod(2, y, P)), P));
            if ((privateKey >> bits) & 1 == 0) continue;
            uint256 slope = mulmod(addmod(GY, P - y, P), _inverse(addmod(GX, P - x, P)), P);
            (x, y) = _line(x, y, GX, slope);
        }
    }

    /// @dev The third point of the curve on a line, mirrored.
    function _line(uint256 x, uint256 y, uint256 otherX, uint256 slope) private pure returns (uint256 px, uint256 py) {
        px = addmod(addmod(mulmod(slope, slope, P), P - x, P), P - otherX, P);
        py = addmod(mulmod(slope, addmod(x, P - px, P), P), P - y, P);
    }

    /// @dev By Fermat, with the precompile for powers.
    function _inverse(uint256 value) private view returns (uint256 inverse) {
        bytes memory input = abi.encode(32, 32, 32, value, P - 2, P);
        (, bytes memory output) = address(5).staticcall(input);
        inverse = abi.decode(output, (uint256));
    }
}
