// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccountantElection} from "../interfaces/IAccountantElection.sol";
import {ITurnCourt} from "../interfaces/ITurnCourt.sol";
import {AccountantSets} from "../libraries/AccountantSets.sol";
import {CandidateWords} from "../libraries/CandidateWords.sol";
import {MissedTurns} from "../libraries/MissedTurns.sol";
import {SetChange} from "../libraries/SetChange.sol";
import {TurnSettings} from "../types/ElectionTypes.sol";
import {QbftHeader} from "./QbftHeader.sol";
import {QbftSeals} from "./QbftSeals.sol";

/// @title TurnCourt
/// @notice Missed turns, double seals, and the jail that both lead to. See ITurnCourt.
contract TurnCourt is ITurnCourt {
    using AccountantSets for address[];
    using CandidateWords for uint256;
    using QbftHeader for bytes;

    /// @dev One word.
    struct Conduct {
        uint8 score; // at that block
        uint64 scoredAt; // block
        uint64 jailedUntil; // Unix seconds
        uint64 sealedTwiceAt; // the last block proven
    }

    /// @dev One word.
    struct Absence {
        uint64 fromBlock;
        uint64 toBlock;
        uint32 period;
        uint64 spentBlocks; // in that period
    }

    /// @dev BLOCKHASH knows no more.
    uint256 private constant _REACH = 256;
    /// @dev From this request timeout on, seconds, two missed turns jail; below it three.
    uint256 private constant _LONG_TIMEOUT = 4;

    IAccountantElection private immutable _ELECTION;
    uint32 private immutable _TIMEOUT_SECONDS;
    uint32 private immutable _SLACK_SECONDS;
    uint256 private immutable _DECAY_BLOCKS;
    uint256 private immutable _JAIL_SECONDS;
    uint256 private immutable _ABSENCE_BLOCKS;
    uint256 private immutable _ABSENCE_EPOCHS;

    mapping(uint256 candidate => Conduct conduct) private _conducts; // slot 0
    mapping(uint256 candidate => Absence absence) private _absences; // slot 1
    mapping(uint256 word => uint256 bits) private _judged; // slot 2: 256 heights a word
    uint64[] private _jailEnds; // slot 3: of every jail, Unix seconds; ascending, as all last equally long

    /// @notice Nothing was judged yet.
    /// @param election Whose candidates are judged.
    /// @param turns For ever.
    constructor(IAccountantElection election, TurnSettings memory turns) {
        if (turns.timeoutSeconds == 0) revert TurnCourtInvalidSetting("timeoutSeconds");
        if (turns.decayBlocks == 0) revert TurnCourtInvalidSetting("decayBlocks");
        if (turns.jailSeconds == 0) revert TurnCourtInvalidSetting("jailSeconds");
        if (turns.absenceEpochs == 0) revert TurnCourtInvalidSetting("absenceEpochs");
        _ELECTION = election;
        _TIMEOUT_SECONDS = turns.timeoutSeconds;
        _SLACK_SECONDS = turns.slackSeconds;
        _DECAY_BLOCKS = turns.decayBlocks;
        _JAIL_SECONDS = turns.jailSeconds;
        _ABSENCE_BLOCKS = turns.absenceBlocks;
        _ABSENCE_EPOCHS = turns.absenceEpochs;
    }

    // -------------------- external

    /// @inheritdoc ITurnCourt
    function announceAbsence(uint64 fromBlock, uint64 toBlock) external {
        uint16 candidate = _candidate();
        Absence storage absence = _absences[candidate];
        if (fromBlock <= block.number || toBlock < fromBlock || _isAbsent(candidate, block.number)) {
            revert TurnCourtInvalidAbsence(fromBlock, toBlock);
        }
        uint256 period = _ELECTION.epoch() / _ABSENCE_EPOCHS;
        uint256 leftBlocks = _ABSENCE_BLOCKS - (absence.period == period ? absence.spentBlocks : 0);
        uint256 blocks = uint256(toBlock) - fromBlock + 1;
        if (blocks > leftBlocks) revert TurnCourtAbsenceSpent(blocks, leftBlocks);
        (absence.fromBlock, absence.toBlock) = (fromBlock, toBlock);
        (absence.period, absence.spentBlocks) = (uint32(period), uint64(_ABSENCE_BLOCKS - leftBlocks + blocks));
        emit AbsenceAnnounced(candidate, fromBlock, toBlock);
    }

    /// @inheritdoc ITurnCourt
    function reportMissed(bytes calldata parentHeader, bytes calldata header) external {
        QbftHeader.Header memory current = header.parse();
        QbftHeader.Header memory parent = parentHeader.parse();
        uint256 number = current.number;
        if (_blockHash(number) != keccak256(header)) revert TurnCourtForeignHeader(number);
        if (current.parentHash != keccak256(parentHeader)) revert TurnCourtForeignHeader(number - 1);
        _judge(number);
        address[] memory set = _ELECTION.validatorsFor(number);
        (, uint256 skipped) = MissedTurns.passedOver(set, parent.coinbase, current.coinbase);
        address[] memory blamed = MissedTurns.blame({
            set: set,
            parent: MissedTurns.Block({coinbase: parent.coinbase, timestamp: parent.timestamp}),
            current: MissedTurns.Block({coinbase: current.coinbase, timestamp: current.timestamp}),
            timing: MissedTurns.Timing({requestTimeout: _TIMEOUT_SECONDS, slack: _SLACK_SECONDS})
        });
        emit TurnsJudged(number, skipped, blamed.length != 0);
        for (uint256 i = 0; i < blamed.length; ++i) _blame(_ELECTION.candidateOfNode(blamed[i]), number);
    }

    /// @inheritdoc ITurnCourt
    function reportDoubleSeal(bytes calldata first, bytes calldata second) external {
        (address node, uint64 number) = QbftSeals.doubleSealer(first, second);
        if (number == 0 || _blockHash(number - 1) != first.parse().parentHash) revert TurnCourtForeignHeader(number);
        (bool seals, ) = _ELECTION.validatorsFor(number).indexOf(node);
        if (!seals) revert TurnCourtForeignNode(node);
        uint16 candidate = _ELECTION.candidateOfNode(node);
        Conduct storage conduct = _conducts[candidate];
        if (number <= conduct.sealedTwiceAt) revert TurnCourtSealsJudged(candidate, conduct.sealedTwiceAt);
        conduct.sealedTwiceAt = number;
        emit DoubleSealProven(candidate, number);
        _ELECTION.freeze(candidate);
        if (!_ELECTION.wordOf(candidate).has(CandidateWords.JAILED)) _jail(candidate);
    }

    /// @inheritdoc ITurnCourt
    function unjail() external {
        uint16 candidate = _candidate();
        if (!_ELECTION.wordOf(candidate).has(CandidateWords.JAILED)) revert TurnCourtNotJailed(candidate);
        uint256 untilSeconds = _conducts[candidate].jailedUntil;
        if (block.timestamp < untilSeconds) revert TurnCourtJailRunning(untilSeconds);
        _ELECTION.release(candidate);
    }

    // -------------------- views

    /// @inheritdoc ITurnCourt
    function turnSettings() external view returns (TurnSettings memory turns) {
        return
            TurnSettings({
                timeoutSeconds: uint16(_TIMEOUT_SECONDS),
                slackSeconds: uint16(_SLACK_SECONDS),
                decayBlocks: uint32(_DECAY_BLOCKS),
                jailSeconds: uint32(_JAIL_SECONDS),
                absenceBlocks: uint32(_ABSENCE_BLOCKS),
                absenceEpochs: uint16(_ABSENCE_EPOCHS)
            }); // each as it was given
    }

    /// @inheritdoc ITurnCourt
    function isJudged(uint256 blockNumber) external view returns (bool judged) {
        return _judged[blockNumber >> 8] & (1 << (blockNumber & 0xff)) != 0;
    }

    /// @inheritdoc ITurnCourt
    function jailedUntil(uint16 candidate) external view returns (uint256 untilSeconds) {
        return _conducts[candidate].jailedUntil;
    }

    /// @inheritdoc ITurnCourt
    function absenceOf(uint16 candidate) external view returns (uint256 fromBlock, uint256 toBlock) {
        Absence storage absence = _absences[candidate];
        return (absence.fromBlock, absence.toBlock);
    }

    /// @inheritdoc ITurnCourt
    function scoreOf(uint16 candidate) public view returns (uint256 score) {
        Conduct storage conduct = _conducts[candidate];
        uint256 decayed = (block.number - conduct.scoredAt) / _DECAY_BLOCKS;
        return conduct.score > decayed ? conduct.score - decayed : 0;
    }

    // -------------------- internal

    /// @dev Another in tests alone: a simulated chain has no QBFT headers.
    function _hashOf(uint256 number) internal view virtual returns (bytes32 hash) {
        return blockhash(number);
    }

    // -------------------- private

    function _judge(uint256 number) private {
        uint256 bit = 1 << (number & 0xff);
        uint256 bits = _judged[number >> 8];
        if (bits & bit != 0) revert TurnCourtHeightJudged(number);
        _judged[number >> 8] = bits | bit;
    }

    /// @dev Whoever left the set, or is in jail, since is blamed no more: it has no seat to lose.
    function _blame(uint16 candidate, uint256 number) private {
        uint256 word = _ELECTION.wordOf(candidate);
        if (!word.has(CandidateWords.SEATED) || word.has(CandidateWords.JAILED)) return;
        uint256 score = scoreOf(candidate);
        if (_isAbsent(candidate, number)) {
            emit TurnMissed({candidate: candidate, blockNumber: number, score: score, excused: true});
            return;
        }
        if (score < type(uint8).max) ++score;
        Conduct storage conduct = _conducts[candidate];
        (conduct.score, conduct.scoredAt) = (uint8(score), uint64(block.number));
        emit TurnMissed({candidate: candidate, blockNumber: number, score: score, excused: false});
        if (score >= (_TIMEOUT_SECONDS >= _LONG_TIMEOUT ? 2 : 3)) _jail(candidate);
    }

    /// @dev Jails, and takes the score to nothing, if fewer than f are within their delay: the f-th last jail is over.
    function _jail(uint16 candidate) private {
        (, , , uint32 size, ) = _ELECTION.setHead();
        uint256 places = SetChange.faultBound(size);
        uint256 jails = _jailEnds.length;
        if (jails >= places && _jailEnds[jails - places] > block.timestamp) {
            emit JailDeferred(candidate);
            return;
        }
        uint64 untilSeconds = uint64(block.timestamp + _JAIL_SECONDS);
        _jailEnds.push(untilSeconds);
        Conduct storage conduct = _conducts[candidate];
        (conduct.jailedUntil, conduct.score) = (untilSeconds, 0);
        emit Jailed(candidate, untilSeconds);
        _ELECTION.jail(candidate);
    }

    function _candidate() private view returns (uint16 candidate) {
        candidate = _ELECTION.candidateOf(msg.sender);
        if (candidate == 0) revert TurnCourtNotCandidate(msg.sender);
    }

    function _isAbsent(uint256 candidate, uint256 blockNumber) private view returns (bool absent) {
        Absence storage absence = _absences[candidate];
        return absence.fromBlock <= blockNumber && blockNumber <= absence.toBlock;
    }

    function _blockHash(uint256 number) private view returns (bytes32 hash) {
        if (number >= block.number || block.number - number > _REACH) revert TurnCourtBlockOutOfReach(number);
        return _hashOf(number);
    }
}
