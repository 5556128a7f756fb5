// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";

/// @title SetChange
/// @notice How far a set may change, and the changed set.
library SetChange {
    /// @notice What an election would change.
    /// @param size Seats taken now.
    /// @param seats Seats wanted, 4 to 101.
    /// @param forced Holders that may not stay.
    /// @param outranked Holders that may, but are not among the first `seats`.
    /// @param additions Candidates among the first `seats` without a seat.
    /// @param removals Most holders that may leave.
    /// @param entries Most candidates that may enter.
    /// @param open The turnout allows more than to replace those that may not stay.
    struct Wish {
        uint256 size;
        uint256 seats;
        uint256 forced;
        uint256 outranked;
        uint256 additions;
        uint256 removals;
        uint256 entries;
        bool open;
    }

    /// No set is smaller: with fewer, not one accountant may fail.
    uint256 internal constant LEAST_SEATS = 4;
    /// No set is larger.
    uint256 internal constant MOST_SEATS = 101;

    /// @notice f: how many of a set may fail, and change at once.
    /// @param size Of the set.
    /// @return bound (size - 1) / 3, rounded down; 0 for an empty set.
    function faultBound(uint256 size) internal pure returns (uint256 bound) {
        return size == 0 ? 0 : (size - 1) / 3;
    }

    /// @notice As much of the wish as the rules allow, the forced first: each with the best that follows, or without
    /// while 4 remain; then growth; then the worst outranked for the best that follow.
    /// @param wish What would change.
    /// @return forced How many of the forced leave.
    /// @return outranked How many of the outranked leave, the worst first.
    /// @return added How many of the additions enter, the best first.
    function plan(Wish memory wish) internal pure returns (uint256 forced, uint256 outranked, uint256 added) {
        uint256 entries = _least(wish.additions, wish.entries);
        forced = _least(wish.forced, wish.removals);
        added = _least(forced, entries);
        forced = _least(forced, added + _above(wish.size, LEAST_SEATS));
        if (!wish.open) return (forced, 0, added);
        uint256 size = wish.size + added - forced;
        uint256 grown = _least(_above(wish.seats, size), entries - added);
        added += grown;
        uint256 removals = _least(wish.outranked, wish.removals - forced);
        outranked = _least(_above(size + grown, wish.seats), removals);
        uint256 swapped = _least(removals - outranked, entries - added);
        outranked += swapped;
        added += swapped;
    }

    /// @notice A set without some of its words and with others.
    /// @param words The set, ascending.
    /// @param removed Words of the set, in any order; sorted by this.
    /// @param added Words not in the set, each once, in any order; sorted by this.
    /// @return changed The changed set, ascending.
    function merge(
        uint256[] memory words,
        uint256[] memory removed,
        uint256[] memory added
    ) internal pure returns (uint256[] memory changed) {
        Arrays.sort(removed);
        Arrays.sort(added);
        changed = new uint256[](words.length + added.length - removed.length);
        uint256 filled;
        uint256 r;
        uint256 a;
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 word = words[i];
            if (r < removed.length && removed[r] == word) {
                ++r;
                continue;
            }
            while (a < added.length && added[a] < word) changed[filled++] = added[a++];
            changed[filled++] = word;
        }
        while (a < added.length) changed[filled++] = added[a++];
        assert(r == removed.length);
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256 least) {
        return a < b ? a : b;
    }

    function _above(uint256 a, uint256 b) private pure returns (uint256 difference) {
        return a > b ? a - b : 0;
    }
}
