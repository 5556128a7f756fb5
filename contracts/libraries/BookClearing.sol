// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Edges, GridEdges} from "./GridEdges.sol";
import {OrderWords} from "./OrderWords.sol";
import {Records} from "./Records.sol";

/// @notice A book to be merged. Both sides in merit order; the merge leaves in them what each order keeps.
struct Book {
    uint8 level; // Records.FEEDER, DISTRICT or CITY
    uint256[] bids; // order or rest words, each with energy
    uint256[] asks;
    Edges edges; // the merge leaves what the edges still carry
}

/// @notice What a book comes to.
struct Merged {
    uint32 price; // micro-credits per kWh; 0 when nothing traded
    uint64 volumeWh;
    bytes32[] trades; // packed, in the order of the merge
    uint256 nextBid; // earlier bids are filled or passed over
    uint256 nextAsk;
}

/// @title BookClearing
/// @notice The merge of one book, its price and what rises (market rules, "Clearing"). Pure, O(n); sdk/clearing is the
///         same in TypeScript.
/// @dev A full edge stays full, so an order that was passed over is one "whose edge is full when the book ends".
library BookClearing {
    using GridEdges for Edges;
    using OrderWords for uint256;

    struct Cursor {
        uint256 bid;
        uint256 ask;
        uint256 count; // of trades
        uint256 lastBid; // limits of the last filled
        uint256 lastAsk;
        uint256 volumeWh;
    }

    uint256 private constant _PRICE_SHIFT = 104;

    /// Merges while bid >= ask, passing over orders whose edge is full.
    function merge(Book memory book) internal pure returns (Merged memory merged) {
        bytes32[] memory trades = new bytes32[](book.bids.length + book.asks.length); // one too many
        Cursor memory cursor;
        // cursors stay within both sides, and there is a trade less than orders
        unchecked {
            while (cursor.bid < book.bids.length && cursor.ask < book.asks.length) {
                uint256 bid = book.bids[cursor.bid];
                uint256 ask = book.asks[cursor.ask];
                uint256 wh = _tradable(book.edges, bid, ask, cursor);
                if (wh == 0) continue;
                if (bid.limitOf() < ask.limitOf()) break;
                trades[cursor.count++] = _pack(book.level, bid, ask, wh);
                _trade({book: book, cursor: cursor, bid: bid, ask: ask, wh: wh});
            }
        }
        merged.nextBid = cursor.bid;
        merged.nextAsk = cursor.ask;
        merged.volumeWh = uint64(cursor.volumeWh); // below 2^42: 2^10 orders of at most 2^32 Wh
        merged.trades = _shorten(trades, cursor.count);
        if (cursor.count == 0) return merged;
        merged.price = _price(book, cursor);
        bytes32 priceBits = bytes32(uint256(merged.price) << _PRICE_SHIFT);
        for (uint256 i = 0; i < cursor.count; ++i) trades[i] |= priceBits;
    }

    /// The rests that rise to the parent: bids, then asks, in merit order. At most `share` a side, limits adjusted by
    /// the edge's fee; neither a bid that would go negative nor an ask above the largest price.
    function rise(
        Book memory book,
        Merged memory merged,
        uint256 feeMicroPerKwh,
        uint256 share
    ) internal pure returns (bytes32[] memory rests) {
        rests = new bytes32[](
            _min(book.bids.length - merged.nextBid, share) + _min(book.asks.length - merged.nextAsk, share)
        );
        uint256 count = 0;
        for (uint256 i = merged.nextBid; i < book.bids.length && count < share; ++i) {
            uint256 bid = book.bids[i];
            if (bid.limitOf() < feeMicroPerKwh) break; // all later ones are lower
            if (book.edges.leftFor(bid, GridEdges.DOWN) == 0) continue;
            rests[count++] = _adjusted(bid, bid.limitOf() - feeMicroPerKwh);
        }
        uint256 bidCount = count;
        for (uint256 i = merged.nextAsk; i < book.asks.length && count - bidCount < share; ++i) {
            uint256 ask = book.asks[i];
            if (ask.limitOf() + feeMicroPerKwh > type(uint32).max) break; // all later ones are higher
            if (book.edges.leftFor(ask, GridEdges.UP) == 0) continue;
            rests[count++] = _adjusted(ask, ask.limitOf() + feeMicroPerKwh);
        }
        return _shorten(rests, count);
    }

    /// What bid and ask can trade with each other, Wh. 0: one of them is passed over, as the cursor then says.
    function _tradable(
        Edges memory edges,
        uint256 bid,
        uint256 ask,
        Cursor memory cursor
    ) private pure returns (uint256 wh) {
        wh = _min(bid.whOf(), ask.whOf());
        if (!edges.isLimited) return wh;
        uint256 downWh = edges.leftFor(bid, GridEdges.DOWN);
        uint256 upWh = edges.leftFor(ask, GridEdges.UP);
        if (downWh == 0) ++cursor.bid;
        if (upWh == 0) ++cursor.ask;
        return _min(wh, _min(downWh, upWh));
    }

    function _trade(Book memory book, Cursor memory cursor, uint256 bid, uint256 ask, uint256 wh) private pure {
        // cursors stay within both sides; the volume is below 2^42
        unchecked {
            cursor.lastBid = bid.limitOf();
            cursor.lastAsk = ask.limitOf();
            cursor.volumeWh += wh;
            if (book.edges.isLimited) {
                book.edges.take(bid, GridEdges.DOWN, wh);
                book.edges.take(ask, GridEdges.UP, wh);
            }
            book.bids[cursor.bid] = bid = bid.less(wh);
            book.asks[cursor.ask] = ask = ask.less(wh);
            if (bid.whOf() == 0) ++cursor.bid;
            if (ask.whOf() == 0) ++cursor.ask;
        }
    }

    /// The middle, rounded down, of [max(last filled ask, best unfilled bid), min(last filled bid, best unfilled ask)].
    function _price(Book memory book, Cursor memory cursor) private pure returns (uint32) {
        uint256 low = cursor.lastAsk;
        uint256 high = cursor.lastBid;
        for (uint256 i = cursor.bid; i < book.bids.length; ++i) {
            if (book.edges.leftFor(book.bids[i], GridEdges.DOWN) == 0) continue;
            low = _max(low, book.bids[i].limitOf());
            break;
        }
        for (uint256 i = cursor.ask; i < book.asks.length; ++i) {
            if (book.edges.leftFor(book.asks[i], GridEdges.UP) == 0) continue;
            high = _min(high, book.asks[i].limitOf());
            break;
        }
        return uint32((low + high) / 2); // both are limits of 32 bits
    }

    function _pack(uint8 level, uint256 bid, uint256 ask, uint256 wh) private pure returns (bytes32) {
        uint256 w = (uint256(level) << 248) | (bid.feederOf() << 224) | (ask.feederOf() << 200);
        w |= (bid.indexOf() << 184) | (ask.indexOf() << 168) | (wh << 136);
        return bytes32(w | (bid.meterOf() << 72) | (ask.meterOf() << 40));
    }

    function _adjusted(uint256 order, uint256 limit) private pure returns (bytes32) {
        return Records.packRest(bytes32(order), uint32(order.whOf()), uint32(limit)); // the caller keeps it in 32 bits
    }

    function _shorten(bytes32[] memory words, uint256 count) private pure returns (bytes32[] memory) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(words, count) // never longer than it was
        }
        return words;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
