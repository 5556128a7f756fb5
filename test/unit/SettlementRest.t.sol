// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {SettlementWorldMock} from "../../contracts/mocks/SettlementWorldMock.sol";
import {ReadingStatus} from "../../contracts/types/MarketTypes.sol";
import {Outcome} from "../../contracts/types/RecordTypes.sol";
import {SettlementFixture} from "../utils/SettlementFixture.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice Settlement of meters without order: chunks of a feeder's list.
contract SettlementRestTest is SettlementFixture {
    function setUp() public {
        deploy();
        for (uint32 m = 1; m <= 3; ++m) {
            world.placeMeter(F12, m, CONNECTION_WH, home(m));
            fund(home(m), DEPOSIT);
            read(m, 1_001, 500 * m);
        }
    }

    function test_ImportAtRetailAndExportAtFeedIn() public {
        toDeliveryEnd();
        _settleRest(0);
        assertEq(outcomes.length, 12);
        for (uint32 m = 1; m <= 3; ++m) {
            Outcome memory o = outcome(m - 1);
            assertEq(o.meter, m);
            assertEq(o.account, home(m));
            assertEq(o.gridPaid, 280_280, "1.001 kWh at 0.28");
            assertEq(o.gridReceived, 40_000 * m, "at 0.08");
            // feed-in pays first; what it does not cover is charged
            assertEq(o.held, 40_000 * m);
            assertEq(balanceOf(home(m)), DEPOSIT + 40_000 * m - (280_280 - 40_000 * m));
        }
        assertEq(world.dueOf(accountant), 3_000);
        toFinalDate();
        settlement.finalizeRest(F12, slot, 0, outcomes);
        for (uint32 m = 1; m <= 3; ++m) {
            assertEq(escrow.freeOf(home(m)), DEPOSIT + 40_000 * m - 280_280);
        }
    }

    function test_RoundsPayersUpAndPayeesDown() public {
        read(1, 1, 0);
        read(2, 0, 7);
        world.setTerms(F12, terms(10, supplierB, gridB, 280_001, 80_001, 25_000, 30_000));
        toDeliveryEnd();
        _settleRest(0);
        assertEq(outcome(0).gridPaid, 281, "280.001 up");
        assertEq(outcome(1).gridReceived, 560, "560.007 down");
    }

    /// Every meter is settled in exactly one place.
    function test_MetersWithAPositionAreNotSettledHere() public {
        world.setHasPosition(2, slot, true);
        toDeliveryEnd();
        _settleRest(0);
        assertEq(outcomes.length, 8);
        assertEq(outcome(0).meter, 1);
        assertEq(outcome(1).meter, 3);
    }

    function test_MetersThatStandElsewhereOrHaveNoHolderAreLeftOut() public {
        world.setSite(1, SettlementWorldMock.Site(F11, CONNECTION_WH, home(1)));
        world.setSite(2, SettlementWorldMock.Site(F12, CONNECTION_WH, address(0)));
        toDeliveryEnd();
        _settleRest(0);
        assertEq(outcomes.length, 4);
        assertEq(outcome(0).meter, 3);
    }

    function test_MissingReadingsImportTheConnectionAndBar() public {
        read(1, 0, 0, ReadingStatus.None);
        toDeliveryEnd();
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlement.SettlementReadingMissing.selector,
                1,
                slot,
                world.timesOf(slot).readingEnd
            )
        );
        settlement.settleRest(F12, slot, 0, outcomes);
        toReadingEnd();
        _settleRest(0);
        assertEq(outcome(0).status, uint8(ReadingStatus.Missing));
        assertEq(outcome(0).gridPaid, 5_600_000, "20 kWh at 0.28");
        assertEq(world.barredTimes(1, slot), 1);
        // the substitute that comes later makes it good, and only the difference is posted
        read(1, 2_000, 0, ReadingStatus.Substituted);
        assertTrue(_settleRest(0));
        assertEq(outcome(0).gridPaid, 560_000);
        assertEq(balanceOf(home(1)), DEPOSIT - 560_000);
        assertEq(world.dueOf(accountant), 3_000, "the accounting fee once");
        assertEq(world.barredTimes(1, slot), 1);
    }

    function test_AgainWithTheSameReadingsDoesNothing() public {
        toDeliveryEnd();
        assertTrue(_settleRest(0));
        vm.recordLogs();
        settlement.settleRest(F12, slot, 0, outcomes);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// A meter placed later, or that changed since, does not change who is settled again.
    function test_AgainSettlesTheSameMeters() public {
        toDeliveryEnd();
        _settleRest(0);
        world.placeMeter(F12, 9, CONNECTION_WH, home(9));
        read(9, 1, 1);
        read(1, 2_000, 0, ReadingStatus.Corrected);
        assertTrue(_settleRest(0));
        assertEq(outcomes.length, 12);
    }

    function test_ChunksOf64Places() public {
        for (uint32 m = 10; m < 10 + 62; ++m) {
            world.placeMeter(F12, m, CONNECTION_WH, home(m));
            read(m, m, 0);
        }
        toDeliveryEnd();
        _settleRest(0);
        assertEq(outcomes.length, 4 * 64);
        delete outcomes;
        _settleRest(1);
        assertEq(outcomes.length, 4);
        assertEq(outcome(0).meter, 71);
        assertNotEq(settlement.restHash(F12, slot, 0), settlement.restHash(F12, slot, 1));
    }

    function test_AnEmptyChunkDoesNothing() public {
        toDeliveryEnd();
        assertFalse(_settleRest(7));
        assertEq(settlement.restHash(F12, slot, 7), 0);
        vm.warp(world.timesOf(slot).finalDate);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementNotSettled.selector, F12, slot));
        settlement.finalizeRest(F12, slot, 7, outcomes);
    }

    function test_WhatABrokeSupplierOwesIsADebtToTheHome() public {
        escrow.lock(supplierB, escrow.freeOf(supplierB), slot + 1);
        for (uint32 m = 1; m <= 3; ++m) read(m, 0, 1_000);
        toDeliveryEnd();
        _settleRest(0);
        assertEq(outcome(0).held, 0, "held is what is backed");
        assertEq(outcome(0).gridReceived, 80_000);
        assertEq(escrow.arrearsOf(supplierB), 3 * 80_000 + 3_000, "and the accounting fee");
        assertEq(arrears.debtTo(supplierB, home(2)), 80_000);
    }

    function test_RevertWhen_TooEarlyFinalOrWrong() public {
        vm.expectPartialRevert(ISettlement.SettlementTooEarly.selector);
        settlement.settleRest(F12, slot, 0, outcomes);
        toDeliveryEnd();
        _settleRest(0);
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.settleRest(F12, slot, 0, new bytes32[](0));
        vm.expectPartialRevert(ISettlement.SettlementNotFinal.selector);
        settlement.finalizeRest(F12, slot, 0, outcomes);
        toFinalDate();
        vm.expectPartialRevert(ISettlement.SettlementFinal.selector);
        settlement.settleRest(F12, slot, 0, outcomes);
        bytes32[] memory changed = outcomes;
        changed[2] ^= bytes32(uint256(1));
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.finalizeRest(F12, slot, 0, changed);
        settlement.finalizeRest(F12, slot, 0, outcomes);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementAlreadyFinalized.selector, F12, slot));
        settlement.finalizeRest(F12, slot, 0, outcomes);
    }

    function _settleRest(uint32 chunk) private returns (bool changed) {
        vm.recordLogs();
        settlement.settleRest(F12, slot, chunk, outcomes);
        Vm.Log[] memory logs = logsOf(vm.getRecordedLogs(), address(settlement), ISettlement.RestSettled.selector);
        if (logs.length == 0) return false;
        outcomes = abi.decode(logs[0].data, (bytes32[]));
        return true;
    }
}
