// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Federation} from "../../contracts/federation/Federation.sol";
import {AccountKind, IFederation, MemberRole, Standing} from "../../contracts/interfaces/IFederation.sol";
import {IStandingObserver} from "../../contracts/interfaces/IStandingObserver.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Test} from "../utils/Test.sol";

/// @dev An observer that remembers whom it was told of, or fails.
contract StandingWitness is IStandingObserver {
    error StandingWitnessFails();

    address public lastTold;
    bool private fails;

    function fail() external {
        fails = true;
    }

    function standingChanged(address account) external {
        if (fails) revert StandingWitnessFails();
        lastTold = account;
    }
}

contract FederationTest is Test {
    uint16 private constant ALL_ROLES = 511; // nine roles
    bytes32 private constant CREDENTIAL = keccak256("alice, salted");

    AccessManager private manager;
    Federation private federation;
    address private council;
    address private registrar;
    address private otherRegistrar;
    address private member;
    address private alice;

    function setUp() public {
        council = makeAddr("council");
        registrar = makeAddr("registrar");
        otherRegistrar = makeAddr("other registrar");
        member = makeAddr("member");
        alice = makeAddr("alice");
        manager = new AccessManager(address(this));
        federation = new Federation(address(manager));
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = IFederation.admitMember.selector;
        selectors[1] = IFederation.changeRoles.selector;
        selectors[2] = IFederation.suspend.selector;
        selectors[3] = IFederation.reinstate.selector;
        selectors[4] = IFederation.expel.selector;
        manager.setTargetFunctionRole(address(federation), selectors, Roles.COUNCIL);
        manager.grantRole(Roles.COUNCIL, council, 0);
        vm.warp(1_000_000);
        _admit(registrar, _bit(MemberRole.Registrar));
        _admit(otherRegistrar, _bit(MemberRole.Registrar));
    }

    // -------------------- members with a role

    function test_MembersAreCountedByRoleUntilTheyLoseItOrAreExpelled() public {
        _admit(member, _bit(MemberRole.Supplier) | _bit(MemberRole.MeteringOperator));
        assertEq(federation.memberCountOf(MemberRole.Supplier), 1);
        assertEq(federation.memberCountOf(MemberRole.MeteringOperator), 1);
        assertEq(federation.memberCountOf(MemberRole.GridOperator), 0);
        _suspend(member, 1_000_100);
        assertEq(federation.memberCountOf(MemberRole.MeteringOperator), 1, "suspended ones count");
        vm.prank(council);
        federation.changeRoles(member, _bit(MemberRole.MeteringOperator) | _bit(MemberRole.GridOperator));
        assertEq(federation.memberCountOf(MemberRole.Supplier), 0);
        assertEq(federation.memberCountOf(MemberRole.MeteringOperator), 1);
        assertEq(federation.memberCountOf(MemberRole.GridOperator), 1);
        _expel(member);
        assertEq(federation.memberCountOf(MemberRole.MeteringOperator), 0);
        assertEq(federation.memberCountOf(MemberRole.GridOperator), 0);
    }

    // -------------------- votes

    function test_AMemberHasOneVoteFromItsAdmissionToItsExpulsion() public {
        vm.roll(10);
        _admit(member, _bit(MemberRole.Supplier));
        assertEq(federation.getVotes(member), 1);
        assertEq(federation.delegates(member), member);
        vm.roll(20);
        _expel(member);
        assertEq(federation.getVotes(member), 0);
        assertEq(federation.delegates(member), address(0));
        vm.roll(21);
        assertEq(federation.getPastVotes(member, 9), 0);
        assertEq(federation.getPastVotes(member, 10), 1);
        assertEq(federation.getPastVotes(member, 19), 1);
        assertEq(federation.getPastVotes(member, 20), 0);
        assertEq(federation.getPastTotalSupply(9), 2);
        assertEq(federation.getPastTotalSupply(19), 3);
        assertEq(federation.getPastTotalSupply(20), 2);
    }

    function test_TheSuspendedKeepTheirVote() public {
        _suspend(registrar, federation.UNTIL_REINSTATED());
        assertEq(federation.getVotes(registrar), 1);
    }

    function test_AUserHasNoVote() public {
        _admitAlice();
        assertEq(federation.getVotes(alice), 0);
        assertEq(federation.delegates(alice), address(0));
        _expel(alice);
        assertEq(federation.memberCount(), 2);
    }

    function test_RevertWhen_AVoteIsDelegated() public {
        vm.expectRevert(IFederation.FederationNoDelegation.selector);
        vm.prank(registrar);
        federation.delegate(otherRegistrar);
        vm.expectRevert(IFederation.FederationNoDelegation.selector);
        federation.delegateBySig(otherRegistrar, 0, type(uint256).max, 27, bytes32(uint256(1)), bytes32(uint256(1)));
        assertEq(federation.getVotes(registrar), 1);
    }

    function test_RevertWhen_TheLastMemberIsExpelled() public {
        _expel(otherRegistrar);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationLastMember.selector, registrar));
        _expel(registrar);
    }

    // -------------------- suspendInEmergency

    function test_AnEmergencySuspensionHoldsAtOnceAndIsNotTheCouncils() public {
        _suspend(registrar, 1_000_010);
        vm.warp(1_000_010);
        vm.expectEmit(address(federation));
        emit IFederation.AccountSuspended(registrar, 1_000_100, address(this), false);
        federation.suspendInEmergency(registrar, 1_000_100);
        assertFalse(federation.isActive(registrar));
        assertFalse(federation.accountOf(registrar).suspendedByCouncil);
        _reinstate(registrar); // a decision of the members ends it
        assertTrue(federation.isActive(registrar));
    }

    function test_RevertWhen_SomebodyElseSuspendsInAnEmergency() public {
        vm.expectRevert(_unauthorized(council));
        vm.prank(council);
        federation.suspendInEmergency(registrar, 1_000_100);
    }

    function test_RevertWhen_AnEmergencySuspensionIsOfNoActiveMember() public {
        _admitAlice();
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotMember.selector, alice));
        federation.suspendInEmergency(alice, 1_000_100);
        _suspend(registrar, 2_000_000);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotActive.selector, registrar));
        federation.suspendInEmergency(registrar, 1_000_100);
        _admit(member, 1);
        _expel(member);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotActive.selector, member));
        federation.suspendInEmergency(member, 1_000_100);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationSuspensionPast.selector, 1_000_000));
        federation.suspendInEmergency(otherRegistrar, 1_000_000);
    }

    // -------------------- admitMember

    function test_AdmitMemberGivesRolesAtOnce() public {
        vm.expectEmit(address(federation));
        emit IFederation.MemberAdmitted(member, _bit(MemberRole.Supplier) | _bit(MemberRole.GridOperator));
        _admit(member, _bit(MemberRole.Supplier) | _bit(MemberRole.GridOperator));
        assertTrue(federation.isActive(member));
        assertTrue(federation.isMember(member));
        assertTrue(federation.hasRole(member, MemberRole.Supplier));
        assertTrue(federation.hasRole(member, MemberRole.GridOperator));
        assertFalse(federation.hasRole(member, MemberRole.MeteringOperator));
        assertEq(federation.memberCount(), 3);
        IFederation.Account memory record = federation.accountOf(member);
        assertEq(uint256(record.kind), uint256(AccountKind.Member));
        assertEq(record.registrar, address(0));
    }

    function testFuzz_AMemberHasExactlyItsRoles(uint16 roles) public {
        if (roles == 0 || roles > ALL_ROLES) {
            vm.expectRevert(abi.encodeWithSelector(IFederation.FederationInvalidRoles.selector, roles));
            _admit(member, roles);
            return;
        }
        _admit(member, roles);
        for (uint8 i = 0; i <= uint8(type(MemberRole).max); ++i) {
            assertEq(federation.hasRole(member, MemberRole(i)), roles & (1 << i) != 0);
        }
    }

    function test_RevertWhen_AnybodyElseAdmitsAMember() public {
        vm.expectRevert(_unauthorized(registrar));
        vm.prank(registrar);
        federation.admitMember(member, 1);
    }

    function test_RevertWhen_AMemberIsTheZeroAddress() public {
        vm.expectRevert(IFederation.FederationZeroAccount.selector);
        _admit(address(0), 1);
    }

    function test_RevertWhen_AMemberIsAdmittedTwice() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExists.selector, registrar));
        _admit(registrar, 1);
    }

    function test_RevertWhen_AUserIsAdmittedAsAMember() public {
        _admitAlice();
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExists.selector, alice));
        _admit(alice, 1);
    }

    function test_RevertWhen_AnExpelledMemberIsAdmittedAgain() public {
        _expel(registrar);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExists.selector, registrar));
        _admit(registrar, 1);
    }

    // -------------------- changeRoles

    function test_ChangeRolesReplacesThemAtOnce() public {
        vm.expectEmit(address(federation));
        emit IFederation.MemberRolesChanged(registrar, _bit(MemberRole.Supplier));
        _changeRoles(registrar, _bit(MemberRole.Supplier));
        assertTrue(federation.hasRole(registrar, MemberRole.Supplier));
        assertFalse(federation.hasRole(registrar, MemberRole.Registrar));
    }

    function test_ChangeRolesDoesNotLiftASuspension() public {
        _suspend(registrar, 2_000_000);
        _changeRoles(registrar, ALL_ROLES);
        assertFalse(federation.hasRole(registrar, MemberRole.Registrar));
        vm.warp(2_000_000);
        assertTrue(federation.hasRole(registrar, MemberRole.Supplier));
    }

    function test_RevertWhen_AnybodyElseChangesRoles() public {
        vm.expectRevert(_unauthorized(registrar));
        vm.prank(registrar);
        federation.changeRoles(registrar, ALL_ROLES);
    }

    function test_RevertWhen_RolesAreNone() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationInvalidRoles.selector, 0));
        _changeRoles(registrar, 0);
    }

    function test_RevertWhen_AUserGetsRoles() public {
        _admitAlice();
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotMember.selector, alice));
        _changeRoles(alice, 1);
    }

    function test_RevertWhen_AStrangerGetsRoles() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotMember.selector, alice));
        _changeRoles(alice, 1);
    }

    function test_RevertWhen_AnExpelledMemberGetsRoles() public {
        _expel(registrar);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExpelled.selector, registrar));
        _changeRoles(registrar, 1);
    }

    // -------------------- admitUser

    function test_AdmitUserKeepsTheCommitmentAndTheRegistrar() public {
        vm.expectEmit(address(federation));
        emit IFederation.UserAdmitted(alice, registrar, CREDENTIAL);
        _admitAlice();
        assertTrue(federation.isActive(alice));
        assertFalse(federation.isMember(alice));
        assertEq(federation.userOfCredential(CREDENTIAL), alice);
        assertEq(federation.accountOf(alice).registrar, registrar);
        assertEq(uint256(federation.accountOf(alice).kind), uint256(AccountKind.User));
        assertEq(federation.memberCount(), 2);
    }

    function testFuzz_AUserHasNoRole(uint8 role) public {
        _admitAlice();
        assertFalse(federation.hasRole(alice, MemberRole(bound(role, 0, uint8(type(MemberRole).max)))));
    }

    function test_RevertWhen_AMemberWithoutTheRoleAdmitsAUser() public {
        _admit(member, ALL_ROLES & ~_bit(MemberRole.Registrar));
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotRegistrar.selector, member));
        vm.prank(member);
        federation.admitUser(alice, CREDENTIAL);
    }

    function test_RevertWhen_TheCouncilItselfAdmitsAUser() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotRegistrar.selector, council));
        vm.prank(council);
        federation.admitUser(alice, CREDENTIAL);
    }

    function test_RevertWhen_ASuspendedRegistrarAdmitsAUserInTheSameBlock() public {
        _suspend(registrar, federation.UNTIL_REINSTATED());
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotRegistrar.selector, registrar));
        _admitAlice();
    }

    function test_RevertWhen_AnExpelledRegistrarAdmitsAUserInTheSameBlock() public {
        _expel(registrar);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotRegistrar.selector, registrar));
        _admitAlice();
    }

    function test_RevertWhen_TheCredentialIsZero() public {
        vm.expectRevert(IFederation.FederationZeroCredential.selector);
        vm.prank(registrar);
        federation.admitUser(alice, 0);
    }

    function test_RevertWhen_TheCredentialAdmittedSomebodyBefore() public {
        _admitAlice();
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationCredentialUsed.selector, CREDENTIAL, alice));
        vm.prank(otherRegistrar);
        federation.admitUser(makeAddr("bob"), CREDENTIAL);
    }

    function test_RevertWhen_TheCredentialIsAnExpelledUsers() public {
        _admitAlice();
        _expel(alice);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationCredentialUsed.selector, CREDENTIAL, alice));
        vm.prank(registrar);
        federation.admitUser(makeAddr("alice again"), CREDENTIAL);
    }

    function test_RevertWhen_AUserIsTheZeroAddress() public {
        vm.expectRevert(IFederation.FederationZeroAccount.selector);
        vm.prank(registrar);
        federation.admitUser(address(0), CREDENTIAL);
    }

    function test_RevertWhen_AMemberIsAdmittedAsAUser() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExists.selector, registrar));
        vm.prank(registrar);
        federation.admitUser(registrar, CREDENTIAL);
    }

    // -------------------- suspend

    function test_SuspensionOfAMemberHoldsAtOnceAndEndsByItself() public {
        vm.expectEmit(address(federation));
        emit IFederation.AccountSuspended(registrar, 1_000_100, council, true);
        _suspend(registrar, 1_000_100);
        assertEq(uint256(federation.standingOf(registrar)), uint256(Standing.Suspended));
        assertFalse(federation.isActive(registrar));
        assertFalse(federation.hasRole(registrar, MemberRole.Registrar));
        assertTrue(federation.isMember(registrar), "keeps its vote");
        assertEq(federation.memberCount(), 2);
        vm.warp(1_000_099);
        assertFalse(federation.isActive(registrar));
        vm.warp(1_000_100);
        assertTrue(federation.hasRole(registrar, MemberRole.Registrar));
        assertEq(uint256(federation.standingOf(registrar)), uint256(Standing.Active));
    }

    function testFuzz_ASuspensionLastsUntilItsTime(uint48 until, uint48 later) public {
        until = uint48(bound(until, block.timestamp + 1, type(uint48).max));
        later = uint48(bound(later, block.timestamp, type(uint48).max));
        _admitAlice();
        vm.prank(registrar);
        federation.suspend(alice, until);
        vm.warp(later);
        assertEq(federation.isActive(alice), later >= until);
    }

    function test_ARegistrarSuspendsItsUser() public {
        _admitAlice();
        vm.expectEmit(address(federation));
        emit IFederation.AccountSuspended(alice, 1_000_100, registrar, false);
        vm.prank(registrar);
        federation.suspend(alice, 1_000_100);
        assertFalse(federation.isActive(alice));
    }

    function test_TheCouncilReplacesARegistrarsSuspension() public {
        _admitAlice();
        vm.prank(registrar);
        federation.suspend(alice, 1_000_100);
        _suspend(alice, 1_000_050);
        vm.warp(1_000_050);
        assertTrue(federation.isActive(alice));
    }

    function test_ARegistrarSuspendsAgainAfterTheCouncilsSuspensionEnded() public {
        _admitAlice();
        _suspend(alice, 1_000_050);
        vm.warp(1_000_050);
        vm.prank(registrar);
        federation.suspend(alice, 1_000_100);
        assertFalse(federation.isActive(alice));
        assertFalse(federation.accountOf(alice).suspendedByCouncil);
    }

    function test_RevertWhen_ARegistrarShortensTheCouncilsSuspension() public {
        _admitAlice();
        _suspend(alice, 2_000_000);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationSuspendedByCouncil.selector, alice));
        vm.prank(registrar);
        federation.suspend(alice, 1_000_001);
    }

    function test_RevertWhen_AnotherRegistrarSuspendsTheUser() public {
        _admitAlice();
        vm.expectRevert(_unauthorized(otherRegistrar));
        vm.prank(otherRegistrar);
        federation.suspend(alice, 2_000_000);
    }

    function test_RevertWhen_AMemberSuspendsAMember() public {
        vm.expectRevert(_unauthorized(registrar));
        vm.prank(registrar);
        federation.suspend(otherRegistrar, 2_000_000);
    }

    function test_RevertWhen_TheRegistrarLostItsRole() public {
        _admitAlice();
        _changeRoles(registrar, _bit(MemberRole.Supplier));
        vm.expectRevert(_unauthorized(registrar));
        vm.prank(registrar);
        federation.suspend(alice, 2_000_000);
    }

    function test_RevertWhen_TheSuspensionIsPast() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationSuspensionPast.selector, 1_000_000));
        _suspend(registrar, 1_000_000);
    }

    function test_RevertWhen_AStrangerIsSuspended() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationUnknownAccount.selector, alice));
        _suspend(alice, 2_000_000);
    }

    function test_RevertWhen_AnExpelledAccountIsSuspended() public {
        _expel(registrar);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExpelled.selector, registrar));
        _suspend(registrar, 2_000_000);
    }

    // -------------------- reinstate

    function test_ReinstateEndsASuspensionAtOnce() public {
        _suspend(registrar, federation.UNTIL_REINSTATED());
        vm.expectEmit(address(federation));
        emit IFederation.AccountReinstated(registrar, council);
        _reinstate(registrar);
        assertTrue(federation.hasRole(registrar, MemberRole.Registrar));
        assertEq(uint256(federation.accountOf(registrar).suspendedUntil), 0);
    }

    function test_ARegistrarReinstatesWhomItSuspended() public {
        _admitAlice();
        vm.startPrank(registrar);
        federation.suspend(alice, 2_000_000);
        federation.reinstate(alice);
        vm.stopPrank();
        assertTrue(federation.isActive(alice));
    }

    function test_RevertWhen_ARegistrarReinstatesWhomTheCouncilSuspended() public {
        _admitAlice();
        _suspend(alice, 2_000_000);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationSuspendedByCouncil.selector, alice));
        vm.prank(registrar);
        federation.reinstate(alice);
    }

    function test_RevertWhen_ASuspendedMemberReinstatesItself() public {
        _suspend(registrar, 2_000_000);
        vm.expectRevert(_unauthorized(registrar));
        vm.prank(registrar);
        federation.reinstate(registrar);
    }

    function test_RevertWhen_NobodyIsSuspended() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotSuspended.selector, registrar));
        _reinstate(registrar);
    }

    function test_RevertWhen_TheSuspensionEndedAlready() public {
        _suspend(registrar, 1_000_001);
        vm.warp(1_000_001);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationNotSuspended.selector, registrar));
        _reinstate(registrar);
    }

    function test_RevertWhen_AnExpelledAccountIsReinstated() public {
        _expel(registrar);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExpelled.selector, registrar));
        _reinstate(registrar);
    }

    function test_RevertWhen_AStrangerIsReinstated() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationUnknownAccount.selector, alice));
        _reinstate(alice);
    }

    // -------------------- expel

    function test_ExpulsionOfAMemberIsFinalAndTakesItsVote() public {
        vm.expectEmit(address(federation));
        emit IFederation.AccountExpelled(registrar, council);
        _expel(registrar);
        assertEq(uint256(federation.standingOf(registrar)), uint256(Standing.Expelled));
        assertFalse(federation.isActive(registrar));
        assertFalse(federation.hasRole(registrar, MemberRole.Registrar));
        assertFalse(federation.isMember(registrar));
        assertEq(federation.memberCount(), 1);
        vm.warp(type(uint48).max);
        assertFalse(federation.isActive(registrar));
    }

    function test_ARegistrarExpelsItsUserEvenOneSuspendedByTheCouncil() public {
        _admitAlice();
        _suspend(alice, 2_000_000);
        vm.prank(registrar);
        federation.expel(alice);
        assertEq(uint256(federation.standingOf(alice)), uint256(Standing.Expelled));
        assertEq(federation.memberCount(), 2);
    }

    function test_UsersStayWhenTheirRegistrarIsExpelledAndAreTheCouncilsToExpel() public {
        _admitAlice();
        _expel(registrar);
        assertTrue(federation.isActive(alice));
        vm.expectRevert(_unauthorized(registrar));
        vm.prank(registrar);
        federation.expel(alice);
        _expel(alice);
        assertFalse(federation.isActive(alice));
    }

    function test_RevertWhen_AnotherRegistrarExpelsTheUser() public {
        _admitAlice();
        vm.expectRevert(_unauthorized(otherRegistrar));
        vm.prank(otherRegistrar);
        federation.expel(alice);
    }

    function test_RevertWhen_AUserExpelsAMember() public {
        _admitAlice();
        vm.expectRevert(_unauthorized(alice));
        vm.prank(alice);
        federation.expel(registrar);
    }

    function test_RevertWhen_ExpelledTwice() public {
        _expel(registrar);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExpelled.selector, registrar));
        _expel(registrar);
    }

    function test_RevertWhen_AStrangerIsExpelled() public {
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationUnknownAccount.selector, alice));
        _expel(alice);
    }

    // -------------------- strangers

    function testFuzz_AStrangerIsNobody(address stranger) public view {
        vm.assume(stranger != registrar && stranger != otherRegistrar);
        assertFalse(federation.isActive(stranger));
        assertFalse(federation.isMember(stranger));
        assertFalse(federation.hasRole(stranger, MemberRole.Accountant));
        assertEq(uint256(federation.standingOf(stranger)), uint256(Standing.None));
    }

    // -------------------- helpers

    function _bit(MemberRole role) private pure returns (uint16) {
        return uint16(1 << uint8(role));
    }

    function _unauthorized(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
    }

    // -------------------- observer

    function test_TheObserverIsToldOfWhatIsTakenAway() public {
        StandingWitness witness = new StandingWitness();
        vm.expectEmit(address(federation));
        emit IFederation.ObserverBound(address(witness));
        federation.bindObserver(witness);
        _admitAlice();
        assertEq(witness.lastTold(), address(0), "an admission takes nothing away");
        _changeRoles(registrar, uint16(1 << uint8(MemberRole.Registrar)) | 1);
        assertEq(witness.lastTold(), registrar);
        _suspend(alice, type(uint48).max);
        assertEq(witness.lastTold(), alice);
        federation.suspendInEmergency(otherRegistrar, uint48(block.timestamp + 1));
        assertEq(witness.lastTold(), otherRegistrar);
        _expel(registrar);
        assertEq(witness.lastTold(), registrar);
    }

    function test_AnObserverThatFailsStopsNothing() public {
        StandingWitness witness = new StandingWitness();
        witness.fail();
        federation.bindObserver(witness);
        _expel(registrar);
        assertFalse(federation.isMember(registrar));
    }

    function test_RevertWhen_TheObserverIsBoundAgainOrByOthers() public {
        StandingWitness witness = new StandingWitness();
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, council));
        vm.prank(council);
        federation.bindObserver(witness);
        federation.bindObserver(witness);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationObserverBound.selector, address(witness)));
        federation.bindObserver(witness);
    }

    function _admit(address account, uint16 roles) private {
        vm.prank(council);
        federation.admitMember(account, roles);
    }

    function _changeRoles(address account, uint16 roles) private {
        vm.prank(council);
        federation.changeRoles(account, roles);
    }

    function _admitAlice() private {
        vm.prank(registrar);
        federation.admitUser(alice, CREDENTIAL);
    }

    function _suspend(address account, uint48 until) private {
        vm.prank(council);
        federation.suspend(account, until);
    }

    function _reinstate(address account) private {
        vm.prank(council);
        federation.reinstate(account);
    }

    function _expel(address account) private {
        vm.prank(council);
        federation.expel(account);
    }
}
