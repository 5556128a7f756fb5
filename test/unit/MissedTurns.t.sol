// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccountantSets} from "../../contracts/libraries/AccountantSets.sol";
import {MissedTurns} from "../../contracts/libraries/MissedTurns.sol";
import {Test} from "../utils/Test.sol";

/// @dev Beside the searches and the arithmetic modulo n stand loops that go from one accountant to the next.
contract MissedTurnsTest is Test {
    uint256 private constant MOST = 101;
    uint64 private constant PARENT_TIME = 1_000;
    MissedTurns.Timing private timing = MissedTurns.Timing({requestTimeout: 4, slack: 1});

    function testFuzz_SearchesFindWhatALoopFinds(
        uint256 seed,
        uint256 size,
        uint256 choice,
        address stranger
    ) public pure {
        address[] memory set = _set(seed, size);
        AccountantSets.requireAscending(set);
        address account = choice % 2 == 0 ? stranger : set[choice % set.length];
        (bool isMember, uint256 index) = AccountantSets.indexOf(set, account);
        bool isFound = false;
        for (uint256 i = 0; i < set.length; ++i) {
            if (set[i] != account) continue;
            isFound = true;
            assertEq(index, i);
        }
        assertEq(isMember, isFound);
        assertEq(AccountantSets.successorOf(set, account), _next(set, account));
    }

    function testFuzz_UpToFMissingAreBlamedExactly(
        uint256 seed,
        uint256 size,
        uint256 choice,
        uint256 absent
    ) public view {
        address[] memory set = _set(seed, size);
        address parent = choice % 8 == 0 ? address(uint160(seed)) : set[choice % set.length];
        uint256 missing = absent % (AccountantSets.faultsOf(set.length) + 1);
        uint256 place = _next(set, parent);
        for (uint256 turn = 0; turn < missing; ++turn) place = _next(set, set[place]);
        address[] memory blamed = _blame(set, parent, set[place], 2 + 4 * (2 ** missing - 1));
        assertEq(blamed.length, missing);
        place = _next(set, parent);
        for (uint256 turn = 0; turn < missing; ++turn) {
            assertEq(blamed[turn], set[place]);
            place = _next(set, set[place]);
        }
    }

    function testFuzz_NobodyIsBlamedWhoHadNoTurn(uint256 seed, uint256 size, uint256 made, uint64 gap) public view {
        address[] memory set = _set(seed, size);
        address parent = set[seed % set.length];
        made %= 3 * set.length;
        address[] memory turns = new address[](made + 1);
        uint256 place = _next(set, parent);
        for (uint256 turn = 0; turn <= made; ++turn) {
            turns[turn] = set[place];
            place = _next(set, set[place]);
        }
        address[] memory blamed = _blame(set, parent, turns[made], uint256(gap % 1_000_000) + 1);
        assertTrue(blamed.length <= AccountantSets.faultsOf(set.length) && blamed.length <= made);
        for (uint256 i = 0; i < blamed.length; ++i) assertEq(blamed[i], turns[i]);
    }

    function test_AnOutageBlamesNobody() public view {
        address[] memory set = _set(1, 6);
        assertEq(_blame(set, set[6], set[2], 2 + 12 + 1).length, 2);
        assertEq(_blame(set, set[6], set[2], 2 + 12 + 2).length, 0);
        assertEq(_blame(set, set[6], set[3], 2).length, 0, "more than f");
    }

    function test_RevertWhen_TheBlockIsNobodysOfTheSet() public {
        address[] memory set = _set(1, 6);
        vm.expectRevert(abi.encodeWithSelector(MissedTurns.MissedTurnsForeignCoinbase.selector, address(1)));
        this.blame(set, set[0], address(1), 2);
    }

    function test_RevertWhen_TheBlockIsNotYoungerThanItsParent() public {
        address[] memory set = _set(1, 6);
        vm.expectRevert(abi.encodeWithSelector(MissedTurns.MissedTurnsWrongTime.selector, PARENT_TIME, PARENT_TIME));
        this.blame(set, set[0], set[1], 0);
    }

    function test_RevertWhen_TheSetIsNone() public {
        vm.expectRevert(AccountantSets.AccountantSetsEmpty.selector);
        this.requireAscending(new address[](0));
        address[] memory set = _set(1, 6);
        set[4] = set[3];
        vm.expectRevert(abi.encodeWithSelector(AccountantSets.AccountantSetsNotAscending.selector, 4));
        this.requireAscending(set);
        (set[1], set[2]) = (set[2], set[1]);
        vm.expectRevert(abi.encodeWithSelector(AccountantSets.AccountantSetsNotAscending.selector, 2));
        this.requireAscending(set);
    }

    function blame(address[] calldata set, address parent, address maker, uint256 gap) external view {
        _blame(set, parent, maker, gap);
    }

    function requireAscending(address[] calldata set) external pure {
        AccountantSets.requireAscending(set);
    }

    function _blame(
        address[] memory set,
        address parent,
        address maker,
        uint256 gap
    ) private view returns (address[] memory) {
        return
            MissedTurns.blame({
                set: set,
                parent: MissedTurns.Block({coinbase: parent, timestamp: PARENT_TIME}),
                current: MissedTurns.Block({coinbase: maker, timestamp: uint64(PARENT_TIME + gap)}),
                timing: timing
            });
    }

    /// @dev The place of the first above an account, or of the first of all.
    function _next(address[] memory set, address account) private pure returns (uint256 place) {
        while (place < set.length && set[place] <= account) ++place;
        return place == set.length ? 0 : place;
    }

    /// @dev An ascending set of 1 to 101.
    function _set(uint256 seed, uint256 size) private pure returns (address[] memory set) {
        set = new address[](1 + (size % MOST));
        uint160 last = 0;
        for (uint256 i = 0; i < set.length; ++i) {
            last += 1 + uint160(uint256(keccak256(abi.encode(seed, i))) >> 104);
            set[i] = address(last);
        }
    }
}
