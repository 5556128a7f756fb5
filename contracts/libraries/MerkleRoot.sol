// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title MerkleRoot
/// @notice The root of OpenZeppelin merkle-tree's SimpleMerkleTree with `sortLeaves: false`: a complete binary tree in
/// an array, the leaves at its end in reverse order, each node the hash of its sorted pair of children.
/// @dev Leaves are EIP-712 digests, hashes of 66 bytes, so no inner node (a hash of 64 bytes) passes for a leaf.
library MerkleRoot {
    /// @notice The array that holds a tree, all nodes zero.
    /// @param leafCount Leaves, 1 or more.
    /// @return tree Room for the leaves and the inner nodes.
    function newTree(uint256 leafCount) internal pure returns (bytes32[] memory tree) {
        return new bytes32[](2 * leafCount - 1);
    }

    /// @notice Puts a leaf in its place.
    /// @param tree The tree.
    /// @param index From 0 to the number of leaves - 1.
    /// @param leaf The leaf.
    function setLeaf(bytes32[] memory tree, uint256 index, bytes32 leaf) internal pure {
        tree[tree.length - 1 - index] = leaf;
    }

    /// @notice Fills in the inner nodes.
    /// @param tree A tree whose leaves are set.
    /// @return root Its root; the leaf itself when there is but one.
    function hashUp(bytes32[] memory tree) internal pure returns (bytes32 root) {
        for (uint256 node = tree.length / 2; node > 0; --node) {
            // the parent is node - 1, its children are 2 * node - 1 and 2 * node
            tree[node - 1] = Hashes.commutativeKeccak256(tree[2 * node - 1], tree[2 * node]);
        }
        return tree[0];
    }
}
