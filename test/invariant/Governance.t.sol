// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {IEmergencySuspension} from "../../contracts/interfaces/IEmergencySuspension.sol";
import {IFederation, MemberRole} from "../../contracts/interfaces/IFederation.sol";
import {IFederationAccessManager} from "../../contracts/interfaces/IFederationAccessManager.sol";
import {ITradeEscrow} from "../../contracts/interfaces/ITradeEscrow.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {GovernanceFixture, SeatsMock} from "../utils/GovernanceFixture.sol";
import {Test} from "../utils/Test.sol";

/// @dev A governed chain on which the governor decides anything at all (each of its calls stands for a proposal that
/// passed), and members accuse each other. What must hold after a step is checked in the step.
contract GovernanceHandler is GovernanceFixture {
    uint256 private constant ACCOUNTS = 14;
    bytes4 private constant NEW_FUNCTION = SeatsMock.seat.selector;

    /// @notice What happened that should not have.
    string[] public violations;
    /// @notice Successful emergency suspensions, so that the run shows it did something.
    uint256 public emergencies;

    address[] private accounts; // founders first, then those who may be admitted
    mapping(uint256 number => uint256 members) private membersAt;
    uint256 private firstBlock;
    mapping(address target => bool used) private used;
    address private newcomer; // a contract that came after the hand-over
    mapping(uint64 roleId => bool isSealed) private sealedRoles;

    constructor() {
        deployGoverned(10);
        for (uint256 i = 0; i < founders.length; ++i) accounts.push(founders[i]);
        while (accounts.length < ACCOUNTS) {
            accounts.push(makeAddr(string.concat("account ", vm.toString(accounts.length))));
        }
        firstBlock = block.number;
        newcomer = address(new SeatsMock());
    }

    // -------------------- decisions

    function admit(uint256 account, uint16 roles) external {
        _decide(address(federation), abi.encodeCall(IFederation.admitMember, (_account(account), roles % 520)));
    }

    function changeRoles(uint256 account, uint16 roles) external {
        _decide(address(federation), abi.encodeCall(IFederation.changeRoles, (_account(account), roles % 520)));
    }

    function suspend(uint256 account, uint256 seconds_) external {
        uint48 until = uint48(block.timestamp + (seconds_ % 3_000));
        _decide(address(federation), abi.encodeCall(IFederation.suspend, (_account(account), until)));
    }

    function reinstate(uint256 account) external {
        _decide(address(federation), abi.encodeCall(IFederation.reinstate, (_account(account))));
    }

    function expel(uint256 account) external {
        if (account % 4 != 0) return; // final, so seldom
        _decide(address(federation), abi.encodeCall(IFederation.expel, (_account(account / 4))));
    }

    function allowAgain(uint256 account) external {
        address target = _account(account);
        bool done = _decide(address(emergency), abi.encodeCall(IEmergencySuspension.allowAgain, (target)));
        if (done) used[target] = false;
    }

    function grant(uint256 account, uint64 roleId, uint32 delay) external {
        _decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (roleId % 16, _anyone(account), delay)));
    }

    function revoke(uint256 account, uint64 roleId) external {
        // COUNCIL would stop the handler's own decisions; giving it up is tested on its own
        if (roleId % 16 == Roles.COUNCIL) return;
        _decide(address(manager), abi.encodeCall(IAccessManager.revokeRole, (roleId % 16, _anyone(account))));
    }

    /// New contracts' roles, and attempts to open with them, or to them, what is fixed.
    function open(uint256 target, uint64 roleId) external {
        address[3] memory targets = [escrow, newcomer, address(federation)];
        bytes4[3] memory selectors = [
            ITradeEscrow.lock.selector,
            NEW_FUNCTION,
            IFederation.suspendInEmergency.selector
        ];
        bytes memory data = abi.encodeCall(
            IAccessManager.setTargetFunctionRole,
            (targets[target % 3], only(selectors[target % 3]), _role(roleId))
        );
        bool done = _decide(address(manager), data);
        _note(!done || target % 3 == 1, "opened what is fixed");
        _note(!done || !sealedRoles[_role(roleId)], "opened to a sealed role");
    }

    function grantAdded(uint256 account, uint64 roleId) external {
        uint64 role = Roles.FIRST_OF_ADDED + (roleId % 3);
        address account_ = account % 2 == 0 ? newcomer : _anyone(account);
        bool done = _decide(address(manager), abi.encodeCall(IAccessManager.grantRole, (role, account_, 0)));
        _note(!done || !sealedRoles[role], "granted a sealed role");
        _note(!done || account_.code.length != 0, "granted a contract's role to a person");
    }

    function revokeAdded(uint64 roleId) external {
        uint64 role = Roles.FIRST_OF_ADDED + (roleId % 3);
        bool held = _has(role, newcomer);
        bool done = _decide(address(manager), abi.encodeCall(IAccessManager.revokeRole, (role, newcomer)));
        _note(!done || !held || !sealedRoles[role], "took a sealed role");
    }

    function sealAdded(uint64 roleId) external {
        if (roleId % 5 != 0) return; // final, so seldom
        uint64 role = Roles.FIRST_OF_ADDED + (roleId % 3);
        if (_decide(address(manager), abi.encodeCall(IFederationAccessManager.sealRole, (role)))) {
            sealedRoles[role] = true;
        }
    }

    function handOver(uint256 account) external {
        _decide(address(manager), abi.encodeCall(IFederationAccessManager.handOver, (_anyone(account))));
    }

    /// A founder tries what only the governor may.
    function intrude(uint256 caller, uint256 account, uint64 roleId) external {
        vm.prank(_account(caller));
        bytes memory data = abi.encodeCall(IAccessManager.grantRole, (roleId % 16, _anyone(account), 0));
        (bool ok, ) = address(manager).call(data); // solhint-disable-line avoid-low-level-calls
        if (ok) violations.push("somebody else administers");
    }

    // -------------------- emergencies

    function back(uint256 caller, uint256 target) external {
        bytes memory data = abi.encodeCall(IEmergencySuspension.back, (_account(target)));
        vm.prank(_account(caller));
        (bool ok, ) = address(emergency).call(data); // solhint-disable-line avoid-low-level-calls
        if (ok && !federation.isMember(_account(caller))) violations.push("backed by no member");
    }

    function suspendByRegulator(uint256 caller, uint256 target) external {
        bool free = block.timestamp >= emergency.waitsUntil(_account(caller));
        bool may = free && federation.hasRole(_account(caller), MemberRole.Regulator);
        bytes memory data = abi.encodeCall(IEmergencySuspension.suspendByRegulator, (_account(target)));
        _accuse(_account(caller), data, _account(target), may);
    }

    /// All who back it, and sometimes more.
    function suspendByMembers(uint256 target, uint256 impostor) external {
        address[] memory list = new address[](accounts.length);
        uint256 count = 0;
        uint256 honest = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            bool backs = federation.isMember(accounts[i]) && emergency.backingOf(accounts[i]) == _account(target);
            if (backs) ++honest;
            if (backs || i == impostor % 40) list[count++] = accounts[i];
        }
        address[] memory backers = new address[](count);
        for (uint256 i = 0; i < count; ++i) backers[i] = list[i];
        bool may = honest * 3 >= federation.memberCount();
        bytes memory data = abi.encodeCall(IEmergencySuspension.suspendByMembers, (_account(target), sorted(backers)));
        _accuse(address(this), data, _account(target), may);
    }

    function seat(uint256 account, bool seated) external {
        seats.seat(_account(account), seated);
    }

    function pass(uint256 blocks, uint256 seconds_) external {
        for (uint256 number = block.number; number <= block.number + (blocks % 4); ++number) {
            membersAt[number] = federation.memberCount();
        }
        vm.roll(block.number + (blocks % 4) + 1);
        vm.warp(block.timestamp + (seconds_ % 1_500));
    }

    // -------------------- what must hold

    function violationCount() external view returns (uint256) {
        return violations.length;
    }

    function newcomerWorks() external view returns (bool works) {
        (works, ) = manager.canCall(newcomer, newcomer, NEW_FUNCTION);
        return works && sealedRoles[Roles.FIRST_OF_ADDED + 1];
    }

    function checkVotes() external view {
        uint256 members = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            IFederation.Account memory record = federation.accountOf(accounts[i]);
            bool member = record.roles != 0 && !record.expelled;
            assertEq(federation.getVotes(accounts[i]), member ? 1 : 0, "one vote a member");
            assertEq(federation.delegates(accounts[i]), member ? accounts[i] : address(0));
            if (member) ++members;
        }
        assertEq(federation.memberCount(), members);
        assertTrue(members > 0, "somebody can vote");
        for (uint256 number = firstBlock; number < block.number; ++number) {
            assertEq(federation.getPastTotalSupply(number), membersAt[number], "votes at a past block");
        }
    }

    function checkAdmin() external view {
        assertEq(manager.holderCountOf(0), 1);
        assertTrue(_has(0, address(governor)));
        assertEq(manager.governor(), address(governor));
        for (uint256 i = 0; i < accounts.length; ++i) {
            assertFalse(_has(0, accounts[i]), "an account administers");
            assertFalse(_has(Roles.MARKET, accounts[i]), "an account reaches the escrow");
            assertFalse(_has(Roles.EMERGENCY, accounts[i]), "an account suspends without bounds");
        }
        assertFalse(_has(0, address(this)));
        assertTrue(_has(Roles.MARKET, market));
        assertTrue(_has(Roles.EMERGENCY, address(emergency)));
        assertEq(manager.getTargetFunctionRole(escrow, ITradeEscrow.lock.selector), Roles.MARKET);
        assertFalse(_has(Roles.MARKET, newcomer), "a new contract reaches the escrow");
        assertEq(manager.holderCountOf(Roles.MARKET), 1);
    }

    // -------------------- calling

    function _decide(address target, bytes memory data) private returns (bool done) {
        vm.prank(address(governor));
        (done, ) = target.call(data); // solhint-disable-line avoid-low-level-calls
    }

    function _accuse(address caller, bytes memory data, address target, bool may) private {
        IEmergencySuspension.Emergency[] memory before = emergency.running();
        vm.prank(caller);
        (bool ok, ) = address(emergency).call(data); // solhint-disable-line avoid-low-level-calls
        if (!ok) return;
        ++emergencies;
        _note(may, "suspended without the right");
        _note(!used[target], "suspended twice without a vote");
        used[target] = true;
        _note(federation.accountOf(target).suspendedUntil == block.timestamp + DURATION, "not so long");
        _note(federation.getVotes(target) == 1, "lost its vote");
        _checkBounds(before.length);
    }

    function _checkBounds(uint256 before) private {
        (uint256 mostMembers, uint256 mostSeats) = emergency.limits();
        IEmergencySuspension.Emergency[] memory running = emergency.running();
        _note(running.length == before + 1, "not one more");
        _note(running.length <= mostMembers, "too many at once");
        uint256 seated = 0;
        for (uint256 i = 0; i < running.length; ++i) {
            if (running[i].seated) ++seated;
            _note(running[i].until <= block.timestamp + DURATION, "too long");
        }
        // who has no seat can be suspended although f became smaller meanwhile
        _note(seated <= mostSeats || !running[running.length - 1].seated, "too many seats at once");
    }

    function _note(bool holds, string memory violation) private {
        if (!holds) violations.push(violation);
    }

    function _account(uint256 seed) private view returns (address) {
        return accounts[seed % ACCOUNTS];
    }

    function _anyone(uint256 seed) private view returns (address) {
        if (seed % 5 == 0) return address(governor);
        if (seed % 5 == 1) return address(emergency);
        return accounts[seed % ACCOUNTS];
    }

    /// Below, at and above the added ones, and everybody's.
    function _role(uint64 seed) private pure returns (uint64) {
        if (seed % 7 == 0) return type(uint64).max;
        return seed % 2 == 0 ? seed % 16 : Roles.FIRST_OF_ADDED + (seed % 3);
    }

    function _has(uint64 roleId, address account) private view returns (bool held) {
        (held, ) = manager.hasRole(roleId, account);
    }
}

