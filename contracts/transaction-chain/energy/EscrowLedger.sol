// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IArrears} from "../../interfaces/IArrears.sol";
import {EscrowAccount, EscrowAccounts} from "../../libraries/EscrowAccounts.sol";
import {Money} from "../../libraries/Money.sol";
import {Movements, MovementLog} from "../../libraries/MovementLog.sol";

/// @title EscrowLedger
/// @notice The accounts of TradeEscrow and the three ways in which one account pays another: set-off, cash, debt.
/// @dev An account is opened (read), changed in memory and closed (written and logged). Two open copies of one
/// account are never changed: whoever opens two accounts that may be the same uses one copy for both.
abstract contract EscrowLedger {
    using EscrowAccounts for EscrowAccount;
    using MovementLog for Movements;

    /// @dev Creditors whom a rise of one account's free credits pays at most.
    uint256 internal constant _CREDITORS_PER_RISE = 4;
    /// @dev The same for a single home in a batch: homes owe their one supplier.
    uint256 internal constant _CREDITORS_PER_HOME = 1;
    /// @dev Creditors paid at most by one batch call, so that no queue can make a settlement too large for a block.
    uint256 internal constant _CREDITORS_PER_CALL = 64;

    /// @dev The debt ledger, which only this contract writes.
    IArrears internal immutable _ARREARS;

    mapping(address account => uint256 word) private _words;

    constructor(IArrears arrears) {
        _ARREARS = arrears;
    }

    // -------------------- accounts

    function _close(EscrowAccount memory e, Movements memory log) internal {
        log.add(e.account, log.reason, _store(e));
    }

    function _closeParty(EscrowAccount memory e, Movements memory log) internal {
        log.addToParty(e.account, _store(e));
    }

    /// @dev Writes the account back and returns what changed.
    function _store(EscrowAccount memory e) internal returns (bytes32 deltas) {
        uint256 word = e.pack();
        if (word == e.stored) return 0;
        _words[e.account] = word;
        deltas = EscrowAccounts.difference(e.stored, word);
        e.stored = word;
    }

    // -------------------- dues

    /// @dev `from` pays `to`: first what `to` owes `from` is set off, then cash that `from` may spend, and the rest
    /// is a debt. Nothing is due to oneself, nor to nobody.
    function _pay(EscrowAccount memory from, EscrowAccount memory to, uint256 dueMicro) internal {
        if (dueMicro == 0 || from.account == to.account || to.account == address(0)) return;
        uint256 cashMicro = EscrowAccounts.min(from.spendable(), dueMicro);
        bool isCharged = to.arrears != 0;
        if (isCharged) {
            // set-off and debt in one call
            uint256 nettedMicro = _ARREARS.charge(
                from.account,
                to.account,
                Money.toMicro(dueMicro),
                Money.toMicro(cashMicro)
            );
            to.arrears -= nettedMicro;
            dueMicro -= nettedMicro;
            cashMicro = EscrowAccounts.min(cashMicro, dueMicro);
        }
        from.moveCash(to, cashMicro);
        unchecked {
            dueMicro -= cashMicro; // at least the cash
        }
        if (dueMicro == 0) return;
        from.arrears += dueMicro;
        if (!isCharged) _ARREARS.record(from.account, to.account, Money.toMicro(dueMicro));
    }

    // -------------------- arrears

    /// @dev `_payDown` within what this call may still spend on creditors.
    function _payDownWithin(address debtor, uint256 maxCreditors, Movements memory log) internal {
        uint256 creditors = maxCreditors < log.creditorsLeft ? maxCreditors : log.creditorsLeft;
        uint64 paidMicro = _payDown(debtor, creditors, log);
        if (paidMicro != 0) log.creditorsLeft -= creditors;
    }

    /// @dev Pays creditors of the debtor from its free credits. The debtor must not be open.
    function _payDown(address debtor, uint256 maxCreditors, Movements memory log) internal returns (uint64 paidMicro) {
        EscrowAccount memory d = _open(debtor);
        uint256 cashMicro = d.owedCash();
        if (cashMicro == 0 || maxCreditors == 0) return 0;
        (address[] memory creditors, uint64[] memory amountsMicro) = _ARREARS.pay(
            debtor,
            Money.toMicro(cashMicro),
            maxCreditors
        );
        for (uint256 i = 0; i < creditors.length; ++i) {
            EscrowAccount memory c = _open(creditors[i]); // never the debtor: nobody owes oneself
            d.moveCash(c, amountsMicro[i]);
            paidMicro += amountsMicro[i];
            log.add(c.account, MovementLog.ARREARS_RECEIVED, _store(c));
        }
        d.arrears -= paidMicro;
        log.add(debtor, MovementLog.ARREARS_PAID, _store(d));
    }

    /// @dev Pays creditors of the suppliers and grid operators that this call touched.
    function _payDownParties(Movements memory log) internal {
        uint256 count = log.partyCount;
        for (uint256 i = 0; i < count; ++i) {
            _payDownWithin(log.partyOf(i), _CREDITORS_PER_RISE, log);
        }
    }

    // -------------------- views

    function _open(address account) internal view returns (EscrowAccount memory e) {
        _openInto(e, account);
    }

    /// @dev `_open` into memory that is there already.
    function _openInto(EscrowAccount memory e, address account) internal view {
        e.unpackInto(account, _words[account]);
    }
}
