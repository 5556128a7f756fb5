// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IBackupRegister
/// @notice Which blocks of this chain each member says that it keeps in full, and what they come to: the heavy backup.
/// @dev A member says it per archive file: first block, last block, and the root of the Merkle tree over the hashes of
/// the blocks between (leaves in the chain's order, pairs sorted: OpenZeppelin's SimpleMerkleTree). Who keeps the same
/// blocks comes to the same root, and whoever has the headers can compute it; who publishes another one keeps another
/// chain, or keeps nothing. The transaction's signature is the member's.
/// Ranges stand in the events alone. Per member there is a chained hash over all it ever said, so that a reader sees
/// whether a node left out or altered some: head = keccak256(abi.encode(head before, from, to, root)), from zero on;
/// a withdrawal has the root zero.
/// Whether a member really keeps what it says is not asked here.
///
/// | function | who may call it |
/// |---|---|
/// | publish | an active member |
/// | withdraw | a member that published something, active or not |
interface IBackupRegister {
    /// @notice Blocks that a member keeps.
    /// @param from First block's number.
    /// @param to Last block's number.
    /// @param root Over the hashes of the blocks between, both included.
    struct BackupRange {
        uint48 from;
        uint48 to;
        bytes32 root;
    }

    /// @notice What a member said last.
    /// @param count How many ranges it published and withdrew so far.
    /// @param from First block of the last one.
    /// @param to Last block of the last one.
    /// @param publishedAt When, Unix seconds; 0 when nothing was said.
    /// @param root Of the last one; zero: it was withdrawn.
    /// @param head Chained over all of them.
    struct LastBackup {
        uint48 count;
        uint48 from;
        uint48 to;
        uint48 publishedAt;
        bytes32 root;
        bytes32 head;
    }

    /// @notice A member says that it keeps these blocks.
    /// @param member Who.
    /// @param from First block's number.
    /// @param to Last block's number.
    /// @param root Over the hashes of the blocks between.
    /// @param head Chained over all that the member said, this included.
    event BackupPublished(address indexed member, uint48 from, uint48 to, bytes32 root, bytes32 head);

    /// @notice A member says that it does not keep these blocks, whatever it said before.
    /// @param member Who.
    /// @param from First block's number.
    /// @param to Last block's number.
    /// @param head Chained over all that the member said, this included.
    event BackupWithdrawn(address indexed member, uint48 from, uint48 to, bytes32 head);

    /// @notice Only an active member publishes.
    /// @param member Who tried.
    error BackupRegisterInactive(address member);

    /// @notice So many ranges go into one call, one at least.
    /// @param count How many were given.
    /// @param most How many may be.
    error BackupRegisterInvalidCount(uint256 count, uint256 most);

    /// @notice A range ends where it begins or later, has at most 8,192 blocks when it is published, and only blocks
    /// that there are.
    /// @param from First block given.
    /// @param to Last block given.
    /// @param present The present block.
    error BackupRegisterInvalidRange(uint256 from, uint256 to, uint256 present);

    /// @notice A published range has a root, which is not zero.
    /// @param from First block given.
    error BackupRegisterZeroRoot(uint256 from);

    /// @notice Only who published something has something to withdraw.
    /// @param member Who tried.
    error BackupRegisterNothingPublished(address member);

    /// @notice Says that the caller, an active member, keeps these blocks. The same range again is no error.
    /// @param ranges 1 to 64.
    function publish(BackupRange[] calldata ranges) external;

    /// @notice Says that the caller does not keep these blocks, whatever it said before.
    /// @param from First block's number.
    /// @param to Last block's number; any range that is not in the future.
    function withdraw(uint48 from, uint48 to) external;

    /// @notice What a member said last.
    /// @param member Any account.
    /// @return last All zero when it said nothing.
    function lastBackupOf(address member) external view returns (LastBackup memory last);
}
