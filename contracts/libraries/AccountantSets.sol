// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";

/// @title AccountantSets
/// @notice Arithmetic of a set of accountants, which is an ascending array of their node addresses: Besu sorts its
/// validators so before it lets them take turns.
library AccountantSets {
    /// @notice The set has nobody.
    error AccountantSetsEmpty();

    /// @notice The set is not ascending, or names somebody twice.
    /// @param index Of the first accountant that is not above the one before.
    error AccountantSetsNotAscending(uint256 index);

    /// @notice Refuses what is no set. Searches in one that was not checked, here or where it was stored, mislead.
    /// @param set The accountants.
    function requireAscending(address[] memory set) internal pure {
        if (set.length == 0) revert AccountantSetsEmpty();
        for (uint256 i = 1; i < set.length; ++i) {
            if (set[i] <= set[i - 1]) revert AccountantSetsNotAscending(i);
        }
    }

    /// @notice What stands for a set where it is too long to be kept.
    /// @param set The accountants, in any order.
    /// @return digest The keccak256 of the addresses, 20 bytes each, one behind the other.
    function digestOf(address[] memory set) internal pure returns (bytes32 digest) {
        uint256 length = set.length;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let packed := mload(0x40) // past the free pointer: scratch, not allocated
            for {
                let i := 0
            } lt(i, length) {
                i := add(i, 1)
            } {
                // 20 bytes each; the 12 bytes of zeros behind an address are overwritten by the next one
                mstore(add(packed, mul(i, 20)), shl(96, mload(add(set, mul(add(i, 1), 0x20)))))
            }
            digest := keccak256(packed, mul(length, 20))
        }
    }

    /// @notice How many of n must seal a block: two thirds, rounded up (rounded down, 2 of 4 would pass).
    /// @param n Accountants.
    /// @return count Of distinct accountants.
    function quorumOf(uint256 n) internal pure returns (uint256 count) {
        return (2 * n + 2) / 3;
    }

    /// @notice How many of n may be faulty: f = floor((n - 1) / 3).
    /// @param n Accountants, 1 or more.
    /// @return count Of accountants.
    function faultsOf(uint256 n) internal pure returns (uint256 count) {
        return (n - 1) / 3;
    }

    /// @notice The place of an accountant.
    /// @param set Ascending.
    /// @param account Who is looked for.
    /// @return isMember Whether it is there.
    /// @return index Its place; without a meaning when it is not there.
    function indexOf(address[] memory set, address account) internal pure returns (bool isMember, uint256 index) {
        index = Arrays.lowerBoundMemory(_words(set), uint160(account));
        isMember = index < set.length && set[index] == account;
    }

    /// @notice The place of the first accountant above an address, or of the first of all: who comes after it, whether
    /// or not it is a member itself.
    /// @param set Ascending, not empty.
    /// @param account Who was before.
    /// @return index Of who comes next.
    function successorOf(address[] memory set, address account) internal pure returns (uint256 index) {
        return Arrays.upperBoundMemory(_words(set), uint160(account)) % set.length;
    }

    // The same array; the compiler keeps each address in a word with clean upper bits.
    function _words(address[] memory set) private pure returns (uint256[] memory words) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            words := set
        }
    }
}
