// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeterLedger, Reading} from "../../contracts/interfaces/IMeterLedger.sol";
import {ReadingStatus} from "../../contracts/types/MarketTypes.sol";
import {LedgerFixture} from "../utils/LedgerFixture.sol";

/// @title MeterLedgerSeriesTest
/// @notice Several readings of a meter under one signature. The digest is spelled out here, not the contract's.
contract MeterLedgerSeriesTest is LedgerFixture {
    bytes32 private constant _READING = keccak256(
        "Reading(uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence)"
    );
    bytes32 private constant _SERIES = keccak256(
        "ReadingSeries(Reading[] readings)"
        "Reading(uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence)"
    );
    bytes32 private constant _DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    function setUp() public {
        setUpLedger();
        vm.warp(calendar.timesOf(SLOT + 5).deliveryEnd);
    }

    // -------------------- taken

    function test_StoresTellsAndProvesEachReadingAsASingleOne() public {
        Reading[] memory series = _series(1, 6);
        bytes32[] memory records = new bytes32[](6);
        for (uint256 i = 0; i < 6; ++i) records[i] = recordOf(series[i], true);
        vm.recordLogs();
        assertEq(ledger.submit(series), 1);
        (, bytes32[] memory told) = abi.decode(vm.getRecordedLogs()[0].data, (bytes32, bytes32[]));
        assertEq(abi.encode(told), abi.encode(records), "told");
        for (uint256 i = 0; i < 6; ++i) assertStored(series[i]);

        Reading[] memory pair = _series(2, 2);
        ledger.submit(pair);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = ledger.digestOf(pair[1]);
        assertTrue(ledger.isInBatch(2, ledger.digestOf(pair[0]), proof), "a leaf is the reading's own digest");
    }

    function testFuzz_SeriesAndSinglesShareABatchAndWords(uint256 seed) public {
        Reading[][] memory parts = new Reading[][](9);
        uint256 count = 0;
        for (uint32 i = 0; i < 9; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            parts[i] = random % 4 == 0 ? one(signed(i + 1, ESTIMATED, 1)) : _series(i + 1, 1 + ((random >> 8) % 6));
            count += parts[i].length;
        }
        Reading[] memory batch = new Reading[](count);
        count = 0;
        for (uint256 i = 0; i < 9; ++i) {
            for (uint256 j = 0; j < parts[i].length; ++j) batch[count++] = parts[i][j];
        }
        assertEq(ledger.submit(batch), 1);
        for (uint256 i = 0; i < count; ++i) assertStored(batch[i]);
    }

    function test_ALongSeriesIsTakenWhereverItsWordsFall() public {
        uint32 count = 14; // beyond the eight words in hand
        vm.warp(calendar.timesOf(SLOT + count).deliveryEnd);
        Reading[] memory series = _series(1, count);
        ledger.submit(series);
        for (uint256 i = 0; i < count; ++i) assertStored(series[i]);
    }

    function test_GoesOnWhereSomeOfItIsStoredAndChangesNothingAgain() public {
        Reading[] memory series = _series(1, 4);
        Reading memory single = series[1];
        submit(sign(single, keyOf(1)));
        (series[1].r, series[1].vs) = (0, 0);
        assertEq(ledger.submit(series), 2);
        for (uint256 i = 0; i < 4; ++i) assertStored(series[i]);
        devices.setKey(1, address(0));
        assertEq(ledger.submit(series), 0, "replayed");
    }

    function test_AReadingOfASeriesIsReplacedAsAnyOther() public {
        Reading[] memory series = _series(1, 3);
        submit(signed(1, ESTIMATED, 7));
        ledger.submit(series);
        assertStored(series[0]);
        Reading memory corrected = signed(1, CORRECTED, 0);
        submit(corrected);
        assertStored(corrected);
    }

    // -------------------- refused

    function testFuzz_RevertWhen_AnythingOfItIsChanged(uint8 place, uint8 field) public {
        Reading[] memory series = _series(1, 4);
        Reading memory changed = series[place % 4];
        field = field % 3;
        if (field == 0) ++changed.importWh;
        if (field == 1) ++changed.exportWh;
        if (field == 2) ++changed.sequence;
        _assertWrongSigner(series);
    }

    function test_RevertWhen_OneIsLeftOutOrOutOfOrderOrDoubled() public {
        Reading[] memory series = _series(1, 4);
        _assertWrongSigner(_pick(series, 0, 2, 3));
        _assertWrongSigner(_pick(series, 1, 2, 3));
        (series[0], series[1]) = (series[1], series[0]);
        _assertWrongSigner(series);
        series[0] = series[1];
        _assertWrongSigner(series);
    }

    function test_RevertWhen_TheLastStandsAlone() public {
        Reading[] memory series = _series(1, 2);
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        submit(series[1]);
    }

    function test_RevertWhen_ASinglesSignatureShouldCoverMore() public {
        Reading[] memory series = _series(1, 2);
        series[1] = sign(series[1], keyOf(1));
        _assertWrongSigner(series);
    }

    function test_RevertWhen_NoSignatureEndsTheBatch() public {
        Reading[] memory series = _series(1, 3);
        (series[2].r, series[2].vs) = (0, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IMeterLedger.MeterLedgerWrongSigner.selector, 2, address(0), vm.addr(keyOf(1)))
        );
        ledger.submit(series);
    }

    function test_RevertWhen_AnotherKeySigns() public {
        Reading[] memory series = _series(1, 3);
        _sign(series, keyOf(2));
        _assertWrongSigner(series);
    }

    function test_RevertWhen_ItMixesMeters() public {
        Reading[] memory series = _series(1, 3);
        series[1].meter = 2;
        _sign(series, keyOf(1));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerMixedSeries.selector, 1));
        ledger.submit(series);
    }

    function test_RevertWhen_OneOfItIsNotActual() public {
        for (uint256 i = 0; i < 3; ++i) {
            Reading[] memory series = _series(1, 3);
            series[i].status = ESTIMATED;
            _sign(series, operatorKey);
            vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerMixedSeries.selector, i == 0 ? 1 : i));
            ledger.submit(series);
        }
    }

    function test_RevertWhen_OneOfItMayNotReplaceNamingIt() public {
        Reading memory other = signed(1, ACTUAL, 0);
        other.slot = SLOT + 1;
        submit(sign(other, keyOf(1)));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerMayNotReplace.selector, 1, ACTUAL, ACTUAL));
        ledger.submit(_series(1, 3));
    }

    function test_RevertWhen_OneOfItHasNotEndedNamingIt() public {
        Reading[] memory series = _series(1, 7);
        uint64 end = calendar.timesOf(SLOT + 6).deliveryEnd;
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerSlotNotEnded.selector, 6, SLOT + 6, end));
        ledger.submit(series);
    }

    // -------------------- helpers

    /// Actual readings of `count` slots from SLOT on, the last with the signature.
    function _series(uint32 meter, uint256 count) private view returns (Reading[] memory series) {
        series = new Reading[](count);
        for (uint32 i = 0; i < count; ++i) {
            series[i] = Reading(meter, SLOT + i, meter * 1000 + i, i, uint8(ReadingStatus.Actual), 3, 0, 0);
        }
        if (count == 1) series[0] = sign(series[0], keyOf(meter));
        else _sign(series, keyOf(meter));
    }

    function _sign(Reading[] memory series, uint256 key) private view {
        bytes memory hashes;
        for (uint256 i = 0; i < series.length; ++i) {
            Reading memory r = series[i];
            bytes32 hash = keccak256(
                abi.encode(_READING, r.meter, r.slot, r.importWh, r.exportWh, r.status, r.sequence)
            );
            hashes = bytes.concat(hashes, hash);
        }
        bytes32 domain = keccak256(
            abi.encode(_DOMAIN, keccak256("Commonwatt MeterLedger"), keccak256("1"), block.chainid, address(ledger))
        );
        bytes32 message = keccak256(abi.encode(_SERIES, keccak256(hashes)));
        Reading memory last = series[series.length - 1];
        (last.r, last.vs) = vm.signCompact(key, keccak256(abi.encodePacked(hex"1901", domain, message)));
    }

    function _pick(Reading[] memory s, uint256 a, uint256 b, uint256 c) private pure returns (Reading[] memory some) {
        some = new Reading[](3);
        (some[0], some[1], some[2]) = (s[a], s[b], s[c]);
    }

    function _assertWrongSigner(Reading[] memory series) private {
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        ledger.submit(series);
    }
}
