// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StoredReading} from "../types/MarketTypes.sol";

/// @notice A signed reading of one meter in one slot: gross import and export, never netted within the slot.
/// The first six fields are the EIP-712 message
/// `Reading(uint32 meter,uint32 slot,uint32 importWh,uint32 exportWh,uint8 status,uint8 sequence)`
/// in the domain (name "Commonwatt MeterLedger", version "1", chain id, the ledger's address). Actual readings of one
/// meter may share a signature, over `ReadingSeries(Reading[] readings)`: only the last of them carries it then.
struct Reading {
    uint32 meter; // number of the device in DeviceRegistry
    uint32 slot; // floor(Unix time of delivery start / slot length)
    uint32 importWh;
    uint32 exportWh;
    uint8 status; // ReadingStatus: Actual, Substituted, Estimated or Corrected
    uint8 sequence; // of its rank, see IMeterLedger.submit
    bytes32 r; // ERC-2098 compact signature; both words 0: that of the next reading with one covers this one too
    bytes32 vs;
}

/// @title IMeterLedger
/// @notice Readings as they were signed, one a meter and slot, and a Merkle root over each batch of them. Wh.
/// @dev A reading may exceed the connection's contracted Wh: the ledger records what a certified meter saw, also where
/// a fuse was late. Its own limit is 2^24-1 Wh. What is implausible is for the oracle's rules and the disputes to say.
interface IMeterLedger {
    /// @notice A batch of readings was accepted, at least one of them new.
    /// @param batchId Counted from 1.
    /// @param root Merkle root over the readings' EIP-712 digests in the order of the batch, as the SimpleMerkleTree of
    /// OpenZeppelin merkle-tree builds it with `sortLeaves: false`.
    /// @param readings One word a reading: meter 32 | slot 32 | importWh 32 | exportWh 32 | status 8 | sequence 8 |
    /// changed 8 (1 = stored now, 0 = was stored before) | 104 zero bits, most significant first.
    event ReadingBatchStored(uint32 indexed batchId, bytes32 root, bytes32[] readings);

    /// @notice A slot was settled without a reading: no new orders by the meter until one comes.
    /// @param meter The meter.
    /// @param slot The slot.
    event MeterBarred(uint32 indexed meter, uint32 indexed slot);

    /// @notice The barred meter has a reading of the barred slot, or somebody showed that it has one of a later slot.
    /// @param meter The meter.
    /// @param barredSlot The slot it was barred for.
    /// @param readSlot The slot that was read; neither it nor a slot before it bars the meter again.
    event BarLifted(uint32 indexed meter, uint32 barredSlot, uint32 readSlot);

    /// @notice A batch without a reading.
    error MeterLedgerEmptyBatch();

    /// @notice A field that is wider than its type: the call was not encoded by the ledger's ABI.
    error MeterLedgerMalformedReading();

    /// @notice A status that nobody signs: None, Missing (settlement's own) or none of the list.
    /// @param index Place in the batch, from 0.
    /// @param status The status.
    error MeterLedgerBadStatus(uint256 index, uint8 status);

    /// @notice More energy than the ledger can hold.
    /// @param index Place in the batch, from 0.
    /// @param wh The larger of import and export.
    /// @param maximumWh The most it holds.
    error MeterLedgerEnergyTooLarge(uint256 index, uint32 wh, uint32 maximumWh);

    /// @notice A reading of a slot whose delivery has not ended.
    /// @param index Place in the batch, from 0.
    /// @param slot The slot.
    /// @param deliveryEnd When it ends, Unix seconds.
    error MeterLedgerSlotNotEnded(uint256 index, uint32 slot, uint64 deliveryEnd);

    /// @notice A reading after the last moment for its status.
    /// @param index Place in the batch, from 0.
    /// @param slot The slot.
    /// @param until The moment, Unix seconds.
    error MeterLedgerTooLate(uint256 index, uint32 slot, uint64 until);

