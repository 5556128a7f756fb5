// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IArrears} from "../../interfaces/IArrears.sol";
import {HomePosting, HomeRelease, ITradeEscrow, PartyPosting, PartyRelease} from "../../interfaces/ITradeEscrow.sol";
import {EscrowAccount, EscrowAccounts} from "../../libraries/EscrowAccounts.sol";
import {Money} from "../../libraries/Money.sol";
import {Movements, MovementLog} from "../../libraries/MovementLog.sol";
import {EscrowLedger} from "./EscrowLedger.sol";

/// @title EscrowPostings
/// @notice How TradeEscrow books what Settlement posts and releases. The order of the steps stands at
/// ITradeEscrow.post.
abstract contract EscrowPostings is EscrowLedger {
    using EscrowAccounts for EscrowAccount;
    using MovementLog for Movements;

    /// @dev The account that accounting fees are paid to; zero until bound.
    address internal _feesAccount;

    constructor(IArrears arrears) EscrowLedger(arrears) {}

    // -------------------- post

    /// @dev Returns the sum of the homes' community amounts besides. A supplier's account stays open from home to home;
    ///      what pays creditors, among whom it may be, finds it closed.
    function _postHomes(
        HomePosting[] calldata homes,
        Movements memory log
    ) internal returns (uint64[] memory heldMicro, uint64[] memory uncoveredMicro, int256 communityMicro) {
        uint256 count = homes.length;
        heldMicro = new uint64[](count);
        uncoveredMicro = new uint64[](count);
        if (count == 0) return (heldMicro, uncoveredMicro, 0);
        HomePosting memory h; // one piece of memory each, for all homes
        EscrowAccount memory home;
        EscrowAccount memory supplier = _open(homes[0].supplier);
        for (uint256 i = 0; i < count; ++i) {
            _readPosting(homes, i, h);
            unchecked {
                communityMicro += h.communityMicro; // no array is long enough to overflow 256 bits with int64
            }
            _changeTo(h.supplier, supplier, log);
            (heldMicro[i], uncoveredMicro[i]) = _postOne(h, home, supplier, log);
        }
        _closeParty(supplier, log);
    }

    function _postParties(PartyPosting[] calldata parties, Movements memory log) internal {
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
        uint256 count = homes.length;
        if (count == 0) return;
        EscrowAccount memory home; // one piece of memory each, for all homes
        EscrowAccount memory supplier = _open(homes[0].supplier);
        for (uint256 i = 0; i < count; ++i) {
            _changeTo(homes[i].supplier, supplier, log);
            _releaseOne(homes[i], home, supplier, log);
        }
        _closeParty(supplier, log);
    }

    function _releaseParties(PartyRelease[] calldata parties, Movements memory log) internal {
        for (uint256 i = 0; i < parties.length; ++i) {
            EscrowAccount memory e = _open(parties[i].account);
            e.takeHeld(parties[i].heldMicro);
            _closeParty(e, log);
        }
    }

    // -------------------- around a batch

    function _startBatch(uint256 expected, bool posting) internal pure returns (Movements memory log) {
        log =
            posting
                ? MovementLog.start(expected, MovementLog.SETTLEMENT, MovementLog.SETTLEMENT_PARTY)
                : MovementLog.start(expected, MovementLog.RELEASE, MovementLog.RELEASE_PARTY);
        log.creditorsLeft = _CREDITORS_PER_CALL;
    }

    /// @dev Community money moves between the accounts of one call and nowhere else, and so does surplus money.
    function _requireBalanced(int256 communityMicro, PartyPosting[] calldata parties) internal pure {
        int256 surplusMicro;
        unchecked {
            // sums of int64: no array is long enough to overflow 256 bits
            for (uint256 i = 0; i < parties.length; ++i) {
                communityMicro += parties[i].communityMicro;
                surplusMicro += parties[i].surplusMicro;
            }
        }
        if (communityMicro != 0 || surplusMicro != 0) {
            revert ITradeEscrow.TradeEscrowUnbalanced(communityMicro, surplusMicro);
        }
    }

    // -------------------- steps

    /// @dev Closes the open supplier and opens another one, unless it is the same.
    function _changeTo(address next, EscrowAccount memory supplier, Movements memory log) private {
        if (next == supplier.account) return;
        _closeParty(supplier, log);
        _openInto(supplier, next);
    }

    /// @dev Posts one home; `home` is memory for its account. Where the supplier holds the meter itself, its one open
    ///      account is the home's.
    function _postOne(
        HomePosting memory h,
        EscrowAccount memory home,
        EscrowAccount memory supplier,
        Movements memory log
    ) private returns (uint64 heldMicro, uint64 uncoveredMicro) {
        if (h.account == h.supplier) {
            _closeParty(supplier, log); // its own home's movement is another one
            home = supplier;
        } else {
            _openInto(home, h.account);
        }
        (heldMicro, uncoveredMicro) = _postHome(h, home, supplier);
        _closeHome(home, supplier, log);
    }

    /// @dev The four steps, on open accounts; `supplier` is `home` itself when the supplier holds the meter. What (3)
    /// and (4) leave due on both sides is set off, so that a meter's posting makes at most one debt.
    function _postHome(
        HomePosting memory h,
        EscrowAccount memory home,
        EscrowAccount memory supplier
    ) private returns (uint64 heldMicro, uint64 uncoveredMicro) {
        uint256 held = _holdForSlot(h, home);
        uint256 homeDueMicro;
        uint256 supplierDueMicro;
        if (h.feedInMicro > 0) {
            (held, supplierDueMicro) = _holdFeedIn(home, supplier, held, uint64(h.feedInMicro));
        } else if (h.feedInMicro < 0) {
            (held, homeDueMicro) = _takeFeedInBack(h, home, supplier, held);
        }
        unchecked {
            // no overflow: sums and differences of amounts below 2^64, the larger one first
            uint256 uncovered = h.gridShareMicro > held ? h.gridShareMicro - held : 0;
            homeDueMicro += uncovered;
            supplierDueMicro += h.uncoveredBeforeMicro;
            if (homeDueMicro > supplierDueMicro) _pay(home, supplier, homeDueMicro - supplierDueMicro);
            if (homeDueMicro < supplierDueMicro) _pay(supplier, home, supplierDueMicro - homeDueMicro);
            return (Money.toMicro(held), uint64(uncovered)); // uncovered: at most the grid share
        }
    }

    /// @dev Suppliers that owe for surplus pay those that are owed, both in the order given: at most one payment more
    /// than there are parties.
    function _postSurplus(PartyPosting[] calldata parties, Movements memory log) private {
        uint256 payee;
        uint256 missingMicro; // what the payee is still to get
        for (uint256 payer = 0; payer < parties.length; ++payer) {
            if (parties[payer].surplusMicro >= 0) continue;
            uint256 dueMicro = EscrowAccounts.magnitude(parties[payer].surplusMicro);
            while (dueMicro != 0) {
                while (missingMicro == 0) {
                    // the amounts sum to zero: while something is due, a payee is left
                    int64 surplusMicro = parties[payee++].surplusMicro;
                    if (surplusMicro > 0) missingMicro = uint64(surplusMicro);
                }
                uint256 amountMicro = EscrowAccounts.min(dueMicro, missingMicro);
                _payBetween(parties[payer].account, parties[payee - 1].account, amountMicro, log);
                dueMicro -= amountMicro;
                missingMicro -= amountMicro;
            }
        }
    }

    function _payBetween(address from, address to, uint256 amountMicro, Movements memory log) private {
        if (from == to) return;
        EscrowAccount memory payer = _open(from);
        EscrowAccount memory payee = _open(to);
        _pay(payer, payee, amountMicro);
        _closeParty(payer, log);
        _closeParty(payee, log);
    }

    /// @dev As `_postOne`.
    function _releaseOne(
        HomeRelease calldata h,
        EscrowAccount memory home,
        EscrowAccount memory supplier,
        Movements memory log
    ) private {
        (uint256 heldMicro, uint256 coveredMicro) = (h.heldMicro, h.gridCoveredMicro);
        if (coveredMicro > heldMicro) {
            revert ITradeEscrow.TradeEscrowHeldShort(h.account, heldMicro, coveredMicro);
        }
        if (h.account == supplier.account) {
            _closeParty(supplier, log);
            home = supplier;
        } else {
            _openInto(home, h.account);
        }
        home.takeHeld(heldMicro);
        home.moveCash(supplier, coveredMicro); // nothing when both are one
        _closeHome(home, supplier, log);
    }

    /// @dev Closes a home's account; what became free pays its arrears first. The supplier is open again after it.
    function _closeHome(EscrowAccount memory home, EscrowAccount memory supplier, Movements memory log) private {
        _close(home, log);
        if (home.owedCash() == 0) return;
        _closeParty(supplier, log);
        _payDownWithin(home.account, _CREDITORS_PER_HOME, log);
        _openInto(supplier, supplier.account);
    }

    /// @dev Steps 1 and 2: what the community side of the slot leaves held for the meter.
    function _holdForSlot(HomePosting memory h, EscrowAccount memory home) private pure returns (uint256 held) {
        uint256 unlockMicro = h.unlockMicro;
        home.takeLocked(unlockMicro);
        unchecked {
            // no overflow: both are below 2^64
            held = EscrowAccounts.shifted(home.account, h.heldBeforeMicro + unlockMicro, h.communityMicro);
            home.held += unlockMicro;
        }
        home.moveHeld(h.communityMicro);
    }

    /// @dev Step 3, feed-in: cash of the supplier becomes held money of the home. `held` is what the slot holds for the
    /// meter, returned as it is afterwards, with what the supplier is short of.
    function _holdFeedIn(
        EscrowAccount memory home,
        EscrowAccount memory supplier,
        uint256 held,
        uint256 amountMicro
    ) private pure returns (uint256, uint256) {
        uint256 cashMicro = EscrowAccounts.min(supplier.spendable(), amountMicro);
        supplier.moveCash(home, cashMicro); // no change when both are one: then free credits become held
        unchecked {
            home.held += cashMicro; // below 2^64 each
            return (held + cashMicro, amountMicro - cashMicro); // the cash is at most the amount
        }
    }

    /// @dev Step 3, feed-in taken back: from held money beyond the backing; returned with what the home is short of.
    function _takeFeedInBack(
        HomePosting memory h,
        EscrowAccount memory home,
        EscrowAccount memory supplier,
        uint256 held
    ) private pure returns (uint256, uint256) {
        uint256 amountMicro = EscrowAccounts.magnitude(h.feedInMicro);
        uint256 backingMicro = h.backingMicro;
        uint256 backMicro = held > backingMicro ? EscrowAccounts.min(held - backingMicro, amountMicro) : 0;
        home.takeHeld(backMicro);
        home.moveCash(supplier, backMicro);
        return (held - backMicro, amountMicro - backMicro);
    }

    /// @dev Copies the posting as it lies in the call's data: its nine words are those of the struct in memory. Values
    /// that do not fit their types revert, as they do where the compiler reads them.
    function _readPosting(HomePosting[] calldata homes, uint256 index, HomePosting memory h) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            calldatacopy(h, add(homes.offset, mul(index, 0x120)), 0x120) // index is below homes.length
            let wide := or(shr(160, mload(h)), shr(160, mload(add(h, 0x20)))) // account, supplier
            let micro := or(mload(add(h, 0x40)), mload(add(h, 0xa0))) // unlock, held before
            micro := or(micro, or(mload(add(h, 0xc0)), mload(add(h, 0xe0)))) // backing, uncovered before
            micro := or(micro, mload(add(h, 0x100))) // grid share
            wide := or(wide, shr(64, micro))
            let signed := mload(add(h, 0x60)) // community
            wide := or(wide, xor(signed, signextend(7, signed)))
            signed := mload(add(h, 0x80)) // feed-in
            wide := or(wide, xor(signed, signextend(7, signed)))
            if wide {
                revert(0, 0)
            }
        }
    }
}
