// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ReadingStatus} from "../types/MarketTypes.sol";

/// @notice Where a dispute stands.
enum DisputeState {
    None,
    Open,
    Won, // a correction changed the value: bond returned
    Lost, // a correction confirmed it: bond split among the other parties
    Undecided // no correction until the decision deadline: bond returned
}

/// @notice A dispute, with the reading as it stood when it was opened. One slot.
struct Dispute {
    uint32 importWh;
    uint32 exportWh;
    uint24 city;
    uint24 feeder; // of the disputed meter
    uint8 sequence;
    ReadingStatus status; // None or Missing: there was no reading, so that any correction changes something
    DisputeState state;
}

/// @notice A closed slot's positions and trades, as the event SlotClosed gives them; packed as in Records.
struct ClosedSlot {
    uint24 city;
    uint32 slot;
    bytes32[] positions;
    bytes32[] trades;
}

/// @title IDisputes
/// @notice A party of a slot doubts a meter's reading and stakes a bond on it; the metering operator's signed
/// correction, which the ledger keeps, decides. Disputes move bonds and nothing else: what a correction changes is
/// Settlement's to post.
interface IDisputes {
    /// @notice A reading is disputed.
    /// @param party Who disputes it.
    /// @param meter The disputed meter.
    /// @param slot The slot.
    /// @param reading The reading as it stands: the dispute's terms.
    /// @param bondMicro The bond, micro-credits, locked in TradeEscrow.
    event DisputeOpened(
        address indexed party,
        uint32 indexed meter,
        uint32 indexed slot,
        Dispute reading,
        uint64 bondMicro
    );

    /// @notice A dispute ended, and its bond went its way.
    /// @param party Who disputed.
    /// @param meter The disputed meter.
    /// @param slot The slot.
    /// @param state How it ended.
    event DisputeResolved(address indexed party, uint32 indexed meter, uint32 indexed slot, DisputeState state);

    /// @notice Outside the time for disputes: from the end of delivery to the end of the dispute window.
    /// @param slot The slot.
    /// @param from First second, Unix time.
    /// @param until First second after it, Unix time.
    error DisputesOutOfTime(uint32 slot, uint64 from, uint64 until);

    /// @notice The caller is no active member or user.
    /// @param account The caller.
    error DisputesNotActive(address account);

    /// @notice The slot is not closed in that city, or the positions and trades are not its own.
    /// @param city The city.
    /// @param slot The slot.
    error DisputesWrongEvidence(uint24 city, uint32 slot);

    /// @notice The position named as the caller's is somebody else's, or there is none at that index.
    /// @param account The caller.
    /// @param position The index.
    error DisputesNotAParty(address account, uint256 position);

    /// @notice There is no position at the index named as the disputed meter's.
    /// @param position The index.
    error DisputesNoSuchPosition(uint256 position);

    /// @notice The caller disputed this meter's reading of this slot before.
    /// @param party The caller.
    /// @param meter The meter.
    /// @param slot The slot.
    error DisputesAlreadyOpened(address party, uint32 meter, uint32 slot);

    /// @notice There is no open dispute of that party, meter and slot.
    /// @param party Who would have disputed.
    /// @param meter The meter.
    /// @param slot The slot.
    error DisputesNotOpen(address party, uint32 meter, uint32 slot);

    /// @notice No correction has come yet, and the decision deadline has not passed.
    /// @param slot The slot.
    /// @param decisionEnd The deadline, first second after it, Unix time.
    error DisputesUndecided(uint32 slot, uint64 decisionEnd);

    /// @notice Disputes a reading and locks the caller's bond. The caller is an active account with a position in
    /// the closed slot; each party may dispute each meter of the slot once, from the end of delivery to the end of
    /// the dispute window.
    /// @param closed The slot's positions and trades.
    /// @param ownPosition Index of one of the caller's positions.
    /// @param meterPosition Index of the disputed meter's position; it may be the caller's own.
    function open(ClosedSlot calldata closed, uint256 ownPosition, uint256 meterPosition) external;

    /// @notice Ends a dispute by what the ledger says now. Anyone may call it. A correction newer than the reading
    /// disputed (the first one of the slot, or one of a higher sequence than the correction that was disputed)
    /// decides: one that changes import or export wins and returns the bond; one that confirms both loses, and the
    /// bond is split by traded Wh among the other parties of the meter's trades, each share rounded down. What
    /// remains of it, or all of it where there is no other party, goes to the supplier of the meter's feeder.
    /// Without a correction the bond returns after the decision deadline. Resolve in time: a correction made later
    /// counts until the dispute is resolved.
    /// @param party Who disputed.
    /// @param meter The disputed meter.
    /// @param closed The slot; its positions and trades are only looked at when the dispute is lost, and may be
    /// empty else.
    function resolve(address party, uint32 meter, ClosedSlot calldata closed) external;

    /// @notice A dispute as it stands.
    /// @param party Who disputed.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @return dispute The dispute; state None when there is none.
    function disputeOf(address party, uint32 meter, uint32 slot) external view returns (Dispute memory dispute);

    /// @notice The bond of a dispute, a deployment parameter.
    /// @return amountMicro Micro-credits.
    function bondMicro() external view returns (uint64 amountMicro);
}
