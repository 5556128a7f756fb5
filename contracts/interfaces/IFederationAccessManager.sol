// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IFederation} from "./IFederation.sol";

/// @title IFederationAccessManager
/// @notice The chain's one AccessManager: a role that a member holds is worth nothing while Federation does not let it
/// act.
/// @dev Each question whether somebody has a role passes here, so no restricted function asks Federation itself.
///
/// | role | held by | counts while the holder is |
/// |---|---|---|
/// | ADMIN | the deployer, until the members' governor | the holder: nobody whom it may have to remove can suspend it |
/// | COUNCIL | a governor, which is no member, or a member | no suspended or expelled member |
/// | REGULATOR | a member | active, with the member role Regulator |
/// | ISSUER, and any other below Roles.FIRST_OF_CONTRACTS | a member | active |
/// | from Roles.FIRST_OF_CONTRACTS on | contracts of the market | the holder |
///
/// As Federation's: what a suspension takes away is gone at once, so from the next block on wherever in its block it
/// was written, and is back when it ends. A registrar admits and expels users: it can take COUNCIL from nobody.
interface IFederationAccessManager {
    /// @notice The Federation was named, once and for all.
    /// @param federation The Federation of this chain.
    event FederationBound(address indexed federation);

    /// @notice The zero address is no Federation.
    error FederationAccessManagerZeroFederation();

    /// @notice The Federation is named already.
    /// @param federation The Federation of this chain.
    error FederationAccessManagerBound(address federation);

    /// @notice Names the Federation, which itself needs this contract first. Before, no member's role counts. ADMIN.
    /// @param members The Federation of this chain.
    function bindFederation(IFederation members) external;

    /// @notice Who is an active member, and as what.
    /// @return members The Federation of this chain; zero until it is bound.
    function federation() external view returns (IFederation members);
}
