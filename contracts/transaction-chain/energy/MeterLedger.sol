// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IDeviceRegistry} from "../../interfaces/IDeviceRegistry.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IGridTopology} from "../../interfaces/IGridTopology.sol";
import {IMarketCalendar} from "../../interfaces/IMarketCalendar.sol";
import {IMeterLedger, Reading} from "../../interfaces/IMeterLedger.sol";
import {IReadingQuorum} from "../../interfaces/IReadingQuorum.sol";
import {CompactSignature} from "../../libraries/CompactSignature.sol";
import {MerkleRoot} from "../../libraries/MerkleRoot.sol";
import {MeteringOperators} from "../../libraries/MeteringOperators.sol";
import {ReadingChecks} from "../../libraries/ReadingChecks.sol";
import {ReadingWords} from "../../libraries/ReadingWords.sol";
import {ReadingStatus} from "../../types/MarketTypes.sol";
import {ReadingStore} from "./ReadingStore.sol";

/// @title MeterLedger
/// @notice Tamper-proof readings: signed by the meter, or by the feeder's metering operator where the meter is silent.
contract MeterLedger is EIP712, ReadingStore {
    using MerkleRoot for bytes32[];
    using MeteringOperators for IFederation;
    using ReadingChecks for Reading;
    using ReadingWords for Reading;
    using ReadingWords for uint256;

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

    IDeviceRegistry private immutable _DEVICES;
    IGridTopology private immutable _TOPOLOGY;
    IMarketCalendar private immutable _CALENDAR;
    IFederation private immutable _FEDERATION;
    IReadingQuorum private immutable _QUORUM;

    // before: AccessManaged, EIP712's fallback strings, ReadingStore
    bytes32[] private _roots; // batch id - 1

    /// @notice Names the EIP-712 domain and the contracts that say who may sign what, when.
    /// @param initialAuthority The AccessManager that says who has the role SETTLEMENT.
    /// @param devices The meters' keys.
    /// @param topology Where meters stand and who operates their metering.
    /// @param calendar The slots' dates.
    /// @param federation Who is an active metering operator.
    /// @param quorum Whose attestations readings need.
    constructor(
        address initialAuthority,
        IDeviceRegistry devices,
        IGridTopology topology,
        IMarketCalendar calendar,
        IFederation federation,
        IReadingQuorum quorum
    ) EIP712("Commonwatt MeterLedger", "1") AccessManaged(initialAuthority) {
        _DEVICES = devices;
        _TOPOLOGY = topology;
        _CALENDAR = calendar;
        _FEDERATION = federation;
        _QUORUM = quorum;
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
        // places in the batch
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                Reading calldata reading = readings[i];
                uint256 record = ReadingWords.pack(reading);
                if (i > first) ReadingChecks.requireSameSeries(i, record, uint256(records[i - 1]));
                hashes[i] = reading.structHashOf();
                bytes32 digest = MessageHashUtils.toTypedDataHash(desk.domain, hashes[i]);
                tree.setLeaf(i, digest);
                records[i] = bytes32(_take(desk, i, record));
                if (reading.isCovered() && i + 1 < count) continue;
                if (i > first) digest = _seriesDigest(desk, hashes, first, i);
                _requireSigner(desk, i, reading, digest);
                first = i + 1;
            }
        }
        return desk.changes == 0 ? 0 : _storeBatch(desk, tree, records);
    }

    /// @inheritdoc IMeterLedger
    function batchCount() external view returns (uint32 count) {
        return uint32(_roots.length);
    }

    /// @inheritdoc IMeterLedger
    function digestOf(Reading calldata reading) external view returns (bytes32 digest) {
        ReadingWords.pack(reading); // refuses what is no message
        return _hashTypedDataV4(reading.structHashOf());
    }

    /// @inheritdoc IMeterLedger
    function isInBatch(uint32 batchId, bytes32 digest, bytes32[] calldata proof) external view returns (bool included) {
        bytes32 root = rootOf(batchId);
        return root != 0 && MerkleProof.verifyCalldata(proof, root, digest);
    }

    /// @inheritdoc IMeterLedger
    function rootOf(uint32 batchId) public view returns (bytes32 root) {
        if (batchId == 0 || batchId > _roots.length) return 0;
        return _roots[batchId - 1];
    }

    /// Puts the reading into its word, unless it stands there already. Returns its record as the event has it.
    function _take(Desk memory desk, uint256 index, uint256 record) private returns (uint256 told) {
        ReadingChecks.requireFits(index, record);
        uint32 meter = record.meterOf();
        uint32 slot = record.slotOf();
        Drawer memory drawer = desk.drawers[slot & 7];
        _open(drawer, meter, slot);
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
        if (ReadingChecks.isLate(drawer.inTime)) _liftBarOf(meter, slot);
        desk.signer = _signerOf(desk, index, record);
        return record | ReadingWords.CHANGED;
    }

    /// Writes what the batch changed, unless a reading of it lacks its quorum.
    function _storeBatch(
        Desk memory desk,
        bytes32[] memory tree,
        bytes32[] memory records
    ) private returns (uint32 batchId) {
        // one answer for the batch where no feeder has a quorum
        if (_QUORUM.hasQuorums()) _QUORUM.requireAttested(records);
        for (uint256 i = 0; i < desk.drawers.length; ++i) _flush(desk.drawers[i]);
        _roots.push(tree.hashUp());
        batchId = uint32(_roots.length); // 2^32 batches of 20,000 gas and more are out of reach
        _emitBatch(batchId, tree[0], records);
    }

    /// Emits ReadingBatchStored(batchId, root, records). By hand, because the compiler's coding copies word by word.
    function _emitBatch(uint32 batchId, bytes32 root, bytes32[] memory records) private {
        bytes32 topic = ReadingBatchStored.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let data := mload(0x40) // past the free pointer: scratch, not allocated
            let size := shl(5, add(mload(records), 1)) // of the array with its length
            mstore(data, root)
            mstore(add(data, 0x20), 0x40) // where the array begins
            mcopy(add(data, 0x40), records, size)
            log2(data, add(0x40, size), topic, batchId)
        }
    }

    function _requireInTime(Drawer memory drawer, uint256 index, uint256 record) private view {
        uint32 slot = record.slotOf();
        if (drawer.timesSlot != slot) {
            drawer.timesSlot = slot;
            drawer.inTime = ReadingChecks.statusesInTime(_CALENDAR.timesOf(slot));
        }
        if ((drawer.inTime >> record.statusOf()) & 1 != 0) return;
        ReadingChecks.revertOutOfTime(_CALENDAR.timesOf(slot), index, record);
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

    /// The EIP-712 digest of the series of readings from `first` to `last`.
    function _seriesDigest(
        Desk memory desk,
        bytes32[] memory hashes,
        uint256 first,
        uint256 last
    ) private pure returns (bytes32 digest) {
        return MessageHashUtils.toTypedDataHash(desk.domain, ReadingWords.seriesHashOf(hashes, first, last));
    }
}
