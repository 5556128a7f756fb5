// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The other chain as it is trusted to be when the anchors are set up.
/// @param election Address of its AccountantElection.
/// @param genesisHash Hash of its block 0, for whoever compares it with a deployment file; no header is held to it.
/// @param head Slot 2 of its election (SetWords): the chain's id, and which set is known.
/// @param digest Slot 1 of its election: the keccak256 of that set's packed addresses.
/// @param number The block in whose state these two stood.
/// @param timestamp That block's, Unix seconds; from then on the set is trusted for `trustingSeconds`.
/// @param trustingSeconds How long accountants stay accountable for a set that is known, s.
struct AnchorSource {
    address election;
    bytes32 genesisHash;
    uint256 head;
    bytes32 digest;
    uint64 number;
    uint64 timestamp;
    uint32 trustingSeconds;
}

/// @notice A sealed header, and what its state says of the set.
/// @param header RLP, with its round and seals.
/// @param set The set that is known and sealed it, ascending.
/// @param accountProof Of the election, from the header's state root, as `eth_getProof` has it.
/// @param headProof Of slot 2.
/// @param digestProof Of slot 1; empty when the set did not change.
/// @param changeProof Of the past set's first word (SetWords.pastSlotOf) of the version after the known one; empty
/// unless the head is of a later version than that.
struct AnchorEvidence {
    bytes header;
    address[] set;
    bytes[] accountProof;
    bytes[] headProof;
    bytes[] digestProof;
    bytes[] changeProof;
}

/// @notice A finalised header of the other chain.
/// @param hash Of the block.
/// @param stateRoot Of the state after it.
/// @param timestamp Unix seconds.
/// @param setVersion Of the set that sealed it.
struct Anchor {
    bytes32 hash;
    bytes32 stateRoot;
    uint64 timestamp;
    uint64 setVersion;
}
