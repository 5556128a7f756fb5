// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Book, BookClearing, Merged} from "../../contracts/libraries/BookClearing.sol";
import {BookLog} from "../../contracts/libraries/BookLog.sol";
import {Edges, GridEdges} from "../../contracts/libraries/GridEdges.sol";
import {OrderLanes} from "../../contracts/libraries/OrderLanes.sol";
import {OrderWords} from "../../contracts/libraries/OrderWords.sol";
import {Records} from "../../contracts/libraries/Records.sol";
import {SlotPositions} from "../../contracts/libraries/SlotPositions.sol";
import {WordPairs} from "../../contracts/libraries/WordPairs.sol";
import {Entry, Position, Trade} from "../../contracts/types/RecordTypes.sol";
import {Test} from "../utils/Test.sol";

/// @notice Calls the libraries with calldata and lets reverts be expected.
contract LibraryHarness {
    function read(
        bytes32[] calldata entries,
        bytes calldata targets
    ) external pure returns (uint256[] memory orders, uint256 live, bytes32 hash) {
        return BookLog.read(entries, targets);
    }

    function sort(
        uint256[] calldata orders,
        bytes calldata bids,
        bytes calldata asks
    ) external pure returns (uint256[] memory, uint256[] memory) {
        uint256 live = 0;
        for (uint256 i = 0; i < orders.length; ++i) live += OrderWords.whOf(orders[i]) == 0 ? 0 : 1;
        return BookLog.sort(orders, live, bids, asks);
    }

    // the merge writes into the book
    // solhint-disable-next-line gas-calldata-parameters
    function merge(Book memory book) external pure returns (Merged memory, Book memory) {
        return (BookClearing.merge(book), book);
    }

    function place(
        uint256 count,
        uint256[] calldata places,
        bytes32[] calldata heads
    ) external pure returns (bytes32[] memory) {
        SlotPositions.Table memory table = SlotPositions.create(count);
        for (uint256 i = 0; i < places.length; ++i) {
            SlotPositions.enter({
                table: table,
                place: places[i],
                head: uint256(heads[i]),
                amounts: SlotPositions.packAmounts(i + 1, 2 * i),
                account: address(7)
            });
        }
        SlotPositions.requireSorted(table);
        return table.words;
    }
}

