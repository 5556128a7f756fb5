// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {StorageSlot} from "@openzeppelin/contracts/utils/StorageSlot.sol";

import {IValidatorSet} from "../../interfaces/IValidatorSet.sol";
import {AccountantSets} from "../../libraries/AccountantSets.sol";
import {NodeWords} from "../../libraries/NodeWords.sol";
import {SetWords} from "../../libraries/SetWords.sol";
import {SetCause} from "../../types/ElectionTypes.sol";

/// @title ValidatorSet
/// @notice Keeps the set in force and the sets before it. See IValidatorSet.
/// @dev The first base of AccountantElection, so that its storage begins at slot 0: light clients read slots 0 to
/// 2 and 5 by `eth_getProof`. `_writeSet` alone writes them, whatever the cause.
abstract contract ValidatorSet is IValidatorSet {
    using AccountantSets for address[];
    using Arrays for address[];
    using Arrays for uint256[];
    using NodeWords for uint256;
    using SetWords for uint256;

    uint256 private constant _NUMBERS_PER_WORD = 10;
    uint256 private constant _NUMBER_BITS = 24;

    address[] private _validators; // slot 0: ascending
    bytes32 private _digest; // slot 1: keccak256 of the packed addresses
    uint256 private _head; // slot 2: see SetWords
    uint256[] private _nodes; // slot 3: every node address ever named, by number; see NodeWords
    mapping(address node => uint256 word) private _nodeWordOf; // slot 4
    /// @dev slot 5: at SetWords.pastKeyOf(version) length and block of the change, behind it numbers, ten to a word
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
        return (_digest, head.chainIdOf(), head.versionOf(), head.lengthOf(), head.changedAtOf());
    }

    /// @dev The one writer of the set: stores, keeps and emits it. Words ascending, not empty.
    function _writeSet(uint256[] memory words, SetCause cause) internal {
        uint256 version = _version() + 1;
        address[] memory nodes = NodeWords.nodesOf(words);
        _storeValidators(nodes);
        _digest = nodes.digestOf();
        _head = SetWords.pack({
            chainId: block.chainid,
            version: version,
            length: nodes.length,
            changedAt: block.number
        });
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
            if (_past[version.pastKeyOf()].changedAtOf() < blockNumber) return _setOf(version);
        }
        revert ElectionNoSetFor(blockNumber);
    }

    function _setSize() internal view returns (uint256 size) {
        return _head.lengthOf();
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
        uint256 key = version.pastKeyOf();
        _past[key] = SetWords.packPast(words.length, block.number);
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
        return _head.versionOf();
    }

    function _setOf(uint256 version) private view returns (uint256[] memory words) {
        uint256 key = version.pastKeyOf();
        words = new uint256[](_past[key].lengthOf());
        uint256 packed;
        for (uint256 i = 0; i < words.length; ++i) {
            packed = i % _NUMBERS_PER_WORD == 0 ? _past[++key] : packed >> _NUMBER_BITS;
            words[i] = _nodes.unsafeAccess(uint24(packed)).value; // a number that was given
        }
    }
}
