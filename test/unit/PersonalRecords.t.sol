// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPersonalRecords} from "../../contracts/interfaces/IPersonalRecords.sol";
import {NewVersion, RecordKind, Rewrapping} from "../../contracts/types/PersonalRecordTypes.sol";
import {UserChainFixture} from "../utils/UserChainFixture.sol";

contract PersonalRecordsTest is UserChainFixture {
    function setUp() public {
        setUpUserChain();
    }

    // -------------------- put

    function test_AVersionIsOneWordAndOneEvent() public {
        NewVersion memory written = versionOf(RECORD, 1);
        vm.expectEmit(address(records));
        emit IPersonalRecords.VersionWritten(
            alice,
            RECORD,
            1,
            RecordKind.Bill,
            NOW,
            written.commitment,
            written.locator,
            written.wrapped
        );
        vm.record();
        putBy(alice, written);
        (, bytes32[] memory writes) = vm.accesses(address(records));
        assertGt(writes.length, 0);
        for (uint256 i = 1; i < writes.length; ++i) assertEq(writes[i], writes[0], "one word");
        IPersonalRecords.Record memory state = records.recordOf(alice, RECORD);
        assertEq(uint256(state.kind), uint256(RecordKind.Bill));
        assertEq(uint256(state.version), 1);
        assertEq(uint256(state.changedAt), uint256(NOW));
        assertFalse(state.erased);
        assertEq(bytes32(state.head), bytes32(_headAfter(bytes21(0), alice, written, NOW)));
    }

    function test_AnotherVersionFollowsAndTheHeadCommitsToBoth() public {
        NewVersion memory first = versionOf(RECORD, 1);
        NewVersion memory second = versionOf(RECORD, 2);
        second.locator = abi.encodePacked(bytes1(0x00), "ciphertext on the chain");
        putBy(alice, first);
        vm.warp(NOW + 100);
        putBy(alice, second);
        bytes21 head = _headAfter(_headAfter(bytes21(0), alice, first, NOW), alice, second, NOW + 100);
        assertEq(bytes32(records.recordOf(alice, RECORD).head), bytes32(head));
        assertEq(uint256(records.recordOf(alice, RECORD).version), 2);
        assertEq(uint256(records.recordOf(alice, RECORD).changedAt), uint256(NOW) + 100);
    }

    function test_IdsOfTwoOwnersDoNotMeet() public {
        putBy(alice, versionOf(RECORD, 1));
        putBy(bob, versionOf(RECORD, 1));
        putBy(bob, versionOf(RECORD, 2));
        assertEq(uint256(records.recordOf(alice, RECORD).version), 1);
        assertEq(uint256(records.recordOf(bob, RECORD).version), 2);
        assertTrue(records.recordOf(alice, RECORD).head != records.recordOf(bob, RECORD).head);
    }

    function testFuzz_TheHeadCommitsToEveryField(uint256 field, bytes32 other) public {
        NewVersion memory written = versionOf(RECORD, 1);
        uint256 snapshotTime = NOW;
        bytes21 honest = _headAfter(bytes21(0), alice, written, NOW);
        field = bound(field, 0, 4);
        if (field == 0) written.kind = RecordKind.Trip;
        if (field == 1) written.commitment = other == bytes32(0) ? bytes32(uint256(1)) : other;
        if (field == 2) written.locator = abi.encodePacked(bytes1(0x01), other);
        if (field == 3) written.wrapped = abi.encodePacked(other, wrapping(48));
        if (field == 4) vm.warp(++snapshotTime);
        putBy(alice, written);
        assertTrue(records.recordOf(alice, RECORD).head != honest);
    }

    function testFuzz_OnlyTheNextVersionIsTaken(uint32 written, uint32 version) public {
        written = uint32(bound(written, 0, 5));
        version = uint32(bound(version, 0, 8));
        for (uint32 i = 1; i <= written; ++i) putBy(alice, versionOf(RECORD, i));
        if (version != written + 1) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPersonalRecords.PersonalRecordsOtherVersion.selector,
                    RECORD,
                    version,
                    written + 1
                )
            );
        }
        putBy(alice, versionOf(RECORD, version));
        assertEq(uint256(records.recordOf(alice, RECORD).version), written + (version == written + 1 ? 1 : 0));
    }

    function test_RevertWhen_TheOwnerIsNotActive() public {
        _expect(IPersonalRecords.PersonalRecordsInactive.selector, stranger);
        putBy(stranger, versionOf(RECORD, 1));
        putBy(alice, versionOf(RECORD, 1));
        federation.setActive(alice, false);
        NewVersion[] memory versions = _batch(1, 1);
        Rewrapping[] memory rewrappings = _rewrappings(1);
        _expect(IPersonalRecords.PersonalRecordsInactive.selector, alice);
        putBy(alice, versionOf(RECORD, 2));
        _expect(IPersonalRecords.PersonalRecordsInactive.selector, alice);
        vm.prank(alice);
        records.putBatch(versions);
        _expect(IPersonalRecords.PersonalRecordsInactive.selector, alice);
        vm.prank(alice);
        records.rewrapBatch(rewrappings);
    }

    function test_RevertWhen_AnotherKindIsGiven() public {
        putBy(alice, versionOf(RECORD, 1));
        NewVersion memory second = versionOf(RECORD, 2);
        second.kind = RecordKind.Profile;
        vm.expectRevert(
            abi.encodeWithSelector(IPersonalRecords.PersonalRecordsOtherKind.selector, RECORD, RecordKind.Bill)
        );
        putBy(alice, second);
    }

    function test_RevertWhen_TheCommitmentIsZero() public {
        NewVersion memory written = versionOf(RECORD, 1);
        written.commitment = 0;
        vm.expectRevert(abi.encodeWithSelector(IPersonalRecords.PersonalRecordsZeroCommitment.selector, RECORD));
        putBy(alice, written);
    }

    function testFuzz_ALocatorIsACiphertextWithinTheBoundOrAHash(uint8 place, uint256 length) public {
        length = bound(length, 0, 1_100);
        place = uint8(bound(place, 0, 3));
        NewVersion memory written = versionOf(RECORD, 1);
        written.locator = length == 0 ? bytes("") : abi.encodePacked(bytes1(place), wrapping(length - 1));
        bool onChain = place == 0 && length >= 2 && length <= 1_025;
        bool inStores = place == 1 && length == 33;
        if (!onChain && !inStores) {
            vm.expectRevert(
                abi.encodeWithSelector(IPersonalRecords.PersonalRecordsInvalidLocator.selector, RECORD, length)
            );
        }
        putBy(alice, written);
    }

    function test_TheLongestCiphertextFitsAndNoLonger() public {
        NewVersion memory written = versionOf(RECORD, 1);
        written.locator = abi.encodePacked(bytes1(0), wrapping(records.MAX_INLINE_BYTES()));
        putBy(alice, written);
        written = versionOf(RECORD, 2);
        written.locator = abi.encodePacked(bytes1(0), wrapping(records.MAX_INLINE_BYTES() + 1));
        vm.expectRevert(abi.encodeWithSelector(IPersonalRecords.PersonalRecordsInvalidLocator.selector, RECORD, 1_026));
        putBy(alice, written);
    }

    function test_RevertWhen_TheWrappingIsTooShortOrTooLong() public {
        for (uint256 i = 0; i < 4; ++i) {
            uint256 length = [uint256(48), 49, 256, 257][i];
            NewVersion memory written = versionOf(keccak256(abi.encode(i)), 1);
            written.wrapped = wrapping(length);
            if (i == 0 || i == 3) {
                vm.expectRevert(
                    abi.encodeWithSelector(
                        IPersonalRecords.PersonalRecordsInvalidWrapping.selector,
                        written.record,
                        length
                    )
                );
            }
            putBy(alice, written);
        }
    }

    // -------------------- batches

    function test_ABatchIsWrittenInItsOrder() public {
        NewVersion[] memory versions = new NewVersion[](3);
        versions[0] = versionOf(RECORD, 1);
        versions[1] = versionOf(keccak256("other"), 1);
        versions[2] = versionOf(RECORD, 2);
        vm.prank(alice);
        records.putBatch(versions);
        assertEq(uint256(records.recordOf(alice, RECORD).version), 2);
        assertEq(uint256(records.recordOf(alice, keccak256("other")).version), 1);
    }

    function test_RevertWhen_OneOfABatchIsWrong() public {
        NewVersion[] memory versions = _batch(1, 3);
        versions[2] = versionOf(RECORD, 7);
        vm.expectRevert(abi.encodeWithSelector(IPersonalRecords.PersonalRecordsOtherVersion.selector, RECORD, 7, 1));
        vm.prank(alice);
        records.putBatch(versions);
        assertEq(uint256(records.recordOf(alice, bytes32(uint256(1))).version), 0, "none was written");
    }

    function test_RevertWhen_ABatchIsEmptyOrTooLarge() public {
        uint256 most = records.MAX_BATCH();
        NewVersion[] memory largest = _batch(1, most);
        vm.prank(alice);
        records.putBatch(largest);
        uint256[2] memory counts = [0, most + 1];
        for (uint256 i = 0; i < counts.length; ++i) {
            NewVersion[] memory versions = _batch(1_000, counts[i]);
            Rewrapping[] memory rewrappings = _rewrappings(counts[i]);
            _expect(IPersonalRecords.PersonalRecordsBatchSize.selector, counts[i]);
            vm.prank(alice);
            records.putBatch(versions);
            _expect(IPersonalRecords.PersonalRecordsBatchSize.selector, counts[i]);
            vm.prank(alice);
            records.rewrapBatch(rewrappings);
        }
    }

    // -------------------- rewrapping

    function test_ARewrappingIsAnEventAndNoState() public {
        putBy(alice, versionOf(RECORD, 1));
        putBy(alice, versionOf(RECORD, 2));
        IPersonalRecords.Record memory before = records.recordOf(alice, RECORD);
        Rewrapping[] memory rewrappings = new Rewrapping[](2);
        rewrappings[0] = rewrappingOf(RECORD, 2);
        rewrappings[1] = rewrappingOf(RECORD, 1);
        vm.expectEmit(address(records));
        emit IPersonalRecords.VersionRewrapped(alice, RECORD, 2, wrapping(81));
        vm.expectEmit(address(records));
        emit IPersonalRecords.VersionRewrapped(alice, RECORD, 1, wrapping(81));
        vm.warp(NOW + 5);
        vm.prank(alice);
        records.rewrapBatch(rewrappings);
        assertEq(abi.encode(records.recordOf(alice, RECORD)), abi.encode(before));
    }

    function test_RevertWhen_AForeignOrUnknownRecordIsRewrapped() public {
        putBy(alice, versionOf(RECORD, 1));
        Rewrapping[] memory rewrappings = new Rewrapping[](1);
        rewrappings[0] = rewrappingOf(RECORD, 1);
        vm.expectRevert(abi.encodeWithSelector(IPersonalRecords.PersonalRecordsUnknown.selector, bob, RECORD));
        vm.prank(bob);
        records.rewrapBatch(rewrappings);
    }

    function test_RevertWhen_AnUnwrittenVersionIsRewrapped() public {
        putBy(alice, versionOf(RECORD, 1));
        for (uint32 version = 0; version <= 2; version += 2) {
            Rewrapping[] memory rewrappings = new Rewrapping[](1);
            rewrappings[0] = rewrappingOf(RECORD, version);
            vm.expectRevert(
                abi.encodeWithSelector(IPersonalRecords.PersonalRecordsVersionUnwritten.selector, RECORD, version, 1)
            );
            vm.prank(alice);
            records.rewrapBatch(rewrappings);
        }
    }

    function test_RevertWhen_ARewrappingIsMalformed() public {
        putBy(alice, versionOf(RECORD, 1));
        Rewrapping[] memory rewrappings = new Rewrapping[](1);
        rewrappings[0] = Rewrapping({record: RECORD, version: 1, wrapped: wrapping(48)});
        vm.expectRevert(abi.encodeWithSelector(IPersonalRecords.PersonalRecordsInvalidWrapping.selector, RECORD, 48));
        vm.prank(alice);
        records.rewrapBatch(rewrappings);
    }

    // -------------------- erasure

    function test_AnErasureSaysWhenAndIsTheLastLink() public {
        putBy(alice, versionOf(RECORD, 1));
        bytes21 before = records.recordOf(alice, RECORD).head;
        vm.warp(NOW + 9);
        vm.expectEmit(address(records));
        emit IPersonalRecords.RecordErased(alice, RECORD, NOW + 9, RECEIPTS);
        vm.prank(alice);
        records.erase(RECORD, RECEIPTS);
        IPersonalRecords.Record memory state = records.recordOf(alice, RECORD);
        assertTrue(state.erased);
        assertEq(uint256(state.version), 1, "what was, stays known");
        assertEq(uint256(state.changedAt), uint256(NOW) + 9);
        bytes32 name = keccak256("commonwatt record erasure 1");
        bytes memory link = abi.encodePacked(
            abi.encode(name, before, block.chainid, address(records), alice, RECORD),
            abi.encode(NOW + 9, RECEIPTS)
        );
        assertEq(bytes32(state.head), bytes32(bytes21(keccak256(link))));
    }

    function test_AnErasureAsksForNoStanding() public {
        putBy(alice, versionOf(RECORD, 1));
        federation.setActive(alice, false);
        vm.prank(alice);
        records.erase(RECORD, RECEIPTS);
        assertTrue(records.recordOf(alice, RECORD).erased);
    }

    function test_RevertWhen_AnErasedRecordIsTouched() public {
        putBy(alice, versionOf(RECORD, 1));
        vm.prank(alice);
        records.erase(RECORD, RECEIPTS);
        bytes memory refusal = abi.encodeWithSelector(IPersonalRecords.PersonalRecordsErased.selector, RECORD, NOW);
        for (uint32 version = 1; version <= 2; ++version) {
            vm.expectRevert(refusal);
            putBy(alice, versionOf(RECORD, version));
        }
        Rewrapping[] memory rewrappings = new Rewrapping[](1);
        rewrappings[0] = rewrappingOf(RECORD, 1);
        vm.expectRevert(refusal);
        vm.prank(alice);
        records.rewrapBatch(rewrappings);
        vm.expectRevert(refusal);
        vm.prank(alice);
        records.erase(RECORD, RECEIPTS);
    }

    function test_RevertWhen_AForeignOrUnknownRecordIsErased() public {
        putBy(alice, versionOf(RECORD, 1));
        vm.expectRevert(abi.encodeWithSelector(IPersonalRecords.PersonalRecordsUnknown.selector, bob, RECORD));
        vm.prank(bob);
        records.erase(RECORD, RECEIPTS);
    }

    function test_RevertWhen_AnErasureNamesNoReceipts() public {
        putBy(alice, versionOf(RECORD, 1));
        vm.expectRevert(abi.encodeWithSelector(IPersonalRecords.PersonalRecordsZeroReceipts.selector, RECORD));
        vm.prank(alice);
        records.erase(RECORD, 0);
    }

    // -------------------- helpers

    /// @dev RecordHistory, written out a second time.
    function _headAfter(
        bytes21 head,
        address owner,
        NewVersion memory w,
        uint256 writtenAt
    ) private view returns (bytes21) {
        bytes memory link = abi.encodePacked(
            abi.encode(keccak256("commonwatt record version 1"), head, block.chainid, address(records)),
            abi.encode(owner, w.record, uint256(w.version), uint256(w.kind), writtenAt),
            abi.encode(w.commitment, keccak256(w.locator), keccak256(w.wrapped))
        );
        return bytes21(keccak256(link));
    }

    function _batch(uint256 first, uint256 count) private pure returns (NewVersion[] memory versions) {
        versions = new NewVersion[](count);
        for (uint256 i = 0; i < count; ++i) versions[i] = versionOf(bytes32(first + i), 1);
    }

    function _rewrappings(uint256 count) private pure returns (Rewrapping[] memory rewrappings) {
        rewrappings = new Rewrapping[](count);
        for (uint256 i = 0; i < count; ++i) rewrappings[i] = rewrappingOf(bytes32(i + 1), 1);
    }

    function _expect(bytes4 selector, address account) private {
        vm.expectRevert(abi.encodeWithSelector(selector, account));
    }

    function _expect(bytes4 selector, uint256 count) private {
        vm.expectRevert(abi.encodeWithSelector(selector, count));
    }
}
