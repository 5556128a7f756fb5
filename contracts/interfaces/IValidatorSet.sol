// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SetCause} from "../types/ElectionTypes.sol";

/// @title IValidatorSet
/// @notice The accountants' node addresses in force: what Besu's QBFT asks for after each block.
/// @dev For `eth_getProof`: slot 0 is the array's length and keccak256(0) + i its entries, ascending; slot 1 the
/// keccak256 of the entries, 20 bytes each, one behind the other; slot 2, from the lowest bit up, 64 bits each: block
/// of the last change, length (32 bits, 32 unused above it), version, chain id. Slot 2 alone, proven at two blocks,
/// shows the range between them unchanged. Slot 5 is a mapping that never forgets: at the key version << 8 the block of
/// that version's change (64 bits) and its length above it, so that one proof shows when the set after a known one
/// came. A change in block M is in force for M + 1.
interface IValidatorSet {
    /// @notice The set changed; the last such event of block M is the set in force from M + 1 on.
    /// @param version Counted from 1, by one for each change.
    /// @param cause Why.
    /// @param validators The whole set, ascending.
    event ValidatorSetChanged(uint64 indexed version, SetCause indexed cause, address[] validators);

    /// @notice No set was in force for that block yet.
    /// @param blockNumber The block asked for.
    error ElectionNoSetFor(uint256 blockNumber);

    /// @notice The node addresses in force from the next block on, ascending. Never empty, never a revert.
    /// @return validators The stored array and nothing else.
    function getValidators() external view returns (address[] memory validators);

    /// @notice The node addresses that seal a block.
    /// @param blockNumber The block; after the present one: the latest set.
    /// @return validators Ascending.
    function validatorsFor(uint256 blockNumber) external view returns (address[] memory validators);

    /// @notice What slots 1 and 2 say.
    /// @return digest The keccak256 of the packed addresses.
    /// @return chainId The chain's id when the set last changed.
    /// @return version Of the set.
    /// @return length Number of validators.
    /// @return changedAt Block of the last change.
    function setHead()
        external
        view
        returns (bytes32 digest, uint64 chainId, uint64 version, uint32 length, uint64 changedAt);
}