    /// @notice A reading that ranks below the stored one, or a second actual one.
    /// @param index Place in the batch, from 0.
    /// @param storedStatus ReadingStatus of the stored reading.
    /// @param status ReadingStatus of the refused one.
    error MeterLedgerMayNotReplace(uint256 index, uint8 storedStatus, uint8 status);

    /// @notice A reading of the stored one's rank whose sequence is not above the stored one's.
    /// @param index Place in the batch, from 0.
    /// @param storedSequence Sequence of the stored reading.
    /// @param sequence Sequence of the refused one.
    error MeterLedgerStaleSequence(uint256 index, uint8 storedSequence, uint8 sequence);

    /// @notice An actual reading of a device that is no meter or not active.
    /// @param index Place in the batch, from 0.
    /// @param meter The device.
    error MeterLedgerInactiveMeter(uint256 index, uint32 meter);

    /// @notice A metering operator's reading of a meter that stood at no feeder in the slot.
    /// @param index Place in the batch, from 0.
    /// @param meter The meter.
    /// @param slot The slot.
    error MeterLedgerNoSite(uint256 index, uint32 meter, uint32 slot);

    /// @notice The metering operator of the meter's feeder in the slot is suspended, expelled or not admitted as one,
    /// and so is the one that the feeder has from the first unopened slot on.
    /// @param index Place in the batch, from 0.
    /// @param operator The slot's metering operator, 0 where the feeder had none.
    error MeterLedgerInactiveOperator(uint256 index, address operator);

    /// @notice A signature by another key, for another chain or ledger, over other values, or malformed.
    /// @param index Place in the batch, from 0.
    /// @param signer Whom the signature names, 0 where it is malformed.
    /// @param expected The device's key or the metering operator.
    error MeterLedgerWrongSigner(uint256 index, address signer, address expected);

    /// @notice A reading without a signature of its own and the next one: not actual readings of the same meter.
    /// @param index Place of the later one in the batch, from 0.
    error MeterLedgerMixedSeries(uint256 index);

    /// @notice There is no bar to lift.
    /// @param meter The meter.
    error MeterLedgerNotBarred(uint32 meter);

    /// @notice The slot that should lift the bar is not after the barred one.
    /// @param slot The slot.
    /// @param barredSlot The slot the meter is barred for.
    error MeterLedgerSlotNotLater(uint32 slot, uint32 barredSlot);

    /// @notice The slot that should lift the bar has no reading.
    /// @param meter The meter.
    /// @param slot The slot.
    error MeterLedgerNoReading(uint32 meter, uint32 slot);

    /// @notice Stores a batch of readings; anyone may bring it, the signatures count.
    ///
    /// Who signs, and until when: actual readings the device's key, until the middle of the dispute window; substituted
    /// and estimated ones the metering operator of the meter's feeder in that slot, until the reading window ends;
    /// corrected ones the same operator, until the decision deadline: from then to the final date what was corrected is
    /// settled again, and nothing more is. None before delivery has ended. Where that operator may not act (any more),
    /// the one that the feeder has from the first unopened slot on signs in its place.
    ///
    /// What replaces what: readings rank substituted and estimated < actual < corrected. A higher rank replaces a lower
    /// one whatever the sequences (a device cannot know how often it was estimated); within a rank the sequence must
    /// grow; an actual reading never replaces an actual one.
    ///
    /// Where the meter's feeder has a quorum in the slot, a reading is stored only when k of its n operators attest
    /// exactly it (IReadingQuorum); else ReadingQuorumNotAttested, after all that is asked of the reading itself.
    ///
    /// A reading equal to the stored one in all six fields is accepted as long as that is stored, with any signature,
    /// and changes nothing: so a batch can be sent again after the key, the operator or the time has changed. Any other
    /// reading that may not be stored reverts the whole batch and is named by its index.
    ///
    /// A reading is stored until the first of slot + 4,096 of the meter or one of its three neighbours, long after the
    /// slot's final date (MarketRules). From then on it can be proven by its batch's root only.
    ///
    /// Readings whose signature is zero are a series with the next signed
    /// one: actual readings of one meter, signed together as `ReadingSeries` in the order of the batch. Each is stored,
    /// told and proven as a single one; the signature counts when any of them is new, and then for all of them.
    /// @dev Cheapest where neighbouring meters follow each other, each with up to eight consecutive slots: four meters
    /// share a word a slot.
    /// @param readings One or more.
    /// @return batchId The batch's number, or 0 when all readings were stored before: no root and no event then.
    function submit(Reading[] calldata readings) external returns (uint32 batchId);

