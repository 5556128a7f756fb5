// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {EmergencySuspension} from "../../contracts/federation/EmergencySuspension.sol";
import {IAccountantSeats} from "../../contracts/interfaces/IAccountantSeats.sol";
import {IEmergencySuspension} from "../../contracts/interfaces/IEmergencySuspension.sol";
import {IFederation, Standing} from "../../contracts/interfaces/IFederation.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {GovernanceFixture} from "../utils/GovernanceFixture.sol";

contract EmergencySuspensionTest is GovernanceFixture {
    function setUp() public {
        deployGoverned(20); // two at once, seven are a third
    }

    // -------------------- by a regulator

    function test_ARegulatorSuspendsAtOnceAndForAShortTime() public {
        vm.expectEmit(address(federation));
        emit IFederation.AccountSuspended(founders[5], uint48(NOW + DURATION), address(emergency), false);
        vm.expectEmit(address(emergency));
        emit IEmergencySuspension.SuspendedInEmergency(founders[5], uint48(NOW + DURATION), regulator, 0);
        _byRegulator(founders[5]);
        assertEq(uint256(federation.standingOf(founders[5])), uint256(Standing.Suspended));
        assertEq(federation.getVotes(founders[5]), 1, "keeps its vote");
        vm.warp(NOW + DURATION - 1);
        assertFalse(federation.isActive(founders[5]));
        vm.warp(NOW + DURATION);
        assertTrue(federation.isActive(founders[5]), "ends by itself");
        assertEq(emergency.running().length, 0);
    }

    function test_RevertWhen_SomebodyElseSuspendsAlone() public {
        _expect1(IEmergencySuspension.EmergencySuspensionNotRegulator.selector, founders[1]);
        vm.prank(founders[1]);
        emergency.suspendByRegulator(founders[5]);
    }

    function test_RevertWhen_ASuspendedRegulatorSuspends() public {
        vm.prank(address(governor));
        federation.suspend(regulator, type(uint48).max);
        _expect1(IEmergencySuspension.EmergencySuspensionNotRegulator.selector, regulator);
        _byRegulator(founders[5]);
    }

    /// The accuser waits from the end of the suspension, and longer than it lasted.
    function test_RevertWhen_ARegulatorAccusesAgainBeforeItsWaitIsOver() public {
        _byRegulator(founders[5]);
        uint256 waitEnd = NOW + DURATION + WAIT;
        assertEq(uint256(emergency.waitsUntil(regulator)), waitEnd);
        vm.warp(waitEnd - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IEmergencySuspension.EmergencySuspensionWaiting.selector, regulator, waitEnd)
        );
        _byRegulator(founders[6]);
        vm.warp(waitEnd);
        _byRegulator(founders[6]);
        assertFalse(federation.isActive(founders[6]));
    }

    // -------------------- by members

    function test_AThirdOfTheMembersSuspendsAtOnce() public {
        address[] memory backers = _backed(founders[19], 1, 7);
        vm.expectEmit(address(emergency));
        emit IEmergencySuspension.SuspendedInEmergency(founders[19], uint48(NOW + DURATION), address(0), 7);
        vm.prank(makeAddr("anybody"));
        emergency.suspendByMembers(founders[19], backers);
        assertFalse(federation.isActive(founders[19]));
        for (uint256 i = 0; i < backers.length; ++i) {
            assertEq(emergency.backingOf(backers[i]), address(0), "used up");
            assertEq(uint256(emergency.waitsUntil(backers[i])), NOW + DURATION + WAIT);
        }
    }

    /// A regulator that backed somebody, then suspended another by itself, waits with its backing.
    function test_RevertWhen_AWaitingAccuserIsNamedAsBacker() public {
        address[] memory backers = _backed(founders[19], 0, 7);
        _byRegulator(founders[18]);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEmergencySuspension.EmergencySuspensionWaiting.selector,
                regulator,
                NOW + DURATION + WAIT
            )
        );
        emergency.suspendByMembers(founders[19], backers);
    }

    function testFuzz_FewerThanAThirdSuspendNobody(uint256 members, uint256 backers) public {
        members = bound(members, 2, 12);
        backers = bound(backers, 0, members);
        delete founders;
        deployGoverned(members);
        address[] memory named = _backed(founders[0], 0, backers);
        if (backers * 3 < members) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IEmergencySuspension.EmergencySuspensionTooFewBackers.selector,
                    backers,
                    (members + 2) / 3
                )
            );
        }
        emergency.suspendByMembers(founders[0], named);
        assertEq(federation.isActive(founders[0]), backers * 3 < members);
    }

    function test_AMemberBacksOneAtATime() public {
        address[] memory backers = _backed(founders[19], 1, 7);
        vm.prank(founders[4]);
        emergency.back(founders[18]);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEmergencySuspension.EmergencySuspensionNotBacker.selector,
                founders[4],
                founders[18]
            )
        );
        emergency.suspendByMembers(founders[19], backers);
        vm.prank(founders[4]);
        emergency.back(address(0));
        assertEq(emergency.backingOf(founders[4]), address(0));
    }

    function test_RevertWhen_ABackerIsNamedTwice() public {
        address[] memory backers = _backed(founders[19], 1, 7);
        backers[6] = backers[5];
        vm.expectRevert(abi.encodeWithSelector(IEmergencySuspension.EmergencySuspensionNotAscending.selector, 6));
        emergency.suspendByMembers(founders[19], backers);
    }

    function test_RevertWhen_ABackerWasExpelled() public {
        address[] memory backers = _backed(founders[19], 1, 7);
        vm.prank(address(governor));
        federation.expel(founders[3]);
        _expect1(IEmergencySuspension.EmergencySuspensionNotMember.selector, founders[3]);
        emergency.suspendByMembers(founders[19], backers);
    }

    function test_RevertWhen_SomebodyElseBacks() public {
        address stranger = makeAddr("stranger");
        _expect1(IEmergencySuspension.EmergencySuspensionNotMember.selector, stranger);
        vm.prank(stranger);
        emergency.back(founders[1]);
    }

    function test_RevertWhen_ABackerBacksAgainBeforeItsWaitIsOver() public {
        emergency.suspendByMembers(founders[19], _backed(founders[19], 1, 7));
        vm.warp(NOW + DURATION + WAIT - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEmergencySuspension.EmergencySuspensionWaiting.selector,
                founders[1],
                NOW + DURATION + WAIT
            )
        );
        vm.prank(founders[1]);
        emergency.back(founders[18]);
        vm.warp(NOW + DURATION + WAIT);
        vm.prank(founders[1]);
        emergency.back(founders[18]);
        assertEq(emergency.backingOf(founders[1]), founders[18]);
    }

    // -------------------- whom

    function test_RevertWhen_TheTargetIsNoMember() public {
        address alice = makeAddr("alice");
        vm.prank(founders[0]); // a registrar, too
        federation.admitUser(alice, keccak256("credential"));
        _expect1(IFederation.FederationNotMember.selector, alice);
        _byRegulator(alice);
        _expect1(IEmergencySuspension.EmergencySuspensionNotMember.selector, alice);
        vm.prank(founders[1]);
        emergency.back(alice);
    }

    /// A longer suspension by the members' vote is neither replaced nor shortened.
    function test_RevertWhen_TheTargetIsSuspendedAlready() public {
        vm.prank(address(governor));
        federation.suspend(founders[5], type(uint48).max);
        _expect1(IFederation.FederationNotActive.selector, founders[5]);
        _byRegulator(founders[5]);
    }

    function test_RevertWhen_ATargetIsSuspendedTwiceWithoutAVote() public {
        _byRegulator(founders[5]);
        vm.warp(NOW + DURATION);
        address[] memory backers = _backed(founders[5], 7, 7);
        _expect1(IEmergencySuspension.EmergencySuspensionRepeated.selector, founders[5]);
        emergency.suspendByMembers(founders[5], backers);
        bytes memory data = abi.encodeCall(IEmergencySuspension.allowAgain, (founders[5]));
        approve(address(emergency), data);
        vm.expectEmit(address(emergency));
        emit IEmergencySuspension.SuspensionAllowedAgain(founders[5]);
        execute(address(emergency), data);
        emergency.suspendByMembers(founders[5], backers);
        assertFalse(federation.isActive(founders[5]));
    }

    function test_RevertWhen_SomebodyElseAllowsAgain() public {
        _byRegulator(founders[5]);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, regulator));
        vm.prank(regulator);
        emergency.allowAgain(founders[5]);
    }

    function test_RevertWhen_NothingIsToBeAllowedAgain() public {
        _expect1(IEmergencySuspension.EmergencySuspensionNotSpent.selector, founders[5]);
        vm.prank(address(governor));
        emergency.allowAgain(founders[5]);
    }

    // -------------------- how many

    function test_RevertWhen_MoreThanATenthWouldBeSuspendedAtOnce() public {
        _byRegulator(founders[19]);
        emergency.suspendByMembers(founders[18], _backed(founders[18], 1, 7));
        assertEq(emergency.running().length, 2);
        address[] memory backers = _backed(founders[17], 8, 7);
        _expectNumber(IEmergencySuspension.EmergencySuspensionTooMany.selector, 2);
        emergency.suspendByMembers(founders[17], backers);
        vm.prank(address(governor)); // the members end one
        federation.reinstate(founders[18]);
        assertEq(emergency.running().length, 1);
        emergency.suspendByMembers(founders[17], backers);
        assertEq(emergency.running().length, 2);
    }

    function test_OneIsAlwaysPossible() public {
        delete founders;
        deployGoverned(3);
        (uint256 members, uint256 most) = emergency.limits();
        assertEq(members, 1);
        assertEq(most, 1);
        _byRegulator(founders[1]);
        assertFalse(federation.isActive(founders[1]));
    }

    function test_RevertWhen_MoreThanFSeatsWouldBeSuspendedAtOnce() public {
        seats.seat(founders[19], true);
        seats.seat(founders[18], true);
        seats.seat(founders[17], false); // a candidate without a seat
        _byRegulator(founders[19]); // f of four is one
        seats.seat(founders[19], false); // its seat went to the next candidate: it counts all the same
        address[] memory backers = _backed(founders[18], 1, 7);
        _expectNumber(IEmergencySuspension.EmergencySuspensionTooManySeats.selector, 1);
        emergency.suspendByMembers(founders[18], backers);
        uint256 before = vm.snapshotState();
        seats.setSeats(7); // f is two
        emergency.suspendByMembers(founders[18], backers);
        assertFalse(federation.isActive(founders[18]));
        vm.revertToState(before);
        emergency.suspendByMembers(founders[17], _backed(founders[17], 8, 7));
        assertFalse(federation.isActive(founders[17]), "who has no seat is not bound by them");
    }

    function testFuzz_SeatsAreBoundedByF(uint256 count) public {
        count = bound(count, 1, 101);
        seats.setSeats(count);
        (, uint256 most) = emergency.limits();
        assertEq(most, (count - 1) / 3);
    }

    function test_WithoutAnElectionNoSeatIsCounted() public {
        EmergencySuspension other = new EmergencySuspension(
            address(manager),
            federation,
            IAccountantSeats(address(0)),
            DURATION,
            WAIT
        );
        (, uint256 most) = other.limits();
        assertEq(most, type(uint256).max);
    }

    function test_WithoutAnElectionARegulatorSuspendsAMemberThatCouldSit() public {
        deployUngoverned(20);
        IAccountantSeats none = IAccountantSeats(address(0));
        emergency = new EmergencySuspension(address(manager), federation, none, DURATION, WAIT);
        manager.grantRole(Roles.EMERGENCY, address(emergency), 0);
        _byRegulator(founders[5]);
        assertFalse(federation.isActive(founders[5]));
        assertEq(emergency.running().length, 1);
    }

    function test_RevertWhen_AccusersWouldNotWaitLongerThanASuspensionLasts() public {
        uint48[2][2] memory times = [[DURATION, DURATION], [uint48(0), WAIT]];
        for (uint256 i = 0; i < times.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IEmergencySuspension.EmergencySuspensionInvalidTimes.selector,
                    times[i][0],
                    times[i][1]
                )
            );
            new EmergencySuspension(address(manager), federation, seats, times[i][0], times[i][1]);
        }
    }

    function test_ItSaysItsTimes() public view {
        assertEq(uint256(emergency.durationSeconds()), DURATION);
        assertEq(uint256(emergency.waitSeconds()), WAIT);
    }

    // -------------------- helpers

    function _byRegulator(address target) private {
        vm.prank(regulator);
        emergency.suspendByRegulator(target);
    }

    /// `count` founders from `first` on back the target's suspension.
    function _backed(address target, uint256 first, uint256 count) private returns (address[] memory backers) {
        backers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            backers[i] = founders[first + i];
            vm.prank(backers[i]);
            emergency.back(target);
        }
    }

    function _expect1(bytes4 selector, address account) private {
        vm.expectRevert(abi.encodeWithSelector(selector, account));
    }

    function _expectNumber(bytes4 selector, uint256 number) private {
        vm.expectRevert(abi.encodeWithSelector(selector, number));
    }
}
