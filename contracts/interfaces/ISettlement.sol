// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title ISettlement
/// @notice Turns a slot's trades and readings into money: delivery, make-whole, escalation, grid shares, feed-in.
///         Anyone may call anything here at any time; what a call does follows from the chain's state alone. A call
///         posts the difference between what the present readings say and what was posted before; called twice it
///         changes nothing. Money is held until the slot's final date, when `finalize` releases it.
/// @dev The words given are those of the events (Clearing.SlotClosed, SlotSettled, RestSettled), packed as
///      libraries/Records.sol says; each is checked against a stored hash.
interface ISettlement {
    /// @notice A city tree's trading meters were settled, or settled again with a difference.
    /// @param city The tree's root.
    /// @param slot The slot.
    /// @param outcomes Records.Outcome of every meter with an order or contract in the slot, in all (no differences).
    /// @param parties Records.PartyOutcome of each supplier and grid operator, in all.
    /// @param delivered Delivered Wh of each trade in trade order, uint32, eight a word from the most significant.
    event SlotSettled(
        uint24 indexed city,
        uint32 indexed slot,
        bytes32[] outcomes,
        bytes32[] parties,
        bytes32[] delivered
    );

    /// @notice A chunk of a feeder's meters without order was settled, or settled again with a difference.
    /// @param feeder Where the meters stand.
    /// @param slot The slot.
    /// @param chunk Its meters are those at places 64 x chunk to 64 x chunk + 63 of the feeder's list.
    /// @param outcomes Records.Outcome of each meter settled, in all (no differences).
    event RestSettled(uint24 indexed feeder, uint32 indexed slot, uint32 indexed chunk, bytes32[] outcomes);

    /// @notice A city tree's slot is final; what was held is free.
    /// @param city The tree's root.
    /// @param slot The slot.
    event SlotFinalized(uint24 indexed city, uint32 indexed slot);

    /// @notice A chunk of meters without order is final in the slot; what was held is free.
    /// @param feeder Where the meters stand.
    /// @param slot The slot.
    /// @param chunk The chunk of the feeder's list.
    event RestFinalized(uint24 indexed feeder, uint32 indexed slot, uint32 indexed chunk);

    /// @notice Delivery has not ended yet.
    error SettlementTooEarly(uint32 slot, uint64 deliveryEnd);
    /// @notice A meter has no reading yet, and the reading window is still open.
    error SettlementReadingMissing(uint32 meter, uint32 slot, uint64 readingEnd);
    /// @notice The slot's books are not closed: Clearing.close comes first.
    error SettlementNotClosed(uint24 city, uint32 slot);
    /// @notice The positions and trades given are not those that Clearing.close committed.
    error SettlementWrongTrades(uint24 city, uint32 slot, bytes32 committed, bytes32 given);
    /// @notice The outcomes and parties given are not those last settled (none, when nothing was settled).
    error SettlementWrongOutcomes(uint24 area, uint32 slot, bytes32 settled, bytes32 given);
    /// @notice The final date has passed; nothing can be corrected.
    error SettlementFinal(uint24 area, uint32 slot, uint64 finalDate);
    /// @notice The final date is still to come.
    error SettlementNotFinal(uint24 area, uint32 slot, uint64 finalDate);
    /// @notice Nothing was settled here, so there is nothing to finalize.
    error SettlementNotSettled(uint24 area, uint32 slot);
    /// @notice Finalized before.
    error SettlementAlreadyFinalized(uint24 area, uint32 slot);

    /// @notice Settles all meters of a city tree that have an order or contract in the slot, in one transaction, so
    ///         that money never rests between the two halves of a trade. From the end of delivery when all their
    ///         readings are there, else from the end of the reading window, when missing ones count as missing. Again
    ///         until the final date: posts the difference that better readings make, or does nothing. The first
    ///         time also later.
    /// @param city The tree's root.
    /// @param slot The slot.
    /// @param positions Those of SlotClosed.
    /// @param trades Those of SlotClosed.
    /// @param priorOutcomes Those of the last SlotSettled; empty the first time.
    /// @param priorParties Those of the last SlotSettled; empty the first time.
    function settle(
        uint24 city,
        uint32 slot,
        bytes32[] calldata positions,
        bytes32[] calldata trades,
        bytes32[] calldata priorOutcomes,
        bytes32[] calldata priorParties
    ) external;

    /// @notice Settles the meters of a feeder's list from place 64 x chunk on that stand there in the slot, have a
    ///         holder in it, and neither order nor contract. When and how often: as `settle`. Does nothing when the
    ///         chunk has no such meter.
    /// @param feeder Where the meters stand.
    /// @param slot The slot.
    /// @param chunk The chunk of the feeder's list.
    /// @param priorOutcomes Those of the last RestSettled; empty the first time.
    function settleRest(uint24 feeder, uint32 slot, uint32 chunk, bytes32[] calldata priorOutcomes) external;

    /// @notice After the final date: frees what `settle` held, pays from it the grid shares it covers, and records who
    ///         was short (see `shortSlots`).
    /// @param city The tree's root.
    /// @param slot The slot.
    /// @param outcomes Those of the last SlotSettled.
    /// @param parties Those of the last SlotSettled.
    function finalize(uint24 city, uint32 slot, bytes32[] calldata outcomes, bytes32[] calldata parties) external;

    /// @notice After the final date: frees what `settleRest` held, and pays from it the grid shares it covers.
    /// @param feeder Where the meters stand.
    /// @param slot The slot.
    /// @param chunk The chunk of the feeder's list.
    /// @param outcomes Those of the last RestSettled.
    function finalizeRest(uint24 feeder, uint32 slot, uint32 chunk, bytes32[] calldata outcomes) external;

    /// @notice What `settle` committed.
    /// @param city The tree's root.
    /// @param slot The slot.
    /// @return hash keccak256(keccak256(outcomes) ++ keccak256(parties)), the hash of no words being 0; 0 = not
    ///         settled, 1 = finalized.
    function outcomesHash(uint24 city, uint32 slot) external view returns (bytes32 hash);

    /// @notice What `settleRest` committed.
    /// @param feeder Where the meters stand.
    /// @param slot The slot.
    /// @param chunk The chunk of the feeder's list.
    /// @return hash keccak256(keccak256(outcomes) ++ 0); 0 = not settled, 1 = finalized.
    function restHash(uint24 feeder, uint32 slot, uint32 chunk) external view returns (bytes32 hash);

    /// @notice The final slots in which a seller delivered less than it sold, by a reading that was neither substituted
    ///         nor estimated. Recorded by `finalize` within 12 slot lengths of the slot's final date, and not later.
    /// @param meter The meter.
    /// @param word Which 256 slots: slot / 256.
    /// @return bits Bit i stands for slot 256 x word + i.
    function shortSlots(uint32 meter, uint256 word) external view returns (uint256 bits);
}
