// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {ISettlement} from "../../contracts/interfaces/ISettlement.sol";
import {HomePosting, PartyPosting} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {ReadingStatus} from "../../contracts/types/MarketTypes.sol";
import {Outcome} from "../../contracts/types/RecordTypes.sol";
import {SettlementFixture} from "../utils/SettlementFixture.sol";

/// @notice Settlement of city trees: the rules by hand-computed examples, the known mistakes, the refusals.
contract SettlementTest is SettlementFixture {
    function setUp() public {
        deploy();
    }

    /// Meter 1 buys 4,000 Wh of meter 2 at 0.20 a kWh, both on feeder 11.
    function _oneTrade() private {
        (uint16 b, uint16 s) = (buyer(1, F11), seller(2, F11));
        trade(Records.FEEDER, b, s, 4_000, 200_000);
        close();
    }

    // -------------------- known mistakes

    /// Known mistake: money paid at match time, before delivery.
    function test_NoMoneyMovesBeforeDeliveryNorIsFreeBeforeTheFinalDate() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        uint64 before = balanceOf(home(2));
        vm.expectRevert(
            abi.encodeWithSelector(ISettlement.SettlementTooEarly.selector, slot, world.timesOf(slot).deliveryEnd)
        );
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        assertEq(balanceOf(home(2)), before);

        toDeliveryEnd();
        settle();
        assertEq(balanceOf(home(2)), before + 800_000);
        assertEq(heldOf(home(2)), positions[1].filledLock + 800_000, "proceeds and bond stay held");
        assertEq(escrow.freeOf(home(2)), before - positions[1].filledLock, "nothing is free yet");

        toFinalDate();
        finalize();
        assertEq(escrow.freeOf(home(2)), before + 800_000);
    }

    /// Known mistake: penalising the party that kept its word.
    function test_PartiesThatKeptTheirWordPayNoBond() public {
        // Meter 1 buys 1,000 Wh each of 2, who delivers, and of 3, who does not.
        uint16 b = buyer(1, F11);
        (uint16 good, uint16 bad) = (seller(2, F11), seller(3, F11));
        trade(Records.FEEDER, b, good, 1_000, 200_000);
        trade(Records.FEEDER, b, bad, 1_000, 200_000);
        close();
        read(1, 2_000, 0);
        read(2, 0, 1_000);
        read(3, 0, 0);
        toDeliveryEnd();
        settle();
        Outcome memory o = outcome(good);
        assertEq(o.bondPaid, 0);
        assertEq(o.energyReceived, 200_000);
        o = outcome(b);
        assertEq(o.bondPaid, 0);
        assertEq(o.energyPaid, 200_000);
        assertEq(o.gridPaid, 300_000);
        // It pays 0.20 + 0.30 and gets 0.10 back: what 2 kWh at 0.20 would have cost.
        assertEq(o.bondReceived, 100_000);
        assertEq(outcome(bad).bondPaid, 100_000);
    }

    /// Known mistake: penalising the buyer that used less or more: its deviation is grid export or import, no more.
    function test_BuyersDeviationCostsNothingBesides() public {
        _oneTrade();
        read(1, 3_000, 0); // 1,000 Wh bought and not used
        read(2, 0, 4_000);
        toDeliveryEnd();
        settle();
        Outcome memory o = outcome(0);
        assertEq(o.energyPaid, 800_000, "take or pay");
        assertEq(o.gridReceived, 100_000, "the surplus earns the feed-in");
        assertEq(o.gridPaid + o.bondPaid + o.bondReceived, 0);

        read(1, 5_000, 0); // 1,000 Wh more than bought
        settle();
        o = outcome(0);
        assertEq(o.energyPaid, 800_000);
        assertEq(o.gridPaid, 300_000);
        assertEq(o.gridReceived + o.bondPaid + o.bondReceived, 0);
    }

    /// Known mistake: comparing each trade with the whole meter, so that several trades multiply a penalty.
    function test_SeveralTradesDoNotMultiplyAPenalty() public {
        (uint16 b1, uint16 b2, uint16 b3) = (buyer(1, F11), buyer(2, F11), buyer(3, F11));
        uint16 s = seller(4, F11);
        trade(Records.FEEDER, b1, s, 1_000, 200_000);
        trade(Records.FEEDER, b2, s, 1_000, 200_000);
        trade(Records.FEEDER, b3, s, 1_000, 200_000);
        close();
        read(1, 1_000, 0);
        read(2, 1_000, 0);
        read(3, 1_000, 0);
        read(4, 0, 2_000); // 1,000 short in all, not 1,000 per trade
        toDeliveryEnd();
        settle();
        assertEq(outcome(s).undeliveredWh, 1_000);
        assertEq(outcome(s).energyReceived, 400_000);
        assertEq(outcome(s).bondPaid, 100_000, "1 kWh at 0.30 - 0.20, once");
        // 2,000 / 3 = 666 each and the 2 spare Wh to the first two trades
        assertEq(deliveredOf(0), 667);
        assertEq(deliveredOf(1), 667);
        assertEq(deliveredOf(2), 666);
    }

    /// Known mistake: a missing reading meaning no consequence.
    function test_AMissingReadingHasConsequences() public {
        (uint16 b, uint16 s) = (buyer(1, F11), seller(2, F11));
        trade(Records.FEEDER, b, s, 4_000, 200_000);
        close();
        read(1, 4_000, 0);
        toReadingEnd();
        settle();
        Outcome memory o = outcome(s);
        assertEq(o.status, uint8(ReadingStatus.Missing));
        assertEq(o.exportWh + o.soldWh, 0);
        assertEq(o.importWh, CONNECTION_WH);
        assertEq(o.gridPaid, 6_000_000, "20 kWh at 0.30");
        assertEq(o.bondPaid, 400_000, "4 kWh at 0.30 - 0.20");
        assertEq(world.barredTimes(2, slot), 1);
        assertEq(world.barredTimes(1, slot), 0);
    }

    /// Known mistake: penalties recorded but never collected.
    function test_PenaltiesAreCollectedFromTheBond() public {
        (uint16 b, uint16 s) = (buyer(1, F12), seller(2, F11));
        trade(Records.DISTRICT, b, s, 4_000, 150_000);
        close();
        read(1, 4_000, 0);
        read(2, 0, 1_000);
        (uint64 buyerBefore, uint64 sellerBefore) = (balanceOf(home(1)), balanceOf(home(2)));
        toDeliveryEnd();
        settle();
        // make-whole 3 kWh x (0.28 - 0.15 - 0.025), fees 3 kWh x (0.020 + 0.025)
        assertEq(outcome(s).bondPaid, 315_000 + 135_000);
        assertEq(outcome(b).bondReceived, 315_000);
        assertEq(balanceOf(home(2)), sellerBefore + 150_000 - 20_000 - 450_000);
        // its grid import of 3 kWh x 0.28 is covered by its held lock, and paid from it at the final date
        assertEq(balanceOf(home(1)), buyerBefore - 150_000 - 25_000 + 315_000);
        assertEq(balanceOf(gridA), 80_000, "0.020 on all 4 kWh");
        assertEq(balanceOf(gridB), 100_000, "0.025 on all 4 kWh");
        toFinalDate();
        finalize();
        assertEq(escrow.freeOf(home(2)), sellerBefore + 150_000 - 20_000 - 450_000);
        assertEq(balanceOf(home(1)), buyerBefore - 150_000 - 25_000 + 315_000 - 840_000);
    }

    /// Known mistake: a settlement window that closes before delivery ends.
    function test_TheWindowNeitherOpensBeforeDeliveryEndsNorCloses() public {
        _oneTrade();
        read(1, 4_000, 0);
        vm.warp(world.timesOf(slot).deliveryEnd - 1);
        vm.expectPartialRevert(ISettlement.SettlementTooEarly.selector);
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        // the seller's reading still missing: not before the reading window ends
        vm.warp(world.timesOf(slot).readingEnd - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlement.SettlementReadingMissing.selector,
                2,
                slot,
                world.timesOf(slot).readingEnd
            )
        );
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        read(2, 0, 4_000);
        // a first settlement is possible at any later time
        vm.warp(world.timesOf(slot).finalDate + 365 days);
        assertTrue(settle());
        assertEq(outcome(1).energyReceived, 800_000);
        finalize();
    }

    /// Known mistake: fees left out.
    function test_EachSidePaysItsPathFeesToItsGridOperator() public {
        (uint16 b, uint16 s) = (buyer(1, F21), seller(2, F11));
        trade(Records.CITY, b, s, 2_000, 200_000);
        close();
        read(1, 2_000, 0);
        read(2, 0, 2_000);
        toDeliveryEnd();
        settle();
        assertEq(outcome(b).energyPaid, 400_000);
        assertEq(outcome(b).fees, 100_000, "2 kWh x (0.010 + 0.040)");
        assertEq(outcome(s).energyReceived, 400_000);
        assertEq(outcome(s).fees, 100_000, "2 kWh x (0.020 + 0.030)");
        assertEq(party(gridB).community, 100_000);
        assertEq(party(gridA).community, 100_000);
        assertEq(heldOf(gridA), 100_000, "held till the final date, as all is");
        toFinalDate();
        finalize();
        assertEq(escrow.freeOf(gridA), 100_000);
    }

    /// Known mistake: floating-point money. Whole micro-credits, rounded once: payers up, payees down, the rest known.
    function test_MoneyIsExactAndRoundedOnce() public {
        (uint16 b, uint16 s1, uint16 s2) = (buyer(1, F11), seller(2, F12), seller(3, F11));
        trade(Records.DISTRICT, b, s1, 7, 150_333); // 1,052,331 / 1000
        trade(Records.DISTRICT, b, s2, 7, 150_333);
        close();
        read(1, 14, 0);
        read(2, 0, 7);
        read(3, 0, 7);
        toDeliveryEnd();
        uint256 before = totalBalance();
        settle();
        assertEq(outcome(b).energyPaid, 2_105, "2,104.662 up, once for both trades");
        assertEq(outcome(s1).energyReceived, 1_052);
        assertEq(outcome(s2).energyReceived, 1_052);
        assertEq(party(supplierB).community, 1, "what remains: supplier of the first trade's seller");
        assertEq(party(supplierA).community, 0);
        assertEq(totalBalance(), before);
    }

    // -------------------- rules by example

    function test_BilateralTradesPayTheFeesOfTheirPath() public {
        uint16 b = buyer(1, F11);
        (uint16 same, uint16 near, uint16 far) = (seller(2, F11), seller(3, F12), seller(4, F21));
        trade(Records.BILATERAL, b, same, 1_000, 200_000);
        trade(Records.BILATERAL, b, near, 1_000, 200_000);
        trade(Records.BILATERAL, b, far, 1_000, 200_000);
        close();
        read(1, 3_000, 0);
        for (uint32 m = 2; m <= 4; ++m) read(m, 0, 1_000);
        toDeliveryEnd();
        settle();
        assertEq(outcome(same).fees, 0);
        assertEq(outcome(near).fees, 25_000);
        assertEq(outcome(far).fees, 50_000);
        assertEq(outcome(b).fees, 0 + 20_000 + 50_000);
    }

    function test_SurplusEarnsTheLowerFeedInAndTheSellersSupplierReimburses() public {
        uint16 b = buyer(1, F11); // feed-in 0.100, supplier A
        (uint16 s1, uint16 s2) = (seller(2, F12), seller(3, F21)); // feed-in 0.080 and 0.120, supplier B
        trade(Records.DISTRICT, b, s1, 2_000, 150_000);
        trade(Records.CITY, b, s2, 1_000, 150_000);
        close();
        read(1, 0, 500); // used nothing, and exported from its own panels
        read(2, 0, 2_000);
        read(3, 0, 1_000);
        toDeliveryEnd();
        settle();
        Outcome memory o = outcome(b);
        assertEq(o.gridReceived, 50_000 + 160_000 + 100_000);
        assertEq(party(supplierA).surplusIn, 260_000);
        assertEq(party(supplierB).surplusOut, 260_000);
        assertEq(balanceOf(supplierA), DEPOSIT - 50_000 - 1_000);
        assertEq(balanceOf(supplierB), DEPOSIT - 260_000 - 2_000);
    }

    function test_MakeWholeOnlyForWhatTheGridHadToSupply() public {
        (uint16 b, uint16 s) = (buyer(1, F11), seller(2, F11));
        trade(Records.FEEDER, b, s, 4_000, 200_000);
        close();
        read(1, 2_500, 0); // needed 2,500 of the 4,000
        read(2, 0, 1_000);
        toDeliveryEnd();
        settle();
        assertEq(outcome(b).gridPaid, 450_000, "1.5 kWh at 0.30");
        assertEq(outcome(b).bondReceived, 150_000, "1.5 kWh at 0.10, not 3 kWh");
        assertEq(outcome(s).bondPaid, 150_000);
    }

    function test_NoMakeWholeWhereTheGridIsCheaper() public {
        (uint16 b, uint16 s) = (buyer(1, F12), seller(2, F11));
        trade(Records.DISTRICT, b, s, 1_000, 270_000); // with its fee of 0.025 dearer than 0.28
        close();
        read(1, 1_000, 0);
        read(2, 0, 0);
        toDeliveryEnd();
        settle();
        assertEq(outcome(b).bondReceived, 0);
        assertEq(outcome(s).bondPaid, 45_000, "both sides' fees only");
    }

    function test_MakeWholeIsSplitOverTheShortTradesByUndeliveredWh() public {
        uint16 b = buyer(1, F11);
        (uint16 s1, uint16 s2, uint16 s3) = (seller(2, F11), seller(3, F11), seller(4, F11));
        trade(Records.FEEDER, b, s1, 1_000, 200_000);
        trade(Records.FEEDER, b, s2, 1_000, 200_000);
        trade(Records.FEEDER, b, s3, 1_000, 200_000);
        close();
        read(1, 2_200, 0); // delivered 1,600, grid import 600, short 1,400
        read(2, 0, 1_000);
        read(3, 0, 600); // short 400: 171 + 1 spare
        read(4, 0, 0); // short 1,000: 428
        toDeliveryEnd();
        settle();
        assertEq(outcome(b).bondReceived, 60_000);
        assertEq(outcome(s1).bondPaid, 0);
        assertEq(outcome(s2).bondPaid, 17_200);
        assertEq(outcome(s3).bondPaid, 42_800);
    }

    function test_GridShareBeyondTheHeldMoneyIsChargedAtOnce() public {
        _oneTrade();
        read(1, 10_000, 0); // 6 kWh of the grid, 1.80; held after the trade: 0
        read(2, 0, 4_000);
        toDeliveryEnd();
        uint64 before = balanceOf(supplierA);
        settle();
        assertEq(outcome(0).gridPaid, 1_800_000);
        assertEq(outcome(0).uncovered, 1_800_000);
        assertEq(outcome(0).held, 0);
        assertEq(balanceOf(supplierA), before + 1_800_000 - 2_000);
    }

    function test_PositionsWithoutTradesSettleAsGridUse() public {
        buyer(1, F11);
        seller(2, F11);
        close();
        read(1, 1_000, 0);
        read(2, 0, 1_000);
        toDeliveryEnd();
        settle();
        assertEq(outcome(0).gridPaid, 300_000);
        assertEq(outcome(1).gridReceived, 100_000);
        assertEq(outcome(1).bondPaid, 0);
    }

    function test_AccountingFeeOncePerMeterToTheBlocksAccountant() public {
        (uint16 b, uint16 s) = (buyer(1, F12), seller(2, F11));
        trade(Records.DISTRICT, b, s, 1_000, 150_000);
        close();
        read(1, 1_000, 0);
        read(2, 0, 1_000);
        toDeliveryEnd();
        settle();
        assertEq(world.dueOf(accountant), 2_000);
        assertEq(balanceOf(address(world)), 2_000);
        read(1, 1_100, 0);
        settle();
        assertEq(world.dueOf(accountant), 2_000, "not again for a difference");
    }

    // -------------------- missing readings

    function test_AMissingBuyerImportsItsConnectionAtLeast() public {
        _oneTrade();
        read(2, 0, 4_000);
        toReadingEnd();
        settle();
        Outcome memory o = outcome(0);
        assertEq(o.importWh, CONNECTION_WH);
        assertEq(o.boughtWh, 4_000);
        assertEq(o.gridPaid, 4_800_000, "16 kWh at 0.30");
        // the seller's correction changes what was bought; the import is found anew
        read(2, 0, 1_000, ReadingStatus.Corrected);
        settle();
        o = outcome(0);
        assertEq(o.importWh, CONNECTION_WH);
        assertEq(o.boughtWh, 1_000);
        assertEq(o.gridPaid, 5_700_000);
        assertEq(o.bondReceived, 300_000, "3 kWh at 0.10");
        assertEq(world.barredTimes(1, slot), 1, "barred once");
    }

    function test_AMissingBuyerImportsWhatItBoughtIfThatIsMore() public {
        (uint16 b, uint16 s) = (buyer(1, F11), seller(2, F11));
        trade(Records.FEEDER, b, s, CONNECTION_WH + 5, 200_000);
        close();
        read(2, 0, CONNECTION_WH + 5);
        toReadingEnd();
        settle();
        assertEq(outcome(b).importWh, CONNECTION_WH + 5);
        assertEq(outcome(b).gridPaid, 0);
    }

    function test_ACorrectionReplacesAMissingReading() public {
        _oneTrade();
        read(1, 4_000, 0);
        toReadingEnd();
        settle();
        assertEq(world.barredTimes(2, slot), 1);
        read(2, 100, 4_000, ReadingStatus.Substituted);
        assertTrue(settle());
        Outcome memory o = outcome(1);
        assertEq(o.status, uint8(ReadingStatus.Substituted));
        assertEq(o.energyReceived, 800_000);
        assertEq(o.gridPaid, 30_000);
        assertEq(o.bondPaid, 0);
    }

    // -------------------- again and again

    function test_SettlingTwiceChangesNothing() public {
        _oneTrade();
        read(1, 3_000, 0);
        read(2, 0, 3_500);
        toDeliveryEnd();
        assertTrue(settle());
        bytes32 hash = settlement.outcomesHash(CITY, slot);
        vm.recordLogs();
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        assertEq(vm.getRecordedLogs().length, 0, "no event of anybody");
        assertEq(settlement.outcomesHash(CITY, slot), hash);
    }

    function test_ABetterStatusAloneMovesNoMoney() public {
        _oneTrade();
        read(1, 3_000, 0, ReadingStatus.Substituted);
        read(2, 0, 4_000);
        toDeliveryEnd();
        settle();
        Outcome memory before = outcome(0);
        read(1, 3_000, 0, ReadingStatus.Actual);
        vm.recordLogs();
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        assertEq(vm.getRecordedLogs().length, 1, "SlotSettled, no movement");
        read(1, 3_001, 0, ReadingStatus.Corrected);
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
        assertEq(before.status, uint8(ReadingStatus.Substituted));
    }

    function test_ACorrectionPostsOnlyTheDifference() public {
        (uint16 b, uint16 s) = (buyer(1, F12), seller(2, F11));
        trade(Records.DISTRICT, b, s, 4_000, 150_000);
        buyer(3, F12); // a home the correction does not touch
        close();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        read(3, 50, 0);
        toDeliveryEnd();
        settle();
        uint64 sellerBefore = balanceOf(home(2));
        uint64 gridBefore = balanceOf(gridA);
        uint64 otherBefore = balanceOf(home(3));
        read(2, 0, 1_000, ReadingStatus.Corrected);
        settle();
        // 3 kWh less sold (450,000), fees on them back (60,000), bond 450,000 as in the test above
        assertEq(balanceOf(home(2)), sellerBefore - 450_000 + 60_000 - 450_000);
        assertEq(balanceOf(gridA), gridBefore, "fees come from the bond instead");
        assertEq(balanceOf(home(3)), otherBefore);
        read(2, 0, 4_000, ReadingStatus.Corrected);
        settle();
        assertEq(balanceOf(home(2)), sellerBefore, "and back");
        assertEq(balanceOf(gridA), gridBefore);
    }

    function test_AnyoneMayCallEverything() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        toDeliveryEnd();
        vm.startPrank(address(0xBAD));
        settle();
        toFinalDate();
        finalize();
        vm.stopPrank();
        assertEq(settlement.outcomesHash(CITY, slot), bytes32(uint256(1)));
    }

    /// A later accountants' contract may call back: it finds the slot settled, and settling again does nothing.
    function test_ReenteringFromTheFeesContractChangesNothing() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        toDeliveryEnd();
        uint256 snapshot = vm.snapshotState();
        settle();
        (bytes32[] memory o, bytes32[] memory p) = (outcomes, parties);
        uint64 after_ = balanceOf(home(2));
        vm.revertToState(snapshot);
        delete outcomes;
        delete parties;
        world.callWhenBooked(
            address(settlement),
            abi.encodeCall(ISettlement.settle, (CITY, slot, positionWords(), tradeWords(), o, p))
        );
        settle();
        assertEq(balanceOf(home(2)), after_);
        assertEq(world.dueOf(accountant), 2_000);
    }

    // -------------------- never for lack of money

    function test_ABrokeSupplierBecomesADebtor() public {
        _oneTrade();
        read(1, 0, 0); // 4 kWh of surplus: supplier A owes 400,000
        read(2, 0, 14_000); // and 10 kWh of feed-in: 1,000,000
        toDeliveryEnd();
        _empty(supplierA);
        settle();
        assertEq(escrow.arrearsOf(supplierA), 1_400_000 + 2_000);
        assertEq(outcome(1).held, positions[1].filledLock + 800_000, "held is what is backed");
        toFinalDate();
        finalize();
        fund(supplierA, 2_000_000);
        escrow.payArrears(supplierA, 10);
        assertEq(escrow.arrearsOf(supplierA), 0);
    }

    function test_AHomeThatCannotPayItsGridShareIsInArrears() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, CONNECTION_WH, 4_000); // 6.00 of grid import, covered by 2.80 of held money
        toDeliveryEnd();
        _empty(home(2));
        settle();
        Outcome memory o = outcome(1);
        assertEq(o.held, 2_800_000);
        assertEq(o.uncovered, 3_200_000);
        assertEq(escrow.arrearsOf(home(2)), 3_200_000);
    }

    /// The free credits of an account are locked away elsewhere.
    function _empty(address account) private {
        uint64 free = escrow.freeOf(account);
        escrow.lock(account, free, slot + 1);
    }

    // -------------------- refusals

    function test_RevertWhen_BooksAreNotClosed() public {
        toDeliveryEnd();
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementNotClosed.selector, CITY, slot));
        settle();
    }

    function test_RevertWhen_TradesAreNotThoseCommitted() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        toDeliveryEnd();
        bytes32[] memory changed = tradeWords();
        changed[0] ^= bytes32(uint256(1) << 104); // another price
        vm.expectPartialRevert(ISettlement.SettlementWrongTrades.selector);
        settlement.settle(CITY, slot, positionWords(), changed, outcomes, parties);
        vm.expectPartialRevert(ISettlement.SettlementWrongTrades.selector);
        settlement.settle(CITY, slot, positionWords(), new bytes32[](0), outcomes, parties);
    }

    /// Positions and trades are hashed one behind the other; where one ends must not be the caller's choice.
    function test_RevertWhen_TheBorderOfPositionsAndTradesIsMoved() public {
        (uint16 b, uint16 s) = (buyer(1, F11), seller(2, F11));
        trade(Records.FEEDER, b, s, 100, 200_000);
        trade(Records.FEEDER, b, s, 100, 200_000);
        close();
        read(1, 200, 0);
        read(2, 0, 200);
        toDeliveryEnd();
        bytes memory all = abi.encodePacked(positionWords(), tradeWords());
        for (uint256 border = 0; border <= 6; ++border) {
            if (border == 4) continue;
            (bytes32[] memory p, bytes32[] memory t) = (new bytes32[](border), new bytes32[](6 - border));
            for (uint256 i = 0; i < 6; ++i) {
                bytes32 word;
                assembly ("memory-safe") {
                    word := mload(add(add(all, 0x20), mul(i, 0x20)))
                }
                if (i < border) p[i] = word;
                else t[i - border] = word;
            }
            vm.expectPartialRevert(ISettlement.SettlementWrongTrades.selector);
            settlement.settle(CITY, slot, p, t, outcomes, parties);
        }
        assertTrue(settle());
    }

    function test_RevertWhen_PriorOutcomesAreWrong() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        toDeliveryEnd();
        bytes32[] memory invented = new bytes32[](8);
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.settle(CITY, slot, positionWords(), tradeWords(), invented, parties);
        settle();
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.settle(CITY, slot, positionWords(), tradeWords(), new bytes32[](0), new bytes32[](0));
        outcomes[2] ^= bytes32(uint256(1)); // one micro-credit more held
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
    }

    /// The ledger takes corrections until the decision deadline; the time from then on is for settling them.
    function test_WhatWasCorrectedIsSettledUntilTheFinalDateAndNotFromIt() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        toDeliveryEnd();
        settle();
        read(2, 0, 3_000, ReadingStatus.Corrected);
        vm.warp(world.timesOf(slot).finalDate - 1);
        assertTrue(settle());
        read(2, 0, 3_500, ReadingStatus.Corrected);
        toFinalDate();
        vm.expectRevert(
            abi.encodeWithSelector(ISettlement.SettlementFinal.selector, CITY, slot, world.timesOf(slot).finalDate)
        );
        settlement.settle(CITY, slot, positionWords(), tradeWords(), outcomes, parties);
    }

    function test_RevertWhen_FinalizedTooEarlyTwiceOrUnsettled() public {
        _oneTrade();
        read(1, 4_000, 0);
        read(2, 0, 4_000);
        toDeliveryEnd();
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementNotSettled.selector, CITY, slot));
        settlement.finalize(CITY, slot, outcomes, parties);
        settle();
        uint64 finalDate = world.timesOf(slot).finalDate;
        vm.warp(finalDate - 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementNotFinal.selector, CITY, slot, finalDate));
        settlement.finalize(CITY, slot, outcomes, parties);
        vm.warp(finalDate);
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.finalize(CITY, slot, outcomes, new bytes32[](0));
        finalize();
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementAlreadyFinalized.selector, CITY, slot));
        settlement.finalize(CITY, slot, outcomes, parties);
        assertEq(lockedOf(home(1)) + heldOf(home(1)) + lockedOf(home(2)) + heldOf(home(2)), 0);
    }

    /// Four words of outcomes and two of parties: the hash says which is which.
    function test_RevertWhen_FinalizeTakesPartiesForAnOutcome() public {
        (uint16 b, uint16 s) = (buyer(1, F11), seller(2, F11));
        trade(Records.FEEDER, b, s, 100, 200_000);
        close();
        read(1, 100, 0);
        read(2, 0, 100);
        toDeliveryEnd();
        settle();
        toFinalDate();
        bytes32[] memory all = new bytes32[](outcomes.length + parties.length);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = i < outcomes.length ? outcomes[i] : parties[i - outcomes.length];
        }
        vm.expectPartialRevert(ISettlement.SettlementWrongOutcomes.selector);
        settlement.finalize(CITY, slot, all, new bytes32[](0));
    }

    // -------------------- several calls in one transaction

    function test_SlotsSettleTogetherAsOneByOne() public {
        _oneTrade();
        read(1, 3_000, 0);
        read(2, 0, 3_500);
        toDeliveryEnd();
        uint256 snapshot = vm.snapshotState();
        assertTrue(settle());
        bytes32 alone = settlement.outcomesHash(CITY, slot);
        vm.revertToState(snapshot);
        bytes[] memory calls = new bytes[](2);
        bytes32[] memory none;
        calls[0] = abi.encodeCall(settlement.settle, (CITY, slot, positionWords(), tradeWords(), none, none));
        calls[1] = abi.encodeCall(settlement.settleRest, (F21, slot, 0, none)); // nobody is there
        vm.prank(address(0xBEEF)); // anybody
        Multicall(address(settlement)).multicall(calls);
        assertEq(settlement.outcomesHash(CITY, slot), alone);
    }

    function test_RevertWhen_OneOfSeveralCallsIsRefused() public {
        _oneTrade();
        read(1, 3_000, 0);
        read(2, 0, 3_500);
        toDeliveryEnd();
        bytes[] memory calls = new bytes[](2);
        bytes32[] memory none;
        calls[0] = abi.encodeCall(settlement.settle, (CITY, slot, positionWords(), tradeWords(), none, none));
        calls[1] = abi.encodeCall(settlement.finalize, (CITY, slot + 1, none, none));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.SettlementNotSettled.selector, CITY, slot + 1));
        Multicall(address(settlement)).multicall(calls);
        assertEq(settlement.outcomesHash(CITY, slot), 0, "nothing of the first call is left");
    }

    /// Nothing is lent by being called by itself: every call of the batch has the sender of the whole.
    function test_SeveralCallsHaveNoRightThatOneHasNot() public {
        bytes[] memory calls = new bytes[](1);
        HomePosting[] memory homes;
        PartyPosting[] memory owed;
        calls[0] = abi.encodeCall(escrow.post, (CITY, slot, homes, owed));
        vm.expectRevert(Errors.FailedCall.selector); // a function that Settlement does not have
        Multicall(address(settlement)).multicall(calls);
        (bool paid, ) = address(settlement).call{value: 1}(abi.encodeCall(Multicall.multicall, (calls)));
        assertFalse(paid, "takes no value");
    }
}
