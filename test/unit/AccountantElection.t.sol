// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {AccountantElection} from "../../contracts/federation/AccountantElection.sol";
import {IAccountantElection} from "../../contracts/interfaces/IAccountantElection.sol";
import {IElectionCandidates} from "../../contracts/interfaces/IElectionCandidates.sol";
import {IElectionParts} from "../../contracts/interfaces/IElectionParts.sol";
import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {ElectionSettings, Founder, SetCause} from "../../contracts/types/ElectionTypes.sol";
import {ElectionFixture} from "../utils/ElectionFixture.sol";

contract AccountantElectionTest is ElectionFixture {
    using CandidateWords for uint256;

    /// Above the turnout floor of a tenth of what circulates, and below the cap of a tenth each.
    uint64 private constant STAKE = SUPPLY / 12;

    function setUp() public {
        deployElection(4, 4);
    }

    // -------------------- founding

    function test_ItSaysItsRules() public view {
        assertEq(election.turnoutFloorBps(), 1_000);
        assertEq(election.minimumDepositMicro(), DEPOSIT);
        assertEq(election.unlockSeconds(), UNLOCK);
    }

    function test_RevertWhen_FoundersAreWrong() public {
        ElectionSettings memory settings = settingsOf(credit, 4);
        Founder[] memory founders = foundersOf(4);
        (founders[1], founders[2]) = (founders[2], founders[1]);
        _expectNoElection(
            settings,
            founders,
            abi.encodeWithSelector(IAccountantElection.ElectionInvalidFounder.selector, 2)
        );
        founders = foundersOf(4);
        founders[3].member = founders[0].member;
        _expectNoElection(
            settings,
            founders,
            abi.encodeWithSelector(IAccountantElection.ElectionInvalidFounder.selector, 3)
        );
        founders = foundersOf(4);
        founders[3].node = founders[2].node;
        _expectNoElection(
            settings,
            founders,
            abi.encodeWithSelector(IAccountantElection.ElectionInvalidFounder.selector, 3)
        );
        _expectNoElection(settings, foundersOf(3), _invalid("founders"));
        _expectNoElection(settings, foundersOf(102), _invalid("founders"));
    }

    function test_RevertWhen_SettingsAreWrong() public {
        Founder[] memory founders = foundersOf(4);
        ElectionSettings memory settings = settingsOf(credit, 3);
        _expectNoElection(settings, founders, _invalid("seats"));
        settings = settingsOf(credit, 102);
        _expectNoElection(settings, founders, _invalid("seats"));
        settings = settingsOf(credit, 4);
        settings.epochBlocks = 0;
        _expectNoElection(settings, founders, _invalid("epochBlocks"));
        settings = settingsOf(credit, 4);
        settings.unlockSeconds = EPOCH * 4 - 1; // two epochs of 2-second blocks
        settings.trustingSeconds = 0;
        _expectNoElection(settings, founders, _invalid("unlockSeconds"));
        settings.unlockSeconds = EPOCH * 4;
        settings.trustingSeconds = EPOCH * 4 + 1;
        _expectNoElection(settings, founders, _invalid("unlockSeconds"));
        settings = settingsOf(IERC20(address(0)), 4);
        settings.minimumDepositMicro = 1;
        _expectNoElection(settings, founders, _invalid("minimumDepositMicro"));
        settings = settingsOf(credit, 4);
        settings.turnoutFloorBps = 10_001;
        _expectNoElection(settings, founders, _invalid("turnoutFloorBps"));
    }

    // -------------------- candidates

    function test_AMemberRegistersWithItsNodesSignatureAndADeposit() public {
        uint16 candidate = register(5);
        assertEq(candidate, 5);
        assertEq(election.candidateInfo(5).member, member(5));
        assertEq(election.candidateInfo(5).node, node(5));
        assertEq(election.candidateInfo(5).depositMicro, DEPOSIT);
        assertEq(election.candidateOfNode(node(5)), 5);
        assertEq(credit.balanceOf(address(election)), DEPOSIT);
        assertFalse(seated(5));
    }

    function test_RevertWhen_TheCallerMayNotRegister() public {
        bytes memory signature = claimSignature(member(5), node(5), nodeKey(5));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotAccountant.selector, member(5)));
        vm.prank(member(5));
        election.register(node(5), signature);
        uint16 first = numberOf(1);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionAlreadyCandidate.selector, first));
        vm.prank(member(1));
        election.register(node(5), signature);
    }

    function test_RevertWhen_TheNodeIsNotTheCallers() public {
        federation.admitMember(member(5), ACCOUNTANT);
        uint16 first = numberOf(1);
        bytes memory own = claimSignature(member(5), node(1), nodeKey(1));
        vm.startPrank(member(5));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNodeTaken.selector, node(1), first));
        election.register(node(1), own);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNodeTaken.selector, address(0), 0));
        election.register(address(0), own);
        // another's claim, another key, no signature
        bytes memory others = claimSignature(member(6), node(5), nodeKey(5));
        vm.expectPartialRevert(IElectionCandidates.ElectionWrongNodeSignature.selector);
        election.register(node(5), others);
        bytes memory wrongKey = claimSignature(member(5), node(5), nodeKey(6));
        vm.expectRevert(
            abi.encodeWithSelector(IElectionCandidates.ElectionWrongNodeSignature.selector, node(5), node(6))
        );
        election.register(node(5), wrongKey);
        vm.expectRevert(
            abi.encodeWithSelector(IElectionCandidates.ElectionWrongNodeSignature.selector, node(5), address(0))
        );
        election.register(node(5), "");
        vm.stopPrank();
    }

    function test_ANodeChangeIsASetChangeOnceAnEpoch() public {
        uint16 candidate = numberOf(2);
        bytes memory signature = claimSignature(member(2), node(22), nodeKey(22));
        vm.prank(member(2));
        election.changeNode(node(22), signature);
        assertSetIsValid();
        assertEq(election.candidateInfo(candidate).node, node(22));
        assertEq(election.candidateOfNode(node(2)), candidate, "the old address stays the member's for ever");
        signature = claimSignature(member(2), node(23), nodeKey(23));
        vm.expectRevert(
            abi.encodeWithSelector(IElectionCandidates.ElectionNodeChangedThisEpoch.selector, START + EPOCH)
        );
        vm.prank(member(2));
        election.changeNode(node(23), signature);
        // f of 4 is 1, and one has changed
        signature = claimSignature(member(3), node(33), nodeKey(33));
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionChangeBound.selector, 1, START + EPOCH));
        vm.prank(member(3));
        election.changeNode(node(33), signature);
        nextEpoch();
        elect();
        vm.prank(member(3));
        election.changeNode(node(33), signature);
        assertSetIsValid();
    }

    /// A few who changed their nodes at each epoch's start would spend its bound, and keep their seats for ever.
    function test_RevertWhen_ASeatedNodeChangesBeforeTheEpochsElection() public {
        register(5);
        voteFor(1, STAKE, 5);
        voteFor(2, STAKE, 5);
        nextEpoch();
        bytes memory signature = claimSignature(member(1), node(11), nodeKey(11));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotHeld.selector, block.number / EPOCH));
        vm.prank(member(1));
        election.changeNode(node(11), signature);
        elect();
        assertTrue(seated(5), "the election has the whole bound");
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionChangeBound.selector, 1, START + 2 * EPOCH));
        vm.prank(member(1));
        election.changeNode(node(11), signature);
    }

    function test_RevertWhen_TheExpelledChangeTheirNode() public {
        federation.expel(member(1));
        bytes memory signature = claimSignature(member(1), node(11), nodeKey(11));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotAccountant.selector, member(1)));
        vm.prank(member(1));
        election.changeNode(node(11), signature);
    }

    function test_ACandidateWithoutASeatChangesItsNodeWithoutTheSet() public {
        register(5);
        (, , uint64 version, , ) = election.setHead();
        bytes memory signature = claimSignature(member(5), node(55), nodeKey(55));
        vm.prank(member(5));
        election.changeNode(node(55), signature);
        (, , uint64 same, , ) = election.setHead();
        assertEq(same, version);
    }

    function test_TheDepositComesBackAfterTheDelay() public {
        register(5);
        vm.startPrank(member(5));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotResigned.selector, 5));
        election.withdrawDeposit();
        election.resign();
        uint256 freeAt = block.timestamp + UNLOCK;
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionDepositHeld.selector, 5, freeAt));
        election.withdrawDeposit();
        vm.warp(freeAt);
        election.withdrawDeposit();
        assertEq(credit.balanceOf(member(5)), DEPOSIT);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionInvalidAmount.selector, 0, 0));
        election.withdrawDeposit();
        vm.stopPrank();
    }

    /// Who resigned and had to keep its seat went on sealing: its deposit answers for that a delay longer.
    function test_TheDelayOfADepositBeginsWhenTheSeatIsLeft() public {
        _electWithStandby();
        vm.prank(member(5));
        election.resign(); // f of 4 is 1
        vm.startPrank(member(6));
        election.resign();
        assertTrue(kept(6));
        skip(UNLOCK);
        nextEpoch();
        election.vacate(6);
        assertFalse(seated(6));
        uint256 freeAt = block.timestamp + UNLOCK;
        assertEq(election.candidateInfo(6).leftAt, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionDepositHeld.selector, 6, freeAt));
        election.withdrawDeposit();
        vm.warp(freeAt);
        election.withdrawDeposit();
        assertEq(credit.balanceOf(member(6)), DEPOSIT);
        vm.stopPrank();
    }

    function test_ADepositGrows() public {
        register(5);
        issue(member(5), 7);
        vm.startPrank(member(5));
        credit.approve(address(election), 7);
        vm.expectEmit(address(election));
        emit IElectionCandidates.DepositChanged(5, DEPOSIT + 7);
        election.addDeposit(7);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionInvalidAmount.selector, 0, 0));
        election.addDeposit(0);
        vm.stopPrank();
    }

    function test_RevertWhen_ThereAreTooManyCandidates() public {
        federation.admitMember(member(5), ACCOUNTANT);
        bytes memory signature = claimSignature(member(5), node(5), nodeKey(5));
        _setCandidateCount(1_000);
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionTooManyCandidates.selector, 1_000));
        vm.prank(member(5));
        election.register(node(5), signature);
    }

    function test_RevertWhen_ResigningOrStandingTwice() public {
        register(5);
        vm.startPrank(member(5));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotResigned.selector, 5));
        election.stand();
        election.resign();
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionResigned.selector, 5));
        election.resign();
        election.stand();
        assertFalse(election.wordOf(5).has(CandidateWords.RESIGNED));
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(IElectionCandidates.ElectionNotCandidate.selector, uint160(address(this)))
        );
        election.resign();
    }

    function test_RevertWhen_TheExpelledStand() public {
        register(5);
        vm.prank(member(5));
        election.resign();
        federation.expel(member(5));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotAccountant.selector, member(5)));
        vm.prank(member(5));
        election.stand();
    }

    // -------------------- elections

    function test_ThoseWithVotesTakeTheSeatsAsFastAsTheBoundLets() public {
        for (uint256 i = 5; i <= 8; ++i) register(i);
        for (uint16 i = 5; i <= 8; ++i) voteFor(i, STAKE - i, i);
        for (uint256 epochs = 1; epochs <= 4; ++epochs) {
            nextEpoch();
            elect();
            assertSetIsValid();
            uint256 newcomers;
            for (uint16 i = 5; i <= 8; ++i) if (seated(i)) ++newcomers;
            assertEq(newcomers, epochs, "f of 4 is 1 an epoch");
            assertTrue(seated(5), "the best first");
        }
        assertTrue(election.foundersLapsed());
        for (uint16 i = 1; i <= 4; ++i) assertFalse(seated(i));
    }

    function test_BelowTheTurnoutFloorTheSetStays() public {
        register(5);
        voteFor(1, SUPPLY / 20, 5);
        nextEpoch();
        address[] memory before = election.getValidators();
        elect();
        assertEq(election.getValidators(), before);
        assertFalse(election.foundersLapsed());
    }

    function test_SeatsGrowByTheBoundAnEpoch() public {
        election.setSeats(7);
        for (uint256 i = 1; i <= 4; ++i) leaveDeposit(i);
        for (uint256 i = 5; i <= 8; ++i) register(i);
        for (uint16 i = 5; i <= 8; ++i) voteFor(i, STAKE - i, i);
        uint256[4] memory sizes = [uint256(5), 6, 7, 7];
        for (uint256 i = 0; i < 4; ++i) {
            nextEpoch();
            elect();
            assertEq(election.getValidators().length, sizes[i]);
            assertSetIsValid();
        }
        assertTrue(seated(5) && seated(6) && seated(7));
        assertTrue(seated(8), "the fourth takes a founder's seat, who has no votes");
    }

    function test_EqualWeightsRankByNumber() public {
        for (uint256 i = 5; i <= 6; ++i) register(i);
        voteFor(1, STAKE, 5);
        voteFor(2, STAKE, 6);
        nextEpoch();
        elect();
        assertTrue(seated(5) && !seated(6));
    }

    function test_FoundersWithoutADepositLeaveOnceTheyLapse() public {
        register(5);
        register(6);
        voteFor(1, STAKE, 5);
        voteFor(2, STAKE, 6);
        nextEpoch();
        elect();
        assertTrue(election.foundersLapsed());
        assertTrue(seated(5));
        uint256 stay;
        for (uint16 i = 1; i <= 4; ++i) if (kept(i)) ++stay;
        assertEq(stay, 3, "the bound keeps three, who earn nothing");
        leaveDeposit(1);
        leaveDeposit(2);
        leaveDeposit(3);
        leaveDeposit(4);
        nextEpoch();
        elect();
        assertTrue(seated(6));
        for (uint16 i = 1; i <= 4; ++i) assertFalse(kept(i));
    }

    function test_RevertWhen_TheEpochIsOpen() public {
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionEpochOpen.selector, START + EPOCH));
        election.elect(new uint256[](0));
        nextEpoch();
        elect();
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionEpochOpen.selector, START + 2 * EPOCH));
        election.elect(new uint256[](0));
    }

    /// An epoch that nobody closes costs nothing but time: the next election counts what counts then.
    function test_EpochsThatNobodyClosedAreSkipped() public {
        register(5);
        voteFor(1, STAKE, 5);
        voteFor(2, STAKE, 5);
        vm.roll(block.number + 10 * EPOCH);
        elect();
        assertTrue(seated(5));
        assertEq(election.lastElection(), START / EPOCH + 10);
    }

    function test_RevertWhen_TheOrderIsNotTheOrder() public {
        for (uint256 i = 5; i <= 7; ++i) register(i);
        for (uint16 i = 5; i <= 7; ++i) voteFor(i, STAKE - i, i);
        nextEpoch();
        uint256[] memory order = orderOf(election.candidateWords());
        assertEq(order.length, 3);
        uint256[] memory swapped = orderOf(election.candidateWords());
        (swapped[0], swapped[1]) = (swapped[1], swapped[0]);
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionOrderNotSorted.selector, 1));
        election.elect(swapped);
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionOrderIncomplete.selector, 1, 2));
        election.elect(list(order[1]));
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionOrderIncomplete.selector, 2, 3));
        election.elect(list(order[0], order[2]));
        swapped[0] = order[0];
        swapped[1] = order[0]; // one twice, as long as it should be for its last
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionOrderNotSorted.selector, 1));
        election.elect(swapped);
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionOrderTooShort.selector, 2, 68));
        election.elect(list(order[0], order[1]));
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionOrderTooShort.selector, 0, 68));
        election.elect(new uint256[](0));
        vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotCandidate.selector, 8));
        election.elect(list(8));
        swapped = orderOf(election.candidateWords());
        for (uint256 unknown = 0; unknown <= 8; unknown += 8) {
            swapped[0] = unknown; // the last one counts how long the order must be
            vm.expectRevert(abi.encodeWithSelector(IElectionCandidates.ElectionNotCandidate.selector, unknown));
            election.elect(swapped);
        }
        election.elect(order);
    }

    /// Whoever is not entitled is passed over, whatever its votes.
    function test_OnlyTheEntitledAreElected() public {
        for (uint256 i = 5; i <= 8; ++i) register(i);
        for (uint16 i = 5; i <= 8; ++i) voteFor(i, STAKE - i, i);
        federation.suspend(member(5), type(uint48).max);
        federation.changeRoles(member(6), 2);
        nextEpoch();
        vm.prank(member(7));
        election.resign();
        elect();
        assertTrue(seated(8));
        assertFalse(seated(5) || seated(6) || seated(7));
    }

    function test_AMajorityVotesOutWithoutABetterCandidate() public {
        deployElection(5, 5);
        for (uint256 i = 1; i <= 5; ++i) leaveDeposit(i);
        for (uint256 i = 1; i <= 5; ++i) voteFor(i, STAKE, uint16(i));
        nextEpoch();
        elect();
        uint16 target = 2;
        for (uint256 i = 1; i <= 2; ++i) {
            vm.prank(voter(i));
            votes.backRemoval(target);
        }
        nextEpoch();
        elect();
        assertTrue(seated(target), "two of five are no majority");
        vm.prank(voter(3));
        votes.backRemoval(target);
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionNothingToVacate.selector, target));
        election.vacate(target); // not before the next epoch
        nextEpoch();
        elect();
        assertFalse(seated(target));
        assertEq(election.getValidators().length, 4);
        nextEpoch();
        elect();
        assertFalse(seated(target), "nor does its own votes' rank bring it back");
        vm.prank(voter(3));
        votes.withdrawRemoval();
        nextEpoch();
        elect();
        assertTrue(seated(target));
    }

    // -------------------- seats that are left

    function test_AResignedSeatGoesToTheNextAtOnce() public {
        _electWithStandby();
        uint16[] memory standby = election.standby();
        assertEq(standby.length, 2);
        vm.prank(member(5));
        election.resign();
        assertFalse(seated(5));
        assertTrue(seated(standby[0]));
        assertSetIsValid();
        assertEq(election.getValidators().length, 4);
    }

    function test_ASeatKeptForTheBoundEarnsNothingAndIsVacatedLater() public {
        _electWithStandby();
        vm.prank(member(5));
        election.resign(); // f of 4 is 1
        vm.expectEmit(address(election));
        emit IAccountantElection.SeatKept(6, SetCause.Resignation);
        vm.prank(member(6));
        election.resign();
        assertTrue(seated(6) && kept(6));
        (uint16 candidate, , ) = election.bookingOf(node(6));
        assertEq(candidate, 0);
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionNothingToVacate.selector, 6));
        election.vacate(6);
        nextEpoch();
        election.vacate(6);
        assertFalse(seated(6));
        assertSetIsValid();
    }

    function test_AllCandidatesResigningLeavesFour() public {
        for (uint256 i = 1; i <= 4; ++i) {
            vm.prank(member(i));
            election.resign();
            nextEpoch();
        }
        assertEq(election.getValidators().length, 4);
        for (uint256 i = 1; i <= 4; ++i) assertTrue(kept(numberOf(i)));
        elect();
        assertEq(election.getValidators().length, 4);
        assertSetIsValid();
    }

    function test_AStandingThatComesBackRestoresTheSeat() public {
        uint16 candidate = numberOf(1);
        federation.suspend(member(1), uint48(block.timestamp + 10));
        election.standingChanged(member(1));
        assertTrue(kept(candidate), "of four nobody leaves without a successor");
        skip(10);
        vm.expectEmit(address(election));
        emit IAccountantElection.SeatRestored(candidate);
        election.vacate(candidate);
        assertFalse(kept(candidate));
        (uint16 booked, address account, ) = election.bookingOf(node(1));
        assertEq(booked, candidate);
        assertEq(account, member(1));
    }

    function test_FederationTellsTheElectionAtOnce() public {
        _electWithStandby();
        federation.bindObserver(election);
        federation.expel(member(5));
        assertFalse(seated(5));
        assertTrue(seated(9));
        nextEpoch();
        federation.suspend(member(6), type(uint48).max);
        assertFalse(seated(6));
        assertTrue(seated(10));
        nextEpoch();
        federation.changeRoles(member(7), 2);
        assertTrue(seated(7) && kept(7), "nobody stands by any more");
        assertSetIsValid();
    }

    /// A decision takes the observer's work along or does not pass: an estimate of gas finds no limit between.
    function testFuzz_ADecisionPassesWithItsObserverOrNot(uint256 gas) public {
        _electWithStandby();
        federation.bindObserver(election);
        gas = bound(gas, 50_000, 600_000);
        try federation.expel{gas: gas}(member(5)) {
            assertFalse(seated(5), "its seat is left in the same transaction");
        } catch {
            assertTrue(seated(5));
        }
    }

    /// 101 seats, and a standby list on which all but the last may not sit: the most that an observer has to do.
    function test_TheObserverNeedsLessThanItGets() public {
        vm.pauseGasMetering(); // the stage costs more than a block
        deployElection(101, 101);
        for (uint256 i = 102; i <= 165; ++i) register(i);
        for (uint256 i = 1; i <= 101; ++i) leaveDeposit(i);
        for (uint256 i = 0; i < 165; i += 30) {
            uint256 count = i + 30 > 165 ? 15 : 30;
            uint256[] memory names = new uint256[](count);
            for (uint256 j = 0; j < count; ++j) names[j] = i + j + 1;
            voteFor(1_000 + i, uint64(STAKE - i), names);
        }
        nextEpoch();
        elect();
        uint16[] memory standby = election.standby();
        assertEq(standby.length, 64);
        for (uint256 i = 0; i < 63; ++i) federation.changeRoles(election.candidateInfo(standby[i]).member, 2);
        federation.expel(member(7));
        vm.resumeGasMetering();
        election.standingChanged(member(7));
        assertTrue(vm.lastCallGas().gasTotalUsed < 2_400_000, "3,000,000 are asked for");
        assertFalse(seated(numberOf(7)));
        assertTrue(seated(standby[63]));
    }

    function test_TheExpelledLoseTheirSeatAtTheNextReview() public {
        _electWithStandby();
        federation.expel(member(5));
        election.vacate(5);
        assertFalse(seated(5));
        vm.expectRevert(abi.encodeWithSelector(IAccountantElection.ElectionNothingToVacate.selector, 5));
        election.vacate(5);
        election.standingChanged(member(5)); // nothing to do is no fault here
        election.standingChanged(address(0x57A));
    }

    // -------------------- administration

    function testFuzz_RevertWhen_CallerMayNotAdminister(address caller) public {
        vm.assume(caller != address(this));
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        election.setSeats(7);
        vm.expectRevert(refusal);
        election.slash(1, 1);
        vm.expectRevert(refusal);
        election.unfreeze(1);
        vm.expectRevert(refusal);
        election.bindParts(votes, court, revenue);
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_SomebodyElseJails(address caller) public {
        vm.assume(caller != address(court));
        bytes memory refusal = abi.encodeWithSelector(IElectionParts.ElectionNotPart.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        election.jail(1);
        vm.expectRevert(refusal);
        election.release(1);
        vm.expectRevert(refusal);
        election.freeze(1);
        vm.stopPrank();
    }

    function test_RevertWhen_PartsAreBoundAgain() public {
        vm.expectRevert(abi.encodeWithSelector(IElectionParts.ElectionPartsBound.selector, address(votes)));
        election.bindParts(votes, court, revenue);
        vm.expectRevert(_invalid("seats"));
        election.setSeats(3);
    }

    // -------------------- a chain without credits

    function test_MembersElectByEqualVotes() public {
        deployEqualElection(4, 4);
        register(5);
        for (uint256 i = 1; i <= 2; ++i) {
            address account = admitVoter(i);
            vm.prank(account);
            votes.vote(list(5));
        }
        nextEpoch();
        elect();
        assertTrue(election.foundersLapsed());
        assertTrue(seated(5));
        vm.expectRevert(IElectionCandidates.ElectionWithoutCredits.selector);
        vm.prank(member(5));
        election.addDeposit(1);
        vm.expectRevert(IElectionCandidates.ElectionWithoutCredits.selector);
        vm.prank(member(5));
        election.withdrawDeposit();
    }

    // -------------------- steps

    /// Writes the count, the 16 bits behind the last election in the word that holds both.
    function _setCandidateCount(uint256 count) private {
        uint256 clear = ~(uint256(type(uint16).max) << 64);
        for (uint256 slot = 1_024; slot < 1_100; ++slot) {
            uint256 word = uint256(vm.load(address(election), bytes32(slot)));
            vm.store(address(election), bytes32(slot), bytes32((word & clear) | (count << 64)));
            if (election.candidateCount() == count) return;
            vm.store(address(election), bytes32(slot), bytes32(word));
        }
        fail("no count of candidates");
    }

    /// Candidates 5 to 8 hold the seats, 9 and 10 stand by; a new epoch has begun.
    function _electWithStandby() private {
        for (uint256 i = 5; i <= 10; ++i) register(i);
        for (uint16 i = 5; i <= 10; ++i) voteFor(i, STAKE - i, i);
        for (uint256 i = 0; i < 4; ++i) {
            nextEpoch();
            elect();
        }
        nextEpoch();
        for (uint16 i = 5; i <= 8; ++i) assertTrue(seated(i));
    }

    function _invalid(bytes32 setting) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccountantElection.ElectionInvalidSetting.selector, setting);
    }

    function _expectNoElection(
        ElectionSettings memory settings,
        Founder[] memory founders,
        bytes memory refusal
    ) private {
        vm.expectRevert(refusal);
        new AccountantElection(address(manager), settings, founders);
    }
}
