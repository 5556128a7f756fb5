// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a member may be admitted as; a bit position in `Member.roles`.
enum MemberRole {
    Accountant,
    Supplier,
    GridOperator,
    MeteringOperator,
    Manufacturer,
    ServiceProvider,
    DataProvider,
    Regulator,
    Registrar
}

/// @title IFederation
interface IFederation {
    function isActive(address account) external view returns (bool);
    function hasRole(address member, MemberRole role) external view returns (bool);
}
