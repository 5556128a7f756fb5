// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IDeviceRegistry} from "../../contracts/interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IGridTopology} from "../../contracts/interfaces/IGridTopology.sol";
import {IMeterLedger, Reading} from "../../contracts/interfaces/IMeterLedger.sol";
import {MarketBounds} from "../../contracts/libraries/MarketBounds.sol";
import {MockGridTopology} from "../../contracts/mocks/MockGridTopology.sol";
import {MeterLedger} from "../../contracts/transaction-chain/energy/MeterLedger.sol";
import {ReadingStatus, StoredReading} from "../../contracts/types/MarketTypes.sol";
import {LedgerFixture} from "../utils/LedgerFixture.sol";
import {Vm} from "../utils/Vm.sol";

contract MeterLedgerTest is LedgerFixture {
    uint32 private constant RING = MarketBounds.READING_SLOTS;

    function setUp() public {
        setUpLedger();
    }

    // -------------------- what is stored and told

    function test_StoresAnActualReading() public {
        Reading memory reading = signed(1, ACTUAL, 0);
        bytes32[] memory records = new bytes32[](1);
        records[0] = recordOf(reading, true);
        vm.expectEmit(address(ledger));
        emit IMeterLedger.ReadingBatchStored(1, ledger.digestOf(reading), records);
        assertEq(submit(reading), 1);
        assertStored(reading);
        assertEq(ledger.batchCount(), 1);
        assertEq(ledger.rootOf(1), ledger.digestOf(reading), "the root of one is its leaf");
    }

    function test_AnyoneMayBringABatch() public {
        Reading memory reading = signed(1, ACTUAL, 0);
        vm.prank(makeAddr("stranger"));
        submit(reading);
        assertStored(reading);
    }

    function test_NothingIsStoredWhereNobodyRead() public {
        submit(signed(5, ACTUAL, 0));
        assertEq(uint8(ledger.readingAt(6, SLOT).status), uint8(ReadingStatus.None));
        assertEq(uint8(ledger.readingAt(5, SLOT - 1).status), uint8(ReadingStatus.None));
        assertEq(uint8(ledger.readingAt(5 + 64, SLOT).status), uint8(ReadingStatus.None));
        assertEq(ledger.readingAt(5, SLOT + 4).importWh, 0);
    }

    function testFuzz_NeighboursInAWordDoNotTouch(uint256 seed, uint8 count) public {
        count = uint8(bound(count, 1, 24));
        vm.warp(times.deliveryEnd + 2 hours);
        Reading[] memory batch = new Reading[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            // a meter once per slot, in a scattered order
            batch[i].meter = uint32(1 + (((seed % 8) + i * 5) % 8));
            batch[i].slot = SLOT + uint32(i / 8);
            batch[i].importWh = uint32(random) & MAX_WH;
            batch[i].exportWh = uint32(random >> 32) & MAX_WH;
            batch[i].status = ACTUAL;
            batch[i].sequence = uint8(random >> 64);
            batch[i] = sign(batch[i], keyOf(batch[i].meter));
        }
        ledger.submit(batch);
        for (uint256 i = 0; i < count; ++i) assertStored(batch[i]);
    }

    function test_TakesTheLargestEnergyAndMoreThanTheConnection() public {
        Reading memory reading = signed(1, ACTUAL, 0);
        reading.importWh = MAX_WH;
        reading.exportWh = MAX_WH;
        submit(sign(reading, keyOf(1)));
        assertStored(reading);
    }

    function test_ReadsSeveralMetersAtOnce() public {
        submit(signed(1, ACTUAL, 0));
        submit(signed(3, ESTIMATED, 9));
        uint32[] memory meters = new uint32[](3);
        (meters[0], meters[1], meters[2]) = (3, 2, 1);
        StoredReading[] memory readings = ledger.readingsAt(meters, SLOT);
        assertEq(readings[0].importWh, 3009);
        assertEq(uint8(readings[0].status), ESTIMATED);
        assertEq(uint8(readings[1].status), 0);
        assertEq(readings[2].importWh, 1000);
    }

    /// The words of meters that share a storage word, of ones that don't, in any order, and of ones without a reading.
    function testFuzz_ReadingWordsAreTheReadings(uint32[6] memory meters, uint32 importWh, uint32 exportWh) public {
        Reading memory reading = signed(3, ACTUAL, 7);
        (reading.importWh, reading.exportWh) = (importWh % (MAX_WH + 1), exportWh % (MAX_WH + 1));
        submit(sign(reading, keyOf(3)));
        submit(signed(1, ESTIMATED, 9));
        uint32[] memory asked = new uint32[](meters.length);
        for (uint256 i = 0; i < asked.length; ++i) asked[i] = meters[i] % 9;
        uint256[] memory words = ledger.readingWordsAt(asked, SLOT);
        assertEq(words.length, asked.length);
        for (uint256 i = 0; i < asked.length; ++i) {
            StoredReading memory stored = ledger.readingAt(asked[i], SLOT);
            uint256 energy = (uint256(stored.importWh) << 64) | (uint256(stored.exportWh) << 32);
            assertEq(words[i], energy | uint8(stored.status));
        }
    }

    function testFuzz_EventsAloneRebuildTheReadings(uint8[12] memory statuses, uint8[12] memory sequences) public {
        vm.recordLogs();
        for (uint256 i = 0; i < statuses.length; ++i) {
            Reading[] memory batch = new Reading[](2);
            batch[0] = signed(1, 1 + (statuses[i] % 4), sequences[i]);
            batch[1] = signed(2, 1 + (statuses[i] % 4), sequences[i]);
            try ledger.submit(batch) {} catch {}
        }
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(ledger), IMeterLedger.ReadingBatchStored.selector);
        bytes32[3] memory latest;
        for (uint256 i = 0; i < logs.length; ++i) {
            (, bytes32[] memory records) = abi.decode(logs[i].data, (bytes32, bytes32[]));
            for (uint256 j = 0; j < records.length; ++j) latest[uint256(records[j]) >> 224] = records[j];
        }
        for (uint32 meter = 1; meter <= 2; ++meter) {
            StoredReading memory stored = ledger.readingAt(meter, SLOT);
            Reading memory reading = Reading(
                meter,
                SLOT,
                stored.importWh,
                stored.exportWh,
                uint8(stored.status),
                stored.sequence,
                0,
                0
            );
            assertEq(latest[meter] & ~bytes32(uint256(1 << 104)), recordOf(reading, false));
        }
    }

    // -------------------- the same again

    function test_TheSameBatchAgainChangesNothing() public {
        Reading[] memory batch = new Reading[](2);
        batch[0] = signed(1, ACTUAL, 0);
        batch[1] = signed(2, ESTIMATED, 0);
        assertEq(ledger.submit(batch), 1);
        vm.recordLogs();
        vm.record();
        assertEq(ledger.submit(batch), 0);
        (, bytes32[] memory writes) = vm.accesses(address(ledger));
        assertEq(writes.length, 0, "storage");
        assertEq(vm.getRecordedLogs().length, 0, "events");
        assertEq(ledger.batchCount(), 1);
    }

    function test_TheSameReadingIsTakenWhateverHasChangedSince() public {
        Reading memory reading = signed(1, ACTUAL, 0);
        submit(reading);
        devices.setKey(1, address(0));
        vm.warp(times.finalDate + 100 days);
        assertEq(submit(reading), 0);
        reading.r = keccak256("another signature");
        assertEq(submit(reading), 0);
    }

    function test_TheSameReadingTwiceInABatchIsStoredOnce() public {
        Reading[] memory batch = new Reading[](3);
        batch[0] = signed(1, ACTUAL, 0);
        batch[1] = signed(2, ACTUAL, 0);
        batch[2] = batch[0];
        bytes32[] memory records = new bytes32[](3);
        records[0] = recordOf(batch[0], true);
        records[1] = recordOf(batch[1], true);
        records[2] = recordOf(batch[0], false);
        vm.recordLogs();
        ledger.submit(batch);
        (, bytes32[] memory told) = abi.decode(vm.getRecordedLogs()[0].data, (bytes32, bytes32[]));
        assertEq(told, records);
    }

    // -------------------- who may replace what

    function test_ADevicesActualReplacesEstimateAndSubstituteWhateverTheirSequence() public {
        submit(signed(1, ESTIMATED, 200));
        submit(signed(1, ACTUAL, 0));
        assertStored(signed(1, ACTUAL, 0));
        submit(signed(2, SUBSTITUTED, 255));
        submit(signed(2, ACTUAL, 3));
        assertStored(signed(2, ACTUAL, 3));
    }

    function test_OnlyACorrectionReplacesAnActual() public {
        submit(signed(1, ACTUAL, 5));
        _assertMayNotReplace(ACTUAL, signed(1, ESTIMATED, 6));
        _assertMayNotReplace(ACTUAL, signed(1, SUBSTITUTED, 6));
        _assertMayNotReplace(ACTUAL, signed(1, ACTUAL, 6));
        submit(signed(1, CORRECTED, 0));
        assertStored(signed(1, CORRECTED, 0));
    }

    function test_NothingButACorrectionReplacesACorrection() public {
        submit(signed(1, CORRECTED, 0));
        _assertMayNotReplace(CORRECTED, signed(1, ACTUAL, 1));
        _assertMayNotReplace(CORRECTED, signed(1, ESTIMATED, 1));
        _assertMayNotReplace(CORRECTED, signed(1, SUBSTITUTED, 1));
        submit(signed(1, CORRECTED, 1));
        assertStored(signed(1, CORRECTED, 1));
    }

    function test_SubstituteAndEstimateReplaceEachOther() public {
        submit(signed(1, ESTIMATED, 1));
        submit(signed(1, SUBSTITUTED, 2));
        submit(signed(1, ESTIMATED, 3));
        assertStored(signed(1, ESTIMATED, 3));
    }

    function testFuzz_RevertWhen_TheSequenceDoesNotGrow(uint8 first, uint8 second, bool correction) public {
        uint8 status = correction ? CORRECTED : ESTIMATED;
        submit(signed(1, status, first));
        second = uint8(bound(second, 0, first));
        Reading memory reading = signed(1, status, second);
        reading.importWh += 1;
        reading = sign(reading, operatorKey);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerStaleSequence.selector, 0, first, second));
        submit(reading);
    }

    function test_AnOldEstimateCannotBePlayedAgain() public {
        Reading memory old = signed(1, ESTIMATED, 1);
        submit(old);
        submit(signed(1, ESTIMATED, 2));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerStaleSequence.selector, 0, 2, 1));
        submit(old);
    }

    // -------------------- when

    function test_RevertWhen_TheSlotHasNotEnded() public {
        vm.warp(times.deliveryEnd - 1);
        uint8[4] memory statuses = [ACTUAL, SUBSTITUTED, ESTIMATED, CORRECTED];
        for (uint256 i = 0; i < statuses.length; ++i) {
            Reading memory reading = signed(1, statuses[i], 0);
            vm.expectRevert(
                abi.encodeWithSelector(IMeterLedger.MeterLedgerSlotNotEnded.selector, 0, SLOT, times.deliveryEnd)
            );
            submit(reading);
        }
    }

    function test_RevertWhen_OneSlotOfTheBatchHasNotEnded() public {
        Reading[] memory batch = new Reading[](2);
        batch[0] = signed(1, ACTUAL, 0);
        batch[1] = signed(1, ACTUAL, 0);
        batch[1].slot = SLOT + 1;
        batch[1] = sign(batch[1], keyOf(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                IMeterLedger.MeterLedgerSlotNotEnded.selector,
                1,
                SLOT + 1,
                times.deliveryEnd + LENGTH
            )
        );
        ledger.submit(batch);
    }

    function test_TakesEachStatusUntilItsDate() public {
        _assertLast(1, ESTIMATED, times.readingEnd);
        _assertLast(2, SUBSTITUTED, times.readingEnd);
        _assertLast(3, ACTUAL, times.actualsUntil);
        _assertLast(4, CORRECTED, times.decisionEnd);
    }

    function test_TakesActualsLongerWhereTheSlotWasPostponed() public {
        vm.prank(operator);
        calendar.postpone(SLOT, SLOT, 2 hours);
        _assertLast(1, ACTUAL, times.actualsUntil + 2 hours);
    }

    function test_RevertWhen_TheSlotIsOf1970() public {
        Reading memory reading = signed(1, CORRECTED, 0);
        reading.slot = 0;
        reading = sign(reading, operatorKey);
        vm.expectPartialRevert(IMeterLedger.MeterLedgerTooLate.selector);
        submit(reading);
    }

    // -------------------- who

    function test_RevertWhen_TheDeviceIsNoActiveMeter() public {
        Reading memory reading = signed(1, ACTUAL, 0);
        devices.setKey(1, address(0));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerInactiveMeter.selector, 0, 1));
        submit(reading);
    }

    function test_TheOperatorSpeaksForAMeterThatIsNotActive() public {
        devices.setKey(1, address(0));
        submit(signed(1, SUBSTITUTED, 0));
        assertStored(signed(1, SUBSTITUTED, 0));
    }

    function test_RevertWhen_TheMeterStoodNowhere() public {
        topology.setSite(1, 0, 0);
        Reading memory reading = signed(1, ESTIMATED, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerNoSite.selector, 0, 1, SLOT));
        submit(reading);
    }

    function test_RevertWhen_TheOperatorIsSuspendedOrHasAnotherRole() public {
        Reading memory reading = signed(1, CORRECTED, 0);
        bytes memory refusal = abi.encodeWithSelector(IMeterLedger.MeterLedgerInactiveOperator.selector, 0, operator);
        federation.setActive(operator, false);
        vm.expectRevert(refusal);
        submit(reading);
        federation.setActive(operator, true);
        federation.setRole(operator, MemberRole.MeteringOperator, false);
        vm.expectRevert(refusal);
        submit(reading);
    }

    function test_WhereTheSlotsOperatorIsGoneItsSuccessorSpeaks() public {
        (address successor, uint256 successorKey) = makeAddrAndKey("successor");
        federation.admit(successor, MemberRole.MeteringOperator);
        uint32 fromSlot = calendar.firstUnopenedSlot();
        topology.setParties(FEEDER, MockGridTopology.Parties(fromSlot, address(0), address(0), successor));
        Reading memory reading = sign(signed(1, ESTIMATED, 0), successorKey);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerWrongSigner.selector, 0, successor, operator));
        submit(reading);
        federation.setActive(operator, false);
        submit(reading);
        assertStored(reading);
        Reading memory correction = sign(signed(1, CORRECTED, 0), successorKey);
        submit(correction);
        assertStored(correction);
        reading = signed(2, ESTIMATED, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerWrongSigner.selector, 0, operator, successor));
        submit(reading);
    }

    function test_RevertWhen_TheSuccessorIsInactiveToo() public {
        (address successor, uint256 successorKey) = makeAddrAndKey("successor");
        uint32 fromSlot = calendar.firstUnopenedSlot();
        topology.setParties(FEEDER, MockGridTopology.Parties(fromSlot, address(0), address(0), successor));
        federation.setActive(operator, false);
        Reading memory reading = sign(signed(1, ESTIMATED, 0), successorKey);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerInactiveOperator.selector, 0, operator));
        submit(reading);
    }

    function test_ASuccessorToComeLaterThanTheNextSlotIsNone() public {
        (address successor, uint256 successorKey) = makeAddrAndKey("successor");
        federation.admit(successor, MemberRole.MeteringOperator);
        uint32 fromSlot = calendar.firstUnopenedSlot() + 1;
        topology.setParties(FEEDER, MockGridTopology.Parties(fromSlot, address(0), address(0), successor));
        federation.setActive(operator, false);
        Reading memory reading = sign(signed(1, ESTIMATED, 0), successorKey);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerInactiveOperator.selector, 0, operator));
        submit(reading);
    }

    function test_RevertWhen_TheFeederHasNoOperator() public {
        topology.setSite(1, FEEDER + 1, 10_000);
        Reading memory reading = signed(1, ESTIMATED, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerInactiveOperator.selector, 0, address(0)));
        submit(reading);
    }

    function test_TheOperatorIsTheOneOfTheMetersFeederInTheSlot() public {
        (address successor, uint256 successorKey) = makeAddrAndKey("successor");
        federation.admit(successor, MemberRole.MeteringOperator);
        topology.setParties(FEEDER, MockGridTopology.Parties(SLOT + 1, address(0), address(0), successor));
        topology.setParties(FEEDER + 1, MockGridTopology.Parties(0, address(0), address(0), successor));
        topology.setSite(2, FEEDER + 1, 10_000);
        vm.warp(times.deliveryEnd + 1 hours);

        // one batch over two feeders and two slots: each reading by its own operator
        Reading[] memory batch = new Reading[](4);
        batch[0] = signed(1, ESTIMATED, 0);
        batch[1] = sign(signed(2, ESTIMATED, 0), successorKey);
        batch[2] = signed(3, ESTIMATED, 0);
        batch[3] = signed(3, ESTIMATED, 0);
        batch[3].slot = SLOT + 1;
        batch[3] = sign(batch[3], successorKey);
        ledger.submit(batch);
        for (uint256 i = 0; i < 4; ++i) assertStored(batch[i]);

        Reading memory wrong = sign(signed(4, ESTIMATED, 0), successorKey);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerWrongSigner.selector, 0, successor, operator));
        submit(wrong);
    }

    function test_RevertWhen_TheOperatorSignsAnActualOrTheDeviceAnEstimate() public {
        Reading memory actual = sign(signed(1, ACTUAL, 0), operatorKey);
        vm.expectRevert(
            abi.encodeWithSelector(IMeterLedger.MeterLedgerWrongSigner.selector, 0, operator, vm.addr(keyOf(1)))
        );
        submit(actual);
        Reading memory estimate = sign(signed(1, ESTIMATED, 0), keyOf(1));
        vm.expectRevert(
            abi.encodeWithSelector(IMeterLedger.MeterLedgerWrongSigner.selector, 0, vm.addr(keyOf(1)), operator)
        );
        submit(estimate);
    }

    function test_RevertWhen_AnotherMeterSigns() public {
        Reading memory reading = sign(signed(1, ACTUAL, 0), keyOf(2));
        vm.expectRevert(
            abi.encodeWithSelector(
                IMeterLedger.MeterLedgerWrongSigner.selector,
                0,
                vm.addr(keyOf(2)),
                vm.addr(keyOf(1))
            )
        );
        submit(reading);
    }

    function testFuzz_RevertWhen_AValueWasChangedAfterSigning(uint8 field, uint32 delta) public {
        Reading memory reading = signed(1, ACTUAL, 7);
        delta = uint32(bound(delta, 1, 10_000));
        field = field % 4;
        if (field == 0) reading.importWh += delta;
        else if (field == 1) reading.exportWh += delta;
        else if (field == 2) reading.sequence += uint8(1 + (delta % 200));
        else reading.meter = 2;
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        submit(reading);
    }

    function test_RevertWhen_SignedForAnotherChainOrLedger() public {
        Reading memory reading = signed(1, ACTUAL, 0);
        vm.chainId(999);
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        submit(reading);
        MeterLedger other = new MeterLedger(
            address(manager),
            IDeviceRegistry(address(devices)),
            IGridTopology(address(topology)),
            calendar,
            IFederation(address(federation)),
            quorum
        );
        reading = signed(1, ACTUAL, 0);
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        other.submit(one(reading));
    }

    function test_RevertWhen_TheSignatureIsMalformed() public {
        Reading memory reading = signed(1, ACTUAL, 0);
        reading.vs = bytes32(type(uint256).max >> 1); // s in the upper half
        vm.expectRevert(
            abi.encodeWithSelector(IMeterLedger.MeterLedgerWrongSigner.selector, 0, address(0), vm.addr(keyOf(1)))
        );
        submit(reading);
    }

    // -------------------- what

    function test_RevertWhen_TheBatchIsEmpty() public {
        vm.expectRevert(IMeterLedger.MeterLedgerEmptyBatch.selector);
        ledger.submit(new Reading[](0));
    }

    function testFuzz_RevertWhen_NobodySignsSuchAStatus(uint8 status) public {
        if (status >= ACTUAL && status <= CORRECTED) status += 4;
        Reading memory reading = signed(1, status, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerBadStatus.selector, 0, status));
        submit(reading);
    }

    function testFuzz_RevertWhen_TheEnergyIsTooLarge(uint32 wh, bool exported) public {
        wh = uint32(bound(wh, uint256(MAX_WH) + 1, type(uint32).max));
        Reading memory reading = signed(1, ACTUAL, 0);
        if (exported) reading.exportWh = wh;
        else reading.importWh = wh;
        reading = sign(reading, keyOf(1));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerEnergyTooLarge.selector, 0, wh, MAX_WH));
        submit(reading);
    }

    function testFuzz_RevertWhen_AFieldIsWiderThanItsType(uint8 field, uint256 excess) public {
        Reading memory reading = signed(1, ACTUAL, 0);
        field = field % 6;
        uint256 width = field < 4 ? 32 : 8;
        excess = bound(excess, 1, type(uint256).max >> width) << width;
        bytes memory input = abi.encodeCall(IMeterLedger.submit, (one(reading)));
        // selector, offset and length of the array stand before the first field
        uint256 place = 4 + 0x40 + 0x20 * uint256(field);
        assembly ("memory-safe") {
            let word := add(add(input, 0x20), place)
            mstore(word, or(mload(word), excess))
        }
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory answer) = address(ledger).call(input);
        assertFalse(success);
        assertEq(bytes32(answer), bytes32(IMeterLedger.MeterLedgerMalformedReading.selector));
    }

    function testFuzz_RevertWhen_OneOfTheBatchIsInvalidNamingIt(uint8 bad) public {
        Reading[] memory batch = new Reading[](9);
        for (uint32 i = 0; i < 9; ++i) batch[i] = signed(i + 1, ACTUAL, 0);
        bad = bad % 9;
        batch[bad].exportWh += 1;
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        ledger.submit(batch);
        // solhint-disable-next-line avoid-low-level-calls
        (, bytes memory answer) = address(ledger).call(abi.encodeCall(IMeterLedger.submit, (batch)));
        uint256 index;
        assembly ("memory-safe") {
            index := mload(add(answer, 0x24))
        }
        assertEq(index, bad);
        for (uint32 i = 0; i < 9; ++i) assertEq(uint8(ledger.readingAt(i + 1, SLOT).status), 0, "nothing is stored");
        assertEq(ledger.batchCount(), 0);
    }

    // -------------------- batches

    function test_NoBatchHasNoRoot() public {
        submit(signed(1, ACTUAL, 0));
        bytes32[] memory proof;
        assertEq(ledger.rootOf(0), 0);
        assertEq(ledger.rootOf(2), 0);
        assertFalse(ledger.isInBatch(0, 0, proof));
        assertFalse(ledger.isInBatch(2, 0, proof));
        assertTrue(ledger.isInBatch(1, ledger.digestOf(signed(1, ACTUAL, 0)), proof));
    }

    // -------------------- bars

    function test_BarsAMeterUntilItsReadingComes() public {
        assertFalse(ledger.isBarred(1));
        vm.expectEmit(address(ledger));
        emit IMeterLedger.MeterBarred(1, SLOT);
        _bar(1, SLOT);
        assertTrue(ledger.isBarred(1));
        assertFalse(ledger.isBarred(2));
        vm.warp(times.readingEnd);
        vm.expectEmit(address(ledger));
        emit IMeterLedger.BarLifted(1, SLOT, SLOT);
        submit(signed(1, CORRECTED, 0));
        assertFalse(ledger.isBarred(1));
        _assertBar(1, SLOT, SLOT);
        vm.recordLogs();
        submit(signed(1, CORRECTED, 1));
        assertEq(vm.getRecordedLogs().length, 1, "lifted once");
    }

    function test_AnotherSlotsOrMetersReadingLiftsNoBar() public {
        _bar(1, SLOT);
        vm.warp(calendar.timesOf(SLOT + 1).readingEnd);
        submit(signed(2, ACTUAL, 0));
        Reading memory reading = signed(1, ACTUAL, 0);
        reading.slot = SLOT + 1;
        submit(sign(reading, keyOf(1)));
        assertTrue(ledger.isBarred(1));
    }

    /// The reading that lifted the bar makes room in the ring; the bar stays lifted.
    function test_ALiftedBarStaysLiftedWhenItsReadingIsForgotten() public {
        _bar(1, SLOT);
        vm.warp(times.readingEnd);
        submit(signed(1, ACTUAL, 0));
        submit(_aRoundLater(signed(2, ACTUAL, 0)));
        assertFalse(ledger.isBarred(1));
    }

    function test_NobodyIsBarredForASlotWhoseReadingsMadeRoom() public {
        submit(_aRoundLater(signed(2, ACTUAL, 0)));
        _bar(1, SLOT);
        assertFalse(ledger.isBarred(1));
        _bar(1, SLOT + RING);
        assertTrue(ledger.isBarred(1), "of the later slot the ledger knows");
    }

    // -------------------- words that are used again

    function test_OnlyTheRootTakesANewWordARoundLater() public {
        vm.record();
        submit(signed(1, ACTUAL, 0));
        (, bytes32[] memory former) = vm.accesses(address(ledger));
        Reading memory later = _aRoundLater(signed(1, ACTUAL, 0));
        vm.record();
        submit(later);
        (, bytes32[] memory writes) = vm.accesses(address(ledger));
        uint256 fresh = 0;
        for (uint256 i = 0; i < writes.length; ++i) {
            bool known = false;
            for (uint256 j = 0; j < former.length; ++j) known = known || writes[i] == former[j];
            if (!known) ++fresh;
        }
        assertEq(writes.length, 3, "the word, the root and how many there are");
        assertEq(fresh, 1);
    }

    function test_ALaterRoundsReadingMakesRoomForItselfAndItsNeighbours() public {
        for (uint32 meter = 1; meter <= 4; ++meter) submit(signed(meter, ACTUAL, 0));
        Reading memory later = _aRoundLater(signed(2, ACTUAL, 7));
        submit(later);
        assertStored(later);
        assertEq(uint8(ledger.readingAt(1, SLOT + RING).status), 0, "nobody read it yet");
        for (uint32 meter = 1; meter <= 3; ++meter) assertEq(uint8(ledger.readingAt(meter, SLOT).status), 0);
        assertStored(signed(4, ACTUAL, 0)); // another word
        uint32[] memory meters = new uint32[](2);
        (meters[0], meters[1]) = (2, 4);
        StoredReading[] memory readings = ledger.readingsAt(meters, SLOT);
        assertEq(uint8(readings[0].status), 0);
        assertEq(uint8(readings[1].status), ACTUAL);
    }

    function testFuzz_NeverTakesAReadingOfAnotherRoundForOneOfThis(uint32 meter, uint32 slot, uint32 rounds) public {
        submit(signed(1, ACTUAL, 0));
        slot = rounds % 2 == 0 ? SLOT + RING * (slot % 1000) : slot;
        meter = meter % 8;
        vm.assume(slot != SLOT || meter != 1);
        assertEq(uint8(ledger.readingAt(meter, slot).status), 0);
    }

    function test_RevertWhen_AReadingComesAgainAfterItMadeRoom() public {
        Reading memory old = signed(1, ACTUAL, 0);
        submit(old);
        Reading[] memory batch = new Reading[](2);
        (batch[0], batch[1]) = (old, _aRoundLater(signed(1, ACTUAL, 0)));
        ledger.submit(batch);
        assertStored(batch[1]);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerTooLate.selector, 0, SLOT, times.actualsUntil));
        submit(old);
    }

    /// The old reading comes while the later one is still in hand.
    function test_RevertWhen_AnOlderSlotComesAfterALaterOneOfItsWordInABatch() public {
        Reading memory old = signed(1, ACTUAL, 0);
        submit(old);
        Reading[] memory batch = new Reading[](2);
        (batch[0], batch[1]) = (_aRoundLater(signed(2, ACTUAL, 0)), old);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerTooLate.selector, 1, SLOT, times.actualsUntil));
        ledger.submit(batch);
        assertStored(old);
    }

    function test_AnOldReadingIsProvenAfterItMadeRoom() public {
        Reading memory old = signed(1, ACTUAL, 0);
        submit(old);
        submit(_aRoundLater(signed(1, ACTUAL, 0)));
        assertTrue(ledger.isInBatch(1, ledger.digestOf(old), new bytes32[](0)));
    }

    function test_ALaterMissingSlotBarsAndAnEarlierOneDoesNot() public {
        _bar(1, SLOT);
        _bar(1, SLOT - 1);
        _assertBar(1, SLOT, 0);
        _bar(1, SLOT + 1);
        _assertBar(1, SLOT + 1, 0);
        vm.warp(times.readingEnd);
        submit(signed(1, ACTUAL, 0));
        assertTrue(ledger.isBarred(1), "the later slot has no reading yet");
    }

    function test_BarringAgainOrForASlotWithAReadingDoesNothing() public {
        _bar(1, SLOT);
        submit(signed(2, ACTUAL, 0));
        vm.recordLogs();
        _bar(1, SLOT);
        _bar(2, SLOT);
        assertEq(vm.getRecordedLogs().length, 0);
        assertFalse(ledger.isBarred(2));
    }

    function test_BarsSeveralMetersAtOnceAndPassesByThoseThatWereRead() public {
        submit(signed(2, ACTUAL, 0));
        uint32[] memory meters = new uint32[](3);
        (meters[0], meters[1], meters[2]) = (1, 2, 3);
        vm.prank(settlement);
        ledger.bar(meters, SLOT);
        assertTrue(ledger.isBarred(1));
        assertFalse(ledger.isBarred(2));
        assertTrue(ledger.isBarred(3));
    }

    function testFuzz_RevertWhen_AnyoneElseBars(address caller) public {
        vm.assume(caller != settlement);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        vm.prank(caller);
        ledger.bar(_meters(1), SLOT);
    }

    function test_AnyoneLiftsABarByALaterReading() public {
        _bar(1, SLOT - 3);
        submit(signed(1, ACTUAL, 0));
        assertTrue(ledger.isBarred(1));
        vm.expectEmit(address(ledger));
        emit IMeterLedger.BarLifted(1, SLOT - 3, SLOT);
        vm.prank(makeAddr("stranger"));
        ledger.liftBar(1, SLOT);
        assertFalse(ledger.isBarred(1));
    }

    function test_ALiftedBarStaysLiftedForTheSlotsBefore() public {
        _bar(1, SLOT - 3);
        submit(signed(1, ACTUAL, 0));
        ledger.liftBar(1, SLOT);
        _bar(1, SLOT - 3);
        _bar(1, SLOT - 1);
        assertFalse(ledger.isBarred(1), "a later reading had made these good");
        _assertBar(1, SLOT - 3, SLOT);
        _bar(1, SLOT + 1);
        assertTrue(ledger.isBarred(1));
        _assertBar(1, SLOT + 1, SLOT);
    }

    function test_RevertWhen_ThereIsNoBarToLift() public {
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerNotBarred.selector, 1));
        ledger.liftBar(1, SLOT);
    }

    function test_RevertWhen_LiftedByASlotThatIsNotLaterOrWasNotRead() public {
        submit(signed(1, ACTUAL, 0));
        _bar(1, SLOT + 2);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerSlotNotLater.selector, SLOT, SLOT + 2));
        ledger.liftBar(1, SLOT);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerNoReading.selector, 1, SLOT + 3));
        ledger.liftBar(1, SLOT + 3);
        assertTrue(ledger.isBarred(1));
    }

    // -------------------- helpers

    /// The same of the slot whose readings take the word, at the end of its delivery.
    function _aRoundLater(Reading memory reading) private returns (Reading memory) {
        reading.slot = SLOT + RING;
        vm.warp(calendar.timesOf(SLOT + RING).deliveryEnd);
        return sign(reading, signerKeyOf(reading.meter, reading.status));
    }

    function _bar(uint32 meter, uint32 slot) private {
        vm.prank(settlement);
        ledger.bar(_meters(meter), slot);
    }

    function _meters(uint32 meter) private pure returns (uint32[] memory meters) {
        meters = new uint32[](1);
        meters[0] = meter;
    }

    function _assertBar(uint32 meter, uint32 barredSlot, uint32 liftedBySlot) private view {
        (uint32 barred, uint32 lifted) = ledger.barOf(meter);
        assertEq(barred, barredSlot);
        assertEq(lifted, liftedBySlot);
    }

    function _assertMayNotReplace(uint8 stored, Reading memory reading) private {
        vm.expectRevert(
            abi.encodeWithSelector(IMeterLedger.MeterLedgerMayNotReplace.selector, 0, stored, reading.status)
        );
        submit(reading);
    }

    /// The status is taken in the second before `until` and refused from then on.
    function _assertLast(uint32 meter, uint8 status, uint64 until) private {
        Reading memory reading = signed(meter, status, 0);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerTooLate.selector, 0, SLOT, until));
        submit(reading);
        vm.warp(until - 1);
        submit(reading);
        assertStored(reading);
    }
}
