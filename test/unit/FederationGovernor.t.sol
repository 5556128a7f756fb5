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
import {GovernanceFixture, SeatsMock} from "../utils/GovernanceFixture.sol";

contract FederationGovernorTest is GovernanceFixture {
    uint64 private constant ADDED = Roles.FIRST_OF_ADDED;

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

    // -------------------- expiry

    function test_RevertWhen_ADecisionIsQueuedTooLate() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = _passed(data);
        uint256 lastBlock = governor.proposalDeadline(proposalId) + QUEUE_BLOCKS;
        uint256 before = vm.snapshotState();
        vm.roll(lastBlock);
        assertState(proposalId, IGovernor.ProposalState.Succeeded);
        queue(address(federation), data);
        assertState(proposalId, IGovernor.ProposalState.Queued);
        vm.revertToState(before);
        vm.roll(lastBlock + 1);
        assertState(proposalId, IGovernor.ProposalState.Expired);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = oneCall(address(federation), data);
        _expectExpired(proposalId, IGovernor.ProposalState.Succeeded);
        governor.queue(targets, values, calls, keccak256("decision"));
        vm.roll(lastBlock + 1_000_000);
        assertState(proposalId, IGovernor.ProposalState.Expired);
    }

    function test_RevertWhen_ADecisionIsExecutedTooLate() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = approve(address(federation), data);
        uint256 expiresAt = NOW + TIMELOCK_SECONDS + EXECUTION_SECONDS;
        uint256 before = vm.snapshotState();
        vm.warp(expiresAt - 1);
        vm.roll(block.number + 1_000_000); // blocks don't count any more
        execute(address(federation), data);
        assertTrue(federation.isMember(candidate));
        vm.revertToState(before);
        vm.warp(expiresAt);
        assertState(proposalId, IGovernor.ProposalState.Expired);
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        execute(address(federation), data);
        assertFalse(federation.isMember(candidate));
    }

    function test_WhatWasExecutedDoesNotExpire() public {
        bytes memory data = _admission(candidate);
        uint256 proposalId = approve(address(federation), data);
        execute(address(federation), data);
        vm.warp(block.timestamp + 10 * EXECUTION_SECONDS);
        vm.roll(block.number + 10 * QUEUE_BLOCKS);
        assertState(proposalId, IGovernor.ProposalState.Executed);
    }

    function test_WhatFailedDoesNotExpireButStaysDefeated() public {
        uint256 proposalId = propose(founders[0], address(federation), _admission(candidate));
        vm.roll(governor.proposalDeadline(proposalId) + QUEUE_BLOCKS + 1);
        assertState(proposalId, IGovernor.ProposalState.Defeated);
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
        GovernorTimes memory times = _times();
        times.votingPeriodBlocks = 0;
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidVotingPeriod.selector, 0));
        new FederationGovernor(federation, manager, times);
    }

    function test_RevertWhen_ThereIsNoTimeToQueueOrToExecute() public {
        GovernorTimes memory times = _times();
        times.queueBlocks = 0;
        _expectInvalidTime("queueBlocks");
        new FederationGovernor(federation, manager, times);
        times = _times();
        times.executionSeconds = 0;
        _expectInvalidTime("executionSeconds");
        new FederationGovernor(federation, manager, times);
    }

    function test_ItSaysHowItDecides() public view {
        assertEq(governor.COUNTING_MODE(), "support=bravo&quorum=for");
        assertEq(governor.CLOCK_MODE(), "mode=blocknumber&from=default");
        assertEq(governor.votingDelay(), DELAY_BLOCKS);
        assertEq(governor.votingPeriod(), PERIOD_BLOCKS);
        assertEq(governor.timelockSeconds(), TIMELOCK_SECONDS);
        assertEq(governor.queueBlocks(), QUEUE_BLOCKS);
        assertEq(governor.executionSeconds(), EXECUTION_SECONDS);
        assertEq(governor.proposalThreshold(), 1);
    }

    // -------------------- contracts that come later

    /// A fund and its ledger, deployed after the hand-over: one call works for the fund alone, and for ever.
    function test_NewContractsWorkTogetherByAnAddedRole() public {
        (address fund, address ledger) = (address(new SeatsMock()), address(new SeatsMock()));
        bytes4 book = SeatsMock.seat.selector;
        decide(address(manager), _opening(ledger, book, ADDED));
        decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (ADDED, fund, 0)));
        assertTrue(_may(fund, ledger, book));
        assertFalse(_may(founders[0], ledger, book));
        // until it is sealed the members can change it
        decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (ADDED, ledger, 0)));
        assertTrue(_may(ledger, ledger, book));
        decide(address(manager), abi.encodeCall(IAccessManager.revokeRole, (ADDED, ledger)));
        assertFalse(_may(ledger, ledger, book));
        assertFalse(manager.isRoleSealed(ADDED));
        bytes memory sealing = abi.encodeCall(IFederationAccessManager.sealRole, (ADDED));
        approve(address(manager), sealing);
        vm.expectEmit(address(manager));
        emit IFederationAccessManager.RoleSealed(ADDED);
        execute(address(manager), sealing);
        assertTrue(manager.isRoleSealed(ADDED));
        assertTrue(_may(fund, ledger, book));
    }

    function test_RevertWhen_TheGovernorChangesASealedRole() public {
        (address fund, address ledger) = (address(new SeatsMock()), address(new SeatsMock()));
        bytes4 book = SeatsMock.seat.selector;
        decide(address(manager), _opening(ledger, book, ADDED));
        decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (ADDED, fund, 0)));
        decide(address(manager), abi.encodeCall(IFederationAccessManager.sealRole, (ADDED)));
        _expectSealed(abi.encodeCall(IAccessManager.grantRole, (ADDED, ledger, 0)), ADDED);
        _expectSealed(abi.encodeCall(IAccessManager.revokeRole, (ADDED, fund)), ADDED);
        vm.expectRevert(
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerSealedRole.selector, ADDED)
        );
        vm.prank(address(governor));
        manager.sealRole(ADDED);
        uint64[4] memory roles = [0, Roles.COUNCIL, ADDED + 1, type(uint64).max];
        for (uint256 i = 0; i < roles.length; ++i) _expectSealedFunction(ledger, book, roles[i]);
        _expectSealedFunction(ledger, SeatsMock.setSeats.selector, ADDED); // nor gets it another function
        vm.expectRevert(
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerSealedRole.selector, ADDED)
        );
        vm.prank(fund);
        manager.renounceRole(ADDED, fund);
    }

    /// No new role, and so no new contract, reaches what the first contracts' roles may call.
    function test_RevertWhen_AnAddedRoleReachesForTheEscrow() public {
        address fund = address(new SeatsMock());
        decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (ADDED, fund, 0)));
        _expectSealedFunction(escrow, ITradeEscrow.lock.selector, ADDED);
        _expectSealed(abi.encodeCall(IAccessManager.grantRole, (Roles.MARKET, fund, 0)), Roles.MARKET);
        _expectSealed(abi.encodeCall(IAccessManager.grantRole, (Roles.SETTLEMENT, fund, 0)), Roles.SETTLEMENT);
        _expectSealed(abi.encodeCall(IAccessManager.grantRole, (ADDED - 1, fund, 0)), ADDED - 1);
        _expectSealedFunction(fund, SeatsMock.seat.selector, Roles.MARKET);
        _expectSealedFunction(fund, SeatsMock.seat.selector, ADDED - 1);
        assertTrue(_may(market, escrow, ITradeEscrow.lock.selector));
        assertFalse(_may(fund, escrow, ITradeEscrow.lock.selector));
    }

    function test_RevertWhen_APersonWouldHoldAnAddedRole() public {
        _expectRefused(
            address(manager),
            abi.encodeCall(IAccessManager.grantRole, (ADDED, founders[0], 0)),
            abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerNoContract.selector, founders[0])
        );
    }

    function test_RevertWhen_ARoleIsSealedThatIsNoAddedOne() public {
        uint64[5] memory roles = [0, Roles.COUNCIL, Roles.MARKET, ADDED - 1, type(uint64).max];
        for (uint256 i = 0; i < roles.length; ++i) {
            _expectRefused(
                address(manager),
                abi.encodeCall(IFederationAccessManager.sealRole, (roles[i])),
                abi.encodeWithSelector(IFederationAccessManager.FederationAccessManagerNotAdded.selector, roles[i])
            );
        }
        assertTrue(manager.isRoleSealed(0));
        assertTrue(manager.isRoleSealed(Roles.MARKET));
        assertFalse(manager.isRoleSealed(Roles.COUNCIL));
    }

    function test_RevertWhen_SomebodyElseSealsARole() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, founders[0], 0)
        );
        vm.prank(founders[0]);
        manager.sealRole(ADDED);
    }

    // -------------------- helpers

    /// Every founder voted for it, and nobody queued it yet.
    function _passed(bytes memory data) private returns (uint256 proposalId) {
        proposalId = propose(founders[0], address(federation), data);
        vm.roll(block.number + DELAY_BLOCKS + 1);
        for (uint256 i = 0; i < founders.length; ++i) vote(founders[i], proposalId, 1);
    }

    function _expectExpired(uint256 proposalId, IGovernor.ProposalState expected) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorUnexpectedProposalState.selector,
                proposalId,
                IGovernor.ProposalState.Expired,
                bytes32(1 << uint8(expected))
            )
        );
    }

    function _expectInvalidTime(bytes32 setting) private {
        vm.expectRevert(abi.encodeWithSelector(IFederationGovernor.FederationGovernorInvalidTime.selector, setting));
    }

    function _times() private pure returns (GovernorTimes memory) {
        return
            GovernorTimes({
                votingDelayBlocks: 1,
                votingPeriodBlocks: 1,
                timelockSeconds: 1,
                queueBlocks: 1,
                executionSeconds: 1
            });
    }

    function _expectSealedFunction(address target, bytes4 selector, uint64 roleId) private {
        _expectRefused(
            address(manager),
            _opening(target, selector, roleId),
            abi.encodeWithSelector(
                IFederationAccessManager.FederationAccessManagerSealedFunction.selector,
                target,
                selector
            )
        );
    }

    function _opening(address target, bytes4 selector, uint64 roleId) private pure returns (bytes memory) {
        return abi.encodeCall(IAccessManager.setTargetFunctionRole, (target, only(selector), roleId));
    }

    function _may(address caller, address target, bytes4 selector) private view returns (bool may) {
        (may, ) = manager.canCall(caller, target, selector);
    }

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
