// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IMeterLedger} from "../../interfaces/IMeterLedger.sol";
import {ReadingWords} from "../../libraries/ReadingWords.sol";
import {StoredReading} from "../../types/MarketTypes.sol";

/// @title ReadingStore
/// @notice The words that readings stand in, used again after MarketBounds.READING_SLOTS slots, and the meters that are
///         barred for want of one. Part of MeterLedger.
abstract contract ReadingStore is AccessManaged, IMeterLedger {
    using ReadingWords for uint256;
    using ReadingWords for uint64;

    /// In memory; in storage four meters share a word, for an outage bars neighbours in one transaction.
    struct Bar {
        uint32 barredSlot; // latest slot settled as missing, 0 = never
        uint32 liftedBySlot; // neither it nor a slot before it bars any more, 0 = never lifted
    }

    /// A word in hand, and the dates of its slot.
    struct Drawer {
        uint64 key; // of the word
        uint256 word; // four readings, read from storage and perhaps changed
        bool dirty; // the word must be written
        uint32 timesSlot; // the slot that inTime is about
        uint256 inTime; // bit per status: may it be stored now
    }

    mapping(uint64 place => uint256 fourReadings) private _words; // places and words: ReadingWords
    mapping(uint32 meterBy4 => uint64[4] bars) private _bars; // each: barredSlot 32 | liftedBySlot 32

    /// @inheritdoc IMeterLedger
    function bar(uint32[] calldata meters, uint32 slot) external restricted {
        for (uint256 i = 0; i < meters.length; ++i) _bar(meters[i], slot);
    }

    /// @inheritdoc IMeterLedger
    function liftBar(uint32 meter, uint32 laterSlot) external {
        if (!isBarred(meter)) revert MeterLedgerNotBarred(meter);
        uint32 barredSlot = _barOf(meter).barredSlot;
        if (laterSlot <= barredSlot) revert MeterLedgerSlotNotLater(laterSlot, barredSlot);
        if (_laneAt(meter, laterSlot) == 0) revert MeterLedgerNoReading(meter, laterSlot);
        _setBar(meter, Bar({barredSlot: barredSlot, liftedBySlot: laterSlot}));
        emit BarLifted(meter, barredSlot, laterSlot);
    }

    /// @inheritdoc IMeterLedger
    function readingAt(uint32 meter, uint32 slot) external view returns (StoredReading memory reading) {
        return _laneAt(meter, slot).unpackLane();
    }

    /// @inheritdoc IMeterLedger
    function readingsAt(uint32[] calldata meters, uint32 slot) external view returns (StoredReading[] memory readings) {
        readings = new StoredReading[](meters.length);
        for (uint256 i = 0; i < meters.length; ++i) {
            readings[i] = _laneAt(meters[i], slot).unpackLane();
        }
    }

    /// @inheritdoc IMeterLedger
    function readingWordsAt(uint32[] calldata meters, uint32 slot) external view returns (uint256[] memory words) {
        words = new uint256[](meters.length);
        uint64 key; // of the word at hand: neighbouring meters share one
        uint256 word;
        for (uint256 i = 0; i < words.length; ++i) {
            uint32 meter = meters[i];
            uint64 next = ReadingWords.keyOf(meter, slot);
            if (next != key) (key, word) = (next, _words[next.placeOf()].inRound(slot));
            words[i] = ReadingWords.wordOf(word.laneIn(meter));
        }
    }

    /// @inheritdoc IMeterLedger
    function barOf(uint32 meter) external view returns (uint32 barredSlot, uint32 liftedBySlot) {
        Bar memory state = _barOf(meter);
        return (state.barredSlot, state.liftedBySlot);
    }

    /// @inheritdoc IMeterLedger
    function isBarred(uint32 meter) public view returns (bool barred) {
        Bar memory state = _barOf(meter);
        return state.barredSlot > state.liftedBySlot;
    }

    /// Puts the word of meter and slot into the drawer, after writing the one that was there. At first each holds key 0
    /// and word 0, as if nothing of slot 0 were stored: nothing of it is ever in time. Nor is anything of a slot whose
    /// readings made room for later ones, so no older word is ever written over a later one.
    function _open(Drawer memory drawer, uint32 meter, uint32 slot) internal {
        uint64 key = ReadingWords.keyOf(meter, slot);
        if (drawer.key == key) return;
        _flush(drawer);
        drawer.key = key;
        drawer.word = _words[key.placeOf()].inRound(slot);
        drawer.dirty = false;
    }

    function _flush(Drawer memory drawer) internal {
        if (drawer.dirty) _words[drawer.key.placeOf()] = drawer.word;
    }

    /// A reading that comes after its slot could be settled without it lifts the bar that was laid for that.
    function _liftBarOf(uint32 meter, uint32 slot) internal {
        Bar memory state = _barOf(meter);
        if (state.barredSlot != slot || state.liftedBySlot >= slot) return;
        state.liftedBySlot = slot;
        _setBar(meter, state);
        emit BarLifted(meter, slot, slot);
    }

    function _bar(uint32 meter, uint32 slot) private {
        Bar memory state = _barOf(meter);
        if (slot <= Math.max(state.barredSlot, state.liftedBySlot)) return;
        uint256 word = _words[ReadingWords.keyOf(meter, slot).placeOf()];
        if (word.isOfLaterRound(slot) || word.inRound(slot).laneIn(meter) != 0) return;
        state.barredSlot = slot;
        _setBar(meter, state);
        emit MeterBarred(meter, slot);
    }

    function _setBar(uint32 meter, Bar memory state) private {
        _bars[meter >> 2][meter & 3] = (uint64(state.barredSlot) << 32) | state.liftedBySlot;
    }

    function _barOf(uint32 meter) private view returns (Bar memory state) {
        uint64 packed = _bars[meter >> 2][meter & 3];
        (state.barredSlot, state.liftedBySlot) = (uint32(packed >> 32), uint32(packed));
    }

    function _laneAt(uint32 meter, uint32 slot) private view returns (uint256 lane) {
        return _words[ReadingWords.keyOf(meter, slot).placeOf()].inRound(slot).laneIn(meter);
    }
}
