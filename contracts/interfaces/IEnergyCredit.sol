// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title IEnergyCredit
/// @notice The currency of the transaction chain: one credit is one unit of money held by the issuer's bank.
/// @dev 6 decimals. Every amount is in micro-credits (1e-6 credit). A payment reference is the 32-byte id of the bank
/// transfer that an issue or a redemption answers; over both together, each is used once.
interface IEnergyCredit is IERC20Metadata, IERC20Permit {
    /// @notice Credits came into being against a payment that the issuer received.
    /// @param to Who holds the new credits.
    /// @param amountMicro Micro-credits created.
    /// @param paymentReference The payment received.
    event CreditIssued(address indexed to, uint256 amountMicro, bytes32 indexed paymentReference);

    /// @notice Credits ended against a payment that the issuer made.
    /// @param from Whose credits ended.
    /// @param amountMicro Micro-credits destroyed.
    /// @param paymentReference The payment made.
    event CreditRedeemed(address indexed from, uint256 amountMicro, bytes32 indexed paymentReference);

    /// @notice An issue or a redemption of nothing.
    error EnergyCreditZeroAmount();

    /// @notice An issue or a redemption that names no payment.
    error EnergyCreditZeroReference();

    /// @notice The payment was already answered by an issue or a redemption.
    /// @param paymentReference The payment.
    error EnergyCreditReferenceUsed(bytes32 paymentReference);

    /// @notice Creates credits for a holder who paid the issuer. Role ISSUER.
    /// @param to The holder.
    /// @param amountMicro Micro-credits, above zero.
    /// @param paymentReference The payment received, never used before and not zero.
    function issue(address to, uint256 amountMicro, bytes32 paymentReference) external;

    /// @notice Destroys credits of a holder whom the issuer paid. Role ISSUER; spends the holder's allowance to the
    /// caller, so nobody's credits end without their consent.
    /// @param holder The holder.
    /// @param amountMicro Micro-credits, above zero, within the holder's balance and allowance.
    /// @param paymentReference The payment made, never used before and not zero.
    function redeemFrom(address holder, uint256 amountMicro, bytes32 paymentReference) external;

    /// @notice Whether an issue or a redemption already answered the payment.
    /// @param paymentReference The payment.
    /// @return used True from the block that used it on, for ever.
    function isReferenceUsed(bytes32 paymentReference) external view returns (bool used);
}
