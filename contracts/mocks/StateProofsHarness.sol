// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StateProofs} from "../libraries/StateProofs.sol";

/// @title StateProofsHarness
/// @notice For the test that holds StateProofs to the proofs of a real client.
contract StateProofsHarness {
    using StateProofs for bytes32;

    /// @notice The storage root of an account, and a word of its storage.
    /// @param stateRoot Of a header.
    /// @param account Whose.
    /// @param slot Where.
    /// @param accountProof As `eth_getProof` has it.
    /// @param storageProof Likewise.
    /// @return storageRoot Of the account.
    /// @return word At the slot.
    function read(
        bytes32 stateRoot,
        address account,
        uint256 slot,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external pure returns (bytes32 storageRoot, uint256 word) {
        storageRoot = stateRoot.storageRootOf(account, accountProof);
        return (storageRoot, storageRoot.wordOf(slot, storageProof));
    }
}
