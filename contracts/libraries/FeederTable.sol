// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title FeederTable
/// @notice What is known of a feeder, found by its number in one or two steps: a city's feeders are numbered close to
///         each other. A word of the table: feeder 24 bits | value 168 bits, 0 = free.
library FeederTable {
    /// @dev A power of two above the 16 feeders of a city, so that a free place is always there and probing is short.
    uint256 private constant PLACES = 64;
    uint256 private constant VALUE_BITS = 168;

    /// @notice A table with room for the feeders of a city.
    function empty() internal pure returns (uint256[] memory table) {
        return new uint256[](PLACES);
    }

    /// @notice The feeder's value; 0 when it has none.
    function find(uint256[] memory table, uint24 feeder) internal pure returns (uint256 value) {
        return uint256(uint168(table[_placeOf(table, feeder)]));
    }

    /// @notice Sets the feeder's value.
    /// @param feeder Its area number, never 0.
    /// @param value Below 2^168, not 0.
    function put(uint256[] memory table, uint24 feeder, uint256 value) internal pure {
        table[_placeOf(table, feeder)] = (uint256(feeder) << VALUE_BITS) | value;
    }

    /// @dev Where the feeder stands, or would stand.
    function _placeOf(uint256[] memory table, uint24 feeder) private pure returns (uint256 place) {
        for (place = feeder % PLACES; ; place = (place + 1) % PLACES) {
            uint256 word = table[place];
            if (word == 0 || word >> VALUE_BITS == feeder) return place;
        }
    }
}
