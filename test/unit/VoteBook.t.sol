// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {FederationAccessManager} from "../../contracts/federation/FederationAccessManager.sol";
import {VoteBook} from "../../contracts/federation/VoteBook.sol";
import {IElectionCandidates} from "../../contracts/interfaces/IElectionCandidates.sol";
import {IElectionParts} from "../../contracts/interfaces/IElectionParts.sol";
import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IVoteBook} from "../../contracts/interfaces/IVoteBook.sol";
import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Names, VoterInfo} from "../../contracts/types/ElectionTypes.sol";
import {ElectionFixture} from "../utils/ElectionFixture.sol";

contract VoteBookTest is ElectionFixture {
    using CandidateWords for uint256;

    function setUp() public {
        deployElection(4, 4);
    }

    // -------------------- lock and vote

    function test_AVoteSharesTheStakeEquallyRoundedDown() public {
        uint256[] memory three = new uint256[](3);
        (three[0], three[1], three[2]) = (1, 2, 4);
        voteFor(1, 100, three);
        for (uint256 i = 0; i < 3; ++i) assertEq(election.wordOf(uint16(three[i])).live(), 33);
        (uint256 counted, uint256 live) = election.totalWeight();
        assertEq(counted, 0);
        assertEq(live, 99);
        VoterInfo memory info = votes.voterInfo(voter(1));
        assertEq(info.stakeMicro, 100);
        assertEq(info.share, 33);
        assertEq(info.castEpoch, START / EPOCH);
        assertEq(info.candidates.length, 3);
        assertEq(info.candidates[2], 4);
        assertEq(credit.balanceOf(address(votes)), 100);
    }

    /// Stake and ballot in one transaction: a refused ballot leaves no stake behind.
    function test_WhoLocksAndVotesAtOnceLocksNothingForARefusedBallot() public {
        issue(admitVoter(1), 300);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IVoteBook.lock, (300));
        calls[1] = abi.encodeCall(IVoteBook.vote, (list(2, 5)));
        vm.startPrank(voter(1));
        credit.approve(address(votes), 300);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotCandidate.selector, 5));
        votes.multicall(calls);
        assertEq(votes.voterInfo(voter(1)).stakeMicro, 0);
        assertEq(credit.balanceOf(voter(1)), 300);
        calls[1] = abi.encodeCall(IVoteBook.vote, (list(2, 3)));
        votes.multicall(calls);
        vm.stopPrank();
        assertEq(votes.voterInfo(voter(1)).stakeMicro, 300);
        assertEq(votes.voterInfo(voter(1)).share, 150);
        assertEq(credit.balanceOf(address(votes)), 300);
    }

    function test_ItSaysItsCap() public view {
        assertEq(votes.capBps(), 1_000);
    }

    /// Borrowed for a block: nothing counts before the next epoch, and nothing comes back before the delay is over.
    function test_BorrowedCreditsBuyNothing() public {
        voteFor(1, 1_000_000, 1);
        assertEq(election.candidateInfo(1).countedWeight, FOUNDER_WEIGHT);
        vm.startPrank(voter(1));
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookBallotFresh.selector, START + EPOCH));
        votes.unvote();
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookBallotStands.selector, voter(1)));
        votes.withdrawStake();
        vm.stopPrank();
        nextEpoch();
        assertEq(election.candidateInfo(1).countedWeight, FOUNDER_WEIGHT + 1_000_000);
        vm.startPrank(voter(1));
        votes.unvote();
        uint256 freeAt = block.timestamp + UNLOCK;
        uint256 freeIn = block.number + 2 * EPOCH;
        assertEq(votes.voterInfo(voter(1)).unlockAt, freeAt);
        assertEq(votes.voterInfo(voter(1)).unlockBlock, freeIn);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookStakeLocked.selector, freeAt, freeIn));
        votes.withdrawStake();
        vm.warp(freeAt);
        vm.roll(freeIn - 1); // late blocks make epochs long
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookStakeLocked.selector, freeAt, freeIn));
        votes.withdrawStake();
        vm.roll(freeIn);
        votes.withdrawStake();
        vm.stopPrank();
        assertEq(credit.balanceOf(voter(1)), 1_000_000);
    }

    function test_AnEndedBallotCountsToTheEndOfItsEpoch() public {
        voteFor(1, 500, 1);
        nextEpoch();
        vm.prank(voter(1));
        votes.unvote();
        assertEq(election.wordOf(1).counted(election.epoch()), 500);
        assertEq(election.wordOf(1).live(), 0);
        nextEpoch();
        assertEq(election.wordOf(1).counted(election.epoch()), 0);
        assertEq(votes.voterInfo(voter(1)).share, 0);
    }

    function test_ANewBallotTakesThePlaceOfTheOld() public {
        voteFor(1, 500, 1);
        nextEpoch();
        vm.expectEmit(address(votes));
        emit IVoteBook.BallotEnded(voter(1));
        vm.expectEmit(address(votes));
        emit IVoteBook.BallotCast(voter(1), 250, Names({first: 2 | (3 << 10), more: 0}));
        vm.prank(voter(1));
        votes.vote(list(2, 3));
        assertEq(election.wordOf(1).live(), 0);
        assertEq(election.wordOf(2).live(), 250);
        assertEq(election.wordOf(3).live(), 250);
        (uint256 counted, uint256 live) = election.totalWeight();
        assertEq(counted, 500);
        assertEq(live, 500);
    }

    function test_WeightIsCappedAndFixedWhenVoting() public {
        uint256 cap = (credit.totalSupply() * 1_000) / 10_000;
        voteFor(1, uint64(cap * 2), 1);
        cap = (credit.totalSupply() * 1_000) / 10_000;
        assertEq(votes.voterInfo(voter(1)).share, cap);
        issue(address(0xFEED), 50 * SUPPLY);
        assertEq(election.wordOf(1).live(), cap);
        // within the epoch the cap stays as it was at its first touch
        voteFor(2, uint64(cap * 3), 2);
        assertEq(election.wordOf(2).live(), cap);
        nextEpoch();
        voteFor(3, uint64(cap * 2), 3);
        assertEq(election.wordOf(3).live(), cap, "of the last epoch's credits");
        nextEpoch();
        voteFor(1, 0, 1);
        assertTrue(election.wordOf(1).live() > cap);
    }

    /// Credits borrowed for a block raise nobody's cap; those that left lower it.
    function test_TheCapIsOfTheLastEpochOrLess() public {
        uint256 cap = votes.circulating() / 10;
        nextEpoch();
        issue(address(0xB0), 20 * SUPPLY);
        assertEq(votes.circulating() / 10, cap * 21);
        vm.prank(address(0xB0));
        credit.transfer(issuer, 20 * SUPPLY);
        voteFor(1, uint64(cap * 3), 1);
        assertEq(election.wordOf(1).live(), cap);
        nextEpoch();
        assertTrue(votes.circulating() / 10 < cap * 2);
        nextEpoch();
        vm.prank(address(0xFEED));
        credit.transfer(issuer, SUPPLY / 2);
        voteFor(2, uint64(cap * 2), 2);
        assertEq(election.wordOf(2).live(), votes.circulating() / 10);
    }

    function test_TheIssuersOwnCreditsDoNotCirculate() public {
        uint256 before = votes.circulating();
        nextEpoch();
        issue(issuer, 1_000_000_000);
        assertEq(votes.circulating(), before);
        nextEpoch();
        issue(voter(9), 1_000_000_000);
        assertEq(votes.circulating(), before + 1_000_000_000);
    }

    function test_RevertWhen_TheIssuerVotes() public {
        federation.admitMember(issuer, ACCOUNTANT);
        issue(issuer, 100);
        vm.startPrank(issuer);
        credit.approve(address(votes), 100);
        votes.lock(100);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookIssuerHasNoVote.selector, issuer));
        votes.vote(list(1));
        vm.stopPrank();
    }

    /// FederationAccessManager takes a suspended issuer's role for the time; its credits carry no vote all the same.
    function test_RevertWhen_ASuspendedIssuerVotes() public {
        FederationAccessManager strict = new FederationAccessManager(address(this));
        strict.bindFederation(federation);
        VoteBook book = new VoteBook(address(strict), election, address(0), 1_000);
        address account = admitVoter(1);
        strict.grantRole(Roles.ISSUER, account, 0);
        issue(account, 100);
        federation.suspend(account, type(uint48).max);
        vm.startPrank(account);
        credit.approve(address(book), 100);
        book.lock(100);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookIssuerHasNoVote.selector, account));
        book.vote(list(1));
        vm.stopPrank();
    }

    function test_RevertWhen_TheVoterIsNotAdmitted() public {
        address stranger = address(0x57A);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNotAdmitted.selector, stranger));
        votes.lock(1);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNotAdmitted.selector, stranger));
        votes.vote(list(1));
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNotAdmitted.selector, stranger));
        votes.backRemoval(1);
        vm.stopPrank();
    }

    function test_RevertWhen_TheListIsWrong() public {
        address account = admitVoter(1);
        issue(account, 1_000);
        vm.startPrank(account);
        credit.approve(address(votes), 1_000);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNoWeight.selector, account));
        votes.vote(list(1));
        votes.lock(1_000);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookInvalidBallotSize.selector, 0));
        votes.vote(new uint256[](0));
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookInvalidBallotSize.selector, 31));
        votes.vote(new uint256[](31));
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookListNotAscending.selector, 1));
        votes.vote(list(2, 2));
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookListNotAscending.selector, 0));
        votes.vote(list(0, 2));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotCandidate.selector, 5));
        votes.vote(list(2, 5));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotCandidate.selector, 1_024));
        votes.vote(list(2, 1_024)); // more than a name has bits for
        vm.stopPrank();
        uint16 left = numberOf(1);
        register(5);
        nextEpoch();
        vm.prank(member(1));
        election.resign();
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionResigned.selector, left));
        vm.prank(account);
        votes.vote(list(left));
    }

    function test_RevertWhen_ThereIsNothing() public {
        address account = admitVoter(1);
        vm.startPrank(account);
        vm.expectRevert(IVoteBook.VoteBookZeroAmount.selector);
        votes.lock(0);
        vm.expectRevert(IVoteBook.VoteBookZeroAmount.selector);
        votes.withdrawStake();
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNoBallot.selector, account));
        votes.unvote();
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookRemovalBacked.selector, 0));
        votes.withdrawRemoval();
        vm.stopPrank();
    }

    /// 30 names take two words, each place of which reads back.
    function testFuzz_BallotsOfAnySizeReadBack(uint8 count, uint16 step) public {
        for (uint256 i = 5; i <= 65; ++i) register(i);
        uint256 n = bound(count, 1, 30);
        uint256 gap = bound(step, 1, 2);
        uint256[] memory names = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) names[i] = uint16(1 + i * gap);
        voteFor(1, uint64(n * 7), names);
        assertEq(abi.encode(votes.voterInfo(voter(1)).candidates), abi.encode(names));
        assertEq(votes.voterInfo(voter(1)).share, 7);
        nextEpoch();
        vm.prank(voter(1));
        votes.unvote();
        for (uint16 i = 1; i <= 65; ++i) assertEq(election.wordOf(i).live(), 0);
    }

    // -------------------- whose admission ended

    function test_ASuspendedMemberKeepsItsVoteAUserDoesNot() public {
        voteFor(1, 100, 1);
        federation.suspend(voter(1), type(uint48).max);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookStillAdmitted.selector, voter(1)));
        votes.dropBallot(voter(1));
        address registrar = address(0x4E6);
        address user = address(0x05E);
        federation.admitMember(registrar, uint16(1 << uint8(MemberRole.Registrar)));
        vm.startPrank(registrar);
        federation.admitUser(user, bytes32(uint256(1)));
        federation.suspend(user, type(uint48).max);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNotAdmitted.selector, user));
        vm.prank(user);
        votes.vote(list(1));
    }

    function test_AnybodyDropsTheBallotOfTheExpelled() public {
        voteFor(1, 100, 1);
        federation.expel(voter(1));
        vm.expectEmit(address(votes));
        emit IVoteBook.BallotEnded(voter(1));
        vm.prank(address(0x57A));
        votes.dropBallot(voter(1));
        assertEq(election.wordOf(1).live(), 0);
        // its stake is its own
        vm.warp(block.timestamp + UNLOCK);
        vm.roll(block.number + 2 * EPOCH);
        vm.prank(voter(1));
        votes.withdrawStake();
        assertEq(credit.balanceOf(voter(1)), 100);
    }

    /// A founder backs a removal without a ballot: that ends with its admission, too.
    function test_AnybodyDropsTheBackingOfAnExpelledFounder() public {
        vm.prank(member(1));
        votes.backRemoval(2);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookStillAdmitted.selector, member(1)));
        votes.dropBallot(member(1));
        federation.expel(member(1));
        votes.dropBallot(member(1));
        assertEq(votes.removalWeightOf(2), 0);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNoBallot.selector, member(1)));
        votes.dropBallot(member(1));
    }

    // -------------------- removal

    function test_BackingNeedsWeightThatCounts() public {
        voteFor(1, 100, 1);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookNoCountedWeight.selector, voter(1)));
        vm.prank(voter(1));
        votes.backRemoval(2);
        nextEpoch();
        vm.expectEmit(address(votes));
        emit IVoteBook.RemovalBacked(voter(1), 2, 100);
        vm.startPrank(voter(1));
        votes.backRemoval(2);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookRemovalBacked.selector, 2));
        votes.backRemoval(3);
        assertEq(votes.removalWeightOf(2), 100);
        assertTrue(election.wordOf(2).has(CandidateWords.BACKED));
        votes.withdrawRemoval();
        vm.stopPrank();
        assertEq(votes.removalWeightOf(2), 0);
        assertFalse(election.wordOf(2).has(CandidateWords.BACKED));
    }

    function test_FoundersBackWithTheirWeightUntilTheyLapse() public {
        vm.prank(member(1));
        votes.backRemoval(2);
        assertEq(votes.removalWeightOf(2), FOUNDER_WEIGHT);
        for (uint256 i = 1; i <= 2; ++i) voteFor(i, SUPPLY / 8, 1);
        nextEpoch();
        elect();
        assertTrue(election.foundersLapsed());
        assertEq(votes.removalWeightOf(2), 0);
    }

    function test_TheEndOfABallotEndsItsBacking() public {
        voteFor(1, 100, 1);
        nextEpoch();
        vm.startPrank(voter(1));
        votes.backRemoval(2);
        votes.unvote();
        vm.stopPrank();
        assertEq(votes.removalWeightOf(2), 0);
        assertEq(votes.voterInfo(voter(1)).backedRemoval, 0);
    }

    // -------------------- a chain without credits

    function test_WithoutCreditsMembersHaveEqualVotes() public {
        deployEqualElection(4, 4);
        address account = admitVoter(1);
        vm.prank(account);
        votes.vote(list(1, 3));
        assertEq(election.wordOf(1).live(), 2_329_089_562_800 / 2);
        assertEq(votes.circulating(), federation.memberCount() * 2_329_089_562_800);
        vm.expectRevert(IVoteBook.VoteBookWithoutCredits.selector);
        vm.prank(account);
        votes.lock(1);
    }

    // -------------------- administration

    function test_RevertWhen_SettingsAreWrong() public {
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookInvalidSetting.selector, bytes32("capBps")));
        new VoteBook(address(manager), election, issuer, 0);
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookInvalidSetting.selector, bytes32("capBps")));
        new VoteBook(address(manager), election, issuer, 10_001);
    }

    function test_RevertWhen_RevenueIsBoundAgain() public {
        vm.expectRevert(abi.encodeWithSelector(IVoteBook.VoteBookRevenueBound.selector, address(revenue)));
        votes.bindRevenue(revenue);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, voter(1)));
        vm.prank(voter(1));
        votes.bindRevenue(revenue);
    }

    function testFuzz_RevertWhen_SomebodyElseGivesShares(address caller) public {
        vm.assume(caller != address(votes));
        vm.startPrank(caller);
        vm.expectRevert(abi.encodeWithSelector(IElectionParts.ElectionNotPart.selector, caller));
        election.addShares(Names(1, 0), 1);
        vm.expectRevert(abi.encodeWithSelector(IElectionParts.ElectionNotPart.selector, caller));
        election.takeShares(Names(1, 0), 0);
        vm.expectRevert(abi.encodeWithSelector(IElectionParts.ElectionNotPart.selector, caller));
        election.flagRemoval(1, true);
        vm.stopPrank();
    }
}
