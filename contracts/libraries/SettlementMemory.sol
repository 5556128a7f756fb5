// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HomePosting} from "../interfaces/ITradeEscrow.sol";
import {FeederTerms} from "../types/MarketTypes.sol";
import {FeederCase, Lot, MeterCase, Party, SlotCase, SlotResult} from "../types/SettlementTypes.sol";
import {FeederTable} from "./FeederTable.sol";
import {Records} from "./Records.sol";

/// @title SettlementMemory
/// @notice Room for a slot's settlement. Memory costs the square of its size, and a city tree has hundreds of meters
///         and trades: so records lie packed, and the lots' memory is used again for the postings.
/// @dev A list is an array of pointers, as Solidity has it, followed by its records, one behind the other. Functions
///      hand out lists rather than records, because the compiler allocates every struct that is returned.
library SettlementMemory {
    /// @dev GridTopology.MAX_FEEDERS_PER_CITY.
    uint256 private constant _MAX_FEEDERS = 16;
    uint256 private constant _FEEDER_WORDS = 4;
    uint256 private constant _PARTY_WORDS = 5;
    uint256 private constant _METER_WORDS = 16;
    uint256 private constant _LOT_WORDS = 7;
    uint256 private constant _HOME_WORDS = 9;
    /// @dev What stands before the homes in a call of ITradeEscrow.post: selector, four arguments, their number.
    uint256 private constant _POST_HEAD_WORDS = 6;

    // -------------------- room

    /// @notice Makes room for a result, and for feeders, parties and meters.
    /// @param c The case.
    /// @param meters Number of meters at most.
    /// @param lots Number of trades.
    function lay(SlotCase memory c, uint256 meters, uint256 lots) internal pure {
        SlotResult memory r = c.result;
        r.outcomes = new bytes32[](meters * Records.OUTCOME_WORDS);
        r.delivered = new bytes32[]((lots + 7) / 8);
        r.parties = new bytes32[](2 * _MAX_FEEDERS * Records.PARTY_WORDS);
        c.feederTable = FeederTable.empty();
        c.feeders = _newFeeders();
        c.parties = _newParties();
        c.meters = _newMeters(meters);
    }

    /// @notice Makes room for the lots, once all meters are set (which takes memory for their feeders' terms).
    /// @param c The case.
    /// @param count Number of trades.
    function layLots(SlotCase memory c, uint256 count) internal pure {
        c.lotsMark = freePointer();
        c.lots = _newLots(count);
    }

    /// @notice Makes room for the postings where the lots were. No lot is used after it.
    /// @param c The case.
    function layPostings(SlotCase memory c) internal pure {
        giveBack(c.lotsMark);
        c.places = new uint256[](c.meters.length);
        c.homes = _newHomes(c.meters.length);
    }

    /// @notice Gives back the memory from `mark` on. Whoever calls it uses nothing that lies there any more.
    /// @dev Solidity sets whatever it allocates, so what stands there does not matter.
    /// @param mark A former free pointer.
    function giveBack(uint256 mark) internal pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x40, mark)
        }
    }

    /// @notice Tells where the next allocation will lie.
    /// @return pointer Its address.
    function freePointer() internal pure returns (uint256 pointer) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    /// @notice Cuts the list of meters, and their outcomes.
    /// @param c The case.
    /// @param count How many meters stay.
    function keepMeters(SlotCase memory c, uint256 count) internal pure {
        MeterCase[] memory meters = c.meters;
        bytes32[] memory outcomes = c.result.outcomes;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(meters, count) // both shorten, never lengthen
            mstore(outcomes, mul(count, 4)) // Records.OUTCOME_WORDS
        }
    }

    // -------------------- records

    /// @notice Sets a lot, and adds its Wh to its meters.
    /// @param c The case; its meters are set.
    /// @param index Which lot.
    /// @param trade A packed trade with positions.
    function setLot(SlotCase memory c, uint256 index, uint256 trade) internal pure {
        Lot memory lot = c.lots[index];
        MeterCase memory buyer = c.meters[uint16(trade >> 24)];
        MeterCase memory seller = c.meters[uint16(trade >> 8)];
        uint256 wh = uint32(trade >> 136);
        (lot.buyer, lot.seller, lot.wh) = (buyer, seller, wh);
        lot.level = trade >> 248;
        lot.price = uint32(trade >> 104);
        unchecked {
            // at most 2^16 trades of less than 2^32 Wh
            buyer.contractedWh += wh;
            seller.contractedWh += wh;
        }
    }

    /// @notice Adds a feeder. Its parties' totals start at 0, or go on where they are parties of another feeder.
    /// @param c The case.
    /// @param feeder Its area number.
    /// @param terms Its terms in the slot.
    /// @return place Its place in c.feeders, from 1.
    function addFeeder(
        SlotCase memory c,
        uint256 feeder,
        FeederTerms memory terms
    ) internal pure returns (uint256 place) {
        FeederCase memory added = c.feeders[c.feederCount];
        (added.id, added.terms) = (feeder, terms);
        added.supplier = c.parties[_partyIndexOf(c, terms.supplier)];
        added.gridOperator = c.parties[_partyIndexOf(c, terms.gridOperator)];
        place = ++c.feederCount;
        FeederTable.put(c.feederTable, feeder, place);
    }

    /// @notice Writes the parties' totals into the result.
    /// @param c The case.
    function packParties(SlotCase memory c) internal pure {
        bytes32[] memory words = c.result.parties;
        uint256 count = c.partyCount;
        for (uint256 i = 0; i < count; ++i) {
            Party memory party = c.parties[i];
            uint256 offset = i * Records.PARTY_WORDS;
            words[offset] = Records.packAccount(party.account);
            words[offset + 1] = bytes32((party.community << 192) | (party.surplusIn << 128) | (party.surplusOut << 64));
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(words, mul(count, 2)) // Records.PARTY_WORDS; shortens, never lengthens
        }
    }

    /// @notice Writes the delivered Wh of every trade into the result.
    /// @param c The case.
    function packDelivered(SlotCase memory c) internal pure {
        bytes32[] memory words = c.result.delivered;
        Lot[] memory lots = c.lots;
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 word = 0;
            for (uint256 j = 8 * i; j < 8 * i + 8; ++j) {
                word = (word << 32) | (j < lots.length ? lots[j].deliveredWh : 0);
            }
            words[i] = bytes32(word);
        }
    }

    /// @dev The party that is this account in the slot, one for all its parts; added when it is new.
    function _partyIndexOf(SlotCase memory c, address account) private pure returns (uint256 index) {
        for (; index < c.partyCount; ++index) {
            if (c.parties[index].account == account) return index;
        }
        c.parties[index].account = account;
        ++c.partyCount;
    }

    // -------------------- lists

    function _newFeeders() private pure returns (FeederCase[] memory list) {
        uint256 pointer = _newList(_MAX_FEEDERS, _FEEDER_WORDS, 0);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            list := pointer
        }
    }

    function _newParties() private pure returns (Party[] memory list) {
        uint256 pointer = _newList(2 * _MAX_FEEDERS, _PARTY_WORDS, 0);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            list := pointer
        }
    }

    function _newMeters(uint256 count) private pure returns (MeterCase[] memory list) {
        uint256 pointer = _newList(count, _METER_WORDS, 0);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            list := pointer
        }
    }

    function _newLots(uint256 count) private pure returns (Lot[] memory list) {
        uint256 pointer = _newList(count, _LOT_WORDS, 0);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            list := pointer
        }
    }

    /// @dev With room for the head of the call before the first record.
    function _newHomes(uint256 count) private pure returns (HomePosting[] memory list) {
        uint256 pointer = _newList(count, _HOME_WORDS, _POST_HEAD_WORDS);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            list := pointer
        }
    }

    /// @dev `count` zeroed records of `words` words, `gap` words behind the pointers to them.
    function _newList(uint256 count, uint256 words, uint256 gap) private pure returns (uint256 list) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(list, count)
            let pointer := add(list, 0x20)
            let record := add(add(pointer, shl(5, count)), shl(5, gap))
            let size := shl(5, words)
            let end := add(record, mul(count, size))
            mstore(0x40, end)
            calldatacopy(record, calldatasize(), sub(end, record)) // zeros
            for {} lt(record, end) {
                record := add(record, size)
            } {
                mstore(pointer, record)
                pointer := add(pointer, 0x20)
            }
        }
    }
}
