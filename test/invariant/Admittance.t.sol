// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Federation} from "../../contracts/federation/Federation.sol";
import {FederationAccessManager} from "../../contracts/federation/FederationAccessManager.sol";
import {AccountKind, IFederation, MemberRole, Standing} from "../../contracts/interfaces/IFederation.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Test} from "../utils/Test.sol";
import {Vm} from "../utils/Vm.sol";

/// @dev Everybody tries everything; what the federation is, is rebuilt from its events alone.
contract AdmittanceHandler is Test {
    uint256 private constant ACCOUNTS = 6;
    uint256 private constant CREDENTIALS = 8;

    FederationAccessManager public immutable MANAGER;
    Federation public immutable FEDERATION;
    /// @notice What happened that should not have.
    string[] public violations;
    /// @notice Successful calls, so that the run shows it did something.
    uint256 public succeeded;

    address[ACCOUNTS] private accounts;
    mapping(address account => IFederation.Account record) private folded;
    mapping(bytes32 credential => address user) private foldedUsers;
    uint256 private foldedMembers;

    constructor() {
        vm.warp(1_000_000);
        MANAGER = new FederationAccessManager(address(this)); // this is the council, too
        FEDERATION = new Federation(address(MANAGER));
        MANAGER.bindFederation(FEDERATION);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            accounts[i] = makeAddr(string.concat("account ", vm.toString(i)));
            MANAGER.grantRole(Roles.COUNCIL, accounts[i], 0); // reserves no function here
            MANAGER.grantRole(Roles.ISSUER, accounts[i], 0);
            MANAGER.grantRole(Roles.REGULATOR, accounts[i], 0);
            MANAGER.grantRole(Roles.MARKET, accounts[i], 0);
        }
        vm.recordLogs();
        FEDERATION.admitMember(accounts[0], uint16(1 << uint8(MemberRole.Registrar)));
        _fold();
    }

    function admitMember(uint256 caller, uint256 account, uint16 roles) external {
        _call(caller, false, abi.encodeCall(IFederation.admitMember, (_account(account), roles % 520)));
    }

    function changeRoles(uint256 caller, uint256 account, uint16 roles) external {
        _call(caller, false, abi.encodeCall(IFederation.changeRoles, (_account(account), roles % 520)));
    }

    function admitUser(uint256 caller, uint256 account, uint256 credential) external {
        bytes32 commitment = bytes32(credential % CREDENTIALS);
        _call(caller, true, abi.encodeCall(IFederation.admitUser, (_account(account), commitment)));
    }

    function suspend(uint256 caller, uint256 account, uint256 seconds_) external {
        uint48 until = uint48(block.timestamp + (seconds_ % 1000));
        _call(caller, true, abi.encodeCall(IFederation.suspend, (_account(account), until)));
    }

    function reinstate(uint256 caller, uint256 account) external {
        _call(caller, true, abi.encodeCall(IFederation.reinstate, (_account(account))));
    }

    function expel(uint256 caller, uint256 account) external {
        if (account % 3 != 0) return; // final, so seldom
        _call(caller, true, abi.encodeCall(IFederation.expel, (_account(account / 3))));
    }

    function pass(uint256 seconds_) external {
        vm.warp(block.timestamp + (seconds_ % 500));
    }

    // -------------------- what must hold

    function violationCount() external view returns (uint256) {
        return violations.length;
    }

    function checkEvents() external view {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            bytes memory actual = abi.encode(FEDERATION.accountOf(accounts[i]));
            assertEq(actual, abi.encode(folded[accounts[i]]), "account from events");
        }
        assertEq(FEDERATION.memberCount(), foldedMembers, "members from events");
        for (uint256 i = 0; i < CREDENTIALS; ++i) {
            assertEq(FEDERATION.userOfCredential(bytes32(i)), foldedUsers[bytes32(i)], "credential from events");
        }
    }

    function checkStanding() external view {
        uint256 members = 0;
        uint256[9] memory withRole;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            IFederation.Account memory record = FEDERATION.accountOf(accounts[i]);
            Standing standing = FEDERATION.standingOf(accounts[i]);
            assertEq(FEDERATION.isActive(accounts[i]), standing == Standing.Active);
            assertEq(standing == Standing.None, record.kind == AccountKind.None);
            assertEq(record.kind == AccountKind.User, record.registrar != address(0), "a user has a registrar");
            assertEq(record.kind == AccountKind.Member, record.roles != 0, "a member has roles, a user none");
            if (FEDERATION.isMember(accounts[i])) ++members;
            for (uint8 role = 0; role < withRole.length; ++role) {
                if (record.kind == AccountKind.Member && !record.expelled) withRole[role] += (record.roles >> role) & 1;
            }
            for (uint8 role = 0; role <= uint8(type(MemberRole).max); ++role) {
                bool held = standing == Standing.Active && record.roles & (1 << role) != 0;
                assertEq(FEDERATION.hasRole(accounts[i], MemberRole(role)), held);
            }
        }
        assertEq(FEDERATION.memberCount(), members);
        for (uint8 role = 0; role < withRole.length; ++role) {
            assertEq(FEDERATION.memberCountOf(MemberRole(role)), withRole[role], "members with a role");
        }
    }

    /// @dev From what the events say of each account, not from what Federation answers.
    function checkRoles() external view {
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            IFederation.Account memory record = folded[accounts[i]];
            bool member = record.kind == AccountKind.Member;
            bool active = member && !record.expelled && block.timestamp >= record.suspendedUntil;
            bool regulates = record.roles & (1 << uint8(MemberRole.Regulator)) != 0;
            assertEq(_has(Roles.COUNCIL, accounts[i]), active || !member, "council");
            assertEq(_has(Roles.ISSUER, accounts[i]), active, "issuer");
            assertEq(_has(Roles.REGULATOR, accounts[i]), active && regulates, "regulator");
            assertTrue(_has(Roles.MARKET, accounts[i]));
        }
    }

    // -------------------- calling and folding

    function _has(uint64 role, address account) private view returns (bool held) {
        (held, ) = MANAGER.hasRole(role, account);
    }

    function _account(uint256 seed) private view returns (address) {
        return accounts[seed % ACCOUNTS];
    }

    function _call(uint256 seed, bool open, bytes memory data) private {
        bool byCouncil = seed % 2 == 0;
        address caller = byCouncil ? address(this) : _account(seed / 2);
        bool registrar = FEDERATION.hasRole(caller, MemberRole.Registrar);
        vm.recordLogs();
        vm.prank(caller);
        (bool ok, ) = address(FEDERATION).call(data); // solhint-disable-line avoid-low-level-calls
        if (!ok) return;
        ++succeeded;
        if (!byCouncil && !(open && registrar)) violations.push("called by somebody without the right");
        _fold();
    }

    function _fold() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(FEDERATION)) _foldOne(logs[i]);
        }
    }

    function _foldOne(Vm.Log memory log) private {
        bytes32 topic = log.topics[0];
        address account = address(uint160(uint256(log.topics[1])));
        IFederation.Account storage record = folded[account];
        if (record.expelled) violations.push("an expelled account changed");
        bool admits = topic == IFederation.MemberAdmitted.selector || topic == IFederation.UserAdmitted.selector;
        if (admits && record.kind != AccountKind.None) violations.push("admitted twice");
        if (topic == IFederation.MemberAdmitted.selector) {
            record.kind = AccountKind.Member;
            record.roles = abi.decode(log.data, (uint16));
            ++foldedMembers;
        } else if (topic == IFederation.MemberRolesChanged.selector) {
            record.roles = abi.decode(log.data, (uint16));
        } else if (topic == IFederation.UserAdmitted.selector) {
            if (foldedUsers[log.topics[3]] != address(0)) violations.push("a credential admitted two");
            record.kind = AccountKind.User;
            record.registrar = address(uint160(uint256(log.topics[2])));
            foldedUsers[log.topics[3]] = account;
        } else {
            _foldStanding(log, topic, record);
        }
    }

    function _foldStanding(Vm.Log memory log, bytes32 topic, IFederation.Account storage record) private {
        if (topic == IFederation.AccountSuspended.selector) {
            (record.suspendedUntil, record.suspendedByCouncil) = abi.decode(log.data, (uint48, bool));
        } else if (topic == IFederation.AccountReinstated.selector) {
            (record.suspendedUntil, record.suspendedByCouncil) = (0, false);
        } else if (topic == IFederation.AccountExpelled.selector) {
            record.expelled = true;
            if (record.kind == AccountKind.Member) --foldedMembers;
        }
    }
}

contract AdmittanceInvariants is Test {
    AdmittanceHandler private handler;

    function setUp() public {
        handler = new AdmittanceHandler();
        targetContract(address(handler));
    }

    function invariant_OnlyCouncilAndActiveRegistrarsChangeAdmittance() public view {
        assertEq(handler.violationCount(), 0);
    }

    function invariant_EventsAloneRebuildAdmittance() public view {
        handler.checkEvents();
    }

    function invariant_OnlyTheActiveHaveStanding() public view {
        handler.checkStanding();
    }

    function invariant_ARoleCountsOnlyWhileItsHolderMayAct() public view {
        handler.checkRoles();
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerReachesWhatItShould() public {
        handler.admitUser(1, 1, 1); // account 0, a registrar, admits account 1
        handler.suspend(1, 1, 100);
        handler.reinstate(1, 1);
        handler.admitMember(0, 2, 256); // the council admits account 2 as a registrar
        handler.checkRoles();
        handler.expel(0, 6);
        handler.admitUser(5, 3, 2); // account 2 cannot any more
        assertEq(handler.succeeded(), 5);
        assertEq(handler.violationCount(), 0);
        handler.checkEvents();
        handler.checkStanding();
        handler.checkRoles();
    }
}
