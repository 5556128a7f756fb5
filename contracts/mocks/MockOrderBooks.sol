// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Records} from "../libraries/Records.sol";

/// @title MockOrderBooks
/// @notice For tests of Clearing: the books of EnergyMarket and BilateralContracts at once, with any entries.
contract MockOrderBooks {
    struct BookHead {
        bytes32 entriesHash;
        uint32 entryCount;
    }

    /// @notice As IEnergyMarket and IBilateralContracts.
    mapping(uint24 area => mapping(uint32 slot => BookHead head)) public bookOf;

    /// @notice Sets a feeder's book.
    /// @param feeder The feeder.
    /// @param slot The slot.
    /// @param entries Its log.
    function setBook(uint24 feeder, uint32 slot, bytes32[] calldata entries) external {
        bytes32 hash = 0;
        for (uint256 i = 0; i < entries.length; i += 2) hash = Records.chainEntry(hash, entries[i], entries[i + 1]);
        bookOf[feeder][slot] = BookHead(hash, uint32(entries.length / 2));
    }

    /// @notice Sets a city's bilateral contracts.
    /// @param city The city.
    /// @param slot The slot.
    /// @param words Their entries.
    function setBilaterals(uint24 city, uint32 slot, bytes32[] calldata words) external {
        bytes32 hash = 0;
        for (uint256 i = 0; i < words.length; i += 4) {
            hash = Records.chainBilateral(hash, [words[i], words[i + 1], words[i + 2], words[i + 3]]);
        }
        bookOf[city][slot] = BookHead(hash, uint32(words.length / 4));
    }
}
