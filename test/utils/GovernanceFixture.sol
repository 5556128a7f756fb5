// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {EmergencySuspension} from "../../contracts/federation/EmergencySuspension.sol";
import {Federation} from "../../contracts/federation/Federation.sol";
import {FederationAccessManager} from "../../contracts/federation/FederationAccessManager.sol";
import {FederationGovernor} from "../../contracts/federation/FederationGovernor.sol";
import {IAccountantSeats} from "../../contracts/interfaces/IAccountantSeats.sol";
import {IEmergencySuspension} from "../../contracts/interfaces/IEmergencySuspension.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {GovernorTimes} from "../../contracts/interfaces/IFederationGovernor.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Test} from "./Test.sol";

/// @dev What EmergencySuspension sees of an election.
contract SeatsMock is IAccountantSeats {
    uint256 private seats = 4;
    uint16 private candidates;
    mapping(address member => uint16 candidate) public candidateOf;
    mapping(uint16 candidate => uint256 word) public wordOf;

    function setSeats(uint256 count) external {
        seats = count;
    }

    function seat(address member, bool seated) external {
        if (candidateOf[member] == 0) candidateOf[member] = ++candidates;
        // all but the flag "seated" is noise
        wordOf[candidateOf[member]] = seated ? type(uint256).max : type(uint256).max ^ (1 << 209);
    }

    function getValidators() external view returns (address[] memory validators) {
        return new address[](seats);
    }
}

