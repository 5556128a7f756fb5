// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ElectionFixture} from "../utils/ElectionFixture.sol";

/// @notice The goals on gas, held at the sizes they are set for (docs/benchmarks.md). The runner makes each call a
/// transaction, so that the figures have the 21,000 and the calldata.
contract ElectionGasTest is ElectionFixture {
    uint256 private constant CANDIDATES = 1_000;

    function test_ElectAmongAThousandCandidates() public {
        vm.pauseGasMetering(); // the stage costs more than a block
        deployElection(101, 101);
        for (uint256 i = 102; i <= CANDIDATES; ++i) register(i);
        for (uint256 i = 1; i <= 101; ++i) {
            issue(member(i), DEPOSIT);
            vm.startPrank(member(i));
            credit.approve(address(election), DEPOSIT);
            election.addDeposit(DEPOSIT);
            vm.stopPrank();
        }
        // everybody has votes; 41 of the seated fewer than 41 others, so that as much changes as may: 33
        for (uint256 i = 0; i * 30 < CANDIDATES; ++i) {
            uint256 count = CANDIDATES - i * 30 < 30 ? CANDIDATES - i * 30 : 30;
            uint256[] memory names = new uint256[](count);
            for (uint256 j = 0; j < count; ++j) names[j] = uint16(i * 30 + j + 1);
            bool isLight = i == 2 || i == 3 || count < 30;
            voteFor(i + 1, uint64(isLight ? 1e9 : 5e10 - i * 1e9), names);
        }
        nextEpoch();
        uint256[] memory order = _top(165);
        vm.resumeGasMetering();
        election.elect(order);
        uint256 gas = vm.lastCallGas().gasTotalUsed;
        assertTrue(gas <= 6_000_000, "elect");
        assertSetIsValid();
        election.getValidators();
        gas = vm.lastCallGas().gasTotalUsed;
        assertTrue(gas <= 300_000, "getValidators");
    }

    function test_VotesAndClaims() public {
        deployElection(60, 60);
        voteFor(9, 1_000_000, 60); // the epoch's first
        uint256 one = _voteGas(1, _names(1, 1));
        uint256 firstTouch = _voteGas(2, _names(2, 30));
        uint256 touched = _voteGas(3, _names(2, 30));
        uint256 oneTouched = _voteGas(4, _names(1, 1));
        assertTrue(one <= 120_000, "one candidate");
        assertTrue((firstTouch - one) / 29 <= 35_000, "first touch");
        assertTrue((touched - oneTouched) / 29 <= 8_000, "touched");
        issue(address(this), 1_000_000);
        credit.approve(address(escrow), 1_000_000);
        escrow.depositFor(address(revenue), 1_000_000);
        for (uint256 i = 1; i <= 60; ++i) revenue.book(node(i), 1_000);
        revenue.claimVotes(voter(1));
        uint256 claimOne = vm.lastCallGas().gasTotalUsed;
        revenue.claimVotes(voter(2));
        uint256 claimMany = vm.lastCallGas().gasTotalUsed;
        assertTrue((claimMany - claimOne) / 29 <= 15_000, "claim");
    }

    function _voteGas(uint256 number, uint256[] memory names) private returns (uint256 gas) {
        address account = admitVoter(number);
        issue(account, 30_000_000);
        vm.startPrank(account);
        credit.approve(address(votes), 30_000_000);
        votes.lock(30_000_000);
        votes.vote(names);
        gas = vm.lastCallGas().gasTotalUsed;
        vm.stopPrank();
    }

    function _names(uint16 first, uint16 count) private pure returns (uint256[] memory names) {
        names = new uint256[](count);
        for (uint16 i = 0; i < count; ++i) names[i] = first + i;
    }

    /// The heaviest of the ballots above: the first two and those from the fifth on.
    function _top(uint256 count) private pure returns (uint256[] memory order) {
        order = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) order[i] = uint16((i < 60 ? i : i + 60) + 1);
    }
}
