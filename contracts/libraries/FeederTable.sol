// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title FeederTable
/// @notice What is known of a feeder, found by its number in a step or two: a city's feeders are numbered close to each
///         other. A word of the table: feeder 24 bits | value 168 bits; 0 = free.
library FeederTable {
    /// @dev A power of two above the 16 feeders of a city, so that a free place is always there and probing is short.
    uint256 private constant _PLACES = 64;
    uint256 private constant _VALUE_BITS = 168;

    /// @notice Makes a table with room for the feeders of a city.
    /// @return table Free.
    function empty() internal pure returns (uint256[] memory table) {
        return new uint256[](_PLACES);
    }

    /// @notice Sets the feeder's value.
    /// @param table The table.
    /// @param feeder Its area number, never 0.
    /// @param value Below 2^168, not 0.
    function put(uint256[] memory table, uint256 feeder, uint256 value) internal pure {
        uint256 place = feeder % _PLACES;
        while (table[place] != 0 && table[place] >> _VALUE_BITS != feeder) place = (place + 1) % _PLACES;
        table[place] = (feeder << _VALUE_BITS) | value;
    }

    /// @notice Finds the feeder's value.
    /// @param table The table.
    /// @param feeder Its area number.
    /// @return value 0 when it has none.
    function find(uint256[] memory table, uint256 feeder) internal pure returns (uint256 value) {
        uint256 place = feeder % _PLACES;
        uint256 word = table[place];
        while (word != 0 && word >> _VALUE_BITS != feeder) {
            place = (place + 1) % _PLACES;
            word = table[place];
        }
        return uint168(word);
    }
}
