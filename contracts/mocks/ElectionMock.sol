// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title ElectionMock
/// @notice What AccountingRevenue sees of an election in which everybody is a seated accountant without voters.
contract ElectionMock {
    /// @notice As AccountantElection.
    /// @param coinbase The block's.
    /// @return candidate 0 for the zero address, 1 for all others.
    /// @return member The same address.
    /// @return liveWeight Always 0.
    function bookingOf(address coinbase) external pure returns (uint16 candidate, address member, uint256 liveWeight) {
        return (coinbase == address(0) ? 0 : 1, coinbase, 0);
    }
}
