// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Roles
/// @notice Role ids of the one AccessManager. Who is a member or user, and as what, is Federation's to say;
///         these roles guard administration and the wiring between contracts. FederationAccessManager says which of
///         them a member can use only while it is active.
library Roles {
    /// @notice Admits, suspends and expels members, draws the grid tree. Held by the governor of the members' votes.
    uint64 internal constant COUNCIL = 1;
    /// @notice Issues and redeems credits.
    uint64 internal constant ISSUER = 2;
    /// @notice Sets the market's bounded parameters.
    uint64 internal constant REGULATOR = 3;
    /// @notice From this id on roles are held by contracts, below by members and whoever administers.
    uint64 internal constant FIRST_OF_CONTRACTS = 10;
    /// @notice EnergyMarket, BilateralContracts, Clearing, Disputes: lock and unlock in TradeEscrow.
    uint64 internal constant MARKET = 10;
    /// @notice Settlement: posts and releases in TradeEscrow, bars meters in MeterLedger, books accounting fees.
    uint64 internal constant SETTLEMENT = 11;
    /// @notice BilateralContracts: counts contracts in EnergyMarket's order words.
    uint64 internal constant BILATERAL = 13;
    /// @notice EmergencySuspension: suspends members in Federation for a short time.
    uint64 internal constant EMERGENCY = 14;
    /// @notice From this id on roles are of contracts that come after the hand-over: see IFederationAccessManager.
    uint64 internal constant FIRST_OF_ADDED = 100;
}
