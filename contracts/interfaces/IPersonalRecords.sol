// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {NewVersion, RecordKind, Rewrapping} from "../types/PersonalRecordTypes.sol";

/// @title IPersonalRecords
/// @notice People's own records: commitments, where the ciphertext is, and the chain's share of each content key,
/// wrapped for the owner. Only the owner writes, and nothing here is readable without the owner's encryption key.
/// @dev Every changing function is for the owner alone: what it changes is msg.sender's, who must be active in
/// Federation. A record is one word of state; its contents are events. The word's head commits to all of them but the
/// rewrappings, so that a history from any source can be checked (RecordHistory).
interface IPersonalRecords {
    /// @notice All that is kept of a record.
    /// @param kind What it is about.
    /// @param erased True for ever once erased.
    /// @param version The last version; 0 where there is no record.
    /// @param changedAt When it was last written or erased, Unix seconds.
    /// @param head The end of its history's hash chain, cut to 21 bytes (RecordHistory).
    struct Record {
        RecordKind kind;
        bool erased;
        uint32 version;
        uint40 changedAt;
        bytes21 head;
    }

    /// @notice A version was written.
    /// @param owner Whose.
    /// @param record The record's id among the owner's.
    /// @param version Counts from 1.
    /// @param kind What the record is about.
    /// @param writtenAt Unix seconds.
    /// @param commitment Salted commitment to the clear content.
    /// @param locator Where the ciphertext is, as in NewVersion.
    /// @param wrapped The chain's share of the content key, wrapped for the owner.
    event VersionWritten(
        address indexed owner,
        bytes32 indexed record,
        uint32 version,
        RecordKind kind,
        uint40 writtenAt,
        bytes32 commitment,
        bytes locator,
        bytes wrapped
    );

    /// @notice A version's share was wrapped anew; not part of the history's hash chain.
    /// @param owner Whose.
    /// @param record The record's id.
    /// @param version The version.
    /// @param wrapped The chain's share of the content key, wrapped for the owner's newer key.
    event VersionRewrapped(address indexed owner, bytes32 indexed record, uint32 version, bytes wrapped);

    /// @notice A record was erased: the owner says that the stores have forgotten their shares of its keys.
    /// @param owner Whose.
    /// @param record The record's id.
    /// @param erasedAt Unix seconds.
    /// @param receiptsHash Hash of the stores' signed receipts.
    event RecordErased(address indexed owner, bytes32 indexed record, uint40 erasedAt, bytes32 receiptsHash);

    /// @notice Only an active account writes its records; to erase them asks for no standing.
    /// @param account Who tried.
    error PersonalRecordsInactive(address account);

    /// @notice A batch has 1 to MAX_BATCH entries.
    /// @param count How many were given.
    error PersonalRecordsBatchSize(uint256 count);

    /// @notice The owner has no such record.
    /// @param owner The account.
    /// @param record The id.
    error PersonalRecordsUnknown(address owner, bytes32 record);

    /// @notice Nothing changes after an erasure.
    /// @param record The record.
    /// @param erasedAt Unix seconds.
    error PersonalRecordsErased(bytes32 record, uint256 erasedAt);

    /// @notice Versions are appended, one after the other.
    /// @param record The record.
    /// @param version The version given.
    /// @param expected The next one.
    error PersonalRecordsOtherVersion(bytes32 record, uint256 version, uint256 expected);

    /// @notice Only a written version is wrapped anew.
    /// @param record The record.
    /// @param version The version given.
    /// @param last The last one written.
    error PersonalRecordsVersionUnwritten(bytes32 record, uint256 version, uint256 last);

    /// @notice A record keeps its kind.
    /// @param record The record.
    /// @param kind Its kind.
    error PersonalRecordsOtherKind(bytes32 record, RecordKind kind);

    /// @notice A commitment is not zero.
    /// @param record The record.
    error PersonalRecordsZeroCommitment(bytes32 record);

    /// @notice The locator is neither a ciphertext within the bound nor a hash.
    /// @param record The record.
    /// @param length Bytes given.
    error PersonalRecordsInvalidLocator(bytes32 record, uint256 length);

    /// @notice The wrapped share is no HPKE output within the bounds.
    /// @param record The record.
    /// @param length Bytes given.
    error PersonalRecordsInvalidWrapping(bytes32 record, uint256 length);

    /// @notice An erasure names the stores' receipts.
    /// @param record The record.
    error PersonalRecordsZeroReceipts(bytes32 record);

    /// @notice Writes a new record or the next version of one.
    /// @param version What is written.
    function put(NewVersion calldata version) external;

    /// @notice Writes several versions in their order, all or none.
    /// @param versions 1 to MAX_BATCH, of any of the owner's records.
    function putBatch(NewVersion[] calldata versions) external;

    /// @notice Publishes shares that were wrapped anew, after the owner's encryption key changed. All or none.
    /// @dev The version is named, so that a rewrapping prepared before a later version was written is never taken for
    /// that one's.
    /// @param rewrappings 1 to MAX_BATCH, of written versions of records that are not erased.
    function rewrapBatch(Rewrapping[] calldata rewrappings) external;

    /// @notice Marks a record as erased, for ever: no version and no rewrapping follows.
    /// @dev The erasure itself is the stores' forgetting; the chain shows that and when the owner had their receipts.
    /// Open to a suspended or expelled owner too: it only takes away, and is everybody's right (GDPR, Article 17).
    /// @param record The record.
    /// @param receiptsHash Hash of the stores' signed receipts, not zero; the owner keeps the receipts.
    function erase(bytes32 record, bytes32 receiptsHash) external;

    /// @notice All that is kept of a record.
    /// @param owner Whose.
    /// @param record The id.
    /// @return state All zero where there is no such record.
    function recordOf(address owner, bytes32 record) external view returns (Record memory state);

    /// @notice Most entries of a batch.
    /// @return count The number.
    function MAX_BATCH() external view returns (uint256 count);

    /// @notice Longest ciphertext that a locator holds itself.
    /// @return length Bytes.
    function MAX_INLINE_BYTES() external view returns (uint256 length);
}
