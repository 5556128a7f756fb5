// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Federation} from "../../contracts/federation/Federation.sol";
import {FederationAccessManager} from "../../contracts/federation/FederationAccessManager.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IFederationAccessManager} from "../../contracts/interfaces/IFederationAccessManager.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {EnergyCredit} from "../../contracts/transaction-chain/energy/EnergyCredit.sol";
import {Test} from "../utils/Test.sol";

/// @notice The roles of members are worth what their standing is; those of contracts and of the admin do not ask.
contract FederationAccessManagerTest is Test {
    uint256 private constant NOW = 1_000_000;

    FederationAccessManager private manager;
    Federation private federation;
    EnergyCredit private credit;
    address private council;
    address private issuer;
    address private regulator;
    address private registrar;
    uint256 private payments;

    function setUp() public {
        vm.warp(NOW);
        (council, issuer) = (makeAddr("council"), makeAddr("issuer"));
        (regulator, registrar) = (makeAddr("regulator"), makeAddr("registrar"));
        manager = new FederationAccessManager(address(this));
        federation = new Federation(address(manager));
        credit = new EnergyCredit(address(manager));
        manager.bindFederation(federation);
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = IFederation.admitMember.selector;
        selectors[1] = IFederation.changeRoles.selector;
        selectors[2] = IFederation.suspend.selector;
        selectors[3] = IFederation.reinstate.selector;
        selectors[4] = IFederation.expel.selector;
        manager.setTargetFunctionRole(address(federation), selectors, Roles.COUNCIL);
        bytes4[] memory issuing = new bytes4[](1);
        issuing[0] = EnergyCredit.issue.selector;
        manager.setTargetFunctionRole(address(credit), issuing, Roles.ISSUER);
        manager.grantRole(Roles.COUNCIL, council, 0);
        manager.grantRole(Roles.ISSUER, issuer, 0);
        manager.grantRole(Roles.REGULATOR, regulator, 0);
        _admit(issuer, MemberRole.ServiceProvider);
        _admit(regulator, MemberRole.Regulator);
        _admit(registrar, MemberRole.Registrar);
    }

    // -------------------- bindFederation

    function test_BindingNamesTheFederation() public {
        FederationAccessManager other = new FederationAccessManager(address(this));
        vm.expectEmit(address(other));
        emit IFederationAccessManager.FederationBound(address(federation));
        other.bindFederation(federation);
        assertEq(address(other.federation()), address(federation));
    }

    function test_RevertWhen_AnotherFederationIsBound() public {
        Federation another = new Federation(address(manager));
        vm.expectRevert(
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerBound.selector, address(federation))
        );
        manager.bindFederation(another);
    }

    function test_RevertWhen_NoFederationIsBound() public {
        FederationAccessManager other = new FederationAccessManager(address(this));
        vm.expectRevert(IFederationAccessManager.FederationAccessManagerZeroFederation.selector);
        other.bindFederation(IFederation(address(0)));
    }

    function test_RevertWhen_SomebodyElseBinds() public {
        FederationAccessManager other = new FederationAccessManager(address(this));
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerUnauthorizedAccount.selector,
                council,
                manager.ADMIN_ROLE()
            )
        );
        vm.prank(council);
        other.bindFederation(federation);
    }

    function test_NoMembersRoleCountsBeforeTheBinding() public {
        FederationAccessManager other = new FederationAccessManager(address(this));
        other.grantRole(Roles.COUNCIL, council, 0);
        other.grantRole(Roles.ISSUER, issuer, 0);
        other.grantRole(Roles.REGULATOR, regulator, 0);
        other.grantRole(Roles.MARKET, address(credit), 0);
        assertFalse(_has(other, Roles.COUNCIL, council));
        assertFalse(_has(other, Roles.ISSUER, issuer));
        assertFalse(_has(other, Roles.REGULATOR, regulator));
        assertTrue(_has(other, Roles.MARKET, address(credit)), "contracts are wired at any time");
        assertTrue(_has(other, other.ADMIN_ROLE(), address(this)));
    }

    // -------------------- issuer and regulator

    function test_RevertWhen_ASuspendedIssuerIssues() public {
        _issue();
        _suspend(issuer, NOW + 100);
        _expectRefused(issuer);
        _issue();
        vm.warp(NOW + 100); // the suspension ends by itself
        _issue();
        assertEq(credit.totalSupply(), 2);
    }

    function test_RevertWhen_AnExpelledIssuerIssues() public {
        _expel(issuer);
        _expectRefused(issuer);
        _issue();
    }

    function test_AReinstatedIssuerIssuesAgain() public {
        _suspend(issuer, federation.UNTIL_REINSTATED());
        vm.prank(council);
        federation.reinstate(issuer);
        _issue();
    }

    /// A role was granted, but nobody admitted its holder; or only a registrar did, as a person.
    function test_RevertWhen_TheIssuerIsNoMember() public {
        address stranger = makeAddr("stranger");
        manager.grantRole(Roles.ISSUER, stranger, 0);
        assertFalse(_has(manager, Roles.ISSUER, stranger));
        vm.prank(registrar);
        federation.admitUser(stranger, keccak256("credential"));
        assertFalse(_has(manager, Roles.ISSUER, stranger));
        _expectRefused(stranger);
        vm.prank(stranger);
        credit.issue(stranger, 1, keccak256("payment"));
    }

    function test_ARegulatorNeedsThatRoleInTheFederationToo() public {
        assertTrue(_has(manager, Roles.REGULATOR, regulator));
        vm.prank(council);
        federation.changeRoles(regulator, _bit(MemberRole.Supplier));
        assertFalse(_has(manager, Roles.REGULATOR, regulator));
        vm.prank(council);
        federation.changeRoles(regulator, _bit(MemberRole.Regulator) | _bit(MemberRole.Supplier));
        assertTrue(_has(manager, Roles.REGULATOR, regulator));
        _suspend(regulator, NOW + 1);
        assertFalse(_has(manager, Roles.REGULATOR, regulator));
        vm.warp(NOW + 1);
        _expel(regulator);
        assertFalse(_has(manager, Roles.REGULATOR, regulator));
    }

    /// Standing gives no role: that is the AccessManager's.
    function test_AnActiveMemberWithoutTheGrantHasNoRole() public {
        address second = makeAddr("second");
        _admit(second, MemberRole.Regulator);
        assertFalse(_has(manager, Roles.REGULATOR, second));
        assertFalse(_has(manager, Roles.ISSUER, second));
    }

    function test_AnExecutionDelayOfTheRoleStays() public {
        address late = makeAddr("late");
        _admit(late, MemberRole.ServiceProvider);
        manager.grantRole(Roles.ISSUER, late, 7);
        (bool isMember, uint32 delay) = manager.hasRole(Roles.ISSUER, late);
        assertTrue(isMember);
        assertEq(uint256(delay), 7);
        _suspend(late, NOW + 1);
        (isMember, delay) = manager.hasRole(Roles.ISSUER, late);
        assertFalse(isMember);
        assertEq(uint256(delay), 0);
    }

    // -------------------- council

    /// The governor is a contract that nobody admits; before it, so is the deployer's council.
    function test_ACouncilThatIsNoMemberActs() public view {
        assertTrue(_has(manager, Roles.COUNCIL, council));
    }

    function test_RevertWhen_ASuspendedMemberActsAsCouncil() public {
        address seat = makeAddr("seat");
        _admit(seat, MemberRole.Supplier);
        manager.grantRole(Roles.COUNCIL, seat, 0);
        vm.prank(seat);
        federation.suspend(issuer, uint48(NOW + 1));
        _suspend(seat, NOW + 100);
        _expectRefused(seat);
        vm.prank(seat);
        federation.reinstate(issuer);
        _expectRefused(seat); // nor does it reinstate itself
        vm.prank(seat);
        federation.reinstate(seat);
        _expectRefused(seat);
        vm.prank(seat);
        federation.admitMember(makeAddr("friend"), _bit(MemberRole.Supplier));
    }

    function test_RevertWhen_AnExpelledMemberActsAsCouncil() public {
        address seat = makeAddr("seat");
        _admit(seat, MemberRole.Supplier);
        manager.grantRole(Roles.COUNCIL, seat, 0);
        _expel(seat);
        _expectRefused(seat);
        vm.prank(seat);
        federation.expel(issuer);
    }

    /// A registrar admits whom it likes as a user, and expels its users: COUNCIL must not fall with that.
    function test_ARegistrarTakesNoCouncilAway() public {
        vm.startPrank(registrar);
        federation.admitUser(council, keccak256("credential"));
        federation.expel(council);
        vm.stopPrank();
        assertTrue(_has(manager, Roles.COUNCIL, council));
        _expel(registrar);
    }

    /// COUNCIL must not be able to shut out who may take COUNCIL away.
    function test_TheAdminDoesNotDependOnTheCouncil() public {
        _admit(address(this), MemberRole.Supplier);
        _expel(address(this));
        manager.revokeRole(Roles.COUNCIL, council);
        assertFalse(_has(manager, Roles.COUNCIL, council));
    }

    // -------------------- contracts

    function testFuzz_RolesOfContractsAskNobody(uint64 roleId, address account) public {
        roleId = uint64(bound(roleId, Roles.FIRST_OF_CONTRACTS, type(uint64).max - 1));
        if (roleId >= Roles.FIRST_OF_ADDED) account = address(credit); // contracts alone hold these
        manager.grantRole(roleId, account, 0);
        assertTrue(_has(manager, roleId, account));
    }

    /// What the deployer wires and seals before the hand-over is fixed at once.
    function test_RevertWhen_AnAddedRoleIsChangedThatWasSealedBeforeTheHandOver() public {
        uint64 role = Roles.FIRST_OF_ADDED;
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = EnergyCredit.redeemFrom.selector;
        manager.setTargetFunctionRole(address(credit), selectors, role);
        manager.sealRole(role);
        vm.expectRevert(
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerSealedRole.selector, role)
        );
        manager.grantRole(role, address(federation), 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IFederationAccessManager.FederationAccessManagerSealedFunction.selector,
                address(credit),
                selectors[0]
            )
        );
        manager.setTargetFunctionRole(address(credit), selectors, Roles.ISSUER);
    }

    // -------------------- helpers

    function _admit(address member, MemberRole role) private {
        vm.prank(council);
        federation.admitMember(member, _bit(role));
    }

    function _suspend(address account, uint256 until) private {
        vm.prank(council);
        federation.suspend(account, uint48(until));
    }

    function _expel(address account) private {
        vm.prank(council);
        federation.expel(account);
    }

    function _issue() private {
        vm.prank(issuer);
        credit.issue(issuer, 1, keccak256(abi.encode("payment", ++payments)));
    }

    function _expectRefused(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
    }

    function _has(FederationAccessManager of_, uint64 roleId, address account) private view returns (bool isMember) {
        (isMember, ) = of_.hasRole(roleId, account);
    }

    function _bit(MemberRole role) private pure returns (uint16) {
        return uint16(1 << uint8(role));
    }
}
