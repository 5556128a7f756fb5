// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterLedger, Reading} from "../interfaces/IMeterLedger.sol";
import {ReadingStatus, SlotTimes} from "../types/MarketTypes.sol";
import {ReadingWords} from "./ReadingWords.sol";

/// @title ReadingChecks
/// @notice What MeterLedger asks of a reading that no state of its own answers: form and time, what it may replace,
/// what it may share a signature with.
library ReadingChecks {
    using ReadingWords for uint256;

    uint8 private constant _ACTUAL = uint8(ReadingStatus.Actual);
    uint8 private constant _CORRECTED = uint8(ReadingStatus.Corrected);
    uint256 private constant _IN_READING_WINDOW = 1 << uint8(ReadingStatus.Estimated);

    /// @notice Which statuses of a slot's readings are taken now.
    /// @param times The slot's dates.
    /// @return inTime A bit per status.
    function statusesInTime(SlotTimes memory times) internal view returns (uint256 inTime) {
        if (block.timestamp < times.deliveryEnd) return 0;
        for (uint8 status = _ACTUAL; status <= _CORRECTED; ++status) {
            if (block.timestamp < _untilOf(times, status)) inTime |= 1 << status;
        }
    }

    /// @notice Says why a reading is not taken now.
    /// @param times The slot's dates.
    /// @param index Place in the batch.
    /// @param record A reading of a status that is not in time.
    function revertOutOfTime(SlotTimes memory times, uint256 index, uint256 record) internal view {
        uint32 slot = record.slotOf();
        if (block.timestamp < times.deliveryEnd) {
            revert IMeterLedger.MeterLedgerSlotNotEnded(index, slot, times.deliveryEnd);
        }
        revert IMeterLedger.MeterLedgerTooLate(index, slot, _untilOf(times, record.statusOf()));
    }

    /// @notice Whether the reading has no signature of its own: the next one of the batch that has covers it.
    /// @param reading The reading.
    /// @return covered Both words of the signature are 0, which no key can sign.
    function isCovered(Reading calldata reading) internal pure returns (bool covered) {
        return reading.r | reading.vs == 0;
    }

    /// @notice Refuses a status that nobody signs and energy beyond a lane.
    /// @param index Place in the batch.
    /// @param record The reading.
    function requireFits(uint256 index, uint256 record) internal pure {
        uint8 status = record.statusOf();
        if (status < _ACTUAL || status > _CORRECTED) revert IMeterLedger.MeterLedgerBadStatus(index, status);
        if (record.fitsLane()) return;
        revert IMeterLedger.MeterLedgerEnergyTooLarge(index, record.largestWhOf(), ReadingWords.MAX_SLOT_WH);
    }

    /// @notice Refuses what does not replace the stored reading (IMeterLedger.submit).
    /// @param index Place in the batch.
    /// @param record The reading.
    /// @param stored The lane of the stored one, not 0.
    function requireReplaces(uint256 index, uint256 record, uint256 stored) internal pure {
        uint8 status = record.statusOf();
        uint8 storedStatus = stored.laneStatusOf();
        uint256 rank = ReadingWords.rankOf(status);
        uint256 storedRank = ReadingWords.rankOf(storedStatus);
        if (rank > storedRank) return;
        if (rank < storedRank || status == _ACTUAL) {
            revert IMeterLedger.MeterLedgerMayNotReplace(index, storedStatus, status);
        }
        if (record.sequenceOf() > uint8(stored)) return;
        revert IMeterLedger.MeterLedgerStaleSequence(index, uint8(stored), record.sequenceOf());
    }

    /// @notice Refuses a reading that shares a signature with the one before it, unless both are the same meter's and
    /// actual.
    /// @param index Place in the batch.
    /// @param record The reading.
    /// @param previous The one before it.
    function requireSameSeries(uint256 index, uint256 record, uint256 previous) internal pure {
        bool same = record.meterOf() == previous.meterOf();
        if (same && record.statusOf() == _ACTUAL && previous.statusOf() == _ACTUAL) return;
        revert IMeterLedger.MeterLedgerMixedSeries(index);
    }

    /// @notice Whether the reading window has ended, so that the slot may have been settled without the reading.
    /// @param inTime Of the slot, not 0.
    /// @return late True from the end of the window on.
    function isLate(uint256 inTime) internal pure returns (bool late) {
        return inTime & _IN_READING_WINDOW == 0;
    }

    /// The first second in which a reading of that status comes too late.
    function _untilOf(SlotTimes memory times, uint8 status) private pure returns (uint64 until) {
        if (status == _ACTUAL) return times.actualsUntil;
        return status == _CORRECTED ? times.decisionEnd : times.readingEnd;
    }
}
