// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Money
/// @notice Cost in micro-credits of `wh` at `price` micro-credits per kWh. The rounding is part of the name: payers and
///         locks up, payees and fees down. Products of a uint32 price and any Wh below 2^192 cannot overflow.
library Money {
    uint256 internal constant WH_PER_KWH = 1000;

    /// @notice An amount above 2^64-1 micro-credits: no order, lock or posting can be that large.
    error MoneyOverflow(uint256 amountMicro);

    /// Rounded down: for payees, fees and escalation.
    function costDown(uint256 wh, uint256 price) internal pure returns (uint64) {
        return toMicro((wh * price) / WH_PER_KWH);
    }

    /// Rounded up: for payers and locks.
    function costUp(uint256 wh, uint256 price) internal pure returns (uint64) {
        return toMicro((wh * price + (WH_PER_KWH - 1)) / WH_PER_KWH);
    }

    /// A sum of Wh x price products (micro-credits x 1000) in micro-credits, rounded down.
    function scaleDown(uint256 productSum) internal pure returns (uint64) {
        return toMicro(productSum / WH_PER_KWH);
    }

    /// A sum of Wh x price products (micro-credits x 1000) in micro-credits, rounded up.
    function scaleUp(uint256 productSum) internal pure returns (uint64) {
        return toMicro((productSum + (WH_PER_KWH - 1)) / WH_PER_KWH);
    }

    /// Reverts when the amount does not fit: never truncates.
    function toMicro(uint256 amountMicro) internal pure returns (uint64) {
        if (amountMicro > type(uint64).max) revert MoneyOverflow(amountMicro);
        return uint64(amountMicro);
    }
}
