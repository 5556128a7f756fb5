// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TurnCourt} from "../../contracts/federation/TurnCourt.sol";
import {IElectionCandidates} from "../../contracts/interfaces/IElectionCandidates.sol";
import {ITurnCourt} from "../../contracts/interfaces/ITurnCourt.sol";
import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {TurnSettings} from "../../contracts/types/ElectionTypes.sol";
import {TurnFixture} from "../utils/TurnFixture.sol";

contract TurnCourtTest is TurnFixture {
    using CandidateWords for uint256;

    bytes32 private constant GRANDPARENT = keccak256("what block N - 1 stands on");

    address[] private set;

    function setUp() public {
        deployElection(4, 4);
        set = election.getValidators();
        vm.roll(START + 20);
    }

    // -------------------- missed turns

    function test_ItSaysHowItJudges() public view {
        assertEq(abi.encode(court.turnSettings()), abi.encode(turnSettings()));
    }

    function test_TheSkippedIsBlamedAndNobodyElse() public {
        vm.expectEmit(address(court));
        emit ITurnCourt.TurnsJudged(START + 10, 1, true);
        vm.expectEmit(address(court));
        emit ITurnCourt.TurnMissed(_of(1), START + 10, 1, false);
        _report(START + 10, 0, 2, 6);
        assertEq(court.scoreOf(_of(1)), 1);
        for (uint256 i = 0; i < 4; ++i) if (i != 1) assertEq(court.scoreOf(_of(i)), 0);
        assertTrue(court.isJudged(START + 10));
        assertFalse(court.isJudged(START + 11));
    }

    function test_WhoMadeItsTurnIsNotBlamed() public {
        _report(START + 10, 3, 0, 2);
        for (uint256 i = 0; i < 4; ++i) assertEq(court.scoreOf(_of(i)), 0);
    }

    /// More than f passed over, or later than that many turns explain: the whole network was slow, or starting.
    function test_NobodyIsBlamedWhenTheNetworkWasSlow() public {
        vm.expectEmit(address(court));
        emit ITurnCourt.TurnsJudged(START + 10, 2, false);
        _report(START + 10, 0, 3, 14);
        _report(START + 12, 0, 2, 8); // 2 + 4 and 2 s of slack are the longest
        assertEq(court.scoreOf(_of(1)), 1);
        _report(START + 14, 0, 2, 9);
        assertEq(court.scoreOf(_of(1)), 1);
    }

    function test_ScoresDecay() public {
        _report(START + 10, 0, 2, 6);
        vm.roll(START + 20 + 999);
        assertEq(court.scoreOf(_of(1)), 1);
        vm.roll(START + 20 + 1_000);
        assertEq(court.scoreOf(_of(1)), 0);
        _report(START + 20 + 990, 0, 2, 6);
        assertFalse(election.wordOf(_of(1)).has(CandidateWords.JAILED), "one in a thousand blocks is no jail");
    }

    function test_RevertWhen_TheHeightIsJudged() public {
        (bytes memory parent, bytes memory header) = _report(START + 10, 0, 2, 6);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtHeightJudged.selector, START + 10));
        court.reportMissed(parent, header);
    }

    function test_RevertWhen_TheBlockIsOutOfReach() public {
        (bytes memory parent, bytes memory header) = _blocks(START + 10, 0, 2, 6);
        vm.roll(START + 10 + 257);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtBlockOutOfReach.selector, START + 10));
        court.reportMissed(parent, header);
        vm.roll(START + 10);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtBlockOutOfReach.selector, START + 10));
        court.reportMissed(parent, header);
    }

    function test_RevertWhen_TheHeadersAreNotThisChains() public {
        (bytes memory parent, bytes memory header) = _blocks(START + 10, 0, 2, 6);
        vm.setBlockhash(START + 10, keccak256("another chain"));
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtForeignHeader.selector, START + 10));
        court.reportMissed(parent, header);
        vm.setBlockhash(START + 10, keccak256(header));
        bytes memory other = headerOf(GRANDPARENT, set[1], START + 9, block.timestamp, hex"");
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtForeignHeader.selector, START + 9));
        court.reportMissed(other, header);
        court.reportMissed(parent, header);
    }

    /// The set that was in force for the block judges, not the present one.
    function test_TheSetInForceForTheBlockJudges() public {
        deployElection(5, 5);
        set = election.getValidators();
        vm.roll(START + 15);
        vm.prank(election.candidateInfo(_of(3)).member);
        election.resign();
        vm.roll(START + 20);
        assertEq(election.getValidators().length, 4);
        _report(START + 15, 2, 4, 6); // 3 was still in force, has no seat now, and is blamed no more
        _report(START + 12, 1, 3, 6);
        assertEq(court.scoreOf(_of(2)), 1);
        assertEq(court.scoreOf(_of(3)), 0);
    }

    // -------------------- absence

    function test_AnnouncedAbsenceIsExcusedWithinItsBudget() public {
        address who = election.candidateInfo(_of(1)).member;
        vm.startPrank(who);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtAbsenceSpent.selector, 51, 50));
        court.announceAbsence(uint64(START + 21), uint64(START + 71));
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtInvalidAbsence.selector, START + 20, START + 30));
        court.announceAbsence(uint64(START + 20), uint64(START + 30));
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtInvalidAbsence.selector, START + 30, START + 29));
        court.announceAbsence(uint64(START + 30), uint64(START + 29));
        court.announceAbsence(uint64(START + 21), uint64(START + 50));
        vm.roll(START + 40);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtInvalidAbsence.selector, START + 60, START + 70));
        court.announceAbsence(uint64(START + 60), uint64(START + 70)); // not over a running one
        vm.roll(START + 60);
        vm.stopPrank();
        vm.expectEmit(address(court));
        emit ITurnCourt.TurnMissed(_of(1), START + 50, 0, true);
        _report(START + 50, 0, 2, 6);
        _report(START + 51, 0, 2, 6);
        assertEq(court.scoreOf(_of(1)), 1);
        vm.startPrank(who);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtAbsenceSpent.selector, 21, 20));
        court.announceAbsence(uint64(START + 61), uint64(START + 81));
        vm.roll(START + 4 * EPOCH); // another period
        court.announceAbsence(uint64(START + 4 * EPOCH + 1), uint64(START + 4 * EPOCH + 50));
        vm.stopPrank();
        (uint256 fromBlock, uint256 toBlock) = court.absenceOf(_of(1));
        assertEq(fromBlock, START + 4 * EPOCH + 1);
        assertEq(toBlock, START + 4 * EPOCH + 50);
    }

    // -------------------- jail

    function test_TwoMissedTurnsAreJailAndTheNextFollowsAtOnce() public {
        _electWithStandby();
        uint256 height = block.number - 10;
        uint16 jailed = _of(1);
        _report(height, 0, 2, 6);
        uint64 untilSeconds = uint64(block.timestamp + 3_600);
        vm.expectEmit(address(court));
        emit ITurnCourt.Jailed(jailed, untilSeconds);
        _report(height + 2, 0, 2, 6);
        assertFalse(seated(jailed));
        assertTrue(seated(9), "the first on the standby list");
        assertSetIsValid();
        assertEq(court.jailedUntil(jailed), untilSeconds);
        address who = election.candidateInfo(jailed).member;
        vm.startPrank(who);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtJailRunning.selector, untilSeconds));
        court.unjail();
        vm.warp(untilSeconds);
        nextEpoch();
        elect();
        assertFalse(seated(jailed), "without a request it stays no candidate");
        court.unjail();
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtNotJailed.selector, jailed));
        court.unjail();
        vm.stopPrank();
        nextEpoch();
        elect();
        assertTrue(seated(jailed), "its votes bring it back");
    }

    /// f of 4 is 1: while one is within its delay nobody else is jailed; the place is free again after it.
    function test_AtMostFAreInJailAtATime() public {
        _electWithStandby();
        uint256 height = block.number - 20;
        _report(height, 0, 2, 6);
        _report(height + 2, 0, 2, 6);
        set = election.getValidators();
        vm.roll(block.number + 10);
        height = block.number - 5;
        uint16 second = _of(3);
        _report(height, 2, 0, 6);
        vm.expectEmit(address(court));
        emit ITurnCourt.JailDeferred(second);
        _report(height + 2, 2, 0, 6);
        assertTrue(seated(second));
        assertEq(court.scoreOf(second), 2, "the score stays");
        skip(3_600);
        _report(height + 4, 2, 0, 6);
        assertFalse(seated(second));
    }

    /// f counts all who are within their delay, also those jailed when the set was larger.
    function test_AShrunkenSetHasFewerPlaces() public {
        deployElection(10, 10);
        set = election.getValidators();
        vm.roll(START + 20);
        uint256 time = block.timestamp;
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(time + i * 1_000);
            _report(START + 2 + 4 * i, 2 * i, 2 * i + 2, 6);
            _report(START + 4 + 4 * i, 2 * i, 2 * i + 2, 6);
            assertTrue(election.wordOf(_of(2 * i + 1)).has(CandidateWords.JAILED));
        }
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(election.candidateInfo(_of(5 + i)).member);
            election.resign();
        }
        assertEq(election.getValidators().length, 5); // f is 1 now
        vm.roll(START + 50);
        set = election.getValidators();
        vm.warp(time + 3_600); // the first delay is over, the second is not
        uint16 third = _of(1);
        _report(START + 40, 0, 2, 6);
        vm.expectEmit(address(court));
        emit ITurnCourt.JailDeferred(third);
        _report(START + 42, 0, 2, 6);
        vm.warp(time + 4_600);
        _report(START + 44, 0, 2, 6);
        assertTrue(election.wordOf(third).has(CandidateWords.JAILED));
    }

    function test_InASetOfFourTheJailedKeepsItsSeatAndEarnsNothing() public {
        _report(START + 10, 0, 2, 6);
        _report(START + 12, 0, 2, 6);
        assertTrue(seated(_of(1)) && kept(_of(1)));
        (uint16 candidate, , ) = election.bookingOf(set[1]);
        assertEq(candidate, 0);
        assertSetIsValid();
    }

    /// Below a request timeout of 4 s it takes three.
    function test_ShortTimeoutsJailAtTheThird() public {
        TurnSettings memory turns = turnSettings();
        turns.timeoutSeconds = 3;
        deployElection(4, 4);
        court = new TurnCourt(election, turns);
        vm.roll(START + 20);
        _report(START + 10, 0, 2, 5);
        _report(START + 12, 0, 2, 5);
        assertEq(court.scoreOf(_of(1)), 2, "two are no jail, which this court could not do either");
    }

    function test_RevertWhen_TheCallerIsNoCandidate() public {
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtNotCandidate.selector, address(this)));
        court.unjail();
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtNotCandidate.selector, address(this)));
        court.announceAbsence(uint64(START + 30), uint64(START + 31));
    }

    function test_RevertWhen_SettingsAreWrong() public {
        bytes32[4] memory names = [
            bytes32("timeoutSeconds"),
            bytes32("decayBlocks"),
            bytes32("jailSeconds"),
            bytes32("absenceEpochs")
        ];
        for (uint256 i = 0; i < 4; ++i) {
            TurnSettings memory turns = turnSettings();
            if (i == 0) turns.timeoutSeconds = 0;
            if (i == 1) turns.decayBlocks = 0;
            if (i == 2) turns.jailSeconds = 0;
            if (i == 3) turns.absenceEpochs = 0;
            vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtInvalidSetting.selector, names[i]));
            new TurnCourt(election, turns);
        }
    }

    // -------------------- double seals

    function test_ADoubleSealJailsAndFreezesTheOwnDeposit() public {
        _electWithStandby();
        uint16 candidate = 5;
        (bytes memory first, bytes memory second) = doubleSeal(5, block.number - 3);
        vm.expectEmit(address(court));
        emit ITurnCourt.DoubleSealProven(candidate, block.number - 3);
        court.reportDoubleSeal(first, second);
        assertFalse(seated(candidate));
        assertTrue(election.wordOf(candidate).has(CandidateWords.FROZEN));
        uint256 stake = votes.voterInfo(voter(5)).stakeMicro;
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtSealsJudged.selector, candidate, block.number - 3));
        court.reportDoubleSeal(second, first);
        vm.expectRevert(
            abi.encodeWithSelector(IElectionCandidates.ElectionInvalidAmount.selector, DEPOSIT + 1, DEPOSIT)
        );
        election.slash(candidate, DEPOSIT + 1);
        election.slash(candidate, 1_000_000);
        assertEq(election.candidateInfo(candidate).depositMicro, DEPOSIT - 1_000_000);
        assertEq(revenue.dueOf(address(0)), 1_000_000);
        assertEq(votes.voterInfo(voter(5)).stakeMicro, stake, "never voters' stake");
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotFrozen.selector, candidate));
        election.slash(candidate, 1);
    }

    function test_TheMembersVoteFreesAFrozenDeposit() public {
        (bytes memory first, bytes memory second) = doubleSeal(1, block.number - 3);
        uint16 candidate = numberOf(1);
        court.reportDoubleSeal(first, second);
        vm.expectEmit(address(election));
        emit IElectionCandidates.Unfrozen(candidate);
        election.unfreeze(candidate);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotFrozen.selector, candidate));
        election.unfreeze(candidate);
    }

    /// One offence is judged once, also after the members decided on it.
    function test_RevertWhen_ADoubleSealIsShownAgainAfterTheVote() public {
        (bytes memory first, bytes memory second) = doubleSeal(1, block.number - 3);
        court.reportDoubleSeal(first, second);
        election.unfreeze(numberOf(1));
        vm.expectRevert(
            abi.encodeWithSelector(ITurnCourt.TurnCourtSealsJudged.selector, numberOf(1), block.number - 3)
        );
        court.reportDoubleSeal(second, first);
        (first, second) = doubleSeal(1, block.number - 2); // another one
        court.reportDoubleSeal(first, second);
        assertTrue(election.wordOf(numberOf(1)).has(CandidateWords.FROZEN));
    }

    /// What a key signs that has no seat is no seal: else a few candidates without one could fill the jail's places.
    function test_RevertWhen_TheSealerHadNoSeat() public {
        _electWithStandby();
        (bytes memory first, bytes memory second) = doubleSeal(9, block.number - 3);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtForeignNode.selector, node(9)));
        court.reportDoubleSeal(first, second);
    }

    /// Without a free place a double seal freezes; the next one jails when a place is free.
    function test_WhoSealedTwiceWhileTheJailWasFullIsJailedForTheNextTime() public {
        _electWithStandby();
        (bytes memory first, bytes memory second) = doubleSeal(5, block.number - 3);
        court.reportDoubleSeal(first, second);
        (first, second) = doubleSeal(6, block.number - 3);
        vm.expectEmit(address(court));
        emit ITurnCourt.JailDeferred(6);
        court.reportDoubleSeal(first, second);
        assertTrue(election.wordOf(6).has(CandidateWords.FROZEN));
        skip(3_600);
        (first, second) = doubleSeal(6, block.number - 2);
        court.reportDoubleSeal(first, second);
        assertTrue(election.wordOf(6).has(CandidateWords.JAILED));
    }

    function test_AFrozenDepositIsHeld() public {
        deployElection(5, 5);
        vm.roll(START + 20);
        leaveDeposit(5);
        (bytes memory first, bytes memory second) = doubleSeal(5, block.number - 3);
        court.reportDoubleSeal(first, second);
        vm.startPrank(member(5));
        election.resign();
        skip(4_000);
        court.unjail();
        vm.expectPartialRevert(IElectionCandidates.ElectionDepositHeld.selector);
        election.withdrawDeposit();
        vm.stopPrank();
    }

    function test_RevertWhen_TheDoubleSealIsNotThisChains() public {
        (bytes memory first, bytes memory second) = doubleSeal(1, block.number - 3);
        vm.setBlockhash(block.number - 4, keccak256("another chain"));
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtForeignHeader.selector, block.number - 3));
        court.reportDoubleSeal(first, second);
        (first, second) = doubleSeal(77, block.number - 3);
        vm.expectRevert(abi.encodeWithSelector(ITurnCourt.TurnCourtForeignNode.selector, node(77)));
        court.reportDoubleSeal(first, second);
    }

    // -------------------- steps

    function _of(uint256 place) private view returns (uint16 candidate) {
        return election.candidateOfNode(set[place]);
    }

    /// Reports block `number` of the set's member at `maker`, after one of that at `before`, `gap` seconds before.
    function _report(
        uint256 number,
        uint256 before,
        uint256 maker,
        uint256 gap
    ) private returns (bytes memory parent, bytes memory header) {
        (parent, header) = _blocks(number, before, maker, gap);
        court.reportMissed(parent, header);
    }

    function _blocks(
        uint256 number,
        uint256 before,
        uint256 maker,
        uint256 gap
    ) private returns (bytes memory parent, bytes memory header) {
        uint256 time = block.timestamp;
        parent = headerOf(GRANDPARENT, set[before], number - 1, time, hex"");
        header = headerOf(keccak256(parent), set[maker], number, time + gap, hex"");
        vm.setBlockhash(number, keccak256(header));
    }

    /// Candidates 5 to 8 hold the seats, 9 and 10 stand by.
    function _electWithStandby() private {
        for (uint256 i = 5; i <= 10; ++i) register(i);
        for (uint16 i = 5; i <= 10; ++i) voteFor(i, SUPPLY / 12 - i, i);
        for (uint256 i = 0; i < 4; ++i) {
            nextEpoch();
            elect();
        }
        nextEpoch();
        vm.roll(block.number + 50);
        set = election.getValidators();
    }
}
