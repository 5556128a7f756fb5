// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Anchor, AnchorEvidence} from "../types/AnchorTypes.sol";

/// @title IHeaderAnchors
/// @notice Keeps finalised headers of the federation's other chain, so that what stood in its state at a time can be
/// proven on this one. Nobody owns it: anyone shows a header, and the header proves itself.
/// @dev Trusted are the set-up (AnchorSource), and that of each set in force at most f were faulty until the trusting
/// period after the last header that shows it in force. A header N is taken when all of this holds:
/// 1. A quorum of the known set sealed it (QbftSeals), and nobody else did.
/// 2. Its own state, at the election's address, says which set follows, and of which chain: a header has no chain id.
/// 3. The known set was in force for N: either the state's head is still the known one, or the version after the known
///    one came in block N itself. So each block that changed the set must be shown, in order; none can be left out.
/// 4. N is newer than the last header, which is no older than the trusting period, and N's time is past.
interface IHeaderAnchors {
    /// @notice The anchors were set up for a chain.
    /// @param chainId Of the other chain.
    /// @param election Its AccountantElection.
    /// @param genesisHash Its block 0.
    /// @param trustingSeconds The trusting period, s.
    event SourceBound(uint64 indexed chainId, address indexed election, bytes32 genesisHash, uint32 trustingSeconds);

    /// @notice A set of the other chain is known from now on.
    /// @param version Of the set.
    /// @param changedAt The block that wrote it.
    /// @param length Accountants.
    /// @param digest The keccak256 of their packed addresses.
    event SetAdopted(uint64 indexed version, uint64 indexed changedAt, uint32 length, bytes32 digest);

    /// @notice A header was anchored.
    /// @param number Of its block.
    /// @param hash Of its block.
    /// @param stateRoot Of the state after it.
    /// @param timestamp Its time, Unix seconds.
    /// @param setVersion Of the set that sealed it.
    event HeaderAnchored(
        uint64 indexed number,
        bytes32 indexed hash,
        bytes32 stateRoot,
        uint64 timestamp,
        uint64 setVersion
    );

    /// @notice A quorum of the other chain sealed two blocks of one number: more than f were faulty. Nothing more is
    /// anchored, and what was from that number on does not count any more.
    /// @param number Of the blocks.
    /// @param anchored Hash of the one that was anchored.
    /// @param shown Hash of the other.
    event SourceForked(uint64 indexed number, bytes32 anchored, bytes32 shown);

    /// @notice The set-up is not that of another chain with a set.
    /// @param head As given.
    error HeaderAnchorsInvalidSource(uint256 head);

    /// @notice The header's state is another chain's.
    /// @param chainId What it says.
    /// @param expected The chain that is anchored.
    error HeaderAnchorsForeignChain(uint64 chainId, uint64 expected);

    /// @notice What is given as the set is not the one that had to seal the header.
    /// @param digest Of what is given.
    /// @param expected Of the set.
    error HeaderAnchorsWrongSet(bytes32 digest, bytes32 expected);

    /// @notice The set changed before the header, in a block that was not shown.
    /// @param version The first set that is not known.
    /// @param changedAt The block that must be shown first.
    error HeaderAnchorsSetSkipped(uint64 version, uint64 changedAt);

    /// @notice The header is older than the last one, or than the set.
    /// @param number Of the header.
    /// @param latest The last one's.
    error HeaderAnchorsNotNewer(uint64 number, uint64 latest);

    /// @notice The header is too early after the last one. One that changes the set may come at any later time.
    /// @param timestamp Of the header, Unix seconds.
    /// @param earliest What it must be at least.
    error HeaderAnchorsTooSoon(uint64 timestamp, uint64 earliest);

    /// @notice The header is of a time that is still to come.
    /// @param timestamp Of the header, Unix seconds.
    /// @param latest What it may be at most.
    error HeaderAnchorsFromTheFuture(uint64 timestamp, uint64 latest);

    /// @notice The set was not shown to be in force for so long that its keys prove nothing any more.
    /// @param lapsedAt When that came, Unix seconds.
    error HeaderAnchorsTrustLapsed(uint64 lapsedAt);

    /// @notice The other chain's accountants sealed two blocks of one number.
    /// @param number From which on nothing counts.
    error HeaderAnchorsForked(uint64 number);

    /// @notice No header of that number was anchored.
    /// @param number Asked for.
    error HeaderAnchorsUnknown(uint64 number);

    /// @notice Shows a header of the other chain. Anyone. One that is anchored changes nothing. Another one of an
    /// anchored number, sealed as well, is kept as a fork: see SourceForked.
    /// @param evidence The header, who sealed it, and what its state says of the set.
    /// @return isNew False when the header was anchored before.
    function anchor(AnchorEvidence calldata evidence) external returns (bool isNew);

    /// @notice Seconds from an anchored header to the next, so that nobody can fill this chain with headers: 600, or a
    /// quarter of the trusting period if that is less.
    /// @return spacing s.
    function SPACING_SECONDS() external view returns (uint64 spacing);

    /// @notice How far the other chain's clock may be ahead.
    /// @return drift s.
    function DRIFT_SECONDS() external view returns (uint64 drift);

    /// @notice The other chain.
    /// @return chainId Its id.
    /// @return election Its AccountantElection.
    /// @return genesisHash Its block 0.
    /// @return trustingSeconds The trusting period, s.
    function source()
        external
        view
        returns (uint64 chainId, address election, bytes32 genesisHash, uint32 trustingSeconds);

    /// @notice The set that seals the next header.
    /// @return head Slot 2 of the election (SetWords).
    /// @return digest Slot 1: the keccak256 of the packed addresses.
    function knownSet() external view returns (uint256 head, bytes32 digest);

    /// @notice How far the anchors have come.
    /// @return number Of the last header, or of the set-up's block.
    /// @return timestamp Its time, Unix seconds.
    /// @return forkedAt From which number on nothing counts; 0: all counts.
    function latest() external view returns (uint64 number, uint64 timestamp, uint64 forkedAt);

    /// @notice An anchored header.
    /// @param number Of its block.
    /// @return anchored What is kept of it.
    function anchorAt(uint64 number) external view returns (Anchor memory anchored);

    /// @notice A word of storage on the other chain, as it was after an anchored block; zero can't be shown.
    /// @param number Of the block.
    /// @param account The contract.
    /// @param slot Where the word stands.
    /// @param accountProof As `eth_getProof` has it for that block.
    /// @param storageProof Likewise, of the slot.
    /// @return word What stood there.
    /// @return timestamp The block's time, Unix seconds.
    function wordAt(
        uint64 number,
        address account,
        uint256 slot,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) external view returns (uint256 word, uint64 timestamp);
}
