// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a settlement changes for one home's meter. Micro-credits.
struct HomePosting {
    address account;
    address supplier; // of the meter's feeder
    uint64 unlockMicro; // first settlement: moves from locked to held
    int64 communityMicro; // change of N = received - paid - fees - bond, funded by the filled locks of the slot
    int64 feedInMicro; // change of what the supplier owes for grid export
    uint64 heldBeforeMicro; // held for this meter and slot by the prior settlement (0 the first time)
    uint64 backingMicro; // filledLock + N after this settlement: the part of held that backs further corrections
    uint64 uncoveredBeforeMicro; // grid share charged by the prior settlement
    uint64 gridShareMicro; // grid import charge after this settlement, in all
}

/// @notice What a settlement changes for a supplier or grid operator. Micro-credits.
struct PartyPosting {
    address account;
    int64 communityMicro; // fees, escalation and remainders: into balance and held
    int64 surplusMicro; // change of surplusIn - surplusOut between suppliers; sums to zero over the parties
    uint64 accountingFeeMicro; // owed now to the accounting fees' account
}

/// @notice What is released for one home's meter after the final date. Micro-credits.
struct HomeRelease {
    address account;
    address supplier;
    uint64 heldMicro;
    uint64 gridCoveredMicro; // part of held that pays the grid share
}

/// @notice What is released for a supplier or grid operator after the final date. Micro-credits.
struct PartyRelease {
    address account;
    uint64 heldMicro;
}

/// @title ITradeEscrow
interface ITradeEscrow {
    /// MARKET role: moves free credits to locked; reverts when free is short
    function lock(address account, uint64 amountMicro, uint32 slot) external;
    /// MARKET role: locked back to free (arrears are paid first); arrays of equal length, zero amounts are skipped
    function unlock(address[] calldata accounts, uint64[] calldata amountsMicro, uint32 slot) external;
    /// MARKET role (Disputes): pays locked credits of `from` to others' free credits (a lost bond)
    function payLocked(address from, address[] calldata to, uint64[] calldata amountsMicro, uint32 slot) external;
    /// SETTLEMENT role: never reverts for lack of money. Returns per home the money now held for the slot and the
    /// grid share charged now (uncovered).
    function post(uint24 area, uint32 slot, HomePosting[] calldata homes, PartyPosting[] calldata parties)
        external
        returns (uint64[] memory heldMicro, uint64[] memory uncoveredMicro);
    /// SETTLEMENT role: after the final date
    function release(uint24 area, uint32 slot, HomeRelease[] calldata homes, PartyRelease[] calldata parties) external;
    function freeOf(address account) external view returns (uint64 amountMicro);
    function arrearsOf(address account) external view returns (uint64 amountMicro);
}
