// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {AccountKind, IFederation, MemberRole} from "../interfaces/IFederation.sol";
import {IFederationAccessManager} from "../interfaces/IFederationAccessManager.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title FederationAccessManager
/// @notice OpenZeppelin's AccessManager, which also asks Federation whether the holder of a role may act, and which the
/// deployer hands over to the members' governor.
contract FederationAccessManager is AccessManager, IFederationAccessManager {
    /// @inheritdoc IFederationAccessManager
    IFederation public federation;
    /// @inheritdoc IFederationAccessManager
    address public governor;
    /// @inheritdoc IFederationAccessManager
    mapping(uint64 roleId => uint256 count) public holderCountOf;
    mapping(uint64 roleId => bool isSealed) private _sealed; // of added roles

    /// @notice Nobody but the admin has a role yet.
    /// @param initialAdmin Who has the role ADMIN.
    constructor(address initialAdmin) AccessManager(initialAdmin) {}

    /// @inheritdoc IFederationAccessManager
    function bindFederation(IFederation members) external onlyAuthorized {
        if (address(members) == address(0)) revert FederationAccessManagerZeroFederation();
        if (address(federation) != address(0)) revert FederationAccessManagerBound(address(federation));
        federation = members;
        emit FederationBound(address(members));
    }

    /// @inheritdoc IFederationAccessManager
    function handOver(address newGovernor) external onlyAuthorized {
        if (governor != address(0)) revert FederationAccessManagerHandedOver(governor);
        if (newGovernor.code.length == 0) revert FederationAccessManagerNoContract(newGovernor);
        if (address(federation) == address(0) || federation.memberCount() == 0) {
            revert FederationAccessManagerNoMembers();
        }
        _revokeRole(Roles.COUNCIL, msg.sender);
        _requireHolders(Roles.COUNCIL, 0);
        _requireHolders(ADMIN_ROLE, 1);
        _grantRole(Roles.COUNCIL, newGovernor, 0, 0);
        _grantRole(ADMIN_ROLE, newGovernor, 0, 0);
        _revokeRole(ADMIN_ROLE, msg.sender);
        governor = newGovernor;
        emit HandedOver(newGovernor, msg.sender);
    }

    /// @inheritdoc IFederationAccessManager
    function sealRole(uint64 roleId) external onlyAuthorized {
        if (!_isAdded(roleId)) revert FederationAccessManagerNotAdded(roleId);
        if (_sealed[roleId]) revert FederationAccessManagerSealedRole(roleId);
        _sealed[roleId] = true;
        emit RoleSealed(roleId);
    }

    /// @inheritdoc IFederationAccessManager
    function isRoleSealed(uint64 roleId) external view returns (bool isSealed) {
        return _isSealed(roleId);
    }

    /// @notice Whether an account has a role, and Federation lets it act.
    /// @param roleId The role.
    /// @param account The account.
    /// @return isMember True when it was granted the role and may use it now.
    /// @return executionDelay As OpenZeppelin's; 0 when not.
    function hasRole(
        uint64 roleId,
        address account
    ) public view override returns (bool isMember, uint32 executionDelay) {
        (isMember, executionDelay) = super.hasRole(roleId, account);
        if (isMember && !_mayAct(roleId, account)) return (false, 0);
    }

    // -------------------- not offered

    /// @notice Refused: ADMIN alone is every role's admin.
    function setRoleAdmin(uint64, uint64) public pure override {
        revert FederationAccessManagerNotOffered(msg.sig);
    }

    /// @notice Refused: no role has a guardian.
    function setRoleGuardian(uint64, uint64) public pure override {
        revert FederationAccessManagerNotOffered(msg.sig);
    }

    /// @notice Refused: a grant is in force at once; a delay can be set for 136 years.
    function setGrantDelay(uint64, uint32) public pure override {
        revert FederationAccessManagerNotOffered(msg.sig);
    }

    /// @notice Refused, as delays of grants.
    function setTargetAdminDelay(address, uint32) public pure override {
        revert FederationAccessManagerNotOffered(msg.sig);
    }

    /// @notice Refused: a closed escrow would keep what it holds.
    function setTargetClosed(address, bool) public pure override {
        revert FederationAccessManagerNotOffered(msg.sig);
    }

    /// @notice Refused: another authority could give the escrow away.
    function updateAuthority(address, address) public pure override {
        revert FederationAccessManagerNotOffered(msg.sig);
    }

    // -------------------- what changes roles

    function _grantRole(
        uint64 roleId,
        address account,
        uint32 grantDelay,
        uint32 executionDelay
    ) internal override returns (bool newHolder) {
        if (_isSealed(roleId)) revert FederationAccessManagerSealedRole(roleId);
        // a person's role counts by its standing, an added one always
        if (_isAdded(roleId) && account.code.length == 0) revert FederationAccessManagerNoContract(account);
        newHolder = super._grantRole(roleId, account, grantDelay, executionDelay);
        if (newHolder) ++holderCountOf[roleId];
    }

    function _revokeRole(uint64 roleId, address account) internal override returns (bool held) {
        held = super._revokeRole(roleId, account);
        if (!held) return false;
        if (roleId == ADMIN_ROLE && holderCountOf[roleId] == 1) revert FederationAccessManagerLastAdmin(account);
        if (_isSealed(roleId)) revert FederationAccessManagerSealedRole(roleId);
        --holderCountOf[roleId];
    }

    function _setTargetFunctionRole(address target, bytes4 selector, uint64 roleId) internal override {
        if (_isFixed(roleId) || _isFixed(getTargetFunctionRole(target, selector))) {
            revert FederationAccessManagerSealedFunction(target, selector);
        }
        super._setTargetFunctionRole(target, selector, roleId);
    }

    /// @dev Whether nobody gets or loses the role any more.
    function _isSealed(uint64 roleId) private view returns (bool) {
        return _isFixed(roleId) || (roleId == ADMIN_ROLE && governor != address(0));
    }

    /// @dev Whether the role's functions, too, stay what they are.
    function _isFixed(uint64 roleId) private view returns (bool) {
        if (_isAdded(roleId)) return _sealed[roleId];
        return roleId >= Roles.FIRST_OF_CONTRACTS && governor != address(0);
    }

    function _requireHolders(uint64 roleId, uint256 count) private view {
        uint256 holders = holderCountOf[roleId];
        if (holders != count) revert FederationAccessManagerOtherHolders(roleId, holders - count);
    }

    function _mayAct(uint64 roleId, address account) private view returns (bool) {
        if (roleId == ADMIN_ROLE || roleId >= Roles.FIRST_OF_CONTRACTS) return true;
        IFederation members = federation;
        if (address(members) == address(0)) return false;
        if (roleId == Roles.REGULATOR) return members.hasRole(account, MemberRole.Regulator);
        AccountKind kind = members.accountOf(account).kind;
        if (roleId == Roles.COUNCIL && kind != AccountKind.Member) return true;
        return kind == AccountKind.Member && members.isActive(account);
    }

    /// @dev A role for contracts that come later; not the role that everybody has.
    function _isAdded(uint64 roleId) private pure returns (bool) {
        return roleId >= Roles.FIRST_OF_ADDED && roleId != PUBLIC_ROLE;
    }
}
