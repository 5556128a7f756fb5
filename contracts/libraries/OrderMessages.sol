// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BilateralContract, Order} from "../types/OrderTypes.sol";

/// @title OrderMessages
/// @notice The EIP-712 struct hashes of what homes sign to trade, and the form that every profile must have.
library OrderMessages {
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "Order(uint32 meter,uint8 side,uint32 firstSlot,uint32[] wh,uint32[] limits,uint64 nonce,uint64 relayDeadline)"
    );
    bytes32 internal constant BILATERAL_TYPEHASH = keccak256(
        "BilateralContract(uint32 buyMeter,uint32 sellMeter,uint32 firstSlot,uint32 price,uint32[] wh,"
        "uint64 nonce,uint64 acceptDeadline)"
    );

    function hashOrder(Order calldata order) internal pure returns (bytes32) {
        bytes32 whHash = hashNumbers(order.wh);
        bytes32 limitsHash = hashNumbers(order.limits);
        return
            keccak256(
                abi.encode(
                    ORDER_TYPEHASH,
                    order.meter,
                    order.side,
                    order.firstSlot,
                    whHash,
                    limitsHash,
                    order.nonce,
                    order.relayDeadline
                )
            );
    }

    function hashBilateral(BilateralContract calldata terms) internal pure returns (bytes32) {
        bytes32 whHash = hashNumbers(terms.wh);
        return
            keccak256(
                abi.encode(
                    BILATERAL_TYPEHASH,
                    terms.buyMeter,
                    terms.sellMeter,
                    terms.firstSlot,
                    terms.price,
                    whHash,
                    terms.nonce,
                    terms.acceptDeadline
                )
            );
    }

    /// An array in calldata stands there as EIP-712 encodes it. Numbers above 32 bits, which the ABI decoder refuses
    /// only when they are read, make a digest that nobody has signed.
    function hashNumbers(uint32[] calldata numbers) internal pure returns (bytes32 hash) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(0x40) // scratch beyond the free pointer, not kept
            let size := shl(5, numbers.length)
            calldatacopy(free, numbers.offset, size)
            hash := keccak256(free, size)
        }
    }

    /// The number at a place that the caller knows to be there. It may be above 32 bits: the caller refuses that.
    function numberAt(uint32[] calldata numbers, uint256 i) internal pure returns (uint256 value) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            value := calldataload(add(numbers.offset, shl(5, i)))
        }
    }

    /// A profile has 1 to `maximum` slots, and energy in the first and in the last.
    function isProfile(uint32[] calldata wh, uint256 maximum) internal pure returns (bool) {
        uint256 count = wh.length;
        return count != 0 && count <= maximum && wh[0] != 0 && wh[count - 1] != 0;
    }
}
