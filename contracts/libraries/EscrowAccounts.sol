// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ITradeEscrow} from "../interfaces/ITradeEscrow.sol";

/// @notice An escrow account taken out of storage. All amounts in micro-credits.
struct EscrowAccount {
    address account;
    uint256 stored; // the word as it stands in storage
    uint64 balance; // all credits of the account, those locked and held included
    uint64 locked; // part of the balance that backs orders
    uint64 held; // part of the balance that settled slots keep until their final date
    uint64 arrears; // what the account owes others: the mirror of its total in Arrears
}

/// @title EscrowAccounts
/// @notice One word per account and the arithmetic on it. From the most significant bits:
///         balance 64 | locked 64 | held 64 | arrears 64, the same four lanes as a movement's second word.
/// @dev Kept true by all who write: locked + held <= balance.
library EscrowAccounts {
    // the top bit of each of the four lanes
    uint256 private constant TOPS = 0x8000000000000000_8000000000000000_8000000000000000_8000000000000000;

    function unpack(address account, uint256 word) internal pure returns (EscrowAccount memory e) {
        e.account = account;
        e.stored = word;
        e.balance = uint64(word >> 192);
        e.locked = uint64(word >> 128);
        e.held = uint64(word >> 64);
        e.arrears = uint64(word);
    }

    function pack(EscrowAccount memory e) internal pure returns (uint256) {
        return (uint256(e.balance) << 192) | (uint256(e.locked) << 128) | (uint256(e.held) << 64) | e.arrears;
    }

    /// Neither locked nor held; part of it may be owed to creditors.
    function free(EscrowAccount memory e) internal pure returns (uint64) {
        return e.balance - e.locked - e.held;
    }

    /// What belongs to the account's creditors already: free credits up to the arrears.
    function owedCash(EscrowAccount memory e) internal pure returns (uint64) {
        return min(free(e), e.arrears);
    }

    /// Free credits beyond the arrears: all that may be locked, or pay what is newly due.
    function spendable(EscrowAccount memory e) internal pure returns (uint64) {
        return free(e) - owedCash(e);
    }

    /// Adds a signed amount to balance and held, so that the free credits stay as they are.
    function moveHeld(EscrowAccount memory e, int64 deltaMicro) internal pure {
        uint64 amountMicro = magnitude(deltaMicro);
        if (deltaMicro >= 0) {
            e.balance += amountMicro;
            e.held += amountMicro;
        } else {
            takeHeld(e, amountMicro);
            e.balance -= amountMicro;
        }
    }

    /// Held credits become free. More than the account holds is an error of the caller, never a lack of money.
    function takeHeld(EscrowAccount memory e, uint64 amountMicro) internal pure {
        if (amountMicro > e.held) revert ITradeEscrow.TradeEscrowHeldShort(e.account, e.held, amountMicro);
        e.held -= amountMicro;
    }

    /// Locked credits become free. More than the account has locked is an error of the caller.
    function takeLocked(EscrowAccount memory e, uint64 amountMicro) internal pure {
        if (amountMicro > e.locked) revert ITradeEscrow.TradeEscrowLockedShort(e.account, e.locked, amountMicro);
        e.locked -= amountMicro;
    }

    /// `later - earlier` in each of the four lanes, two's complement: what a movement says.
    function difference(uint256 earlier, uint256 later) internal pure returns (bytes32) {
        unchecked {
            // each lane's top bit is set before the subtraction, so that no lane borrows from the next one
            return bytes32(((later | TOPS) - (earlier & ~TOPS)) ^ ((later ^ ~earlier) & TOPS));
        }
    }

    /// `a + b` in each of the four lanes, two's complement.
    function sum(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        uint256 x = uint256(a);
        uint256 y = uint256(b);
        unchecked {
            // the top bits are added apart, so that no lane carries into the next one
            return bytes32(((x & ~TOPS) + (y & ~TOPS)) ^ ((x ^ y) & TOPS));
        }
    }

    /// |value|, for every int64.
    function magnitude(int64 value) internal pure returns (uint64) {
        unchecked {
            // -type(int64).min wraps to itself, whose bits read as uint64 are 2^63
            return value < 0 ? uint64(-value) : uint64(value);
        }
    }

    function min(uint64 a, uint64 b) internal pure returns (uint64) {
        return a < b ? a : b;
    }
}
