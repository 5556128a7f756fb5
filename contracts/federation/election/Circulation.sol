// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAccountantElection} from "../../interfaces/IAccountantElection.sol";
import {IFederation} from "../../interfaces/IFederation.sol";
import {IVoteBook} from "../../interfaces/IVoteBook.sol";

/// @title Circulation
/// @notice What ballots are measured by: credits that circulate or, where votes are equal, the members.
abstract contract Circulation is IVoteBook {
    /// @dev One word: credits that circulated when an epoch was first touched.
    struct Seen {
        uint112 before; // in the last epoch touched before; 0: none
        uint112 present; // in the last epoch touched
        uint32 stamp; // that epoch + 1
    }

    /// @dev One vote where votes are equal: divisible by 1 to 30, so that shares are exact.
    uint256 internal constant _EQUAL_VOTE = 2_329_089_562_800;

    IFederation internal immutable _FEDERATION;
    IERC20 internal immutable _CREDIT;
    address internal immutable _RESERVE;
    uint256 internal immutable _EPOCH_BLOCKS;

    Seen private _seen; // one word

    constructor(IAccountantElection election, address reserve) {
        _FEDERATION = election.federation();
        _CREDIT = election.credit();
        _RESERVE = reserve;
        _EPOCH_BLOCKS = election.epochBlocks();
    }

    /// @inheritdoc IVoteBook
    function circulating() external returns (uint256 weight) {
        return _hasCredits() ? _touched().present : _FEDERATION.memberCount() * _EQUAL_VOTE;
    }

    /// @dev Credits of the last epoch, or of this one if they are fewer.
    function _leastCirculating() internal returns (uint256 weight) {
        Seen memory seen = _touched();
        return seen.before == 0 ? seen.present : Math.min(seen.before, seen.present);
    }

    function _hasCredits() internal view returns (bool has) {
        return address(_CREDIT) != address(0);
    }

    function _epochOf(uint256 blockNumber) internal view returns (uint256 number) {
        return blockNumber / _EPOCH_BLOCKS;
    }

    /// @dev What circulates, as the epoch's first caller found it.
    function _touched() private returns (Seen memory seen) {
        seen = _seen;
        uint256 stamp = _epochOf(block.number) + 1;
        if (seen.stamp == stamp) return seen;
        uint256 weight = _CREDIT.totalSupply(); // 112 bits would take 2^48 issues of the largest amount
        if (_RESERVE != address(0)) weight -= _CREDIT.balanceOf(_RESERVE);
        seen = Seen({before: seen.present, present: uint112(weight), stamp: uint32(stamp)});
        _seen = seen;
    }
}
