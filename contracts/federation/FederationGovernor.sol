// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

import {GovernorTimes, IFederationGovernor} from "../interfaces/IFederationGovernor.sol";

/// @title FederationGovernor
/// @notice The members' decisions: proposed by a member, voted by more than half of all, delayed, executed by anybody.
contract FederationGovernor is GovernorCountingSimple, GovernorVotes, IFederationGovernor {
    uint64 private constant _ADMIN = 0;

    IAccessManager private immutable _MANAGER;
    uint48 private immutable _DELAY_BLOCKS;
    uint32 private immutable _PERIOD_BLOCKS;
    uint32 private immutable _TIMELOCK_SECONDS;
    uint32 private immutable _QUEUE_BLOCKS;
    uint32 private immutable _EXECUTION_SECONDS;

    /// @notice Holds no role until the hand-over.
    /// @param members Federation, which counts the votes.
    /// @param manager The AccessManager that this is to administer.
    /// @param times How long a decision takes, and counts; a voting period of no block is refused, and no time to queue
    /// or to execute.
    constructor(
        IVotes members,
        IAccessManager manager,
        GovernorTimes memory times
    ) Governor("Commonwatt FederationGovernor") GovernorVotes(members) {
        if (times.votingPeriodBlocks == 0) revert GovernorInvalidVotingPeriod(0);
        if (times.queueBlocks == 0) revert FederationGovernorInvalidTime("queueBlocks");
        if (times.executionSeconds == 0) revert FederationGovernorInvalidTime("executionSeconds");
        _MANAGER = manager;
        _DELAY_BLOCKS = times.votingDelayBlocks;
        _PERIOD_BLOCKS = times.votingPeriodBlocks;
        _TIMELOCK_SECONDS = times.timelockSeconds;
        _QUEUE_BLOCKS = times.queueBlocks;
        _EXECUTION_SECONDS = times.executionSeconds;
    }

    /// @inheritdoc IFederationGovernor
    function timelockSeconds() external view returns (uint256 duration) {
        return _TIMELOCK_SECONDS;
    }

    /// @inheritdoc IFederationGovernor
    function queueBlocks() external view returns (uint256 count) {
        return _QUEUE_BLOCKS;
    }

    /// @inheritdoc IFederationGovernor
    function executionSeconds() external view returns (uint256 duration) {
        return _EXECUTION_SECONDS;
    }

    /// @notice Makes the calls of a proposal whose time in the timelock is over. Anyone.
    /// @param targets Whom it calls.
    /// @param values Wei that go with each call.
    /// @param calldatas What it calls.
    /// @param descriptionHash The keccak256 of its description.
    /// @return proposalId The proposal.
    function execute(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) public payable override returns (uint256 proposalId) {
        proposalId = getProposalId({
            targets: targets,
            values: values,
            calldatas: calldatas,
            descriptionHash: descriptionHash
        });
        uint256 etaSeconds = proposalEta(proposalId);
        if (block.timestamp < etaSeconds) revert FederationGovernorTooEarly(proposalId, etaSeconds);
        return
            super.execute({targets: targets, values: values, calldatas: calldatas, descriptionHash: descriptionHash});
    }

    /// @notice Where a proposal is. One that succeeded and was not queued, or was queued and not executed, in time is
    /// Expired: who would agree to it by then, nobody asked.
    /// @param proposalId The proposal.
    /// @return current As OpenZeppelin's IGovernor numbers states.
    function state(uint256 proposalId) public view override returns (ProposalState current) {
        current = super.state(proposalId);
        if (current == ProposalState.Succeeded) {
            if (block.number > proposalDeadline(proposalId) + _QUEUE_BLOCKS) return ProposalState.Expired;
        } else if (current == ProposalState.Queued) {
            if (block.timestamp >= proposalEta(proposalId) + _EXECUTION_SECONDS) return ProposalState.Expired;
        }
    }

    /// @notice From a proposal to its snapshot.
    /// @return blocks Number of blocks.
    function votingDelay() public view override returns (uint256 blocks) {
        return _DELAY_BLOCKS;
    }

    /// @notice From the snapshot to the end of the vote.
    /// @return blocks Number of blocks.
    function votingPeriod() public view override returns (uint256 blocks) {
        return _PERIOD_BLOCKS;
    }

    /// @notice Votes for a proposal that decide it: more than half of all members.
    /// @param timepoint The proposal's snapshot, a block before the present one.
    /// @return votes Number of members.
    function quorum(uint256 timepoint) public view override returns (uint256 votes) {
        return token().getPastTotalSupply(timepoint) / 2 + 1;
    }

    /// @notice A member's one vote lets it propose.
    /// @return votes 1.
    function proposalThreshold() public pure override returns (uint256 votes) {
        return 1;
    }

    /// @notice Every proposal waits in the timelock.
    /// @return needed True.
    function proposalNeedsQueuing(uint256) public pure override returns (bool needed) {
        return true;
    }

    // solhint-disable func-name-mixedcase
    /// @notice Against, for, abstain; the votes for a proposal alone decide.
    /// @return mode As OpenZeppelin's IGovernor defines it.
    function COUNTING_MODE() public pure override(GovernorCountingSimple, IGovernor) returns (string memory mode) {
        return "support=bravo&quorum=for";
    }
    // solhint-enable func-name-mixedcase

    /// @dev A proposal that plainly removes the admin is refused here, so that nobody votes on it; the AccessManager
    /// refuses it in whatever form.
    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256 proposalId) {
        proposalId = super._propose({
            targets: targets,
            values: values,
            calldatas: calldatas,
            description: description,
            proposer: proposer
        });
        bytes32 revoked = keccak256(abi.encodeCall(IAccessManager.revokeRole, (_ADMIN, address(this))));
        bytes32 renounced = keccak256(abi.encodeCall(IAccessManager.renounceRole, (_ADMIN, address(this))));
        for (uint256 i = 0; i < targets.length; ++i) {
            if (targets[i] != address(_MANAGER)) continue;
            bytes32 called = keccak256(calldatas[i]);
            if (called == revoked || called == renounced) revert FederationGovernorLastAdmin(i);
        }
    }

    function _queueOperations(
        uint256,
        address[] memory,
        uint256[] memory,
        bytes[] memory,
        bytes32
    ) internal view override returns (uint48 etaSeconds) {
        return uint48(block.timestamp) + _TIMELOCK_SECONDS;
    }

    /// @dev More than half of all for it is more for it than against it.
    function _quorumReached(
        uint256 proposalId
    ) internal view override(Governor, GovernorCountingSimple) returns (bool reached) {
        (, uint256 forVotes, ) = proposalVotes(proposalId);
        return forVotes >= quorum(proposalSnapshot(proposalId));
    }
}
