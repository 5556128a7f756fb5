// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MemberRole} from "../interfaces/IFederation.sol";

/// @title MockFederation
/// @notice For tests: says of each account what the test told it. Answers the questions that other contracts ask.
contract MockFederation {
    /// @notice As IFederation.isActive.
    mapping(address account => bool active) public isActive;
    /// @notice As IFederation.memberCountOf.
    mapping(MemberRole role => uint256 count) public memberCountOf;
    mapping(address member => mapping(MemberRole role => bool held)) private _roles;

    /// @notice Tells whether an account is active.
    /// @param account The account.
    /// @param active Whether it is.
    function setActive(address account, bool active) external {
        isActive[account] = active;
    }

    /// @notice An active member with one role more.
    /// @param member The member.
    /// @param role The role.
    function admit(address member, MemberRole role) external {
        isActive[member] = true;
        setRole(member, role, true);
    }

    /// @notice As IFederation.hasRole.
    /// @param member The account.
    /// @param role The role.
    /// @return held Only while the member is active.
    function hasRole(address member, MemberRole role) external view returns (bool held) {
        return isActive[member] && _roles[member][role];
    }

    /// @notice Tells whether a member has a role.
    /// @param member The member.
    /// @param role The role.
    /// @param held Whether it has it.
    function setRole(address member, MemberRole role, bool held) public {
        if (held && !_roles[member][role]) ++memberCountOf[role];
        if (!held && _roles[member][role]) --memberCountOf[role];
        _roles[member][role] = held;
    }
}
