// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IArrears} from "../../interfaces/IArrears.sol";

/// @title Arrears
/// @notice The debt ledger of TradeEscrow: who owes whom how much, and who is paid next.
/// @dev A queue is a circular list of places, each naming the creditor behind it, and one word that names the last
/// place: the one behind it is the first. So a debtor's first creditor costs two new words and each further one a
/// single word: a settlement may have to make a debt for every home, and what it makes at most counts. The last place
/// of a queue that is paid stays (with an amount of 0), so that the next debt changes words instead of making them.
contract Arrears is AccessManaged, IArrears {
    /// @dev Of one debtor. One slot.
    struct Queue {
        address last; // who is paid last; 0: never owed
        uint64 totalMicro; // owed to all
        uint32 places; // 1 with a total of 0: empty
    }

    /// @dev Of one creditor in a queue. One slot; all zero when it has none.
    struct Place {
        address next; // who is paid next; behind the last: the first
        uint64 owedMicro; // 0: all was set off, the place is passed by at the next payment
    }

    // slot 0: AccessManaged
    /// @inheritdoc IArrears
    address public escrow; // slot 1
    // slot 2
    mapping(address debtor => Queue queue) private _queues;
    // slot 3
    mapping(address debtor => mapping(address creditor => Place place)) private _places;

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
        Queue memory queue = _queues[debtor];
        uint256 places = _min(queue.places, maxCreditors);
        creditors = new address[](places);
        amountsMicro = new uint64[](places);
        uint256 count;
        uint64 leftMicro = cashMicro;
        for (uint256 i = 0; i < places && leftMicro != 0; ++i) {
            (address creditor, uint64 paidMicro) = _payFirst(debtor, queue, leftMicro);
            if (paidMicro == 0) continue;
            leftMicro -= paidMicro;
            creditors[count] = creditor;
            amountsMicro[count++] = paidMicro;
            emit DebtPaid(debtor, creditor, paidMicro);
        }
        _queues[debtor] = queue;
        _shorten(creditors, amountsMicro, count);
    }

    /// @inheritdoc IArrears
    function totalOf(address debtor) external view returns (uint64 totalMicro) {
        return _queues[debtor].totalMicro;
    }

    /// @inheritdoc IArrears
    function debtTo(address debtor, address creditor) external view returns (uint64 amountMicro) {
        return _places[debtor][creditor].owedMicro;
    }

    /// @inheritdoc IArrears
    function placesOf(address debtor) external view returns (uint256 places) {
        Queue memory queue = _queues[debtor];
        return _isEmpty(queue) ? 0 : queue.places;
    }

    /// @inheritdoc IArrears
    function debtsOf(
        address debtor,
        uint256 maxCreditors
    ) external view returns (address[] memory creditors, uint64[] memory amountsMicro) {
        Queue memory queue = _queues[debtor];
        uint256 places = _min(queue.places, maxCreditors);
        creditors = new address[](places);
        amountsMicro = new uint64[](places);
        uint256 count;
        address creditor = queue.last;
        for (uint256 i = 0; i < places; ++i) {
            creditor = _places[debtor][creditor].next;
            uint64 owedMicro = _places[debtor][creditor].owedMicro;
            if (owedMicro == 0) continue;
            creditors[count] = creditor;
            amountsMicro[count++] = owedMicro;
        }
        _shorten(creditors, amountsMicro, count);
    }

    /// @dev Adds a debt, of more than nothing, in the creditor's place or in a new last one.
    function _record(address debtor, address creditor, uint64 amountMicro) private {
        if (creditor == address(0)) revert ArrearsZeroCreditor(debtor); // as a next place, 0 says: none
        if (debtor == creditor) revert ArrearsSelfDebt(debtor);
        Queue memory queue = _queues[debtor];
        Place memory place = _places[debtor][creditor];
        if (place.next == address(0)) {
            place.next = _makeLast(debtor, queue, creditor);
        }
        place.owedMicro += amountMicro;
        queue.totalMicro += amountMicro;
        _places[debtor][creditor] = place;
        _queues[debtor] = queue;
        emit DebtRecorded(debtor, creditor, amountMicro);
    }

    /// @dev Puts a creditor without a place behind the last one, or in the stead of the one that an empty queue keeps.
    /// Returns the first, whom its place is to name.
    function _makeLast(address debtor, Queue memory queue, address creditor) private returns (address first) {
        address last = queue.last;
        queue.last = creditor;
        if (_isEmpty(queue)) {
            if (last != address(0)) delete _places[debtor][last];
            queue.places = 1;
            return creditor;
        }
        first = _places[debtor][last].next;
        _places[debtor][last].next = creditor;
        ++queue.places;
    }

    /// @dev Takes a debt out wherever it stands, by `maxMicro` at most; its place stays.
    function _setOff(address debtor, address creditor, uint64 maxMicro) private returns (uint64 nettedMicro) {
        uint64 owedMicro = _places[debtor][creditor].owedMicro;
        nettedMicro = owedMicro < maxMicro ? owedMicro : maxMicro;
        if (nettedMicro == 0) return 0;
        _places[debtor][creditor].owedMicro = owedMicro - nettedMicro;
        _queues[debtor].totalMicro -= nettedMicro;
        emit DebtNetted(debtor, creditor, nettedMicro);
    }

    /// @dev Pays the first creditor what the cash allows. A place where nothing is owed any more is given up, but not
    /// the only one. The caller writes the queue.
    function _payFirst(
        address debtor,
        Queue memory queue,
        uint64 cashMicro
    ) private returns (address creditor, uint64 paidMicro) {
        mapping(address creditor => Place place) storage places = _places[debtor];
        creditor = places[queue.last].next;
        Place memory place = places[creditor];
        paidMicro = place.owedMicro < cashMicro ? place.owedMicro : cashMicro;
        place.owedMicro -= paidMicro;
        queue.totalMicro -= paidMicro;
        if (place.owedMicro == 0 && queue.places > 1) {
            places[queue.last].next = place.next;
            delete places[creditor];
            --queue.places;
        } else {
            places[creditor].owedMicro = place.owedMicro;
        }
    }

    function _isEmpty(Queue memory queue) private pure returns (bool) {
        return queue.totalMicro == 0 && queue.places < 2;
    }

    function _shorten(address[] memory creditors, uint64[] memory amountsMicro, uint256 count) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(creditors, count) // both arrays have at least `count` items
            mstore(amountsMicro, count)
        }
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
