// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice One line of a feeder's book log: an order of one slot, or the cancel of one. Its account and order key
///         stand in the entry's second word.
struct Entry {
    uint8 tag; // Records.BUY, SELL or CANCEL
    uint32 meter;
    uint24 feeder;
    uint24 arrival; // one sequence per slot over all books, from 1; 0 for a cancel
    uint32 wh; // 0 for a cancel
    uint32 limit; // micro-credits per kWh; 0 for a cancel
    uint16 index; // position in the feeder's log of the slot
    uint32 slot;
}

/// @notice One trade of a book, or one slot of a bilateral contract.
struct Trade {
    uint8 level; // Records.BILATERAL, FEEDER, DISTRICT or CITY
    uint24 buyFeeder;
    uint24 sellFeeder;
    uint16 buyIndex; // index of the order in its feeder's log; 0 when bilateral
    uint16 sellIndex;
    uint32 wh;
    uint32 price; // of the book, at its level, micro-credits per kWh
    uint32 buyMeter;
    uint32 sellMeter;
    uint16 buyPos; // index of the meter in the slot's positions; 0 until `close`
    uint16 sellPos;
}

/// @notice One slot of an accepted bilateral contract. Locks in micro-credits.
struct BilateralEntry {
    bytes32 trade;
    address buyer;
    uint32 slot;
    address seller;
    uint64 buyLock;
    uint64 sellLock;
}

/// @notice What one meter's trades of a slot leave locked. Micro-credits.
struct Position {
    uint32 meter;
    uint24 feeder;
    uint8 side; // Records.BUY or SELL
    uint64 filledLock; // stays locked until the settlement
    uint64 unlocked; // returned by `close`
    address account;
}

/// @notice What a settled slot did to one meter. Wh and micro-credits.
struct Outcome {
    uint32 meter;
    uint8 status; // ReadingStatus
    uint32 importWh;
    uint32 exportWh;
    uint32 boughtWh; // delivered
    uint32 soldWh; // delivered
    uint32 undeliveredWh;
    uint24 feeder;
    uint64 energyPaid;
    uint64 energyReceived;
    uint64 gridPaid;
    uint64 gridReceived;
    uint64 fees;
    uint64 bondPaid;
    uint64 bondReceived;
    uint64 held;
    address account;
    uint64 uncovered; // grid share charged at settlement, not covered by held money
}

/// @notice What a settled slot did to a supplier or grid operator. Micro-credits.
struct PartyOutcome {
    address account;
    uint64 community; // fees, escalation, remainders; held till final
    uint64 surplusIn;
    uint64 surplusOut;
}

/// @notice One change of an escrow account. Micro-credits.
struct Movement {
    address account;
    uint8 reason;
    int64 balance;
    int64 locked;
    int64 held;
    int64 arrears;
}
