// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Side} from "../types/MarketTypes.sol";
import {Order, SignedOrder} from "../types/OrderTypes.sol";

/// @title IEnergyMarket
/// @notice Signed orders into books. A book is the log of a feeder's orders and cancels for one slot; kept are its hash
///         and its length, the log itself is in the events. Energy in Wh, prices in micro-credits per kWh, time in Unix
///         seconds.
/// @dev A relayed batch is all or nothing: the first order that cannot be taken reverts it and is named by its index,
///      so that a relayer drops it and sends the rest again. Taking the others silently would hide from a home that its
///      order was refused, and a relayer that simulates its batch loses nothing. Only an order that was relayed before
///      is skipped, for it stands already: else whoever sees a batch could make it revert by relaying one of its
///      orders.
interface IEnergyMarket {
    /// @notice Orders or cancels were appended to the feeder's books. One event per profile order and per cancel call.
    /// @param feeder The feeder.
    /// @param entries Packed entries, two words each (Records.sol), of consecutive slots.
    event EntriesAppended(uint24 indexed feeder, bytes32[] entries);

    /// @notice An order of a batch was skipped, because it was relayed before: it counts and locks once, as it did
    ///         then.
    /// @param account Who signed it.
    /// @param nonce Its nonce.
    /// @param index Its place in the batch.
    event OrderSkipped(address indexed account, uint64 indexed nonce, uint256 index);

    /// @notice An order was cancelled before anyone relayed it; it can never be relayed.
    /// @param account Who signed and cancelled it.
    /// @param nonce Its nonce.
    /// @param digest Its EIP-712 digest.
    /// @param lastSlot No order with this nonce for this slot or an earlier one is taken any more.
    event OrderRevoked(address indexed account, uint64 indexed nonce, bytes32 digest, uint32 lastSlot);

    /// @notice wh and limits differ in length, are empty or too long, or the first or last slot has no order.
    /// @param index Of the order in the batch; 0 outside a batch.
    error EnergyMarketBadProfile(uint256 index);

    /// @notice The order is neither a purchase nor a sale.
    /// @param index Of the order in the batch.
    error EnergyMarketNoSide(uint256 index);

    /// @notice The order came too late.
    /// @param index Of the order in the batch.
    /// @param relayDeadline The last second in which it could have been relayed.
    error EnergyMarketExpired(uint256 index, uint64 relayDeadline);

    /// @notice The signature is not that of the account that holds the meter in all the slots.
    /// @param index Of the order in the batch.
    /// @param signer Who signed, as recovered.
    /// @param holder Who holds the meter throughout; zero when nobody does.
    error EnergyMarketNotHolder(uint256 index, address signer, address holder);

    /// @notice The account is not admitted, suspended or expelled.
    /// @param index Of the order in the batch; 0 outside a batch.
    /// @param account The account.
    error EnergyMarketNotActive(uint256 index, address account);

    /// @notice The meter is no active meter.
    /// @param index Of the order in the batch.
    /// @param meter The device number.
    error EnergyMarketMeterNotActive(uint256 index, uint32 meter);

    /// @notice The meter does not stand at the feeder with one connection in all the slots.
    /// @param index Of the order in the batch.
    /// @param meter The device number.
    /// @param feeder Where it stands throughout; 0 when that changes.
    error EnergyMarketNotAtFeeder(uint256 index, uint32 meter, uint24 feeder);

    /// @notice A slot of the meter was settled without a reading, and none has come since.
    /// @param index Of the order in the batch.
    /// @param meter The device number.
    error EnergyMarketBarred(uint256 index, uint32 meter);

    /// @notice The account owes grid shares or dues.
    /// @param index Of the order in the batch.
    /// @param account The account.
    /// @param arrearsMicro What it owes, micro-credits.
    error EnergyMarketInArrears(uint256 index, address account, uint64 arrearsMicro);

    /// @notice The nonce was used for this slot or a later one: the order was revoked, or another one has its nonce.
    /// @param index Of the order in the batch; 0 outside a batch.
    /// @param nonce The nonce.
    /// @param usedThrough The last slot for which it was used.
    error EnergyMarketNonceUsed(uint256 index, uint64 nonce, uint32 usedThrough);

    /// @notice The nonce still remembers an order that can be cancelled.
    /// @param index Of the order in the batch.
    /// @param nonce The nonce.
    /// @param openSlot The last slot of that order, whose gate has not closed.
    error EnergyMarketNonceBusy(uint256 index, uint64 nonce, uint32 openSlot);

    /// @notice The slot has not opened, its gate has closed, or it is 240 slots or more ahead.
    /// @param slot The slot.
    error EnergyMarketSlotNotOpen(uint32 slot);

    /// @notice The slots of one batch lie too far apart.
    /// @param firstSlot First slot of all orders.
    /// @param lastSlot Last slot of all orders.
    error EnergyMarketSpreadTooWide(uint32 firstSlot, uint32 lastSlot);

    /// @notice The order is below the regulator's minimum, or above what a slot can hold.
    /// @param index Of the order in the batch.
    /// @param slot The slot.
    /// @param wh What was ordered.
    /// @param minimumWh The minimum of the slot.
    error EnergyMarketBadSize(uint256 index, uint32 slot, uint32 wh, uint32 minimumWh);

