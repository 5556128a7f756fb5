// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

/// @title StateProofs
/// @notice Reads a word of a contract's storage out of a state root, by the two proofs that `eth_getProof` gives. Only
/// what is there can be shown: a word of zero has no place in the trie.
/// @dev Both tries keep their keys hashed, so all paths are 64 nibbles long and no branch has a value.
library StateProofs {
    using Memory for bytes;
    using RLP for bytes;
    using RLP for Memory.Slice;

    uint256 private constant _ACCOUNT_FIELDS = 4; // nonce, balance, storage root, code hash
    uint256 private constant _STORAGE_ROOT_FIELD = 2;

    /// @notice What the account's proof leads to is no account.
    /// @param fields Items of what it leads to.
    error StateProofsNoAccount(uint256 fields);

    /// @notice The root of an account's storage.
    /// @param stateRoot Of a block's header.
    /// @param account Whose storage.
    /// @param proof Nodes from the root down to the account, RLP.
    /// @return storageRoot For `wordOf`.
    function storageRootOf(
        bytes32 stateRoot,
        address account,
        bytes[] memory proof
    ) internal pure returns (bytes32 storageRoot) {
        bytes memory leaf = TrieProof.traverse(stateRoot, _path(keccak256(abi.encodePacked(account))), proof);
        Memory.Slice[] memory fields = leaf.decodeList();
        if (fields.length != _ACCOUNT_FIELDS) revert StateProofsNoAccount(fields.length);
        return fields[_STORAGE_ROOT_FIELD].readBytes32();
    }

    /// @notice A word of storage.
    /// @param storageRoot Of an account.
    /// @param slot Where the word stands.
    /// @param proof Nodes from the root down to the word, RLP.
    /// @return word Not zero.
    function wordOf(bytes32 storageRoot, uint256 slot, bytes[] memory proof) internal pure returns (uint256 word) {
        return TrieProof.traverse(storageRoot, _path(keccak256(abi.encode(slot))), proof).decodeUint256();
    }

    function _path(bytes32 hash) private pure returns (bytes memory path) {
        return abi.encodePacked(hash);
    }
}
