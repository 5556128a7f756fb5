// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ITradeEscrow} from "../interfaces/ITradeEscrow.sol";

/// @notice An escrow account taken out of storage. All amounts in micro-credits, below 2^64 in storage; in memory they
///         are whole words, so that additions need no check of their own: `pack` checks them all.
struct EscrowAccount {
    address account;
    uint256 stored; // the word as it stands in storage
    uint256 balance; // all credits of the account, those locked and held included
    uint256 locked; // part of the balance that backs orders
    uint256 held; // part of the balance that settled slots keep until their final date
    uint256 arrears; // what the account owes others: the mirror of its total in Arrears
}

/// @title EscrowAccounts
/// @notice One word per account and the arithmetic on it. From the most significant bits: balance 64 | locked 64 |
///         held 64 | arrears 64, the same four lanes as a movement's second word.
/// @dev What always holds, and what `pack` lets no fault get past: each amount fits 64 bits (one that fell below
/// zero does not), and locked + held <= balance. Amounts added or taken are below 2^64, so no sum of a few can wrap
/// 256 bits.
library EscrowAccounts {
    // the top bit of each of the four lanes
    uint256 private constant TOPS = 0x8000000000000000_8000000000000000_8000000000000000_8000000000000000;

    /// Writes an account into `e`, whatever was there: batches use the same memory for one account after the other.
    function unpackInto(EscrowAccount memory e, address account, uint256 word) internal pure {
        e.account = account;
        e.stored = word;
        e.balance = word >> 192;
        e.locked = (word >> 128) & type(uint64).max;
        e.held = (word >> 64) & type(uint64).max;
        e.arrears = word & type(uint64).max;
    }

    function pack(EscrowAccount memory e) internal pure returns (uint256) {
        (uint256 balance, uint256 locked, uint256 held, uint256 arrears) = (e.balance, e.locked, e.held, e.arrears);
        unchecked {
            // no overflow: the first test let through only amounts below 2^64
            if ((balance | locked | held | arrears) >> 64 != 0 || locked + held > balance) {
                revert ITradeEscrow.TradeEscrowAccountBroken(e.account, balance, locked, held);
            }
        }
        return (balance << 192) | (locked << 128) | (held << 64) | arrears;
    }

    /// Neither locked nor held; part of it may be owed to creditors.
    function free(EscrowAccount memory e) internal pure returns (uint256) {
        unchecked {
            return e.balance - e.locked - e.held; // never below zero, see above
        }
    }

    /// What belongs to the account's creditors already: free credits up to the arrears.
    function owedCash(EscrowAccount memory e) internal pure returns (uint256) {
        return e.arrears == 0 ? 0 : min(free(e), e.arrears);
    }

    /// Free credits beyond the arrears: all that may be locked, or pay what is newly due.
    function spendable(EscrowAccount memory e) internal pure returns (uint256) {
        uint256 freeMicro = free(e);
        uint256 arrearsMicro = e.arrears;
        unchecked {
            return freeMicro > arrearsMicro ? freeMicro - arrearsMicro : 0;
        }
    }

    /// Adds a signed amount to balance and held, so that the free credits stay as they are.
    function moveHeld(EscrowAccount memory e, int64 deltaMicro) internal pure {
        e.held = shifted(e.account, e.held, deltaMicro);
        unchecked {
            e.balance += uint256(int256(deltaMicro)); // two's complement; the balance is not below held
        }
    }

    /// A held amount after a signed change. Below zero it is a fault of the caller, never a lack of money.
    function shifted(address account, uint256 heldMicro, int64 deltaMicro) internal pure returns (uint256 result) {
        unchecked {
            result = heldMicro + uint256(int256(deltaMicro)); // two's complement: huge when below zero
        }
        if (result >> 255 != 0) {
            revert ITradeEscrow.TradeEscrowHeldShort(account, heldMicro, magnitude(deltaMicro));
        }
    }

    /// Held credits become free. More than the account holds is a fault of the caller.
    function takeHeld(EscrowAccount memory e, uint256 amountMicro) internal pure {
        uint256 heldMicro = e.held;
        if (amountMicro > heldMicro) revert ITradeEscrow.TradeEscrowHeldShort(e.account, heldMicro, amountMicro);
        unchecked {
            e.held = heldMicro - amountMicro;
        }
    }

    /// Locked credits become free. More than the account has locked is a fault of the caller.
    function takeLocked(EscrowAccount memory e, uint256 amountMicro) internal pure {
        uint256 lockedMicro = e.locked;
        if (amountMicro > lockedMicro) {
            revert ITradeEscrow.TradeEscrowLockedShort(e.account, lockedMicro, amountMicro);
        }
        unchecked {
            e.locked = lockedMicro - amountMicro;
        }
    }

    /// Credits go from one account to another, `amountMicro` of what `from` may give away.
    function moveCash(EscrowAccount memory from, EscrowAccount memory to, uint256 amountMicro) internal pure {
        unchecked {
            from.balance -= amountMicro; // `pack` refuses a balance below locked + held
            to.balance += amountMicro;
        }
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
    function magnitude(int64 value) internal pure returns (uint256) {
        unchecked {
            return value < 0 ? uint256(-int256(value)) : uint256(int256(value)); // 256 bits hold -int64.min
        }
    }

    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
