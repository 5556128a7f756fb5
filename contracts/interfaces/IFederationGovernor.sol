// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice How long a decision of the members takes, and how long it counts, for ever.
/// @param votingDelayBlocks From a proposal to its snapshot: who is a member then can vote.
/// @param votingPeriodBlocks From the snapshot to the end of the vote.
/// @param timelockSeconds From queueing to the first moment of execution.
/// @param queueBlocks From the end of the vote to the last block in which it can be queued.
/// @param executionSeconds From the first moment of execution to when it has expired.
struct GovernorTimes {
    uint48 votingDelayBlocks;
    uint32 votingPeriodBlocks;
    uint32 timelockSeconds;
    uint32 queueBlocks;
    uint32 executionSeconds;
}

/// @title IFederationGovernor
/// @notice How the members decide: OpenZeppelin's Governor over the votes of Federation. Any member proposes calls;
/// they are made when more than half of all members voted for them, and the timelock is over.
/// @dev The governor is its own timelock and makes the calls itself: it alone holds ADMIN and COUNCIL, so there is no
/// second contract with roles of its own that could be taken away from it. Its times are fixed. Anybody queues a
/// proposal that succeeded, and executes it when its time has come; a decision that nobody queued, or executed, in time
/// has expired (IGovernor.ProposalState), and is proposed anew.
interface IFederationGovernor {
    /// @notice The proposal waits in the timelock.
    /// @param proposalId The proposal.
    /// @param etaSeconds From when on it can be executed, Unix seconds.
    error FederationGovernorTooEarly(uint256 proposalId, uint256 etaSeconds);

    /// @notice The governor is the last admin, and cannot be removed.
    /// @param index The call of the proposal that would do it.
    error FederationGovernorLastAdmin(uint256 index);

    /// @notice A time that the governor cannot have.
    /// @param setting Its name.
    error FederationGovernorInvalidTime(bytes32 setting);

    /// @notice From queueing to execution.
    /// @return duration Seconds.
    function timelockSeconds() external view returns (uint256 duration);

    /// @notice From the end of a vote to the last block in which its proposal can be queued.
    /// @return count Number of blocks.
    function queueBlocks() external view returns (uint256 count);

    /// @notice From the end of a proposal's timelock to when it can be executed no more.
    /// @return duration Seconds.
    function executionSeconds() external view returns (uint256 duration);
}
