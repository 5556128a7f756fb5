// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IAccountingFees} from "../../interfaces/IAccountingFees.sol";
import {ITradeEscrow} from "../../interfaces/ITradeEscrow.sol";

/// @title AccountingFees
/// @notice Keeps what each accountant is due and pays it out of this contract's own account in TradeEscrow.
/// @dev The first form of IAccountingFees: whoever claims first is paid first while utilities are behind with fees.
contract AccountingFees is AccessManaged, IAccountingFees {
    IERC20 private immutable _CREDIT;
    ITradeEscrow private immutable _ESCROW;

    // slot 0: AccessManaged
    // slot 1
    mapping(address accountant => uint64 dueMicro) private _dueMicro;

    /// @notice Nothing is due yet.
    /// @param initialAuthority The AccessManager that says who has the roles SETTLEMENT and COUNCIL.
    /// @param credit The currency.
    /// @param escrow Where this contract is bound as the fees' account.
    constructor(address initialAuthority, IERC20 credit, ITradeEscrow escrow) AccessManaged(initialAuthority) {
        _CREDIT = credit;
        _ESCROW = escrow;
    }

    /// @inheritdoc IAccountingFees
    function book(address accountant, uint64 amountMicro) external restricted {
        if (amountMicro == 0) return;
        _dueMicro[accountant] += amountMicro;
        emit FeeBooked(accountant, amountMicro);
    }

    /// @inheritdoc IAccountingFees
    function claim(address accountant) external returns (uint64 paidMicro) {
        if (accountant == address(0)) revert AccountingFeesZeroAccountant();
        uint64 dueMicro = _dueMicro[accountant];
        uint64 cashMicro = _ESCROW.withdrawableOf(address(this));
        paidMicro = dueMicro < cashMicro ? dueMicro : cashMicro;
        if (paidMicro == 0) revert AccountingFeesNothingToPay(accountant, dueMicro, cashMicro);
        _dueMicro[accountant] = dueMicro - paidMicro;
        emit FeesClaimed(accountant, paidMicro);
        _ESCROW.withdraw(paidMicro);
        SafeERC20.safeTransfer(_CREDIT, accountant, paidMicro);
    }

    /// @inheritdoc IAccountingFees
    function assignPool(address accountant, uint64 amountMicro) external restricted {
        if (accountant == address(0)) revert AccountingFeesZeroAccountant();
        uint64 poolMicro = _dueMicro[address(0)];
        if (amountMicro > poolMicro) revert AccountingFeesAbovePool(poolMicro, amountMicro);
        _dueMicro[address(0)] = poolMicro - amountMicro;
        _dueMicro[accountant] += amountMicro;
        emit PoolAssigned(accountant, amountMicro);
    }

    /// @inheritdoc IAccountingFees
    function dueOf(address accountant) external view returns (uint64 dueMicro) {
        return _dueMicro[accountant];
    }
}
