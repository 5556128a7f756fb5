// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {AccountKind, IFederation, MemberRole} from "../interfaces/IFederation.sol";
import {IFederationAccessManager} from "../interfaces/IFederationAccessManager.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title FederationAccessManager
/// @notice OpenZeppelin's AccessManager, which also asks Federation whether the holder of a role may act.
contract FederationAccessManager is AccessManager, IFederationAccessManager {
    /// @inheritdoc IFederationAccessManager
    IFederation public federation;

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

    function _mayAct(uint64 roleId, address account) private view returns (bool) {
        if (roleId == ADMIN_ROLE || roleId >= Roles.FIRST_OF_CONTRACTS) return true;
        IFederation members = federation;
        if (address(members) == address(0)) return false;
        if (roleId == Roles.REGULATOR) return members.hasRole(account, MemberRole.Regulator);
        AccountKind kind = members.accountOf(account).kind;
        if (roleId == Roles.COUNCIL && kind != AccountKind.Member) return true;
        return kind == AccountKind.Member && members.isActive(account);
    }
}
