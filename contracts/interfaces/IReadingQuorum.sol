// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StoredReading} from "../types/MarketTypes.sol";

/// @notice How far a reading has come with a feeder's quorum.
/// @param feeder Where the meter stands in the reading's slot, 0 = nowhere.
/// @param needed How many must attest it; 1 where the feeder has no quorum in the slot: then nobody has to.
/// @param attested How many attest exactly it at this moment.
/// @param isReached MeterLedger takes it: it has its quorum, or needs none.
/// @param isOperator The account asked for is one of the feeder's operators in the slot.
/// @param isAttestedByIt The account asked for attests exactly it.
struct AttestationState {
    uint24 feeder;
    uint8 needed;
    uint8 attested;
    bool isReached;
    bool isOperator;
    bool isAttestedByIt;
}

/// @title IReadingQuorum
/// @notice Where a feeder has a quorum in a slot, MeterLedger stores a reading of it only when k of n operators attest
/// exactly that reading. An attestation is a word: an operator's oracle has the reading, and its rules let it through.
/// It replaces no signature: the device or the metering operator signs as ever, and MeterLedger checks that.
/// @dev Readings are words as in IMeterLedger.ReadingBatchStored, not marked as changed. 2k > n, so that two values
/// never have a quorum both. An operator's attestations of a meter and slot rank and replace each other as readings do
/// (IMeterLedger.submit), so it attests one value per rank and sequence, and what has its quorum is replaced only by
/// what ranks above it or has a higher sequence.
///
/// | function | who may call it |
/// |---|---|
/// | setQuorum | COUNCIL |
/// | attest | an operator of the meter's feeder in the slot, while an active metering operator |
///
/// What is kept can be written only by a feeder's operators, for meters that stand there, while MeterLedger would take
/// such a reading, into words that are used again after MarketBounds.READING_SLOTS slots: it does not grow without end.
interface IReadingQuorum {
    /// @notice A feeder has this quorum from a slot on; replaces what was decided for that slot or later.
    /// @param feeder The feeder.
    /// @param fromSlot The first slot.
    /// @param needed How many must attest (k); 1 without operators: nobody has to.
    /// @param operators The accounts that attest (n).
    event QuorumScheduled(uint24 indexed feeder, uint32 indexed fromSlot, uint8 needed, address[] operators);

    /// @notice An operator attests readings. Each replaces what it attested of that meter and slot before.
    /// @param operator The operator.
    /// @param feeder Where the meters stand in the slots.
    /// @param readings One word a reading, those that it did not attest already.
    event ReadingsAttested(address indexed operator, uint24 indexed feeder, bytes32[] readings);

    /// @notice The k-th operator attests a reading: MeterLedger takes it.
    /// @param feeder The feeder.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @param reading The reading.
    event QuorumReached(uint24 indexed feeder, uint32 indexed meter, uint32 indexed slot, bytes32 reading);

    /// @notice An operator attests another value under the rank and sequence of the reading that has its quorum. Once
    /// for each such attestation: when the quorum comes, or when it is made after that.
    /// @param feeder The feeder.
    /// @param operator The operator.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @param attested What the operator attests.
    /// @param reading What has its quorum.
    event AttestationContradicted(
        uint24 indexed feeder,
        address indexed operator,
        uint32 indexed meter,
        uint32 slot,
        bytes32 attested,
        bytes32 reading
    );

    /// @notice Only a feeder has a quorum.
    /// @param area The district or city given.
    error ReadingQuorumNotFeeder(uint24 area);

    /// @notice A quorum is 2 to n of at most 8 operators and more than half of them, or 1 of none.
    /// @param needed The k given.
    /// @param operators The n given.
    error ReadingQuorumBadSize(uint8 needed, uint256 operators);

    /// @notice An operator of a quorum is an active metering operator.
    /// @param operator The account given.
    error ReadingQuorumUnfitOperator(address operator);

    /// @notice An operator has one attestation, so it stands once in a quorum.
    /// @param operator The account given twice.
    error ReadingQuorumRepeatedOperator(address operator);

    /// @notice No reading, or more than one call takes.
    /// @param count How many.
    /// @param maximum The most.
    error ReadingQuorumBadCount(uint256 count, uint256 maximum);

