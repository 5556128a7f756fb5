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
        uint256 side; // lane of the first order before it is counted: SELLS_BIT or 0
        uint256 connectionWh;
        uint256 group; // slot / 8 of the words at hand, plus 1; 0 = none yet
        uint256 word;
        uint256 marks;
    }

    // which slots a meter ever ordered in, 256 a word
    mapping(uint32 meter => mapping(uint256 group => uint256 bits)) private _marks;
    // OrderLanes.RING_WORDS words
    mapping(uint32 meter => uint256[32] words) private _ring;

    /// @inheritdoc IEnergyMarket
    function hasPosition(uint32 meter, uint32 slot) external view returns (bool ordered) {
        return _markOf(meter, slot) != 0;
    }

    /// @inheritdoc IEnergyMarket
    function positionsAt(uint32[] calldata meters, uint32 slot) external view returns (uint256 bits) {
        for (uint256 i = 0; i < meters.length; ++i) bits |= _markOf(meters[i], slot) << i;
    }

    /// @inheritdoc IEnergyMarket
    function ordersOf(uint32 meter, uint32 slot) external view returns (Side side, uint8 orders, uint32 wh) {
        uint256 word = _ring[meter][OrderLanes.wordIndex(slot)].inRound(slot);
        uint256 lane = word.laneAt(OrderLanes.shiftOf(slot));
        if (lane == 0) return (Side.None, 0, 0);
        side = lane & OrderLanes.SELLS_BIT != 0 ? Side.Sell : Side.Buy;
        return (side, uint8(lane.ordersOf()), uint32(lane.whOf()));
    }

    /// @dev Counts one more order of the profile, and says whether it is the meter's first in the slot. Slots come in
    ///      ascending order; `_store` ends the profile.
    function _count(Tally memory tally, uint256 slot, uint256 wh) internal returns (bool isFirst) {
        // Nothing here leaves its bits: `wh` is at most a connection, which has 24 bits, and orders are at most 4.
        unchecked {
            if (slot / 8 + 1 != tally.group) _turnTo(tally, slot);
            uint256 shift = OrderLanes.shiftOf(slot);
            uint256 lane = tally.word.laneAt(shift);
            isFirst = lane == 0;
            if (isFirst) lane = tally.side;
            else _requireRoom(tally, slot, lane);
            if (lane.whOf() + wh > tally.connectionWh) _refuseEnergy(tally, slot, lane.whOf() + wh);
            tally.word = tally.word.withLane(shift, lane + OrderLanes.ONE_ORDER + wh);
            tally.marks |= 1 << (slot & 0xff);
        }
    }

    function _store(Tally memory tally) internal {
        uint256 slot = (tally.group - 1) * 8;
        _ring[tally.meter][OrderLanes.wordIndex(slot)] = tally.word;
        _marks[tally.meter][slot >> 8] = tally.marks;
    }

    /// @dev Gives a cancelled order's Wh back to the connection; side and number stay.
    function _discount(uint32 meter, uint32 slot, uint256 wh) internal {
        uint256 wordIndex = OrderLanes.wordIndex(slot);
        // the lane's lowest bits are Wh, and hold what was counted for the order
        _ring[meter][wordIndex] = _ring[meter][wordIndex].inRound(slot) - (wh << OrderLanes.shiftOf(slot));
    }

    function _turnTo(Tally memory tally, uint256 slot) private {
        uint256 former = tally.group;
        if (former != 0) _ring[tally.meter][OrderLanes.wordIndex((former - 1) * 8)] = tally.word;
        tally.word = _ring[tally.meter][OrderLanes.wordIndex(slot)].inRound(slot);
        if (former == 0 || (former - 1) >> 5 != slot >> 8) {
            if (former != 0) _marks[tally.meter][(former - 1) >> 5] = tally.marks;
            tally.marks = _marks[tally.meter][slot >> 8];
        }
        tally.group = slot / 8 + 1;
    }

    /// @dev 1 when the meter ever ordered in the slot, else 0.
    function _markOf(uint32 meter, uint32 slot) private view returns (uint256) {
        return (_marks[meter][slot >> 8] >> (slot & 0xff)) & 1;
    }

    function _requireRoom(Tally memory tally, uint256 slot, uint256 lane) private pure {
        if ((lane ^ tally.side) & OrderLanes.SELLS_BIT != 0) {
            revert EnergyMarketOtherSide(tally.index, tally.meter, uint32(slot));
        }
        if (lane.ordersOf() == MarketBounds.MAX_ORDERS_PER_SLOT) {
            revert EnergyMarketTooManyOrders(tally.index, tally.meter, uint32(slot));
        }
    }

    function _refuseEnergy(Tally memory tally, uint256 slot, uint256 totalWh) private pure {
        revert EnergyMarketAboveConnection({
            index: tally.index,
            meter: tally.meter,
            slot: uint32(slot),
            totalWh: totalWh,
            connectionWh: uint32(tally.connectionWh)
        });
    }
}
