// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {Money} from "../../libraries/Money.sol";
import {OrderLanes} from "../../libraries/OrderLanes.sol";
import {OrderMessages} from "../../libraries/OrderMessages.sol";
import {Records} from "../../libraries/Records.sol";
import {Side} from "../../types/MarketTypes.sol";
import {Order, SignedOrder} from "../../types/OrderTypes.sol";
import {OrderWiring} from "../../types/WiringTypes.sol";
import {OrderAdmission} from "./OrderAdmission.sol";
import {OrderBooks} from "./OrderBooks.sol";
import {OrderLimits} from "./OrderLimits.sol";
import {OrderNonces} from "./OrderNonces.sol";

/// @title EnergyMarket
/// @notice Takes signed orders into the feeders' books, and takes them back until gate closure. See IEnergyMarket.
/// @dev Books and money change after all checks; the only calls that change another contract go to TradeEscrow, last.
contract EnergyMarket is AccessManaged, EIP712, OrderBooks, OrderLimits, OrderNonces {
    /// @dev An order of the batch that was checked, while its slots are booked.
    struct Accepted {
        uint256 index;
        bool sells;
        address account;
        bytes32 owner; // second word of its entries; zero when the order was skipped
        uint256 wordBase; // what all its entries' first words share
        uint256 lockMicro;
        Tally tally;
    }

    mapping(bytes32 digest => uint256 slotMask) private _cancelled;

    /// @notice Names the EIP-712 domain and the contracts.
    /// @param initialAuthority The AccessManager that says who has the role BILATERAL.
    /// @param wiring The contracts that EnergyMarket works with.
    constructor(
        address initialAuthority,
        OrderWiring memory wiring
    ) AccessManaged(initialAuthority) EIP712("Commonwatt EnergyMarket", "1") OrderAdmission(wiring) {}

    // -------------------- orders

    /// @inheritdoc IEnergyMarket
    function relay(uint24 feeder, SignedOrder[] calldata orders) external {
        if (orders.length == 0) return;
        (uint32 firstSlot, uint32 lastSlot) = _rangeOf(orders);
        Batch memory batch = _openBatch(feeder, firstSlot, lastSlot);
        Accepted[] memory accepted = new Accepted[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            accepted[i].index = i;
            _accept(batch, accepted[i], orders[i]);
        }
        _closeBatch(batch);
        for (uint256 i = 0; i < accepted.length; ++i) {
            if (accepted[i].owner != 0) _lock(accepted[i], orders[i].order.firstSlot);
        }
    }

    /// @inheritdoc IEnergyMarket
    function cancel(Order calldata order, uint256 slotMask) external {
        _requireActive(0, msg.sender);
        _requireProfile(0, order);
        bytes32 digest = digestOf(order);
        if (_isRelayed(msg.sender, order.nonce, digest)) _cancelRelayed(order, digest, slotMask);
        else _revoke(msg.sender, order, digest);
    }

    /// @inheritdoc IEnergyMarket
    function countBilateral(
        uint32 meter,
        address account,
        Side side,
        uint32 firstSlot,
        uint32[] calldata wh
    ) external restricted returns (uint24 feeder) {
        Tally memory tally;
        tally.meter = meter;
        tally.side = side == Side.Sell ? OrderLanes.SELLS_BIT : 0;
        uint32 lastSlot = firstSlot + uint32(wh.length) - 1;
        (feeder, tally.connectionWh) = _admit({
            index: 0,
            meter: meter,
            account: account,
            first: firstSlot,
            last: lastSlot
        });
        Batch memory batch = _openBatch(feeder, firstSlot, lastSlot); // the meter is counted, no entry is appended
        for (uint256 i = 0; i < wh.length; ++i) {
            if (wh[i] == 0) continue;
            uint32 slot = firstSlot + uint32(i);
            OpenBook memory book = batch.books[_placeOf(batch, slot)];
            if (wh[i] < book.minimumWh) _refuseSize(0, slot, wh[i], book.minimumWh);
            if (_count(tally, slot, wh[i])) _enterMeter(batch, book, 0, slot);
        }
        _store(tally);
        _closeBatch(batch);
    }

    // -------------------- views

    /// @inheritdoc IEnergyMarket
    function cancelledSlots(bytes32 digest) external view returns (uint256 slotMask) {
        return _cancelled[digest];
    }

    /// @inheritdoc IEnergyMarket
    function digestOf(Order calldata order) public view returns (bytes32 digest) {
        return _hashTypedDataV4(OrderMessages.hashOrder(order));
    }

    // -------------------- relaying

    /// @dev One that was relayed before is skipped, whatever has changed since: nothing of it counts or locks again.
    function _accept(Batch memory batch, Accepted memory accepted, SignedOrder calldata signed) private {
        Order calldata order = signed.order;
        uint256 index = accepted.index;
        if (order.side == Side.None) revert EnergyMarketNoSide(index);
        bytes32 digest = digestOf(order);
        (accepted.account, , ) = ECDSA.tryRecover(digest, signed.r, signed.vs);
        if (!_useNonce(index, accepted.account, order, digest)) {
            emit OrderSkipped(accepted.account, order.nonce, index);
            return;
        }
        if (block.timestamp > order.relayDeadline) revert EnergyMarketExpired(index, order.relayDeadline);
        Tally memory tally = accepted.tally;
        tally.index = index;
        tally.meter = order.meter;
        accepted.sells = order.side == Side.Sell;
        tally.side = accepted.sells ? OrderLanes.SELLS_BIT : 0;
        uint24 feeder;
        (feeder, tally.connectionWh) = _admit({
            index: index,
            meter: order.meter,
            account: accepted.account,
            first: order.firstSlot,
            last: _lastSlotOf(order)
        });
        if (feeder != batch.feeder) revert EnergyMarketNotAtFeeder(index, order.meter, feeder);
        accepted.owner = Records.packEntryOwner(accepted.account, order.nonce);
        accepted.wordBase = (uint256(order.side) << 248) | (uint256(order.meter) << 216) | (uint256(feeder) << 192);
        _book(batch, accepted, order);
    }

    /// @dev Books the profile's orders, slot by slot, and says so.
    function _book(Batch memory batch, Accepted memory accepted, Order calldata order) private {
        uint32[] calldata wh = order.wh;
        uint32[] calldata limits = order.limits;
        uint256 firstSlot = order.firstSlot;
        EntryLog memory log = _startLog(wh.length);
        // slots are at most those of the longest profile
        unchecked {
            for (uint256 i = 0; i < wh.length; ++i) {
                uint256 slotWh = OrderMessages.numberAt(wh, i);
                if (slotWh == 0) continue;
                bytes32 word = _place({
                    batch: batch,
                    accepted: accepted,
                    slot: firstSlot + i,
                    wh: slotWh,
                    limit: OrderMessages.numberAt(limits, i)
                });
                _write(log, word, accepted.owner);
            }
        }
        _store(accepted.tally);
        _emit(log, batch.feeder);
    }

    /// @dev Books one slot's order and returns its first word.
    function _place(
        Batch memory batch,
        Accepted memory accepted,
        uint256 slot,
        uint256 wh,
        uint256 limit
    ) private returns (bytes32) {
        OpenBook memory book = batch.books[_placeOf(batch, slot)];
        if (wh < book.minimumWh || wh > MarketBounds.MAX_SLOT_WH) {
            _refuseSize(accepted.index, slot, wh, book.minimumWh);
        }
        if (limit > type(uint32).max) revert EnergyMarketBadProfile(accepted.index);
        if (_count(accepted.tally, slot, wh)) _enterMeter(batch, book, accepted.index, slot);
        // As Money.costUp: a lock is 24 bits of Wh times 32 bits of rate, and a profile has 128 of them.
        unchecked {
            accepted.lockMicro += (wh * (accepted.sells ? book.bondRate : limit) + 999) / 1000;
        }
        uint256 word = accepted.wordBase | (wh << 136) | (limit << 104) | (slot << 56);
        return _appendOrder({batch: batch, book: book, index: accepted.index, orderWord: word, owner: accepted.owner});
    }

    function _lock(Accepted memory accepted, uint32 firstSlot) private {
        uint64 amountMicro = Money.toMicro(accepted.lockMicro);
        try ESCROW.lock(accepted.account, amountMicro, firstSlot) {
            return;
        } catch (bytes memory reason) {
            revert EnergyMarketLockRefused(accepted.index, accepted.account, amountMicro, reason);
        }
    }

    // -------------------- cancelling

    function _cancelRelayed(Order calldata order, bytes32 digest, uint256 slotMask) private {
        Batch memory batch = _batchOf(order);
        bytes32 owner = Records.packEntryOwner(msg.sender, order.nonce);
        uint256 cancelled = _cancelled[digest];
        EntryLog memory log = _startLog(_ordersIn(order, slotMask));
        uint256 lockMicro = 0;
        for (uint256 i = 0; i < order.wh.length; ++i) {
            if ((slotMask >> i) & 1 == 0 || order.wh[i] == 0) continue;
            uint32 slot = order.firstSlot + uint32(i);
            if ((cancelled >> i) & 1 != 0) revert EnergyMarketCancelledBefore(slot);
            cancelled |= 1 << i;
            OpenBook memory book = batch.books[_placeOf(batch, slot)];
            lockMicro += _lockOf(order, i, book.bondRate);
            _discount(order.meter, slot, order.wh[i]);
            bytes32 word = _appendCancel({batch: batch, book: book, meter: order.meter, slot: slot, owner: owner});
            _write(log, word, owner);
        }
        _cancelled[digest] = cancelled;
        _closeBatch(batch);
        _emit(log, batch.feeder);
        _unlock(msg.sender, Money.toMicro(lockMicro), order.firstSlot);
    }

    function _unlock(address account, uint64 amountMicro, uint32 slot) private {
        address[] memory accounts = new address[](1);
        uint64[] memory amountsMicro = new uint64[](1);
        accounts[0] = account;
        amountsMicro[0] = amountMicro;
        ESCROW.unlock(accounts, amountsMicro, slot);
    }

    /// @dev The books where the order stands; a meter's place in a slot is fixed when the slot opens.
    function _batchOf(Order calldata order) private view returns (Batch memory) {
        (uint24 feeder, ) = TOPOLOGY.siteAt(order.meter, order.firstSlot);
        return _openBatch(feeder, order.firstSlot, _lastSlotOf(order));
    }

    // -------------------- pure parts

    function _requireProfile(uint256 index, Order calldata order) private pure {
        if (
            order.wh.length != order.limits.length ||
            !OrderMessages.isProfile(order.wh, MarketBounds.MAX_PROFILE_SLOTS) ||
            order.firstSlot > type(uint32).max - order.wh.length
        ) revert EnergyMarketBadProfile(index);
    }

    function _refuseSize(uint256 index, uint256 slot, uint256 wh, uint256 minimumWh) private pure {
        revert EnergyMarketBadSize(index, uint32(slot), uint32(wh), uint32(minimumWh));
    }

    /// @dev How many orders the mask names; at least one.
    function _ordersIn(Order calldata order, uint256 slotMask) private pure returns (uint256 count) {
        for (uint256 i = 0; i < order.wh.length; ++i) {
            if ((slotMask >> i) & 1 != 0 && order.wh[i] != 0) ++count;
        }
        if (count == 0) revert EnergyMarketNothingToCancel(slotMask);
    }

    function _rangeOf(SignedOrder[] calldata orders) private pure returns (uint32 firstSlot, uint32 lastSlot) {
        firstSlot = type(uint32).max;
        for (uint256 i = 0; i < orders.length; ++i) {
            Order calldata order = orders[i].order;
            _requireProfile(i, order);
            uint32 last = _lastSlotOf(order);
            if (order.firstSlot < firstSlot) firstSlot = order.firstSlot;
            if (last > lastSlot) lastSlot = last;
        }
    }

    function _lockOf(Order calldata order, uint256 i, uint256 bondRate) private pure returns (uint64) {
        return Money.costUp(order.wh[i], order.side == Side.Sell ? bondRate : order.limits[i]);
    }
}
