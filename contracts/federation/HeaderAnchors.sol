// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IHeaderAnchors} from "../interfaces/IHeaderAnchors.sol";
import {AccountantSets} from "../libraries/AccountantSets.sol";
import {SetWords} from "../libraries/SetWords.sol";
import {StateProofs} from "../libraries/StateProofs.sol";
import {Anchor, AnchorEvidence, AnchorSource} from "../types/AnchorTypes.sol";
import {QbftHeader} from "./QbftHeader.sol";
import {QbftSeals} from "./QbftSeals.sol";

/// @title HeaderAnchors
/// @notice Finalised headers of the federation's other chain. See IHeaderAnchors for the rule of trust.
/// @dev A set is kept as its digest; whoever shows a header gives its addresses again, so that 101 cost little.
contract HeaderAnchors is IHeaderAnchors {
    using AccountantSets for address[];
    using QbftHeader for bytes;
    using SetWords for uint256;
    using StateProofs for bytes32;

    struct Latest {
        uint64 number;
        uint64 timestamp;
        uint64 forkedAt;
    }

    /// @inheritdoc IHeaderAnchors
    uint64 public constant DRIFT_SECONDS = 60;
    uint32 private constant _MOST_SPACING_SECONDS = 600;
    uint32 private constant _SPACINGS_IN_TRUST = 4;
    uint256 private constant _LEAST_SET = 4; // one of them may be faulty; an election has no fewer

    /// @inheritdoc IHeaderAnchors
    uint64 public immutable SPACING_SECONDS;
    uint64 private immutable _CHAIN_ID;
    address private immutable _ELECTION;
    bytes32 private immutable _GENESIS_HASH;
    uint32 private immutable _TRUSTING_SECONDS;

    uint256 private _head; // slot 0: the election's slot 2, as last shown
    Latest private _latest; // slot 1
    mapping(uint64 version => bytes32 digest) private _digests; // slot 2: the election's slot 1, of each known set
    mapping(uint64 number => Anchor anchored) private _anchors; // slot 3

    /// @notice Trusts the other chain to be what it is said to be; the one trusted step.
    /// @param trusted The other chain, and the set that is known.
    constructor(AnchorSource memory trusted) {
        uint256 head = trusted.head;
        bool isForeign = head.chainIdOf() != 0 && head.chainIdOf() != block.chainid;
        bool isSet = head.versionOf() != 0 && head.lengthOf() >= _LEAST_SET && head.changedAtOf() <= trusted.number;
        if (!isForeign || !isSet || trusted.election == address(0) || trusted.trustingSeconds < _SPACINGS_IN_TRUST) {
            revert HeaderAnchorsInvalidSource(head);
        }
        _CHAIN_ID = head.chainIdOf();
        _ELECTION = trusted.election;
        _GENESIS_HASH = trusted.genesisHash;
        _TRUSTING_SECONDS = trusted.trustingSeconds;
        uint32 share = trusted.trustingSeconds / _SPACINGS_IN_TRUST; // rounded down
        SPACING_SECONDS = share < _MOST_SPACING_SECONDS ? share : _MOST_SPACING_SECONDS;
        _latest = Latest({number: trusted.number, timestamp: trusted.timestamp, forkedAt: 0});
        emit SourceBound(head.chainIdOf(), trusted.election, trusted.genesisHash, trusted.trustingSeconds);
        _adopt(head, trusted.digest);
    }

    /// @inheritdoc IHeaderAnchors
    function anchor(AnchorEvidence calldata evidence) external returns (bool isNew) {
        QbftHeader.Header memory parsed = evidence.header.parse();
        bytes32 hash = evidence.header.blockHash(parsed);
        bytes32 known = _anchors[parsed.number].hash;
        if (known == hash) return false;
        if (known == bytes32(0)) _accept(evidence, parsed, hash);
        else _fork(evidence, parsed, hash);
        return true;
    }

    /// @inheritdoc IHeaderAnchors
    function source()
        external
        view
        returns (uint64 chainId, address election, bytes32 genesisHash, uint32 trustingSeconds)
    {
        return (_CHAIN_ID, _ELECTION, _GENESIS_HASH, _TRUSTING_SECONDS);
    }

    /// @inheritdoc IHeaderAnchors
    function knownSet() external view returns (uint256 head, bytes32 digest) {
        return (_head, _digests[_head.versionOf()]);
    }

    /// @inheritdoc IHeaderAnchors
    function latest() external view returns (uint64 number, uint64 timestamp, uint64 forkedAt) {
        return (_latest.number, _latest.timestamp, _latest.forkedAt);
    }

    /// @inheritdoc IHeaderAnchors
    function anchorAt(uint64 number) external view returns (Anchor memory anchored) {
        return _anchorAt(number);
    }

    /// @inheritdoc IHeaderAnchors
    function wordAt(
        uint64 number,
        address account,
        uint256 slot,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external view returns (uint256 word, uint64 timestamp) {
        Anchor memory anchored = _anchorAt(number);
        word = anchored.stateRoot.storageRootOf(account, accountProof).wordOf(slot, storageProof);
        return (word, anchored.timestamp);
    }

    // A header of a number that has none.
    function _accept(AnchorEvidence calldata evidence, QbftHeader.Header memory parsed, bytes32 hash) private {
        _requireNext(parsed);
        uint256 head = _head;
        uint64 version = head.versionOf();
        _requireSealed(evidence, parsed, version);
        (bytes32 storageRoot, uint256 shown) = _shownHead(evidence, parsed.stateRoot);
        uint64 earliest = _latest.timestamp + (shown == head ? SPACING_SECONDS : 1);
        if (parsed.timestamp < earliest) revert HeaderAnchorsTooSoon(parsed.timestamp, earliest);
        if (shown != head) {
            _requireFirstChange(storageRoot, shown, parsed.number, evidence.changeProof);
            _adopt(shown, bytes32(storageRoot.wordOf(SetWords.DIGEST_SLOT, evidence.digestProof)));
        }
        _latest.number = parsed.number;
        _latest.timestamp = parsed.timestamp;
        _anchors[parsed.number] = Anchor({
            hash: hash,
            stateRoot: parsed.stateRoot,
            timestamp: parsed.timestamp,
            setVersion: version
        });
        emit HeaderAnchored({
            number: parsed.number,
            hash: hash,
            stateRoot: parsed.stateRoot,
            timestamp: parsed.timestamp,
            setVersion: version
        });
    }

    // Another header of an anchored number. That its state is this chain's has to be shown here, too: the same keys may
    // have sealed a block of another chain with that number.
    function _fork(AnchorEvidence calldata evidence, QbftHeader.Header memory parsed, bytes32 hash) private {
        Anchor storage anchored = _anchors[parsed.number];
        _requireTrust(anchored.timestamp);
        _requireSealed(evidence, parsed, anchored.setVersion);
        _shownHead(evidence, parsed.stateRoot);
        uint64 forkedAt = _latest.forkedAt;
        if (forkedAt == 0 || parsed.number < forkedAt) _latest.forkedAt = parsed.number;
        emit SourceForked(parsed.number, anchored.hash, hash);
    }

    function _adopt(uint256 head, bytes32 digest) private {
        _head = head;
        _digests[head.versionOf()] = digest;
        emit SetAdopted({
            version: head.versionOf(),
            changedAt: head.changedAtOf(),
            length: head.lengthOf(),
            digest: digest
        });
    }

    function _requireNext(QbftHeader.Header memory parsed) private view {
        Latest memory last = _latest;
        if (last.forkedAt != 0) revert HeaderAnchorsForked(last.forkedAt);
        if (parsed.number <= last.number) revert HeaderAnchorsNotNewer(parsed.number, last.number);
        _requireTrust(last.timestamp);
        uint64 latestTime = uint64(block.timestamp) + DRIFT_SECONDS;
        if (parsed.timestamp > latestTime) revert HeaderAnchorsFromTheFuture(parsed.timestamp, latestTime);
    }

    // Whoever was accountable at that time still is.
    function _requireTrust(uint64 shownAt) private view {
        uint64 lapsesAt = shownAt + _TRUSTING_SECONDS;
        if (block.timestamp > lapsesAt) revert HeaderAnchorsTrustLapsed(lapsesAt);
    }

    function _requireSealed(
        AnchorEvidence calldata evidence,
        QbftHeader.Header memory parsed,
        uint64 version
    ) private view {
        address[] memory set = evidence.set;
        bytes32 digest = set.digestOf();
        if (digest != _digests[version]) revert HeaderAnchorsWrongSet(digest, _digests[version]);
        set.requireAscending();
        QbftSeals.requireQuorum(evidence.header, parsed, set);
    }

    // What the header's state says of the set and of its own chain.
    function _shownHead(
        AnchorEvidence calldata evidence,
        bytes32 stateRoot
    ) private view returns (bytes32 storageRoot, uint256 head) {
        storageRoot = stateRoot.storageRootOf(_ELECTION, evidence.accountProof);
        head = storageRoot.wordOf(SetWords.HEAD_SLOT, evidence.headProof);
        if (head.chainIdOf() != _CHAIN_ID) revert HeaderAnchorsForeignChain(head.chainIdOf(), _CHAIN_ID);
    }

    function _anchorAt(uint64 number) private view returns (Anchor memory anchored) {
        anchored = _anchors[number];
        if (anchored.hash == bytes32(0)) revert HeaderAnchorsUnknown(number);
        uint64 forkedAt = _latest.forkedAt;
        if (forkedAt != 0 && number >= forkedAt) revert HeaderAnchorsForked(forkedAt);
    }

    // The set was in force for the block only if the next one came in it: a change is in force from the next block on.
    // The head shows it when it is of the next one; of several changes in one block it is the last one's.
    function _requireFirstChange(
        bytes32 storageRoot,
        uint256 shown,
        uint64 number,
        bytes[] calldata proof
    ) private view {
        uint64 next = _head.versionOf() + 1;
        uint64 changedAt = shown.changedAtOf();
        if (shown.versionOf() != next) {
            changedAt = storageRoot.wordOf(uint256(next).pastSlotOf(), proof).changedAtOf();
        }
        if (changedAt != number) revert HeaderAnchorsSetSkipped(next, changedAt);
    }
}