/// @notice The merge, its price and what rises; reading and sorting a log; placing positions.
contract BookClearingTest is Test {
    using BookClearing for Book;
    using OrderWords for uint256;

    uint32 private constant SLOT = 480_000;
    LibraryHarness private harness;
    uint24 private _arrival;

    function setUp() public {
        harness = new LibraryHarness();
    }

    // -------------------- volume and who trades with whom

    function test_MergesWhileBidIsNotBelowAsk() public {
        Book memory book = _book(1);
        book.bids = _side(_bid(100, 30), _bid(60, 20), _bid(50, 10));
        book.asks = _side(_ask(40, 15), _ask(60, 25), _ask(70, 99));
        Merged memory merged = book.merge();
        assertEq(merged.trades.length, 3);
        _assertTrade(merged.trades[0], 0, 3, 15); // bid 0 x ask 3
        _assertTrade(merged.trades[1], 0, 4, 15); // bid 0 x ask 4
        _assertTrade(merged.trades[2], 1, 4, 10); // bid 1 at 60 meets ask 4 at 60
        assertEq(uint256(merged.volumeWh), 40);
        assertEq(book.bids[1].whOf(), 10, "half of bid 1 is left");
    }

    function test_NothingTradesWhenEveryBidIsBelowEveryAsk() public {
        Book memory book = _book(1);
        book.bids = _side(_bid(50, 10));
        book.asks = _side(_ask(51, 10));
        Merged memory merged = book.merge();
        assertEq(merged.trades.length, 0);
        assertEq(uint256(merged.price), 0);
        assertEq(uint256(merged.volumeWh), 0);
    }

    function test_AnEmptySideTradesNothing() public {
        Book memory book = _book(1);
        book.bids = _side(_bid(50, 10));
        assertEq(book.merge().trades.length, 0);
    }

    function test_TradesCarryLevelFeedersIndicesMetersAndThePrice() public {
        Book memory book = _book(2);
        book.bids = _side(_bid(100, 10));
        book.asks = _side(_ask(50, 10));
        Trade memory trade = Records.unpackTrade(book.merge().trades[0]);
        assertEq(uint256(trade.level), 2);
        assertEq(uint256(trade.buyFeeder), 11);
        assertEq(uint256(trade.sellFeeder), 11);
        assertEq(uint256(trade.buyMeter), 100);
        assertEq(uint256(trade.sellMeter), 101);
        assertEq(uint256(trade.buyIndex), 0);
        assertEq(uint256(trade.sellIndex), 1);
        assertEq(uint256(trade.wh), 10);
        assertEq(uint256(trade.price), 75);
        assertEq(uint256(trade.buyPos) + trade.sellPos, 0);
    }

    // -------------------- price

    function test_ThePriceIsTheMiddleRoundedDown() public {
        assertEq(_price(_side(_bid(101, 10)), _side(_ask(50, 10))), 75);
    }

    /// low = best unfilled bid above the last filled ask; high = best unfilled ask below the last filled bid.
    function test_ThePriceLeavesNobodyOutWhoWouldHaveGained() public {
        assertEq(_price(_side(_bid(100, 10), _bid(80, 10)), _side(_ask(50, 10))), 90, "middle of 80 and 100");
        _arrival = 0;
        assertEq(_price(_side(_bid(100, 10)), _side(_ask(50, 10), _ask(70, 10))), 60, "middle of 50 and 70");
    }

    function test_TheRestOfAPartlyFilledOrderCountsAsUnfilled() public {
        assertEq(_price(_side(_bid(100, 15)), _side(_ask(50, 10))), 100, "the bid wants more at any price up to 100");
        _arrival = 0;
        assertEq(_price(_side(_bid(100, 10)), _side(_ask(50, 15))), 50, "the ask offers more from 50 on");
    }

    // -------------------- capacities

    function test_AnOrderWhoseEdgeIsFullIsPassedOver() public {
        Book memory book = _limited(_edges2(100, 100, 8, 100)); // down to feeder 1: 8 Wh
        book.bids = _side(_bidAt(1, 100, 10), _bidAt(2, 90, 10));
        book.asks = _side(_askAt(2, 50, 12));
        Merged memory merged = book.merge();
        assertEq(merged.trades.length, 2);
        _assertTrade(merged.trades[0], 0, 2, 8);
        _assertTrade(merged.trades[1], 1, 2, 4);
        // ask filled; bid 0's rest of 2 is blocked and does not count; bid 1's rest of 6 at 90 does
        assertEq(uint256(merged.price), 90);
        bytes32[] memory rests = book.rise(merged, 5, 10);
        assertEq(rests.length, 1, "the blocked rest does not rise");
        assertEq(uint256(rests[0]).limitOf(), 85);
        assertEq(uint256(rests[0]).whOf(), 6);
    }

    function test_ABlockedRestDoesNotSetThePrice() public {
        Book memory book = _limited(_edges2(100, 100, 8, 100));
        book.bids = _side(_bidAt(1, 100, 10));
        book.asks = _side(_askAt(2, 50, 8));
        // unblocked, the bid's rest of 2 would have set the price to 100
        assertEq(uint256(book.merge().price), 75);
    }

    function test_ABlockedOrderThatWasNeverReachedDoesNotCount() public {
        Book memory book = _limited(_edges2(10, 100, 100, 100)); // up from feeder 1: 10 Wh
        book.bids = _side(_bidAt(2, 100, 10));
        book.asks = _side(_askAt(1, 50, 10), _askAt(1, 52, 10));
        // ask 2 stands at the full edge: high is the bid's 100, not 52
        assertEq(uint256(book.merge().price), 75);
    }

    function test_DirectionsAreNeverNetted() public {
        Book memory book = _limited(_edges2(5, 100, 5, 100));
        book.bids = _side(_bidAt(1, 100, 9), _bidAt(2, 100, 9));
        book.asks = _side(_askAt(1, 50, 9), _askAt(2, 50, 9));
        // bid 1 may take 5 down and ask 1 may send 5 up, though they would net to nothing
        Merged memory merged = book.merge();
        assertEq(_bought(merged, 0), 5);
        assertEq(_sold(merged, 2), 5);
    }

    /// A city's trade uses both edges of each side.
    function test_TheDistrictsEdgeBindsItsFeedersTogether() public {
        Edges memory edges;
        edges.isLimited = true;
        edges.feederCount = 3;
        edges.areas = new uint24[](5);
        (edges.areas[0], edges.areas[1], edges.areas[2]) = (1, 2, 3);
        (edges.areas[3], edges.areas[4]) = (8, 9);
        edges.above = new uint256[](3);
        (edges.above[0], edges.above[1], edges.above[2]) = (3, 3, 4);
        edges.startWh = new uint256[](10);
        edges.leftWh = new uint256[](10);
        for (uint256 i = 0; i < 10; ++i) edges.leftWh[i] = GridEdges.UNLIMITED_WH;
        edges.leftWh[2 * 3] = 12; // up from district 8
        edges.leftWh[2 * 0] = 7; // up from feeder 1
        Book memory book = _limited(edges);
        book.level = Records.CITY;
        book.bids = _side(_bidAt(3, 100, 50));
        book.asks = _side(_askAt(1, 50, 10), _askAt(2, 60, 10), _askAt(3, 70, 1));
        Merged memory merged = book.merge();
        assertEq(_sold(merged, 1), 7, "feeder 1's own edge");
        assertEq(_sold(merged, 2), 5, "what the district's edge has left");
        assertEq(_sold(merged, 3), 1, "the merit order goes on");
    }

    function test_RevertWhen_AnOrderStandsAtNoFeederOfTheBook() public {
        Book memory book = _limited(_edges2(1, 1, 1, 1));
        book.bids = _side(_bidAt(3, 100, 10));
        book.asks = _side(_askAt(1, 50, 10));
        vm.expectRevert(abi.encodeWithSelector(GridEdges.GridEdgesUnknownFeeder.selector, 3));
        harness.merge(book);
    }

    // -------------------- what rises

    function test_RestsRiseWithTheFeeBestFirstWithinTheShare() public {
        Book memory book = _book(1);
        book.bids = _side(_bid(90, 10), _bid(80, 10), _bid(70, 10));
        book.asks = _side(_ask(100, 10), _ask(110, 10), _ask(120, 10));
        bytes32[] memory rests = book.rise(book.merge(), 7, 2);
        assertEq(rests.length, 4);
        uint32[4] memory limits = [uint32(83), 73, 107, 117];
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(uint256(rests[i]).limitOf(), limits[i]);
            assertEq(uint256(rests[i]).whOf(), 10);
        }
        assertEq(uint256(rests[0]).meterOf(), 100, "all else is as in the order");
    }

    function test_ABidThatWouldGoNegativeDoesNotRise() public {
        Book memory book = _book(1);
        book.bids = _side(_bid(7, 10), _bid(6, 10));
        bytes32[] memory rests = book.rise(book.merge(), 7, 10);
        assertEq(rests.length, 1);
        assertEq(uint256(rests[0]).limitOf(), 0);
    }

    function test_AnAskAboveTheLargestPriceDoesNotRise() public {
        Book memory book = _book(1);
        book.asks = _side(_ask(type(uint32).max - 7, 10), _ask(type(uint32).max - 6, 10));
        bytes32[] memory rests = book.rise(book.merge(), 7, 10);
        assertEq(rests.length, 1);
        assertEq(uint256(rests[0]).limitOf(), type(uint32).max);
    }

    // -------------------- any book

    /// Energy balances, limits hold, at most orders - 1 trades, no gain was left out, and merit order is kept.
    function testFuzz_AnyBookKeepsTheRules(uint256 seed, uint8 bidCount, uint8 askCount, bool limited) public {
        Book memory book = limited ? _limited(_edges2(seed % 97, 60, 80, seed % 71)) : _book(2);
        book.bids = _randomSide(seed, bidCount % 12, Records.BUY);
        book.asks = _randomSide(seed >> 128, askCount % 12, Records.SELL);
        uint256[] memory bidWh = _energies(book.bids);
        uint256[] memory askWh = _energies(book.asks);
        Merged memory merged = book.merge();
        if (merged.trades.length != 0) assertLe(merged.trades.length, book.bids.length + book.asks.length - 1);
        uint256 volumeWh = 0;
        for (uint256 i = 0; i < merged.trades.length; ++i) volumeWh += Records.unpackTrade(merged.trades[i]).wh;
        assertEq(volumeWh, merged.volumeWh);
        assertEq(_assertSide(book, merged, book.bids, bidWh, true), volumeWh);
        assertEq(_assertSide(book, merged, book.asks, askWh, false), volumeWh);
        for (uint256 i = 0; i < book.edges.leftWh.length; ++i) {
            assertLe(book.edges.leftWh[i], book.edges.startWh[i], "never more than the edge carries");
        }
    }

    // -------------------- reading a log

    function test_ReadsOrdersAndCancels() public {
        (bytes32[] memory entries, bytes memory targets) = _log();
        (uint256[] memory orders, uint256 live, bytes32 hash) = harness.read(entries, targets);
        assertEq(orders.length, 4);
        assertEq(live, 2);
        assertEq(orders[0].whOf(), 0, "cancelled");
        assertEq(orders[1].whOf(), 20);
        assertEq(orders[3].whOf(), 0, "the cancel itself");
        bytes32 expected = 0;
        for (uint256 i = 0; i < 8; i += 2) expected = keccak256(abi.encode(expected, entries[i], entries[i + 1]));
        assertEq(hash, expected);
    }

    function test_RevertWhen_TheLogIsNoWholeEntries() public {
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogBadLength.selector, 3));
        harness.read(new bytes32[](3), "");
    }

    function test_RevertWhen_ATargetIsWrong() public {
        (bytes32[] memory entries, ) = _log();
        for (uint16 target = 1; target < 5; ++target) {
            vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogWrongTarget.selector, 3, target));
            harness.read(entries, abi.encodePacked(target));
        }
    }

    function test_RevertWhen_AnOrderIsCancelledTwice() public {
        (bytes32[] memory entries, ) = _log();
        bytes32[] memory twice = new bytes32[](10);
        for (uint256 i = 0; i < 8; ++i) twice[i] = entries[i];
        (twice[8], twice[9]) = (entries[6], entries[7]);
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogWrongTarget.selector, 4, 0));
        harness.read(twice, hex"00000000");
    }

    function test_RevertWhen_TargetsAreMissingOrLeftOver() public {
        (bytes32[] memory entries, ) = _log();
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogWrongTargetCount.selector, 1, 0));
        harness.read(entries, "");
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogWrongTargetCount.selector, 1, 2));
        harness.read(entries, hex"00000001");
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogWrongTargetCount.selector, 1, 1));
        harness.read(entries, hex"000000");
    }

    // -------------------- sorting

    function test_SortsBySuppliedLists() public {
        uint256[] memory orders = _side(_bid(50, 1), _ask(70, 2), _bid(60, 3));
        (uint256[] memory bids, uint256[] memory asks) = harness.sort(orders, hex"00020000", hex"0001");
        assertEq(bids.length, 2);
        assertEq(bids[0], orders[2]);
        assertEq(bids[1], orders[0]);
        assertEq(asks[0], orders[1]);
    }

    function test_RevertWhen_TheOrderIsNotByMerit() public {
        uint256[] memory orders = _side(_bid(50, 1), _ask(70, 2), _bid(60, 3));
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogNotSorted.selector, 1, 2));
        harness.sort(orders, hex"00000002", hex"0001");
    }

    function test_RevertWhen_ATieIsNotByArrival() public {
        uint256[] memory orders = _side(_bid(50, 1), _bid(50, 2));
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogNotSorted.selector, 1, 0));
        harness.sort(orders, hex"00010000", "");
    }

    function test_RevertWhen_AnOrderStandsTwice() public {
        uint256[] memory orders = _side(_bid(50, 1), _bid(40, 2));
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogNotSorted.selector, 1, 0));
        harness.sort(orders, hex"00000000", "");
    }

    function test_RevertWhen_AnOrderIsLeftOut() public {
        uint256[] memory orders = _side(_bid(50, 1), _ask(70, 2), _bid(60, 3));
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogIncomplete.selector, 3, 2));
        harness.sort(orders, hex"0002", hex"0001");
    }

    function test_RevertWhen_AnIndexIsNoLiveOrderOfTheSide() public {
        uint256[] memory orders = _side(_bid(50, 1), _ask(70, 2), _bid(60, 0));
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogNotLive.selector, 0, 1));
        harness.sort(orders, hex"0001", ""); // the other side
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogNotLive.selector, 0, 2));
        harness.sort(orders, hex"0002", ""); // cancelled
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogNotLive.selector, 0, 3));
        harness.sort(orders, hex"0003", ""); // beyond the book
    }

    function test_RevertWhen_AListIsOdd() public {
        vm.expectRevert(abi.encodeWithSelector(BookLog.BookLogBadList.selector, 1));
        harness.sort(new uint256[](0), hex"00", "");
    }

    // -------------------- placing positions

    function test_RevertWhen_APlaceIsAnotherMetersOrNone() public {
        vm.expectRevert(abi.encodeWithSelector(SlotPositions.SlotPositionsMisplaced.selector, 0, 6));
        harness.place(1, _numbers(0, 0), _heads(5, 6));
        vm.expectRevert(abi.encodeWithSelector(SlotPositions.SlotPositionsMisplaced.selector, 1, 6));
        harness.place(1, _numbers(0, 1), _heads(5, 6));
    }

    function test_RevertWhen_PositionsDoNotAscendOrAreInvented() public {
        vm.expectRevert(abi.encodeWithSelector(SlotPositions.SlotPositionsNotSorted.selector, 1));
        harness.place(2, _numbers(0, 1), _heads(6, 5));
        vm.expectRevert(abi.encodeWithSelector(SlotPositions.SlotPositionsNotSorted.selector, 1));
        harness.place(2, _numbers(0, 1), _heads(5, 5)); // one meter, two positions
        vm.expectRevert(abi.encodeWithSelector(SlotPositions.SlotPositionsNotSorted.selector, 2));
        harness.place(3, _numbers(0, 1), _heads(5, 6)); // a position without an order
        harness.place(2, _numbers(0, 1), _heads(5, 6));
    }

    function test_AmountsOfAMeterAddUp() public view {
        bytes32[] memory words = harness.place(1, _numbers(0, 0), _heads(5, 5));
        Position memory position = Records.unpackPosition([words[0], words[1]]);
        assertEq(uint256(position.meter), 5);
        assertEq(uint256(position.filledLock), 3);
        assertEq(uint256(position.unlocked), 2);
        assertEq(position.account, address(7));
    }

    // -------------------- two lists at once

    event Pair(uint256 indexed first, uint256 indexed second, bytes32[] a, bytes32[] b);

    function testFuzz_PairsAreEmittedAsByTheCompiler(bytes32[] memory a, bytes32[] memory b) public {
        vm.expectEmit(address(this));
        emit Pair(3, 4, a, b);
        WordPairs.emitPair(Pair.selector, 3, 4, a, b);
    }

    // -------------------- the ring of order words

    /// Lanes do not touch each other, and a word of another round reads as empty.
    function testFuzz_LanesStandApart(uint32 slot, uint32 other, uint32 bits) public pure {
        uint256 lane = bits % 2 ** 30;
        uint256 shift = OrderLanes.shiftOf(slot);
        uint256 word = OrderLanes.withLane(OrderLanes.inRound(0, slot), shift, lane);
        assertEq(OrderLanes.laneAt(OrderLanes.inRound(word, slot), shift), lane);
        uint256 otherShift = OrderLanes.shiftOf(other);
        if (otherShift != shift) assertEq(OrderLanes.laneAt(word, otherShift), 0);
        uint256 nextRound = uint256(slot) + 256;
        assertEq(OrderLanes.wordIndex(nextRound), OrderLanes.wordIndex(slot));
        assertEq(OrderLanes.laneAt(OrderLanes.inRound(word, nextRound), shift), 0);
        uint256 changed = OrderLanes.withLane(word, otherShift, 2 ** 30 - 1);
        assertEq(OrderLanes.laneAt(changed, shift), otherShift == shift ? 2 ** 30 - 1 : lane);
    }

    // -------------------- helpers

    function _book(uint8 level) private pure returns (Book memory book) {
        book.level = level;
    }

    function _limited(Edges memory edges) private pure returns (Book memory book) {
        book.level = Records.DISTRICT;
        book.edges = edges;
    }

    /// @dev Feeders 1 and 2 of a district.
    function _edges2(uint256 up1, uint256 up2, uint256 down1, uint256 down2) private pure returns (Edges memory edges) {
        edges.isLimited = true;
        edges.feederCount = 2;
        edges.areas = new uint24[](2);
        (edges.areas[0], edges.areas[1]) = (1, 2);
        edges.above = new uint256[](2);
        edges.startWh = new uint256[](4);
        edges.leftWh = new uint256[](4);
        uint256[4] memory leftWh = [up1, down1, up2, down2];
        for (uint256 i = 0; i < 4; ++i) edges.startWh[i] = edges.leftWh[i] = leftWh[i];
    }

    function _order(uint8 tag, uint24 feeder, uint32 limit, uint32 wh) private returns (uint256) {
        uint24 n = _arrival++;
        return
            uint256(
                Records.packEntry(
                    Entry({
                        tag: tag,
                        meter: 100 + n,
                        feeder: feeder,
                        arrival: n + 1,
                        wh: wh,
                        limit: limit,
                        index: uint16(n),
                        slot: SLOT
                    })
                )
            );
    }

    function _bid(uint32 limit, uint32 wh) private returns (uint256) {
        return _order(Records.BUY, 11, limit, wh);
    }

    function _ask(uint32 limit, uint32 wh) private returns (uint256) {
        return _order(Records.SELL, 11, limit, wh);
    }

    function _bidAt(uint24 feeder, uint32 limit, uint32 wh) private returns (uint256) {
        return _order(Records.BUY, feeder, limit, wh);
    }

    function _askAt(uint24 feeder, uint32 limit, uint32 wh) private returns (uint256) {
        return _order(Records.SELL, feeder, limit, wh);
    }

    function _side(uint256 a) private pure returns (uint256[] memory side) {
        side = new uint256[](1);
        side[0] = a;
    }

    function _side(uint256 a, uint256 b) private pure returns (uint256[] memory side) {
        side = new uint256[](2);
        (side[0], side[1]) = (a, b);
    }

    function _side(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory side) {
        side = new uint256[](3);
        (side[0], side[1], side[2]) = (a, b, c);
    }

    function _price(uint256[] memory bids, uint256[] memory asks) private pure returns (uint256) {
        Book memory book = _book(1);
        (book.bids, book.asks) = (bids, asks);
        return book.merge().price;
    }

    function _assertTrade(bytes32 word, uint256 buyIndex, uint256 sellIndex, uint256 wh) private pure {
        Trade memory trade = Records.unpackTrade(word);
        assertEq(uint256(trade.buyIndex), buyIndex);
        assertEq(uint256(trade.sellIndex), sellIndex);
        assertEq(uint256(trade.wh), wh);
    }

    function _bought(Merged memory merged, uint256 index) private pure returns (uint256 wh) {
        for (uint256 i = 0; i < merged.trades.length; ++i) {
            Trade memory trade = Records.unpackTrade(merged.trades[i]);
            if (trade.buyIndex == index) wh += trade.wh;
        }
    }

    function _sold(Merged memory merged, uint256 index) private pure returns (uint256 wh) {
        for (uint256 i = 0; i < merged.trades.length; ++i) {
            Trade memory trade = Records.unpackTrade(merged.trades[i]);
            if (trade.sellIndex == index) wh += trade.wh;
        }
    }

    /// @dev A side in merit order by insertion, at feeders 1 and 2.
    function _randomSide(uint256 seed, uint256 count, uint8 tag) private returns (uint256[] memory side) {
        side = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 r = uint256(keccak256(abi.encode(seed, tag, i)));
            side[i] = _order(tag, uint24(1 + (r % 2)), uint32(40 + ((r >> 8) % 30)), uint32(1 + ((r >> 16) % 40)));
            for (uint256 j = i; j > 0 && side[j].meritOf() < side[j - 1].meritOf(); --j) {
                (side[j], side[j - 1]) = (side[j - 1], side[j]);
            }
        }
    }

    function _energies(uint256[] memory side) private pure returns (uint256[] memory wh) {
        wh = new uint256[](side.length);
        for (uint256 i = 0; i < side.length; ++i) wh[i] = side[i].whOf();
    }

    /// @dev Returns what the side traded; `wh` is what it had.
    function _assertSide(
        Book memory book,
        Merged memory merged,
        uint256[] memory side,
        uint256[] memory wh,
        bool buys
    ) private pure returns (uint256 tradedWh) {
        bool gap = false;
        for (uint256 i = 0; i < side.length; ++i) {
            uint256 traded = buys ? _bought(merged, side[i].indexOf()) : _sold(merged, side[i].indexOf());
            assertEq(side[i].whOf() + traded, wh[i], "what an order keeps");
            tradedWh += traded;
            uint256 direction = buys ? GridEdges.DOWN : GridEdges.UP;
            bool open = side[i].whOf() != 0 && GridEdges.leftFor(book.edges, side[i], direction) != 0;
            uint256 limit = side[i].limitOf();
            if (traded != 0) {
                assertTrue(buys ? limit >= merged.price : limit <= merged.price, "nobody trades beyond its limit");
                assertFalse(gap, "a better order that could have traded was left out");
            }
            if (open && merged.trades.length != 0) {
                assertTrue(buys ? limit <= merged.price : limit >= merged.price, "nobody left out would have gained");
            }
            gap = gap || open;
        }
    }

    /// @dev A bid, an ask, a bid, and the cancel of the first.
    function _log() private returns (bytes32[] memory entries, bytes memory targets) {
        entries = new bytes32[](8);
        entries[0] = bytes32(_bid(50, 10));
        entries[1] = Records.packEntryOwner(address(1), 1);
        entries[2] = bytes32(_ask(40, 20));
        entries[3] = Records.packEntryOwner(address(2), 1);
        entries[4] = bytes32(_bid(60, 30));
        entries[5] = Records.packEntryOwner(address(1), 2);
        entries[6] = bytes32(uint256(Records.CANCEL) << 248);
        entries[7] = entries[1];
        targets = hex"0000";
    }

    function _numbers(uint256 a, uint256 b) private pure returns (uint256[] memory numbers) {
        return _side(a, b);
    }

    function _heads(uint256 meterA, uint256 meterB) private pure returns (bytes32[] memory heads) {
        heads = new bytes32[](2);
        (heads[0], heads[1]) = (bytes32(meterA << 224), bytes32(meterB << 224));
    }
}
