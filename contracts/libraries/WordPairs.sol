// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title WordPairs
/// @notice Emits two long lists of words by copying them whole: the compiler's loop over words costs ten times as much.
library WordPairs {
    /// Emits an event with two indexed arguments and the two lists: `emit E(first, second, a, b)`.
    function emitPair(
        bytes32 selector,
        uint256 first,
        uint256 second,
        bytes32[] memory a,
        bytes32[] memory b
    ) internal {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let data := mload(0x40) // scratch beyond the free pointer, not kept
            let sizeA := shl(5, add(mload(a), 1)) // with its length
            let sizeB := shl(5, add(mload(b), 1))
            mstore(data, 0x40)
            mstore(add(data, 0x20), add(0x40, sizeA))
            mcopy(add(data, 0x40), a, sizeA)
            mcopy(add(add(data, 0x40), sizeA), b, sizeB)
            log3(data, add(0x40, add(sizeA, sizeB)), selector, first, second)
        }
    }
}
