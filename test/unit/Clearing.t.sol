// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClearing} from "../../contracts/interfaces/IClearing.sol";
import {BookLog} from "../../contracts/libraries/BookLog.sol";
import {OrderWords} from "../../contracts/libraries/OrderWords.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {FeederBook, ParentBook} from "../../contracts/types/ClearingTypes.sol";
import {Trade} from "../../contracts/types/RecordTypes.sol";
import {ClearingFixture} from "../utils/ClearingFixture.sol";

/// @notice Clearing of books, level by level: who may when, what is checked, what rises. Closing is in
///     SlotClosing.t.sol.
contract ClearingTest is ClearingFixture {
    using OrderWords for uint256;

    uint8 private constant BUY = Records.BUY;
    uint8 private constant SELL = Records.SELL;

    function setUp() public {
        deployClearing();
    }

    // -------------------- a feeder's book

    function test_ClearsAFeedersBookAndCommits() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 600, 100_000);
        Cleared memory result = clearFeeder(feederA);
        assertEq(uint256(result.price), 300_000, "the bid's rest counts as unfilled");
        assertEq(uint256(result.volumeWh), 600);
        assertEq(result.trades.length, 1);
        assertEq(uint256(result.rests[0]).whOf(), 400);
        assertEq(
            clearing.commitmentOf(feederA, SLOT),
            keccak256(abi.encode(keccak256(abi.encode(result.trades[0])), keccak256(abi.encode(result.rests[0]))))
        );
        assertTrue(clearing.isDone(feederA, SLOT));
    }

    function test_CancelledOrdersNeitherTradeNorRise() public {
        uint16 bid = put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 600, 100_000);
        cancel(feederA, bid);
        Cleared memory result = clearFeeder(feederA);
        assertEq(result.trades.length, 0);
        assertEq(result.rests.length, 1);
        assertEq(uint256(result.rests[0]).meterOf(), 2);
    }

    function test_AnybodyMayClear() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        FeederBook memory input = solvedFeeder(feederA);
        vm.prank(makeAddr("solver"));
        clearing.clearFeeder(input);
    }

    function test_RevertWhen_TheGateIsOpen() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        FeederBook memory input = feederBook(feederA);
        warpTo(30 minutes + 1);
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingTooEarly.selector, feederA, SLOT));
        clearing.clearFeeder(input);
    }

    function test_RevertWhen_TheDeadlineHasPassed() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        FeederBook memory input = solvedFeeder(feederA);
        warpTo(20 minutes);
        vm.expectRevert(
            abi.encodeWithSelector(IClearing.ClearingTooLate.selector, feederA, SLOT, uint256(SLOT) * 3600 - 20 minutes)
        );
        clearing.clearFeeder(input);
        warpTo(20 minutes + 1);
        clearing.clearFeeder(input);
    }

    function test_RevertWhen_TheBookIsClearedAgain() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        clearFeeder(feederA);
        FeederBook memory input = feederBook(feederA);
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingClearedBefore.selector, feederA, SLOT));
        clearing.clearFeeder(input);
    }

    function test_RevertWhen_TheBookIsEmpty() public {
        FeederBook memory input = feederBook(feederA);
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingBookIdle.selector, feederA, SLOT));
        clearing.clearFeeder(input);
        assertTrue(clearing.isDone(feederA, SLOT), "counts as cleared");
    }

    function test_RevertWhen_TheAreaIsOfAnotherLevel() public {
        FeederBook memory feederInput = feederBook(feederA);
        feederInput.feeder = east;
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingWrongLevel.selector, east));
        clearing.clearFeeder(feederInput);
        ParentBook memory parentInput = parentBook(east);
        parentInput.area = feederA;
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingWrongLevel.selector, feederA));
        clearing.clearParent(parentInput);
    }

    function test_RevertWhen_AnEntryIsLeftOutAddedMovedOrChanged() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 600, 100_000);
        put(feederA, SELL, 3, 600, 110_000);
        bytes memory notTheBook = abi.encodeWithSelector(IClearing.ClearingNotTheBook.selector, feederA, SLOT);
        bytes32[] memory entries = feederBook(feederA).entries;
        FeederBook memory input = feederBook(feederA);
        input.entries = _slice(entries, 0, 4);
        _refused(input, notTheBook);
        input.entries = _concat(entries, _slice(entries, 4, 6));
        _refused(input, notTheBook);
        input.entries = _concat(_slice(entries, 2, 6), _slice(entries, 0, 2));
        _refused(input, notTheBook);
        input.entries = entries;
        input.entries[0] = bytes32(uint256(entries[0]) + (uint256(1) << 136)); // 1 Wh more
        _refused(input, notTheBook);
    }

    function test_RevertWhen_ACancelIsDropped() public {
        uint16 bid = put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 600, 100_000);
        cancel(feederA, bid);
        FeederBook memory input = feederBook(feederA);
        input.entries = _slice(input.entries, 0, 4);
        input.cancelTargets = "";
        (input.bids, input.asks) = (hex"0000", hex"0001");
        _refused(input, abi.encodeWithSelector(IClearing.ClearingNotTheBook.selector, feederA, SLOT));
        input = feederBook(feederA);
        input.bids = hex"0000"; // the cancelled one
        _refused(input, abi.encodeWithSelector(BookLog.BookLogNotLive.selector, 0, 0));
    }

    function test_RevertWhen_ThePriceOrTheTradesAreClaimedWrong() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, SELL, 2, 600, 100_000);
        FeederBook memory input = solvedFeeder(feederA);
        input.price += 1;
        _refused(input, abi.encodeWithSelector(IClearing.ClearingWrongPrice.selector, 300_001, 300_000));
        input.price -= 1;
        bytes32 right = input.tradesHash;
        Trade memory trade;
        (trade.level, trade.buyFeeder, trade.sellFeeder) = (1, feederA, feederA);
        (trade.sellIndex, trade.price, trade.buyMeter, trade.sellMeter) = (1, 300_000, 1, 2);
        trade.wh = 600;
        assertEq(right, keccak256(abi.encode(Records.packTrade(trade))), "the trade as the rules say");
        trade.wh = 599;
        input.tradesHash = keccak256(abi.encode(Records.packTrade(trade)));
        _refused(input, abi.encodeWithSelector(IClearing.ClearingWrongTrades.selector, input.tradesHash, right));
    }

    // -------------------- rising

    /// Feeder first, then the fee of the edge in the merit order, then the next level.
    function test_RestsRiseFromFeederToDistrictToCity() public {
        world.setEdge(feederA, 10_000, false, 0);
        world.setEdge(feederB, 20_000, false, 0);
        world.setEdge(feederC, 5_000, false, 0);
        world.setEdge(east, 3_000, false, 0);
        world.setEdge(west, 4_000, false, 0);
        put(feederA, SELL, 1, 3_000, 100_000);
        put(feederB, BUY, 2, 1_000, 300_000);
        put(feederC, BUY, 3, 1_500, 300_000);
        clearFeeder(feederA);
        clearFeeder(feederB);
        clearFeeder(feederC);
        Cleared memory district = clearParent(east);
        // ask at 110,000, bid at 280,000; the ask's rest counts: the price is the ask's
        assertEq(uint256(district.price), 110_000);
        assertEq(uint256(district.volumeWh), 1_000);
        assertEq(uint256(Records.unpackTrade(district.trades[0]).level), 2);
        assertEq(district.rests.length, 1);
        assertEq(uint256(district.rests[0]).limitOf(), 113_000);
        assertEq(uint256(district.rests[0]).whOf(), 2_000);
        Cleared memory westResult = clearParent(west); // one bid rose to it from feeder C
        assertEq(westResult.rests.length, 1);
        assertEq(uint256(westResult.rests[0]).limitOf(), 291_000);
        Cleared memory top = clearParent(city);
        assertEq(uint256(top.volumeWh), 1_500);
        assertEq(uint256(top.price), 113_000);
        assertEq(top.rests.length, 0, "nothing rises from a city");
        Trade memory trade = Records.unpackTrade(top.trades[0]);
        assertEq(uint256(trade.level), 3);
        assertEq(uint256(trade.buyFeeder), feederC);
        assertEq(uint256(trade.sellFeeder), feederA);
    }

    /// A child's share of its parent's book is the same on each side: 256 / 2 children.
    function test_OnlyTheBestOfAChildsShareRise() public {
        for (uint32 i = 0; i < 130; ++i) put(feederA, BUY, 10 + i, 100, 100_000 + i);
        Cleared memory result = clearFeeder(feederA);
        assertEq(result.rests.length, 128);
        assertEq(uint256(result.rests[0]).limitOf(), 100_129);
        assertEq(uint256(result.rests[127]).limitOf(), 100_002);
    }

    function test_RevertWhen_AChildIsNotDone() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederB, SELL, 2, 1_000, 100_000);
        clearFeeder(feederA);
        ParentBook memory input = parentBook(east);
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingTooEarly.selector, feederB, SLOT));
        clearing.clearParent(input);
    }

    /// A void book keeps nobody waiting: the parent goes on without it.
    function test_TheParentGoesOnWithoutAVoidBook() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederB, SELL, 2, 1_000, 100_000);
        clearFeeder(feederA);
        warpTo(20 minutes);
        assertTrue(clearing.isDone(feederB, SLOT));
        Cleared memory result = clearParent(east);
        assertEq(result.trades.length, 0);
        assertEq(result.rests.length, 1);
    }

    function test_RevertWhen_AParentIsClearedTooLateOrTwice() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        clearFeeder(feederA);
        ParentBook memory input = solvedParent(east);
        warpTo(15 minutes);
        vm.expectRevert(
            abi.encodeWithSelector(IClearing.ClearingTooLate.selector, east, SLOT, uint256(SLOT) * 3600 - 15 minutes)
        );
        clearing.clearParent(input);
        warpTo(15 minutes + 1);
        clearing.clearParent(input);
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingClearedBefore.selector, east, SLOT));
        clearing.clearParent(input);
    }

    /// A parent into which nothing rose is empty, which counts as cleared as soon as its children are done.
    function test_AParentWithoutRestsIsEmpty() public {
        put(feederC, BUY, 1, 1_000, 300_000);
        assertTrue(clearing.isDone(east, SLOT));
        assertFalse(clearing.isDone(west, SLOT));
        assertFalse(clearing.isDone(city, SLOT));
        ParentBook memory input = parentBook(east);
        vm.expectRevert(abi.encodeWithSelector(IClearing.ClearingBookIdle.selector, east, SLOT));
        clearing.clearParent(input);
        put(feederC, SELL, 2, 1_000, 300_000);
        clearFeeder(feederC);
        assertTrue(clearing.isDone(west, SLOT), "all of feeder C's orders are filled");
        assertTrue(clearing.isDone(city, SLOT));
    }

    /// Rests of one feeder never cross: with no other district to meet, nothing can come of the books above it.
    function test_WhereOneFeedersRestsMeetNobodyTheBooksAboveAreIdle() public {
        uint24 town = world.addArea(0);
        uint24 district = world.addArea(town);
        uint24 first = world.addArea(district);
        uint24 second = world.addArea(district);
        put(first, BUY, 1, 1_000, 300_000);
        put(first, SELL, 2, 1_000, 310_000);
        assertFalse(clearing.isDone(district, SLOT));
        clearFeeder(first);
        assertTrue(clearing.isDone(district, SLOT));
        assertTrue(clearing.isDone(town, SLOT));
        ParentBook memory input = parentBook(district);
        _refusedParent(input, abi.encodeWithSelector(IClearing.ClearingBookIdle.selector, district, SLOT));
        put(second, BUY, 3, 1_000, 400_000);
        assertFalse(clearing.isDone(district, SLOT), "the second feeder is not done");
        clearFeeder(second);
        assertFalse(clearing.isDone(district, SLOT), "two feeders' rests meet");
        assertFalse(clearing.isDone(town, SLOT));
        assertEq(clearParent(district).trades.length, 1);
        assertTrue(clearing.isDone(town, SLOT));
    }

    function test_OneFeedersRestsGoOnToACityWithOtherDistricts() public {
        put(feederA, SELL, 1, 1_000, 100_000);
        clearFeeder(feederA);
        assertFalse(clearing.isDone(east, SLOT), "they may meet the west's");
        assertEq(clearParent(east).rests.length, 1);
        assertTrue(clearing.isDone(city, SLOT), "which has none");
        ParentBook memory input = parentBook(city);
        _refusedParent(input, abi.encodeWithSelector(IClearing.ClearingBookIdle.selector, city, SLOT));
    }

    /// Whatever the book, its rests do not cross: so those of one child alone cannot trade above.
    function testFuzz_RestsOfAChildNeverCross(uint256 seed) public {
        world.setEdge(feederA, uint32(seed % 5) * 1_000, false, 0);
        for (uint32 i = 0; i < 12; ++i) {
            uint256 r = uint256(keccak256(abi.encode(seed, i)));
            put(
                feederA,
                uint8(1 + (r % 2)),
                i + 1,
                uint32(1 + ((r >> 8) % 3_000)),
                100_000 + (uint32(r >> 40) % 50_000)
            );
        }
        bytes32[] memory rests = clearFeeder(feederA).rests;
        uint256 bestBid = 0;
        uint256 bestAsk = type(uint256).max;
        for (uint256 i = 0; i < rests.length; ++i) {
            uint256 limit = uint256(rests[i]).limitOf();
            if (uint256(rests[i]).tagOf() == BUY && limit > bestBid) bestBid = limit;
            if (uint256(rests[i]).tagOf() == SELL && limit < bestAsk) bestAsk = limit;
        }
        assertLt(bestBid, bestAsk);
    }

    function test_BeforeGateClosureNothingIsDone() public {
        warpTo(30 minutes + 1);
        assertFalse(clearing.isDone(feederA, SLOT));
        assertFalse(clearing.isDone(city, SLOT));
    }

    function test_RevertWhen_RestsAreNotTheChilds() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        put(feederA, BUY, 2, 1_000, 290_000);
        clearFeeder(feederA);
        ParentBook memory good = solvedParent(east);
        bytes memory expected = abi.encodeWithSelector(IClearing.ClearingNotTheRests.selector, feederA, SLOT);
        ParentBook memory input = parentBook(east);
        (input.rests[0][0], input.rests[0][1]) = (input.rests[0][1], input.rests[0][0]); // moved
        _refusedParent(input, expected);
        input = parentBook(east);
        input.rests[0] = _slice(input.rests[0], 0, 1); // left out
        _refusedParent(input, expected);
        input = parentBook(east);
        input.rests[0][0] = bytes32(uint256(input.rests[0][0]) + (uint256(1) << 136)); // grown
        _refusedParent(input, expected);
        input = parentBook(east);
        input.childTradesHashes[0] = bytes32(uint256(1));
        _refusedParent(input, expected);
        input = parentBook(east);
        input.rests[1] = _slice(input.rests[0], 0, 1); // invented at the empty feeder
        input.bids = hex"000000020001";
        _refusedParent(input, abi.encodeWithSelector(IClearing.ClearingNotTheRests.selector, feederB, SLOT));
        clearing.clearParent(good);
    }

    function test_RevertWhen_AChildIsMissing() public {
        put(feederA, BUY, 1, 1_000, 300_000);
        clearFeeder(feederA);
        ParentBook memory input = parentBook(east);
        bytes32[][] memory rests = new bytes32[][](1);
        rests[0] = input.rests[0];
        input.rests = rests;
        _refusedParent(input, abi.encodeWithSelector(IClearing.ClearingWrongCount.selector, 2, 1));
        input = parentBook(east);
        input.childTradesHashes = new bytes32[](3);
        _refusedParent(input, abi.encodeWithSelector(IClearing.ClearingWrongCount.selector, 2, 3));
    }

    // -------------------- capacities

    /// An edge's use is cumulated over all books above it.
    function test_TheCityTakesWhatTheDistrictLeftOfAnEdge() public {
        world.setEdge(feederA, 0, true, 1_500); // up from A: 1,500 Wh in all
        world.setEdge(west, 0, true, 10_000);
        put(feederA, SELL, 1, 5_000, 100_000);
        put(feederB, BUY, 2, 1_000, 300_000);
        put(feederC, BUY, 3, 5_000, 300_000);
        clearFeeder(feederA);
        clearFeeder(feederB);
        clearFeeder(feederC);
        assertEq(uint256(clearParent(east).volumeWh), 1_000);
        (uint64 upWh, uint64 downWh) = clearing.edgeUseOf(feederA, SLOT);
        assertEq(uint256(upWh), 1_000);
        assertEq(uint256(downWh), 0);
        clearParent(west);
        Cleared memory top = clearParent(city);
        assertEq(uint256(top.volumeWh), 500);
        (upWh, ) = clearing.edgeUseOf(feederA, SLOT);
        assertEq(uint256(upWh), 1_500);
        (, downWh) = clearing.edgeUseOf(west, SLOT);
        assertEq(uint256(downWh), 500);
        (, downWh) = clearing.edgeUseOf(feederB, SLOT);
        assertEq(uint256(downWh), 0, "an edge without a limit is not counted");
        // the seller's rest is blocked: only the buyer's rest of 4,500 counts
        assertEq(uint256(top.price), 300_000);
    }

    function test_AFullEdgeKeepsARestFromRising() public {
        world.setEdge(feederA, 0, true, 1_000);
        put(feederA, SELL, 1, 5_000, 100_000);
        put(feederB, BUY, 2, 1_000, 300_000);
        clearFeeder(feederA);
        clearFeeder(feederB);
        Cleared memory result = clearParent(east);
        assertEq(uint256(result.volumeWh), 1_000);
        assertEq(result.rests.length, 0);
        assertEq(uint256(result.price), 200_000, "nobody counts as unfilled");
    }

    function test_AClosedEdgeLetsNothingPass() public {
        world.setEdge(feederA, 0, true, 0);
        put(feederA, SELL, 1, 5_000, 100_000);
        put(feederB, BUY, 2, 1_000, 300_000);
        clearFeeder(feederA);
        clearFeeder(feederB);
        assertEq(clearParent(east).trades.length, 0);
    }

    // -------------------- any books

    /// Whatever the books: community energy bought = sold, edges hold, and a wrong claim is refused.
    function testFuzz_AnyTreeClears(uint256 seed) public {
        uint24[3] memory feeders = [feederA, feederB, feederC];
        for (uint256 f = 0; f < 3; ++f) {
            world.setEdge(feeders[f], uint32(seed % 5) * 1_000, seed % 3 == f, 2_000);
            for (uint32 i = 0; i < 6; ++i) {
                uint256 r = uint256(keccak256(abi.encode(seed, f, i)));
                uint8 tag = uint8(1 + (r % 2));
                uint16 index = put(
                    feeders[f],
                    tag,
                    uint32(100 * f + i + 1),
                    uint32(1 + ((r >> 8) % 3_000)),
                    100_000 + uint32((r >> 40) % 50) * 1_000
                );
                if (r % 7 == 0) cancel(feeders[f], index);
            }
            clearFeeder(feeders[f]);
        }
        if (!clearing.isDone(east, SLOT)) clearParent(east);
        if (!clearing.isDone(west, SLOT)) clearParent(west);
        if (!clearing.isDone(city, SLOT)) clearParent(city);
        for (uint256 f = 0; f < 3; ++f) {
            (uint64 upWh, uint64 downWh) = clearing.edgeUseOf(feeders[f], SLOT);
            assertLe(uint256(upWh), 2_000);
            assertLe(uint256(downWh), 2_000);
        }
        clearing.close(slotBooks());
        assertTrue(clearing.positionsHash(city, SLOT) != 0);
    }

    // -------------------- helpers

    function _refused(FeederBook memory input, bytes memory expected) private {
        vm.expectRevert(expected);
        clearing.clearFeeder(input);
    }

    function _refusedParent(ParentBook memory input, bytes memory expected) private {
        vm.expectRevert(expected);
        clearing.clearParent(input);
    }

    function _slice(bytes32[] memory words, uint256 from, uint256 to) private pure returns (bytes32[] memory part) {
        part = new bytes32[](to - from);
        for (uint256 i = from; i < to; ++i) part[i - from] = words[i];
    }

    function _concat(bytes32[] memory a, bytes32[] memory b) private pure returns (bytes32[] memory all) {
        all = new bytes32[](a.length + b.length);
        for (uint256 i = 0; i < a.length; ++i) all[i] = a[i];
        for (uint256 i = 0; i < b.length; ++i) all[a.length + i] = b[i];
    }
}
