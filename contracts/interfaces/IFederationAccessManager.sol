// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation} from "./IFederation.sol";

/// @title IFederationAccessManager
/// @notice The chain's one AccessManager: a role that a member holds is worth nothing while Federation does not let it
/// act, and from the hand-over on the members' governor alone administers, and not everything.
/// @dev Each question whether somebody has a role passes here, so no restricted function asks Federation itself.
///
/// | role | held by | counts while the holder is |
/// |---|---|---|
/// | ADMIN | the deployer, after the hand-over the governor | the holder: nobody it may have to remove suspends it |
/// | COUNCIL | an account of the deployer's choice, or the governor | no suspended or expelled member |
/// | REGULATOR | a member | active, with the member role Regulator |
/// | ISSUER, and any other below Roles.FIRST_OF_CONTRACTS | a member | active |
/// | from Roles.FIRST_OF_CONTRACTS on | contracts | the holder |
/// | from Roles.FIRST_OF_ADDED on | contracts that come after the hand-over | the holder |
///
/// As Federation's: what a suspension takes away is gone at once, so from the next block on wherever in its block it
/// was written, and is back when it ends. A registrar admits and expels users: it can take COUNCIL from nobody.
///
/// Of what OpenZeppelin's AccessManager offers, this one refuses always: to take ADMIN from its last holder, other
/// admins or guardians of a role, delays of grants and of targets, closed targets, another authority. After the
/// hand-over it refuses as well to grant or take ADMIN and the contracts' roles, and to change what these may call. So
/// what is left of ADMIN is who holds COUNCIL, ISSUER and REGULATOR, which of these roles a function needs that is no
/// contract's, and added roles.
///
/// Contracts that come later work together by added roles, which contracts alone hold. The governor grants them, and
/// opens to them any function but those of the first contracts' roles: so no new contract reaches the escrow. And
/// `sealRole` makes an added role as fixed as those, also for the governor. A new contract that keeps others' money has
/// all its roles sealed in the proposal that adds them.
interface IFederationAccessManager {
    /// @notice The Federation was named, once and for all.
    /// @param federation The Federation of this chain.
    event FederationBound(address indexed federation);

    /// @notice From here on the members' governor alone administers, for ever.
    /// @param governor Who has ADMIN and COUNCIL now.
    /// @param deployer Who had ADMIN.
    event HandedOver(address indexed governor, address indexed deployer);

    /// @notice An added role is fixed: who holds it and what it may call.
    /// @param roleId The role.
    event RoleSealed(uint64 indexed roleId);

    /// @notice The zero address is no Federation.
    error FederationAccessManagerZeroFederation();

    /// @notice The Federation is named already.
    /// @param federation The Federation of this chain.
    error FederationAccessManagerBound(address federation);

    /// @notice There are no members yet who could vote.
    error FederationAccessManagerNoMembers();

    /// @notice Only a contract can be the members' governor, or hold an added role.
    /// @param account The address given.
    error FederationAccessManagerNoContract(address account);

    /// @notice Somebody besides the caller has a role that the governor is to have alone.
    /// @param roleId ADMIN or COUNCIL.
    /// @param others How many.
    error FederationAccessManagerOtherHolders(uint64 roleId, uint256 others);

    /// @notice The governor administers already, for ever.
    /// @param governor The governor.
    error FederationAccessManagerHandedOver(address governor);

    /// @notice Without an admin nobody could administer any more.
    /// @param admin The last holder of ADMIN.
    error FederationAccessManagerLastAdmin(address admin);

    /// @notice After the hand-over nobody gets or loses this role; an added one from when it was sealed.
    /// @param roleId ADMIN, or a role of contracts.
    error FederationAccessManagerSealedRole(uint64 roleId);

    /// @notice After the hand-over contracts can call what they could, and no one else can; of an added role, from when
    /// it was sealed.
    /// @param target The contract.
    /// @param selector The function.
    error FederationAccessManagerSealedFunction(address target, bytes4 selector);

    /// @notice Only added roles are sealed one by one.
    /// @param roleId Below Roles.FIRST_OF_ADDED, or everybody's.
    error FederationAccessManagerNotAdded(uint64 roleId);

    /// @notice This AccessManager does not do that, whoever asks.
    /// @param selector The function of OpenZeppelin's AccessManager.
    error FederationAccessManagerNotOffered(bytes4 selector);

    /// @notice Names the Federation, which itself needs this contract first. Before, no member's role counts. ADMIN.
    /// @param members The Federation of this chain.
    function bindFederation(IFederation members) external;

    /// @notice Gives ADMIN and COUNCIL to the members' governor and takes them from the caller, for ever. ADMIN, when
    /// there are members and nobody else has either role.
    /// @param newGovernor The governor's contract.
    function handOver(address newGovernor) external;

    /// @notice Fixes an added role for ever: who holds it and what it may call. ADMIN.
    /// @param roleId From Roles.FIRST_OF_ADDED on.
    function sealRole(uint64 roleId) external;

    /// @notice Whether nobody gets or loses a role any more.
    /// @param roleId The role.
    /// @return isSealed Never true before the hand-over but for an added role that was sealed.
    function isRoleSealed(uint64 roleId) external view returns (bool isSealed);

    /// @notice Who is an active member, and as what.
    /// @return members The Federation of this chain; zero until it is bound.
    function federation() external view returns (IFederation members);

    /// @notice Who alone administers.
    /// @return contract_ Zero until the hand-over.
    function governor() external view returns (address contract_);

    /// @notice How many accounts a role was granted to, and not taken from.
    /// @param roleId The role.
    /// @return count The number, those included who may not act at this moment.
    function holderCountOf(uint64 roleId) external view returns (uint256 count);
}
