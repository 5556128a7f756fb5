// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterLedger, Reading} from "../interfaces/IMeterLedger.sol";
import {ReadingStatus, StoredReading} from "../types/MarketTypes.sol";
import {MarketBounds} from "./MarketBounds.sol";

/// @title ReadingWords
/// @notice How a reading is packed: one word in hand and in events, 59 bits in storage, four meters of one slot to a
/// storage word.
/// @dev A record is meter 32 | slot 32 | importWh 32 | exportWh 32 | status 8 | sequence 8 | changed 8 | 104 zero bits,
/// most significant first. A lane is importWh 24 | exportWh 24 | status 3 | sequence 8, from bit 58 downwards; lane 0 =
/// no reading. A word is round 20 | four lanes. The words of four meters form a ring of 4,096 slots that is used
/// again; the round (slot / 4,096) says which slot's readings a word holds. It has all the bits that a slot of 32
/// bits can give it, so it never repeats.
library ReadingWords {
    /// @notice The most energy that one reading or order can state, Wh.
    uint32 internal constant MAX_SLOT_WH = MarketBounds.MAX_SLOT_WH;
    /// @notice What a record has besides when the ledger stored it anew.
    uint256 internal constant CHANGED = 1 << 104;
    /// @notice EIP-712 type of a reading.
    bytes32 internal constant TYPEHASH = keccak256(
        "Reading(uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence)"
    );
    /// @notice EIP-712 type of several readings of a meter under one signature.
    bytes32 internal constant SERIES_TYPEHASH = keccak256(
        "ReadingSeries(Reading[] readings)"
        "Reading(uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence)"
    );

    // the bits of a record's importWh and exportWh that a lane has no room for
    uint256 private constant _BEYOND_LANE = (0xff << 184) | (0xff << 152);
    // Spelled out: the compiler computes a constant made of others anew wherever it stands.
    uint256 private constant _LANE_BITS = 59;
    uint256 private constant _LANE_MASK = 2 ** 59 - 1;
    uint256 private constant _ROUND_SHIFT = 236; // above four lanes
    uint256 private constant _RING_BITS = 12; // MarketBounds.READING_SLOTS slots
    uint64 private constant _PLACE_MASK = 2 ** 42 - 1; // slot within the ring, and meter / 4

    // -------------------- records

    /// @notice The reading as a record. As Solidity's decoder would, refuses fields that are wider than their types,
    /// but by one check for all six.
    /// @param reading The reading; its signature is not looked at.
    /// @return record Not marked as changed.
    function pack(Reading calldata reading) internal pure returns (uint256 record) {
        uint256 excess;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let meter := calldataload(reading)
            let slot := calldataload(add(reading, 0x20))
            let importWh := calldataload(add(reading, 0x40))
            let exportWh := calldataload(add(reading, 0x60))
            let status := calldataload(add(reading, 0x80))
            let sequence := calldataload(add(reading, 0xa0))
            excess := or(shr(32, or(or(meter, slot), or(importWh, exportWh))), shr(8, or(status, sequence)))
            record := or(or(shl(224, meter), shl(192, slot)), or(shl(160, importWh), shl(128, exportWh)))
            record := or(record, or(shl(120, status), shl(112, sequence)))
        }
        if (excess != 0) revert IMeterLedger.MeterLedgerMalformedReading();
    }

    /// @notice The record's meter.
    /// @param record A record.
    /// @return meter The meter.
    function meterOf(uint256 record) internal pure returns (uint32 meter) {
        return uint32(record >> 224);
    }

    /// @notice The record's slot.
    /// @param record A record.
    /// @return slot The slot.
    function slotOf(uint256 record) internal pure returns (uint32 slot) {
        return uint32(record >> 192);
    }

    /// @notice The record's status.
    /// @param record A record.
    /// @return status Any 8 bits.
    function statusOf(uint256 record) internal pure returns (uint8 status) {
        return uint8(record >> 120);
    }

    /// @notice The record's sequence.
    /// @param record A record.
    /// @return sequence The sequence.
    function sequenceOf(uint256 record) internal pure returns (uint8 sequence) {
        return uint8(record >> 112);
    }

    /// @notice Whether import and export are within MAX_SLOT_WH.
    /// @param record A record.
    /// @return fits True: a lane holds them.
    function fitsLane(uint256 record) internal pure returns (bool fits) {
        return record & _BEYOND_LANE == 0;
    }

    /// @notice The larger of import and export.
    /// @param record A record.
    /// @return wh Any 32 bits.
    function largestWhOf(uint256 record) internal pure returns (uint32 wh) {
        uint32 importWh = uint32(record >> 160);
        uint32 exportWh = uint32(record >> 128);
        return importWh > exportWh ? importWh : exportWh;
    }

    /// @notice EIP-712 struct hash of the reading.
    /// @param reading A reading that `pack` took: its first six words in calldata are the message as EIP-712 has it.
    /// @return hash The hash.
    function structHashOf(Reading calldata reading) internal pure returns (bytes32 hash) {
        bytes32 typeHash = TYPEHASH;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let p := mload(0x40) // past the free pointer: scratch, not allocated
            mstore(p, typeHash)
            calldatacopy(add(p, 0x20), reading, 0xc0)
            hash := keccak256(p, 0xe0)
        }
    }

    /// @notice EIP-712 struct hash of a series of readings.
    /// @param hashes The struct hashes of a batch's readings.
    /// @param first Place of the first in the series.
    /// @param last Place of the last, not before the first; the caller keeps it below the number of hashes.
    /// @return hash The hash.
    function seriesHashOf(bytes32[] memory hashes, uint256 first, uint256 last) internal pure returns (bytes32 hash) {
        bytes32 typeHash = SERIES_TYPEHASH;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x00, typeHash)
            mstore(0x20, keccak256(add(add(hashes, 0x20), shl(5, first)), shl(5, add(sub(last, first), 1))))
            hash := keccak256(0x00, 0x40)
        }
    }

    // -------------------- lanes

    /// @notice The lane of a record.
    /// @param record Energy within MAX_SLOT_WH, status below 8.
    /// @return lane 59 bits.
    function laneOf(uint256 record) internal pure returns (uint256 lane) {
        // import: record bit 160 -> lane bit 35; export: 128 -> 11; status: 120 -> 8; sequence: 112 -> 0
        return
            ((record >> 125) & (uint256(MAX_SLOT_WH) << 35)) |
            ((record >> 117) & (uint256(MAX_SLOT_WH) << 11)) |
            ((record >> 112) & 0x7ff);
    }

    /// @notice The record of a lane: laneOf's reverse.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @param lane 59 bits, status and energy as laneOf takes them.
    /// @return record Not marked as changed.
    function recordOf(uint32 meter, uint32 slot, uint256 lane) internal pure returns (uint256 record) {
        return
            (uint256(meter) << 224) |
            (uint256(slot) << 192) |
            ((lane >> 35) << 160) |
            (((lane >> 11) & MAX_SLOT_WH) << 128) |
            ((lane & 0x7ff) << 112);
    }

    /// @notice The reading in a lane.
    /// @param lane 59 bits.
    /// @return reading All zero, status None, for lane 0.
    function unpackLane(uint256 lane) internal pure returns (StoredReading memory reading) {
        reading.importWh = uint32(lane >> 35);
        reading.exportWh = uint32(lane >> 11) & MAX_SLOT_WH;
        reading.status = ReadingStatus(laneStatusOf(lane));
        reading.sequence = uint8(lane);
    }

    /// @notice The reading in a lane without its sequence, as IMeterLedger.readingWordsAt hands it out.
    /// @param lane 59 bits.
    /// @return word importWh | exportWh | status, 32 bits each, right-aligned.
    function wordOf(uint256 lane) internal pure returns (uint256 word) {
        return ((lane >> 35) << 64) | ((lane << 21) & (uint256(MAX_SLOT_WH) << 32)) | laneStatusOf(lane);
    }

    /// @notice The status in a lane.
    /// @param lane 59 bits.
    /// @return status A value of ReadingStatus.
    function laneStatusOf(uint256 lane) internal pure returns (uint8 status) {
        return uint8(lane >> 8) & 7;
    }

    /// @notice What replaces what: a higher rank a lower one.
    /// @param status Substituted, Estimated, Actual or Corrected.
    /// @return rank 1 for substituted and estimated, 2 for actual, 3 for corrected.
    function rankOf(uint8 status) internal pure returns (uint256 rank) {
        if (status == uint8(ReadingStatus.Actual)) return 2;
        return status == uint8(ReadingStatus.Corrected) ? 3 : 1;
    }

    // -------------------- storage words

    /// @notice Whose and which slot's readings a word holds: meters 4k to 4k + 3 share it.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @return key 62 bits, another for each slot.
    function keyOf(uint32 meter, uint32 slot) internal pure returns (uint64 key) {
        return (uint64(slot) << 30) | (meter >> 2);
    }

    /// @notice Where the word of a key is stored: in one place with that of every other round.
    /// @param key As keyOf makes it.
    /// @return place 42 bits.
    function placeOf(uint64 key) internal pure returns (uint64 place) {
        return key & _PLACE_MASK;
    }

    /// @notice The stored word as it holds for a slot: without readings when it is of another round.
    /// @param word A stored word of the slot's place.
    /// @param slot The slot.
    /// @return own Four lanes under the slot's round.
    function inRound(uint256 word, uint32 slot) internal pure returns (uint256 own) {
        uint256 round = slot >> _RING_BITS;
        return word >> _ROUND_SHIFT == round ? word : round << _ROUND_SHIFT;
    }

    /// @notice Whether the slot's readings had to make room for those of a later slot.
    /// @param word A stored word of the slot's place.
    /// @param slot The slot.
    /// @return later True: what was there of the slot, if anything, is not known any more.
    function isOfLaterRound(uint256 word, uint32 slot) internal pure returns (bool later) {
        return word >> _ROUND_SHIFT > slot >> _RING_BITS;
    }

    /// @notice A meter's lane out of its word.
    /// @param word Four lanes of the slot's round.
    /// @param meter The meter.
    /// @return lane 59 bits.
    function laneIn(uint256 word, uint32 meter) internal pure returns (uint256 lane) {
        return (word >> _shiftOf(meter)) & _LANE_MASK;
    }

    /// @notice The word with the meter's lane replaced.
    /// @param word Four lanes of the slot's round.
    /// @param meter The meter.
    /// @param lane The new lane.
    /// @return changed The new word.
    function withLane(uint256 word, uint32 meter, uint256 lane) internal pure returns (uint256 changed) {
        uint256 shift = _shiftOf(meter);
        return (word & ~(_LANE_MASK << shift)) | (lane << shift);
    }

    function _shiftOf(uint32 meter) private pure returns (uint256 bits) {
        unchecked {
            return (meter & 3) * _LANE_BITS; // at most 177
        }
    }
}
