// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {Records} from "../../libraries/Records.sol";
import {SlotLanes} from "../../libraries/SlotLanes.sol";
import {RuleSet} from "../../types/MarketTypes.sol";
import {OrderAdmission} from "./OrderAdmission.sol";

/// @title OrderBooks
/// @notice The logs of the feeders' books: a hash chain and two counts per feeder and slot, one sequence of arrivals
///         per slot, one count of orders per tree and slot. Part of EnergyMarket.
abstract contract OrderBooks is OrderAdmission {
    using SlotLanes for SlotLanes.Lanes;

    /// @dev One book while a batch is appended to it, with what holds in its slot.
    struct OpenBook {
        bool isLoaded;
        bytes32 hash;
        uint256 entries; // length of the log
        uint256 orders; // in the log
        uint256 arrivals; // in the slot, over all books
        uint256 treeOrders; // in the slot, over the books of the tree
        uint256 bound; // most orders of the book
        uint256 bondRate;
        uint256 minimumWh;
    }

    /// @dev The books of one feeder in slots firstSlot and following.
    struct Batch {
        uint24 feeder;
        uint24 city;
        uint32 firstSlot;
        uint32 horizon; // the first slot that is too far ahead
        OpenBook[] books;
    }

    uint256 private constant _COUNT_BITS = 16;

    mapping(uint24 feeder => mapping(uint32 slot => bytes32 hash)) private _hashes;
    mapping(uint24 feeder => SlotLanes.Lanes counts) private _counts; // orders 16 | entries 16
    SlotLanes.Lanes private _arrivals;
    mapping(uint24 city => SlotLanes.Lanes orders) private _treeOrders;

    /// @inheritdoc IEnergyMarket
    function bookOf(uint24 feeder, uint32 slot) external view returns (bytes32 entriesHash, uint32 entryCount) {
        return (_hashes[feeder][slot], uint16(_counts[feeder].get(slot)));
    }

    function _closeBatch(Batch memory batch) internal {
        uint24 feeder = batch.feeder;
        for (uint256 i = 0; i < batch.books.length; ++i) {
            OpenBook memory book = batch.books[i];
            if (!book.isLoaded) continue;
            uint32 slot = batch.firstSlot + uint32(i);
            _hashes[feeder][slot] = book.hash;
            _counts[feeder].set(slot, (book.orders << _COUNT_BITS) | book.entries);
            _arrivals.set(slot, book.arrivals);
            _treeOrders[batch.city].set(slot, book.treeOrders);
        }
    }

    /// @dev Books are read when the first order for their slot comes, and written together by `_closeBatch`.
    function _openBatch(uint24 feeder, uint32 firstSlot, uint32 lastSlot) internal view returns (Batch memory batch) {
        if (lastSlot < firstSlot || lastSlot - firstSlot >= MarketBounds.HORIZON_SLOTS) {
            revert EnergyMarketSpreadTooWide(firstSlot, lastSlot);
        }
        (, batch.city) = TOPOLOGY.pathOf(feeder);
        batch.feeder = feeder;
        batch.firstSlot = firstSlot;
        batch.horizon = CALENDAR.slotOf(block.timestamp) + MarketBounds.HORIZON_SLOTS;
        batch.books = new OpenBook[](lastSlot - firstSlot + 1);
    }

    /// @dev The book of a slot, which must be open for orders.
    function _bookAt(Batch memory batch, uint32 slot) internal view returns (OpenBook memory book) {
        book = batch.books[slot - batch.firstSlot];
        if (book.isLoaded) return book;
        if (slot >= batch.horizon || !CALENDAR.isOpenForOrders(slot)) revert EnergyMarketSlotNotOpen(slot);
        RuleSet memory rules = RULES.rulesAt(slot);
        uint256 counts = _counts[batch.feeder].get(slot);
        book.isLoaded = true;
        book.hash = _hashes[batch.feeder][slot];
        book.entries = uint16(counts);
        book.orders = counts >> _COUNT_BITS;
        book.arrivals = _arrivals.get(slot);
        book.treeOrders = _treeOrders[batch.city].get(slot);
        book.bound = _boundOf(batch.city, slot);
        book.bondRate = rules.bondRate;
        book.minimumWh = rules.minimumOrderWh;
    }

    /// @dev Gives an order its arrival and its place in the book, and returns its first word.
    function _appendOrder(
        Batch memory batch,
        OpenBook memory book,
        uint256 index,
        uint256 orderWord,
        bytes32 owner
    ) internal pure returns (bytes32 word) {
        uint32 slot = uint32(orderWord >> 56);
        if (
            book.orders >= book.bound ||
            book.treeOrders >= MarketBounds.MAX_TREE_ORDERS ||
            book.arrivals == type(uint24).max
        ) {
            revert EnergyMarketBookFull(index, batch.feeder, slot, book.bound);
        }
        ++book.orders;
        ++book.treeOrders;
        word = bytes32(orderWord | (++book.arrivals << 168) | (book.entries << 88));
        _append(book, word, owner);
    }

    function _appendCancel(
        Batch memory batch,
        OpenBook memory book,
        uint256 meter,
        uint32 slot,
        bytes32 owner
    ) internal pure returns (bytes32 word) {
        uint256 head = (uint256(Records.CANCEL) << 248) | (meter << 216) | (uint256(batch.feeder) << 192);
        word = bytes32(head | (book.entries << 88) | (uint256(slot) << 56));
        _append(book, word, owner);
    }

    /// @dev A feeder's share of its tree is the same for all its feeders, and fixed when the slot opens.
    function _boundOf(uint24 city, uint32 slot) private view returns (uint256) {
        uint256 share = MarketBounds.MAX_TREE_ORDERS / TOPOLOGY.feederCountAt(city, slot);
        return share < MarketBounds.MAX_BOOK_ORDERS ? share : MarketBounds.MAX_BOOK_ORDERS;
    }

    function _append(OpenBook memory book, bytes32 word, bytes32 owner) private pure {
        book.hash = Records.chainEntry(book.hash, word, owner);
        ++book.entries;
    }
}
