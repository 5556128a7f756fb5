// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title NodeWords
/// @notice A node address in one word with whose it is: words sort as their addresses do.
/// @dev From the lowest bit up: number of the address (24 bits), candidate (16), 56 unused, address (160) on top.
library NodeWords {
    uint256 private constant _NODE_SHIFT = 96;
    uint256 private constant _CANDIDATE_SHIFT = 24;

    function pack(address node, uint256 candidate, uint256 number) internal pure returns (uint256 word) {
        return (uint256(uint160(node)) << _NODE_SHIFT) | (candidate << _CANDIDATE_SHIFT) | number;
    }

    function nodeOf(uint256 word) internal pure returns (address node) {
        return address(uint160(word >> _NODE_SHIFT));
    }

    function candidateOf(uint256 word) internal pure returns (uint16 candidate) {
        return uint16(word >> _CANDIDATE_SHIFT);
    }

    function numberOf(uint256 word) internal pure returns (uint256 number) {
        return uint24(word);
    }

    /// The addresses of words, in their order.
    function nodesOf(uint256[] memory words) internal pure returns (address[] memory nodes) {
        nodes = new address[](words.length);
        for (uint256 i = 0; i < words.length; ++i) nodes[i] = nodeOf(words[i]);
    }
}
