// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {IMeterLedger} from "../../interfaces/IMeterLedger.sol";
import {ISettlement} from "../../interfaces/ISettlement.sol";
import {ITariffs} from "../../interfaces/ITariffs.sol";
import {Records} from "../../libraries/Records.sol";
import {SettlementMemory} from "../../libraries/SettlementMemory.sol";
import {ReadingStatus, StoredReading} from "../../types/MarketTypes.sol";
import {MeterCase, SettlementWiring, SlotCase} from "../../types/SettlementTypes.sol";
import {ShortSlots} from "./ShortSlots.sol";

/// @title SettlementReader
/// @notice Lays out in memory what a slot's settlement needs: dates, rules, terms, meters with their readings, trades.
abstract contract SettlementReader is ISettlement, ShortSlots {
    using SettlementMemory for SlotCase;

    /// @dev Places of a feeder's list that one settleRest looks at.
    uint256 private constant CHUNK_METERS = 64;

    IMeterLedger internal immutable LEDGER;
    IMarketRules private immutable RULES;
    ITariffs internal immutable TARIFFS;
    IGridTopology private immutable TOPOLOGY;
    IDeviceRegistry private immutable REGISTRY;
    IEnergyMarket private immutable MARKET;

    /// @param wiring The contracts that settlement reads from and posts to.
    constructor(SettlementWiring memory wiring) ShortSlots(wiring.calendar) {
        LEDGER = wiring.ledger;
        RULES = wiring.rules;
        TARIFFS = wiring.tariffs;
        TOPOLOGY = wiring.topology;
        REGISTRY = wiring.registry;
        MARKET = wiring.market;
    }

    /// @dev The case without meters; refuses when it is too early, or too late for a difference.
    function _openCase(uint24 area, uint32 slot, bool isFirst) internal view returns (SlotCase memory c) {
        (c.area, c.slot, c.isFirst) = (area, slot, isFirst);
        c.times = CALENDAR.timesOf(slot);
        if (block.timestamp < c.times.deliveryEnd) revert SettlementTooEarly(slot, c.times.deliveryEnd);
        c.beforeReadingEnd = block.timestamp < c.times.readingEnd;
        c.beforeFinal = block.timestamp < c.times.finalDate;
        if (!isFirst && !c.beforeFinal) revert SettlementFinal(area, slot, c.times.finalDate);
        c.rules = RULES.rulesAt(slot);
    }

    /// @dev The meters of the positions and the lots of the trades; both were checked against their hash.
    function _readTree(SlotCase memory c, bytes32[] calldata positions, bytes32[] calldata trades) internal view {
        for (uint256 i = 0; i < c.meters.length; ++i) {
            uint256 offset = i * Records.POSITION_WORDS;
            _readMeter(c, i, uint256(positions[offset]), Records.unpackAccount(positions[offset + 1]));
        }
        for (uint256 i = 0; i < trades.length; ++i) {
            c.setLot(i, uint256(trades[i]));
        }
    }

    /// @dev Those meters of a feeder's chunk that settle without trades.
    function _readRest(SlotCase memory c, uint32[] memory chunk) internal view {
        uint256 count;
        for (uint256 i = 0; i < chunk.length; ++i) {
            address holder = _restHolderOf(c, chunk[i]);
            if (holder != address(0)) _readMeter(c, count++, _restPosition(chunk[i], c.area), holder);
        }
        c.keepMeters(count);
    }

    /// @dev The meters of a chunk that was settled before: those of its outcomes, which were checked against the hash.
    function _rereadRest(SlotCase memory c, bytes32[] calldata priorOutcomes) internal view {
        for (uint256 i = 0; i < c.meters.length; ++i) {
            uint256 offset = i * Records.OUTCOME_WORDS;
            uint32 meter = uint32(uint256(priorOutcomes[offset]) >> 224);
            _readMeter(c, i, _restPosition(meter, c.area), Records.unpackAccount(priorOutcomes[offset + 3]));
        }
    }

    /// @dev The places of the feeder's list that make up the chunk.
    function _chunkOf(uint24 feeder, uint32 chunk) internal view returns (uint32[] memory) {
        return TOPOLOGY.metersOf(feeder, chunk * CHUNK_METERS, CHUNK_METERS);
    }

    /// @dev Import of each meter without reading: what it bought, at least the Wh of its connection.
    function _replaceMissing(SlotCase memory c) internal view {
        if (!c.hasMissing) return;
        for (uint256 i = 0; i < c.meters.length; ++i) {
            MeterCase memory meter = c.meters[i];
            if (meter.reading.status != ReadingStatus.Missing) continue;
            (, uint32 connectionWh) = TOPOLOGY.siteAt(uint32(meter.position >> 224), c.slot);
            uint256 boughtWh = meter.deliveredWh; // 0 for a seller: without reading it exported nothing
            meter.reading.importWh = boughtWh > connectionWh ? uint32(boughtWh) : connectionWh;
        }
    }

    /// @dev Sets meter `index` of the case with its feeder and reading.
    function _readMeter(SlotCase memory c, uint256 index, uint256 position, address account) private view {
        uint32 meter = uint32(position >> 224);
        StoredReading memory reading = LEDGER.readingAt(meter, c.slot);
        if (reading.status == ReadingStatus.None) {
            if (c.beforeReadingEnd) revert SettlementReadingMissing(meter, c.slot, c.times.readingEnd);
            reading.status = ReadingStatus.Missing;
            c.hasMissing = true;
        }
        uint256 feederIndex = _feederIndexOf(c, uint24(position >> 200));
        if (c.isFirst) ++c.feeders[feederIndex].supplier.settledMeters;
        c.setMeter(index, position, account, feederIndex, reading);
    }

    /// @dev The feeder's place in c.feeders; its terms are read once.
    function _feederIndexOf(SlotCase memory c, uint24 feeder) private view returns (uint256 index) {
        bool isKnown;
        (index, isKnown) = c.feederIndexOf(feeder);
        if (!isKnown) index = c.addFeeder(feeder, TARIFFS.termsAt(feeder, c.slot));
    }

    /// @dev The holder of a meter that stands at the feeder in the slot and has neither order nor contract, else 0.
    function _restHolderOf(SlotCase memory c, uint32 meter) private view returns (address) {
        (uint24 feeder, ) = TOPOLOGY.siteAt(meter, c.slot);
        if (feeder != c.area || MARKET.hasPosition(meter, c.slot)) return address(0);
        return REGISTRY.holderAt(meter, c.slot);
    }

    /// @dev A position without side and lock.
    function _restPosition(uint32 meter, uint24 feeder) private pure returns (uint256) {
        return (uint256(meter) << 224) | (uint256(feeder) << 200);
    }
}
