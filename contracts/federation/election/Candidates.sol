// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IElectionCandidates} from "../../interfaces/IElectionCandidates.sol";
import {IElectionParts} from "../../interfaces/IElectionParts.sol";
import {CandidateWords} from "../../libraries/CandidateWords.sol";
import {ElectionMessages} from "../../libraries/ElectionMessages.sol";
import {NodeWords} from "../../libraries/NodeWords.sol";
import {SetCause} from "../../types/ElectionTypes.sol";
import {Seats} from "./Seats.sol";

/// @title Candidates
/// @notice Who wants a seat: registration, node keys, deposits.
abstract contract Candidates is Seats {
    using CandidateWords for uint256;
    using NodeWords for uint256;

    /// @inheritdoc IElectionCandidates
    function register(address node, bytes calldata signature) external returns (uint16 candidate) {
        candidate = candidateOf[msg.sender];
        if (candidate != 0) revert ElectionAlreadyCandidate(candidate);
        _requireAccountant();
        if (candidateCount == _MOST_CANDIDATES) revert ElectionTooManyCandidates(_MOST_CANDIDATES);
        _requireClaim(node, signature);
        candidate = _newCandidate(msg.sender, node, 0);
        if (_MINIMUM_DEPOSIT != 0) _deposit(candidate, _MINIMUM_DEPOSIT);
    }

    /// @inheritdoc IElectionCandidates
    function stand() external {
        uint16 candidate = _candidate();
        _requireAccountant();
        if (!_words[candidate].value.has(CandidateWords.RESIGNED)) revert ElectionNotResigned(candidate);
        _clearFlags(candidate, CandidateWords.RESIGNED);
        emit CandidateStood(candidate);
    }

    /// @inheritdoc IElectionCandidates
    function changeNode(address node, bytes calldata signature) external {
        uint16 candidate = _candidate();
        _requireAccountant();
        bool seated = _words[candidate].value.has(CandidateWords.SEATED);
        // else a few could spend each epoch's bound on node changes, and no election would ever change the set
        if (seated && _lastElection < epoch()) revert ElectionNotHeld(epoch());
        Conduct storage conduct = _conducts[candidate];
        // + 1, so that the first epoch is told from never
        uint256 stamp = epoch() + 1;
        if (conduct.nodeChangedIn == stamp) revert ElectionNodeChangedThisEpoch(_nextEpochBlock());
        _requireClaim(node, signature);
        conduct.nodeChangedIn = uint32(stamp);
        uint256 oldWord = _nodeWordOfCandidate(candidate);
        uint256 newWord = _rename(candidate, node);
        emit NodeChanged(candidate, node);
        if (seated) _replaceNode(oldWord, newWord);
    }

    /// @inheritdoc IElectionCandidates
    function resign() external {
        uint16 candidate = _candidate();
        uint256 word = _words[candidate].value;
        if (word.has(CandidateWords.RESIGNED)) revert ElectionResigned(candidate);
        _setFlags(candidate, CandidateWords.RESIGNED);
        _conducts[candidate].leftAt = uint48(block.timestamp);
        emit CandidateResigned(candidate);
        if (word.has(CandidateWords.SEATED)) _leaveSeat(candidate, SetCause.Resignation);
    }

    /// @inheritdoc IElectionCandidates
    function addDeposit(uint64 amountMicro) external {
        _requireCredits();
        uint16 candidate = _candidate();
        if (amountMicro == 0) revert ElectionInvalidAmount(0, 0);
        _deposit(candidate, amountMicro);
    }

    /// @inheritdoc IElectionCandidates
    function withdrawDeposit() external {
        _requireCredits();
        uint16 candidate = _candidate();
        uint256 word = _words[candidate].value;
        if (!word.has(CandidateWords.RESIGNED)) revert ElectionNotResigned(candidate);
        uint256 freeAt = _conducts[candidate].leftAt + _UNLOCK_SECONDS;
        uint256 holding = CandidateWords.SEATED | CandidateWords.JAILED | CandidateWords.FROZEN;
        if (word.has(holding) || block.timestamp < freeAt) revert ElectionDepositHeld(candidate, freeAt);
        uint256 amountMicro = _accountants[candidate].depositMicro;
        if (amountMicro == 0) revert ElectionInvalidAmount(0, 0);
        _accountants[candidate].depositMicro = 0;
        emit DepositChanged(candidate, 0);
        SafeERC20.safeTransfer(_CREDIT, msg.sender, amountMicro);
    }

    /// @inheritdoc IElectionParts
    function freeze(uint16 candidate) external {
        _requirePart(address(_court));
        _setFlags(candidate, CandidateWords.FROZEN);
        emit DepositFrozen(candidate);
    }

    /// @inheritdoc IElectionCandidates
    function slash(uint16 candidate, uint64 amountMicro) external restricted {
        _requireFrozen(candidate);
        uint64 depositMicro = _accountants[candidate].depositMicro;
        if (amountMicro == 0 || amountMicro > depositMicro) revert ElectionInvalidAmount(amountMicro, depositMicro);
        _accountants[candidate].depositMicro = depositMicro - amountMicro;
        _clearFlags(candidate, CandidateWords.FROZEN);
        emit DepositChanged(candidate, depositMicro - amountMicro);
        emit Slashed(candidate, amountMicro);
        SafeERC20.safeTransfer(_CREDIT, address(_revenue), amountMicro);
        _revenue.addToPool(amountMicro);
    }

    /// @inheritdoc IElectionCandidates
    function unfreeze(uint16 candidate) external restricted {
        _requireFrozen(candidate);
        _clearFlags(candidate, CandidateWords.FROZEN);
        emit Unfrozen(candidate);
    }

    function _deposit(uint16 candidate, uint64 amountMicro) private {
        uint64 depositMicro = _accountants[candidate].depositMicro + amountMicro;
        _accountants[candidate].depositMicro = depositMicro;
        emit DepositChanged(candidate, depositMicro);
        SafeERC20.safeTransferFrom(_CREDIT, msg.sender, address(this), amountMicro);
    }

    function _requireAccountant() private view {
        if (!_isAccountant(msg.sender)) revert ElectionNotAccountant(msg.sender);
    }

    function _requireFrozen(uint16 candidate) private view {
        if (!_wordOf(candidate).has(CandidateWords.FROZEN)) revert ElectionNotFrozen(candidate);
    }

    function _requireClaim(address node, bytes calldata signature) private view {
        uint256 nodeWord = _nodeWord(node);
        if (node == address(0) || nodeWord != 0) revert ElectionNodeTaken(node, nodeWord.candidateOf());
        (address signer, , ) = ECDSA.tryRecoverCalldata(ElectionMessages.claimDigest(msg.sender, node), signature);
        if (signer != node) revert ElectionWrongNodeSignature(node, signer);
    }
}
