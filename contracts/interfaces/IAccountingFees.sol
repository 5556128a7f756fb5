// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IAccountingFees
interface IAccountingFees {
    /// Settlement only: `amountMicro` of accounting fee belongs to `accountant` (block.coinbase of the settling block)
    function book(address accountant, uint64 amountMicro) external;
}
