// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ReadingStatus} from "../types/MarketTypes.sol";
import {Records} from "./Records.sol";

/// @title OutcomeWords
/// @notice Reads single fields of packed outcomes (layout: Records), compares and completes them, without unpacking.
///         Money in micro-credits.
library OutcomeWords {
    /// @notice Writes the four words of one outcome.
    /// @param words All outcomes.
    /// @param offset Where this one begins.
    function set(bytes32[] memory words, uint256 offset, bytes32[4] memory outcome) internal pure {
        words[offset] = outcome[0];
        words[offset + 1] = outcome[1];
        words[offset + 2] = outcome[2];
        words[offset + 3] = outcome[3];
    }

    /// @notice Fills in what the escrow found: held and uncovered, both 0 before.
    function complete(bytes32[] memory words, uint256 offset, uint64 heldMicro, uint64 uncoveredMicro) internal pure {
        words[offset + 2] |= bytes32(uint256(heldMicro));
        words[offset + 3] |= bytes32(uint256(uncoveredMicro) << 32);
    }

    /// @notice Whether money or energy or status differ; `held` and `uncovered` follow from these and do not count.
    /// @param words Outcomes as computed.
    /// @param prior Outcomes of the same meters, as settled before.
    function differs(bytes32[] memory words, bytes32[] calldata prior) internal pure returns (bool) {
        for (uint256 offset = 0; offset < words.length; offset += Records.OUTCOME_WORDS) {
            if (words[offset] != prior[offset] || differsInMoney(words, prior, offset)) return true;
        }
        return false;
    }

    /// @notice Whether the amounts of one outcome differ.
    function differsInMoney(
        bytes32[] memory words,
        bytes32[] calldata prior,
        uint256 offset
    ) internal pure returns (bool) {
        return words[offset + 1] != prior[offset + 1] || (words[offset + 2] ^ prior[offset + 2]) >> 64 != 0;
    }

    /// @notice N: what the community side of the slot leaves a home, received less paid, fees and bond.
    /// @param money The second word.
    /// @param bond The third word.
    function communityOf(bytes32 money, bytes32 bond) internal pure returns (int256) {
        (uint256 m, uint256 b) = (uint256(money), uint256(bond));
        unchecked {
            // five amounts below 2^64
            return
                int256(uint256(uint64(m >> 128))) +
                int256(uint256(uint64(b >> 64))) -
                int256(m >> 192) -
                int256(b >> 192) -
                int256(uint256(uint64(b >> 128)));
        }
    }

    /// @notice What the home's supplier owes it for what it fed into the grid.
    /// @param money The second word.
    function feedInOf(bytes32 money) internal pure returns (int64) {
        return int64(uint64(uint256(money)));
    }

    /// @notice What the home owes its supplier for what it took from the grid.
    /// @param money The second word.
    function gridShareOf(bytes32 money) internal pure returns (uint64) {
        return uint64(uint256(money) >> 64);
    }

    /// @notice Held for the meter and slot, from the third word.
    function heldOf(bytes32 bond) internal pure returns (uint64) {
        return uint64(uint256(bond));
    }

    /// @notice The grid share that held money did not cover, from the fourth word.
    function uncoveredOf(bytes32 last) internal pure returns (uint64) {
        return uint64(uint256(last) >> 32);
    }

    /// @notice The feeder, from the first word.
    function feederOf(bytes32 first) internal pure returns (uint24) {
        return uint24(uint256(first) >> 32);
    }

    /// @notice Whether the slot was settled without a reading, from the first word.
    function isMissing(bytes32 first) internal pure returns (bool) {
        return uint8(uint256(first) >> 216) == uint8(ReadingStatus.Missing);
    }

    /// @notice Whether Wh were undelivered by a reading that is neither substituted nor estimated, from the first word.
    ///         A missing one counts: it stands for an export of 0 until a reading comes.
    function isShort(bytes32 first) internal pure returns (bool) {
        if (uint32(uint256(first) >> 56) == 0) return false;
        uint8 status = uint8(uint256(first) >> 216);
        return status != uint8(ReadingStatus.Substituted) && status != uint8(ReadingStatus.Estimated);
    }
}