    /// @notice The caller is suspended, expelled or not admitted as a metering operator.
    /// @param operator The caller.
    error ReadingQuorumInactiveOperator(address operator);

    /// @notice The word says more than a reading: its last 112 bits are zero.
    /// @param index Place in the call, from 0.
    error ReadingQuorumMalformedReading(uint256 index);

    /// @notice The caller is none of the operators that attest the meter's readings of the slot.
    /// @param index Place in the call, from 0.
    /// @param feeder Where the meter stands in the slot, 0 = nowhere.
    /// @param slot The slot.
    /// @param operator The caller.
    error ReadingQuorumNotItsOperator(uint256 index, uint24 feeder, uint32 slot, address operator);

    /// @notice The operator attested another value under the same rank and sequence.
    /// @param index Place in the call, from 0.
    /// @param meter The meter.
    /// @param slot The slot.
    error ReadingQuorumOtherValue(uint256 index, uint32 meter, uint32 slot);

    /// @notice Too few operators attest exactly this reading, so MeterLedger does not take it.
    /// @param index Place in MeterLedger's batch, from 0.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @param attested How many attest it.
    /// @param needed How many must.
    error ReadingQuorumNotAttested(uint256 index, uint32 meter, uint32 slot, uint8 attested, uint8 needed);

    /// @notice Decides whose attestations a feeder's readings need. COUNCIL. Whoever of them may not act any more later
    /// attests no more; what it attested before counts.
    /// @param feeder The feeder.
    /// @param needed How many must attest: 2 or more, and more than half; 1 to ask for none.
    /// @param operators At most MAX_QUORUM_OPERATORS active metering operators, each once; none to ask for none.
    /// @param fromSlot The first slot, not yet open (SlotScheduleSlotOpen).
    function setQuorum(uint24 feeder, uint8 needed, address[] calldata operators, uint32 fromSlot) external;

    /// @notice Attests readings as the caller. What it attests already changes nothing, so a call can be sent again.
    /// Reverts as MeterLedger would where a reading has not its form (MeterLedgerBadStatus, MeterLedgerEnergyTooLarge),
    /// is out of time (MeterLedgerSlotNotEnded, MeterLedgerTooLate), or does not replace what the caller attested
    /// before (MeterLedgerMayNotReplace, MeterLedgerStaleSequence).
    /// @dev Cheapest where neighbouring meters of a feeder follow each other: four share a word a slot.
    /// @param readings 1 to MAX_ATTESTED words.
    function attest(bytes32[] calldata readings) external;

    /// @notice Whether any feeder ever had a quorum.
    /// @return used False: nothing has to be attested anywhere.
    function hasQuorums() external view returns (bool used);

    /// @notice Reverts with ReadingQuorumNotAttested at the first reading that must be attested and has no quorum.
    /// @param readings A batch's words; those not marked as changed are passed over.
    function requireAttested(bytes32[] calldata readings) external view;

    /// @notice The quorum of a feeder in a slot.
    /// @param feeder The feeder.
    /// @param slot The slot; the answer never changes once it has opened.
    /// @return needed How many must attest; 1 where nobody has to.
    /// @return operators Who attests; none where nobody has to.
    function quorumAt(uint24 feeder, uint32 slot) external view returns (uint8 needed, address[] memory operators);

    /// @notice What the operators of the meter's feeder attest of a slot, each its latest.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @return operators Who attests there; none where nobody has to.
    /// @return readings In the order of the operators; status None and zeros where one attests nothing (any more).
    function attestationsAt(
        uint32 meter,
        uint32 slot
    ) external view returns (address[] memory operators, StoredReading[] memory readings);

    /// @notice The latest reading of a meter and slot that had its quorum.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @return reading Status None and zeros when there is none (any more).
    function reachedAt(uint32 meter, uint32 slot) external view returns (StoredReading memory reading);

    /// @notice How far readings have come, for an operator's oracle.
    /// @param operator The account that wants to attest them.
    /// @param readings Their words.
    /// @return states In the order of the readings.
    function statesOf(
        address operator,
        bytes32[] calldata readings
    ) external view returns (AttestationState[] memory states);
}
