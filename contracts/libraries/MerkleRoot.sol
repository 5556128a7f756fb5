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

    /// @notice Puts a leaf in its place. The caller keeps `index` below the number of leaves.
    /// @param tree The tree.
    /// @param index From 0.
    /// @param leaf The leaf.
    function setLeaf(bytes32[] memory tree, uint256 index, bytes32 leaf) internal pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // the last leaf stands 32 bytes * length after the array's start
            mstore(add(tree, shl(5, sub(mload(tree), index))), leaf)
        }
    }

    /// @notice Fills in the inner nodes.
    /// @param tree A tree whose leaves are set.
    /// @return root Its root; the leaf itself when there is but one.
    function hashUp(bytes32[] memory tree) internal pure returns (bytes32 root) {
        uint256 parent = tree.length / 2;
        while (parent > 0) {
            unchecked {
                --parent; // above 0
            }
            bytes32 left;
            bytes32 right;
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                // node i stands 32 * (i + 1) bytes after the array's start; the children are 2i + 1 and 2i + 2
                let children := add(tree, shl(6, add(parent, 1)))
                left := mload(children)
                right := mload(add(children, 0x20))
            }
            bytes32 node = Hashes.commutativeKeccak256(left, right);
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                mstore(add(tree, shl(5, add(parent, 1))), node)
            }
        }
        return tree[0];
    }
}
