// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IAccountantSeats
/// @notice What an emergency suspension asks AccountantElection: how many seats there are, and who has one.
interface IAccountantSeats {
    /// @notice The node addresses in force from the next block on.
    /// @return validators Ascending, never empty.
    function getValidators() external view returns (address[] memory validators);

    /// @notice The candidate that a member is.
    /// @param member The account.
    /// @return candidate 0: none.
    function candidateOf(address member) external view returns (uint16 candidate);

    /// @notice What a candidate's word is.
    /// @param candidate Its number.
    /// @return word Among others the flag "seated", bit 209.
    function wordOf(uint16 candidate) external view returns (uint256 word);
}
