// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccountantSets} from "../libraries/AccountantSets.sol";
import {QbftHeader} from "./QbftHeader.sol";

/// @title QbftSeals
/// @notice Who sealed a header. A seal is r, s (32 bytes each) and v (0 or 1) over the header's seal digest.
/// @dev Besu takes s above half the curve's order too, so anybody can turn a seal into a second one of the same signer,
/// with n - s and the other v. A seal's bytes therefore say nothing; signers are told apart by address alone.
library QbftSeals {
    using AccountantSets for address[];
    using QbftHeader for bytes;

    /// @notice A seal is not one that anybody's key could have made.
    /// @param index Of the seal.
    error QbftSealsUnrecoverable(uint256 index);

    /// @notice Somebody outside the set sealed the header.
    /// @param index Of the seal.
    /// @param signer Who sealed.
    error QbftSealsForeignSigner(uint256 index, address signer);

    /// @notice An accountant sealed the header twice.
    /// @param index Of the second seal.
    /// @param signer Who sealed.
    error QbftSealsRepeatedSigner(uint256 index, address signer);

    /// @notice Too few sealed the header.
    /// @param count Who did.
    /// @param quorum Who must.
    error QbftSealsNoQuorum(uint256 count, uint256 quorum);

    /// @notice A header shown as evidence does not carry exactly one seal, that of the accused.
    /// @param count Its seals.
    error QbftSealsNotOneSeal(uint256 count);

    /// @notice The two headers are not of the same parent, number and round.
    error QbftSealsDifferentTurns();

    /// @notice The two headers are one, sealed in the same way: nothing is proven.
    /// @param digest What was sealed.
    error QbftSealsSameDigest(bytes32 digest);

    /// @notice The two headers were not sealed by one key.
    /// @param first Who sealed the first.
    /// @param second Who sealed the second.
    error QbftSealsDifferentSigners(address first, address second);

    /// @notice Refuses a header that Besu would refuse for its seals: each must be of another member of the set, and
    /// there must be a quorum. In which order they stand is free.
    /// @param header RLP.
    /// @param parsed What `QbftHeader.parse` returned for it.
    /// @param set In force for the block; ascending, not empty.
    function requireQuorum(bytes calldata header, QbftHeader.Header memory parsed, address[] memory set) internal pure {
        uint256 quorum = AccountantSets.quorumOf(set.length);
        if (parsed.sealCount < quorum) revert QbftSealsNoQuorum(parsed.sealCount, quorum);
        bytes32 digest = header.sealDigest(parsed);
        bool[] memory hasSealed = new bool[](set.length);
        for (uint256 i = 0; i < parsed.sealCount; ++i) {
            address signer = signerAt(header, parsed, digest, i);
            (bool isMember, uint256 place) = set.indexOf(signer);
            if (!isMember) revert QbftSealsForeignSigner(i, signer);
            if (hasSealed[place]) revert QbftSealsRepeatedSigner(i, signer);
            hasSealed[place] = true;
        }
    }

    /// @notice Who sealed two different blocks of one parent, number and round, which an honest node does at most
    /// after a restart. Each header carries the accused's seal and no other.
    /// @dev The parent's hash ties the evidence to one history, not to a chain id: an accountant's key is for one chain
    /// @param first RLP of one header.
    /// @param second RLP of the other.
    /// @return signer Who sealed both.
    /// @return number Of the blocks.
    function doubleSealer(
        bytes calldata first,
        bytes calldata second
    ) internal pure returns (address signer, uint64 number) {
        QbftHeader.Header memory a = first.parse();
        QbftHeader.Header memory b = second.parse();
        if (a.parentHash != b.parentHash || a.number != b.number || a.round != b.round) {
            revert QbftSealsDifferentTurns();
        }
        bytes32 digest = first.sealDigest(a);
        if (digest == second.sealDigest(b)) revert QbftSealsSameDigest(digest);
        signer = _onlySigner(first, a, digest);
        address other = _onlySigner(second, b, second.sealDigest(b));
        if (signer != other) revert QbftSealsDifferentSigners(signer, other);
        return (signer, a.number);
    }

    /// @notice Who made a seal.
    /// @param header RLP.
    /// @param parsed What `QbftHeader.parse` returned for it.
    /// @param digest Its seal digest.
    /// @param index Of the seal, below `sealCount`.
    /// @return signer Never the zero address.
    function signerAt(
        bytes calldata header,
        QbftHeader.Header memory parsed,
        bytes32 digest,
        uint256 index
    ) internal pure returns (address signer) {
        bytes calldata seal = header.sealAt(parsed, index);
        uint8 v = uint8(seal[64]);
        // OpenZeppelin's ECDSA refuses the high s that Besu takes; the precompile refuses 0 and what is above the order
        if (v < 2) signer = ecrecover(digest, 27 + v, bytes32(seal[:32]), bytes32(seal[32:64]));
        if (signer == address(0)) revert QbftSealsUnrecoverable(index);
    }

    function _onlySigner(
        bytes calldata header,
        QbftHeader.Header memory parsed,
        bytes32 digest
    ) private pure returns (address signer) {
        if (parsed.sealCount != 1) revert QbftSealsNotOneSeal(parsed.sealCount);
        return signerAt(header, parsed, digest, 0);
    }
}
