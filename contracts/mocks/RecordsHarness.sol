// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Records} from "../libraries/Records.sol";
import {BilateralEntry, Entry, Movement, Outcome, PartyOutcome, Position, Trade} from "../types/RecordTypes.sol";

/// @title RecordsHarness
/// @notice For the test that holds Records.sol and sdk/records.ts together: each record packed, and unpacked again.
contract RecordsHarness {
    /// @notice An entry's words.
    /// @param entry The entry.
    /// @param account Its account.
    /// @param nonce Its order's nonce.
    /// @return words Packed.
    /// @return again The first word unpacked.
    function entryWords(
        Entry calldata entry,
        address account,
        uint64 nonce
    ) external pure returns (bytes32[2] memory words, Entry memory again) {
        words = [Records.packEntry(entry), Records.packEntryOwner(account, nonce)];
        (address sameAccount, uint64 sameNonce) = Records.unpackEntryOwner(words[1]);
        assert(sameAccount == account && sameNonce == nonce);
        return (words, Records.unpackEntry(words[0]));
    }

    /// @notice A rest's word.
    /// @param order The order.
    /// @param restWh What is left of it, Wh.
    /// @param limit Its limit at the parent's level.
    /// @return word Packed.
    function rest(Entry calldata order, uint32 restWh, uint32 limit) external pure returns (bytes32 word) {
        return Records.packRest(Records.packEntry(order), restWh, limit);
    }

    /// @notice A trade's word.
    /// @param trade The trade.
    /// @return word Packed.
    /// @return again Unpacked.
    function tradeWords(Trade calldata trade) external pure returns (bytes32 word, Trade memory again) {
        word = Records.packTrade(trade);
        return (word, Records.unpackTrade(word));
    }

    /// @notice A bilateral entry's words.
    /// @param entry The entry.
    /// @return words Packed.
    /// @return again Unpacked.
    function bilateralWords(
        BilateralEntry calldata entry
    ) external pure returns (bytes32[4] memory words, BilateralEntry memory again) {
        words = Records.packBilateral(entry);
        return (words, Records.unpackBilateral(words));
    }

    /// @notice A position's words.
    /// @param position The position.
    /// @return words Packed.
    /// @return again Unpacked.
    function positionWords(
        Position calldata position
    ) external pure returns (bytes32[2] memory words, Position memory again) {
        words = Records.packPosition(position);
        return (words, Records.unpackPosition(words));
    }

    /// @notice An outcome's words.
    /// @param outcome The outcome.
    /// @return words Packed.
    /// @return again Unpacked.
    function outcomeWords(
        Outcome calldata outcome
    ) external pure returns (bytes32[4] memory words, Outcome memory again) {
        words = Records.packOutcome(outcome);
        return (words, Records.unpackOutcome(words));
    }

    /// @notice A party's words.
    /// @param party The party.
    /// @return words Packed.
    /// @return again Unpacked.
    function partyWords(
        PartyOutcome calldata party
    ) external pure returns (bytes32[2] memory words, PartyOutcome memory again) {
        words = Records.packParty(party);
        return (words, Records.unpackParty(words));
    }

    /// @notice A movement's words.
    /// @param movement The movement.
    /// @return words Packed.
    /// @return again Unpacked.
    function movementWords(
        Movement calldata movement
    ) external pure returns (bytes32[2] memory words, Movement memory again) {
        words = Records.packMovement(movement);
        return (words, Records.unpackMovement(words));
    }

    /// @notice The chain hash of a log of two-word entries.
    /// @param words The log.
    /// @return hash As a book keeps it.
    function chainEntries(bytes32[] calldata words) external pure returns (bytes32 hash) {
        for (uint256 i = 0; i < words.length; i += 2) hash = Records.chainEntry(hash, words[i], words[i + 1]);
    }

    /// @notice The chain hash of a log of four-word entries.
    /// @param words The log.
    /// @return hash As a book keeps it.
    function chainBilaterals(bytes32[] calldata words) external pure returns (bytes32 hash) {
        for (uint256 i = 0; i < words.length; i += 4) {
            hash = Records.chainBilateral(hash, [words[i], words[i + 1], words[i + 2], words[i + 3]]);
        }
    }

    /// @notice The hashes of two lists.
    /// @param a The first.
    /// @param b The second.
    /// @return ofFirst Hash of the first alone.
    /// @return ofBoth What `close` commits to.
    function hashes(
        bytes32[] calldata a,
        bytes32[] calldata b
    ) external pure returns (bytes32 ofFirst, bytes32 ofBoth) {
        return (Records.hashWords(a), Records.hashClosed(a, b));
    }
}
