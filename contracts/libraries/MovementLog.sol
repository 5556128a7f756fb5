// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EscrowAccounts} from "./EscrowAccounts.sol";
import {Records} from "./Records.sol";

/// @notice The movements of one escrow call, in the making.
struct Movements {
    bytes32[] words; // two per movement, see Records.packMovement; only the first `used` count
    uint256 used;
    uint256[] partyAt; // where the movements of suppliers and grid operators stand in `words`
    uint256 partyCount;
    uint8 reason; // of an account's own movement
    uint8 partyReason; // of the movement of a supplier or grid operator
    uint256 creditorsLeft; // creditors that this call may still pay out of accounts in arrears
}

/// @title MovementLog
/// @notice Collects the changes of accounts for TradeEscrow's event `Moved`. Every change of an account's word is in
///         it once, so the sums of the movements rebuild every account. What a call does to a supplier or grid
///         operator is summed up into one movement.
library MovementLog {
    // reasons: the low byte of a movement's first word
    uint8 internal constant DEPOSIT = 1; // credits came in
    uint8 internal constant WITHDRAWAL = 2; // credits went out
    uint8 internal constant LOCK = 3; // free -> locked
    uint8 internal constant UNLOCK = 4; // locked -> free
    uint8 internal constant BOND_PAID = 5; // locked -> another account
    uint8 internal constant BOND_RECEIVED = 6; // another account's locked -> free
    uint8 internal constant SETTLEMENT = 7; // all that a settlement posts to one home's meter
    uint8 internal constant SETTLEMENT_PARTY = 8; // all that a settlement posts to one supplier or grid operator
    uint8 internal constant RELEASE = 9; // one meter's held money after the final date
    uint8 internal constant RELEASE_PARTY = 10; // a supplier's or grid operator's after the final date
    uint8 internal constant ARREARS_PAID = 11; // a debtor's free credits -> creditors
    uint8 internal constant ARREARS_RECEIVED = 12; // a creditor's part of it

    /// Movements of more suppliers and grid operators than this are not summed up (16 feeders per city have 48
    /// parties).
    uint256 internal constant SUMMED_PARTIES = 64;
    uint256 private constant PER_MOVEMENT = 2;

    /// `expected` movements need no growth; more are welcome.
    function start(uint256 expected, uint8 reason, uint8 partyReason) internal pure returns (Movements memory log) {
        log.words = new bytes32[]((expected + 1) * PER_MOVEMENT);
        log.reason = reason;
        log.partyReason = partyReason;
        if (partyReason != 0) log.partyAt = new uint256[](SUMMED_PARTIES);
    }

    /// Adds a movement of its own; nothing for a change of nothing.
    function add(Movements memory log, address account, uint8 reason, bytes32 deltas) internal pure {
        if (deltas == 0) return;
        uint256 used = log.used;
        if (used == log.words.length) _grow(log);
        bytes32[] memory words = log.words;
        log.used = used + PER_MOVEMENT;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let word := add(add(words, 0x20), shl(5, used)) // the array has an even length, above `used`
            mstore(word, or(shl(96, account), and(reason, 0xff)))
            mstore(add(word, 0x20), deltas)
        }
    }

    /// Adds the change to the account's movement as a party of this call.
    function addToParty(Movements memory log, address account, bytes32 deltas) internal pure {
        if (deltas == 0) return;
        uint256 count = log.partyCount;
        for (uint256 i = 0; i < count; ++i) {
            uint256 word = _partyWord(log, i);
            bytes32 owner;
            bytes32 summed;
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                owner := mload(word)
                summed := mload(add(word, 0x20))
            }
            if (Records.unpackAccount(owner) != account) continue;
            summed = EscrowAccounts.sum(summed, deltas);
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                mstore(add(word, 0x20), summed)
            }
            return;
        }
        if (count < log.partyAt.length) {
            log.partyAt[count] = log.used;
            log.partyCount = count + 1;
        }
        add(log, account, log.partyReason, deltas);
    }

    /// The account of the call's `index`-th summed-up party; `index` is below `partyCount`.
    function partyOf(Movements memory log, uint256 index) internal pure returns (address) {
        uint256 word = _partyWord(log, index);
        bytes32 owner;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            owner := mload(word)
        }
        return Records.unpackAccount(owner);
    }

    /// The packed movements; the log is not used after it.
    function finish(Movements memory log) internal pure returns (bytes32[] memory words) {
        words = log.words;
        uint256 used = log.used;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(words, used) // shortens, never lengthens
        }
    }

    function _grow(Movements memory log) private pure {
        bytes32[] memory old = log.words;
        uint256 length = old.length;
        bytes32[] memory larger = new bytes32[](length * 2);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mcopy(add(larger, 0x20), add(old, 0x20), shl(5, length))
        }
        log.words = larger;
    }

    /// Where in memory the `index`-th party's movement lies; `index` is below `partyCount`, so both arrays have it.
    function _partyWord(Movements memory log, uint256 index) private pure returns (uint256 word) {
        uint256[] memory partyAt = log.partyAt;
        bytes32[] memory words = log.words;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := add(add(words, 0x20), shl(5, mload(add(add(partyAt, 0x20), shl(5, index)))))
        }
    }
}
