// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice How long a decision of the members takes, for ever.
/// @param votingDelayBlocks From a proposal to its snapshot: who is a member then can vote.
/// @param votingPeriodBlocks From the snapshot to the end of the vote.
/// @param timelockSeconds From queueing to the first moment of execution.
struct GovernorTimes {
    uint48 votingDelayBlocks;
    uint32 votingPeriodBlocks;
    uint32 timelockSeconds;
}

/// @title IFederationGovernor
/// @notice How the members decide: OpenZeppelin's Governor over the votes of Federation. Any member proposes calls;
/// they are made when more than half of all members voted for them, and the timelock is over.
/// @dev The governor is its own timelock and makes the calls itself: it alone holds ADMIN and COUNCIL, so there is no
/// second contract with roles of its own that could be taken away from it. Its times are fixed. Anybody queues a
/// proposal that succeeded, and executes it when its time has come.
interface IFederationGovernor {
    /// @notice The proposal waits in the timelock.
    /// @param proposalId The proposal.
    /// @param etaSeconds From when on it can be executed, Unix seconds.
    error FederationGovernorTooEarly(uint256 proposalId, uint256 etaSeconds);

    /// @notice The governor is the last admin, and cannot be removed.
    /// @param index The call of the proposal that would do it.
    error FederationGovernorLastAdmin(uint256 index);

    /// @notice From queueing to execution.
    /// @return duration Seconds.
    function timelockSeconds() external view returns (uint256 duration);
}
