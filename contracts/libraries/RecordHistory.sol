// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {NewVersion} from "../types/PersonalRecordTypes.sol";

/// @title RecordHistory
/// @notice The hash chain that commits to all versions of a personal record and to its erasure.
/// @dev Each link covers chain, contract, owner, record and version, so no event passes for another's. A head is the
/// first 21 bytes of keccak256: whoever would show another history than the chain's must find a second preimage of 168
/// bits. `sdk/record-history.ts` computes the same; a test holds the two together.
library RecordHistory {
    bytes32 private constant _VERSION = keccak256("commonwatt record version 1");
    bytes32 private constant _ERASURE = keccak256("commonwatt record erasure 1");

    /// @notice The head after a version.
    /// @param head The head before; zero for version 1.
    /// @param owner Whose record.
    /// @param written What was written.
    /// @param writtenAt Unix seconds.
    /// @return next The head.
    function afterVersion(
        bytes21 head,
        address owner,
        NewVersion calldata written,
        uint40 writtenAt
    ) internal view returns (bytes21 next) {
        bytes memory place = abi.encode(_VERSION, head, block.chainid, address(this), owner, written.record);
        bytes memory said = abi.encode(
            written.version,
            written.kind,
            writtenAt,
            written.commitment,
            keccak256(written.locator),
            keccak256(written.wrapped)
        );
        return bytes21(keccak256(bytes.concat(place, said)));
    }

    /// @notice The head after an erasure; the last one.
    /// @param head The head before.
    /// @param owner Whose record.
    /// @param record The record.
    /// @param erasedAt Unix seconds.
    /// @param receiptsHash Hash of the stores' receipts.
    /// @return next The head.
    function afterErasure(
        bytes21 head,
        address owner,
        bytes32 record,
        uint40 erasedAt,
        bytes32 receiptsHash
    ) internal view returns (bytes21 next) {
        bytes memory place = abi.encode(_ERASURE, head, block.chainid, address(this), owner, record);
        return bytes21(keccak256(bytes.concat(place, abi.encode(erasedAt, receiptsHash))));
    }
}
