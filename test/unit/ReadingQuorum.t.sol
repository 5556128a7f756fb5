// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IMeterLedger, Reading} from "../../contracts/interfaces/IMeterLedger.sol";
import {AttestationState, IReadingQuorum} from "../../contracts/interfaces/IReadingQuorum.sol";
import {MarketBounds} from "../../contracts/libraries/MarketBounds.sol";
import {SlotSchedule} from "../../contracts/libraries/SlotSchedule.sol";
import {AreaLevel, StoredReading} from "../../contracts/types/MarketTypes.sol";
import {QuorumFixture} from "../utils/QuorumFixture.sol";
import {Vm} from "../utils/Vm.sol";

contract ReadingQuorumTest is QuorumFixture {
    uint24 private constant OTHER_FEEDER = 4;

    function setUp() public {
        setUpQuorum();
    }

    // -------------------- who decides on a quorum

    function test_TheCouncilDecidesFromASlotOnAndOldSlotsKeepTheirs() public {
        uint32 later = QUORUM_SLOT + 100;
        vm.expectEmit(address(quorum));
        emit IReadingQuorum.QuorumScheduled(FEEDER, later, 3, three);
        setQuorum(FEEDER, 3, three, later);
        assertQuorum(FEEDER, QUORUM_SLOT - 1, 1, 0);
        assertQuorum(FEEDER, QUORUM_SLOT, 2, 3);
        assertQuorum(FEEDER, later - 1, 2, 3);
        assertQuorum(FEEDER, later, 3, 3);
        setQuorum(FEEDER, 1, new address[](0), later + 100);
        assertQuorum(FEEDER, later + 100, 1, 0);
        assertQuorum(OTHER_FEEDER, later, 1, 0);
    }

    function test_RevertWhen_AnybodyElseDecides() public {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, operator));
        quorum.setQuorum(FEEDER, 2, three, QUORUM_SLOT + 100);
    }

    function test_RevertWhen_TheSlotIsOpen() public {
        uint32 first = calendar.firstUnopenedSlot();
        vm.expectRevert(abi.encodeWithSelector(SlotSchedule.SlotScheduleSlotOpen.selector, first - 1, first));
        setQuorum(FEEDER, 2, three, first - 1);
        setQuorum(FEEDER, 2, three, first);
    }

    function test_RevertWhen_TheAreaIsNoFeeder() public {
        topology.setLevel(9, AreaLevel.District);
        vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumNotFeeder.selector, uint24(9)));
        setQuorum(9, 2, three, QUORUM_SLOT + 100);
    }

    /// 2k > n, k at least 2, n at most 8: nothing else, but for 1 of none.
    function testFuzz_TakesSizesThatLeaveNoTwoValuesAQuorum(uint8 needed, uint8 count) public {
        count = uint8(bound(count, 0, 10));
        needed = uint8(bound(needed, 0, 11));
        address[] memory operators = new address[](count);
        for (uint256 i = 0; i < count; ++i) operators[i] = admitted(string.concat("of many ", vm.toString(i)));
        bool fits = count == 0 ? needed == 1 : needed >= 2 && needed <= count && count <= 8 && 2 * needed > count;
        if (!fits) {
            vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumBadSize.selector, needed, count));
        }
        setQuorum(FEEDER, needed, operators, QUORUM_SLOT + 100);
        if (fits) assertQuorum(FEEDER, QUORUM_SLOT + 100, needed, count);
    }

    function test_RevertWhen_AnOperatorIsNoneOrTwice() public {
        address[] memory operators = some(3);
        operators[2] = makeAddr("nobody");
        vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumUnfitOperator.selector, operators[2]));
        setQuorum(FEEDER, 2, operators, QUORUM_SLOT + 100);
        operators[2] = operators[0];
        vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumRepeatedOperator.selector, operators[0]));
        setQuorum(FEEDER, 2, operators, QUORUM_SLOT + 100);
    }

    // -------------------- attesting

    function test_TellsWhatIsAttestedAndWhenItHasItsQuorum() public {
        Reading memory reading = value(1, ACTUAL, 0, 100);
        vm.recordLogs();
        vm.expectEmit(address(quorum));
        emit IReadingQuorum.ReadingsAttested(three[0], FEEDER, words(reading));
        attest(three[0], reading);
        assertEq(logged(IReadingQuorum.QuorumReached.selector), 0, "one of two");
        vm.expectEmit(address(quorum));
        emit IReadingQuorum.ReadingsAttested(three[2], FEEDER, words(reading));
        vm.expectEmit(address(quorum));
        emit IReadingQuorum.QuorumReached(FEEDER, 1, QUORUM_SLOT, words(reading)[0]);
        attest(three[2], reading);
        assertTrue(isSame(quorum.reachedAt(1, QUORUM_SLOT), reading));
        vm.recordLogs();
        attest(three[1], reading); // a third one is told, but the quorum is not new
        assertEq(logged(IReadingQuorum.QuorumReached.selector), 0, "the third");
    }

    function test_WhatIsAttestedAlreadyChangesNothingAtAnyTime() public {
        Reading memory reading = attestedBy(1, value(1, ACTUAL, 0, 100));
        vm.warp(times.finalDate);
        vm.recordLogs();
        attest(three[0], reading);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_AMetersSeriesAndItsNeighboursInOneCall() public {
        vm.warp(times.deliveryEnd + 7 hours - LENGTH);
        bytes32[] memory records = new bytes32[](16);
        for (uint32 i = 0; i < 16; ++i) {
            records[i] = recordOf(valueIn(QUORUM_SLOT + (i % 4), 1 + i / 4, ACTUAL, 0, i), false);
        }
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(three[i]);
            quorum.attest(records);
        }
        for (uint32 i = 0; i < 16; ++i) {
            assertEq(quorum.reachedAt(1 + i / 4, QUORUM_SLOT + (i % 4)).importWh, i);
        }
    }

    /// Feeders and quorums may change within a call; each run of readings is told under its feeder.
    function test_ReadingsOfSeveralFeedersAndQuorumsInOneCall() public {
        address[] memory two = some(2);
        setQuorum(OTHER_FEEDER, 2, two, QUORUM_SLOT + 100);
        setQuorum(FEEDER, 2, two, QUORUM_SLOT + 101);
        topology.setSite(2, OTHER_FEEDER, 10_000);
        vm.warp(calendar.timesOf(QUORUM_SLOT + 101).deliveryEnd);
        bytes32[] memory records = new bytes32[](3);
        records[0] = recordOf(valueIn(QUORUM_SLOT + 100, 1, ACTUAL, 0, 1), false);
        records[1] = recordOf(valueIn(QUORUM_SLOT + 101, 1, ACTUAL, 0, 2), false);
        records[2] = recordOf(valueIn(QUORUM_SLOT + 101, 2, ACTUAL, 0, 3), false);
        vm.recordLogs();
        vm.prank(operator);
        quorum.attest(records);
        assertEq(logged(IReadingQuorum.ReadingsAttested.selector), 3);
    }

    function test_RevertWhen_ACallHasNoReadingOrTooMany() public {
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumBadCount.selector, 0, 128));
        quorum.attest(new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumBadCount.selector, 129, 128));
        quorum.attest(new bytes32[](129));
    }

    function test_RevertWhen_TheCallerMayNotAct() public {
        Reading memory reading = value(1, ACTUAL, 0, 100);
        federation.setActive(three[1], false);
        vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumInactiveOperator.selector, three[1]));
        attest(three[1], reading);
        federation.setActive(three[1], true);
        attest(three[1], reading);
    }

    function test_WhatAnOperatorAttestedBeforeItWasSuspendedCounts() public {
        Reading memory reading = attestedBy(1, value(1, ACTUAL, 0, 100));
        federation.setActive(three[0], false);
        attest(three[1], reading);
        submit(reading);
        assertStored(reading);
    }

    function test_RevertWhen_TheCallerIsNoneOfThatFeedersOperators() public {
        address stranger = admitted("stranger");
        Reading memory reading = value(1, ACTUAL, 0, 100);
        expectNotItsOperator(FEEDER, QUORUM_SLOT, stranger);
        attest(stranger, reading);
        // one of another feeder's, of an earlier slot without a quorum, of a meter that stands nowhere
        topology.setSite(1, OTHER_FEEDER, 10_000);
        expectNotItsOperator(OTHER_FEEDER, QUORUM_SLOT, three[0]);
        attest(three[0], reading);
        topology.setSite(1, 0, 0);
        expectNotItsOperator(0, QUORUM_SLOT, three[0]);
        attest(three[0], reading);
        topology.setSite(1, FEEDER, 10_000);
        reading.slot = QUORUM_SLOT - 1;
        expectNotItsOperator(FEEDER, QUORUM_SLOT - 1, three[0]);
        attest(three[0], reading);
    }

    function test_RevertWhen_TheWordIsNoReading() public {
        bytes32[] memory records = words(value(1, ACTUAL, 0, 100));
        records[0] |= bytes32(uint256(1) << 104);
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IReadingQuorum.ReadingQuorumMalformedReading.selector, 0));
        quorum.attest(records);
        records[0] = words(value(1, 5, 0, 100))[0];
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerBadStatus.selector, 0, 5));
        quorum.attest(records);
        records[0] = words(value(1, ACTUAL, 0, MAX_WH + 1))[0];
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerEnergyTooLarge.selector, 0, MAX_WH + 1, MAX_WH));
        quorum.attest(records);
    }

    function test_RevertWhen_TheLedgerWouldNotTakeItNow() public {
        Reading memory actual = value(1, ACTUAL, 0, 100);
        Reading memory estimate = value(2, ESTIMATED, 0, 100);
        Reading memory correction = value(3, CORRECTED, 0, 100);
        vm.warp(times.deliveryEnd - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMeterLedger.MeterLedgerSlotNotEnded.selector, 0, QUORUM_SLOT, times.deliveryEnd)
        );
        attest(operator, actual);
        expectTooLate(estimate, times.readingEnd);
        expectTooLate(actual, times.actualsUntil);
        expectTooLate(correction, times.decisionEnd);
    }

    function test_RevertWhen_AnotherValueHasTheSameRankAndSequence() public {
        attest(operator, plain(1, ACTUAL, 0, 100));
        expectOtherValue();
        attest(operator, plain(1, ACTUAL, 0, 101));
        attest(operator, plain(1, CORRECTED, 4, 100));
        expectOtherValue();
        attest(operator, plain(1, CORRECTED, 4, 101));
        attest(three[1], plain(1, ESTIMATED, 4, 100));
        expectOtherValue();
        attest(three[1], plain(1, SUBSTITUTED, 4, 100)); // of the same rank
    }

    function test_RevertWhen_TheReadingDoesNotReplaceWhatTheCallerAttested() public {
        attest(operator, plain(1, ESTIMATED, 4, 100));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerStaleSequence.selector, 0, 4, 3));
        attest(operator, plain(1, ESTIMATED, 3, 100));
        attest(operator, plain(1, SUBSTITUTED, 5, 100));
        attest(operator, plain(1, ACTUAL, 0, 100));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerMayNotReplace.selector, 0, ACTUAL, ESTIMATED));
        attest(operator, plain(1, ESTIMATED, 9, 100));
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerMayNotReplace.selector, 0, ACTUAL, ACTUAL));
        attest(operator, plain(1, ACTUAL, 1, 100));
        attest(operator, plain(1, CORRECTED, 1, 100));
        attest(operator, plain(1, CORRECTED, 2, 101));
    }

    /// A quarter of the most readings, for all operators' calls have to fit the test; no two in a word, each completing
    /// a quorum of 5 of 8 that contradicts the other 3.
    function test_TheLargestCallFitsATransaction() public {
        uint32 slot = QUORUM_SLOT + 100;
        address[] memory operators = new address[](8);
        for (uint256 i = 0; i < 8; ++i) operators[i] = i < 3 ? three[i] : admitted(string.concat("o", vm.toString(i)));
        setQuorum(FEEDER, 5, operators, slot);
        vm.warp(calendar.timesOf(slot).deliveryEnd);
        bytes32[] memory truth = new bytes32[](quorum.MAX_ATTESTED() / 4);
        bytes32[] memory lies = new bytes32[](truth.length);
        for (uint32 i = 0; i < truth.length; ++i) {
            topology.setSite(4 * i, FEEDER, 10_000);
            Reading memory reading = plain(4 * i, ACTUAL, 0, 100);
            reading.slot = slot;
            truth[i] = words(reading)[0];
            reading.importWh = 999;
            lies[i] = words(reading)[0];
        }
        for (uint256 i = 0; i < 8; ++i) {
            vm.prank(operators[i]);
            if (i == 7) vm.recordLogs();
            uint256 before = gasleft();
            quorum.attest(i < 3 ? lies : truth);
            assertLt(4 * (before - gasleft()), 16_000_000, "with 21,000 and calldata below 2^24");
        }
        assertEq(named(), 3 * truth.length);
    }

    // -------------------- who is named

    function test_ALiarIsNamedWhenTheQuorumComes() public {
        Reading memory lie = value(1, ACTUAL, 0, 999);
        Reading memory reading = value(1, ACTUAL, 0, 100);
        attest(three[0], lie);
        attest(three[1], reading);
        expectNamed(three[0], lie, reading);
        attest(three[2], reading);
        assertEq(named(), 1);
        // once: what it attests already is not told again
        attest(three[0], lie);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_ALiarIsNamedWhenItAttestsAfterTheQuorum() public {
        Reading memory lie = value(1, ACTUAL, 0, 999);
        Reading memory reading = attestedBy(2, value(1, ACTUAL, 0, 100));
        expectNamed(three[2], lie, reading);
        attest(three[2], lie);
        assertEq(named(), 1);
    }

    function test_AnEarlierOrLaterReadingIsNoLie() public {
        attest(three[2], value(1, ESTIMATED, 0, 999));
        vm.recordLogs();
        attestedBy(2, value(1, ACTUAL, 0, 100));
        attest(three[2], value(1, CORRECTED, 0, 90));
        assertEq(named(), 0);
    }

    /// What two of them agree on later replaces it; the operator that stays with the old value told no lie.
    function test_ACorrectionWithAQuorumReplacesTheReading() public {
        Reading memory reading = attestedBy(3, value(1, ACTUAL, 0, 100));
        submit(reading);
        Reading memory correction = value(1, CORRECTED, 0, 90);
        vm.recordLogs();
        attestedBy(2, correction);
        assertEq(named(), 0);
        submit(correction);
        assertStored(correction);
    }

    // -------------------- the ledger's door

    function test_RevertWhen_TooFewAttestTheReading() public {
        Reading memory reading = value(1, ACTUAL, 0, 100);
        for (uint8 count = 0; count < 2; ++count) {
            expectNotAttested(0, 1, count);
            submit(reading);
            attest(three[count], reading);
        }
        submit(reading);
        assertStored(reading);
        assertEq(ledger.submit(one(reading)), 0, "stored before: nothing is asked again");
    }

    function test_RevertWhen_OtherValuesAreAttested() public {
        Reading memory reading = value(1, ACTUAL, 0, 100);
        attest(three[0], reading);
        attestedBy(0, reading);
        attest(three[1], value(1, ACTUAL, 0, 101));
        attest(three[2], value(1, ACTUAL, 1, 100)); // another sequence is another reading
        expectNotAttested(0, 1, 1);
        submit(reading);
    }

    /// What reached its quorum stays submittable when one of the k goes on to a later reading.
    function test_NobodyWithdrawsAReachedQuorum() public {
        Reading memory reading = attestedBy(2, value(1, ACTUAL, 0, 100));
        attest(three[1], value(1, CORRECTED, 0, 90));
        submit(reading);
        assertStored(reading);
    }

    function test_NamesTheReadingOfABatchThatIsNotAttested() public {
        Reading[] memory batch = new Reading[](3);
        batch[0] = valueIn(QUORUM_SLOT - 1, 1, ACTUAL, 0, 100); // no quorum yet
        batch[1] = attestedBy(2, value(1, ACTUAL, 0, 100));
        batch[2] = value(2, ACTUAL, 0, 100);
        expectNotAttested(2, 2, 0);
        ledger.submit(batch);
    }

    function test_OtherFeedersAndEarlierSlotsNeedNoAttestation() public {
        topology.setSite(2, OTHER_FEEDER, 10_000);
        submit(value(2, ACTUAL, 0, 100));
        submit(valueIn(QUORUM_SLOT - 1, 1, ACTUAL, 0, 100));
        assertTrue(quorum.hasQuorums());
    }

    /// Whatever else is wrong with a reading is said first: what is not attested may be so later.
    function test_OtherRefusalsComeFirst() public {
        Reading memory reading = value(1, ACTUAL, 0, 100);
        reading.importWh = 101;
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        submit(reading);
    }

    /// An attestation is no signature: what k attest still needs the device's.
    function test_RevertWhen_AllAttestWhatTheDeviceDidNotSign() public {
        Reading memory forged = value(1, ACTUAL, 0, 100);
        forged = attestedBy(3, sign(forged, operatorKey));
        vm.expectPartialRevert(IMeterLedger.MeterLedgerWrongSigner.selector);
        submit(forged);
    }

    /// Words are used again 4,096 slots later; what was attested of the earlier slot is no part of the later one.
    function test_WordsOfAnEarlierRoundDoNotCount() public {
        attestedBy(2, value(1, ACTUAL, 0, 100));
        uint32 later = QUORUM_SLOT + MarketBounds.READING_SLOTS;
        vm.warp(calendar.timesOf(later).deliveryEnd);
        Reading memory reading = valueIn(later, 1, ACTUAL, 0, 100);
        vm.expectPartialRevert(IReadingQuorum.ReadingQuorumNotAttested.selector);
        submit(reading);
        attestedBy(2, reading);
        submit(reading);
        assertStored(reading);
        assertEq(uint8(quorum.reachedAt(1, QUORUM_SLOT).status), 0, "made room");
    }

    // -------------------- views

    function test_SaysHowFarReadingsHaveCome() public {
        Reading memory reading = attestedBy(1, value(1, ACTUAL, 0, 100));
        topology.setSite(2, OTHER_FEEDER, 10_000);
        bytes32[] memory records = new bytes32[](2);
        records[0] = words(reading)[0];
        records[1] = words(value(2, ACTUAL, 0, 100))[0];
        assertState(quorum.statesOf(three[0], records)[0], AttestationState(FEEDER, 2, 1, false, true, true));
        assertState(quorum.statesOf(three[1], records)[0], AttestationState(FEEDER, 2, 1, false, true, false));
        assertState(quorum.statesOf(council, records)[0], AttestationState(FEEDER, 2, 1, false, false, false));
        assertState(quorum.statesOf(three[0], records)[1], AttestationState(OTHER_FEEDER, 1, 0, true, false, false));
        attest(three[1], reading);
        assertState(quorum.statesOf(three[1], records)[0], AttestationState(FEEDER, 2, 2, true, true, true));
        (address[] memory operators, StoredReading[] memory readings) = quorum.attestationsAt(1, QUORUM_SLOT);
        assertEq(operators.length, 3);
        assertTrue(isSame(readings[1], reading));
        assertEq(uint8(readings[2].status), 0);
    }

    function test_NothingIsAskedWhereNobodyHasAQuorum() public {
        setUpLedger(); // a new ledger
        assertFalse(quorum.hasQuorums());
        submit(signed(1, ACTUAL, 0));
        assertStored(signed(1, ACTUAL, 0));
    }

    // -------------------- helpers

    function assertQuorum(uint24 feeder, uint32 slot, uint8 needed, uint256 count) private view {
        (uint8 needed_, address[] memory operators) = quorum.quorumAt(feeder, slot);
        assertEq(needed_, needed, "needed");
        assertEq(operators.length, count, "operators");
    }

    function assertState(AttestationState memory state, AttestationState memory expected) private pure {
        assertEq(abi.encode(state), abi.encode(expected));
    }

    function expectNotItsOperator(uint24 feeder, uint32 slot, address account) private {
        vm.expectRevert(
            abi.encodeWithSelector(IReadingQuorum.ReadingQuorumNotItsOperator.selector, 0, feeder, slot, account)
        );
    }

    function expectOtherValue() private {
        vm.expectRevert(
            abi.encodeWithSelector(IReadingQuorum.ReadingQuorumOtherValue.selector, 0, uint32(1), QUORUM_SLOT)
        );
    }

    function expectNotAttested(uint256 index, uint32 meter, uint8 count) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IReadingQuorum.ReadingQuorumNotAttested.selector,
                index,
                meter,
                QUORUM_SLOT,
                count,
                uint8(2)
            )
        );
    }

    function expectTooLate(Reading memory reading, uint64 until) private {
        vm.warp(until - 1);
        attest(operator, reading);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IMeterLedger.MeterLedgerTooLate.selector, 0, QUORUM_SLOT, until));
        attest(three[1], reading);
    }

    function expectNamed(address account, Reading memory lie, Reading memory reading) private {
        vm.recordLogs();
        vm.expectEmit(address(quorum));
        emit IReadingQuorum.AttestationContradicted({
            feeder: FEEDER,
            operator: account,
            meter: lie.meter,
            slot: lie.slot,
            attested: words(lie)[0],
            reading: words(reading)[0]
        });
    }

    function named() private returns (uint256) {
        return logged(IReadingQuorum.AttestationContradicted.selector);
    }

    function logged(bytes32 selector) private returns (uint256) {
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(quorum), selector);
        return logs.length;
    }
}
