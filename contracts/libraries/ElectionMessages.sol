// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title ElectionMessages
/// @notice What a node's key signs to belong to a member: EIP-712, for one chain and one contract.
library ElectionMessages {
    bytes32 private constant _DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant _CLAIM_TYPEHASH = keccak256("NodeClaim(address member,address node)");
    bytes32 private constant _NAME = keccak256("Commonwatt AccountantElection");
    bytes32 private constant _VERSION = keccak256("1");

    /// @notice What the node's key signs. Not cached: the contract may stand in a genesis, where no constructor ran.
    /// @param member Whose node it is.
    /// @param node The key's address.
    /// @return digest For this chain and the contract that asks.
    function claimDigest(address member, address node) internal view returns (bytes32 digest) {
        bytes32 domain = keccak256(abi.encode(_DOMAIN_TYPEHASH, _NAME, _VERSION, block.chainid, address(this)));
        bytes32 claim = keccak256(abi.encode(_CLAIM_TYPEHASH, member, node));
        return keccak256(abi.encodePacked(hex"1901", domain, claim));
    }
}
