// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccountantSets} from "./AccountantSets.sol";

/// @title MissedTurns
/// @notice Who let a turn pass, from a block's and its parent's coinbase and time. Accountants take turns in ascending
/// order; the turn after that of the parent's coinbase is round 0, the next round 1, and so on. A block of the k-th in
/// this row says that the k before it made none.
/// @dev Whatever the round was, nobody is blamed who had no turn: a block that is proposed again keeps its first
/// coinbase, and k counts modulo n, so the blamed are the first k of at least k that were passed over.
library MissedTurns {
    using AccountantSets for address[];

    /// @notice A block, as far as turns go.
    /// @param coinbase Who made it.
    /// @param timestamp Unix seconds.
    struct Block {
        address coinbase;
        uint64 timestamp;
    }

    /// @notice How long turns take.
    /// @param requestTimeout How long a network waits for a block of round 0 beyond the block period, s; each round
    /// waits twice as long as the one before.
    /// @param slack What may come on top without the whole network being slow, s.
    struct Timing {
        uint32 requestTimeout;
        uint32 slack;
    }

    /// @notice Time from block to block, s.
    uint256 internal constant BLOCK_PERIOD = 2;

    /// @notice The block was made by nobody of the set that was in force for it.
    /// @param coinbase Who made it.
    error MissedTurnsForeignCoinbase(address coinbase);

    /// @notice The block is not younger than its parent.
    /// @param parentTimestamp Unix seconds.
    /// @param timestamp Of the block, Unix seconds.
    error MissedTurnsWrongTime(uint64 parentTimestamp, uint64 timestamp);

    /// @notice Who missed a turn before the block and is to blame for it: nobody when more than f were passed over or
    /// when the block came later than that many passed turns explain, for then the network was slow, or starting.
    /// @param set In force for the block; ascending, not empty.
    /// @param parent The block before.
    /// @param current The block.
    /// @param timing How long turns take.
    /// @return blamed In the order of their turns, at most f.
    function blame(
        address[] memory set,
        Block memory parent,
        Block memory current,
        Timing memory timing
    ) internal pure returns (address[] memory blamed) {
        if (current.timestamp <= parent.timestamp) revert MissedTurnsWrongTime(parent.timestamp, current.timestamp);
        (uint256 first, uint256 count) = passedOver(set, parent.coinbase, current.coinbase);
        if (count > AccountantSets.faultsOf(set.length)) return blamed;
        if (current.timestamp - parent.timestamp > latestGap(count, timing)) return blamed;
        blamed = new address[](count);
        for (uint256 i = 0; i < count; ++i) blamed[i] = set[(first + i) % set.length];
    }

    /// @notice Whose turn was the first after the parent, and how many turns the coinbases show to have passed since.
    /// @param set In force for the block; ascending, not empty.
    /// @param parentCoinbase Who made the block before; need not be in the set any more.
    /// @param coinbase Who made the block.
    /// @return first Place in the set of the proposer of round 0.
    /// @return count Turns that passed without a block: the place of `coinbase` after `first`, modulo n.
    function passedOver(
        address[] memory set,
        address parentCoinbase,
        address coinbase
    ) internal pure returns (uint256 first, uint256 count) {
        (bool isMember, uint256 index) = set.indexOf(coinbase);
        if (!isMember) revert MissedTurnsForeignCoinbase(coinbase);
        first = set.successorOf(parentCoinbase);
        count = (index + set.length - first) % set.length;
    }

    /// @notice The longest time between two blocks that passed turns alone explain.
    /// @param count Turns, at most 192.
    /// @param timing How long turns take.
    /// @return gap Seconds: period + timeout * (2^count - 1) + slack.
    function latestGap(uint256 count, Timing memory timing) internal pure returns (uint256 gap) {
        return BLOCK_PERIOD + timing.requestTimeout * ((uint256(1) << count) - 1) + timing.slack;
    }
}
