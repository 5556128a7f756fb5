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
    /// @param energy The first word.
    /// @param money The second word.
    /// @param bond The third word.
    /// @param last The fourth word.
    function set(
        bytes32[] memory words,
        uint256 offset,
        bytes32 energy,
        bytes32 money,
        bytes32 bond,
        bytes32 last
    ) internal pure {
        words[offset + 3] = last; // the highest first: it tells whether all four fit
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let p := add(add(words, 0x20), shl(5, offset))
            mstore(p, energy)
            mstore(add(p, 0x20), money)
            mstore(add(p, 0x40), bond)
        }
    }

    /// @notice Copies held and uncovered from the prior outcome.
    /// @param words All outcomes, these two 0 before.
    /// @param prior Outcomes of the same meters, as settled before.
    /// @param offset Where this one begins.
    function keep(bytes32[] memory words, bytes32[] calldata prior, uint256 offset) internal pure {
        complete(words, offset, heldOf(prior[offset + 2]), uncoveredOf(prior[offset + 3]));
    }

    /// @notice Fills in what the escrow found.
    /// @param words All outcomes, these two 0 before.
    /// @param offset Where this one begins.
    /// @param heldMicro Held for the meter and slot.
    /// @param uncoveredMicro Grid share that held money does not cover.
    function complete(bytes32[] memory words, uint256 offset, uint64 heldMicro, uint64 uncoveredMicro) internal pure {
        words[offset + 2] |= bytes32(uint256(heldMicro));
        words[offset + 3] |= bytes32(uint256(uncoveredMicro) << 32);
    }

    /// @notice Whether money or energy or status differ; `held` and `uncovered` follow from these and do not count.
    /// @param words Outcomes as computed.
    /// @param prior Outcomes of the same meters, as settled before.
    /// @return differ True when any does.
    function differs(bytes32[] memory words, bytes32[] calldata prior) internal pure returns (bool differ) {
        for (uint256 offset = 0; offset < words.length; offset += Records.OUTCOME_WORDS) {
            if (words[offset] != prior[offset] || differsInMoney(words, prior, offset)) return true;
        }
        return false;
    }

    /// @notice Whether the amounts of one outcome differ.
    /// @param words Outcomes as computed.
    /// @param prior Outcomes of the same meters, as settled before.
    /// @param offset Where this one begins.
    /// @return differ True when they do.
    function differsInMoney(
        bytes32[] memory words,
        bytes32[] calldata prior,
        uint256 offset
    ) internal pure returns (bool differ) {
        return words[offset + 1] != prior[offset + 1] || (words[offset + 2] ^ prior[offset + 2]) >> 64 != 0;
    }

    /// @notice N: what the community side of the slot leaves a home, received less paid, fees and bond.
    /// @param money The second word.
    /// @param bond The third word.
    /// @return community Micro-credits.
    function communityOf(bytes32 money, bytes32 bond) internal pure returns (int256 community) {
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
    /// @return amountMicro Micro-credits.
    function feedInOf(bytes32 money) internal pure returns (int64 amountMicro) {
        return int64(uint64(uint256(money)));
    }

    /// @notice What the home owes its supplier for what it took from the grid.
    /// @param money The second word.
    /// @return amountMicro Micro-credits.
    function gridShareOf(bytes32 money) internal pure returns (uint64 amountMicro) {
        return uint64(uint256(money) >> 64);
    }

    /// @notice Held for the meter and slot.
    /// @param bond The third word.
    /// @return amountMicro Micro-credits.
    function heldOf(bytes32 bond) internal pure returns (uint64 amountMicro) {
        return uint64(uint256(bond));
    }

    /// @notice The grid share that held money did not cover.
    /// @param last The fourth word.
    /// @return amountMicro Micro-credits.
    function uncoveredOf(bytes32 last) internal pure returns (uint64 amountMicro) {
        return uint64(uint256(last) >> 32);
    }

    /// @notice The feeder.
    /// @param first The first word.
    /// @return feeder Its area number.
    function feederOf(bytes32 first) internal pure returns (uint24 feeder) {
        return uint24(uint256(first) >> 32);
    }

    /// @notice Whether the slot was settled without a reading.
    /// @param first The first word.
    /// @return missing True when it was.
    function isMissing(bytes32 first) internal pure returns (bool missing) {
        return uint8(uint256(first) >> 216) == uint8(ReadingStatus.Missing);
    }

    /// @notice Whether a seller was short by a reading that is neither substituted nor estimated. A missing one counts:
    ///         it stands for an export of 0 until a reading comes.
    /// @param first The first word.
    /// @return short True when it counts as short.
    function isShort(bytes32 first) internal pure returns (bool short) {
        if (uint32(uint256(first) >> 56) == 0) return false;
        uint8 status = uint8(uint256(first) >> 216);
        return status != uint8(ReadingStatus.Substituted) && status != uint8(ReadingStatus.Estimated);
    }
}
