// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMeterLedger, Reading} from "../../interfaces/IMeterLedger.sol";
import {CompactSignature} from "../../libraries/CompactSignature.sol";
import {MerkleRoot} from "../../libraries/MerkleRoot.sol";
import {MeteringOperators} from "../../libraries/MeteringOperators.sol";
import {ReadingChecks} from "../../libraries/ReadingChecks.sol";
import {ReadingWords} from "../../libraries/ReadingWords.sol";
import {ReadingStatus, SlotTimes, StoredReading} from "../../types/MarketTypes.sol";

/// @title MeterLedger
/// @notice Tamper-proof readings: signed by the meter, or by the feeder's metering operator where the meter is silent.
contract MeterLedger is EIP712, AccessManaged, IMeterLedger {
    using MerkleRoot for bytes32[];
    using MeteringOperators for IFederation;
    using ReadingChecks for Reading;
    using ReadingWords for uint256;

    struct Bar {
        uint32 barredSlot; // latest slot settled as missing, 0 = never
        uint32 liftedBySlot; // slots before it bar no more, 0 = never lifted
    }

    /// A word in hand, and the dates of its slot.
    struct Drawer {
        uint64 key; // of the word
        uint256 word; // four readings, read from storage and perhaps changed
        bool dirty; // the word must be written
        uint32 timesSlot; // the slot that inTime is about
        uint256 inTime; // bit per status: may it be stored now
    }

    /// What a batch has looked up and not yet written.
    struct Desk {
        Drawer[8] drawers; // by slot mod 8: a meter's series and its neighbours' share words
        bytes32 domain; // EIP-712 separator
        uint256 changes; // readings stored anew
        address signer; // who must sign the message at hand, 0 = nothing new in it so far
        uint32 deviceMeter; // meter of the device key
        address deviceKey; // 0 = inactive
        uint256 operatorKey; // feeder 24 | slot 32, 0 = no operator known
        address operator; // metering operator of that feeder and slot, or its successor
    }

    uint8 private constant _ACTUAL = uint8(ReadingStatus.Actual);
    uint8 private constant _CORRECTED = uint8(ReadingStatus.Corrected);

    IDeviceRegistry private immutable _DEVICES;
    IGridTopology private immutable _TOPOLOGY;
    IMarketCalendar private immutable _CALENDAR;
    IFederation private immutable _FEDERATION;

    // slots 0 to 2: EIP712's fallback strings, AccessManaged
    mapping(uint64 key => uint256 fourReadings) private _words; // key and word: ReadingWords
    mapping(uint32 meter => Bar state) private _bars;
    bytes32[] private _roots; // batch id - 1

    /// @notice Names the EIP-712 domain and the contracts that say who may sign what, when.
    /// @param initialAuthority The AccessManager that says who has the role SETTLEMENT.
    /// @param devices The meters' keys.
    /// @param topology Where meters stand and who operates their metering.
    /// @param calendar The slots' dates.
    /// @param federation Who is an active metering operator.
    constructor(
        address initialAuthority,
        IDeviceRegistry devices,
        IGridTopology topology,
        IMarketCalendar calendar,
        IFederation federation
    ) EIP712("Commonwatt MeterLedger", "1") AccessManaged(initialAuthority) {
        _DEVICES = devices;
        _TOPOLOGY = topology;
        _CALENDAR = calendar;
        _FEDERATION = federation;
    }

    /// @inheritdoc IMeterLedger
    function submit(Reading[] calldata readings) external returns (uint32 batchId) {
        uint256 count = readings.length;
        if (count == 0) revert MeterLedgerEmptyBatch();
        Desk memory desk;
        desk.domain = _domainSeparatorV4();
        bytes32[] memory tree = MerkleRoot.newTree(count);
        bytes32[] memory records = new bytes32[](count);
        bytes32[] memory hashes = new bytes32[](count);
        uint256 first = 0; // reading that the signature at hand covers
        for (uint256 i = 0; i < count; ++i) {
            Reading calldata reading = readings[i];
            uint256 record = ReadingWords.pack(reading);
            if (i > first) ReadingChecks.requireSameSeries(i, record, uint256(records[i - 1]));
            hashes[i] = record.structHashOf();
            bytes32 digest = MessageHashUtils.toTypedDataHash(desk.domain, hashes[i]);
            tree.setLeaf(i, digest);
            records[i] = bytes32(_take(desk, i, record));
            if (reading.isCovered() && i + 1 < count) continue;
            if (i > first) digest = _seriesDigest(desk, hashes, first, i);
            _requireSigner(desk, i, reading, digest);
            first = i + 1;
        }
        if (desk.changes == 0) return 0;
        for (uint256 i = 0; i < desk.drawers.length; ++i) _flush(desk.drawers[i]);
        _roots.push(tree.hashUp());
        batchId = uint32(_roots.length); // 2^32 batches of 20,000 gas and more are out of reach
        emit ReadingBatchStored(batchId, tree[0], records);
    }

    /// @inheritdoc IMeterLedger
    function bar(uint32[] calldata meters, uint32 slot) external restricted {
        for (uint256 i = 0; i < meters.length; ++i) _bar(meters[i], slot);
    }

    /// @inheritdoc IMeterLedger
    function liftBar(uint32 meter, uint32 laterSlot) external {
        if (!isBarred(meter)) revert MeterLedgerNotBarred(meter);
        Bar storage state = _bars[meter];
        uint32 barredSlot = state.barredSlot;
        if (laterSlot <= barredSlot) revert MeterLedgerSlotNotLater(laterSlot, barredSlot);
        if (_laneAt(meter, laterSlot) == 0) revert MeterLedgerNoReading(meter, laterSlot);
        state.liftedBySlot = laterSlot;
        emit BarLifted(meter, barredSlot, laterSlot);
    }

    /// @inheritdoc IMeterLedger
    function readingAt(uint32 meter, uint32 slot) external view returns (StoredReading memory reading) {
        return _laneAt(meter, slot).unpackLane();
    }

    /// @inheritdoc IMeterLedger
    function readingsAt(uint32[] calldata meters, uint32 slot) external view returns (StoredReading[] memory readings) {
        readings = new StoredReading[](meters.length);
        for (uint256 i = 0; i < meters.length; ++i) {
            readings[i] = _laneAt(meters[i], slot).unpackLane();
        }
    }

    /// @inheritdoc IMeterLedger
    function readingWordsAt(uint32[] calldata meters, uint32 slot) external view returns (uint256[] memory words) {
        words = new uint256[](meters.length);
        uint64 key; // of the word at hand: neighbouring meters share one
        uint256 word;
        for (uint256 i = 0; i < words.length; ++i) {
            uint32 meter = meters[i];
            uint64 next = ReadingWords.keyOf(meter, slot);
            if (next != key) (key, word) = (next, _words[next]);
            words[i] = ReadingWords.wordOf(word.laneIn(meter));
        }
    }

    /// @inheritdoc IMeterLedger
    function barOf(uint32 meter) external view returns (uint32 barredSlot, uint32 liftedBySlot) {
        return (_bars[meter].barredSlot, _bars[meter].liftedBySlot);
    }

    /// @inheritdoc IMeterLedger
    function batchCount() external view returns (uint32 count) {
        return uint32(_roots.length);
    }

    /// @inheritdoc IMeterLedger
    function digestOf(Reading calldata reading) external view returns (bytes32 digest) {
        return _hashTypedDataV4(ReadingWords.pack(reading).structHashOf());
    }

    /// @inheritdoc IMeterLedger
    function isInBatch(uint32 batchId, bytes32 digest, bytes32[] calldata proof) external view returns (bool included) {
        bytes32 root = rootOf(batchId);
        return root != 0 && MerkleProof.verifyCalldata(proof, root, digest);
    }

    /// @inheritdoc IMeterLedger
    function isBarred(uint32 meter) public view returns (bool barred) {
        Bar memory state = _bars[meter];
        return state.barredSlot > state.liftedBySlot && _laneAt(meter, state.barredSlot) == 0;
    }

    /// @inheritdoc IMeterLedger
    function rootOf(uint32 batchId) public view returns (bytes32 root) {
        if (batchId == 0 || batchId > _roots.length) return 0;
        return _roots[batchId - 1];
    }

    function _bar(uint32 meter, uint32 slot) private {
        Bar storage state = _bars[meter];
        if (slot <= Math.max(state.barredSlot, state.liftedBySlot) || _laneAt(meter, slot) != 0) return;
        state.barredSlot = slot;
        emit MeterBarred(meter, slot);
    }

    /// Puts the reading into its word, unless it stands there already. Returns its record as the event has it.
    function _take(Desk memory desk, uint256 index, uint256 record) private returns (uint256 told) {
        ReadingChecks.requireFits(index, record);
        uint32 meter = record.meterOf();
        uint32 slot = record.slotOf();
        Drawer memory drawer = desk.drawers[slot & 7];
        _open(drawer, ReadingWords.keyOf(meter, slot));
        uint256 lane = record.laneOf();
        uint256 stored = drawer.word.laneIn(meter);
        if (lane == stored) return record;
        if (stored != 0) ReadingChecks.requireReplaces(index, record, stored);
        drawer.word = drawer.word.withLane(meter, lane);
        drawer.dirty = true;
        unchecked {
            ++desk.changes; // one a reading of the batch
        }
        _requireInTime(drawer, index, record);
        desk.signer = _signerOf(desk, index, record);
        return record | ReadingWords.CHANGED;
    }

    /// Puts the word of the key into the drawer, after writing the one that was there. At first each holds key 0 and
    /// word 0, which is what the ledger has there: nothing of slot 0 is ever in time.
    function _open(Drawer memory drawer, uint64 key) private {
        if (drawer.key == key) return;
        _flush(drawer);
        drawer.key = key;
        drawer.word = _words[key];
        drawer.dirty = false;
    }

    function _flush(Drawer memory drawer) private {
        if (drawer.dirty) _words[drawer.key] = drawer.word;
    }

    function _requireInTime(Drawer memory drawer, uint256 index, uint256 record) private view {
        uint32 slot = record.slotOf();
        if (drawer.timesSlot != slot) {
            drawer.timesSlot = slot;
            drawer.inTime = _statusesInTime(_CALENDAR.timesOf(slot));
        }
        uint8 status = record.statusOf();
        if ((drawer.inTime >> status) & 1 == 0) _revertOutOfTime(index, slot, status);
    }

    function _revertOutOfTime(uint256 index, uint32 slot, uint8 status) private view {
        SlotTimes memory times = _CALENDAR.timesOf(slot);
        if (block.timestamp < times.deliveryEnd) revert MeterLedgerSlotNotEnded(index, slot, times.deliveryEnd);
        revert MeterLedgerTooLate(index, slot, _untilOf(times, status));
    }

    function _statusesInTime(SlotTimes memory times) private view returns (uint256 inTime) {
        if (block.timestamp < times.deliveryEnd) return 0;
        for (uint8 status = _ACTUAL; status <= _CORRECTED; ++status) {
            if (block.timestamp < _untilOf(times, status)) inTime |= 1 << status;
        }
    }

    /// Who must have signed the reading.
    function _signerOf(Desk memory desk, uint256 index, uint256 record) private view returns (address signer) {
        uint32 meter = record.meterOf();
        if (record.statusOf() != _ACTUAL) return _operatorOf(desk, index, meter, record.slotOf());
        if (desk.deviceMeter != meter) {
            desk.deviceMeter = meter;
            desk.deviceKey = _DEVICES.activeMeterKey(meter);
        }
        signer = desk.deviceKey;
        if (signer == address(0)) revert MeterLedgerInactiveMeter(index, meter);
    }

    /// The metering operator of the meter's feeder in the slot, or its successor.
    function _operatorOf(
        Desk memory desk,
        uint256 index,
        uint32 meter,
        uint32 slot
    ) private view returns (address operator) {
        (uint24 feeder, ) = _TOPOLOGY.siteAt(meter, slot);
        if (feeder == 0) revert MeterLedgerNoSite(index, meter, slot);
        uint256 operatorKey = (uint256(feeder) << 32) | slot;
        if (desk.operatorKey == operatorKey) return desk.operator;
        (, , operator) = _TOPOLOGY.partiesAt(feeder, slot);
        if (!_FEDERATION.mayAct(operator)) operator = _successorOf(operator, index, feeder);
        desk.operatorKey = operatorKey;
        desk.operator = operator;
    }

    /// Where a slot's operator is gone, the one that the feeder has from the next slot on: nobody else could speak for
    /// the slots that were open when it went.
    function _successorOf(address gone, uint256 index, uint24 feeder) private view returns (address successor) {
        (, , successor) = _TOPOLOGY.partiesAt(feeder, _CALENDAR.firstUnopenedSlot());
        if (!_FEDERATION.mayAct(successor)) revert MeterLedgerInactiveOperator(index, gone);
    }

    /// The message at hand ends with this reading; who had to sign it has, if anything in it is new.
    function _requireSigner(Desk memory desk, uint256 index, Reading calldata reading, bytes32 digest) private view {
        address expected = desk.signer;
        if (expected == address(0)) return;
        desk.signer = address(0);
        address signer = CompactSignature.recover(digest, reading.r, reading.vs);
        if (signer != expected) revert MeterLedgerWrongSigner(index, signer, expected);
    }

    function _laneAt(uint32 meter, uint32 slot) private view returns (uint256 lane) {
        return _words[ReadingWords.keyOf(meter, slot)].laneIn(meter);
    }

    /// The EIP-712 digest of the series of readings from `first` to `last`.
    function _seriesDigest(
        Desk memory desk,
        bytes32[] memory hashes,
        uint256 first,
        uint256 last
    ) private pure returns (bytes32 digest) {
        return MessageHashUtils.toTypedDataHash(desk.domain, ReadingWords.seriesHashOf(hashes, first, last));
    }

    /// The first second in which a reading of that status comes too late.
    function _untilOf(SlotTimes memory times, uint8 status) private pure returns (uint64 until) {
        if (status == _ACTUAL) return times.actualsUntil;
        return status == _CORRECTED ? times.decisionEnd : times.readingEnd;
    }
}
