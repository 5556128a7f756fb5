// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IEnergyCredit} from "../../interfaces/IEnergyCredit.sol";

/// @title EnergyCredit
/// @notice The currency of the transaction chain. The issuer creates credits against payments it received and ends
/// them against payments it made; between the two they move as any ERC-20 token does.
/// @dev 6 decimals, EIP-2612 permits, no pause, no fee, no freeze: whoever holds credits disposes of them.
contract EnergyCredit is ERC20, ERC20Permit, AccessManaged, IEnergyCredit {
    mapping(bytes32 paymentReference => bool used) private _referenceUsed;

    /// @notice Names the currency and who rules over its issue.
    /// @param initialAuthority The AccessManager that says who has the role ISSUER.
    constructor(
        address initialAuthority
    ) ERC20("Commonwatt Credit", "CWC") ERC20Permit("Commonwatt Credit") AccessManaged(initialAuthority) {}

    /// @inheritdoc IEnergyCredit
    function issue(address to, uint256 amountMicro, bytes32 paymentReference) external restricted {
        _useReference(amountMicro, paymentReference);
        _mint(to, amountMicro);
        emit CreditIssued(to, amountMicro, paymentReference);
    }

    /// @inheritdoc IEnergyCredit
    function redeemFrom(address holder, uint256 amountMicro, bytes32 paymentReference) external restricted {
        _useReference(amountMicro, paymentReference);
        _spendAllowance(holder, _msgSender(), amountMicro);
        _burn(holder, amountMicro);
        emit CreditRedeemed(holder, amountMicro, paymentReference);
    }

    /// @inheritdoc IEnergyCredit
    function isReferenceUsed(bytes32 paymentReference) external view returns (bool used) {
        return _referenceUsed[paymentReference];
    }

    /// @notice The nonce of the holder's next permit.
    /// @param holder Who signs the permit.
    /// @return nonce Counted from 0.
    function nonces(address holder) public view override(ERC20Permit, IERC20Permit) returns (uint256 nonce) {
        return super.nonces(holder);
    }

    /// @notice The decimals in which wallets show the credit.
    /// @return places Always 6: one credit is 1,000,000 micro-credits.
    function decimals() public pure override(ERC20, IERC20Metadata) returns (uint8 places) {
        return 6;
    }

    function _useReference(uint256 amountMicro, bytes32 paymentReference) private {
        if (amountMicro == 0) revert EnergyCreditZeroAmount();
        if (paymentReference == bytes32(0)) revert EnergyCreditZeroReference();
        if (_referenceUsed[paymentReference]) revert EnergyCreditReferenceUsed(paymentReference);
        _referenceUsed[paymentReference] = true;
    }
}
