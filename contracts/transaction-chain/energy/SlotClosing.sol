// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClearing} from "../../interfaces/IClearing.sol";
import {BookLog} from "../../libraries/BookLog.sol";
import {Money} from "../../libraries/Money.sol";
import {OrderWords} from "../../libraries/OrderWords.sol";
import {Records} from "../../libraries/Records.sol";
import {SlotPositions} from "../../libraries/SlotPositions.sol";
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
        uint256[][] fills; // per order: place of its position | filled Wh << 16
        bytes32[] trades; // with places
        uint256 tradeCount;
        uint256 nextPlace; // place to be read next
        uint256 bondRate;
        SlotPositions.Table positions;
    }

    uint256 private constant _PLACE_BITS = 16;
    uint256 private constant _PLACE_MASK = 0xffff;

    mapping(uint24 city => mapping(uint32 slot => bytes32 hash)) private _closed;

    /// @inheritdoc IClearing
    function close(SlotBooks calldata books) external {
        uint24 city = books.city;
        uint32 slot = books.slot;
        if (TOPOLOGY.levelOf(city) != AreaLevel.City) revert ClearingWrongLevel(city);
        if (_closed[city][slot] != 0) revert ClearingClosedBefore(city, slot);
        Tree memory tree = _openTree(books);
        _enterBilaterals(books, tree);
        _enterOrders(books, tree);
        _addTrades(books, tree);
        _addLocks(tree);
        tree.positions.requireSorted();
        bytes32[] memory positions = tree.positions.words;
        if (positions.length == 0) revert ClearingNothingToClose(city, slot);
        _closed[city][slot] = Records.hashClosed(positions, tree.trades);
        emit SlotClosed(city, slot, positions, tree.trades);
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
        (address[] memory accounts, uint64[] memory amountsMicro, uint256 totalMicro) = tree.positions.unlocks();
        if (totalMicro != 0) ESCROW.unlock(accounts, amountsMicro, slot);
    }

    /// @dev The tree's areas, which must all be done, and room for everything.
    function _openTree(SlotBooks calldata books) private view returns (Tree memory tree) {
        uint24 city = books.city;
        uint32 slot = books.slot;
        tree.feeders = _feedersAt(city, slot);
        tree.districts = _childrenAt(city, slot);
        tree.bondRate = RULES.rulesAt(slot).bondRate;
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
            _enterBilateral(books, tree, entry);
        }
        if (hash != expected || words.length % Records.BILATERAL_WORDS != 0) {
            revert ClearingNotTheBilaterals(books.city, books.slot);
        }
    }

    /// @dev Enters each order of each log, cancelled ones included.
    function _enterOrders(SlotBooks calldata books, Tree memory tree) private view {
        tree.orders = new uint256[][](tree.feeders.length);
        tree.fills = new uint256[][](tree.feeders.length);
        for (uint256 f = 0; f < tree.feeders.length; ++f) {
            (bytes32 expected, ) = MARKET.bookOf(tree.feeders[f], books.slot);
            (uint256[] memory orders, bytes32 hash) = BookLog.read(books.entries[f], books.cancelTargets[f]);
            if (hash != expected) revert ClearingNotTheBook(tree.feeders[f], books.slot);
            tree.orders[f] = orders;
            tree.fills[f] = _enterFeeder(books, tree, orders, books.entries[f]);
        }
        // every place is read: none is left over
        _requireCount(tree.nextPlace * 2, books.places.length);
    }

    function _enterBilateral(SlotBooks calldata books, Tree memory tree, bytes32[4] memory entry) private pure {
        Trade memory trade = Records.unpackTrade(entry[0]);
        uint256 buyPlace = _nextPlace(books, tree);
        uint256 sellPlace = _nextPlace(books, tree);
        SlotPositions.Table memory positions = tree.positions;
        positions.enter(buyPlace, _head(trade.buyMeter, trade.buyFeeder, Records.BUY), Records.unpackAccount(entry[1]));
        positions.enter(
            sellPlace,
            _head(trade.sellMeter, trade.sellFeeder, Records.SELL),
            Records.unpackAccount(entry[2])
        );
        positions.add(buyPlace, uint256(entry[3]) >> 192, 0);
        positions.add(sellPlace, uint64(uint256(entry[3]) >> 128), 0);
        tree.trades[tree.tradeCount++] = Records.withPositions(entry[0], uint16(buyPlace), uint16(sellPlace));
    }

    function _enterFeeder(
        SlotBooks calldata books,
        Tree memory tree,
        uint256[] memory orders,
        bytes32[] calldata entries
    ) private pure returns (uint256[] memory fills) {
        fills = new uint256[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            uint256 order = orders[i];
            uint256 tag = order.tagOf();
            if (tag == Records.CANCEL) continue;
            uint256 place = _nextPlace(books, tree);
            bytes32 head = _head(order.meterOf(), order.feederOf(), tag);
            tree.positions.enter(place, head, Records.unpackAccount(entries[2 * i + 1]));
            fills[i] = place;
        }
    }

    /// @dev Adds each trade of each book to both orders' fills, and gives it their places.
    function _addTrades(SlotBooks calldata books, Tree memory tree) private pure {
        for (uint256 b = 0; b < books.trades.length; ++b) {
            bytes32[] calldata trades = books.trades[b];
            for (uint256 i = 0; i < trades.length; ++i) {
                uint256 trade = uint256(trades[i]);
                uint256 whBits = uint256(uint32(trade >> 136)) << _PLACE_BITS;
                uint256 buyPlace = _fill(tree, uint24(trade >> 224), uint16(trade >> 184), whBits);
                uint256 sellPlace = _fill(tree, uint24(trade >> 200), uint16(trade >> 168), whBits);
                tree.trades[tree.tradeCount++] = Records.withPositions(trades[i], uint16(buyPlace), uint16(sellPlace));
            }
        }
    }

    /// @dev Splits each live order's lock into what its filled Wh keep locked and what is given back.
    function _addLocks(Tree memory tree) private pure {
        for (uint256 f = 0; f < tree.feeders.length; ++f) {
            uint256[] memory orders = tree.orders[f];
            uint256[] memory fills = tree.fills[f];
            for (uint256 i = 0; i < orders.length; ++i) {
                uint256 wh = orders[i].whOf();
                if (wh == 0) continue;
                uint256 rate = orders[i].tagOf() == Records.SELL ? tree.bondRate : orders[i].limitOf();
                uint256 filledLock = Money.costUp(fills[i] >> _PLACE_BITS, rate);
                tree.positions.add(fills[i] & _PLACE_MASK, filledLock, Money.costUp(wh, rate) - filledLock);
            }
        }
    }

    function _fill(Tree memory tree, uint256 feeder, uint256 index, uint256 whBits) private pure returns (uint256) {
        uint256 f = 0;
        while (tree.feeders[f] != feeder) ++f; // a trade's feeders are of the tree
        uint256 filled = tree.fills[f][index] + whBits;
        tree.fills[f][index] = filled;
        return filled & _PLACE_MASK;
    }

    function _nextPlace(SlotBooks calldata books, Tree memory tree) private pure returns (uint256) {
        return BookLog.indexAt(books.places, tree.nextPlace++);
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

    function _head(uint256 meter, uint256 feeder, uint256 side) private pure returns (bytes32) {
        return bytes32((meter << 224) | (feeder << 200) | (side << 192));
    }
}
