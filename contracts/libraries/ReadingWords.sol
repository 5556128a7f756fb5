// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ReadingStatus, StoredReading} from "../types/MarketTypes.sol";

/// @title ReadingWords
/// @notice How a reading is packed: 64 bits in storage, four meters of one slot to a word, and one word in an event.
/// @dev A stored lane is import 26 | export 26 | status 3 | sequence 8, from bit 62 downwards; 0 = no reading.
library ReadingWords {
    /// @notice The most energy that one reading or order can state, Wh.
    uint32 internal constant MAX_SLOT_WH = 2 ** 26 - 1;

    uint256 private constant LANE_MASK = type(uint64).max;

    /// @notice Packs a reading for storage.
    /// @param importWh At most MAX_SLOT_WH.
    /// @param exportWh At most MAX_SLOT_WH.
    /// @param status A value of ReadingStatus.
    /// @param sequence Its sequence.
    /// @return lane 63 bits.
    function packLane(
        uint256 importWh,
        uint256 exportWh,
        uint256 status,
        uint256 sequence
    ) internal pure returns (uint256 lane) {
        return (importWh << 37) | (exportWh << 11) | (status << 8) | sequence;
    }

    /// @notice The inverse of `packLane`.
    /// @param lane 63 bits.
    /// @return reading All zero, status None, for lane 0.
    function unpackLane(uint256 lane) internal pure returns (StoredReading memory reading) {
        reading.importWh = uint32(lane >> 37);
        reading.exportWh = uint32(lane >> 11) & MAX_SLOT_WH;
        reading.status = ReadingStatus(statusOf(lane));
        reading.sequence = sequenceOf(lane);
    }

    /// @notice The status alone.
    /// @param lane 63 bits.
    /// @return status A value of ReadingStatus.
    function statusOf(uint256 lane) internal pure returns (uint8 status) {
        return uint8(lane >> 8) & 7;
    }

    /// @notice The sequence alone.
    /// @param lane 63 bits.
    /// @return sequence The sequence.
    function sequenceOf(uint256 lane) internal pure returns (uint8 sequence) {
        return uint8(lane);
    }

    /// @notice The word that holds a meter's reading of a slot: meters 4k to 4k + 3 share it.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @return key 62 bits.
    function keyOf(uint32 meter, uint32 slot) internal pure returns (uint64 key) {
        return (uint64(slot) << 32) | (meter >> 2);
    }

    /// @notice A meter's reading out of its word.
    /// @param word Four readings.
    /// @param meter The meter.
    /// @return lane 63 bits.
    function laneOf(uint256 word, uint32 meter) internal pure returns (uint256 lane) {
        return (word >> _shiftOf(meter)) & LANE_MASK;
    }

    /// @notice The word with the meter's reading replaced.
    /// @param word Four readings.
    /// @param meter The meter.
    /// @param lane The new reading.
    /// @return changed The new word.
    function withLane(uint256 word, uint32 meter, uint256 lane) internal pure returns (uint256 changed) {
        uint256 shift = _shiftOf(meter);
        return (word & ~(LANE_MASK << shift)) | (lane << shift);
    }

    /// @notice The word that a batch's event carries for a reading:
    /// meter 32 | slot 32 | importWh 32 | exportWh 32 | status 8 | sequence 8 | changed 8 | 104 zero bits.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @param lane The reading.
    /// @param changed Whether the ledger stored it anew, or had it before.
    /// @return word One word.
    function packRecord(uint32 meter, uint32 slot, uint256 lane, bool changed) internal pure returns (bytes32 word) {
        uint256 w = (uint256(meter) << 224) | (uint256(slot) << 192) | ((lane >> 37) << 160);
        w |= (((lane >> 11) & MAX_SLOT_WH) << 128) | (uint256(statusOf(lane)) << 120);
        return bytes32(w | (uint256(sequenceOf(lane)) << 112) | (changed ? 1 << 104 : 0));
    }

    function _shiftOf(uint32 meter) private pure returns (uint256 bits) {
        return uint256(meter & 3) << 6;
    }
}
