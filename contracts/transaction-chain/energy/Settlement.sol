// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {IClearing} from "../../interfaces/IClearing.sol";
import {ISettlement} from "../../interfaces/ISettlement.sol";
import {DeliverySplit} from "../../libraries/DeliverySplit.sol";
import {FeederTable} from "../../libraries/FeederTable.sol";
import {OutcomeWords} from "../../libraries/OutcomeWords.sol";
import {Records} from "../../libraries/Records.sol";
import {SettlementMath} from "../../libraries/SettlementMath.sol";
import {SettlementMemory} from "../../libraries/SettlementMemory.sol";
import {WordLists} from "../../libraries/WordLists.sol";
import {SlotTimes} from "../../types/MarketTypes.sol";
import {MeterCase, SettlementWiring, SlotCase} from "../../types/SettlementTypes.sol";
import {SettlementPosting} from "./SettlementPosting.sol";

/// @title Settlement
/// @notice Settles slots: reads what was traded and what was metered, computes what each meter and party gets, posts
///         the difference to what was posted before. Nobody has a right or a choice here; the result follows from the
///         state.
/// @dev Per slot and area one stored word: the hash of the last outcomes, which the caller supplies again. Outside
///      calls go to the market's own contracts only, fixed at deployment; none calls back but, in some later form, the
///      accountants', which is called last.
///      `multicall` runs several of these functions in one transaction, as several transactions would, so that what
///      they share is read and written once. Nothing here looks at the caller or takes value; a call that reverts takes
///      the others with it, which its sender sees when it estimates the gas.
contract Settlement is SettlementPosting, Multicall {
    using SettlementMemory for SlotCase;

    bytes32 private constant _FINALIZED = bytes32(uint256(1));

    IClearing private immutable _CLEARING;

    mapping(uint24 city => mapping(uint32 slot => bytes32 hash)) private _treeHashes;
    mapping(uint24 feeder => mapping(uint32 slot => mapping(uint32 chunk => bytes32 hash))) private _restHashes;

    /// @notice Names the contracts.
    /// @param wiring The contracts that settlement reads from and posts to.
    constructor(SettlementWiring memory wiring) SettlementPosting(wiring) {
        _CLEARING = wiring.clearing;
    }

    // -------------------- settle

    /// @inheritdoc ISettlement
    function settle(
        uint24 city,
        uint32 slot,
        bytes32[] calldata positions,
        bytes32[] calldata trades,
        bytes32[] calldata priorOutcomes,
        bytes32[] calldata priorParties
    ) external {
        bytes32 stored = _treeHashes[city][slot];
        SlotCase memory c = _openCase(city, slot, stored == 0);
        _requireSettled(city, slot, stored, _hashOf(priorOutcomes, priorParties));
        _requireTrades(city, slot, positions, trades);
        c.lay(positions.length / Records.POSITION_WORDS, trades.length);
        _readTree(c, positions, trades);
        _conclude(c, priorOutcomes);
        if (!c.isFirst && !OutcomeWords.differs(c.result.outcomes, priorOutcomes)) return;
        _finishTree(c, _post(c, priorParties));
    }

    /// @inheritdoc ISettlement
    function settleRest(uint24 feeder, uint32 slot, uint32 chunk, bytes32[] calldata priorOutcomes) external {
        bytes32 stored = _restHashes[feeder][slot][chunk];
        SlotCase memory c = _openCase(feeder, slot, stored == 0);
        bytes32[] calldata none = priorOutcomes[:0];
        _requireSettled(feeder, slot, stored, _hashOf(priorOutcomes, none));
        _readChunk(c, chunk, priorOutcomes);
        if (c.meters.length == 0) return;
        _conclude(c, priorOutcomes);
        if (!c.isFirst && !OutcomeWords.differs(c.result.outcomes, priorOutcomes)) return;
        uint64 feesMicro = _post(c, none);
        _restHashes[feeder][slot][chunk] = Records.hashPair(Records.hashWords(c.result.outcomes), 0);
        emit RestSettled(feeder, slot, chunk, c.result.outcomes);
        _bookFees(feesMicro);
    }

    // -------------------- finalize

    /// @inheritdoc ISettlement
    function finalize(uint24 city, uint32 slot, bytes32[] calldata outcomes, bytes32[] calldata parties) external {
        bytes32 given = _hashOf(outcomes, parties);
        SlotTimes memory times = _requireFinal(city, slot, _treeHashes[city][slot], given);
        _treeHashes[city][slot] = _FINALIZED;
        _recordShort(slot, times, outcomes);
        emit SlotFinalized(city, slot);
        _release(city, slot, outcomes, parties);
    }

    /// @inheritdoc ISettlement
    function finalizeRest(uint24 feeder, uint32 slot, uint32 chunk, bytes32[] calldata outcomes) external {
        bytes32[] calldata none = outcomes[:0];
        _requireFinal(feeder, slot, _restHashes[feeder][slot][chunk], _hashOf(outcomes, none));
        _restHashes[feeder][slot][chunk] = _FINALIZED;
        emit RestFinalized(feeder, slot, chunk);
        _release(feeder, slot, outcomes, none);
    }

    // -------------------- views

    /// @inheritdoc ISettlement
    function outcomesHash(uint24 city, uint32 slot) external view returns (bytes32 hash) {
        return _treeHashes[city][slot];
    }

    /// @inheritdoc ISettlement
    function restHash(uint24 feeder, uint32 slot, uint32 chunk) external view returns (bytes32 hash) {
        return _restHashes[feeder][slot][chunk];
    }

    /// @inheritdoc ISettlement
    function shortSlots(uint32 meter, uint256 word) external view returns (uint256 bits) {
        return _shortSlotsOf(meter, word);
    }

    // -------------------- steps

    /// @dev From meters and lots to the result and the homes' postings. What homes pay and do not receive goes to the
    /// parties: fees to grid operators, escalation to suppliers, and the rest, left by rounding, to the supplier of
    ///      the seller of the first trade. That rest is never negative: payers round up and payees down, and each
    ///      party's share of a fee is rounded down from a part of what a home pays rounded down.
    function _conclude(SlotCase memory c, bytes32[] calldata prior) private {
        DeliverySplit.deliver(c.meters, c.lots);
        if (c.hasMissing) {
            _replaceMissing(c);
            _barMissing(c, prior);
        }
        DeliverySplit.spread(c.meters, c.lots);
        SettlementMath.price(c.lots);
        c.packDelivered();
        bool hasLots = c.lots.length != 0;
        uint256 first = hasLots ? FeederTable.find(c.feederTable, c.lots[0].seller.feeder.id) : 0;
        c.layPostings();
        int256 leftMicro = 0;
        uint256 count = c.meters.length;
        for (uint256 i = 0; i < count; ++i) leftMicro -= _concludeMeter(c, i, prior);
        for (uint256 i = 0; i < c.partyCount; ++i) leftMicro -= int256(c.parties[i].community);
        if (hasLots) c.feeders[first - 1].supplier.community += uint256(leftMicro);
        c.packParties();
    }

    /// @dev Bars the meters whose reading is missing anew.
    function _barMissing(SlotCase memory c, bytes32[] calldata prior) private {
        uint256 count = 0;
        uint32[] memory meters = new uint32[](c.meters.length);
        for (uint256 i = 0; i < c.meters.length; ++i) {
            if (c.meters[i].status != _MISSING) continue;
            if (!c.isFirst && OutcomeWords.isMissing(prior[i * Records.OUTCOME_WORDS])) continue;
            meters[count++] = uint32(c.meters[i].position >> 224);
        }
        if (count == 0) return;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(meters, count) // shortens, never lengthens
        }
        _LEDGER.bar(meters, c.slot);
    }

    /// @dev The interaction comes last: what an accountants' contract sees, and may call, is settled.
    function _finishTree(SlotCase memory c, uint64 feesMicro) private {
        bytes32[] memory outcomes = c.result.outcomes;
        bytes32[] memory parties = c.result.parties;
        _treeHashes[c.area][c.slot] = Records.hashPair(Records.hashWords(outcomes), Records.hashWords(parties));
        WordLists.emitLists({
            selector: SlotSettled.selector,
            first: c.area,
            second: c.slot,
            a: outcomes,
            b: parties,
            c: c.result.delivered
        });
        _bookFees(feesMicro);
    }

    /// @dev Writes one meter's outcome and posting. Returns N: what the community side of the slot leaves the home.
    function _concludeMeter(SlotCase memory c, uint256 index, bytes32[] calldata prior) private view returns (int256) {
        MeterCase memory meter = c.meters[index];
        uint256 offset = index * Records.OUTCOME_WORDS;
        bytes32 energy = SettlementMath.energyOf(meter);
        bool isShort = meter.deliveredWh != meter.contractedWh && DeliverySplit.isSeller(meter);
        uint256 rate = isShort ? _escalationRateOf(c, uint32(meter.position >> 224)) : 0;
        (bytes32 money, bytes32 bond) = SettlementMath.conclude(meter, rate);
        OutcomeWords.set({
            words: c.result.outcomes,
            offset: offset,
            energy: energy,
            money: money,
            bond: bond,
            last: Records.packAccount(meter.account)
        });
        return _addPosting(c, meter, offset, prior);
    }

    /// @dev The chunk's meters: found the first time, taken from the prior outcomes later.
    function _readChunk(SlotCase memory c, uint32 chunk, bytes32[] calldata priorOutcomes) private view {
        if (c.isFirst) {
            uint32[] memory standing = _chunkOf(c.area, c.slot, chunk);
            c.lay(standing.length, 0);
            _readRest(c, standing);
        } else {
            c.lay(priorOutcomes.length / Records.OUTCOME_WORDS, 0);
            _rereadRest(c, priorOutcomes);
        }
    }

    // -------------------- checks

    /// @dev They are those that Clearing.close committed to (Records.hashClosed).
    function _requireTrades(
        uint24 city,
        uint32 slot,
        bytes32[] calldata positions,
        bytes32[] calldata trades
    ) private view {
        bytes32 committed = _CLEARING.positionsHash(city, slot);
        if (committed == 0) revert SettlementNotClosed(city, slot);
        bytes32 given = Records.hashPair(_hashOfWords(positions), _hashOfWords(trades));
        if (committed != given) revert SettlementWrongTrades(city, slot, committed, given);
    }

    function _requireFinal(
        uint24 area,
        uint32 slot,
        bytes32 stored,
        bytes32 given
    ) private view returns (SlotTimes memory times) {
        if (stored == 0) revert SettlementNotSettled(area, slot);
        if (stored == _FINALIZED) revert SettlementAlreadyFinalized(area, slot);
        times = _CALENDAR.timesOf(slot);
        if (block.timestamp < times.finalDate) revert SettlementNotFinal(area, slot, times.finalDate);
        _requireSettled(area, slot, stored, given);
    }

    function _requireSettled(uint24 area, uint32 slot, bytes32 stored, bytes32 given) private pure {
        if (stored != given) revert SettlementWrongOutcomes(area, slot, stored, given);
    }

    // -------------------- hashes

    /// @dev keccak256(keccak256(outcomes) ++ keccak256(parties)), 0 when there are none. Two hashes, because the two
    ///      lists one behind the other would not say where the first ends.
    function _hashOf(bytes32[] calldata outcomes, bytes32[] calldata parties) private pure returns (bytes32) {
        if (outcomes.length + parties.length == 0) return 0;
        return Records.hashPair(_hashOfWords(outcomes), _hashOfWords(parties));
    }

    /// @dev keccak256 of the words; 0 when there are none. As Records.hashWords, of calldata.
    function _hashOfWords(bytes32[] calldata words) private pure returns (bytes32 hash) {
        if (words.length == 0) return 0;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let p := mload(0x40) // behind the free pointer: scratch, not allocated
            let size := shl(5, words.length)
            calldatacopy(p, words.offset, size)
            hash := keccak256(p, size)
        }
    }
}
