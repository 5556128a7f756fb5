// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation, MemberRole} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMeterLedger, Reading} from "../../interfaces/IMeterLedger.sol";
import {MerkleRoot} from "../../libraries/MerkleRoot.sol";
import {ReadingWords} from "../../libraries/ReadingWords.sol";
import {ReadingStatus, SlotTimes, StoredReading} from "../../types/MarketTypes.sol";

/// @title MeterLedger
/// @notice Tamper-proof readings: signed by the meter, or by the feeder's metering operator where the meter is silent.
contract MeterLedger is EIP712, AccessManaged, IMeterLedger {
    using MerkleRoot for bytes32[];
    using ReadingWords for uint256;

    struct Bar {
        uint32 barredSlot; // latest slot settled as missing, 0 = never
        uint32 liftedBySlot; // slots before it bar no more, 0 = never lifted
    }

    /// What a batch has looked up and not yet written.
    struct Desk {
        uint256 word; // four readings, read from storage and perhaps changed
        uint256 changes; // readings stored anew
        SlotTimes times; // of timesSlot
        uint256 operatorKey; // feeder 24 | slot 32, 0 = no operator known
        address operator; // active metering operator of that feeder and slot
        uint64 key; // of the word in hand
        uint32 timesSlot;
        bool timesKnown;
        bool dirty; // the word must be written
    }

    bytes32 private constant _READING_TYPEHASH = keccak256(
        "Reading(uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence)"
    );

    uint8 private constant _ACTUAL = uint8(ReadingStatus.Actual);
    uint8 private constant _CORRECTED = uint8(ReadingStatus.Corrected);

    IDeviceRegistry private immutable _DEVICES;
    IGridTopology private immutable _TOPOLOGY;
    IMarketCalendar private immutable _CALENDAR;
    IFederation private immutable _FEDERATION;

    // slots 0 to 2: EIP712's fallback strings and AccessManaged
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
        bytes32[] memory tree = MerkleRoot.newTree(count);
        bytes32[] memory records = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            Reading calldata reading = readings[i];
            bytes32 digest = digestOf(reading);
            tree.setLeaf(i, digest);
            records[i] = _store(desk, i, reading, digest);
        }
        if (desk.changes == 0) return 0;
        _flush(desk);
        bytes32 root = tree.hashUp();
        _roots.push(root);
        batchId = uint32(_roots.length); // 2^32 batches of 20,000 gas and more are out of reach
        emit ReadingBatchStored(batchId, root, records);
    }

    /// @inheritdoc IMeterLedger
    function bar(uint32 meter, uint32 slot) external restricted {
        Bar storage state = _bars[meter];
        if (slot <= Math.max(state.barredSlot, state.liftedBySlot) || _laneAt(meter, slot) != 0) return;
        state.barredSlot = slot;
        emit MeterBarred(meter, slot);
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
    function barOf(uint32 meter) external view returns (uint32 barredSlot, uint32 liftedBySlot) {
        Bar memory state = _bars[meter];
        return (state.barredSlot, state.liftedBySlot);
    }

    /// @inheritdoc IMeterLedger
    function batchCount() external view returns (uint32 count) {
        return uint32(_roots.length);
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

    /// @inheritdoc IMeterLedger
    function digestOf(Reading calldata reading) public view returns (bytes32 digest) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        _READING_TYPEHASH,
                        reading.meter,
                        reading.slot,
                        reading.importWh,
                        reading.exportWh,
                        reading.status,
                        reading.sequence
                    )
                )
            );
    }

    /// Stores the reading at its place in the word in hand, unless it stands there already. Returns the event's word.
    function _store(
        Desk memory desk,
        uint256 index,
        Reading calldata reading,
        bytes32 digest
    ) private returns (bytes32 record) {
        uint32 meter = reading.meter;
        uint32 slot = reading.slot;
        _takeWord(desk, ReadingWords.keyOf(meter, slot));
        uint256 lane = _laneOf(index, reading);
        uint256 stored = desk.word.laneOf(meter);
        if (lane != stored) {
            _requireReplaces(index, lane, stored);
            _requireInTime(desk, index, slot, reading.status);
            _requireSigned(desk, index, reading, digest);
            desk.word = desk.word.withLane(meter, lane);
            desk.dirty = true;
            ++desk.changes;
        }
        return ReadingWords.packRecord(meter, slot, lane, lane != stored);
    }

    /// Takes the word in hand, after writing the one before it.
    function _takeWord(Desk memory desk, uint64 key) private {
        if (desk.key == key) return;
        _flush(desk);
        desk.key = key;
        desk.word = _words[key];
        desk.dirty = false;
    }

    function _flush(Desk memory desk) private {
        if (desk.dirty) _words[desk.key] = desk.word;
    }

    function _requireInTime(Desk memory desk, uint256 index, uint32 slot, uint8 status) private view {
        if (!desk.timesKnown || desk.timesSlot != slot) {
            desk.times = _CALENDAR.timesOf(slot);
            desk.timesSlot = slot;
            desk.timesKnown = true;
        }
        SlotTimes memory times = desk.times;
        if (block.timestamp < times.deliveryEnd) revert MeterLedgerSlotNotEnded(index, slot, times.deliveryEnd);
        uint64 until = times.readingEnd;
        if (status == _ACTUAL) until = times.actualsUntil;
        else if (status == _CORRECTED) until = times.finalDate;
        if (block.timestamp >= until) revert MeterLedgerTooLate(index, slot, until);
    }

    function _requireSigned(Desk memory desk, uint256 index, Reading calldata reading, bytes32 digest) private view {
        address expected;
        if (reading.status == _ACTUAL) {
            expected = _DEVICES.activeMeterKey(reading.meter);
            if (expected == address(0)) revert MeterLedgerInactiveMeter(index, reading.meter);
        } else {
            expected = _operatorOf(desk, index, reading.meter, reading.slot);
        }
        (address signer, , ) = ECDSA.tryRecover(digest, reading.r, reading.vs);
        if (signer != expected) revert MeterLedgerWrongSigner(index, signer, expected);
    }

    /// The active metering operator of the meter's feeder in the slot.
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
        if (!_FEDERATION.isActive(operator) || !_FEDERATION.hasRole(operator, MemberRole.MeteringOperator)) {
            revert MeterLedgerInactiveOperator(index, operator);
        }
        desk.operatorKey = operatorKey;
        desk.operator = operator;
    }

    function _laneAt(uint32 meter, uint32 slot) private view returns (uint256 lane) {
        return _words[ReadingWords.keyOf(meter, slot)].laneOf(meter);
    }

    function _requireReplaces(uint256 index, uint256 lane, uint256 stored) private pure {
        uint8 status = lane.statusOf();
        uint8 storedStatus = stored.statusOf();
        uint256 rank = _rankOf(status);
        uint256 storedRank = _rankOf(storedStatus);
        if (rank > storedRank) return;
        if (rank < storedRank || status == _ACTUAL) revert MeterLedgerMayNotReplace(index, storedStatus, status);
        uint8 sequence = lane.sequenceOf();
        uint8 storedSequence = stored.sequenceOf();
        if (sequence <= storedSequence) revert MeterLedgerStaleSequence(index, storedSequence, sequence);
    }

    function _laneOf(uint256 index, Reading calldata reading) private pure returns (uint256 lane) {
        uint8 status = reading.status;
        if (status < _ACTUAL || status > _CORRECTED) revert MeterLedgerBadStatus(index, status);
        uint32 largest = reading.importWh > reading.exportWh ? reading.importWh : reading.exportWh;
        if (largest > ReadingWords.MAX_SLOT_WH) {
            revert MeterLedgerEnergyTooLarge(index, largest, ReadingWords.MAX_SLOT_WH);
        }
        return ReadingWords.packLane(reading.importWh, reading.exportWh, status, reading.sequence);
    }

    /// Substituted and estimated 1, actual 2, corrected 3; no reading 0.
    function _rankOf(uint8 status) private pure returns (uint256 rank) {
        if (status == 0) return 0;
        if (status == _ACTUAL) return 2;
        return status == _CORRECTED ? 3 : 1;
    }
}
