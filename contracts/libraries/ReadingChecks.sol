// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterLedger, Reading} from "../interfaces/IMeterLedger.sol";
import {ReadingStatus} from "../types/MarketTypes.sol";
import {ReadingWords} from "./ReadingWords.sol";

/// @title ReadingChecks
/// @notice What MeterLedger asks of a reading that no state answers: its form, what it may replace, what it may share a
/// signature with.
library ReadingChecks {
    using ReadingWords for uint256;

    uint8 private constant _ACTUAL = uint8(ReadingStatus.Actual);
    uint8 private constant _CORRECTED = uint8(ReadingStatus.Corrected);

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
        uint32 wh = record.largestWhOf();
        if (wh <= ReadingWords.MAX_SLOT_WH) return;
        revert IMeterLedger.MeterLedgerEnergyTooLarge(index, wh, ReadingWords.MAX_SLOT_WH);
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
}
