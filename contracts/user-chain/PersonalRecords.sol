// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation} from "../interfaces/IFederation.sol";
import {IPersonalRecords} from "../interfaces/IPersonalRecords.sol";
import {HpkeBounds} from "../libraries/HpkeBounds.sol";
import {RecordHistory} from "../libraries/RecordHistory.sol";
import {NewVersion, Rewrapping} from "../types/PersonalRecordTypes.sol";

/// @title PersonalRecords
/// @notice People's own records, one word of state each; what they hold is ciphertext, in events or in stores.
contract PersonalRecords is IPersonalRecords {
    /// @inheritdoc IPersonalRecords
    uint256 public constant MAX_BATCH = 50;
    /// @inheritdoc IPersonalRecords
    uint256 public constant MAX_INLINE_BYTES = 1_024;
    uint256 private constant _MAX_WRAPPED_BYTES = 256;
    uint256 private constant _HASH_LOCATOR_BYTES = 33;
    bytes1 private constant _ON_CHAIN = 0x00;
    bytes1 private constant _IN_STORES = 0x01;

    /// @notice Who is active.
    IFederation public immutable FEDERATION;

    mapping(address owner => mapping(bytes32 record => Record state)) private _records; // slot 0; a record is one word

    modifier onlyActive() {
        if (!FEDERATION.isActive(msg.sender)) revert PersonalRecordsInactive(msg.sender);
        _;
    }

    /// @notice There are no records yet.
    /// @param federation Who is active.
    constructor(IFederation federation) {
        FEDERATION = federation;
    }

    /// @inheritdoc IPersonalRecords
    function put(NewVersion calldata version) external onlyActive {
        _put(version);
    }

    /// @inheritdoc IPersonalRecords
    function putBatch(NewVersion[] calldata versions) external onlyActive {
        _requireBatch(versions.length);
        for (uint256 i = 0; i < versions.length; ++i) _put(versions[i]);
    }

    /// @inheritdoc IPersonalRecords
    function rewrapBatch(Rewrapping[] calldata rewrappings) external onlyActive {
        _requireBatch(rewrappings.length);
        for (uint256 i = 0; i < rewrappings.length; ++i) _rewrap(rewrappings[i]);
    }

    /// @inheritdoc IPersonalRecords
    function erase(bytes32 record, bytes32 receiptsHash) external {
        Record storage state = _living(record);
        if (receiptsHash == bytes32(0)) revert PersonalRecordsZeroReceipts(record);
        uint40 erasedAt = uint40(block.timestamp);
        state.erased = true;
        state.changedAt = erasedAt;
        state.head = RecordHistory.afterErasure({
            head: state.head,
            owner: msg.sender,
            record: record,
            erasedAt: erasedAt,
            receiptsHash: receiptsHash
        });
        emit RecordErased(msg.sender, record, erasedAt, receiptsHash);
    }

    /// @inheritdoc IPersonalRecords
    function recordOf(address owner, bytes32 record) external view returns (Record memory state) {
        return _records[owner][record];
    }

    function _put(NewVersion calldata written) private {
        Record memory state = _records[msg.sender][written.record];
        _requireAppends(state, written);
        _requireForm(written);
        uint40 writtenAt = uint40(block.timestamp);
        _records[msg.sender][written.record] = Record({
            kind: written.kind,
            erased: false,
            version: written.version,
            changedAt: writtenAt,
            head: RecordHistory.afterVersion(state.head, msg.sender, written, writtenAt)
        });
        emit VersionWritten({
            owner: msg.sender,
            record: written.record,
            version: written.version,
            kind: written.kind,
            writtenAt: writtenAt,
            commitment: written.commitment,
            locator: written.locator,
            wrapped: written.wrapped
        });
    }

    function _rewrap(Rewrapping calldata rewrapping) private {
        bytes32 record = rewrapping.record;
        uint32 last = _living(record).version;
        if (rewrapping.version == 0 || rewrapping.version > last) {
            revert PersonalRecordsVersionUnwritten(record, rewrapping.version, last);
        }
        _requireWrapped(record, rewrapping.wrapped);
        emit VersionRewrapped(msg.sender, record, rewrapping.version, rewrapping.wrapped);
    }

    /// @dev The caller's own record, written and not erased.
    function _living(bytes32 record) private view returns (Record storage state) {
        state = _records[msg.sender][record];
        if (state.version == 0) revert PersonalRecordsUnknown(msg.sender, record);
        if (state.erased) revert PersonalRecordsErased(record, state.changedAt);
    }

    function _requireBatch(uint256 count) private pure {
        if (count == 0 || count > MAX_BATCH) revert PersonalRecordsBatchSize(count);
    }

    function _requireAppends(Record memory state, NewVersion calldata written) private pure {
        bytes32 record = written.record;
        if (state.erased) revert PersonalRecordsErased(record, state.changedAt);
        uint256 next = uint256(state.version) + 1;
        if (written.version != next) revert PersonalRecordsOtherVersion(record, written.version, next);
        if (state.version != 0 && written.kind != state.kind) revert PersonalRecordsOtherKind(record, state.kind);
    }

    function _requireForm(NewVersion calldata written) private pure {
        bytes32 record = written.record;
        if (written.commitment == bytes32(0)) revert PersonalRecordsZeroCommitment(record);
        if (!_isLocator(written.locator)) revert PersonalRecordsInvalidLocator(record, written.locator.length);
        _requireWrapped(record, written.wrapped);
    }

    function _requireWrapped(bytes32 record, bytes calldata wrapped) private pure {
        if (wrapped.length < HpkeBounds.MIN_BYTES || wrapped.length > _MAX_WRAPPED_BYTES) {
            revert PersonalRecordsInvalidWrapping(record, wrapped.length);
        }
    }

    function _isLocator(bytes calldata locator) private pure returns (bool valid) {
        if (locator.length < 2) return false;
        if (locator[0] == _ON_CHAIN) return locator.length <= 1 + MAX_INLINE_BYTES;
        return locator[0] == _IN_STORES && locator.length == _HASH_LOCATOR_BYTES;
    }
}
