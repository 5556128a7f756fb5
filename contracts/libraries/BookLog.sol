// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {OrderWords} from "./OrderWords.sol";
import {Records} from "./Records.sol";

/// @title BookLog
/// @notice Reads a book's log from calldata, with its hash, and sorts its orders by a list that the caller supplies and
///         this library proves: every live order once, in strict merit order.
library BookLog {
    using OrderWords for uint256;

    uint256 private constant _INDEX_BYTES = 2;

    /// @notice A log is whole entries of two words each.
    /// @param words Words given.
    error BookLogBadLength(uint256 words);

    /// @notice A list of indices is whole pairs of bytes.
    /// @param length Bytes given.
    error BookLogBadList(uint256 length);

    /// @notice The list ends before all its places are read.
    /// @param position The place that is missing.
    error BookLogListTooShort(uint256 position);

    /// @notice The target named for a cancel is not the order that it cancels.
    /// @param entry Index of the cancel.
    /// @param target Index named.
    error BookLogWrongTarget(uint256 entry, uint256 target);

    /// @notice One target is needed for each cancel.
    /// @param cancels Cancels in the log.
    /// @param targets Targets given.
    error BookLogWrongTargetCount(uint256 cancels, uint256 targets);

    /// @notice The index names no live order of the side.
    /// @param position Place in the list.
    /// @param index The index.
    error BookLogNotLive(uint256 position, uint256 index);

    /// @notice The order does not come after the one before it in the list.
    /// @param position Place in the list.
    /// @param index The index.
    error BookLogNotSorted(uint256 position, uint256 index);

    /// @notice Orders are missing from the lists.
    /// @param live Live orders of the book.
    /// @param listed Orders in both lists.
    error BookLogIncomplete(uint256 live, uint256 listed);

    /// The log's orders by index, cancelled ones and the cancels themselves without energy; how many are live; and the
    /// log's chain hash.
    function read(
        bytes32[] calldata entries,
        bytes calldata cancelTargets
    ) internal pure returns (uint256[] memory orders, uint256 live, bytes32 hash) {
        if (entries.length % Records.ENTRY_WORDS != 0) revert BookLogBadLength(entries.length);
        uint256 count = entries.length / Records.ENTRY_WORDS;
        orders = new uint256[](count);
        uint256 cancels = 0;
        // counts of words in calldata, and every cancel takes away another order
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                (bytes32 order, bytes32 owner) = _entryAt(entries, i);
                hash = Records.chainEntry(hash, order, owner);
                orders[i] = uint256(order);
                if (uint256(order).tagOf() == Records.CANCEL) {
                    _cancel(entries, orders, i, _targetAt(cancelTargets, cancels++));
                }
            }
            live = count - 2 * cancels;
        }
        if (cancels * _INDEX_BYTES != cancelTargets.length) {
            revert BookLogWrongTargetCount(cancels, cancelTargets.length / _INDEX_BYTES);
        }
    }

    /// The live orders by side in the order of the lists. Reverts unless that is the merit order of all of them.
    function sort(
        uint256[] memory orders,
        uint256 live,
        bytes calldata bidList,
        bytes calldata askList
    ) internal pure returns (uint256[] memory bids, uint256[] memory asks) {
        bids = _pick(orders, bidList, Records.BUY);
        asks = _pick(orders, askList, Records.SELL);
        // No order stands twice in a strictly ascending list, so as many as are live are all of them.
        if (bids.length + asks.length != live) revert BookLogIncomplete(live, bids.length + asks.length);
    }

    /// The two-byte number at a place of a list.
    function indexAt(bytes calldata list, uint256 position) internal pure returns (uint256 index) {
        unchecked {
            // a position is a small count
            if ((position + 1) * _INDEX_BYTES > list.length) revert BookLogListTooShort(position);
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            index := shr(240, calldataload(add(list.offset, shl(1, position))))
        }
    }

    function _pick(
        uint256[] memory orders,
        bytes calldata list,
        uint256 tag
    ) private pure returns (uint256[] memory sorted) {
        if (list.length % _INDEX_BYTES != 0) revert BookLogBadList(list.length);
        uint256 count = list.length / _INDEX_BYTES;
        sorted = new uint256[](count);
        uint256 last = 0; // below the first: arrivals start at 1
        for (uint256 i = 0; i < count; ++i) {
            uint256 index = indexAt(list, i);
            uint256 order = index < orders.length ? orders[index] : 0;
            if (order.tagOf() != tag || order.whOf() == 0) revert BookLogNotLive(i, index);
            uint256 merit = order.meritOf();
            if (merit <= last) revert BookLogNotSorted(i, index);
            last = merit;
            sorted[i] = order;
        }
    }

    /// @dev A cancel names its order by account and nonce, which are unique among the orders of a slot; each order is
    ///      cancelled once.
    function _cancel(bytes32[] calldata entries, uint256[] memory orders, uint256 cancel, uint256 target) private pure {
        if (target >= cancel) revert BookLogWrongTarget(cancel, target);
        (, bytes32 owner) = _entryAt(entries, cancel);
        (, bytes32 targetOwner) = _entryAt(entries, target);
        // a cancel has no energy, nor has an order cancelled before
        if (targetOwner != owner || orders[target].whOf() == 0) revert BookLogWrongTarget(cancel, target);
        orders[target] = orders[target].emptied();
    }

    /// @dev The caller knows that there is such an entry.
    function _entryAt(bytes32[] calldata entries, uint256 i) private pure returns (bytes32 order, bytes32 owner) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let at_ := add(entries.offset, shl(6, i))
            order := calldataload(at_)
            owner := calldataload(add(at_, 0x20))
        }
    }

    function _targetAt(bytes calldata cancelTargets, uint256 position) private pure returns (uint256) {
        if ((position + 1) * _INDEX_BYTES > cancelTargets.length) {
            revert BookLogWrongTargetCount(position + 1, cancelTargets.length / _INDEX_BYTES);
        }
        return indexAt(cancelTargets, position);
    }
}
