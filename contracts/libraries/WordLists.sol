// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title WordLists
/// @notice Emits long lists of words by copying them whole, which costs a tenth of the compiler's loop over words.
library WordLists {
    /// @notice Emits an event with two indexed arguments and three lists of words.
    /// @dev The same bytes as `emit E(first, second, a, b, c)`: the tests decode them by the event's ABI.
    /// @param selector The event's.
    /// @param first Its first indexed argument.
    /// @param second Its second indexed argument.
    /// @param a Its first list.
    /// @param b Its second list.
    /// @param c Its third list.
    function emitLists(
        bytes32 selector,
        uint256 first,
        uint256 second,
        bytes32[] memory a,
        bytes32[] memory b,
        bytes32[] memory c
    ) internal {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let data := mload(0x40) // behind the free pointer: scratch, not allocated
            let sizeA := shl(5, add(mload(a), 1)) // with their lengths
            let sizeB := shl(5, add(mload(b), 1))
            let sizeC := shl(5, add(mload(c), 1))
            mstore(data, 0x60)
            mstore(add(data, 0x20), add(0x60, sizeA))
            mstore(add(data, 0x40), add(0x60, add(sizeA, sizeB)))
            mcopy(add(data, 0x60), a, sizeA)
            mcopy(add(data, add(0x60, sizeA)), b, sizeB)
            mcopy(add(data, add(0x60, add(sizeA, sizeB))), c, sizeC)
            log3(data, add(0x60, add(sizeA, add(sizeB, sizeC))), selector, first, second)
        }
    }
}
