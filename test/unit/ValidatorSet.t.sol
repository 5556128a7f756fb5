// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IValidatorSet} from "../../contracts/interfaces/IValidatorSet.sol";
import {SetCause} from "../../contracts/types/ElectionTypes.sol";
import {ElectionFixture} from "../utils/ElectionFixture.sol";

contract ValidatorSetTest is ElectionFixture {
    function setUp() public {
        deployElection(7, 7);
    }

    /// Light clients prove these slots: they may never move.
    function test_SlotsAreWhatLightClientsProve() public view {
        address[] memory set = election.getValidators();
        assertEq(uint256(vm.load(address(election), 0)), set.length);
        bytes memory packed;
        for (uint256 i = 0; i < set.length; ++i) {
            bytes32 slot = bytes32(uint256(keccak256(abi.encode(uint256(0)))) + i);
            assertEq(uint256(vm.load(address(election), slot)), uint160(set[i]));
            packed = bytes.concat(packed, bytes20(set[i]));
        }
        assertEq(vm.load(address(election), bytes32(uint256(1))), keccak256(packed));
        uint256 head = (block.chainid << 192) | (1 << 128) | (set.length << 64) | START;
        assertEq(uint256(vm.load(address(election), bytes32(uint256(2)))), head);
        assertEq(_pastWord(1), (set.length << 64) | START);
        assertEq(_pastWord(2), 0);
    }

    /// By one word anchors tell that no set came before the one they are shown.
    function test_SlotFiveSaysForEverWhenEachVersionCame() public {
        for (uint256 version = 2; version <= 3; ++version) {
            vm.roll(START + 10 * version);
            vm.prank(member(version));
            election.resign();
        }
        assertEq(uint64(_pastWord(1)), START);
        for (uint256 version = 2; version <= 3; ++version) assertEq(uint64(_pastWord(version)), START + 10 * version);
    }

    function test_TheSetIsAscendingAndNamesEachFounderOnce() public view {
        assertSetIsValid();
        for (uint256 i = 1; i <= 7; ++i) assertTrue(seated(numberOf(i)));
    }

    function test_AChangeIsInForceFromTheNextBlockOn() public {
        address[] memory founding = election.getValidators();
        vm.roll(START + 5);
        vm.prank(member(3));
        election.resign();
        address[] memory changed = election.getValidators();
        assertEq(changed.length, 6);
        assertEq(election.validatorsFor(START + 1), founding);
        assertEq(election.validatorsFor(START + 5), founding);
        assertEq(election.validatorsFor(START + 6), changed);
        assertEq(election.validatorsFor(START + 1_000), changed);
    }

    function test_OfSeveralChangesInABlockTheLastIsInForce() public {
        address[] memory founding = election.getValidators();
        vm.roll(START + 5);
        vm.prank(member(3));
        election.resign();
        vm.prank(member(4));
        election.resign();
        (, , uint64 version, uint32 length, uint64 changedAt) = election.setHead();
        assertEq(version, 3);
        assertEq(length, 5);
        assertEq(changedAt, START + 5);
        assertEq(election.validatorsFor(START + 5), founding);
        assertEq(election.validatorsFor(START + 6), election.getValidators());
    }

    function test_RevertWhen_NoSetWasInForceYet() public {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.ElectionNoSetFor.selector, START));
        election.validatorsFor(START);
    }

    function test_EveryChangeIsEmittedWhole() public {
        address[] memory after_ = new address[](6);
        address[] memory before = election.getValidators();
        uint256 filled;
        for (uint256 i = 0; i < before.length; ++i) if (before[i] != node(3)) after_[filled++] = before[i];
        vm.expectEmit(address(election));
        emit IValidatorSet.ValidatorSetChanged(2, SetCause.Resignation, after_);
        vm.prank(member(3));
        election.resign();
        assertEq(election.getValidators(), after_);
    }

    /// More words than one of ten numbers, over many changes: every past set reads back as it was.
    function test_PastSetsReadBackAsTheyWere() public {
        deployElection(23, 23);
        address[][] memory sets = new address[][](7);
        for (uint256 i = 0; i < 7; ++i) {
            vm.roll(START + 1 + i * 30);
            vm.prank(member(i + 1));
            election.resign();
            sets[i] = election.getValidators();
            assertEq(sets[i].length, 22 - i);
        }
        for (uint256 i = 0; i < 7; ++i) assertEq(election.validatorsFor(START + 2 + i * 30), sets[i]);
    }

    function _pastWord(uint256 version) private view returns (uint256 word) {
        return uint256(vm.load(address(election), keccak256(abi.encode(version << 8, uint256(5)))));
    }
}
