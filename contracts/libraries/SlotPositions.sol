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
    uint256 private constant _FEEDER_SHIFT = 200;
    uint256 private constant _SIDE_SHIFT = 192;
    uint256 private constant _FILLED_SHIFT = 128;
    uint256 private constant _UNLOCKED_SHIFT = 64;

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

    /// Enters a meter's order, or its side of a bilateral contract, at a place: `head` is meter, feeder and side as in
    /// the position's first word, `amounts` what the order leaves locked and what it gives back (`packAmounts`).
    function enter(Table memory table, uint256 place, uint256 head, uint256 amounts, address account) internal pure {
        bytes32[] memory words = table.words;
        // A place has 16 bits. An order locks below 2^47 micro-credits (24 bits of Wh x 32 bits of price / 1000) and a
        // meter has few: no sum leaves its 64 bits.
        unchecked {
            uint256 first = place * Records.POSITION_WORDS;
            if (first >= words.length) revert SlotPositionsMisplaced(place, head >> _METER_SHIFT);
            uint256 present = uint256(words[first]);
            if (present == 0) {
                words[first] = bytes32(head + amounts);
                words[first + 1] = Records.packAccount(account);
            } else if ((present ^ head) >> _METER_SHIFT != 0) {
                revert SlotPositionsMisplaced(place, head >> _METER_SHIFT);
            } else {
                words[first] = bytes32(present + amounts);
            }
        }
    }

    function packAmounts(uint256 filledLock, uint256 unlocked) internal pure returns (uint256) {
        return (filledLock << _FILLED_SHIFT) | (unlocked << _UNLOCKED_SHIFT);
    }

    function packHead(uint256 meter, uint256 feeder, uint256 side) internal pure returns (uint256) {
        return (meter << _METER_SHIFT) | (feeder << _FEEDER_SHIFT) | (side << _SIDE_SHIFT);
    }

    function requireSorted(Table memory table) internal pure {
        bytes32[] memory words = table.words;
        uint256 last = 0;
        for (uint256 i = 0; i < words.length; i += Records.POSITION_WORDS) {
            uint256 meter = uint256(words[i]) >> _METER_SHIFT;
            if (meter <= last) revert SlotPositionsNotSorted(i / Records.POSITION_WORDS);
            last = meter;
        }
    }

    /// What TradeEscrow gives back to whom; positions with nothing to give back are left out.
    function unlocks(
        Table memory table
    ) internal pure returns (address[] memory accounts, uint64[] memory amountsMicro) {
        bytes32[] memory words = table.words;
        accounts = new address[](words.length / Records.POSITION_WORDS);
        amountsMicro = new uint64[](accounts.length);
        uint256 count = 0;
        for (uint256 i = 0; i < words.length; i += Records.POSITION_WORDS) {
            uint64 unlocked = uint64(uint256(words[i]) >> _UNLOCKED_SHIFT);
            if (unlocked == 0) continue;
            accounts[count] = Records.unpackAccount(words[i + 1]);
            amountsMicro[count++] = unlocked;
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(accounts, count) // shorter by those
            mstore(amountsMicro, count)
        }
    }
}
