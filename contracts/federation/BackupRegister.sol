// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IBackupRegister} from "../interfaces/IBackupRegister.sol";
import {IFederation} from "../interfaces/IFederation.sol";

/// @title BackupRegister
/// @notice Which blocks of this chain each member says that it keeps in full.
contract BackupRegister is IBackupRegister {
    /// @notice Ranges of one call at most.
    uint256 public constant MOST_RANGES = 64;
    /// @notice Blocks of a published range at most.
    uint256 public constant MOST_BLOCKS = 8_192;

    /// @notice Who is an active member.
    IFederation public immutable FEDERATION;

    mapping(address member => LastBackup last) private _lastOf; // slot 0

    /// @notice Nothing is published yet.
    /// @param federation Who is an active member.
    constructor(IFederation federation) {
        FEDERATION = federation;
    }

    /// @inheritdoc IBackupRegister
    function publish(BackupRange[] calldata ranges) external {
        if (!FEDERATION.isMember(msg.sender) || !FEDERATION.isActive(msg.sender)) {
            revert BackupRegisterInactive(msg.sender);
        }
        if (ranges.length == 0 || ranges.length > MOST_RANGES) {
            revert BackupRegisterInvalidCount(ranges.length, MOST_RANGES);
        }
        LastBackup memory last = _lastOf[msg.sender];
        for (uint256 i = 0; i < ranges.length; ++i) {
            BackupRange calldata range = ranges[i];
            _requireBlocks(range.from, range.to);
            if (range.to - range.from >= MOST_BLOCKS) {
                revert BackupRegisterInvalidRange(range.from, range.to, block.number);
            }
            if (range.root == 0) revert BackupRegisterZeroRoot(range.from);
            _append(last, range.from, range.to, range.root);
            emit BackupPublished({
                member: msg.sender,
                from: range.from,
                to: range.to,
                root: range.root,
                head: last.head
            });
        }
        _lastOf[msg.sender] = last;
    }

    /// @inheritdoc IBackupRegister
    function withdraw(uint48 from, uint48 to) external {
        LastBackup memory last = _lastOf[msg.sender];
        if (last.count == 0) revert BackupRegisterNothingPublished(msg.sender);
        _requireBlocks(from, to);
        _append(last, from, to, 0);
        _lastOf[msg.sender] = last;
        emit BackupWithdrawn(msg.sender, from, to, last.head);
    }

    /// @inheritdoc IBackupRegister
    function lastBackupOf(address member) external view returns (LastBackup memory last) {
        return _lastOf[member];
    }

    function _requireBlocks(uint48 from, uint48 to) private view {
        // not `>=`: nodes try transactions in the latest block's place
        if (from > to || to > block.number) revert BackupRegisterInvalidRange(from, to, block.number);
    }

    function _append(LastBackup memory last, uint48 from, uint48 to, bytes32 root) private view {
        last.head = keccak256(abi.encode(last.head, from, to, root));
        ++last.count;
        last.from = from;
        last.to = to;
        last.root = root;
        last.publishedAt = uint48(block.timestamp);
    }
}