    /// @notice Bars meters from new orders: the slot was settled without a reading of theirs. Role SETTLEMENT. Does
    /// nothing for a meter that has a reading of the slot, for a slot whose readings made room for later ones, or that
    /// is not after those the meter was barred or unbarred for. Comes after the reading window: a reading stored from
    /// then on lifts the slot's bar.
    /// @param meters The meters.
    /// @param slot The slot, not 0.
    function bar(uint32[] calldata meters, uint32 slot) external;

    /// @notice Lifts the bar of a meter that has a reading of a later slot. Anyone.
    /// @param meter The meter.
    /// @param laterSlot A slot after the barred one, with a reading.
    function liftBar(uint32 meter, uint32 laterSlot) external;

    /// @notice The stored reading.
    /// @param meter The meter.
    /// @param slot The slot.
    /// @return reading Status None and zeros when there is none, or none any more (`submit`).
    function readingAt(uint32 meter, uint32 slot) external view returns (StoredReading memory reading);

    /// @notice The stored readings of several meters in one slot.
    /// @param meters The meters, cheapest in ascending order.
    /// @param slot The slot.
    /// @return readings In the order of the meters; status None and zeros where there is none (any more).
    function readingsAt(uint32[] calldata meters, uint32 slot) external view returns (StoredReading[] memory readings);

    /// @notice What settlement needs of several meters' readings in one slot, a word each.
    /// @param meters The meters, cheapest in ascending order.
    /// @param slot The slot, not 0.
    /// @return words In the order of the meters: importWh | exportWh | status, 32 bits each, right-aligned; 0 where
    /// there is no reading.
    function readingWordsAt(uint32[] calldata meters, uint32 slot) external view returns (uint256[] memory words);

    /// @notice Whether a slot of the meter was settled as missing and no reading of it or a later one lifted the bar.
    /// @param meter The meter.
    /// @return barred True: no new orders by the meter.
    function isBarred(uint32 meter) external view returns (bool barred);

    /// @notice How the meter is barred.
    /// @param meter The meter.
    /// @return barredSlot Latest slot it was barred for, 0 = never.
    /// @return liftedBySlot Slot by which a bar was lifted last, 0 = never.
    function barOf(uint32 meter) external view returns (uint32 barredSlot, uint32 liftedBySlot);

    /// @notice How many batches there are.
    /// @return count The number of the latest batch.
    function batchCount() external view returns (uint32 count);

    /// @notice The Merkle root of a batch.
    /// @param batchId From 1 to batchCount.
    /// @return root 0 for a batch that does not exist.
    function rootOf(uint32 batchId) external view returns (bytes32 root);

    /// @notice The EIP-712 digest of a reading: what is signed, and its leaf in the batch's tree.
    /// @param reading The reading; its signature is not looked at.
    /// @return digest The digest.
    function digestOf(Reading calldata reading) external view returns (bytes32 digest);

    /// @notice Whether a reading is in a batch.
    /// @param batchId The batch.
    /// @param digest The reading's digest.
    /// @param proof Siblings from the leaf up, as SimpleMerkleTree.getProof gives them.
    /// @return included False also for a batch that does not exist.
    function isInBatch(uint32 batchId, bytes32 digest, bytes32[] calldata proof) external view returns (bool included);
}
