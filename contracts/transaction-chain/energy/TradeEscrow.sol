// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IEnergyCredit} from "../../interfaces/IEnergyCredit.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {HomePosting, HomeRelease, ITradeEscrow, PartyPosting, PartyRelease} from "../../interfaces/ITradeEscrow.sol";
import {EscrowAccount, EscrowAccounts} from "../../libraries/EscrowAccounts.sol";
import {Movements, MovementLog} from "../../libraries/MovementLog.sol";
import {EscrowWiring} from "../../types/WiringTypes.sol";
import {EscrowPostings} from "./EscrowPostings.sol";

/// @title TradeEscrow
/// @notice The market's purse: deposits, locks, what settlements hold, pay-out. See ITradeEscrow for what always
/// holds.
/// @dev Outside calls go to the credit (an ERC-20 without hooks), to Arrears and to views of the market's own
/// contracts; nothing an account can choose is ever called.
contract TradeEscrow is AccessManaged, EscrowPostings, ITradeEscrow {
    using EscrowAccounts for EscrowAccount;
    using MovementLog for Movements;

    IEnergyCredit private immutable _CREDIT;
    IFederation private immutable _FEDERATION;
    IDeviceRegistry private immutable _DEVICES;
    IMarketRules private immutable _RULES;
    IMarketCalendar private immutable _CALENDAR;

    // slot 0: AccessManaged; slot 1: EscrowLedger's accounts; slot 2: EscrowPostings' fees account

    /// @notice Wires the escrow to the market's other contracts; bindFeesAccount completes it.
    /// @param initialAuthority The AccessManager that says who has the roles MARKET and SETTLEMENT.
    /// @param wiring The contracts that TradeEscrow works with.
    constructor(
        address initialAuthority,
        EscrowWiring memory wiring
    ) AccessManaged(initialAuthority) EscrowPostings(wiring.arrears) {
        _CREDIT = wiring.credit;
        _FEDERATION = wiring.federation;
        _DEVICES = wiring.devices;
        _RULES = wiring.rules;
        _CALENDAR = wiring.calendar;
    }

    // -------------------- participants

    /// @inheritdoc ITradeEscrow
    function deposit(uint64 amountMicro) external {
        _deposit(_msgSender(), amountMicro);
    }

    /// @inheritdoc ITradeEscrow
    function depositFor(address account, uint64 amountMicro) external {
        if (account == address(0)) revert TradeEscrowZeroAccount();
        _deposit(account, amountMicro);
    }

    /// @inheritdoc ITradeEscrow
    function depositWithPermit(uint64 amountMicro, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        address payer = _msgSender();
        // A failed permit (used before, by whomever) is no reason to stop: the transfer shows what is allowed.
        try
            _CREDIT.permit({
                owner: payer,
                spender: address(this),
                value: amountMicro,
                deadline: deadline,
                v: v,
                r: r,
                s: s
            })
        {} catch {} // solhint-disable-line no-empty-blocks
        _deposit(payer, amountMicro);
    }

    /// @inheritdoc ITradeEscrow
    function withdraw(uint64 amountMicro) external {
        address account = _msgSender();
        if (amountMicro == 0) revert TradeEscrowZeroAmount();
        EscrowAccount memory e = _open(account);
        if (e.arrears != 0) revert TradeEscrowInArrears(account, e.arrears);
        uint256 withdrawableMicro = _withdrawable(e);
        if (amountMicro > withdrawableMicro) {
            revert TradeEscrowAboveWithdrawable(account, withdrawableMicro, amountMicro);
        }
        e.balance -= amountMicro;
        Movements memory log = MovementLog.start(1, MovementLog.WITHDRAWAL, 0);
        _close(e, log);
        emit Moved(0, 0, log.finish());
        SafeERC20.safeTransfer(_CREDIT, account, amountMicro);
    }

    /// @inheritdoc ITradeEscrow
    function payArrears(address debtor, uint256 maxCreditors) external returns (uint64 paidMicro) {
        Movements memory log = MovementLog.start(_CREDITORS_PER_RISE, MovementLog.ARREARS_PAID, 0);
        paidMicro = _payDown(debtor, maxCreditors, log);
        if (paidMicro != 0) emit Moved(0, 0, log.finish());
    }

    // -------------------- administration

    /// @inheritdoc ITradeEscrow
    function bindFeesAccount(address account) external restricted {
        if (account == address(0)) revert TradeEscrowZeroAccount();
        if (_feesAccount != address(0)) revert TradeEscrowFeesAccountBound(_feesAccount);
        _feesAccount = account;
        emit FeesAccountBound(account);
    }

    // -------------------- market

    /// @inheritdoc ITradeEscrow
    function lock(address account, uint64 amountMicro, uint32 slot) external restricted {
        EscrowAccount memory e = _open(account);
        uint256 spendableMicro = e.spendable();
        if (amountMicro > spendableMicro) revert TradeEscrowFreeShort(account, spendableMicro, amountMicro);
        if (amountMicro == 0) return;
        e.locked += amountMicro;
        Movements memory log = MovementLog.start(1, MovementLog.LOCK, 0);
        _close(e, log);
        emit Moved(0, slot, log.finish());
    }

    /// @inheritdoc ITradeEscrow
    function unlock(address[] calldata accounts, uint64[] calldata amountsMicro, uint32 slot) external restricted {
        _requireSameLength(accounts.length, amountsMicro.length);
        Movements memory log = MovementLog.start(accounts.length, MovementLog.UNLOCK, 0);
        log.creditorsLeft = _CREDITORS_PER_CALL;
        EscrowAccount memory e; // one piece of memory for all
        for (uint256 i = 0; i < accounts.length; ++i) {
            uint256 amountMicro = amountsMicro[i];
            if (amountMicro == 0) continue;
            _openInto(e, accounts[i]);
            e.takeLocked(amountMicro);
            _close(e, log);
            if (e.arrears != 0) _payDownWithin(e.account, _CREDITORS_PER_HOME, log);
        }
        if (log.used != 0) emit Moved(0, slot, log.finish());
    }

    /// @inheritdoc ITradeEscrow
    function payLocked(
        address from,
        address[] calldata to,
        uint64[] calldata amountsMicro,
        uint32 slot
    ) external restricted {
        _requireSameLength(to.length, amountsMicro.length);
        Movements memory log = MovementLog.start(to.length + 1, MovementLog.BOND_PAID, 0);
        log.creditorsLeft = _CREDITORS_PER_CALL;
        uint256 paidMicro;
        for (uint256 i = 0; i < to.length; ++i) paidMicro += amountsMicro[i];
        EscrowAccount memory payer = _open(from);
        payer.takeLocked(paidMicro);
        payer.balance -= paidMicro;
        _close(payer, log);
        log.reason = MovementLog.BOND_RECEIVED;
        for (uint256 i = 0; i < to.length; ++i) {
            EscrowAccount memory e = _open(to[i]);
            e.balance += amountsMicro[i];
            _close(e, log);
            if (e.arrears != 0) _payDownWithin(e.account, _CREDITORS_PER_HOME, log);
        }
        if (log.used != 0) emit Moved(0, slot, log.finish());
    }

    // -------------------- settlement

    /// @inheritdoc ITradeEscrow
    function post(
        uint24 area,
        uint32 slot,
        HomePosting[] calldata homes,
        PartyPosting[] calldata parties
    ) external restricted returns (uint64[] memory heldMicro, uint64[] memory uncoveredMicro) {
        Movements memory log = _startBatch(homes.length + parties.length, true);
        int256 communityMicro;
        (heldMicro, uncoveredMicro, communityMicro) = _postHomes(homes, log);
        _requireBalanced(communityMicro, parties);
        _postParties(parties, log);
        _payDownParties(log);
        if (log.used != 0) emit Moved(area, slot, log.finish());
    }

    /// @inheritdoc ITradeEscrow
    function release(
        uint24 area,
        uint32 slot,
        HomeRelease[] calldata homes,
        PartyRelease[] calldata parties
    ) external restricted {
        Movements memory log = _startBatch(homes.length + parties.length, false);
        _releaseHomes(homes, log);
        _releaseParties(parties, log);
        _payDownParties(log);
        if (log.used != 0) emit Moved(area, slot, log.finish());
    }

    // -------------------- views

    /// @inheritdoc ITradeEscrow
    function accountOf(
        address account
    ) external view returns (uint64 balanceMicro, uint64 lockedMicro, uint64 heldMicro, uint64 arrearsMicro) {
        EscrowAccount memory e = _open(account);
        return (uint64(e.balance), uint64(e.locked), uint64(e.held), uint64(e.arrears)); // as stored
    }

    /// @inheritdoc ITradeEscrow
    function freeOf(address account) external view returns (uint64 amountMicro) {
        return uint64(_open(account).free());
    }

    /// @inheritdoc ITradeEscrow
    function arrearsOf(address account) external view returns (uint64 amountMicro) {
        return uint64(_open(account).arrears);
    }

    /// @inheritdoc ITradeEscrow
    function withdrawableOf(address account) external view returns (uint64 amountMicro) {
        EscrowAccount memory e = _open(account);
        return e.arrears != 0 ? 0 : uint64(_withdrawable(e)); // at most the balance
    }

    /// @inheritdoc ITradeEscrow
    function feesAccount() external view returns (address account) {
        return _feesAccount;
    }

    // -------------------- internal

    function _deposit(address account, uint64 amountMicro) private {
        address payer = _msgSender();
        if (amountMicro == 0) revert TradeEscrowZeroAmount();
        if (!_FEDERATION.isActive(payer)) revert TradeEscrowNotActive(payer);
        // The one interaction before the effects: nothing is credited that has not come in.
        SafeERC20.safeTransferFrom({token: _CREDIT, from: payer, to: address(this), value: amountMicro});
        uint256 creditsMicro = _CREDIT.balanceOf(address(this));
        // From here on no sum of balances can exceed 64 bits: all else only moves credits between accounts.
        if (creditsMicro > type(uint64).max) revert TradeEscrowCapacity(creditsMicro);
        Movements memory log = MovementLog.start(2 + _CREDITORS_PER_RISE, MovementLog.DEPOSIT, 0);
        EscrowAccount memory e = _open(account);
        e.balance += amountMicro;
        _close(e, log);
        if (e.arrears != 0) _payDown(account, _CREDITORS_PER_RISE, log);
        emit Moved(0, 0, log.finish());
    }

    /// @dev What is free above the reserve of the account's meters. Not for accounts in arrears.
    function _withdrawable(EscrowAccount memory e) private view returns (uint256) {
        uint32 slot = _CALENDAR.slotOf(block.timestamp);
        uint256 reserveMicro = _RULES.rulesAt(slot).reservePerMeterMicro * _DEVICES.reservedMetersOf(e.account);
        uint256 freeMicro = e.free();
        return reserveMicro < freeMicro ? freeMicro - reserveMicro : 0;
    }

    function _requireSameLength(uint256 accounts, uint256 amounts) private pure {
        if (accounts != amounts) revert TradeEscrowLengthMismatch(accounts, amounts);
    }
}
