// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HomePosting, ITradeEscrow, PartyPosting} from "../interfaces/ITradeEscrow.sol";

/// @title EscrowCall
/// @notice Calls ITradeEscrow.post with homes that already lie in memory as the call's data has them: one behind the
///         other, behind room for the head (SettlementMemory.layPostings). Saves a copy of nine words a home.
/// @dev The same bytes as `escrow.post(area, slot, homes, parties)`: tested by test_EscrowCallIsTheAbiEncodedCall.
library EscrowCall {
    /// @notice Posts.
    /// @param escrow The escrow.
    /// @param area City or feeder.
    /// @param slot The slot.
    /// @param homes A list of SettlementMemory, at least one long; its memory takes the answer, and is not used after
    /// it.
    /// @param homeCount How many of them to post.
    /// @param parties Suppliers and grid operators, one behind the other.
    /// @return heldMicro Where the escrow's first answer begins in memory: what each home has held.
    /// @return uncoveredMicro Where the second begins: what of each home's grid share was charged.
    function post(
        ITradeEscrow escrow,
        uint256 area,
        uint256 slot,
        HomePosting[] memory homes,
        uint256 homeCount,
        PartyPosting[] memory parties
    ) internal returns (uint256 heldMicro, uint256 uncoveredMicro) {
        bytes4 selector = ITradeEscrow.post.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // head: selector (left-aligned in its last 4 bytes), area, slot, where homes and parties begin, homes'
            // number
            let head := sub(mload(add(homes, 0x20)), 0xc0)
            let homeBytes := mul(homeCount, 0x120)
            mstore(head, shr(224, selector))
            mstore(add(head, 0x20), area)
            mstore(add(head, 0x40), slot)
            mstore(add(head, 0x60), 0x80)
            mstore(add(head, 0x80), add(0xa0, homeBytes))
            mstore(add(head, 0xa0), homeCount)
            let end := add(add(head, 0xc0), homeBytes)
            mstore(end, mload(parties))
            let partyBytes := mul(mload(parties), 0x80)
            // an empty list has no first record
            if partyBytes {
                mcopy(add(end, 0x20), mload(add(parties, 0x20)), partyBytes)
            }
            end := add(add(end, 0x20), partyBytes)
            if iszero(call(gas(), escrow, 0, add(head, 0x1c), sub(end, add(head, 0x1c)), 0, 0)) {
                returndatacopy(head, 0, returndatasize())
                revert(head, returndatasize())
            }
            returndatacopy(head, 0, returndatasize())
            heldMicro := add(add(head, mload(head)), 0x20)
            uncoveredMicro := add(add(head, mload(add(head, 0x20))), 0x20)
        }
    }

    /// @notice One amount of an answer.
    /// @param answers Where it begins.
    /// @param index Which home.
    /// @return amountMicro Micro-credits.
    function answer(uint256 answers, uint256 index) internal pure returns (uint64 amountMicro) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            amountMicro := mload(add(answers, shl(5, index)))
        }
    }
}
