// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Money
/// @notice Amounts of micro-credits in 64 bits: what locks cost, and the one check that nothing is ever truncated.
///         Products of a uint32 price and any Wh below 2^192 cannot overflow. Settlement rounds sums (SettlementMath).
library Money {
    uint256 internal constant WH_PER_KWH = 1000;

    /// @notice An amount above 2^64-1 micro-credits: no order, lock or posting can be that large.
    error MoneyOverflow(uint256 amountMicro);

    /// Cost of `wh` at `price` micro-credits per kWh, rounded up: for locks.
    function costUp(uint256 wh, uint256 price) internal pure returns (uint64) {
        return toMicro((wh * price + (WH_PER_KWH - 1)) / WH_PER_KWH);
    }

    /// Reverts when the amount does not fit: never truncates.
    function toMicro(uint256 amountMicro) internal pure returns (uint64) {
        if (amountMicro > type(uint64).max) revert MoneyOverflow(amountMicro);
        return uint64(amountMicro);
    }
}
