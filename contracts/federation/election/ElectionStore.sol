// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IAccountantElection} from "../../interfaces/IAccountantElection.sol";
import {IAccountingRevenue} from "../../interfaces/IAccountingRevenue.sol";
import {IElectionCandidates} from "../../interfaces/IElectionCandidates.sol";
import {IElectionParts} from "../../interfaces/IElectionParts.sol";
import {IFederation, MemberRole} from "../../interfaces/IFederation.sol";
import {ITurnCourt} from "../../interfaces/ITurnCourt.sol";
import {IVoteBook} from "../../interfaces/IVoteBook.sol";
import {CandidateWords} from "../../libraries/CandidateWords.sol";
import {SetChange} from "../../libraries/SetChange.sol";
import {ElectionSettings, Founder, SetCause} from "../../types/ElectionTypes.sol";
import {ValidatorSet} from "./ValidatorSet.sol";

/// @title ElectionStore
/// @notice Settings and candidates: what all parts of the election share.
abstract contract ElectionStore is ValidatorSet, AccessManaged, IAccountantElection {
    using CandidateWords for uint256;

    /// @dev So that a word is written where it was read, without another check of its number.
    struct Word {
        uint256 value;
    }

    /// @dev One word: who a candidate is.
    struct Accountant {
        address member;
        uint64 depositMicro;
        uint24 nodeNumber;
    }

    /// @dev One word: what is seldom read.
    struct Conduct {
        uint48 leftAt; // Unix seconds
        uint32 nodeChangedIn; // epoch + 1
    }

    uint256 internal constant _MOST_CANDIDATES = 1000;
    uint256 internal constant _BPS = 10_000;
    uint256 private constant _BLOCK_SECONDS = 2;

    IFederation private immutable _FEDERATION;
    IERC20 internal immutable _CREDIT;
    uint256 internal immutable _EPOCH_BLOCKS;
    uint256 internal immutable _UNLOCK_SECONDS;
    uint64 internal immutable _MINIMUM_DEPOSIT;
    uint256 internal immutable _FOUNDER_WEIGHT;
    uint256 internal immutable _FOUNDERS;

    Word[1024] internal _words; // by candidate, from number 1; see CandidateWords
    mapping(uint256 candidate => Accountant who) internal _accountants;
    mapping(uint256 candidate => Conduct conduct) internal _conducts;
    /// @inheritdoc IElectionCandidates
    mapping(address member => uint16 candidate) public candidateOf;
    uint64 internal _lastElection; // one word with the next four
    /// @inheritdoc IElectionCandidates
    uint16 public candidateCount;
    /// @inheritdoc IAccountantElection
    uint16 public seats;
    /// @inheritdoc IAccountantElection
    bool public foundersLapsed;
    IVoteBook internal _votes;
    ITurnCourt internal _court;
    IAccountingRevenue internal _revenue;

    constructor(ElectionSettings memory settings, Founder[] memory founders) {
        if (settings.epochBlocks == 0) revert ElectionInvalidSetting("epochBlocks");
        _requireSeats(settings.seats);
        bool hasCredits = address(settings.credit) != address(0);
        if (!hasCredits && settings.minimumDepositMicro != 0) revert ElectionInvalidSetting("minimumDepositMicro");
        if (settings.turnoutFloorBps > _BPS) revert ElectionInvalidSetting("turnoutFloorBps");
        uint256 twoEpochs = 2 * uint256(settings.epochBlocks) * _BLOCK_SECONDS;
        if (settings.unlockSeconds < twoEpochs || settings.unlockSeconds < settings.trustingSeconds) {
            revert ElectionInvalidSetting("unlockSeconds");
        }
        _FEDERATION = settings.federation;
        _CREDIT = settings.credit;
        _EPOCH_BLOCKS = settings.epochBlocks;
        _UNLOCK_SECONDS = settings.unlockSeconds;
        _MINIMUM_DEPOSIT = settings.minimumDepositMicro;
        _FOUNDER_WEIGHT = settings.founderWeight;
        _FOUNDERS = founders.length;
        seats = settings.seats;
        _lastElection = uint64(block.number / settings.epochBlocks);
        _found(founders);
    }

    /// @inheritdoc IElectionParts
    function bindParts(IVoteBook votes, ITurnCourt court, IAccountingRevenue revenue) external restricted {
        if (address(_votes) != address(0)) revert ElectionPartsBound(address(_votes));
        (_votes, _court, _revenue) = (votes, court, revenue);
        emit PartsBound(address(votes), address(court), address(revenue));
    }

    /// @inheritdoc IElectionCandidates
    function founderWeightOf(address member) external view returns (uint256 weight) {
        uint256 candidate = candidateOf[member];
        return candidate == 0 ? 0 : _founderWeight(_words[candidate].value);
    }

    /// @inheritdoc IElectionCandidates
    function wordOf(uint16 candidate) external view returns (uint256 word) {
        return _wordOf(candidate);
    }

    /// @inheritdoc IElectionCandidates
    function candidateWords() external view returns (uint256[] memory words) {
        words = new uint256[](candidateCount);
        for (uint256 i = 0; i < words.length; ++i) words[i] = _words[i + 1].value;
    }

    /// @inheritdoc IAccountantElection
    function federation() external view returns (IFederation contract_) {
        return _FEDERATION;
    }

    /// @inheritdoc IAccountantElection
    function credit() external view returns (IERC20 token) {
        return _CREDIT;
    }

    /// @inheritdoc IAccountantElection
    function epochBlocks() external view returns (uint256 count) {
        return _EPOCH_BLOCKS;
    }

    /// @inheritdoc IAccountantElection
    function unlockSeconds() external view returns (uint256 duration) {
        return _UNLOCK_SECONDS;
    }

    /// @inheritdoc IElectionCandidates
    function minimumDepositMicro() external view returns (uint64 amountMicro) {
        return _MINIMUM_DEPOSIT;
    }

    /// @inheritdoc IAccountantElection
    function lastElection() external view returns (uint256 number) {
        return _lastElection;
    }

    /// @inheritdoc IAccountantElection
    function epoch() public view returns (uint256 number) {
        return block.number / _EPOCH_BLOCKS;
    }

    /// @dev Makes a member a candidate. The caller knows that it is none, and the node address new.
    function _newCandidate(address member, address node, uint256 flags) internal returns (uint16 candidate) {
        candidate = ++candidateCount;
        _words[candidate].value = CandidateWords.EXISTS | flags;
        _accountants[candidate].member = member;
        candidateOf[member] = candidate;
        _rename(candidate, node);
        emit CandidateRegistered(candidate, member, node);
    }

    /// @dev Gives a candidate a node address that nobody had.
    function _rename(uint256 candidate, address node) internal returns (uint256 nodeWord) {
        nodeWord = _nameNode(node, candidate);
        _accountants[candidate].nodeNumber = uint24(nodeWord);
    }

    function _setFlags(uint256 candidate, uint256 flags) internal {
        _words[candidate].value |= flags;
    }

    function _clearFlags(uint256 candidate, uint256 flags) internal {
        _words[candidate].value &= ~flags;
    }

    function _wordOf(uint256 candidate) internal view returns (uint256 word) {
        if (candidate == 0 || candidate > candidateCount) revert ElectionNotCandidate(candidate);
        return _words[candidate].value;
    }

    function _nodeWordOfCandidate(uint256 candidate) internal view returns (uint256 nodeWord) {
        return _nodeByNumber(_accountants[candidate].nodeNumber);
    }

    /// @dev The caller's candidate number.
    function _candidate() internal view returns (uint16 candidate) {
        candidate = candidateOf[msg.sender];
        if (candidate == 0) revert ElectionNotCandidate(uint160(msg.sender));
    }

    function _isAccountant(address member) internal view returns (bool active) {
        return _FEDERATION.hasRole(member, MemberRole.Accountant);
    }

    /// @dev Weight that a founder has besides its votes.
    function _founderWeight(uint256 word) internal view returns (uint256 weight) {
        return word.has(CandidateWords.FOUNDER) && !foundersLapsed ? _FOUNDER_WEIGHT : 0;
    }

    function _nextEpochBlock() internal view returns (uint256 blockNumber) {
        return (epoch() + 1) * _EPOCH_BLOCKS;
    }

    function _requireCredits() internal view {
        if (address(_CREDIT) == address(0)) revert ElectionWithoutCredits();
    }

    function _requirePart(address part) internal view {
        if (msg.sender != part) revert ElectionNotPart(msg.sender);
    }

    function _requireSeats(uint256 count) internal pure {
        if (count < SetChange.LEAST_SEATS || count > SetChange.MOST_SEATS) revert ElectionInvalidSetting("seats");
    }

    /// @dev The first set: members need not be admitted yet, for on a new chain nobody is.
    function _found(Founder[] memory founders) private {
        if (founders.length < SetChange.LEAST_SEATS || founders.length > SetChange.MOST_SEATS) {
            revert ElectionInvalidSetting("founders");
        }
        uint256[] memory nodeWords = new uint256[](founders.length);
        address below = address(0);
        for (uint256 i = 0; i < founders.length; ++i) {
            (address member, address node) = (founders[i].member, founders[i].node);
            if (member == address(0) || candidateOf[member] != 0 || node <= below) revert ElectionInvalidFounder(i);
            uint16 candidate = _newCandidate(member, node, CandidateWords.FOUNDER | CandidateWords.SEATED);
            nodeWords[i] = _nodeWordOfCandidate(candidate);
            emit SeatTaken(candidate);
            below = node;
        }
        _writeSet(nodeWords, SetCause.Founding);
    }
}
