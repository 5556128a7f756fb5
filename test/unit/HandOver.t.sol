// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {FederationAccessManager} from "../../contracts/federation/FederationAccessManager.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IFederationAccessManager} from "../../contracts/interfaces/IFederationAccessManager.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {GovernanceFixture} from "../utils/GovernanceFixture.sol";

/// @notice The deployer hands over to the members' governor; nothing is left to it.
contract HandOverTest is GovernanceFixture {
    uint64 private constant ADMIN = 0;

    function setUp() public {
        deployUngoverned(3);
    }

    function test_TheGovernorAdministersAloneAfterTheHandOver() public {
        vm.expectEmit(address(manager));
        emit IFederationAccessManager.HandedOver(address(governor), address(this));
        manager.handOver(address(governor));
        assertEq(manager.governor(), address(governor));
        assertTrue(_has(ADMIN, address(governor)));
        assertTrue(_has(Roles.COUNCIL, address(governor)));
        assertEq(manager.holderCountOf(ADMIN), 1);
        assertEq(manager.holderCountOf(Roles.COUNCIL), 1);
    }

    function test_TheDeployerKeepsNothing() public {
        manager.handOver(address(governor));
        assertFalse(_has(ADMIN, address(this)));
        assertFalse(_has(Roles.COUNCIL, address(this)));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(this)));
        federation.admitMember(makeAddr("friend"), bit(MemberRole.Supplier));
        bytes memory notAdmin = abi.encodeWithSelector(
            IAccessManager.AccessManagerUnauthorizedAccount.selector,
            address(this),
            ADMIN
        );
        vm.expectRevert(notAdmin);
        manager.grantRole(Roles.COUNCIL, address(this), 0);
        vm.expectRevert(notAdmin);
        manager.revokeRole(Roles.COUNCIL, address(governor));
        vm.expectRevert(notAdmin);
        manager.setTargetFunctionRole(address(federation), only(IFederation.admitMember.selector), type(uint64).max);
        vm.expectRevert(notAdmin);
        manager.labelRole(Roles.COUNCIL, "COUNCIL");
        vm.expectRevert(notAdmin);
        manager.handOver(address(emergency));
        vm.expectRevert(notAdmin);
        manager.bindFederation(federation);
    }

    function test_RevertWhen_SomebodyElseHandsOver() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, founders[0], ADMIN)
        );
        vm.prank(founders[0]);
        manager.handOver(address(governor));
    }

    function test_RevertWhen_TheGovernorIsNoContract() public {
        vm.expectRevert(
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerNoContract.selector, founders[0])
        );
        manager.handOver(founders[0]);
    }

    function test_RevertWhen_NobodyCouldVote() public {
        FederationAccessManager other = new FederationAccessManager(address(this));
        vm.expectRevert(IFederationAccessManager.FederationAccessManagerNoMembers.selector);
        other.handOver(address(governor));
    }

    function test_RevertWhen_SomebodyElseAdministersToo() public {
        manager.grantRole(ADMIN, founders[0], 0);
        _expectOthers(ADMIN);
        manager.handOver(address(governor));
        manager.revokeRole(ADMIN, founders[0]);
        manager.grantRole(Roles.COUNCIL, founders[0], 0);
        _expectOthers(Roles.COUNCIL);
        manager.handOver(address(governor));
        manager.revokeRole(Roles.COUNCIL, founders[0]);
        manager.handOver(address(governor));
        assertEq(manager.governor(), address(governor));
    }

    /// A grant repeated, or a revocation of what nobody held, does not confuse the count.
    function testFuzz_HoldersAreCounted(uint64 roleId, uint256 seed) public {
        roleId = uint64(bound(roleId, 1, 20));
        uint256 expected = manager.holderCountOf(roleId);
        bool[3] memory held;
        for (uint256 i = 0; i < 12; ++i) {
            uint256 who = (seed >> (4 * i)) % 3;
            bool grants = (seed >> (4 * i + 3)) & 1 == 1;
            if (grants) manager.grantRole(roleId, founders[who], 0);
            else manager.revokeRole(roleId, founders[who]);
            if (grants && !held[who]) ++expected;
            if (!grants && held[who]) --expected;
            held[who] = grants;
        }
        assertEq(manager.holderCountOf(roleId), expected);
    }

    function test_RevertWhen_TheLastAdminLeavesBeforeTheHandOver() public {
        bytes memory lastAdmin = abi.encodeWithSelector(
            IFederationAccessManager.FederationAccessManagerLastAdmin.selector,
            address(this)
        );
        vm.expectRevert(lastAdmin);
        manager.renounceRole(ADMIN, address(this));
        vm.expectRevert(lastAdmin);
        manager.revokeRole(ADMIN, address(this));
        manager.grantRole(ADMIN, founders[0], 0);
        manager.renounceRole(ADMIN, address(this));
        assertFalse(_has(ADMIN, address(this)));
        assertTrue(_has(ADMIN, founders[0]));
    }

    function _expectOthers(uint64 roleId) private {
        vm.expectRevert(
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerOtherHolders.selector, roleId, 1)
        );
    }

    function _has(uint64 roleId, address account) private view returns (bool held) {
        (held, ) = manager.hasRole(roleId, account);
    }
}
