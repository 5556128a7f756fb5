// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {FederationGovernor} from "../../contracts/federation/FederationGovernor.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IFederationAccessManager} from "../../contracts/interfaces/IFederationAccessManager.sol";
import {GovernorTimes, IFederationGovernor} from "../../contracts/interfaces/IFederationGovernor.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {GovernanceFixture} from "../utils/GovernanceFixture.sol";

contract FederationGovernorTest is GovernanceFixture {
    address private candidate;

    function setUp() public {
        deployGoverned(5);
        candidate = makeAddr("candidate");
    }

    // -------------------- deciding

    function test_MoreThanHalfOfAllMembersDecide() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = propose(founders[1], address(federation), data);
        assertState(proposalId, IGovernor.ProposalState.Pending);
        vm.roll(block.number + DELAY_BLOCKS + 1);
        assertState(proposalId, IGovernor.ProposalState.Active);
        for (uint256 i = 0; i < 3; ++i) vote(founders[i], proposalId, 1);
        vote(founders[3], proposalId, 0);
        queue(address(federation), data);
        assertState(proposalId, IGovernor.ProposalState.Queued);
        vm.warp(NOW + TIMELOCK_SECONDS);
        vm.prank(makeAddr("anybody"));
        execute(address(federation), data);
        assertState(proposalId, IGovernor.ProposalState.Executed);
        assertTrue(federation.isActive(candidate));
        assertEq(federation.memberCount(), 6);
    }

    function testFuzz_OnlyMoreThanHalfOfAllPasses(uint256 count, uint256 seed) public {
        count = bound(count, 1, 12);
        delete founders;
        deployGoverned(count);
        uint256 proposalId = propose(founders[0], address(federation), _admission(candidate));
        vm.roll(block.number + DELAY_BLOCKS + 1);
        uint256 forIt = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint8 support = uint8((seed >> (2 * i)) & 3); // 3: does not vote
            if (support == 1) ++forIt;
            if (support != 3) vote(founders[i], proposalId, support);
        }
        vm.roll(governor.proposalDeadline(proposalId) + 1);
        bool passes = forIt * 2 > count;
        assertState(proposalId, passes ? IGovernor.ProposalState.Succeeded : IGovernor.ProposalState.Defeated);
    }

    function test_HalfOfTheMembersIsNotEnough() public {
        delete founders;
        deployGoverned(4);
        uint256 proposalId = propose(founders[0], address(federation), _admission(candidate));
        vm.roll(block.number + DELAY_BLOCKS + 1);
        vote(founders[0], proposalId, 1);
        vote(founders[1], proposalId, 1);
        vote(founders[2], proposalId, 2); // abstains: counts for nothing
        vm.roll(governor.proposalDeadline(proposalId) + 1);
        assertState(proposalId, IGovernor.ProposalState.Defeated);
    }

    function test_WhoIsAMemberAtTheSnapshotVotes() public {
        uint256 proposalId = propose(founders[0], address(federation), _admission(candidate));
        vm.roll(block.number + DELAY_BLOCKS + 1);
        vm.startPrank(address(governor)); // as another decision would
        federation.admitMember(makeAddr("late"), 1);
        federation.expel(founders[4]);
        vm.stopPrank();
        vm.roll(block.number + 1);
        vote(makeAddr("late"), proposalId, 1);
        vote(makeAddr("nobody"), proposalId, 1);
        vote(founders[0], proposalId, 1);
        vote(founders[4], proposalId, 1);
        (, uint256 forVotes, ) = governor.proposalVotes(proposalId);
        assertEq(forVotes, 2, "the founders', one of them expelled since");
        assertEq(governor.quorum(governor.proposalSnapshot(proposalId)), 3, "more than half of the five");
    }

    function test_TheSuspendedProposeAndVote() public {
        vm.prank(address(governor));
        federation.suspend(founders[1], type(uint48).max);
        uint256 proposalId = propose(founders[1], address(federation), _admission(candidate));
        vm.roll(block.number + DELAY_BLOCKS + 1);
        vote(founders[1], proposalId, 1);
        (, uint256 forVotes, ) = governor.proposalVotes(proposalId);
        assertEq(forVotes, 1);
    }

    function test_RevertWhen_SomebodyElseProposes() public {
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInsufficientProposerVotes.selector, candidate, 0, 1));
        propose(candidate, address(federation), _admission(candidate));
    }

    function test_RevertWhen_AnExpelledMemberProposes() public {
        vm.prank(address(governor));
        federation.expel(founders[2]);
        vm.roll(block.number + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInsufficientProposerVotes.selector, founders[2], 0, 1)
        );
        propose(founders[2], address(federation), _admission(candidate));
    }

    function test_RevertWhen_AMemberVotesTwice() public {
        uint256 proposalId = propose(founders[0], address(federation), _admission(candidate));
        vm.roll(block.number + DELAY_BLOCKS + 1);
        vote(founders[0], proposalId, 1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorAlreadyCastVote.selector, founders[0]));
        vote(founders[0], proposalId, 1);
    }

    function test_RevertWhen_ADefeatedProposalIsQueued() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = propose(founders[0], address(federation), data);
        vm.roll(governor.proposalDeadline(proposalId) + 1);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = oneCall(address(federation), data);
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        governor.queue(targets, values, calls, keccak256("decision"));
    }

    // -------------------- the timelock

    function test_RevertWhen_ADecisionIsExecutedBeforeItsTime() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = approve(address(federation), data);
        vm.warp(NOW + TIMELOCK_SECONDS - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IFederationGovernor.FederationGovernorTooEarly.selector,
                proposalId,
                NOW + TIMELOCK_SECONDS
            )
        );
        execute(address(federation), data);
        vm.warp(NOW + TIMELOCK_SECONDS);
        execute(address(federation), data);
        assertTrue(federation.isMember(candidate));
    }

    function test_RevertWhen_ADecisionIsExecutedWithoutTheTimelock() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = propose(founders[0], address(federation), data);
        vm.roll(block.number + DELAY_BLOCKS + 1);
        for (uint256 i = 0; i < 3; ++i) vote(founders[i], proposalId, 1);
        vm.roll(governor.proposalDeadline(proposalId) + 1);
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        execute(address(federation), data);
    }

    function test_RevertWhen_ADecisionIsExecutedTwice() public {
        bytes memory data = _admission(candidate);
        decide(address(federation), data);
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        execute(address(federation), data);
    }

    function test_ADecisionIsMadeAsAWholeOrNotAtAll() public {
        address[] memory targets = new address[](2);
        bytes[] memory calls = new bytes[](2);
        (targets[0], calls[0]) = (address(federation), _admission(candidate));
        (targets[1], calls[1]) = (address(federation), _admission(founders[0])); // is one already
        vm.prank(founders[0]);
        uint256 proposalId = governor.propose(targets, new uint256[](2), calls, "two");
        vm.roll(block.number + DELAY_BLOCKS + 1);
        for (uint256 i = 0; i < 5; ++i) vote(founders[i], proposalId, 1);
        vm.roll(governor.proposalDeadline(proposalId) + 1);
        governor.queue(targets, new uint256[](2), calls, keccak256("two"));
        vm.warp(block.timestamp + TIMELOCK_SECONDS);
        vm.expectRevert(abi.encodeWithSelector(IFederation.FederationAccountExists.selector, founders[0]));
        governor.execute(targets, new uint256[](2), calls, keccak256("two"));
        assertFalse(federation.isMember(candidate));
        assertState(proposalId, IGovernor.ProposalState.Queued);
    }

    function test_OnlyTheProposerTakesAProposalBackAndOnlyBeforeTheVote() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = propose(founders[0], address(federation), data);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = oneCall(address(federation), data);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, proposalId, founders[1]));
        vm.prank(founders[1]);
        governor.cancel(targets, values, calls, keccak256("decision"));
        uint256 before = vm.snapshotState();
        vm.prank(founders[0]);
        governor.cancel(targets, values, calls, keccak256("decision"));
        assertState(proposalId, IGovernor.ProposalState.Canceled);
        vm.revertToState(before);
        vm.roll(block.number + DELAY_BLOCKS + 1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, proposalId, founders[0]));
        vm.prank(founders[0]);
        governor.cancel(targets, values, calls, keccak256("decision"));
    }

    // -------------------- what the governor can do

    function test_TheGovernorGrantsARoleOfMembersAndTakesItBack() public {
        decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (Roles.ISSUER, founders[1], 0)));
        assertTrue(_has(Roles.ISSUER, founders[1]));
        decide(address(manager), abi.encodeCall(IAccessManager.revokeRole, (Roles.ISSUER, founders[1])));
        assertFalse(_has(Roles.ISSUER, founders[1]));
    }

    function test_TheGovernorExpelsAMember() public {
        decide(address(federation), abi.encodeCall(IFederation.expel, (founders[1])));
        assertFalse(federation.isMember(founders[1]));
        assertEq(federation.getVotes(founders[1]), 0);
    }

    // -------------------- what it cannot do

    function test_RevertWhen_AProposalWouldRemoveTheLastAdmin() public {
        bytes[2] memory removals = [
            abi.encodeCall(IAccessManager.revokeRole, (0, address(governor))),
            abi.encodeCall(IAccessManager.renounceRole, (0, address(governor)))
        ];
        for (uint256 i = 0; i < removals.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IFederationGovernor.FederationGovernorLastAdmin.selector, 0));
            propose(founders[1], address(manager), removals[i]);
        }
        address[] memory targets = new address[](2);
        bytes[] memory calls = new bytes[](2);
        (targets[0], calls[0]) = (address(federation), _admission(candidate));
        (targets[1], calls[1]) = (address(manager), removals[1]);
        vm.expectRevert(abi.encodeWithSelector(IFederationGovernor.FederationGovernorLastAdmin.selector, 1));
        vm.prank(founders[1]);
        governor.propose(targets, new uint256[](2), calls, "hidden behind another");
    }

    /// In whatever form it comes, the AccessManager refuses it when it is executed.
    function test_RevertWhen_ADisguisedProposalWouldRemoveTheLastAdmin() public {
        bytes memory removal = abi.encodeCall(IAccessManager.revokeRole, (0, address(governor)));
        bytes[] memory calls = new bytes[](1);
        calls[0] = removal;
        bytes memory lastAdmin = abi.encodeWithSelector(
            IFederationAccessManager.FederationAccessManagerLastAdmin.selector,
            address(governor)
        );
        _expectRefused(address(manager), abi.encodeCall(Multicall.multicall, (calls)), lastAdmin);
        _expectRefused(address(manager), abi.encodePacked(removal, uint256(1)), lastAdmin);
        _expectRefused(address(governor), abi.encodeCall(Governor.relay, (address(manager), 0, removal)), lastAdmin);
    }

    function test_RevertWhen_TheGovernorWouldHaveAnotherAdmin() public {
        _expectSealed(abi.encodeCall(IAccessManager.grantRole, (0, founders[0], 0)), 0);
        _expectSealed(abi.encodeCall(IAccessManager.grantRole, (0, address(governor), type(uint32).max)), 0);
        _expectRefused(
            address(manager),
            abi.encodeCall(IFederationAccessManager.handOver, (address(emergency))),
            abi.encodeWithSelector(
                IFederationAccessManager.FederationAccessManagerHandedOver.selector,
                address(governor)
            )
        );
    }

    function test_RevertWhen_TheGovernorReachesForTheEscrow() public {
        _expectSealed(abi.encodeCall(IAccessManager.grantRole, (Roles.MARKET, founders[0], 0)), Roles.MARKET);
        _expectSealed(abi.encodeCall(IAccessManager.revokeRole, (Roles.MARKET, market)), Roles.MARKET);
        bytes memory sealed_ = abi.encodeWithSelector(
            IFederationAccessManager.FederationAccessManagerSealedFunction.selector,
            escrow,
            ITradeEscrow.lock.selector
        );
        bytes4[] memory lock = only(ITradeEscrow.lock.selector);
        uint64[3] memory roles = [Roles.COUNCIL, 0, type(uint64).max];
        for (uint256 i = 0; i < roles.length; ++i) {
            _expectRefused(
                address(manager),
                abi.encodeCall(IAccessManager.setTargetFunctionRole, (escrow, lock, roles[i])),
                sealed_
            );
        }
        _expectNotOffered(abi.encodeCall(IAccessManager.updateAuthority, (escrow, founders[0])));
        _expectNotOffered(abi.encodeCall(IAccessManager.setTargetClosed, (escrow, true)));
    }

    function test_RevertWhen_TheGovernorWouldTieItsOwnHands() public {
        _expectNotOffered(abi.encodeCall(IAccessManager.setRoleAdmin, (Roles.COUNCIL, Roles.ISSUER)));
        _expectNotOffered(abi.encodeCall(IAccessManager.setRoleGuardian, (Roles.COUNCIL, Roles.ISSUER)));
        _expectNotOffered(abi.encodeCall(IAccessManager.setGrantDelay, (Roles.COUNCIL, type(uint32).max)));
        address target = address(federation);
        _expectNotOffered(abi.encodeCall(IAccessManager.setTargetAdminDelay, (target, type(uint32).max)));
    }

    /// COUNCIL can be given up, and taken again: ADMIN stays.
    function test_TheGovernorTakesBackACouncilThatItGaveUp() public {
        decide(address(manager), abi.encodeCall(IAccessManager.revokeRole, (Roles.COUNCIL, address(governor))));
        assertFalse(_has(Roles.COUNCIL, address(governor)));
        decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (Roles.COUNCIL, address(governor), 0)));
        decide(address(federation), _admission(candidate));
        assertTrue(federation.isMember(candidate));
    }

    function test_RevertWhen_TheGovernorExpelsTheLastMember() public {
        delete founders;
        deployGoverned(1);
        _expectRefused(
            address(federation),
            abi.encodeCall(IFederation.expel, (founders[0])),
            abi.encodeWithSelector(IFederation.FederationLastMember.selector, founders[0])
        );
    }

    function test_RevertWhen_AVotingPeriodHasNoBlock() public {
        GovernorTimes memory times = GovernorTimes({votingDelayBlocks: 1, votingPeriodBlocks: 0, timelockSeconds: 1});
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidVotingPeriod.selector, 0));
        new FederationGovernor(federation, manager, times);
    }

    function test_ItSaysHowItDecides() public view {
        assertEq(governor.COUNTING_MODE(), "support=bravo&quorum=for");
        assertEq(governor.CLOCK_MODE(), "mode=blocknumber&from=default");
        assertEq(governor.votingDelay(), DELAY_BLOCKS);
        assertEq(governor.votingPeriod(), PERIOD_BLOCKS);
        assertEq(governor.timelockSeconds(), TIMELOCK_SECONDS);
        assertEq(governor.proposalThreshold(), 1);
    }

    // -------------------- helpers

    function _expectSealed(bytes memory data, uint64 roleId) private {
        _expectRefused(
            address(manager),
            data,
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerSealedRole.selector, roleId)
        );
    }

    function _expectNotOffered(bytes memory data) private {
        _expectRefused(
            address(manager),
            data,
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerNotOffered.selector, bytes4(data))
        );
    }

    /// Every founder voted for it, and yet it is refused.
    function _expectRefused(address target, bytes memory data, bytes memory reason) private {
        approve(target, data);
        vm.expectRevert(reason);
        execute(target, data);
    }

    function _admission(address member) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.admitMember, (member, bit(MemberRole.Supplier)));
    }

    function _has(uint64 roleId, address account) private view returns (bool held) {
        (held, ) = manager.hasRole(roleId, account);
    }
}
