// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IArrears} from "../../interfaces/IArrears.sol";

/// @title Arrears
/// @notice The debt ledger of TradeEscrow: who owes whom how much, and who is paid next.
/// @dev A queue is a word for the creditor who is next and, behind it, a circular list: each waiting creditor names
/// the one behind it, the last one names the first. A debtor with one creditor, as homes are, costs one word. The
/// word of an empty queue stays (with an amount of 0), so that the next debt changes a word instead of making one.
contract Arrears is AccessManaged, IArrears {
    /// @dev The creditor who is paid next. One slot.
    struct Head {
        address creditor;
        uint64 owedMicro; // 0 while `waiting` > 0: all was set off, the place is passed by at the next payment
        uint32 waiting; // creditors behind this one
    }

    /// @dev A waiting creditor. One slot; all zero when not waiting.
    struct Place {
        address next; // who stands behind; the first when this is the last
        uint64 owedMicro; // 0: all was set off
    }

    /// @dev The end of the list of those who wait. One slot; stale while `Head.waiting` is 0.
    struct Tail {
        address last;
        uint64 owedMicro; // sum over all who wait
    }

    // slot 0: AccessManaged
    /// @inheritdoc IArrears
    address public escrow; // slot 1
    // slot 2
    mapping(address debtor => Head head) private _heads;
    // slot 3
    mapping(address debtor => mapping(address creditor => Place place)) private _places;
    // slot 4
    mapping(address debtor => Tail tail) private _tails;

    /// @dev One comparison instead of a question to the AccessManager: a settlement passes here once a home.
    modifier onlyEscrow() {
        if (msg.sender != escrow) revert ArrearsNotEscrow(msg.sender);
        _;
    }

    /// @notice An empty ledger, which nobody can write to before `bindEscrow`.
    /// @param initialAuthority The AccessManager that says who may bind the escrow.
    constructor(address initialAuthority) AccessManaged(initialAuthority) {}

    /// @inheritdoc IArrears
    function bindEscrow(address writer) external restricted {
        if (escrow != address(0)) revert ArrearsEscrowBound(escrow);
        escrow = writer;
        emit EscrowBound(writer);
    }

    /// @inheritdoc IArrears
    function record(address debtor, address creditor, uint64 amountMicro) external onlyEscrow {
        if (amountMicro == 0) revert ArrearsZeroAmount();
        _record(debtor, creditor, amountMicro);
    }

    /// @inheritdoc IArrears
    function charge(
        address debtor,
        address creditor,
        uint64 dueMicro,
        uint64 cashMicro
    ) external onlyEscrow returns (uint64 nettedMicro) {
        nettedMicro = _setOff(creditor, debtor, dueMicro);
        uint64 restMicro = dueMicro - nettedMicro;
        if (restMicro > cashMicro) _record(debtor, creditor, restMicro - cashMicro);
    }

    /// @inheritdoc IArrears
    function pay(
        address debtor,
        uint64 cashMicro,
        uint256 maxCreditors
    ) external onlyEscrow returns (address[] memory creditors, uint64[] memory amountsMicro) {
        uint256 places = _placesWithin(debtor, maxCreditors);
        creditors = new address[](places);
        amountsMicro = new uint64[](places);
        uint256 count;
        for (uint256 i = 0; i < places && cashMicro != 0; ++i) {
            (address creditor, uint64 paidMicro) = _payHead(debtor, cashMicro);
            if (paidMicro == 0) continue;
            cashMicro -= paidMicro;
            creditors[count] = creditor;
            amountsMicro[count++] = paidMicro;
            emit DebtPaid(debtor, creditor, paidMicro);
        }
        _shorten(creditors, amountsMicro, count);
    }

    /// @inheritdoc IArrears
    function totalOf(address debtor) external view returns (uint64 totalMicro) {
        Head memory head = _heads[debtor];
        return head.waiting == 0 ? head.owedMicro : head.owedMicro + _tails[debtor].owedMicro;
    }

    /// @inheritdoc IArrears
    function debtTo(address debtor, address creditor) external view returns (uint64 amountMicro) {
        Head memory head = _heads[debtor];
        return head.creditor == creditor ? head.owedMicro : _places[debtor][creditor].owedMicro;
    }

    /// @inheritdoc IArrears
    function placesOf(address debtor) external view returns (uint256 places) {
        Head memory head = _heads[debtor];
        return head.owedMicro == 0 && head.waiting == 0 ? 0 : uint256(head.waiting) + 1;
    }

    /// @inheritdoc IArrears
    function debtsOf(
        address debtor,
        uint256 maxCreditors
    ) external view returns (address[] memory creditors, uint64[] memory amountsMicro) {
        uint256 places = _placesWithin(debtor, maxCreditors);
        creditors = new address[](places);
        amountsMicro = new uint64[](places);
        uint256 count;
        address creditor = _heads[debtor].creditor;
        uint64 owedMicro = _heads[debtor].owedMicro;
        address next = _places[debtor][_tails[debtor].last].next; // the first who waits
        for (uint256 i = 0; i < places; ++i) {
            if (owedMicro != 0) {
                creditors[count] = creditor;
                amountsMicro[count++] = owedMicro;
            }
            creditor = next;
            owedMicro = _places[debtor][creditor].owedMicro;
            next = _places[debtor][creditor].next;
        }
        _shorten(creditors, amountsMicro, count);
    }

    /// @dev Adds a debt, of more than nothing.
    function _record(address debtor, address creditor, uint64 amountMicro) private {
        if (creditor == address(0)) revert ArrearsZeroCreditor(debtor); // in a Place, 0 says: not waiting
        if (debtor == creditor) revert ArrearsSelfDebt(debtor);
        Head memory head = _heads[debtor];
        if (head.owedMicro == 0 && head.waiting == 0) {
            _heads[debtor] = Head({creditor: creditor, owedMicro: amountMicro, waiting: 0});
        } else if (head.creditor == creditor) {
            _heads[debtor].owedMicro = head.owedMicro + amountMicro;
        } else {
            _wait(debtor, head.waiting, creditor, amountMicro);
        }
        emit DebtRecorded(debtor, creditor, amountMicro);
    }

    /// @dev Adds a debt to a creditor who is not the head: a new last place, or more in the creditor's old one.
    /// `waiting` are there so far.
    function _wait(address debtor, uint32 waiting, address creditor, uint64 amountMicro) private {
        Place memory place = _places[debtor][creditor];
        Tail memory tail = _tails[debtor];
        if (place.next == address(0)) {
            if (waiting == 0) {
                place.next = creditor;
            } else {
                Place storage last = _places[debtor][tail.last];
                place.next = last.next;
                last.next = creditor;
            }
            tail.last = creditor;
            _heads[debtor].waiting = waiting + 1;
        }
        place.owedMicro += amountMicro;
        tail.owedMicro += amountMicro;
        _places[debtor][creditor] = place;
        _tails[debtor] = tail;
    }

    /// @dev Takes a debt out wherever it stands, by `maxMicro` at most; its place stays.
    function _setOff(address debtor, address creditor, uint64 maxMicro) private returns (uint64 nettedMicro) {
        Head storage head = _heads[debtor];
        if (head.creditor == creditor) {
            nettedMicro = _min(head.owedMicro, maxMicro);
            if (nettedMicro == 0) return 0;
            head.owedMicro -= nettedMicro;
        } else {
            Place storage place = _places[debtor][creditor];
            nettedMicro = _min(place.owedMicro, maxMicro);
            if (nettedMicro == 0) return 0;
            place.owedMicro -= nettedMicro;
            _tails[debtor].owedMicro -= nettedMicro;
        }
        emit DebtNetted(debtor, creditor, nettedMicro);
    }

    /// @dev Pays the head what the cash allows; when nothing is left to pay there, the next creditor becomes the head.
    function _payHead(address debtor, uint64 cashMicro) private returns (address creditor, uint64 paidMicro) {
        Head storage head = _heads[debtor];
        creditor = head.creditor;
        paidMicro = _min(head.owedMicro, cashMicro);
        head.owedMicro -= paidMicro;
        if (head.owedMicro == 0 && head.waiting != 0) _promote(debtor, head);
    }

    /// @dev The first who waits becomes the head. The word of the list's end stays when nobody waits any more.
    function _promote(address debtor, Head storage head) private {
        Tail storage tail = _tails[debtor];
        Place storage last = _places[debtor][tail.last];
        address first = last.next;
        Place memory place = _places[debtor][first];
        last.next = place.next; // of no effect when the first is the last: it is deleted
        delete _places[debtor][first];
        head.creditor = first;
        head.owedMicro = place.owedMicro;
        --head.waiting;
        tail.owedMicro -= place.owedMicro;
    }

    /// @dev The places of the debtor's queue, the head's included, or `maxCreditors` when that is less.
    function _placesWithin(address debtor, uint256 maxCreditors) private view returns (uint256) {
        uint256 places = uint256(_heads[debtor].waiting) + 1;
        return places < maxCreditors ? places : maxCreditors;
    }

    function _shorten(address[] memory creditors, uint64[] memory amountsMicro, uint256 count) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(creditors, count) // both arrays have at least `count` items
            mstore(amountsMicro, count)
        }
    }

    function _min(uint64 a, uint64 b) private pure returns (uint64) {
        return a < b ? a : b;
    }
}
