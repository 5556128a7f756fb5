// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IKeyDirectory} from "../../contracts/interfaces/IKeyDirectory.sol";
import {UserChainFixture} from "../utils/UserChainFixture.sol";

/// @dev A contract account that takes one digest, whatever the signature (ERC-1271).
contract ContractAccount {
    bytes32 private digest;

    function take(bytes32 digest_) external {
        digest = digest_;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return hash == digest ? this.isValidSignature.selector : bytes4(0);
    }
}

contract KeyDirectoryTest is UserChainFixture {
    bytes32 private constant KEY = keccak256("alice's first key");
    bytes32 private constant OTHER = keccak256("alice's second key");

    function setUp() public {
        setUpUserChain();
    }

    // -------------------- publish

    function test_AnybodyPublishesWhatTheAccountSigned() public {
        bytes memory signature = _signed(KEY, 1);
        vm.expectEmit(address(directory));
        emit IKeyDirectory.KeyPublished(alice, 1, KEY);
        vm.prank(stranger);
        directory.publish(alice, KEY, 1, signature);
        _current(KEY, 1);
        _entry({version: 1, key: KEY, publishedAt: NOW, endedAt: 0, revoked: false});
    }

    function test_TheNextKeyTakesThePlaceOfTheOneBefore() public {
        _publish(KEY, 1);
        vm.warp(NOW + 10);
        _publish(OTHER, 2);
        _current(OTHER, 2);
        _entry({version: 1, key: KEY, publishedAt: NOW, endedAt: NOW + 10, revoked: false});
        _entry({version: 2, key: OTHER, publishedAt: NOW + 10, endedAt: 0, revoked: false});
    }

    function test_AContractAccountSignsInItsOwnWay() public {
        ContractAccount account = new ContractAccount();
        federation.setActive(address(account), true);
        bytes32 digest = _digest(_keyHash(address(account), KEY, 1));
        _forged(address(account));
        directory.publish(address(account), KEY, 1, "");
        account.take(digest);
        directory.publish(address(account), KEY, 1, "");
        (bytes32 key, ) = directory.currentKey(address(account));
        assertEq(key, KEY);
    }

    function test_RevertWhen_TheAccountIsNotActive() public {
        bytes memory signature = _signed(KEY, 1);
        federation.setActive(alice, false);
        vm.expectRevert(abi.encodeWithSelector(IKeyDirectory.KeyDirectoryInactive.selector, alice));
        directory.publish(alice, KEY, 1, signature);
    }

    /// Every encoding of every point of the list, the ignored bit cleared and set.
    function test_RevertWhen_TheKeyIsOfLowOrder() public {
        bytes32[7] memory points = _lowOrderPoints();
        for (uint256 i = 0; i < points.length; ++i) {
            for (uint256 bit = 0; bit < 2; ++bit) {
                bytes32 key = points[i] | bytes32(bit * 0x80);
                bytes memory signature = _signed(key, 1);
                vm.expectRevert(abi.encodeWithSelector(IKeyDirectory.KeyDirectoryLowOrderKey.selector, key));
                directory.publish(alice, key, 1, signature);
            }
        }
    }

    function testFuzz_OtherKeysAreTaken(bytes32 key, uint8 point, uint8 place) public {
        bytes32[7] memory points = _lowOrderPoints();
        if (point < points.length) {
            // one bit beside a refused one; the last byte's topmost is ignored
            uint256 bit = place == 7 ? 8 : place;
            key = points[point] ^ bytes32(uint256(1) << bit);
        }
        for (uint256 i = 0; i < points.length; ++i) {
            if (key & ~bytes32(uint256(0x80)) == points[i]) return;
        }
        _publish(key, 1);
        _current(key, 1);
    }

    function testFuzz_OnlyTheNextVersionIsTaken(uint32 published, uint32 version) public {
        published = uint32(bound(published, 0, 4));
        version = uint32(bound(version, 0, 7));
        for (uint32 i = 1; i <= published; ++i) _publish(keccak256(abi.encode(i)), i);
        bytes memory signature = _signed(KEY, version);
        if (version != published + 1) _otherVersion(version, published + 1);
        directory.publish(alice, KEY, version, signature);
    }

    function test_RevertWhen_APublicationIsReplayed() public {
        bytes memory signature = _signed(KEY, 1);
        directory.publish(alice, KEY, 1, signature);
        _otherVersion(1, 2);
        directory.publish(alice, KEY, 1, signature);
        _forged(alice);
        directory.publish(alice, KEY, 2, signature);
    }

    function test_RevertWhen_TheKeyIsTheLastOne() public {
        _publish(KEY, 1);
        bytes memory signature = _signed(KEY, 2);
        bytes memory refusal = abi.encodeWithSelector(IKeyDirectory.KeyDirectorySameKey.selector, alice, 1);
        vm.expectRevert(refusal);
        directory.publish(alice, KEY, 2, signature);
        vm.prank(alice);
        directory.revoke(1);
        vm.expectRevert(refusal);
        directory.publish(alice, KEY, 2, signature);
    }

    function test_RevertWhen_AnotherSigned() public {
        (, uint256 bobKey) = makeAddrAndKey("bob");
        bytes memory signature = signBytes(bobKey, _digest(_keyHash(alice, KEY, 1)));
        _forged(alice);
        directory.publish(alice, KEY, 1, signature);
    }

    /// A signature counts for its chain, contract, account, key and version alone.
    function test_RevertWhen_AnythingElseWasSigned() public {
        bytes memory signature = _signed(KEY, 1);
        _forged(alice);
        directory.publish(alice, OTHER, 1, signature);
        _forged(bob);
        directory.publish(bob, KEY, 1, signature);
        vm.chainId(block.chainid + 1);
        _forged(alice);
        directory.publish(alice, KEY, 1, signature);
    }

    // -------------------- revoke

    function test_TheAccountRevokesItsKey() public {
        _publish(KEY, 1);
        vm.warp(NOW + 7);
        vm.expectEmit(address(directory));
        emit IKeyDirectory.KeyRevoked(alice, 1);
        vm.prank(alice);
        directory.revoke(1);
        _current(0, 1);
        _entry({version: 1, key: KEY, publishedAt: NOW, endedAt: NOW + 7, revoked: true});
        _publish(OTHER, 2);
        _current(OTHER, 2);
        _entry({version: 1, key: KEY, publishedAt: NOW, endedAt: NOW + 7, revoked: true});
    }

    function test_AnybodyRevokesWhatTheAccountSigned() public {
        _publish(KEY, 1);
        bytes memory signature = _signedRevocation(1);
        vm.prank(stranger);
        directory.revokeBySig(alice, 1, signature);
        _current(0, 1);
    }

    function test_ASuspendedAccountRevokesAllTheSame() public {
        _publish(KEY, 1);
        federation.setActive(alice, false);
        vm.prank(alice);
        directory.revoke(1);
        _current(0, 1);
    }

    function test_RevertWhen_AnotherRevokes() public {
        _publish(KEY, 1);
        _notInForce(bob, 1);
        vm.prank(bob);
        directory.revoke(1);
        (, uint256 bobKey) = makeAddrAndKey("bob");
        bytes memory signature = signBytes(bobKey, _digest(_revocationHash(alice, 1)));
        _forged(alice);
        directory.revokeBySig(alice, 1, signature);
    }

    /// A signed revocation of one version ends no later one.
    function test_RevertWhen_AnotherVersionIsRevoked() public {
        _publish(KEY, 1);
        bytes memory signature = _signedRevocation(1);
        _publish(OTHER, 2);
        _notInForce(alice, 1);
        directory.revokeBySig(alice, 1, signature);
        _forged(alice);
        directory.revokeBySig(alice, 2, signature);
        _notInForce(alice, 3);
        vm.prank(alice);
        directory.revoke(3);
        _current(OTHER, 2);
    }

    function test_RevertWhen_AKeyIsRevokedTwice() public {
        _publish(KEY, 1);
        bytes memory signature = _signedRevocation(1);
        directory.revokeBySig(alice, 1, signature);
        _notInForce(alice, 1);
        directory.revokeBySig(alice, 1, signature);
    }

    function test_RevertWhen_NothingWasPublished() public {
        _notInForce(alice, 0);
        vm.prank(alice);
        directory.revoke(0);
        _current(0, 0);
    }

    // -------------------- EIP-712, written out a second time

    function _keyHash(address account, bytes32 key, uint32 version) private pure returns (bytes32) {
        bytes32 typeHash = keccak256("EncryptionKey(address account,bytes32 key,uint32 version)");
        return keccak256(abi.encode(typeHash, account, key, version));
    }

    function _revocationHash(address account, uint32 version) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("KeyRevocation(address account,uint32 version)"), account, version));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Commonwatt KeyDirectory"),
                keccak256("1"),
                block.chainid,
                address(directory)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    // -------------------- helpers

    function _signed(bytes32 key, uint32 version) private view returns (bytes memory) {
        return signBytes(aliceKey, _digest(_keyHash(alice, key, version)));
    }

    function _signedRevocation(uint32 version) private view returns (bytes memory) {
        return signBytes(aliceKey, _digest(_revocationHash(alice, version)));
    }

    function _publish(bytes32 key, uint32 version) private {
        directory.publish(alice, key, version, _signed(key, version));
    }

    function _current(bytes32 key, uint32 version) private view {
        (bytes32 current, uint32 last) = directory.currentKey(alice);
        assertEq(current, key);
        assertEq(uint256(last), uint256(version));
        assertEq(uint256(directory.lastVersion(alice)), uint256(version));
    }

    function _entry(uint32 version, bytes32 key, uint40 publishedAt, uint40 endedAt, bool revoked) private view {
        IKeyDirectory.EncryptionKey memory entry = IKeyDirectory.EncryptionKey(key, publishedAt, endedAt, revoked);
        assertEq(abi.encode(directory.keyAt(alice, version)), abi.encode(entry));
    }

    /// @dev As numbers, from https://cr.yp.to/ecdh.html; the contract has them as bytes.
    function _lowOrderPoints() private pure returns (bytes32[7] memory points) {
        uint256 p = (uint256(1) << 255) - 19;
        uint256[7] memory numbers = [
            uint256(0),
            1,
            325606250916557431795983626356110631294008115727848805560023387167927233504,
            39382357235489614581723060781553021112529911719440698176882885853963445705823,
            p - 1,
            p,
            p + 1
        ];
        for (uint256 i = 0; i < numbers.length; ++i) points[i] = _littleEndian(numbers[i]);
    }

    function _littleEndian(uint256 number) private pure returns (bytes32 reversed) {
        for (uint256 i = 0; i < 32; ++i) {
            reversed = bytes32((uint256(reversed) << 8) | (number & 0xff));
            number >>= 8;
        }
    }

    function _forged(address account) private {
        vm.expectRevert(abi.encodeWithSelector(IKeyDirectory.KeyDirectoryForged.selector, account));
    }

    function _notInForce(address account, uint256 version) private {
        vm.expectRevert(abi.encodeWithSelector(IKeyDirectory.KeyDirectoryNotInForce.selector, account, version));
    }

    function _otherVersion(uint256 version, uint256 expected) private {
        vm.expectRevert(
            abi.encodeWithSelector(IKeyDirectory.KeyDirectoryOtherVersion.selector, alice, version, expected)
        );
    }
}
