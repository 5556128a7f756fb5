// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClearing} from "../../interfaces/IClearing.sol";
import {BookLog} from "../../libraries/BookLog.sol";
import {Money} from "../../libraries/Money.sol";
import {OrderWords} from "../../libraries/OrderWords.sol";
import {Records} from "../../libraries/Records.sol";
import {SlotPositions} from "../../libraries/SlotPositions.sol";
import {WordPairs} from "../../libraries/WordPairs.sol";
import {SlotBooks} from "../../types/ClearingTypes.sol";
import {AreaLevel, SlotTimes} from "../../types/MarketTypes.sol";
import {Trade} from "../../types/RecordTypes.sol";
import {BookResults} from "./BookResults.sol";

/// @title SlotClosing
/// @notice Closes a slot of a city tree: adds up what each order traded, gives back the rest of its lock, and commits
///         to all positions and trades. Part of Clearing.
/// @dev Everything supplied is checked against a hash that the market keeps; what is not (the places of the positions)
///      has one right value. So exactly one submission is valid.
abstract contract SlotClosing is BookResults {
    using OrderWords for uint256;
    using SlotPositions for SlotPositions.Table;

    /// @dev The tree while it is closed.
    struct Tree {
        uint24[] feeders;
        uint24[] districts;
        uint256[][] orders; // per feeder: order words, the cancelled without energy
        uint256[][] marks; // per order: its filled Wh, then the place of its position
        bytes32[] trades; // with places
        uint256 tradeCount;
        uint256 nextPlace; // place to be read next
        SlotPositions.Table positions;
    }

    mapping(uint24 city => mapping(uint32 slot => bytes32 hash)) private _closed;

    /// @inheritdoc IClearing
    function close(SlotBooks calldata books) external {
        uint24 city = books.city;
        uint32 slot = books.slot;
        if (TOPOLOGY.levelOf(city) != AreaLevel.City) revert ClearingWrongLevel(city);
        if (_closed[city][slot] != 0) revert ClearingClosedBefore(city, slot);
        Tree memory tree = _openTree(books);
        _enterBilaterals(books, tree);
        _readLogs(books, tree);
        _fillOrders(books.trades, tree);
        _enterOrders(books, tree);
        _placeTrades(books.trades, tree);
        tree.positions.requireSorted();
        bytes32[] memory positions = tree.positions.words;
        if (positions.length == 0) revert ClearingNothingToClose(city, slot);
        _closed[city][slot] = Records.hashClosed(positions, tree.trades);
        WordPairs.emitPair({selector: SlotClosed.selector, first: city, second: slot, a: positions, b: tree.trades});
        _unlock(tree, slot);
    }

    /// @inheritdoc IClearing
    function positionsHash(uint24 city, uint32 slot) external view returns (bytes32 hash) {
        return _closed[city][slot];
    }

    function _requireCount(uint256 expected, uint256 given) internal pure {
        if (expected != given) revert ClearingWrongCount(expected, given);
    }

    function _unlock(Tree memory tree, uint32 slot) private {
        (address[] memory accounts, uint64[] memory amountsMicro) = tree.positions.unlocks();
        if (accounts.length != 0) ESCROW.unlock(accounts, amountsMicro, slot);
    }

    // -------------------- what was supplied

    /// @dev The tree's areas, which must all be done, and room for everything.
    function _openTree(SlotBooks calldata books) private view returns (Tree memory tree) {
        uint24 city = books.city;
        uint32 slot = books.slot;
        tree.feeders = _feedersAt(city, slot);
        tree.districts = _childrenAt(city, slot);
        tree.positions = SlotPositions.create(books.positionCount);
        _requireCount(tree.feeders.length, books.entries.length);
        _requireCount(tree.feeders.length, books.cancelTargets.length);
        _requireCount(tree.feeders.length + tree.districts.length + 1, books.trades.length);
        _requireCount(books.trades.length, books.restsHashes.length);
        uint256 tradeCount = books.bilaterals.length / Records.BILATERAL_WORDS;
        SlotTimes memory times = CALENDAR.timesOf(slot);
        for (uint256 i = 0; i < books.trades.length; ++i) {
            _requireBook(books, tree, times, i);
            tradeCount += books.trades[i].length;
        }
        tree.trades = new bytes32[](tradeCount);
    }

    /// @dev The book is done, and its trades are those of its clearing.
    function _requireBook(SlotBooks calldata books, Tree memory tree, SlotTimes memory times, uint256 i) private view {
        (uint24 area, AreaLevel level) = _areaOf(books, tree, i);
        if (!_isDone(area, level, books.slot, times)) revert ClearingTooEarly(area, books.slot);
        bytes32 commitment = _commitmentOf(area, books.slot);
        bytes32 tradesHash = Records.hashWords(books.trades[i]);
        bytes32 given =
            commitment == 0
                ? tradesHash | books.restsHashes[i] // not cleared: both must be zero
                : Records.hashPair(tradesHash, books.restsHashes[i]);
        if (given != commitment) revert ClearingNotTheTrades(area, books.slot);
    }

    /// @dev Enters both sides of each bilateral contract: all of it is filled.
    function _enterBilaterals(SlotBooks calldata books, Tree memory tree) private view {
        bytes32[] calldata words = books.bilaterals;
        (bytes32 expected, ) = BILATERALS.bookOf(books.city, books.slot);
        bytes32 hash = 0;
        for (uint256 i = 0; i + Records.BILATERAL_WORDS <= words.length; i += Records.BILATERAL_WORDS) {
            bytes32[4] memory entry = [words[i], words[i + 1], words[i + 2], words[i + 3]];
            hash = Records.chainBilateral(hash, entry);
            _enterBilateral(books.places, tree, entry);
        }
        if (hash != expected || words.length % Records.BILATERAL_WORDS != 0) {
            revert ClearingNotTheBilaterals(books.city, books.slot);
        }
    }

    function _readLogs(SlotBooks calldata books, Tree memory tree) private view {
        tree.orders = new uint256[][](tree.feeders.length);
        tree.marks = new uint256[][](tree.feeders.length);
        for (uint256 f = 0; f < tree.feeders.length; ++f) {
            (bytes32 expected, ) = MARKET.bookOf(tree.feeders[f], books.slot);
            (uint256[] memory orders, , bytes32 hash) = BookLog.read(books.entries[f], books.cancelTargets[f]);
            if (hash != expected) revert ClearingNotTheBook(tree.feeders[f], books.slot);
            tree.orders[f] = orders;
            tree.marks[f] = new uint256[](orders.length);
        }
    }

    /// @dev Enters each order of each log, cancelled ones included, with its lock split in two.
    function _enterOrders(SlotBooks calldata books, Tree memory tree) private view {
        uint256 bondRate = RULES.rulesAt(books.slot).bondRate;
        for (uint256 f = 0; f < tree.feeders.length; ++f) {
            _enterFeeder({places: books.places, tree: tree, f: f, entries: books.entries[f], bondRate: bondRate});
        }
        // every place is read: none is left over
        _requireCount(tree.nextPlace * 2, books.places.length);
    }

    // -------------------- pure parts

    function _enterBilateral(bytes calldata places, Tree memory tree, bytes32[4] memory entry) private pure {
        Trade memory trade = Records.unpackTrade(entry[0]);
        uint256 buyPlace = BookLog.indexAt(places, tree.nextPlace++);
        uint256 sellPlace = BookLog.indexAt(places, tree.nextPlace++);
        tree.positions.enter({
            place: buyPlace,
            head: SlotPositions.packHead(trade.buyMeter, trade.buyFeeder, Records.BUY),
            amounts: SlotPositions.packAmounts(uint256(entry[3]) >> 192, 0),
            account: Records.unpackAccount(entry[1])
        });
        tree.positions.enter({
            place: sellPlace,
            head: SlotPositions.packHead(trade.sellMeter, trade.sellFeeder, Records.SELL),
            amounts: SlotPositions.packAmounts(uint64(uint256(entry[3]) >> 128), 0),
            account: Records.unpackAccount(entry[2])
        });
        tree.trades[tree.tradeCount++] = Records.withPositions(entry[0], uint16(buyPlace), uint16(sellPlace));
    }

    /// @dev Adds each trade of each book to both orders' filled Wh. A cleared book trades no more than its orders have.
    function _fillOrders(bytes32[][] calldata books, Tree memory tree) private pure {
        unchecked {
            for (uint256 b = 0; b < books.length; ++b) {
                bytes32[] calldata trades = books[b];
                for (uint256 i = 0; i < trades.length; ++i) {
                    uint256 trade = uint256(trades[i]);
                    uint256 wh = uint32(trade >> 136);
                    tree.marks[_feederAt(tree, b, uint24(trade >> 224))][uint16(trade >> 184)] += wh;
                    tree.marks[_feederAt(tree, b, uint24(trade >> 200))][uint16(trade >> 168)] += wh;
                }
            }
        }
    }

    /// @dev Leaves in the orders' marks the places instead of the filled Wh.
    function _enterFeeder(
        bytes calldata places,
        Tree memory tree,
        uint256 f,
        bytes32[] calldata entries,
        uint256 bondRate
    ) private pure {
        uint256[] memory orders = tree.orders[f];
        uint256[] memory marks = tree.marks[f];
        uint256 next = tree.nextPlace;
        unchecked {
            for (uint256 i = 0; i < orders.length; ++i) {
                uint256 order = orders[i];
                if (order.tagOf() == Records.CANCEL) continue;
                uint256 place = BookLog.indexAt(places, next++);
                tree.positions.enter({
                    place: place,
                    head: SlotPositions.packHead(order.meterOf(), order.feederOf(), order.tagOf()),
                    amounts: _amountsOf(order, marks[i], bondRate),
                    account: Records.unpackAccount(entries[2 * i + 1])
                });
                marks[i] = place;
            }
        }
        tree.nextPlace = next;
    }

    /// @dev Gives each trade of each book the places of its two orders.
    function _placeTrades(bytes32[][] calldata books, Tree memory tree) private pure {
        uint256 count = tree.tradeCount;
        unchecked {
            for (uint256 b = 0; b < books.length; ++b) {
                bytes32[] calldata trades = books[b];
                for (uint256 i = 0; i < trades.length; ++i) {
                    uint256 trade = uint256(trades[i]);
                    uint256 buyPlace = tree.marks[_feederAt(tree, b, uint24(trade >> 224))][uint16(trade >> 184)];
                    uint256 sellPlace = tree.marks[_feederAt(tree, b, uint24(trade >> 200))][uint16(trade >> 168)];
                    tree.trades[count++] = Records.withPositions(trades[i], uint16(buyPlace), uint16(sellPlace));
                }
            }
        }
    }

    /// @dev What a live order's filled Wh keep locked, and what is given back. A cancelled one was unlocked then.
    function _amountsOf(uint256 order, uint256 filledWh, uint256 bondRate) private pure returns (uint256) {
        uint256 wh = order.whOf();
        if (wh == 0) return 0;
        uint256 rate = order.tagOf() == Records.SELL ? bondRate : order.limitOf();
        uint256 filledLock = Money.costUp(filledWh, rate);
        if (filledWh == wh) return SlotPositions.packAmounts(filledLock, 0);
        return SlotPositions.packAmounts(filledLock, Money.costUp(wh, rate) - filledLock);
    }

    /// @dev Index of a trade's feeder; in the books of feeders, which come first, it is the book's own.
    function _feederAt(Tree memory tree, uint256 book, uint256 feeder) private pure returns (uint256 f) {
        if (book < tree.feeders.length) return book;
        unchecked {
            while (tree.feeders[f] != feeder) ++f; // a trade's feeders are of the tree
        }
    }

    /// @dev Books are numbered feeders first, then districts, the city last.
    function _areaOf(
        SlotBooks calldata books,
        Tree memory tree,
        uint256 i
    ) private pure returns (uint24 area, AreaLevel level) {
        if (i < tree.feeders.length) return (tree.feeders[i], AreaLevel.Feeder);
        i -= tree.feeders.length;
        if (i < tree.districts.length) return (tree.districts[i], AreaLevel.District);
        return (books.city, AreaLevel.City);
    }
}
