// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {BackupRegister} from "../../contracts/federation/BackupRegister.sol";
import {Federation} from "../../contracts/federation/Federation.sol";
import {IBackupRegister} from "../../contracts/interfaces/IBackupRegister.sol";
import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {Test} from "../utils/Test.sol";

contract BackupRegisterTest is Test {
    bytes32 private constant ROOT = keccak256("root");
    bytes32 private constant OTHER_ROOT = keccak256("other root");
    uint256 private constant NOW = 1_000_000;
    uint256 private constant PRESENT = 20_000;

    Federation private federation;
    BackupRegister private register;
    address private member;
    address private rival;
    address private user;

    function setUp() public {
        vm.warp(NOW);
        vm.roll(PRESENT);
        member = makeAddr("member");
        rival = makeAddr("rival");
        user = makeAddr("user");
        // this contract is the manager's admin, who may call what no role was given
        federation = new Federation(address(new AccessManager(address(this))));
        federation.admitMember(member, uint16(1) << uint8(MemberRole.Registrar));
        federation.admitMember(rival, 1);
        vm.prank(member);
        federation.admitUser(user, keccak256("credential"));
        register = new BackupRegister(federation);
    }

    // -------------------- publish

    function test_AMemberPublishesARange() public {
        bytes32 head = _chained(0, 0, 8_191, ROOT);
        vm.expectEmit(address(register));
        emit IBackupRegister.BackupPublished(member, 0, 8_191, ROOT, head);
        _publish(member, 0, 8_191, ROOT);
        _isLast(member, 1, 0, 8_191, ROOT, head);
    }

    function test_RangesOfOneCallAreChainedInTheirOrder() public {
        IBackupRegister.BackupRange[] memory ranges = new IBackupRegister.BackupRange[](2);
        ranges[0] = IBackupRegister.BackupRange({from: 0, to: 8_191, root: ROOT});
        ranges[1] = IBackupRegister.BackupRange({from: 8_192, to: 9_000, root: OTHER_ROOT});
        bytes32 first = _chained(0, 0, 8_191, ROOT);
        bytes32 second = _chained(first, 8_192, 9_000, OTHER_ROOT);
        vm.expectEmit(address(register));
        emit IBackupRegister.BackupPublished(member, 0, 8_191, ROOT, first);
        vm.expectEmit(address(register));
        emit IBackupRegister.BackupPublished(member, 8_192, 9_000, OTHER_ROOT, second);
        vm.prank(member);
        register.publish(ranges);
        _isLast(member, 2, 8_192, 9_000, OTHER_ROOT, second);
    }

    function test_MembersAreKeptApart() public {
        _publish(member, 0, 10, ROOT);
        _publish(rival, 0, 10, ROOT);
        _isLast(rival, 1, 0, 10, ROOT, _chained(0, 0, 10, ROOT));
        _isLast(member, 1, 0, 10, ROOT, _chained(0, 0, 10, ROOT));
        assertEq(register.lastBackupOf(user).count, 0);
    }

    function test_TheSameRangeAgainIsCounted() public {
        _publish(member, 5, 9, ROOT);
        _publish(member, 5, 9, ROOT);
        _isLast(member, 2, 5, 9, ROOT, _chained(_chained(0, 5, 9, ROOT), 5, 9, ROOT));
    }

    function test_TheLastBlockMayBeThePresentOne() public {
        _publish(member, uint48(PRESENT), uint48(PRESENT), ROOT);
        assertEq(register.lastBackupOf(member).to, PRESENT);
    }

    function test_RevertWhen_ThePublisherIsNoActiveMember() public {
        federation.suspend(rival, uint48(NOW + 10));
        address[3] memory callers = [makeAddr("stranger"), user, rival];
        for (uint256 i = 0; i < callers.length; ++i) {
            bytes memory expected = abi.encodeWithSelector(IBackupRegister.BackupRegisterInactive.selector, callers[i]);
            vm.expectRevert(expected);
            _publish(callers[i], 0, 10, ROOT);
        }
        vm.warp(NOW + 10);
        _publish(rival, 0, 10, ROOT); // its suspension has ended
    }

    function test_RevertWhen_TheCountIsWrong() public {
        uint256 most = register.MOST_RANGES();
        uint256[2] memory counts = [uint256(0), most + 1];
        for (uint256 i = 0; i < counts.length; ++i) {
            IBackupRegister.BackupRange[] memory ranges = _same(counts[i]);
            bytes memory expected = abi.encodeWithSelector(
                IBackupRegister.BackupRegisterInvalidCount.selector,
                counts[i],
                most
            );
            vm.prank(member);
            vm.expectRevert(expected);
            register.publish(ranges);
        }
        vm.prank(member);
        register.publish(_same(most));
        assertEq(register.lastBackupOf(member).count, most);
    }

    function testFuzz_ARangeIsTakenExactlyWhenItIsThere(uint48 from, uint48 to) public {
        from = uint48(bound(from, 0, PRESENT + 10));
        to = uint48(bound(to, 0, PRESENT + 10));
        bool fits = from <= to && to <= PRESENT && to - from < register.MOST_BLOCKS();
        if (!fits) {
            bytes memory expected = abi.encodeWithSelector(
                IBackupRegister.BackupRegisterInvalidRange.selector,
                from,
                to,
                PRESENT
            );
            vm.expectRevert(expected);
        }
        _publish(member, from, to, ROOT);
        assertEq(register.lastBackupOf(member).count, fits ? 1 : 0);
    }

    function test_RevertWhen_ARangeIsTooLongByOneBlock() public {
        _publish(member, 0, 8_191, ROOT);
        vm.expectPartialRevert(IBackupRegister.BackupRegisterInvalidRange.selector);
        _publish(member, 0, 8_192, ROOT);
    }

    function test_RevertWhen_TheRootIsZero() public {
        vm.expectRevert(abi.encodeWithSelector(IBackupRegister.BackupRegisterZeroRoot.selector, 7));
        _publish(member, 7, 10, 0);
    }

    // -------------------- withdraw

    function test_AMemberWithdraws() public {
        _publish(member, 0, 8_191, ROOT);
        bytes32 head = _chained(_chained(0, 0, 8_191, ROOT), 100, 9_000, 0);
        vm.expectEmit(address(register));
        emit IBackupRegister.BackupWithdrawn(member, 100, 9_000, head);
        vm.prank(member);
        register.withdraw(100, 9_000);
        _isLast(member, 2, 100, 9_000, 0, head);
    }

    /// Who may not speak for the federation may still say that it lost its copy.
    function test_ASuspendedMemberWithdraws() public {
        _publish(member, 0, 10, ROOT);
        federation.suspend(member, uint48(NOW + 10));
        vm.prank(member);
        register.withdraw(0, uint48(PRESENT));
        assertEq(register.lastBackupOf(member).count, 2);
    }

    function test_RevertWhen_NothingWasPublished() public {
        vm.prank(rival);
        vm.expectRevert(abi.encodeWithSelector(IBackupRegister.BackupRegisterNothingPublished.selector, rival));
        register.withdraw(0, 10);
    }

    function test_RevertWhen_AWithdrawnRangeIsEmptyOrInTheFuture() public {
        _publish(member, 0, 10, ROOT);
        uint48[2][2] memory wrong = [[uint48(5), 4], [uint48(0), uint48(PRESENT + 1)]];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.prank(member);
            vm.expectPartialRevert(IBackupRegister.BackupRegisterInvalidRange.selector);
            register.withdraw(wrong[i][0], wrong[i][1]);
        }
    }

    // -------------------- helpers

    function _publish(address who, uint48 from, uint48 to, bytes32 root) private {
        IBackupRegister.BackupRange[] memory ranges = new IBackupRegister.BackupRange[](1);
        ranges[0] = IBackupRegister.BackupRange({from: from, to: to, root: root});
        vm.prank(who);
        register.publish(ranges);
    }

    function _same(uint256 count) private pure returns (IBackupRegister.BackupRange[] memory ranges) {
        ranges = new IBackupRegister.BackupRange[](count);
        for (uint256 i = 0; i < count; ++i) ranges[i] = IBackupRegister.BackupRange({from: 1, to: 2, root: ROOT});
    }

    function _chained(bytes32 head, uint48 from, uint48 to, bytes32 root) private pure returns (bytes32 chained) {
        return keccak256(abi.encode(head, from, to, root));
    }

    function _isLast(address who, uint48 count, uint48 from, uint48 to, bytes32 root, bytes32 head) private view {
        IBackupRegister.LastBackup memory last = register.lastBackupOf(who);
        assertEq(last.count, count);
        assertEq(last.from, from);
        assertEq(last.to, to);
        assertEq(last.root, root);
        assertEq(last.head, head);
        assertEq(last.publishedAt, NOW);
    }
}
