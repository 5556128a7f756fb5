// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title IStandingObserver
/// @notice Whom Federation tells that an account's standing or roles changed.
interface IStandingObserver {
    /// @notice Looks at the account anew. Whoever calls it, only what Federation says of the account counts.
    /// @param account The member or user.
    function standingChanged(address account) external;
}