/// @notice A governed chain: founders admitted, everything wired, handed over. `regulator` is a founder.
abstract contract GovernanceFixture is Test {
    uint48 internal constant DELAY_BLOCKS = 2;
    uint32 internal constant PERIOD_BLOCKS = 20;
    uint32 internal constant TIMELOCK_SECONDS = 100;
    uint32 internal constant QUEUE_BLOCKS = 15;
    uint32 internal constant EXECUTION_SECONDS = 500;
    uint48 internal constant DURATION = 1_000;
    uint48 internal constant WAIT = 2_000;
    uint256 internal constant NOW = 1_000_000;

    FederationAccessManager internal manager;
    Federation internal federation;
    FederationGovernor internal governor;
    EmergencySuspension internal emergency;
    SeatsMock internal seats;
    address internal regulator;
    address internal escrow; // stands for TradeEscrow: its function `lock` is reserved for MARKET, held by `market`
    address internal market;
    address[] internal founders; // ascending

    function deployGoverned(uint256 count) internal {
        deployUngoverned(count);
        manager.handOver(address(governor));
    }

    function deployUngoverned(uint256 count) internal {
        vm.warp(NOW);
        vm.roll(100);
        manager = new FederationAccessManager(address(this));
        federation = new Federation(address(manager));
        manager.bindFederation(federation);
        governor = new FederationGovernor(
            federation,
            manager,
            GovernorTimes({
                votingDelayBlocks: DELAY_BLOCKS,
                votingPeriodBlocks: PERIOD_BLOCKS,
                timelockSeconds: TIMELOCK_SECONDS,
                queueBlocks: QUEUE_BLOCKS,
                executionSeconds: EXECUTION_SECONDS
            })
        );
        seats = new SeatsMock();
        emergency = new EmergencySuspension(address(manager), federation, seats, DURATION, WAIT);
        _wire();
        manager.grantRole(Roles.COUNCIL, address(this), 0);
        _admitFounders(count);
        regulator = founders[0];
        vm.roll(101);
    }

    function _wire() private {
        (escrow, market) = (makeAddr("escrow"), makeAddr("market"));
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = IFederation.admitMember.selector;
        selectors[1] = IFederation.changeRoles.selector;
        selectors[2] = IFederation.suspend.selector;
        selectors[3] = IFederation.reinstate.selector;
        selectors[4] = IFederation.expel.selector;
        manager.setTargetFunctionRole(address(federation), selectors, Roles.COUNCIL);
        _reserve(address(federation), IFederation.suspendInEmergency.selector, Roles.EMERGENCY);
        _reserve(address(emergency), IEmergencySuspension.allowAgain.selector, Roles.COUNCIL);
        _reserve(escrow, ITradeEscrow.lock.selector, Roles.MARKET);
        manager.grantRole(Roles.EMERGENCY, address(emergency), 0);
        manager.grantRole(Roles.MARKET, market, 0);
    }

    function _reserve(address target, bytes4 selector, uint64 role) private {
        manager.setTargetFunctionRole(target, only(selector), role);
    }

    /// The first is a regulator and registrar, the others are accountants.
    function _admitFounders(uint256 count) private {
        address[] memory accounts = new address[](count);
        for (uint256 i = 0; i < count; ++i) accounts[i] = makeAddr(string.concat("founder ", vm.toString(i)));
        founders = sorted(accounts);
        uint16 regulates = bit(MemberRole.Regulator) | bit(MemberRole.Registrar);
        for (uint256 i = 0; i < count; ++i) {
            federation.admitMember(founders[i], i == 0 ? regulates : bit(MemberRole.Accountant));
        }
    }

    // -------------------- decisions

    /// A proposal of one call by the second founder; every founder votes for it; queued and executed in time.
    function decide(address target, bytes memory data) internal {
        approve(target, data);
        execute(target, data);
    }

    /// As `decide`, up to the moment at which it can be executed.
    function approve(address target, bytes memory data) internal returns (uint256 proposalId) {
        proposalId = propose(founders[founders.length - 1], target, data);
        vm.roll(block.number + DELAY_BLOCKS + 1);
        for (uint256 i = 0; i < founders.length; ++i) vote(founders[i], proposalId, 1);
        queue(target, data);
        vm.warp(block.timestamp + TIMELOCK_SECONDS);
    }

    function propose(address proposer, address target, bytes memory data) internal returns (uint256 proposalId) {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = oneCall(target, data);
        vm.prank(proposer);
        return governor.propose(targets, values, calls, "decision");
    }

    function vote(address voter, uint256 proposalId, uint8 support) internal {
        vm.prank(voter);
        governor.castVote(proposalId, support);
    }

    function queue(address target, bytes memory data) internal {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = oneCall(target, data);
        uint256 proposalId = governor.hashProposal(targets, values, calls, keccak256("decision"));
        uint256 end = governor.proposalDeadline(proposalId) + 1;
        if (block.number < end) vm.roll(end);
        governor.queue(targets, values, calls, keccak256("decision"));
    }

    function execute(address target, bytes memory data) internal {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = oneCall(target, data);
        governor.execute(targets, values, calls, keccak256("decision"));
    }

    function stateOf(uint256 proposalId) internal view returns (uint256) {
        return uint256(governor.state(proposalId));
    }

    function assertState(uint256 proposalId, IGovernor.ProposalState state) internal view {
        assertEq(stateOf(proposalId), uint256(state), "state");
    }

    // -------------------- values

    function oneCall(
        address target,
        bytes memory data
    ) internal pure returns (address[] memory targets, uint256[] memory values, bytes[] memory calls) {
        (targets, values, calls) = (new address[](1), new uint256[](1), new bytes[](1));
        (targets[0], calls[0]) = (target, data);
    }

    function only(bytes4 selector) internal pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](1);
        selectors[0] = selector;
    }

    function bit(MemberRole role) internal pure returns (uint16) {
        return uint16(1 << uint8(role));
    }

    function sorted(address[] memory accounts) internal pure returns (address[] memory) {
        for (uint256 i = 1; i < accounts.length; ++i) {
            for (uint256 j = i; j > 0 && accounts[j] < accounts[j - 1]; --j) {
                (accounts[j], accounts[j - 1]) = (accounts[j - 1], accounts[j]);
            }
        }
        return accounts;
    }
}
