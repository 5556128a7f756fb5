// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {IClearing} from "../../interfaces/IClearing.sol";
import {Book, BookClearing, Merged} from "../../libraries/BookClearing.sol";
import {BookLog} from "../../libraries/BookLog.sol";
import {MarketBounds} from "../../libraries/MarketBounds.sol";
import {Records} from "../../libraries/Records.sol";
import {FeederBook, ParentBook} from "../../types/ClearingTypes.sol";
import {AreaLevel, SlotTimes} from "../../types/MarketTypes.sol";
import {BookResults} from "./BookResults.sol";
import {EdgeUse} from "./EdgeUse.sol";
import {SlotClosing} from "./SlotClosing.sol";

/// @title Clearing
/// @notice Clears books from a merit order that the caller supplies, and commits to the results. See IClearing.
/// @dev Calls only views of the market's contracts; `close` calls TradeEscrow last. `multicall` as in Settlement:
///      several books, or several slots' closings, in one transaction.
contract Clearing is EdgeUse, SlotClosing, Multicall {
    using BookClearing for Book;

    /// @dev Whose book it is, and what the caller says it comes to.
    struct Claim {
        bytes32 tradesHash;
        AreaLevel level;
        uint24 area;
        uint32 slot;
        uint32 price;
    }

    /// @notice Names the contracts.
    /// @param wiring The contracts that Clearing works with.
    constructor(Wiring memory wiring) BookResults(wiring) {}

    /// @inheritdoc IClearing
    function clearFeeder(FeederBook calldata input) external {
        Claim memory claim = Claim({
            area: input.feeder,
            level: AreaLevel.Feeder,
            slot: input.slot,
            price: input.price,
            tradesHash: input.tradesHash
        });
        if (TOPOLOGY.levelOf(claim.area) != AreaLevel.Feeder) revert ClearingWrongLevel(claim.area);
        _requireTime(claim);
        (bytes32 expected, uint32 entryCount) = MARKET.bookOf(claim.area, claim.slot);
        if (entryCount == 0) revert ClearingBookIdle(claim.area, claim.slot);
        (uint256[] memory orders, uint256 live, bytes32 hash) = BookLog.read(input.entries, input.cancelTargets);
        if (hash != expected) revert ClearingNotTheBook(claim.area, claim.slot);
        Book memory book;
        book.level = Records.FEEDER;
        (book.bids, book.asks) = BookLog.sort(orders, live, input.bids, input.asks);
        _conclude(claim, book);
    }

    /// @inheritdoc IClearing
    function clearParent(ParentBook calldata input) external {
        Claim memory claim = Claim({
            area: input.area,
            level: TOPOLOGY.levelOf(input.area),
            slot: input.slot,
            price: input.price,
            tradesHash: input.tradesHash
        });
        if (claim.level == AreaLevel.Feeder) revert ClearingWrongLevel(claim.area);
        SlotTimes memory times = _requireTime(claim);
        uint24[] memory children = _childrenAt(claim.area, claim.slot);
        uint256[] memory orders = _collect(input, claim, children, times);
        if (_isIdle(claim.area, claim.level, claim.slot, _countRisen(input.rests))) {
            revert ClearingBookIdle(claim.area, claim.slot);
        }
        Book memory book;
        book.level = claim.level == AreaLevel.City ? Records.CITY : Records.DISTRICT;
        (book.bids, book.asks) = BookLog.sort(orders, orders.length, input.bids, input.asks);
        book.edges = _loadEdges(claim.area, claim.level, children, claim.slot);
        _conclude(claim, book);
    }

    /// @dev Merges the book, compares with the claim, commits and tells.
    function _conclude(Claim memory claim, Book memory book) private {
        Merged memory merged = book.merge();
        bytes32 tradesHash = Records.hashWords(merged.trades);
        if (merged.price != claim.price) revert ClearingWrongPrice(claim.price, merged.price);
        if (tradesHash != claim.tradesHash) revert ClearingWrongTrades(claim.tradesHash, tradesHash);
        bytes32[] memory rests = _rise(claim, book, merged);
        bytes32 commitment = Records.hashPair(tradesHash, Records.hashWords(rests));
        _setResult({area: claim.area, slot: claim.slot, commitment: commitment, hasRests: rests.length != 0});
        _storeEdges(book.edges, claim.slot);
        emit BookCleared({
            area: claim.area,
            slot: claim.slot,
            price: merged.price,
            volumeWh: merged.volumeWh,
            trades: merged.trades,
            rests: rests
        });
    }

    /// @dev What rises: nothing from a city; else at most the child's fixed share of its parent's book.
    function _rise(Claim memory claim, Book memory book, Merged memory merged) private view returns (bytes32[] memory) {
        if (claim.level == AreaLevel.City) return new bytes32[](0);
        uint24 parent = TOPOLOGY.parentOf(claim.area);
        uint256 share = MarketBounds.MAX_PARENT_RESTS / TOPOLOGY.childCountAt(parent, claim.slot);
        return book.rise(merged, TARIFFS.edgeFeeInForce(claim.area, claim.slot), share);
    }

    /// @dev The rests of all children, each of which must be done.
    function _collect(
        ParentBook calldata input,
        Claim memory claim,
        uint24[] memory children,
        SlotTimes memory times
    ) private view returns (uint256[] memory orders) {
        _requireCount(children.length, input.rests.length);
        _requireCount(children.length, input.childTradesHashes.length);
        uint256 total = 0;
        for (uint256 c = 0; c < children.length; ++c) total += input.rests[c].length;
        orders = new uint256[](total);
        uint256 used = 0;
        AreaLevel below = AreaLevel(uint8(claim.level) - 1);
        for (uint256 c = 0; c < children.length; ++c) {
            bytes32[] calldata rests = input.rests[c];
            if (!_isDone(children[c], below, claim.slot, times)) revert ClearingTooEarly(children[c], claim.slot);
            _requireRests(children[c], claim.slot, input.childTradesHashes[c], rests);
            for (uint256 i = 0; i < rests.length; ++i) orders[used++] = uint256(rests[i]);
        }
    }

    function _requireRests(uint24 child, uint32 slot, bytes32 tradesHash, bytes32[] calldata rests) private view {
        bytes32 commitment = _commitmentOf(child, slot);
        bytes32 restsHash = Records.hashWords(rests);
        bytes32 given =
            commitment == 0
                ? tradesHash | restsHash // not cleared: both must be zero
                : Records.hashPair(tradesHash, restsHash);
        if (given != commitment) revert ClearingNotTheRests(child, slot);
    }

    /// @dev Not cleared yet, after gate closure and before the book's own deadline.
    function _requireTime(Claim memory claim) private view returns (SlotTimes memory times) {
        if (_commitmentOf(claim.area, claim.slot) != 0) revert ClearingClearedBefore(claim.area, claim.slot);
        times = CALENDAR.timesOf(claim.slot);
        uint64 deadline = _deadlineOf(claim.level, times);
        if (block.timestamp < times.gateClosure) revert ClearingTooEarly(claim.area, claim.slot);
        if (block.timestamp >= deadline) revert ClearingTooLate(claim.area, claim.slot, deadline);
    }

    function _countRisen(bytes32[][] calldata rests) private pure returns (uint256 risen) {
        for (uint256 c = 0; c < rests.length; ++c) {
            if (rests[c].length != 0) ++risen;
        }
    }
}