contract GovernanceInvariants is Test {
    GovernanceHandler private handler;

    function setUp() public {
        handler = new GovernanceHandler();
        targetContract(address(handler));
    }

    function invariant_VotesAreTheMembersNotExpelled() public view {
        handler.checkVotes();
    }

    function invariant_NobodyAdministersButTheGovernor() public view {
        handler.checkAdmin();
        assertEq(handler.violationCount(), 0);
    }

    function invariant_EmergenciesKeepTheirBounds() public view {
        assertEq(handler.violationCount(), 0);
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerReachesWhatItShould() public {
        handler.suspendByRegulator(0, 1); // founder 0 is the regulator
        assertEq(handler.emergencies(), 1);
        handler.suspendByRegulator(0, 2); // waits
        assertEq(handler.emergencies(), 1);
        handler.pass(3, 1_001);
        for (uint256 i = 4; i < 8; ++i) handler.back(i, 2);
        handler.suspendByMembers(2, 39);
        assertEq(handler.emergencies(), 2);
        handler.admit(11, 1);
        handler.expel(16); // founder 4
        handler.open(1, 1); // the added role 101
        handler.grantAdded(0, 1);
        handler.sealAdded(10);
        handler.open(0, 3);
        handler.revokeAdded(1);
        assertTrue(handler.newcomerWorks(), "its role was opened, granted and sealed");
        handler.pass(0, 0);
        assertEq(handler.violationCount(), 0);
        handler.checkVotes();
        handler.checkAdmin();
    }
}
