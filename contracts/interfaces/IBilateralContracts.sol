// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BilateralContract, SignedBilateral} from "../types/OrderTypes.sol";

/// @title IBilateralContracts
/// @notice Energy between two named meters at a price of their own. Accepted before the gate of every slot closes,
///         fully locked at once, then delivered and settled as a trade of the market. Cannot be cancelled once
///         accepted.
/// @dev Energy in Wh, prices in micro-credits per kWh, locks in micro-credits.
interface IBilateralContracts {
    /// @notice A contract was accepted.
    /// @param city The tree in which both meters stand.
    /// @param digest Its EIP-712 digest.
    /// @param entries Packed entries, four words per slot with energy (Records.sol), in the order of the slots.
    event BilateralAccepted(uint24 indexed city, bytes32 indexed digest, bytes32[] entries);

    /// @notice A party will not stand by contracts with this nonce that are not accepted yet.
    /// @param account The party.
    /// @param nonce The nonce.
    event BilateralRevoked(address indexed account, uint64 indexed nonce);

    /// @notice The profile is empty or too long, or the first or last slot has no energy.
    error BilateralContractsBadProfile();

    /// @notice A meter cannot trade with itself.
    /// @param meter The meter.
    error BilateralContractsSameMeter(uint32 meter);

    /// @notice The contract came too late.
    /// @param acceptDeadline The last second in which it could have been accepted.
    error BilateralContractsExpired(uint64 acceptDeadline);

    /// @notice The contract was accepted before.
    /// @param digest Its EIP-712 digest.
    error BilateralContractsAcceptedBefore(bytes32 digest);

    /// @notice A party revoked the nonce, or revoked it before.
    /// @param account The party.
    /// @param nonce The nonce.
    error BilateralContractsNonceRevoked(address account, uint64 nonce);

    /// @notice The meters stand in two city trees; no trade leaves its tree.
    /// @param buyCity City of the buyer's meter.
    /// @param sellCity City of the seller's meter.
    error BilateralContractsTwoCities(uint24 buyCity, uint24 sellCity);

    /// @notice An edge of the path has a capacity; the books share it out.
    /// @param area The area below the edge.
    /// @param slot The slot.
    error BilateralContractsEdgeLimited(uint24 area, uint32 slot);

    /// @notice The price would not pay the seller's fees.
    /// @param slot The slot.
    /// @param price The price.
    /// @param sellerFees Fees of the seller's edges.
    error BilateralContractsPriceBelowFees(uint32 slot, uint32 price, uint32 sellerFees);

    /// @notice The tree has its most contracts of the slot.
    /// @param city The tree.
    /// @param slot The slot.
    /// @param bound How many fit.
    error BilateralContractsBookFull(uint24 city, uint32 slot, uint256 bound);

    /// @notice The sellers of a feeder have their share of the tree's contracts of the slot.
    /// @param feeder The seller's feeder.
    /// @param slot The slot.
    /// @param share How many it has.
    error BilateralContractsFeederFull(uint24 feeder, uint32 slot, uint256 share);

    /// @notice Takes a contract that both parties signed, and locks both. Anyone may bring it.
    /// @param signed The contract and both signatures.
    function accept(SignedBilateral calldata signed) external;

    /// @notice Withdraws the caller's consent to every contract with the nonce that is not accepted yet.
    /// @param nonce The nonce.
    function revoke(uint64 nonce) external;

    /// @notice The accepted contracts of a city tree and slot.
    /// @param city The city.
    /// @param slot The slot.
    /// @return entriesHash Hash chain over their entries; 0 = none.
    /// @return entryCount How many.
    function bookOf(uint24 city, uint32 slot) external view returns (bytes32 entriesHash, uint32 entryCount);

    /// @notice Whether a contract was accepted.
    /// @param digest Its EIP-712 digest.
    /// @return accepted True for ever once it was.
    function isAccepted(bytes32 digest) external view returns (bool accepted);

    /// @notice Whether a party revoked a nonce.
    /// @param account The party.
    /// @param nonce The nonce.
    /// @return revoked True for ever once it did.
    function isRevoked(address account, uint64 nonce) external view returns (bool revoked);

    /// @notice What both parties sign.
    /// @param terms The contract.
    /// @return digest Its EIP-712 digest.
    function digestOf(BilateralContract calldata terms) external view returns (bytes32 digest);
}
