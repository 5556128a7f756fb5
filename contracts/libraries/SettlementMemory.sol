// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeederTerms, StoredReading} from "../types/MarketTypes.sol";
import {FeederCase, Lot, MeterCase, Party, SlotCase, SlotResult} from "../types/SettlementTypes.sol";
import {FeederTable} from "./FeederTable.sol";
import {Records} from "./Records.sol";

/// @title SettlementMemory
/// @notice Room for a slot's settlement. Memory costs the square of its size, and a city tree has hundreds of meters and
///         trades; so the result is laid out first, and all that it is computed from, behind it, is given back once the
///         result is complete.
/// @dev Functions return indexes rather than structs, because the compiler allocates every struct that is returned.
library SettlementMemory {
    /// @dev GridTopology.MAX_FEEDERS_PER_CITY.
    uint256 private constant MAX_FEEDERS = 16;

    // -------------------- room

    /// @notice Makes room for a result, then for feeders, parties, meters and lots.
    /// @param meters Number of meters at most.
    /// @param lots Number of trades.
    /// @return mark Where the memory begins that `giveBack` frees.
    function lay(SlotCase memory c, uint256 meters, uint256 lots) internal pure returns (uint256 mark) {
        SlotResult memory r = c.result;
        r.outcomes = new bytes32[](meters * Records.OUTCOME_WORDS);
        r.delivered = new bytes32[]((lots + 7) / 8);
        r.parties = new bytes32[](2 * MAX_FEEDERS * Records.PARTY_WORDS);
        r.settledMeters = new uint256[](2 * MAX_FEEDERS);
        r.feeders = FeederTable.empty();
        mark = freePointer();
        // The pointers stay unset until an element is added: feeders and parties up to their counts, meters and lots all.
        (c.feeders, c.parties) = (_newFeeders(MAX_FEEDERS), _newParties(2 * MAX_FEEDERS));
        (c.meters, c.lots) = (_newMeters(meters), _newLots(lots));
    }

    /// @notice Gives back the memory from `mark` on. Whoever calls it uses nothing that lies there any more.
    /// @dev Solidity sets whatever it allocates, so what stands there does not matter.
    function giveBack(uint256 mark) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, mark)
        }
    }

    /// @notice Where the next allocation will lie.
    function freePointer() internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    /// @notice Cuts the list of meters, and their outcomes, after `count`.
    function keepMeters(SlotCase memory c, uint256 count) internal pure {
        MeterCase[] memory meters = c.meters;
        bytes32[] memory outcomes = c.result.outcomes;
        assembly ("memory-safe") {
            mstore(meters, count) // both shorten, never lengthen
            mstore(outcomes, mul(count, 4)) // Records.OUTCOME_WORDS
        }
    }

    // -------------------- elements

    /// @notice Sets meter `index` of the case.
    /// @param position First word of its position.
    /// @param feederIndex Place of its feeder in c.feeders.
    function setMeter(
        SlotCase memory c,
        uint256 index,
        uint256 position,
        address account,
        uint256 feederIndex,
        StoredReading memory reading
    ) internal pure {
        c.meters[index] = MeterCase({
            position: position,
            account: account,
            feeder: c.feeders[feederIndex],
            reading: reading,
            contractedWh: 0,
            deliveredWh: 0,
            extraWh: 0,
            spareWh: 0,
            energyProduct: 0,
            feeProduct: 0,
            feedInProduct: 0,
            makeWholeProduct: 0,
            bondFeeProduct: 0,
            ownBondFeeProduct: 0
        });
    }

    /// @notice Sets lot `index` of the case, and adds its Wh to its meters, all of which are set.
    /// @param trade A packed trade with positions.
    function setLot(SlotCase memory c, uint256 index, uint256 trade) internal pure {
        MeterCase memory buyer = c.meters[uint16(trade >> 24)];
        MeterCase memory seller = c.meters[uint16(trade >> 8)];
        uint256 wh = uint32(trade >> 136);
        c.lots[index] = Lot({
            buyer: buyer,
            seller: seller,
            level: trade >> 248,
            wh: wh,
            price: uint32(trade >> 104),
            deliveredWh: 0,
            extraWh: 0
        });
        unchecked {
            // at most 2^16 trades of less than 2^32 Wh
            buyer.contractedWh += wh;
            seller.contractedWh += wh;
        }
    }

    /// @notice The place of a feeder in c.feeders; `isKnown` false when it was not added.
    function feederIndexOf(SlotCase memory c, uint24 feeder) internal pure returns (uint256 index, bool isKnown) {
        uint256 found = FeederTable.find(c.result.feeders, feeder);
        return (uint8(found >> 160), found != 0);
    }

    /// @notice Adds a feeder. Its parties' totals start at 0, or go on where they are parties of another feeder.
    function addFeeder(
        SlotCase memory c,
        uint24 feeder,
        FeederTerms memory terms
    ) internal pure returns (uint256 index) {
        uint256 supplier = _partyIndexOf(c, terms.supplier);
        uint256 gridOperator = _partyIndexOf(c, terms.gridOperator);
        index = c.feederCount++;
        c.feeders[index] = FeederCase({
            id: feeder,
            terms: terms,
            supplier: c.parties[supplier],
            gridOperator: c.parties[gridOperator]
        });
        FeederTable.put(c.result.feeders, feeder, (index << 160) | uint160(terms.supplier));
    }

    // -------------------- result

    /// @notice Writes the parties' totals into the result.
    function packParties(SlotCase memory c) internal pure {
        bytes32[] memory words = c.result.parties;
        uint256 count = c.partyCount;
        for (uint256 i = 0; i < count; ++i) {
            Party memory party = c.parties[i];
            uint256 offset = i * Records.PARTY_WORDS;
            words[offset] = Records.packAccount(party.account);
            words[offset + 1] = bytes32((party.community << 192) | (party.surplusIn << 128) | (party.surplusOut << 64));
            c.result.settledMeters[i] = party.settledMeters;
        }
        assembly ("memory-safe") {
            mstore(words, mul(count, 2)) // Records.PARTY_WORDS; shortens, never lengthens
        }
    }

    /// @notice Writes the delivered Wh of every trade into the result.
    function packDelivered(SlotCase memory c) internal pure {
        bytes32[] memory words = c.result.delivered;
        for (uint256 i = 0; i < c.lots.length; ++i) {
            words[i / 8] |= bytes32(c.lots[i].deliveredWh << (224 - 32 * (i % 8)));
        }
    }

    /// @dev The party that is this account in the slot, one for all its parts; added when it is new.
    function _partyIndexOf(SlotCase memory c, address account) private pure returns (uint256 index) {
        uint256 count = c.partyCount;
        for (; index < count; ++index) {
            if (c.parties[index].account == account) return index;
        }
        c.partyCount = count + 1;
        c.parties[index] = Party({account: account, community: 0, surplusIn: 0, surplusOut: 0, settledMeters: 0});
    }

    // -------------------- arrays of unset pointers; `new` would allocate all elements

    function _newFeeders(uint256 length) private pure returns (FeederCase[] memory array) {
        assembly ("memory-safe") {
            array := mload(0x40)
            mstore(array, length)
            mstore(0x40, add(array, shl(5, add(length, 1))))
        }
    }

    function _newParties(uint256 length) private pure returns (Party[] memory array) {
        assembly ("memory-safe") {
            array := mload(0x40)
            mstore(array, length)
            mstore(0x40, add(array, shl(5, add(length, 1))))
        }
    }

    function _newMeters(uint256 length) private pure returns (MeterCase[] memory array) {
        assembly ("memory-safe") {
            array := mload(0x40)
            mstore(array, length)
            mstore(0x40, add(array, shl(5, add(length, 1))))
        }
    }

    function _newLots(uint256 length) private pure returns (Lot[] memory array) {
        assembly ("memory-safe") {
            array := mload(0x40)
            mstore(array, length)
            mstore(0x40, add(array, shl(5, add(length, 1))))
        }
    }
}
