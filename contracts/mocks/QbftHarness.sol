// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {QbftHeader} from "../federation/QbftHeader.sol";
import {QbftSeals} from "../federation/QbftSeals.sol";
import {AccountantSets} from "../libraries/AccountantSets.sol";
import {MissedTurns} from "../libraries/MissedTurns.sol";

/// @title QbftHarness
/// @notice For the tests that hold the QBFT libraries, `light/` and a recorded chain together.
contract QbftHarness {
    using QbftHeader for bytes;

    /// @notice What a header says, decoded.
    /// @param header What `QbftHeader.parse` returns.
    /// @param blockHash Of its block.
    /// @param sealDigest What its accountants sealed.
    /// @param vanity Chosen by the node.
    /// @param logsBloom Of the block's logs.
    /// @param seals 65 bytes each.
    struct Reading {
        QbftHeader.Header header;
        bytes32 blockHash;
        bytes32 sealDigest;
        bytes32 vanity;
        bytes logsBloom;
        bytes[] seals;
    }

    /// @notice A case for `MissedTurns`.
    /// @param set In force.
    /// @param parent The block before.
    /// @param current The block.
    /// @param timing How long turns take.
    struct Case {
        address[] set;
        MissedTurns.Block parent;
        MissedTurns.Block current;
        MissedTurns.Timing timing;
    }

    /// @notice Flips bits of a header, one at a time, and reads each result.
    /// @param header RLP.
    /// @param from The first bit, counted from the first byte's most significant one.
    /// @param stride From one bit to the next.
    /// @param count Bits to flip.
    /// @return isRead Which results are headers still; the others were refused.
    /// @return blockHashes Of those.
    /// @return sealDigests Of those.
    /// @return refusals Selectors of the errors of the others.
    function sweep(
        bytes calldata header,
        uint256 from,
        uint256 stride,
        uint256 count
    )
        external
        view
        returns (
            bool[] memory isRead,
            bytes32[] memory blockHashes,
            bytes32[] memory sealDigests,
            bytes4[] memory refusals
        )
    {
        bytes memory flipped = header;
        isRead = new bool[](count);
        blockHashes = new bytes32[](count);
        sealDigests = new bytes32[](count);
        refusals = new bytes4[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 bit = from + i * stride;
            bytes1 mask = bytes1(uint8(0x80 >> (bit % 8)));
            flipped[bit / 8] ^= mask;
            try this.hashes(flipped) returns (bytes32 blockHash, bytes32 sealDigest) {
                (isRead[i], blockHashes[i], sealDigests[i]) = (true, blockHash, sealDigest);
            } catch (bytes memory refusal) {
                refusals[i] = bytes4(refusal);
            }
            flipped[bit / 8] ^= mask;
        }
    }

    /// @notice Gas of parsing and hashing a pair of headers, without the calldata's.
    /// @param parent RLP.
    /// @param current RLP.
    /// @return used Gas.
    function gasOfPair(bytes calldata parent, bytes calldata current) external view returns (uint256 used) {
        uint256 before = gasleft();
        QbftHeader.Header memory a = parent.parse();
        QbftHeader.Header memory b = current.parse();
        bool isLinked = parent.blockHash(a) == b.parentHash && current.blockHash(b) != 0;
        used = before - gasleft();
        assert(isLinked);
    }

    /// @notice Gas of recovering a parsed header's first seal.
    /// @param header RLP.
    /// @return used Gas.
    function gasOfSeal(bytes calldata header) external view returns (uint256 used) {
        QbftHeader.Header memory parsed = header.parse();
        bytes32 digest = header.sealDigest(parsed);
        uint256 before = gasleft();
        address signer = QbftSeals.signerAt({header: header, parsed: parsed, digest: digest, index: 0});
        used = before - gasleft();
        assert(signer != address(0));
    }

    /// @notice Gas of finding whom a block blames, its set in memory.
    /// @param one The block.
    /// @return used Gas.
    function gasOfBlame(Case calldata one) external view returns (uint256 used) {
        Case memory copy = one;
        uint256 before = gasleft();
        MissedTurns.blame({set: copy.set, parent: copy.parent, current: copy.current, timing: copy.timing});
        return before - gasleft();
    }

    /// @notice Reads headers.
    /// @param headers RLP.
    /// @return readings One for each.
    function read(bytes[] calldata headers) external pure returns (Reading[] memory readings) {
        readings = new Reading[](headers.length);
        for (uint256 i = 0; i < headers.length; ++i) readings[i] = readOne(headers[i]);
    }

    /// @notice Who sealed headers.
    /// @param headers RLP.
    /// @return found Of each header, in the order of its seals.
    function signers(bytes[] calldata headers) external pure returns (address[][] memory found) {
        found = new address[][](headers.length);
        for (uint256 i = 0; i < headers.length; ++i) found[i] = _signersOf(headers[i]);
    }

    /// @notice Refuses what has no quorum.
    /// @param headers RLP.
    /// @param sets In force for each header's block.
    function requireQuorums(bytes[] calldata headers, address[][] calldata sets) external pure {
        for (uint256 i = 0; i < headers.length; ++i) {
            AccountantSets.requireAscending(sets[i]);
            QbftSeals.requireQuorum(headers[i], headers[i].parse(), sets[i]);
        }
    }

    /// @notice Who sealed twice.
    /// @param first RLP of a header with one seal.
    /// @param second RLP of another.
    /// @return signer Who sealed both.
    /// @return number Of the blocks.
    function doubleSealer(
        bytes calldata first,
        bytes calldata second
    ) external pure returns (address signer, uint64 number) {
        return QbftSeals.doubleSealer(first, second);
    }

    /// @notice Whom blocks blame.
    /// @param cases One for each block.
    /// @return blamed For each block.
    function blame(Case[] calldata cases) external pure returns (address[][] memory blamed) {
        blamed = new address[][](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            Case calldata one = cases[i];
            AccountantSets.requireAscending(one.set);
            blamed[i] = MissedTurns.blame({set: one.set, parent: one.parent, current: one.current, timing: one.timing});
        }
    }

    /// @notice Two sizes of sets at once.
    /// @param n Accountants.
    /// @return quorum Who must seal.
    /// @return faults Who may be faulty.
    function boundsOf(uint256 n) external pure returns (uint256 quorum, uint256 faults) {
        return (AccountantSets.quorumOf(n), AccountantSets.faultsOf(n));
    }

    /// @notice A header's hashes.
    /// @param header RLP.
    /// @return blockHash Of its block.
    /// @return sealDigest What its accountants sealed.
    function hashes(bytes calldata header) external pure returns (bytes32 blockHash, bytes32 sealDigest) {
        QbftHeader.Header memory parsed = header.parse();
        return (header.blockHash(parsed), header.sealDigest(parsed));
    }

    /// @notice Reads a header.
    /// @param header RLP.
    /// @return reading All of it.
    function readOne(bytes calldata header) public pure returns (Reading memory reading) {
        reading.header = header.parse();
        reading.blockHash = header.blockHash(reading.header);
        reading.sealDigest = header.sealDigest(reading.header);
        reading.vanity = header.vanity(reading.header);
        reading.logsBloom = header.logsBloom();
        reading.seals = new bytes[](reading.header.sealCount);
        for (uint256 i = 0; i < reading.seals.length; ++i) reading.seals[i] = header.sealAt(reading.header, i);
    }

    function _signersOf(bytes calldata header) private pure returns (address[] memory signersOf) {
        QbftHeader.Header memory parsed = header.parse();
        bytes32 digest = header.sealDigest(parsed);
        signersOf = new address[](parsed.sealCount);
        for (uint256 i = 0; i < signersOf.length; ++i) {
            signersOf[i] = QbftSeals.signerAt({header: header, parsed: parsed, digest: digest, index: i});
        }
    }
}
