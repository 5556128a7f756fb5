// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

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

    /// @dev First word: what people ask for. Second word: what the next steps are checked against.
    struct Result {
        uint32 price;
        uint64 volumeWh;
        uint16 restCount; // what rose
        bytes32 commitment;
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

    mapping(uint24 area => mapping(uint32 slot => Result result)) private _results;

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
    function resultOf(
        uint24 area,
        uint32 slot
    ) external view returns (bool cleared, uint32 price, uint64 volumeWh, bytes32 commitment) {
        Result storage result = _results[area][slot];
        return (result.commitment != 0, result.price, result.volumeWh, result.commitment);
    }

    /// @inheritdoc IClearing
    function isDone(uint24 area, uint32 slot) external view returns (bool done) {
        return _isDone(area, TOPOLOGY.levelOf(area), slot, CALENDAR.timesOf(slot));
    }

    function _setResult(uint24 area, uint32 slot, Result memory result) internal {
        _results[area][slot] = result;
    }

    function _commitmentOf(uint24 area, uint32 slot) internal view returns (bytes32) {
        return _results[area][slot].commitment;
    }

    /// @dev Cleared, empty or void. A book above feeders is empty when all below are done and nothing rose.
    function _isDone(uint24 area, AreaLevel level, uint32 slot, SlotTimes memory times) internal view returns (bool) {
        if (_commitmentOf(area, slot) != 0) return true;
        if (block.timestamp < times.gateClosure) return false;
        if (block.timestamp >= _deadlineOf(level, times)) return true;
        if (level == AreaLevel.Feeder) return _isEmptyFeeder(area, slot);
        uint24[] memory children = _childrenAt(area, slot);
        AreaLevel below = AreaLevel(uint8(level) - 1);
        for (uint256 i = 0; i < children.length; ++i) {
            if (_results[children[i]][slot].restCount != 0 || !_isDone(children[i], below, slot, times)) return false;
        }
        return true;
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
