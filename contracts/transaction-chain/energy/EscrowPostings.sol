// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IArrears} from "../../interfaces/IArrears.sol";
import {HomePosting, HomeRelease, ITradeEscrow, PartyPosting, PartyRelease} from "../../interfaces/ITradeEscrow.sol";
import {EscrowAccount, EscrowAccounts} from "../../libraries/EscrowAccounts.sol";
import {Movements, MovementLog} from "../../libraries/MovementLog.sol";
import {EscrowLedger} from "./EscrowLedger.sol";

/// @title EscrowPostings
/// @notice How TradeEscrow books what Settlement posts and releases. The order of the steps stands at ITradeEscrow.post.
abstract contract EscrowPostings is EscrowLedger {
    using EscrowAccounts for EscrowAccount;
    using MovementLog for Movements;

    /// @dev The account that accounting fees are paid to; zero until bound.
    address internal _feesAccount;

    constructor(IArrears arrears) EscrowLedger(arrears) {}

    // -------------------- post

    function _postHomes(
        HomePosting[] calldata homes,
        Movements memory log
    ) internal returns (uint64[] memory heldMicro, uint64[] memory uncoveredMicro) {
        heldMicro = new uint64[](homes.length);
        uncoveredMicro = new uint64[](homes.length);
        for (uint256 i = 0; i < homes.length; ++i) {
            (heldMicro[i], uncoveredMicro[i]) = _postHome(homes[i], log);
        }
    }

    function _postParties(
        HomePosting[] calldata homes,
        PartyPosting[] calldata parties,
        Movements memory log
    ) internal {
        _requireBalanced(homes, parties);
        for (uint256 i = 0; i < parties.length; ++i) {
            if (parties[i].communityMicro == 0) continue;
            EscrowAccount memory e = _open(parties[i].account);
            e.moveHeld(parties[i].communityMicro);
            _closeParty(e, log);
        }
        _postSurplus(parties, log);
        for (uint256 i = 0; i < parties.length; ++i) {
            if (parties[i].accountingFeeMicro == 0) continue;
            if (_feesAccount == address(0)) revert ITradeEscrow.TradeEscrowFeesAccountUnbound();
            _payBetween(parties[i].account, _feesAccount, parties[i].accountingFeeMicro, log);
        }
    }

    // -------------------- release

    function _releaseHomes(HomeRelease[] calldata homes, Movements memory log) internal {
        for (uint256 i = 0; i < homes.length; ++i) {
            HomeRelease calldata h = homes[i];
            if (h.gridCoveredMicro > h.heldMicro) {
                revert ITradeEscrow.TradeEscrowHeldShort(h.account, h.heldMicro, h.gridCoveredMicro);
            }
            EscrowAccount memory home = _open(h.account);
            home.takeHeld(h.heldMicro);
            if (h.gridCoveredMicro != 0 && h.supplier != h.account) {
                EscrowAccount memory supplier = _open(h.supplier);
                home.balance -= h.gridCoveredMicro;
                supplier.balance += h.gridCoveredMicro;
                _closeParty(supplier, log);
            }
            _closeHome(home, log);
        }
    }

    function _releaseParties(PartyRelease[] calldata parties, Movements memory log) internal {
        for (uint256 i = 0; i < parties.length; ++i) {
            EscrowAccount memory e = _open(parties[i].account);
            e.takeHeld(parties[i].heldMicro);
            _closeParty(e, log);
        }
    }

    // -------------------- log

    function _startBatch(uint256 expected, bool posting) internal pure returns (Movements memory log) {
        log = posting
            ? MovementLog.start(expected, MovementLog.SETTLEMENT, MovementLog.SETTLEMENT_PARTY)
            : MovementLog.start(expected, MovementLog.RELEASE, MovementLog.RELEASE_PARTY);
        log.creditorsLeft = CREDITORS_PER_CALL;
    }

    // -------------------- steps

    function _postHome(
        HomePosting calldata h,
        Movements memory log
    ) private returns (uint64 heldMicro, uint64 uncoveredMicro) {
        EscrowAccount memory home = _open(h.account);
        // one copy when the supplier holds the meter itself
        EscrowAccount memory supplier = h.supplier == h.account ? home : _open(h.supplier);
        heldMicro = _holdForSlot(h, home);
        heldMicro = _postFeedIn(h, home, supplier, heldMicro);
        uncoveredMicro = h.gridShareMicro - EscrowAccounts.min(h.gridShareMicro, heldMicro);
        if (uncoveredMicro > h.uncoveredBeforeMicro) {
            _pay(home, supplier, uncoveredMicro - h.uncoveredBeforeMicro);
        } else {
            _pay(supplier, home, h.uncoveredBeforeMicro - uncoveredMicro);
        }
        if (supplier.account != home.account) _closeParty(supplier, log);
        _closeHome(home, log);
    }

    /// @dev Steps 1 and 2: what the community side of the slot leaves held for the meter.
    function _holdForSlot(HomePosting calldata h, EscrowAccount memory home) private pure returns (uint64 heldMicro) {
        home.takeLocked(h.unlockMicro);
        home.held += h.unlockMicro;
        home.moveHeld(h.communityMicro);
        heldMicro = h.heldBeforeMicro + h.unlockMicro;
        uint64 amountMicro = EscrowAccounts.magnitude(h.communityMicro);
        if (h.communityMicro >= 0) return heldMicro + amountMicro;
        if (amountMicro > heldMicro) {
            revert ITradeEscrow.TradeEscrowHeldShort(h.account, heldMicro, amountMicro);
        }
        return heldMicro - amountMicro;
    }

    /// @dev Step 3: feed-in into held, or back out of it. `heldMicro` is what the slot holds for the meter.
    function _postFeedIn(
        HomePosting calldata h,
        EscrowAccount memory home,
        EscrowAccount memory supplier,
        uint64 heldMicro
    ) private returns (uint64) {
        uint64 amountMicro = EscrowAccounts.magnitude(h.feedInMicro);
        if (h.feedInMicro > 0) {
            uint64 cashMicro = EscrowAccounts.min(supplier.spendable(), amountMicro);
            supplier.balance -= cashMicro; // no change when both are one: then free credits become held
            home.balance += cashMicro;
            home.held += cashMicro;
            _pay(supplier, home, amountMicro - cashMicro); // no cash is left: set off, or a debt
            return heldMicro + cashMicro;
        }
        uint64 fedInMicro = heldMicro > h.backingMicro ? heldMicro - h.backingMicro : 0;
        uint64 backMicro = EscrowAccounts.min(fedInMicro, amountMicro);
        home.takeHeld(backMicro);
        home.balance -= backMicro;
        supplier.balance += backMicro;
        _pay(home, supplier, amountMicro - backMicro);
        return heldMicro - backMicro;
    }

    /// @dev Suppliers that owe for surplus pay those that are owed, both in the order given: at most one payment more
    /// than there are parties.
    function _postSurplus(PartyPosting[] calldata parties, Movements memory log) private {
        uint256 payee;
        uint64 missingMicro; // what the payee is still to get
        for (uint256 payer = 0; payer < parties.length; ++payer) {
            if (parties[payer].surplusMicro >= 0) continue;
            uint64 dueMicro = EscrowAccounts.magnitude(parties[payer].surplusMicro);
            while (dueMicro != 0) {
                while (missingMicro == 0) {
                    // the amounts sum to zero: while something is due, a payee is left
                    int64 surplusMicro = parties[payee++].surplusMicro;
                    if (surplusMicro > 0) missingMicro = uint64(surplusMicro);
                }
                uint64 amountMicro = EscrowAccounts.min(dueMicro, missingMicro);
                _payBetween(parties[payer].account, parties[payee - 1].account, amountMicro, log);
                dueMicro -= amountMicro;
                missingMicro -= amountMicro;
            }
        }
    }

    function _payBetween(address from, address to, uint64 amountMicro, Movements memory log) private {
        if (from == to) return;
        EscrowAccount memory payer = _open(from);
        EscrowAccount memory payee = _open(to);
        _pay(payer, payee, amountMicro);
        _closeParty(payer, log);
        _closeParty(payee, log);
    }

    /// @dev Closes a home's account; what became free pays its arrears first.
    function _closeHome(EscrowAccount memory home, Movements memory log) private {
        _close(home, log);
        if (home.owedCash() != 0) _payDownWithin(home.account, CREDITORS_PER_HOME, log);
    }

    /// @dev Community money moves between the accounts of one call and nowhere else, and so does surplus money.
    function _requireBalanced(HomePosting[] calldata homes, PartyPosting[] calldata parties) private pure {
        int256 communityMicro;
        int256 surplusMicro;
        for (uint256 i = 0; i < homes.length; ++i) communityMicro += homes[i].communityMicro;
        for (uint256 i = 0; i < parties.length; ++i) {
            communityMicro += parties[i].communityMicro;
            surplusMicro += parties[i].surplusMicro;
        }
        if (communityMicro != 0 || surplusMicro != 0) {
            revert ITradeEscrow.TradeEscrowUnbalanced(communityMicro, surplusMicro);
        }
    }
}
