// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";

import {SetChange} from "../../contracts/libraries/SetChange.sol";
import {Test} from "../utils/Test.sol";

contract SetChangeTest is Test {
    function test_FaultBoundIsAThirdRoundedDown() public pure {
        uint256[6] memory sizes = [uint256(0), 1, 4, 6, 7, 101];
        uint256[6] memory bounds = [uint256(0), 0, 1, 1, 2, 33];
        for (uint256 i = 0; i < 6; ++i) assertEq(SetChange.faultBound(sizes[i]), bounds[i]);
    }

    function test_TheForcedLeaveFirstAndWithTheBestThatFollow() public pure {
        _check(_wish(7, 7, 2, 3, 5, 2), 2, 0, 2);
    }

    function test_WithoutSuccessorsTheSetShrinksToFour() public pure {
        _check(_wish(7, 7, 5, 0, 0, 5), 3, 0, 0);
        _check(_wish(4, 7, 1, 0, 0, 1), 0, 0, 0);
        _check(_wish(4, 4, 1, 0, 1, 1), 1, 0, 1);
    }

    function test_GrowthComesBeforeSwaps() public pure {
        _check(_wish(4, 7, 0, 1, 4, 1), 0, 0, 1);
        _check(_wish(10, 12, 0, 4, 6, 3), 0, 1, 3);
    }

    function test_WithoutTurnoutOnlyTheForcedAreReplaced() public pure {
        SetChange.Wish memory wish = _wish(7, 21, 1, 3, 9, 2);
        wish.open = false;
        _check(wish, 1, 0, 1);
    }

    function test_TooLargeASetLosesItsWorst() public pure {
        _check(_wish(10, 7, 0, 3, 0, 3), 0, 3, 0);
        _check(_wish(10, 4, 1, 6, 0, 3), 1, 2, 0);
    }

    /// Whatever is wished: the bounds hold, nobody leaves or enters who is not there, the set never falls below four.
    function testFuzz_PlansKeepTheRules(
        uint8 size,
        uint8 seats,
        uint8 forced,
        uint8 outranked,
        uint8 additions,
        uint8[2] memory left,
        bool open
    ) public pure {
        SetChange.Wish memory wish;
        wish.size = bound(size, 4, 101);
        wish.seats = bound(seats, 4, 101);
        wish.forced = bound(forced, 0, wish.size);
        wish.outranked = bound(outranked, 0, wish.size - wish.forced);
        wish.additions = bound(additions, 0, wish.seats);
        wish.removals = bound(left[0], 0, 33);
        wish.entries = bound(left[1], 0, 33);
        wish.open = open;
        (uint256 f, uint256 o, uint256 a) = SetChange.plan(wish);
        assertTrue(f <= wish.forced && o <= wish.outranked && a <= wish.additions, "nobody who is not there");
        assertTrue(f + o <= wish.removals && a <= wish.entries, "bounds");
        uint256 changed = wish.size + a - f - o;
        assertTrue(changed >= 4, "at least four");
        assertTrue(changed <= wish.seats || changed <= wish.size, "no growth beyond the seats");
        if (!open) assertTrue(o == 0 && a <= f, "the set stays below the turnout floor");
        // as much as may be: a forced one stays only for a bound, or for want of a successor in a set of four
        if (f < wish.forced) {
            assertTrue(f == wish.removals || (wish.size + a - f == 4), "forced ones leave as far as may be");
        }
    }

    function testFuzz_MergeIsTheSetWithoutAndWith(
        uint256 seed,
        uint8 size,
        uint8 removedCount,
        uint8 addedCount
    ) public pure {
        uint256 n = bound(size, 1, 40);
        uint256 r = bound(removedCount, 0, n);
        uint256 a = bound(addedCount, 0, 20);
        uint256[] memory words = new uint256[](n);
        uint256[] memory added = new uint256[](a);
        for (uint256 i = 0; i < n + a; ++i) {
            if (i < n) words[i] = _draw(seed, i);
            else added[i - n] = _draw(seed, i);
        }
        Arrays.sort(words);
        uint256[] memory removed = new uint256[](r);
        uint256 shift = seed % n; // any r in a row, wrapping around, backwards
        for (uint256 i = 0; i < r; ++i) removed[r - 1 - i] = words[(i + shift) % n];
        uint256[] memory changed = SetChange.merge(words, removed, added);
        assertEq(changed.length, n + a - r);
        for (uint256 i = 1; i < changed.length; ++i) assertTrue(changed[i - 1] < changed[i], "ascending");
        assertEq(_sum(words) + _sum(added), _sum(removed) + _sum(changed), "no other words");
    }

    function _sum(uint256[] memory words) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < words.length; ++i) sum += words[i] >> 8;
    }

    function _draw(uint256 seed, uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    function _wish(
        uint256 size,
        uint256 seats,
        uint256 forced,
        uint256 outranked,
        uint256 additions,
        uint256 bound_
    ) private pure returns (SetChange.Wish memory) {
        return
            SetChange.Wish({
                size: size,
                seats: seats,
                forced: forced,
                outranked: outranked,
                additions: additions,
                removals: bound_,
                entries: bound_,
                open: true
            });
    }

    function _check(SetChange.Wish memory wish, uint256 forced, uint256 outranked, uint256 added) private pure {
        (uint256 f, uint256 o, uint256 a) = SetChange.plan(wish);
        assertEq(f, forced, "forced");
        assertEq(o, outranked, "outranked");
        assertEq(a, added, "added");
    }
}
