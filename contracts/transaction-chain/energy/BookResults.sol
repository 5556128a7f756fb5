// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IBilateralContracts} from "../../interfaces/IBilateralContracts.sol";
import {IClearing} from "../../interfaces/IClearing.sol";
import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {ITariffs} from "../../interfaces/ITariffs.sol";
import {ITradeEscrow} from "../../interfaces/ITradeEscrow.sol";
import {AreaLevel, SlotTimes} from "../../types/MarketTypes.sol";

/// @title BookResults
/// @notice What the books came to, and when nothing more can come of a book. Part of Clearing.
abstract contract BookResults is IClearing {
    using BitMaps for BitMaps.BitMap;

    /// @notice The contracts that Clearing works with.
    struct Wiring {
        IEnergyMarket market;
        IBilateralContracts bilaterals;
        IGridTopology topology;
        IMarketCalendar calendar;
        IMarketRules rules;
        ITariffs tariffs;
        ITradeEscrow escrow;
    }

    /// @notice Keeps the feeders' books.
    IEnergyMarket public immutable MARKET;
    /// @notice Keeps the bilateral contracts.
    IBilateralContracts public immutable BILATERALS;
    /// @notice Says which areas there are, and what their edges carry.
    IGridTopology public immutable TOPOLOGY;
    /// @notice Says when books may be cleared.
    IMarketCalendar public immutable CALENDAR;
    /// @notice Says the bond rate of a slot.
    IMarketRules public immutable RULES;
    /// @notice Says the edges' fees.
    ITariffs public immutable TARIFFS;
    /// @notice Gives back what was not filled.
    ITradeEscrow public immutable ESCROW;

    mapping(uint24 area => mapping(uint32 slot => bytes32 commitment)) private _commitments;
    mapping(uint24 area => BitMaps.BitMap slots) private _risen; // in which something rose from the area

    /// @notice Names the contracts.
    /// @param wiring The contracts that Clearing works with.
    constructor(Wiring memory wiring) {
        MARKET = wiring.market;
        BILATERALS = wiring.bilaterals;
        TOPOLOGY = wiring.topology;
        CALENDAR = wiring.calendar;
        RULES = wiring.rules;
        TARIFFS = wiring.tariffs;
        ESCROW = wiring.escrow;
    }

    /// @inheritdoc IClearing
    function commitmentOf(uint24 area, uint32 slot) external view returns (bytes32 commitment) {
        return _commitmentOf(area, slot);
    }

    /// @inheritdoc IClearing
    function isDone(uint24 area, uint32 slot) external view returns (bool done) {
        return _isDone(area, TOPOLOGY.levelOf(area), slot, CALENDAR.timesOf(slot));
    }

    function _setResult(uint24 area, uint32 slot, bytes32 commitment, bool hasRests) internal {
        _commitments[area][slot] = commitment;
        if (hasRests) _risen[area].set(slot);
    }

    function _commitmentOf(uint24 area, uint32 slot) internal view returns (bytes32) {
        return _commitments[area][slot];
    }

    /// @dev Cleared, idle or void. A feeder's book is idle when nobody ordered, one above feeders as `_isIdle` says.
    function _isDone(uint24 area, AreaLevel level, uint32 slot, SlotTimes memory times) internal view returns (bool) {
        if (_commitmentOf(area, slot) != 0) return true;
        if (block.timestamp < times.gateClosure) return false;
        if (block.timestamp >= _deadlineOf(level, times)) return true;
        if (level == AreaLevel.Feeder) return _isEmptyFeeder(area, slot);
        uint24[] memory children = _childrenAt(area, slot);
        AreaLevel below = AreaLevel(uint8(level) - 1);
        uint256 risen = 0; // children with rests
        for (uint256 i = 0; i < children.length; ++i) {
            if (_risen[children[i]].get(slot)) ++risen;
            else if (!_isDone(children[i], below, slot, times)) return false;
        }
        return _isIdle(area, level, slot, risen);
    }

    /// @dev Nothing can come of a book to which so many children's rests rose: of none; and of one child's, which never
    ///      cross each other, unless they go on to a city with other districts.
    function _isIdle(uint24 area, AreaLevel level, uint32 slot, uint256 risen) internal view returns (bool) {
        if (risen != 1) return risen == 0;
        return level == AreaLevel.City || TOPOLOGY.childCountAt(TOPOLOGY.parentOf(area), slot) == 1;
    }

    function _isEmptyFeeder(uint24 feeder, uint32 slot) internal view returns (bool) {
        (, uint32 entryCount) = MARKET.bookOf(feeder, slot);
        return entryCount == 0;
    }

    function _childrenAt(uint24 area, uint32 slot) internal view returns (uint24[] memory children) {
        return _first(TOPOLOGY.childrenOf(area), TOPOLOGY.childCountAt(area, slot));
    }

    function _feedersAt(uint24 city, uint32 slot) internal view returns (uint24[] memory feeders) {
        return _first(TOPOLOGY.feedersOfCity(city), TOPOLOGY.feederCountAt(city, slot));
    }

    function _deadlineOf(AreaLevel level, SlotTimes memory times) internal pure returns (uint64) {
        if (level == AreaLevel.Feeder) return times.feederDeadline;
        return level == AreaLevel.District ? times.districtDeadline : times.cityDeadline;
    }

    /// @dev Areas that count in a slot come before those that do not yet.
    function _first(uint24[] memory areas, uint256 count) private pure returns (uint24[] memory) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(areas, count) // at most as many as there are
        }
        return areas;
    }
}
