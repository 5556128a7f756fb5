// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketRules} from "../../interfaces/IMarketRules.sol";
import {IMeterLedger} from "../../interfaces/IMeterLedger.sol";
import {ISettlement} from "../../interfaces/ISettlement.sol";
import {ITariffs} from "../../interfaces/ITariffs.sol";
import {FeederTable} from "../../libraries/FeederTable.sol";
import {Records} from "../../libraries/Records.sol";
import {SettlementMemory} from "../../libraries/SettlementMemory.sol";
import {ReadingStatus} from "../../types/MarketTypes.sol";
import {FeederCase, MeterCase, SettlementWiring, SlotCase} from "../../types/SettlementTypes.sol";
import {ShortSlots} from "./ShortSlots.sol";

/// @title SettlementReader
/// @notice Lays out in memory what a slot's settlement needs: dates, rules, terms, meters with their readings, trades.
///         Part of Settlement.
abstract contract SettlementReader is ISettlement, ShortSlots {
    using SettlementMemory for SlotCase;

    /// @dev Places of a feeder's list that one settleRest looks at.
    uint256 private constant _CHUNK_METERS = 64;
    uint256 internal constant _MISSING = uint256(ReadingStatus.Missing);

    IMeterLedger internal immutable _LEDGER;
    IMarketRules private immutable _RULES;
    ITariffs internal immutable _TARIFFS;
    IGridTopology private immutable _TOPOLOGY;
    IDeviceRegistry private immutable _REGISTRY;
    IEnergyMarket private immutable _MARKET;

    /// @notice Names the contracts.
    /// @param wiring The contracts that settlement reads from and posts to.
    constructor(SettlementWiring memory wiring) ShortSlots(wiring.calendar) {
        _LEDGER = wiring.ledger;
        _RULES = wiring.rules;
        _TARIFFS = wiring.tariffs;
        _TOPOLOGY = wiring.topology;
        _REGISTRY = wiring.registry;
        _MARKET = wiring.market;
    }

    /// @dev The case without meters; refuses when it is too early, or too late for a difference.
    function _openCase(uint24 area, uint32 slot, bool isFirst) internal view returns (SlotCase memory c) {
        (c.area, c.slot, c.isFirst) = (area, slot, isFirst);
        c.times = _CALENDAR.timesOf(slot);
        if (block.timestamp < c.times.deliveryEnd) revert SettlementTooEarly(slot, c.times.deliveryEnd);
        c.beforeReadingEnd = block.timestamp < c.times.readingEnd;
        if (!isFirst && block.timestamp >= c.times.finalDate) revert SettlementFinal(area, slot, c.times.finalDate);
        c.rules = _RULES.rulesAt(slot);
    }

    /// @dev The meters of the positions and the lots of the trades; both were checked against their hash.
    function _readTree(SlotCase memory c, bytes32[] calldata positions, bytes32[] calldata trades) internal view {
        uint256 count = c.meters.length;
        for (uint256 i = 0; i < count; ++i) {
            uint256 offset = i * Records.POSITION_WORDS;
            _setMeter(c, c.meters[i], uint256(positions[offset]), Records.unpackAccount(positions[offset + 1]));
        }
        _readReadings(c);
        c.layLots(trades.length);
        for (uint256 i = 0; i < trades.length; ++i) c.setLot(i, uint256(trades[i]));
    }

    /// @dev Those meters of a feeder's chunk that settle without trades: which have neither order nor contract, and a
    ///      holder.
    function _readRest(SlotCase memory c, uint32[] memory chunk) internal view {
        uint256 ordered = _MARKET.positionsAt(chunk, c.slot);
        uint256 count = 0;
        for (uint256 i = 0; i < chunk.length; ++i) {
            if ((ordered >> i) & 1 != 0) continue;
            address holder = _REGISTRY.holderAt(chunk[i], c.slot);
            if (holder != address(0)) _setMeter(c, c.meters[count++], _restPosition(chunk[i], c.area), holder);
        }
        c.keepMeters(count);
        _readReadings(c);
        c.layLots(0);
    }

    /// @dev The meters of a chunk that was settled before: those of its outcomes, which were checked against the hash.
    function _rereadRest(SlotCase memory c, bytes32[] calldata priorOutcomes) internal view {
        for (uint256 i = 0; i < c.meters.length; ++i) {
            uint256 offset = i * Records.OUTCOME_WORDS;
            uint256 position = _restPosition(uint32(uint256(priorOutcomes[offset]) >> 224), c.area);
            _setMeter(c, c.meters[i], position, Records.unpackAccount(priorOutcomes[offset + 3]));
        }
        _readReadings(c);
        c.layLots(0);
    }

    /// @dev The meters that stand at the feeder in the slot, of those places of its list that make up the chunk.
    function _chunkOf(uint24 feeder, uint32 slot, uint32 chunk) internal view returns (uint32[] memory) {
        return _TOPOLOGY.metersAt(feeder, slot, chunk * _CHUNK_METERS, _CHUNK_METERS);
    }

    /// @dev Import of each meter without reading: what it bought, at least the Wh of its connection.
    function _replaceMissing(SlotCase memory c) internal view {
        for (uint256 i = 0; i < c.meters.length; ++i) {
            MeterCase memory meter = c.meters[i];
            if (meter.status != _MISSING) continue;
            (, uint32 connectionWh) = _TOPOLOGY.siteAt(uint32(meter.position >> 224), c.slot);
            uint256 boughtWh = meter.deliveredWh; // 0 for a seller: without reading it exported nothing
            meter.importWh = boughtWh > connectionWh ? boughtWh : connectionWh;
        }
    }

    /// @dev Sets a meter with its feeder.
    function _setMeter(SlotCase memory c, MeterCase memory meter, uint256 position, address account) private view {
        (meter.position, meter.account) = (position, account);
        uint256 id = uint24(position >> 200);
        uint256 place = FeederTable.find(c.feederTable, id);
        if (place == 0) place = c.addFeeder(id, _TARIFFS.termsAt(uint24(id), c.slot));
        FeederCase memory feeder = c.feeders[place - 1];
        meter.feeder = feeder;
        if (c.isFirst) ++feeder.supplier.settledMeters;
    }

    /// @dev Sets all meters' readings, asked for in one call whose memory is given back.
    function _readReadings(SlotCase memory c) private view {
        uint256 mark = SettlementMemory.freePointer();
        MeterCase[] memory meters = c.meters;
        uint32[] memory numbers = new uint32[](meters.length);
        for (uint256 i = 0; i < meters.length; ++i) numbers[i] = uint32(meters[i].position >> 224);
        uint256[] memory words = _LEDGER.readingWordsAt(numbers, c.slot);
        for (uint256 i = 0; i < meters.length; ++i) _setReading(c, meters[i], words[i]);
        SettlementMemory.giveBack(mark);
    }

    function _setReading(SlotCase memory c, MeterCase memory meter, uint256 word) private pure {
        if (word == 0) {
            if (c.beforeReadingEnd) {
                revert SettlementReadingMissing(uint32(meter.position >> 224), c.slot, c.times.readingEnd);
            }
            c.hasMissing = true;
            word = _MISSING;
        }
        (meter.importWh, meter.exportWh, meter.status) = (word >> 64, uint32(word >> 32), uint32(word));
    }

    /// @dev A position without side and lock.
    function _restPosition(uint32 meter, uint24 feeder) private pure returns (uint256) {
        return (uint256(meter) << 224) | (uint256(feeder) << 200);
    }
}
