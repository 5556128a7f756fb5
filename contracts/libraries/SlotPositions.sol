// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Records} from "./Records.sol";

/// @title SlotPositions
/// @notice The positions of a slot while `close` fills them in. Whoever calls `close` says where each meter's position
///         stands; this library proves that each meter has one, that no position is invented, and that they ascend.
library SlotPositions {
    /// @dev Words as Records.sol packs them, two a position.
    struct Table {
        bytes32[] words;
    }

    uint256 private constant _METER_SHIFT = 224;
    uint256 private constant _FILLED_SHIFT = 128;
    uint256 private constant _UNLOCKED_SHIFT = 64;
    uint256 private constant _AMOUNT_MASK = type(uint64).max;

    /// @notice The place named for an order belongs to another meter, or to none.
    /// @param place Index of the position.
    /// @param meter The order's meter.
    error SlotPositionsMisplaced(uint256 place, uint256 meter);

    /// @notice A position has no order, or does not come after the one before it.
    /// @param place Index of the position.
    error SlotPositionsNotSorted(uint256 place);

    function create(uint256 count) internal pure returns (Table memory table) {
        table.words = new bytes32[](count * Records.POSITION_WORDS);
    }

    /// Enters a meter's order, or its side of a bilateral contract, at a place. `head` is meter, feeder and side as in
    /// the position's first word.
    function enter(Table memory table, uint256 place, bytes32 head, address account) internal pure {
        uint256 first = place * Records.POSITION_WORDS;
        if (first >= table.words.length) revert SlotPositionsMisplaced(place, uint256(head) >> _METER_SHIFT);
        bytes32 present = table.words[first];
        if (present == 0) {
            table.words[first] = head;
            table.words[first + 1] = Records.packAccount(account);
        } else if ((present ^ head) >> _METER_SHIFT != 0) {
            revert SlotPositionsMisplaced(place, uint256(head) >> _METER_SHIFT);
        }
    }

    /// Adds what an order leaves locked and what it gives back, micro-credits. The lock of a slot's order is below 2^50
    /// micro-credits (26 bits of Wh x 32 bits of price / 1000) and a meter has few: no sum leaves its 64 bits.
    function add(Table memory table, uint256 place, uint256 filledLock, uint256 unlocked) internal pure {
        uint256 first = place * Records.POSITION_WORDS;
        table.words[first] = bytes32(
            uint256(table.words[first]) + (filledLock << _FILLED_SHIFT) + (unlocked << _UNLOCKED_SHIFT)
        );
    }

    function requireSorted(Table memory table) internal pure {
        uint256 last = 0;
        for (uint256 i = 0; i < table.words.length; i += Records.POSITION_WORDS) {
            uint256 meter = uint256(table.words[i]) >> _METER_SHIFT;
            if (meter <= last) revert SlotPositionsNotSorted(i / Records.POSITION_WORDS);
            last = meter;
        }
    }

    /// What TradeEscrow gives back to whom, and how much in all.
    function unlocks(
        Table memory table
    ) internal pure returns (address[] memory accounts, uint64[] memory amountsMicro, uint256 totalMicro) {
        uint256 count = table.words.length / Records.POSITION_WORDS;
        accounts = new address[](count);
        amountsMicro = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            accounts[i] = Records.unpackAccount(table.words[2 * i + 1]);
            amountsMicro[i] = uint64((uint256(table.words[2 * i]) >> _UNLOCKED_SHIFT) & _AMOUNT_MASK);
            totalMicro += amountsMicro[i];
        }
    }
}
