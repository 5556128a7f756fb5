// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IEnergyMarket} from "../../interfaces/IEnergyMarket.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {Records} from "../../libraries/Records.sol";
import {SlotLanes} from "../../libraries/SlotLanes.sol";
import {RuleSet} from "../../types/MarketTypes.sol";
import {OrderAdmission} from "./OrderAdmission.sol";

/// @title OrderBooks
/// @notice The logs of the feeders' books: a hash chain and two counts per feeder and slot, one sequence of arrivals
///         per slot, one count of meters per tree and slot. Part of EnergyMarket.
abstract contract OrderBooks is OrderAdmission {
    using SlotLanes for SlotLanes.Lanes;

    /// @dev One book while a batch is appended to it, with what holds in its slot.
    struct OpenBook {
        bool isLoaded;
        bytes32 hash;
        uint256 entries; // length of the log
        uint256 arrivals; // in the slot, over all books
        uint256 meterRoom; // how many meters still fit into the feeder's share and the tree
        uint256 loadedMeterRoom; // the same before the batch
        uint256 meters; // of the feeder before the batch
        uint256 treeMeters; // before the batch
        uint256 bondRate;
        uint256 minimumWh;
    }

    /// @dev Data of an EntriesAppended while it is written: its ABI coding, which the event takes as it is.
    struct EntryLog {
        uint256 start; // in memory
        uint256 end;
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
    mapping(uint24 feeder => SlotLanes.Lanes counts) private _counts; // meters 16 | entries 16
    SlotLanes.Lanes private _arrivals;
    mapping(uint24 city => SlotLanes.Lanes meters) private _treeMeters;

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
            uint256 added = book.loadedMeterRoom - book.meterRoom;
            _counts[feeder].set(slot, ((book.meters + added) << _COUNT_BITS) | book.entries);
            _arrivals.set(slot, book.arrivals);
            _treeMeters[batch.city].set(slot, book.treeMeters + added);
        }
    }

    /// @dev Emits EntriesAppended(feeder, entries). By hand, because the compiler's coding of the array, word by word,
    ///      would cost as much as a fifth of booking the order.
    function _emit(EntryLog memory log, uint24 feeder) internal {
        bytes32 topic = EntriesAppended.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let start := mload(log)
            let size := sub(mload(add(log, 0x20)), start)
            mstore(start, 0x20) // where the array begins
            mstore(add(start, 0x20), shr(5, sub(size, 0x40))) // its words
            log2(start, size, topic, feeder)
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

    /// @dev Place of the slot's book in the batch; it is read by then, and the slot is open for orders. Not the book: a
    ///      function that returns a struct takes new memory for it at each call.
    function _placeOf(Batch memory batch, uint256 slot) internal view returns (uint256 place) {
        unchecked {
            place = slot - batch.firstSlot; // before the first: far out of bounds
        }
        OpenBook memory book = batch.books[place];
        if (!book.isLoaded) _load(batch, book, uint32(slot));
    }

    /// @dev Takes a meter into the slot that had neither order nor contract in it.
    function _enterMeter(Batch memory batch, OpenBook memory book, uint256 index, uint256 slot) internal view {
        if (book.meterRoom == 0) {
            revert EnergyMarketTooManyMeters(index, batch.feeder, uint32(slot), _shareOf(batch.city, uint32(slot)));
        }
        unchecked {
            --book.meterRoom; // not 0
        }
    }

    /// @dev Gives an order its arrival and its place in the book, and returns its first word.
    function _appendOrder(
        Batch memory batch,
        OpenBook memory book,
        uint256 index,
        uint256 orderWord,
        bytes32 owner
    ) internal pure returns (bytes32 word) {
        if (book.arrivals == type(uint24).max) {
            revert EnergyMarketSlotFull(index, batch.feeder, uint32(orderWord >> 56), book.arrivals);
        }
        // entries are at most twice four a meter, far below their bits
        unchecked {
            word = bytes32(orderWord | (++book.arrivals << 168) | (book.entries++ << 88));
        }
        book.hash = Records.chainEntry(book.hash, word, owner);
    }

    /// @dev Room for so many entries.
    function _startLog(uint256 entries) internal pure returns (EntryLog memory log) {
        uint256 words = 2 + Records.ENTRY_WORDS * entries;
        uint256 start;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            start := mload(0x40)
            mstore(0x40, add(start, shl(5, words))) // allocated, not zeroed: only what was written is read
        }
        log.start = start;
        log.end = start + 64;
    }

    /// @dev Writes one entry; no more than there is room for.
    function _write(EntryLog memory log, bytes32 word, bytes32 owner) internal pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let end := mload(add(log, 0x20))
            mstore(end, word)
            mstore(add(end, 0x20), owner)
            mstore(add(log, 0x20), add(end, 0x40))
        }
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
        book.hash = Records.chainEntry(book.hash, word, owner);
        ++book.entries;
    }

    function _load(Batch memory batch, OpenBook memory book, uint32 slot) private view {
        if (slot >= batch.horizon || !CALENDAR.isOpenForOrders(slot)) revert EnergyMarketSlotNotOpen(slot);
        RuleSet memory rules = RULES.rulesAt(slot);
        uint256 counts = _counts[batch.feeder].get(slot);
        book.isLoaded = true;
        book.hash = _hashes[batch.feeder][slot];
        book.entries = uint16(counts);
        book.meters = counts >> _COUNT_BITS;
        book.arrivals = _arrivals.get(slot);
        book.treeMeters = _treeMeters[batch.city].get(slot);
        book.loadedMeterRoom =
            book.meterRoom = Math.min(
                _shareOf(batch.city, slot) - book.meters, // the share of a slot never falls
                MarketBounds.MAX_TREE_METERS - book.treeMeters
            );
        book.bondRate = rules.bondRate;
        book.minimumWh = rules.minimumOrderWh;
    }

    /// @dev A feeder's share of its tree is the same for all its feeders, and fixed when the slot opens.
    function _shareOf(uint24 city, uint32 slot) private view returns (uint256) {
        return MarketBounds.MAX_TREE_METERS / TOPOLOGY.feederCountAt(city, slot);
    }
}
