// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {OrderLanes} from "../../libraries/OrderLanes.sol";
import {Side} from "../../types/MarketTypes.sol";

/// @title OrderLimits
/// @notice Keeps per meter and slot the side, the number and the Wh of its orders, and refuses what would break a
///         limit: one side, four orders, the connection's Wh. Part of EnergyMarket.
abstract contract OrderLimits is IEnergyMarket {
    using OrderLanes for uint256;

    /// @dev One meter's profile while its slots are counted: the words at hand are written when the next ones are
    ///     needed.
    struct Tally {
        uint256 index; // of the order in its batch
        uint32 meter;
        bool sells;
        uint32 connectionWh;
        bool isLoaded;
        uint256 wordIndex;
        uint256 word;
        uint256 markIndex;
        uint256 marks;
    }

    // which slots a meter ever ordered in, 256 a word
    mapping(uint32 meter => mapping(uint256 group => uint256 bits)) private _marks;
    // OrderLanes.RING_WORDS words
    mapping(uint32 meter => uint256[32] words) private _ring;

    /// @inheritdoc IEnergyMarket
    function hasPosition(uint32 meter, uint32 slot) external view returns (bool ordered) {
        return (_marks[meter][slot >> 8] >> (slot & 0xff)) & 1 != 0;
    }

    /// @inheritdoc IEnergyMarket
    function ordersOf(uint32 meter, uint32 slot) external view returns (Side side, uint8 orders, uint32 wh) {
        uint256 lane = _ring[meter][OrderLanes.wordIndex(slot)].inRound(slot).laneOf(slot);
        (bool sells, uint256 count, uint256 totalWh) = lane.unpackLane();
        if (count != 0) side = sells ? Side.Sell : Side.Buy;
        return (side, uint8(count), uint32(totalWh));
    }

    /// @dev Counts one more order of the profile. Slots come in ascending order; `_store` ends the profile.
    function _count(Tally memory tally, uint32 slot, uint256 wh) internal {
        uint256 wordIndex = OrderLanes.wordIndex(slot);
        if (!tally.isLoaded || wordIndex != tally.wordIndex) _turnTo(tally, slot, wordIndex);
        (bool sells, uint256 orders, uint256 totalWh) = tally.word.laneOf(slot).unpackLane();
        if (orders == 0) sells = tally.sells;
        else if (sells != tally.sells) revert EnergyMarketOtherSide(tally.index, tally.meter, slot);
        if (orders == MarketBounds.MAX_ORDERS_PER_SLOT) {
            revert EnergyMarketTooManyOrders(tally.index, tally.meter, slot);
        }
        totalWh += wh;
        if (totalWh > tally.connectionWh) {
            revert EnergyMarketAboveConnection({
                index: tally.index,
                meter: tally.meter,
                slot: slot,
                totalWh: totalWh,
                connectionWh: tally.connectionWh
            });
        }
        // 26 bits hold it: a connection is that large at most
        tally.word = tally.word.withLane(slot, OrderLanes.packLane(sells, orders + 1, totalWh));
        tally.marks |= 1 << (slot & 0xff);
    }

    function _store(Tally memory tally) internal {
        _ring[tally.meter][tally.wordIndex] = tally.word;
        _marks[tally.meter][tally.markIndex] = tally.marks;
    }

    /// @dev Gives a cancelled order's Wh back to the connection; side and number stay.
    function _discount(uint32 meter, uint32 slot, uint256 wh) internal {
        uint256 wordIndex = OrderLanes.wordIndex(slot);
        uint256 word = _ring[meter][wordIndex].inRound(slot);
        (bool sells, uint256 orders, uint256 totalWh) = word.laneOf(slot).unpackLane();
        _ring[meter][wordIndex] = word.withLane(slot, OrderLanes.packLane(sells, orders, totalWh - wh));
    }

    function _turnTo(Tally memory tally, uint32 slot, uint256 wordIndex) private {
        if (tally.isLoaded) _store(tally);
        tally.wordIndex = wordIndex;
        tally.word = _ring[tally.meter][wordIndex].inRound(slot);
        if (!tally.isLoaded || tally.markIndex != slot >> 8) {
            tally.markIndex = slot >> 8;
            tally.marks = _marks[tally.meter][tally.markIndex];
        }
        tally.isLoaded = true;
    }
}