    /// @notice The meter has orders or contracts on the other side of the slot.
    /// @param index Of the order in the batch.
    /// @param meter The device number.
    /// @param slot The slot.
    error EnergyMarketOtherSide(uint256 index, uint32 meter, uint32 slot);

    /// @notice The meter has its four orders of the slot, cancelled ones included.
    /// @param index Of the order in the batch.
    /// @param meter The device number.
    /// @param slot The slot.
    error EnergyMarketTooManyOrders(uint256 index, uint32 meter, uint32 slot);

    /// @notice The meter's orders of the slot would exceed its connection.
    /// @param index Of the order in the batch.
    /// @param meter The device number.
    /// @param slot The slot.
    /// @param totalWh What they would come to.
    /// @param connectionWh What the connection carries in a slot.
    error EnergyMarketAboveConnection(uint256 index, uint32 meter, uint32 slot, uint256 totalWh, uint32 connectionWh);

    /// @notice The slot has taken as many orders as arrivals can number, over all books.
    /// @param index Of the order in the batch.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @param bound 2^24 - 1.
    error EnergyMarketSlotFull(uint256 index, uint24 feeder, uint32 slot, uint256 bound);

    /// @notice The feeder's share of the tree's meters is taken: so many have an order or contract in the slot.
    /// @param index Of the order in the batch; 0 for a contract.
    /// @param feeder Where the meter stands.
    /// @param slot The slot.
    /// @param bound The feeder's share.
    error EnergyMarketTooManyMeters(uint256 index, uint24 feeder, uint32 slot, uint256 bound);

    /// @notice TradeEscrow refused the lock, as a rule because free credits are short.
    /// @param index Of the order in the batch.
    /// @param account The account.
    /// @param amountMicro What had to be locked, micro-credits.
    /// @param reason TradeEscrow's error.
    error EnergyMarketLockRefused(uint256 index, address account, uint64 amountMicro, bytes reason);

    /// @notice The slot's order was cancelled before.
    /// @param slot The slot.
    error EnergyMarketCancelledBefore(uint32 slot);

    /// @notice The mask names no slot in which the order has energy.
    /// @param slotMask The mask given.
    error EnergyMarketNothingToCancel(uint256 slotMask);

    /// @notice Puts signed orders into the books of a feeder and locks each account's worst case. Anyone may relay.
    ///         Orders relayed before are skipped, each with OrderSkipped.
    /// @param feeder Where all the meters stand.
    /// @param orders The orders, in the order in which they shall arrive.
    function relay(uint24 feeder, SignedOrder[] calldata orders) external;

    /// @notice Cancels an order of the caller. One that was not relayed never can be from then on, whatever the mask;
    ///         of one that was, the named slots are cancelled and what they locked is free again.
    /// @param order The order as it was signed.
    /// @param slotMask Bit i: slot firstSlot + i, whose gate must not have closed. Bits without an order are passed
    ///     over.
    function cancel(Order calldata order, uint256 slotMask) external;

    /// @notice Counts a bilateral contract among the meter's orders, after the same checks. Role BILATERAL.
    /// @param meter The device number.
    /// @param account Who signed for the meter.
    /// @param side Purchase or sale.
    /// @param firstSlot Slot of the first energy.
    /// @param wh Energy per slot.
    /// @return feeder Where the meter stands throughout.
    function countBilateral(
        uint32 meter,
        address account,
        Side side,
        uint32 firstSlot,
        uint32[] calldata wh
    ) external returns (uint24 feeder);

    /// @notice The feeder's book of a slot.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @return entriesHash Hash chain over its log; 0 = nobody ordered.
    /// @return entryCount Length of the log.
    function bookOf(uint24 feeder, uint32 slot) external view returns (bytes32 entriesHash, uint32 entryCount);

    /// @notice Whether a meter has an order or a bilateral contract in a slot, cancelled ones included. Never changes
    ///     back.
    /// @param meter The device number.
    /// @param slot The slot.
    /// @return ordered True when it has.
    function hasPosition(uint32 meter, uint32 slot) external view returns (bool ordered);

    /// @notice `hasPosition` of several meters.
    /// @param meters At most 256.
    /// @param slot The slot.
    /// @return bits Bit i, from the least significant: whether meters[i] has one.
    function positionsAt(uint32[] calldata meters, uint32 slot) external view returns (uint256 bits);

    /// @notice What a meter has ordered in a slot that is still open; all zero for a slot long past.
    /// @param meter The device number.
    /// @param slot The slot.
    /// @return side Its side; None without an order.
    /// @return orders Orders and contracts, cancelled ones included.
    /// @return wh Energy in all, without the cancelled.
    function ordersOf(uint32 meter, uint32 slot) external view returns (Side side, uint8 orders, uint32 wh);

    /// @notice How far a nonce of an account is used.
    /// @param account The account.
    /// @param nonce The nonce.
    /// @return usedThrough Orders with this nonce must begin after this slot; 0 = never used.
    function nonceUsedThrough(address account, uint64 nonce) external view returns (uint32 usedThrough);

    /// @notice Which slots of an order were cancelled after it was relayed.
    /// @param digest Its EIP-712 digest.
    /// @return slotMask Bit i: slot firstSlot + i.
    function cancelledSlots(bytes32 digest) external view returns (uint256 slotMask);

    /// @notice What the account signs.
    /// @param order The order.
    /// @return digest Its EIP-712 digest.
    function digestOf(Order calldata order) external view returns (bytes32 digest);
}
