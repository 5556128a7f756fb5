// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountingFees} from "../../contracts/interfaces/IAccountingFees.sol";
import {IAccountingRevenue} from "../../contracts/interfaces/IAccountingRevenue.sol";
import {Names} from "../../contracts/types/ElectionTypes.sol";
import {ElectionFixture} from "../utils/ElectionFixture.sol";

/// @notice How a fee is shared between an accountant and those who voted for it: 40 % are theirs here.
contract VoterRevenueTest is ElectionFixture {
    uint16 private first;
    uint16 private second;

    function setUp() public {
        deployElection(4, 4);
        (first, second) = (numberOf(1), numberOf(2));
    }

    function test_AFeeIsSharedBetweenTheAccountantAndItsVoters() public {
        voteFor(1, 300, first);
        voteFor(2, 100, first);
        vm.expectEmit(address(revenue));
        emit IAccountingFees.FeeBooked(member(1), 600);
        vm.expectEmit(address(revenue));
        emit IAccountingRevenue.VoterFeeBooked(first, 400);
        revenue.book(node(1), 1_000);
        assertEq(revenue.dueOf(member(1)), 600);
        assertEq(revenue.rewardOf(voter(1)), 300);
        assertEq(revenue.rewardOf(voter(2)), 100);
        assertEq(revenue.accumulatorOf(first), uint256(1) << 64);
    }

    function test_BlocksOfNobodyThatEarnsGoToThePool() public {
        voteFor(1, 300, first);
        revenue.book(address(0xDEAD), 10);
        assertEq(revenue.dueOf(address(0)), 10);
        register(5); // a candidate without a seat
        revenue.book(node(5), 10);
        assertEq(revenue.dueOf(address(0)), 20);
        vm.prank(member(1));
        election.resign(); // kept, for the set has four
        assertTrue(seated(first));
        revenue.book(node(1), 10);
        assertEq(revenue.dueOf(address(0)), 30);
        vm.prank(address(court));
        election.jail(second);
        revenue.book(node(2), 10);
        assertEq(revenue.dueOf(address(0)), 40);
        assertEq(revenue.rewardOf(voter(1)), 0);
    }

    function test_WithoutVotersTheirShareGoesToThePool() public {
        revenue.book(node(1), 1_000);
        assertEq(revenue.dueOf(member(1)), 600);
        assertEq(revenue.dueOf(address(0)), 400);
    }

    /// A claim takes what was earned since the last one, whoever else claims and whatever the epoch.
    function test_ClaimsDependNeitherOnOthersNorOnEpochs() public {
        voteFor(1, 100, list(first < second ? first : second, first < second ? second : first));
        voteFor(2, 50, first);
        _cash(10_000);
        revenue.book(node(1), 1_000); // 400 over 50 and 50
        assertEq(revenue.claimVotes(voter(1)), 200);
        assertEq(credit.balanceOf(voter(1)), 200);
        vm.expectRevert(
            abi.encodeWithSelector(IAccountingFees.AccountingFeesNothingToPay.selector, voter(1), 0, 9_800)
        );
        revenue.claimVotes(voter(1));
        nextEpoch();
        nextEpoch();
        revenue.book(node(2), 1_000); // 400, all of the first voter's
        revenue.book(node(1), 500); // 200 over 50 and 50
        assertEq(revenue.claimVotes(voter(1)), 500);
        assertEq(revenue.claimVotes(voter(2)), 300);
    }

    function test_AnEndedBallotKeepsWhatItEarnedAndEarnsNoMore() public {
        voteFor(1, 100, first);
        revenue.book(node(1), 1_000);
        nextEpoch();
        vm.expectEmit(address(revenue));
        emit IAccountingRevenue.VoterRewarded(voter(1), 400);
        vm.prank(voter(1));
        votes.unvote();
        revenue.book(node(1), 1_000);
        assertEq(revenue.dueOf(voter(1)), 400);
        assertEq(revenue.rewardOf(voter(1)), 0);
        _cash(400);
        assertEq(revenue.claimVotes(voter(1)), 400);
    }

    function test_ALaterBallotEarnsNothingOfWhatWasBookedBefore() public {
        voteFor(1, 100, first);
        revenue.book(node(1), 1_000);
        voteFor(2, 300, first);
        assertEq(revenue.rewardOf(voter(2)), 0);
        revenue.book(node(1), 1_000);
        assertEq(revenue.rewardOf(voter(1)), 500);
        assertEq(revenue.rewardOf(voter(2)), 300);
    }

    function test_ThePoolGetsWhatIsSlashed() public {
        register(5);
        vm.prank(address(court));
        election.freeze(5);
        vm.expectEmit(address(revenue));
        emit IAccountingRevenue.PoolFunded(2_000_000);
        election.slash(5, 2_000_000);
        assertEq(revenue.dueOf(address(0)), 2_000_000);
        revenue.assignPool(member(1), 1_500_000);
        assertEq(revenue.claim(member(1)), 1_500_000);
        assertEq(credit.balanceOf(member(1)), 1_500_000);
        assertEq(credit.balanceOf(address(revenue)), 500_000);
    }

    function testFuzz_RevertWhen_CallerIsNoPart(address caller) public {
        vm.assume(caller != address(votes) && caller != address(election));
        bytes memory refusal = abi.encodeWithSelector(IAccountingRevenue.AccountingRevenueNotPart.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        revenue.ballotCast(caller, Names(1, 0));
        vm.expectRevert(refusal);
        revenue.ballotEnded(caller, 1, Names(1, 0));
        vm.expectRevert(refusal);
        revenue.addToPool(1);
        vm.stopPrank();
    }

    /// All rewards together never exceed what was booked for voters, and rounding loses at most a micro-credit for
    /// each fee and each voter.
    function testFuzz_RewardsNeverExceedWhatWasBooked(uint64[5] memory stakes, uint32[4] memory fees) public {
        for (uint256 i = 0; i < 5; ++i) {
            uint64 stake = uint64(bound(stakes[i], 1, 1e10));
            voteFor(i + 1, stake, first);
        }
        uint256 booked;
        for (uint256 i = 0; i < 4; ++i) {
            revenue.book(node(1), fees[i]);
            booked += (uint256(fees[i]) * 4_000) / 10_000;
        }
        uint256 rewards;
        for (uint256 i = 0; i < 5; ++i) rewards += revenue.rewardOf(voter(i + 1));
        assertTrue(rewards <= booked, "never more");
        assertTrue(booked - rewards <= 4 + 5, "nor much less");
    }

    function _cash(uint64 amountMicro) private {
        issue(address(this), amountMicro);
        credit.approve(address(escrow), amountMicro);
        escrow.depositFor(address(revenue), amountMicro);
    }
}
