// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Records} from "../../contracts/libraries/Records.sol";
import {ReadingStatus, RuleSet} from "../../contracts/types/MarketTypes.sol";
import {SettlementFixture} from "../utils/SettlementFixture.sol";

/// @notice Escalation: which short slots count, for whom, and who is paid. The rules of the fixture: 0.10 a kWh from
///         two short slots among eight. A slot's record closes 67 + 12 hours after delivery starts, a slot opens 48
///         hours before, so that slot s looks at the eight slots up to s - 127.
contract ShortSlotsTest is SettlementFixture {
    uint32 private constant LAG = 127;
    uint64 private constant ESCALATION = 10_000; // 100 Wh at 0.10 a kWh

    function setUp() public {
        deploy();
    }

    // -------------------- what counts

    function test_ASellerShortAgainAndAgainPaysTheSupplier() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Actual);
        _openSlot(SLOT + 1 + LAG, 900, ReadingStatus.Actual);
        // 100 Wh short: 0.30 - 0.20 to the buyer, escalation to the supplier
        assertEq(outcome(1).bondPaid, 10_000 + ESCALATION);
        assertEq(outcome(0).bondReceived, 10_000);
        assertEq(party(supplierA).community, ESCALATION);
    }

    function test_FewerShortSlotsThanTheThresholdDoNotEscalate() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _finalSlot(SLOT + 1, 1_000, ReadingStatus.Actual);
        _openSlot(SLOT + 1 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000);
    }

    function test_WithoutAThresholdOrARateNobodyPaysEscalation() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Actual);
        RuleSet memory changed = rules();
        changed.escalationThreshold = 0;
        world.setRules(changed);
        _openSlot(SLOT + 1 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000);
        (changed.escalationThreshold, changed.escalationRate) = (2, 0);
        world.setRules(changed);
        _openSlot(SLOT + 2 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000);
    }

    function test_BeforeThereWasASlotNobodyWasShort() public {
        _openSlot(LAG - 1, 900, ReadingStatus.Actual); // opened when no slot's record could be closed
        assertEq(outcome(1).bondPaid, 10_000);
    }

    function test_ASellerThatDeliversPaysNoEscalation() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Actual);
        _openSlot(SLOT + 1 + LAG, 1_000, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 0);
    }

    function test_AMissingReadingCounts() public {
        _finalSlot(SLOT, 900, ReadingStatus.Corrected);
        _finalSlot(SLOT + 1, 0, ReadingStatus.None);
        _openSlot(SLOT + 1 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000 + ESCALATION);
    }

    function test_EstimatesAndSubstitutesDoNotCount() public {
        _finalSlot(SLOT, 900, ReadingStatus.Estimated);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Substituted);
        _finalSlot(SLOT + 2, 900, ReadingStatus.Actual);
        assertEq(settlement.shortSlots(2, SLOT / 256), uint256(1) << ((SLOT + 2) % 256));
        _openSlot(SLOT + 2 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000);
    }

    function test_ABuyerIsNeverShort() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        assertEq(settlement.shortSlots(1, SLOT / 256), 0);
        assertEq(settlement.shortSlots(2, SLOT / 256), uint256(1) << (SLOT % 256));
    }

    function test_ACorrectionBeforeTheFinalDateDecides() public {
        _openSlot(SLOT, 900, ReadingStatus.Actual);
        assertEq(settlement.shortSlots(2, SLOT / 256), 0, "nothing before the final date");
        read(2, 0, 1_000, ReadingStatus.Corrected);
        settle();
        toFinalDate();
        finalize();
        assertEq(settlement.shortSlots(2, SLOT / 256), 0);
    }

    // -------------------- which slots count

    function test_SlotsWhoseRecordWasOpenDoNotCount() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Actual);
        // one slot earlier than above: SLOT + 1 was not closed when it opened
        _openSlot(SLOT + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000);
    }

    function test_SlotsBeforeTheWindowDoNotCount() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Actual);
        _openSlot(SLOT + 7 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000 + ESCALATION, "SLOT is the oldest of eight");
        _openSlot(SLOT + 8 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000);
    }

    function test_TheWindowSpansTwoWords() public {
        uint32 last = SLOT - (SLOT % 256) + 256;
        _finalSlot(last - 1, 900, ReadingStatus.Actual);
        _finalSlot(last, 900, ReadingStatus.Actual);
        _openSlot(last + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000 + ESCALATION);
    }

    function test_APostponedSlotDoesNotCount() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        world.postpone(SLOT + 1, 1 hours);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Actual);
        assertEq(settlement.shortSlots(2, SLOT / 256) >> (SLOT % 256), 3);
        _openSlot(SLOT + 1 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000, "not final in time");
        _openSlot(SLOT + 2 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000 + ESCALATION, "for the next one it was");
    }

    function test_ItsOwnPostponementDoesNotMoveASlotsWindow() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _finalSlot(SLOT + 1, 900, ReadingStatus.Actual);
        _openSlot(SLOT + 7 + LAG, 900, ReadingStatus.Actual);
        world.postpone(slot, 3 hours);
        assertFalse(settle(), "the same again");
    }

    function test_ASlotFinalizedLateCountsForNobody() public {
        _openSlot(SLOT, 900, ReadingStatus.Actual);
        vm.warp(world.timesOf(slot).finalDate + 12 hours - 1);
        uint256 inTime = vm.snapshotState();
        finalize();
        assertEq(settlement.shortSlots(2, SLOT / 256), uint256(1) << (SLOT % 256));
        vm.revertToState(inTime);
        vm.warp(world.timesOf(slot).finalDate + 12 hours);
        finalize();
        assertEq(settlement.shortSlots(2, SLOT / 256), 0);
    }

    /// Whatever is finalized after a slot opened, settling it again finds the same.
    function test_FinalizingAnotherSlotLaterChangesNothing() public {
        _finalSlot(SLOT, 900, ReadingStatus.Actual);
        _openSlot(SLOT + 1, 900, ReadingStatus.Actual); // not finalized in time
        (bytes32[] memory late, bytes32[] memory lateParties) = (outcomes, parties);
        _openSlot(SLOT + 1 + LAG, 900, ReadingStatus.Actual);
        assertEq(outcome(1).bondPaid, 10_000);
        settlement.finalize(CITY, SLOT + 1, late, lateParties);
        assertFalse(settle());
    }

    // -------------------- helpers

    function _finalSlot(uint32 number, uint32 exportWh, ReadingStatus status) private {
        _openSlot(number, exportWh, status);
        toFinalDate();
        finalize();
    }

    /// Meter 1 bought 1,000 Wh of meter 2, who delivers `exportWh`; settled once the reading window is over.
    function _openSlot(uint32 number, uint32 exportWh, ReadingStatus status) private {
        nextSlot(number);
        (uint16 b, uint16 s) = (buyer(1, F11), seller(2, F11));
        trade(Records.FEEDER, b, s, 1_000, 200_000);
        close();
        read(1, 1_000, 0);
        read(2, 0, exportWh, status);
        if (vm.getBlockTimestamp() < world.timesOf(slot).readingEnd) toReadingEnd();
        settle();
    }
}
