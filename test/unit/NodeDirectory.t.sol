// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Federation} from "../../contracts/federation/Federation.sol";
import {NodeDirectory} from "../../contracts/federation/NodeDirectory.sol";
import {MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {INodeDirectory} from "../../contracts/interfaces/INodeDirectory.sol";
import {Secp256k1} from "../utils/Secp256k1.sol";
import {Test} from "../utils/Test.sol";

contract NodeDirectoryTest is Test {
    /// A node's key.
    struct Key {
        uint256 privateKey;
        uint256 publicKeyX;
        uint256 publicKeyY;
        address addr;
    }

    bytes16 private constant IP = 0x00000000000000000000ffff7f000001; // 127.0.0.1
    bytes16 private constant OTHER_IP = 0x20010db8000000000000000000000001; // 2001:db8::1
    bytes32 private constant ACCOUNTS = keccak256("accounts");
    bytes32 private constant NODES = keccak256("nodes");
    uint256 private constant NOW = 1_000_000;

    Federation private federation;
    NodeDirectory private directory;
    address private member;
    address private rival;
    address private user;
    address private agent;
    address private stranger;

    function setUp() public {
        vm.warp(NOW);
        vm.roll(1_000);
        member = makeAddr("member");
        rival = makeAddr("rival");
        user = makeAddr("user");
        agent = makeAddr("agent");
        stranger = makeAddr("stranger");
        // this contract is the manager's admin, who may call what no role was given
        federation = new Federation(address(new AccessManager(address(this))));
        federation.admitMember(member, uint16(1) << uint8(MemberRole.Registrar));
        federation.admitMember(rival, 1);
        vm.prank(member);
        federation.admitUser(user, keccak256("credential"));
        directory = new NodeDirectory(federation);
    }

    // -------------------- announce

    function test_AMemberAnnouncesANodeThatSignedForIt() public {
        Key memory key = _key(1);
        INodeDirectory.Announcement memory announced = _details(key);
        bytes memory signature = _signed(key, member, announced);
        vm.expectEmit(address(directory));
        emit INodeDirectory.NodeAnnounced({
            member: member,
            node: key.addr,
            agent: agent,
            keyX: bytes32(key.publicKeyX),
            keyY: bytes32(key.publicKeyY),
            ip: IP,
            port: 30_303
        });
        vm.prank(member);
        address node = directory.announce(announced, signature);
        assertEq(node, key.addr);
        assertEq(directory.nodeCount(), 1);
        assertEq(directory.nodeCountOf(member), 1);
        _isEntry(directory.nodeOf(node), key, true);
        INodeDirectory.NodeEntry[] memory page = directory.nodesOf(0, 10);
        assertEq(page.length, 1);
        _isEntry(page[0], key, true);
    }

    function test_AnotherAnnouncementReplacesTheDetails() public {
        Key memory key = _key(1);
        _announce(key);
        _attest(key.addr, ACCOUNTS, 999);
        INodeDirectory.Announcement memory announced = _details(key);
        announced.ip = OTHER_IP;
        announced.port = 1;
        announced.agent = stranger;
        bytes memory signature = _signed(key, member, announced);
        vm.prank(member);
        directory.announce(announced, signature);
        assertEq(directory.nodeCount(), 1);
        assertEq(directory.nodeCountOf(member), 1);
        INodeDirectory.Announcement memory kept = directory.nodeOf(key.addr).announced;
        assertEq(bytes32(kept.ip), bytes32(OTHER_IP));
        assertEq(kept.port, 1);
        assertEq(kept.agent, stranger);
        assertEq(directory.attestationOf(key.addr).atBlock, 999);
    }

    function test_RevertWhen_TheCallerIsNoActiveMember() public {
        Key memory key = _key(1);
        federation.suspend(rival, uint48(NOW + 10));
        address[3] memory callers = [stranger, user, rival];
        for (uint256 i = 0; i < callers.length; ++i) {
            bytes memory signature = _signed(key, callers[i], _details(key));
            vm.prank(callers[i]);
            vm.expectRevert(abi.encodeWithSelector(INodeDirectory.NodeDirectoryInactive.selector, callers[i]));
            directory.announce(_details(key), signature);
        }
    }

    /// Whoever sees the announcement before it is mined gains nothing.
    function test_RevertWhen_AnotherMemberSubmitsTheAnnouncement() public {
        Key memory key = _key(1);
        bytes memory signature = _signed(key, member, _details(key));
        vm.prank(rival);
        vm.expectPartialRevert(INodeDirectory.NodeDirectoryWrongSignature.selector);
        directory.announce(_details(key), signature);
    }

    function testFuzz_EveryDetailIsSigned(uint8 field, uint256 change) public {
        Key memory key = _key(1);
        INodeDirectory.Announcement memory announced = _details(key);
        bytes memory signature = _signed(key, member, announced);
        change = bound(change, 1, type(uint16).max - 40_000);
        field = uint8(bound(field, 0, 4));
        if (field == 0) announced.keyX ^= bytes32(change);
        if (field == 1) announced.keyY ^= bytes32(change);
        if (field == 2) announced.agent = address(uint160(announced.agent) ^ uint160(change));
        if (field == 3) announced.ip ^= bytes16(uint128(change));
        if (field == 4) announced.port += uint16(change);
        vm.prank(member);
        vm.expectPartialRevert(INodeDirectory.NodeDirectoryWrongSignature.selector);
        directory.announce(announced, signature);
    }

    function test_RevertWhen_TheAnnouncementIsForAnotherDirectoryOrChain() public {
        Key memory key = _key(1);
        NodeDirectory other = new NodeDirectory(federation);
        bytes memory signature = _signed(key, member, _details(key));
        vm.prank(member);
        vm.expectPartialRevert(INodeDirectory.NodeDirectoryWrongSignature.selector);
        other.announce(_details(key), signature);
        vm.chainId(block.chainid + 1);
        vm.prank(member);
        vm.expectPartialRevert(INodeDirectory.NodeDirectoryWrongSignature.selector);
        directory.announce(_details(key), signature);
    }

    function test_RevertWhen_TheAnnouncementIsIncomplete() public {
        Key memory key = _key(1);
        for (uint256 i = 0; i < 3; ++i) {
            INodeDirectory.Announcement memory announced = _details(key);
            if (i == 0) announced.agent = address(0);
            if (i == 1) announced.ip = 0;
            if (i == 2) announced.port = 0;
            bytes memory signature = _signed(key, member, announced);
            vm.prank(member);
            vm.expectRevert(INodeDirectory.NodeDirectoryIncomplete.selector);
            directory.announce(announced, signature);
        }
    }

    function test_RevertWhen_TheNodeIsAnothersThoughItsKeySignedForBoth() public {
        Key memory key = _key(1);
        _announce(key);
        bytes memory signature = _signed(key, rival, _details(key));
        vm.prank(rival);
        vm.expectRevert(abi.encodeWithSelector(INodeDirectory.NodeDirectoryTaken.selector, key.addr, member));
        directory.announce(_details(key), signature);
    }

    function test_RevertWhen_AMemberAnnouncesANinth() public {
        for (uint256 i = 0; i < 8; ++i) _announce(_key(i));
        Key memory ninth = _key(8);
        bytes memory signature = _signed(ninth, member, _details(ninth));
        vm.prank(member);
        vm.expectRevert(abi.encodeWithSelector(INodeDirectory.NodeDirectoryFull.selector, 8));
        directory.announce(_details(ninth), signature);
        address gone = _key(3).addr;
        vm.prank(member);
        directory.withdraw(gone);
        vm.prank(member);
        directory.announce(_details(ninth), signature);
        assertEq(directory.nodeCountOf(member), 8);
    }

    // -------------------- whose nodes count

    function test_NodesOfASuspendedOrExpelledMemberDoNotCount() public {
        Key memory key = _key(1);
        _announce(key);
        federation.suspend(member, uint48(NOW + 10));
        _isEntry(directory.nodesOf(0, 1)[0], key, false);
        vm.warp(NOW + 10);
        _isEntry(directory.nodesOf(0, 1)[0], key, true);
        federation.expel(member);
        _isEntry(directory.nodesOf(0, 1)[0], key, false);
    }

    // -------------------- withdraw

    function test_ASuspendedMemberWithdrawsItsNode() public {
        Key memory key = _key(1);
        _announce(key);
        federation.suspend(member, uint48(NOW + 10));
        vm.expectEmit(address(directory));
        emit INodeDirectory.NodeWithdrawn(member, key.addr);
        vm.prank(member);
        directory.withdraw(key.addr);
        assertEq(directory.nodeCount(), 0);
        assertEq(directory.nodeCountOf(member), 0);
        assertEq(directory.nodeOf(key.addr).member, address(0));
    }

    function test_AWithdrawnNodeIsAnotherMembersIfItsKeySigns() public {
        Key memory key = _key(1);
        _announce(key);
        _attest(key.addr, ACCOUNTS, 999);
        vm.prank(member);
        directory.withdraw(key.addr);
        bytes memory signature = _signed(key, rival, _details(key));
        vm.prank(rival);
        directory.announce(_details(key), signature);
        assertEq(directory.nodeOf(key.addr).member, rival);
        assertEq(directory.attestationOf(key.addr).atBlock, 0);
    }

    function test_AnybodyWithdrawsAnExpelledMembersNode() public {
        Key memory key = _key(1);
        _announce(key);
        bytes memory refusal = abi.encodeWithSelector(INodeDirectory.NodeDirectoryNotMember.selector, key.addr, member);
        vm.prank(rival);
        vm.expectRevert(refusal);
        directory.withdraw(key.addr);
        federation.suspend(member, uint48(NOW + 10));
        vm.prank(rival);
        vm.expectRevert(refusal);
        directory.withdraw(key.addr);
        federation.expel(member);
        vm.prank(stranger);
        directory.withdraw(key.addr);
        assertEq(directory.nodeCount(), 0);
    }

    function test_RevertWhen_TheNodeIsUnknown() public {
        bytes memory refusal = abi.encodeWithSelector(INodeDirectory.NodeDirectoryUnknown.selector, stranger);
        vm.expectRevert(refusal);
        directory.withdraw(stranger);
        vm.expectRevert(refusal);
        directory.attest(stranger, ACCOUNTS, NODES, 1);
    }

    /// The pages hold each node once, whatever was withdrawn, and none that was.
    function testFuzz_PagesHoldWhatIsAnnounced(uint256 withdrawn, uint8 size) public {
        size = uint8(bound(size, 1, 9));
        for (uint256 i = 0; i < 8; ++i) _announce(_key(i));
        uint256 left = 8;
        for (uint256 i = 0; i < 8; ++i) {
            if (withdrawn & (1 << i) == 0) continue;
            address gone = _key(i).addr;
            vm.prank(member);
            directory.withdraw(gone);
            --left;
        }
        assertEq(directory.nodeCount(), left);
        uint256 seen;
        uint256 count;
        for (uint256 from = 0; from < left; from += size) {
            INodeDirectory.NodeEntry[] memory page = directory.nodesOf(from, size);
            for (uint256 i = 0; i < page.length; ++i) {
                for (uint256 number = 0; number < 8; ++number) {
                    if (page[i].node == _key(number).addr) seen |= 1 << number;
                }
            }
            count += page.length;
        }
        assertEq(count, left);
        assertEq(seen, ~withdrawn & 0xff);
        assertEq(directory.nodesOf(left, size).length, 0);
        assertEq(directory.nodesOf(type(uint256).max, type(uint256).max).length, 0);
    }

    function test_APageHas64NodesAtMost() public {
        for (uint256 i = 0; i < 9; ++i) {
            address other = makeAddr(string.concat("member", vm.toString(i)));
            federation.admitMember(other, 1);
            for (uint256 j = 0; j < 8; ++j) {
                Key memory key = _key(100 * (i + 1) + j);
                bytes memory signature = _signed(key, other, _details(key));
                vm.prank(other);
                directory.announce(_details(key), signature);
            }
        }
        assertEq(directory.nodeCount(), 72);
        assertEq(directory.nodesOf(0, 72).length, 64);
        assertEq(directory.nodesOf(64, 72).length, 8);
    }

    // -------------------- attest

    function test_TheAgentAttestsWhatChangedAndElseOnceADay() public {
        Key memory key = _key(1);
        _announce(key);
        vm.expectEmit(address(directory));
        emit INodeDirectory.ListsAttested(key.addr, agent, ACCOUNTS, NODES, 900);
        _attest(key.addr, ACCOUNTS, 900);
        INodeDirectory.Attestation memory kept = directory.attestationOf(key.addr);
        assertEq(kept.accountsDigest, ACCOUNTS);
        assertEq(kept.nodesDigest, NODES);
        assertEq(kept.atBlock, 900);
        assertEq(kept.attestedAt, NOW);
        _refused(abi.encodeWithSelector(INodeDirectory.NodeDirectoryUnchanged.selector, NOW + 1 days));
        _attest(key.addr, ACCOUNTS, 901);
        _attest(key.addr, keccak256("other"), 901);
        vm.prank(agent);
        directory.attest(key.addr, keccak256("other"), keccak256("other nodes"), 902);
        vm.warp(NOW + 1 days);
        vm.prank(agent);
        directory.attest(key.addr, keccak256("other"), keccak256("other nodes"), 903);
        assertEq(directory.attestationOf(key.addr).atBlock, 903);
    }

    function test_RevertWhen_AnotherAttests() public {
        Key memory key = _key(1);
        _announce(key);
        vm.prank(member);
        vm.expectRevert(abi.encodeWithSelector(INodeDirectory.NodeDirectoryNotAgent.selector, key.addr, agent));
        directory.attest(key.addr, ACCOUNTS, NODES, 999);
    }

    function test_RevertWhen_TheNodesMemberIsNotActive() public {
        Key memory key = _key(1);
        _announce(key);
        federation.suspend(member, uint48(NOW + 10));
        _refused(abi.encodeWithSelector(INodeDirectory.NodeDirectoryInactive.selector, member));
        _attest(key.addr, ACCOUNTS, 999);
    }

    function test_RevertWhen_TheBlockIsOldFutureOrBeforeTheLast() public {
        Key memory key = _key(1);
        _announce(key);
        _refused(abi.encodeWithSelector(INodeDirectory.NodeDirectoryInvalidBlock.selector, 743, 0, 1_000));
        _attest(key.addr, ACCOUNTS, 743);
        _refused(abi.encodeWithSelector(INodeDirectory.NodeDirectoryInvalidBlock.selector, 1_001, 0, 1_000));
        _attest(key.addr, ACCOUNTS, 1_001);
        _attest(key.addr, ACCOUNTS, 744);
        _refused(abi.encodeWithSelector(INodeDirectory.NodeDirectoryInvalidBlock.selector, 744, 744, 1_000));
        _attest(key.addr, NODES, 744);
        _attest(key.addr, NODES, 1_000);
    }

    // -------------------- helpers

    function _key(uint256 number) private view returns (Key memory key) {
        key.privateKey = number + 1;
        (key.publicKeyX, key.publicKeyY) = Secp256k1.publicKey(key.privateKey);
        key.addr = vm.addr(key.privateKey);
    }

    function _details(Key memory key) private view returns (INodeDirectory.Announcement memory announced) {
        announced.keyX = bytes32(key.publicKeyX);
        announced.keyY = bytes32(key.publicKeyY);
        announced.agent = agent;
        announced.ip = IP;
        announced.port = 30_303;
    }

    function _announce(Key memory key) private {
        bytes memory signature = _signed(key, member, _details(key));
        vm.prank(member);
        directory.announce(_details(key), signature);
    }

    function _attest(address node, bytes32 accountsDigest, uint48 atBlock) private {
        vm.prank(agent);
        directory.attest(node, accountsDigest, NODES, atBlock);
    }

    function _refused(bytes memory refusal) private {
        vm.expectRevert(refusal);
    }

    /// The message as EIP-712 writes it, each field a word.
    function _signed(
        Key memory key,
        address forMember,
        INodeDirectory.Announcement memory announced
    ) private view returns (bytes memory signature) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "NodeAnnouncement(address member,bytes32 keyX,bytes32 keyY,address agent,bytes16 ip,uint16 port)"
                ),
                forMember,
                announced.keyX,
                announced.keyY,
                announced.agent,
                announced.ip,
                announced.port
            )
        );
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Commonwatt NodeDirectory"),
                keccak256("1"),
                block.chainid,
                address(directory)
            )
        );
        return signBytes(key.privateKey, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
    }

    function _isEntry(INodeDirectory.NodeEntry memory entry, Key memory key, bool counts) private view {
        assertEq(entry.node, key.addr);
        assertEq(entry.member, member);
        assertEq(entry.counts, counts);
        assertEq(entry.announced.keyX, bytes32(key.publicKeyX));
        assertEq(entry.announced.keyY, bytes32(key.publicKeyY));
        assertEq(entry.announced.agent, agent);
        assertEq(bytes32(entry.announced.ip), bytes32(IP));
        assertEq(entry.announced.port, 30_303);
    }
}
