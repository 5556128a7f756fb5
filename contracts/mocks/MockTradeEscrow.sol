// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title MockTradeEscrow
/// @notice For tests of EnergyMarket, Clearing and BilateralContracts: TradeEscrow's locks, kept as plainly as
///     possible.
contract MockTradeEscrow {
    /// @notice Free credits, micro-credits.
    mapping(address account => uint64 amountMicro) public freeOf;
    /// @notice Locked credits, micro-credits.
    mapping(address account => uint64 amountMicro) public lockedOf;
    /// @notice Arrears, micro-credits.
    mapping(address account => uint64 amountMicro) public arrearsOf;

    /// @notice Free credits are short.
    /// @param account The account.
    error MockTradeEscrowShort(address account);

    /// @notice Gives an account free credits.
    /// @param account The account.
    /// @param amountMicro How many.
    function fund(address account, uint64 amountMicro) external {
        freeOf[account] += amountMicro;
    }

    /// @notice Sets an account's arrears.
    /// @param account The account.
    /// @param amountMicro How much it owes.
    function setArrears(address account, uint64 amountMicro) external {
        arrearsOf[account] = amountMicro;
    }

    /// @notice As ITradeEscrow.
    /// @param account The account.
    /// @param amountMicro How much.
    function lock(address account, uint64 amountMicro, uint32) external {
        if (freeOf[account] < amountMicro) revert MockTradeEscrowShort(account);
        freeOf[account] -= amountMicro;
        lockedOf[account] += amountMicro;
    }

    /// @notice As ITradeEscrow.
    /// @param accounts The accounts.
    /// @param amountsMicro How much of each.
    function unlock(address[] calldata accounts, uint64[] calldata amountsMicro, uint32) external {
        for (uint256 i = 0; i < accounts.length; ++i) {
            lockedOf[accounts[i]] -= amountsMicro[i];
            freeOf[accounts[i]] += amountsMicro[i];
        }
    }
}
