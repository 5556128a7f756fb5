// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TurnCourt} from "../federation/TurnCourt.sol";
import {IAccountantElection} from "../interfaces/IAccountantElection.sol";
import {TurnSettings} from "../types/ElectionTypes.sol";

/// @title TurnCourtHarness
/// @notice TurnCourt on a simulated chain, whose headers are no QBFT headers: hashes of blocks are what a test says.
contract TurnCourtHarness is TurnCourt {
    mapping(uint256 number => bytes32 hash) private _hashes;

    /// @notice As TurnCourt.
    /// @param election Whose candidates are judged.
    /// @param turns For ever.
    constructor(IAccountantElection election, TurnSettings memory turns) TurnCourt(election, turns) {}

    /// @notice Says what the hash of a block is.
    /// @param number The block's.
    /// @param hash Its hash.
    function setHash(uint256 number, bytes32 hash) external {
        _hashes[number] = hash;
    }

    function _hashOf(uint256 number) internal view override returns (bytes32 hash) {
        return _hashes[number];
    }
}
