// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MemberRole} from "../interfaces/IFederation.sol";

/// @title MockFederation
/// @notice For tests: says of each account what the test told it. Answers the questions that other contracts ask.
contract MockFederation {
    /// @notice As IFederation.isActive.
    mapping(address account => bool active) public isActive;
    /// @notice As IFederation.hasRole.
    mapping(address member => mapping(MemberRole role => bool held)) public hasRole;
    /// @notice As IFederation.memberCountOf.
    mapping(MemberRole role => uint256 count) public memberCountOf;

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

    /// @notice Tells whether a member has a role.
    /// @param member The member.
    /// @param role The role.
    /// @param held Whether it has it.
    function setRole(address member, MemberRole role, bool held) public {
        if (held && !hasRole[member][role]) ++memberCountOf[role];
        if (!held && hasRole[member][role]) --memberCountOf[role];
        hasRole[member][role] = held;
    }
}
