// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {AccountKind, IFederation, MemberRole, Standing} from "../interfaces/IFederation.sol";
import {IStandingObserver} from "../interfaces/IStandingObserver.sol";

/// @title Federation
/// @notice Admits, suspends and expels members and users; every other contract asks it who may act. Counts the members'
/// votes: one a member from its admission to its expulsion, in checkpoints by block.
/// @dev The AccessManager gives the role COUNCIL the functions admitMember, changeRoles, suspend, reinstate and expel.
/// The last three are open to a user's registrar as well, so they ask the AccessManager only when the caller is not it.
/// A vote is no token: nothing transfers it, and every member is its own delegate.
contract Federation is AccessManaged, Votes, IFederation {
    /// @notice The `until` of a suspension without an end, Unix seconds.
    uint48 public constant UNTIL_REINSTATED = type(uint48).max;

    /// @dev More than the observer ever needs (test_TheObserverNeedsLessThanItGets): with less it might fail for that.
    uint256 private constant _OBSERVER_GAS = 3_000_000;
    /// @dev One bit for each MemberRole.
    uint16 private constant _ALL_ROLES = uint16((1 << (uint256(type(MemberRole).max) + 1)) - 1);

    // slot 0: AccessManaged; slots 1 to 6: Votes
    mapping(address account => Account record) private _accounts; // slot 7; a record is one word
    /// @inheritdoc IFederation
    mapping(bytes32 credentialCommitment => address user) public userOfCredential; // slot 8
    /// @inheritdoc IFederation
    mapping(MemberRole role => uint256 count) public memberCountOf; // slot 9
    IStandingObserver private _observer; // slot 10

    /// @notice Nobody is admitted yet.
    /// @param initialAuthority The AccessManager that says who has the role COUNCIL.
    constructor(address initialAuthority) AccessManaged(initialAuthority) EIP712("Commonwatt Federation", "1") {}

    /// @inheritdoc IFederation
    function admitMember(address member, uint16 roles) external restricted {
        _requireRoles(roles);
        Account storage record = _newAccount(member);
        record.kind = AccountKind.Member;
        _transferVotingUnits(address(0), member, 1);
        _setRoles(record, roles);
        emit MemberAdmitted(member, roles);
    }

    /// @inheritdoc IFederation
    function changeRoles(address member, uint16 roles) external restricted {
        _requireRoles(roles);
        Account storage record = _accounts[member];
        if (record.kind != AccountKind.Member) revert FederationNotMember(member);
        if (record.expelled) revert FederationAccountExpelled(member);
        _setRoles(record, roles);
        emit MemberRolesChanged(member, roles);
        _tellObserver(member);
    }

    /// @inheritdoc IFederation
    function admitUser(address user, bytes32 credentialCommitment) external {
        if (!hasRole(msg.sender, MemberRole.Registrar)) revert FederationNotRegistrar(msg.sender);
        if (credentialCommitment == bytes32(0)) revert FederationZeroCredential();
        address admitted = userOfCredential[credentialCommitment];
        if (admitted != address(0)) revert FederationCredentialUsed(credentialCommitment, admitted);
        Account storage record = _newAccount(user);
        record.kind = AccountKind.User;
        record.registrar = msg.sender;
        userOfCredential[credentialCommitment] = user;
        emit UserAdmitted(user, msg.sender, credentialCommitment);
    }

    /// @inheritdoc IFederation
    function suspend(address account, uint48 until) external {
        Account storage record = _admitted(account);
        bool byCouncil = _authorize(record);
        if (until <= block.timestamp) revert FederationSuspensionPast(until);
        if (!byCouncil) _requireNotCouncils(account, record);
        record.suspendedUntil = until;
        record.suspendedByCouncil = byCouncil;
        emit AccountSuspended(account, until, msg.sender, byCouncil);
        _tellObserver(account);
    }

    /// @inheritdoc IFederation
    function suspendInEmergency(address member, uint48 until) external restricted {
        Account storage record = _accounts[member];
        if (record.kind != AccountKind.Member) revert FederationNotMember(member);
        if (!_isActive(record)) revert FederationNotActive(member);
        if (until <= block.timestamp) revert FederationSuspensionPast(until);
        record.suspendedUntil = until;
        record.suspendedByCouncil = false;
        emit AccountSuspended(member, until, msg.sender, false);
        _tellObserver(member);
    }

    /// @inheritdoc IFederation
    function reinstate(address account) external {
        Account storage record = _admitted(account);
        bool byCouncil = _authorize(record);
        if (!_isSuspended(record)) revert FederationNotSuspended(account);
        if (!byCouncil) _requireNotCouncils(account, record);
        record.suspendedUntil = 0;
        record.suspendedByCouncil = false;
        emit AccountReinstated(account, msg.sender);
    }

    /// @inheritdoc IFederation
    function expel(address account) external {
        Account storage record = _admitted(account);
        _authorize(record);
        if (record.kind == AccountKind.Member) {
            if (memberCount() == 1) revert FederationLastMember(account);
            _transferVotingUnits(account, address(0), 1);
            _count(record.roles, 0);
        }
        record.expelled = true;
        emit AccountExpelled(account, msg.sender);
        _tellObserver(account);
    }

    /// @inheritdoc IFederation
    function bindObserver(IStandingObserver observer) external restricted {
        if (address(_observer) != address(0)) revert FederationObserverBound(address(_observer));
        _observer = observer;
        emit ObserverBound(address(observer));
    }

    /// @inheritdoc IFederation
    function isActive(address account) external view returns (bool active) {
        return _isActive(_accounts[account]);
    }

    /// @inheritdoc IFederation
    function standingOf(address account) external view returns (Standing standing) {
        Account storage record = _accounts[account];
        if (record.kind == AccountKind.None) return Standing.None;
        if (record.expelled) return Standing.Expelled;
        return _isSuspended(record) ? Standing.Suspended : Standing.Active;
    }

    /// @inheritdoc IFederation
    function accountOf(address account) external view returns (Account memory record) {
        return _accounts[account];
    }

    /// @inheritdoc IFederation
    function memberCount() public view returns (uint256 count) {
        return _getTotalSupply();
    }

    /// @inheritdoc IFederation
    function isMember(address account) public view returns (bool member) {
        Account storage record = _accounts[account];
        return record.kind == AccountKind.Member && !record.expelled;
    }

    /// @notice Who votes for an account: itself, while it is a member.
    /// @param account Any account.
    /// @return delegatee The account, or zero when it is no member.
    function delegates(address account) public view override returns (address delegatee) {
        return isMember(account) ? account : address(0);
    }

    /// @inheritdoc IFederation
    function hasRole(address member, MemberRole role) public view returns (bool held) {
        Account storage record = _accounts[member];
        return _isActive(record) && record.roles & (uint256(1) << uint8(role)) != 0;
    }

    /// @notice Refused: every member votes for itself.
    function delegate(address) public pure override {
        revert FederationNoDelegation();
    }

    /// @notice Refused: every member votes for itself.
    function delegateBySig(address, uint256, uint256, uint8, bytes32, bytes32) public pure override {
        revert FederationNoDelegation();
    }

    /// @dev One vote a member.
    function _getVotingUnits(address account) internal view override returns (uint256 votes) {
        return isMember(account) ? 1 : 0;
    }

    /// @dev Last in its function. Whatever the observer does, the decision stands; what it could not do now, anybody
    /// can have it do later. But it fails for no want of gas: an estimate of gas would end where the decision just
    /// passes and the observer does not.
    function _tellObserver(address account) private {
        if (address(_observer) == address(0)) return;
        uint256 given = gasleft();
        // solhint-disable-next-line no-empty-blocks
        try _observer.standingChanged(account) {} catch {
            if (given < _OBSERVER_GAS) revert FederationGasTooLow(_OBSERVER_GAS);
        }
    }

    /// @dev True when COUNCIL acts, false when the user's own active registrar does; anybody else is refused.
    function _authorize(Account storage record) private returns (bool byCouncil) {
        if (record.registrar == msg.sender && hasRole(msg.sender, MemberRole.Registrar)) return false;
        _checkCanCall(msg.sender, msg.data);
        return true;
    }

    function _setRoles(Account storage record, uint16 roles) private {
        _count(record.roles, roles);
        record.roles = roles;
    }

    /// @dev A member counts for other roles than before.
    function _count(uint16 before, uint16 roles) private {
        for (uint8 i = 0; i <= uint8(type(MemberRole).max); ++i) {
            bool had = before & (1 << i) != 0;
            bool has = roles & (1 << i) != 0;
            if (has && !had) ++memberCountOf[MemberRole(i)];
            if (had && !has) --memberCountOf[MemberRole(i)];
        }
    }

    function _newAccount(address account) private view returns (Account storage record) {
        if (account == address(0)) revert FederationZeroAccount();
        record = _accounts[account];
        if (record.kind != AccountKind.None) revert FederationAccountExists(account);
    }

    function _admitted(address account) private view returns (Account storage record) {
        record = _accounts[account];
        if (record.kind == AccountKind.None) revert FederationUnknownAccount(account);
        if (record.expelled) revert FederationAccountExpelled(account);
    }

    function _requireNotCouncils(address account, Account storage record) private view {
        if (record.suspendedByCouncil && _isSuspended(record)) revert FederationSuspendedByCouncil(account);
    }

    function _isActive(Account storage record) private view returns (bool active) {
        return record.kind != AccountKind.None && !record.expelled && !_isSuspended(record);
    }

    function _isSuspended(Account storage record) private view returns (bool suspended) {
        return block.timestamp < record.suspendedUntil;
    }

    function _requireRoles(uint16 roles) private pure {
        if (roles == 0 || roles & ~_ALL_ROLES != 0) revert FederationInvalidRoles(roles);
    }
}
