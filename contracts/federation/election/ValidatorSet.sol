// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {StorageSlot} from "@openzeppelin/contracts/utils/StorageSlot.sol";

import {IValidatorSet} from "../../interfaces/IValidatorSet.sol";
import {NodeWords} from "../../libraries/NodeWords.sol";
import {SetCause} from "../../types/ElectionTypes.sol";

/// @title ValidatorSet
/// @notice Keeps the set in force and the sets before it. See IValidatorSet.
/// @dev The first base of AccountantElection, so that its storage begins at slot 0: light clients read slots 0 to 2 by
/// `eth_getProof`. `_writeSet` alone writes them, whatever the cause.
abstract contract ValidatorSet is IValidatorSet {
    using Arrays for address[];
    using Arrays for uint256[];
    using NodeWords for uint256;

    uint256 private constant _NUMBERS_PER_WORD = 10;
    uint256 private constant _NUMBER_BITS = 24;

    address[] private _validators; // slot 0: ascending
    bytes32 private _digest; // slot 1: keccak256 of the packed addresses
    uint256 private _head; // slot 2: chain id (64 bits) | version (64) | unused (32) | length (32) | changed at (64)
    uint256[] private _nodes; // slot 3: every node address ever named, by number; see NodeWords
    mapping(address node => uint256 word) private _nodeWordOf; // slot 4
    /// @dev slot 5: key version << 8: length << 64 | block of the change; from key + 1 on: numbers, ten to a word
    mapping(uint256 key => uint256 word) private _past;

    /// @inheritdoc IValidatorSet
    function getValidators() external view returns (address[] memory validators) {
        return _validators;
    }

    /// @inheritdoc IValidatorSet
    function validatorsFor(uint256 blockNumber) external view returns (address[] memory validators) {
        return NodeWords.nodesOf(_setFor(blockNumber));
    }

    /// @inheritdoc IValidatorSet
    function setHead()
        external
        view
        returns (bytes32 digest, uint64 chainId, uint64 version, uint32 length, uint64 changedAt)
    {
        uint256 head = _head;
        return (_digest, uint64(head >> 192), uint64(head >> 128), uint32(head >> 64), uint64(head));
    }

    /// @dev The one writer of the set: stores, keeps and emits it. Words ascending, not empty.
    function _writeSet(uint256[] memory words, SetCause cause) internal {
        uint256 version = _version() + 1;
        address[] memory nodes = NodeWords.nodesOf(words);
        _storeValidators(nodes);
        _digest = _digestOf(nodes);
        _head = (block.chainid << 192) | (version << 128) | (nodes.length << 64) | block.number;
        _keep(version, words);
        emit ValidatorSetChanged(uint64(version), cause, nodes);
    }

    /// @dev Numbers an address, for ever the candidate's. The caller knows that it is new.
    function _nameNode(address node, uint256 candidate) internal returns (uint256 word) {
        word = NodeWords.pack(node, candidate, _nodes.length);
        _nodes.push(word);
        _nodeWordOf[node] = word;
    }

    /// @dev The set in force from the next block on, ascending.
    function _presentSet() internal view returns (uint256[] memory words) {
        return _setOf(_version());
    }

    /// @dev The set that seals a block, ascending.
    function _setFor(uint256 blockNumber) internal view returns (uint256[] memory words) {
        for (uint256 version = _version(); version != 0; --version) {
            if (uint64(_past[version << 8]) < blockNumber) return _setOf(version);
        }
        revert ElectionNoSetFor(blockNumber);
    }

    function _setSize() internal view returns (uint256 size) {
        return uint32(_head >> 64);
    }

    /// @dev 0 for an address that was never named.
    function _nodeWord(address node) internal view returns (uint256 word) {
        return _nodeWordOf[node];
    }

    function _nodeByNumber(uint256 number) internal view returns (uint256 word) {
        return _nodes[number];
    }

    function _storeValidators(address[] memory nodes) private {
        uint256 size = nodes.length;
        uint256 stored = _validators.length;
        if (stored != size) _validators.unsafeSetLength(size);
        for (uint256 i = 0; i < size; ++i) {
            StorageSlot.AddressSlot storage place = _validators.unsafeAccess(i);
            if (place.value != nodes[i]) place.value = nodes[i];
        }
        for (uint256 i = size; i < stored; ++i) _validators.unsafeAccess(i).value = address(0);
    }

    function _keep(uint256 version, uint256[] memory words) private {
        uint256 key = version << 8;
        _past[key] = (words.length << 64) | block.number;
        uint256 packed;
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 place = i % _NUMBERS_PER_WORD;
            packed |= words[i].numberOf() << (place * _NUMBER_BITS);
            if (place == _NUMBERS_PER_WORD - 1 || i == words.length - 1) {
                _past[++key] = packed;
                packed = 0;
            }
        }
    }

    function _version() private view returns (uint256 version) {
        return uint64(_head >> 128);
    }

    function _setOf(uint256 version) private view returns (uint256[] memory words) {
        uint256 key = version << 8;
        words = new uint256[](_past[key] >> 64);
        uint256 packed;
        for (uint256 i = 0; i < words.length; ++i) {
            packed = i % _NUMBERS_PER_WORD == 0 ? _past[++key] : packed >> _NUMBER_BITS;
            words[i] = _nodes.unsafeAccess(uint24(packed)).value; // a number that was given
        }
    }

    function _digestOf(address[] memory nodes) private pure returns (bytes32 digest) {
        uint256 length = nodes.length;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let packed := mload(0x40) // past the free pointer: scratch, not allocated
            for {
                let i := 0
            } lt(i, length) {
                i := add(i, 1)
            } {
                // 20 bytes each; the 12 bytes of zeros behind an address are overwritten by the next one
                mstore(add(packed, mul(i, 20)), shl(96, mload(add(nodes, mul(add(i, 1), 0x20)))))
            }
            digest := keccak256(packed, mul(length, 20))
        }
    }
}
