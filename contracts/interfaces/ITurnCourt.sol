// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TurnSettings} from "../types/ElectionTypes.sol";

/// @title ITurnCourt
/// @notice Judges who missed turns and who sealed twice, from headers that prove themselves, and jails for it.
/// @dev A missed turn is a point of a score that decays; two points (three where the request timeout is below 4 s) are
/// jail. Nobody is blamed for a block that came when the whole network was slow, or starting. At most f of a set are
/// within their jail delay at any time. Jail takes the seat and its revenue, no credits: a double seal freezes the
/// accountant's own deposit, and only the members' vote takes it.
interface ITurnCourt {
    /// @notice A height was judged.
    /// @param blockNumber The block.
    /// @param skipped How many turns failed before it was made.
    /// @param blamed Whether those who missed them were blamed; else the whole network was slow.
    event TurnsJudged(uint256 indexed blockNumber, uint256 skipped, bool blamed);

    /// @notice A candidate missed its turn.
    /// @param candidate The candidate.
    /// @param blockNumber The block.
    /// @param score What it has now; unchanged when the absence was announced.
    /// @param excused The absence was announced.
    event TurnMissed(uint16 indexed candidate, uint256 indexed blockNumber, uint256 score, bool excused);

    /// @notice A candidate will be away; turns that it misses then are excused.
    /// @param candidate The candidate.
    /// @param fromBlock First block.
    /// @param toBlock Last block.
    event AbsenceAnnounced(uint16 indexed candidate, uint256 fromBlock, uint256 toBlock);

    /// @notice A candidate is in jail.
    /// @param candidate The candidate.
    /// @param untilSeconds Unix seconds; it may ask back in from then on.
    event Jailed(uint16 indexed candidate, uint256 untilSeconds);

    /// @notice A candidate would be in jail, but as many are as may be.
    /// @param candidate The candidate.
    event JailDeferred(uint16 indexed candidate);

    /// @notice A candidate's key sealed two blocks at one number and round.
    /// @param candidate The candidate.
    /// @param blockNumber The number.
    event DoubleSealProven(uint16 indexed candidate, uint256 indexed blockNumber);

    /// @notice A setting that the court cannot have.
    /// @param setting Its name.
    error TurnCourtInvalidSetting(bytes32 setting);

    /// @notice The caller is no candidate.
    /// @param account Who tried.
    error TurnCourtNotCandidate(address account);

    /// @notice An absence begins in the future, ends after it begins, and does not begin over a running one.
    /// @param fromBlock As given.
    /// @param toBlock As given.
    error TurnCourtInvalidAbsence(uint256 fromBlock, uint256 toBlock);

    /// @notice More absence than a candidate has in a period.
    /// @param blocks How many were asked for.
    /// @param leftBlocks How many it has left.
    error TurnCourtAbsenceSpent(uint256 blocks, uint256 leftBlocks);

    /// @notice The candidate is not in jail.
    /// @param candidate The candidate.
    error TurnCourtNotJailed(uint16 candidate);

    /// @notice The jail is not over.
    /// @param untilSeconds When it will be, Unix seconds.
    error TurnCourtJailRunning(uint256 untilSeconds);

    /// @notice The chain can say the hash of the last 256 blocks only.
    /// @param blockNumber The block asked for.
    error TurnCourtBlockOutOfReach(uint256 blockNumber);

    /// @notice The header is not that of this chain's block.
    /// @param blockNumber Its number.
    error TurnCourtForeignHeader(uint256 blockNumber);

    /// @notice A height is judged once.
    /// @param blockNumber The block.
    error TurnCourtHeightJudged(uint256 blockNumber);

    /// @notice The key was not in the set for that block: what it signs is no seal.
    /// @param node Its address.
    error TurnCourtForeignNode(address node);

    /// @notice A candidate's double seals are judged in the order of their blocks, each once.
    /// @param candidate The candidate.
    /// @param lastBlock Up to which they were.
    error TurnCourtSealsJudged(uint16 candidate, uint256 lastBlock);

    /// @notice Announces that turns in a range of blocks may be missed.
    /// @param fromBlock First block, in the future.
    /// @param toBlock Last block.
    function announceAbsence(uint64 fromBlock, uint64 toBlock) external;

    /// @notice Judges who missed a turn before a block was made. Anyone, once a height.
    /// @param parentHeader RLP of header N - 1, with round 0 and no seals: what its hash is the hash of.
    /// @param header RLP of header N likewise; N is one of the last 256 blocks.
    function reportMissed(bytes calldata parentHeader, bytes calldata header) external;

    /// @notice Proves that one key sealed two blocks of one parent, number and round: jails its accountant and freezes
    /// its deposit, until the members' vote. Anyone.
    /// @param first RLP of a header with its round and one seal, the accused's.
    /// @param second RLP of the other header likewise.
    function reportDoubleSeal(bytes calldata first, bytes calldata second) external;

    /// @notice Asks to be a candidate again after jail.
    function unjail() external;

    /// @notice How turns are judged: the request timeout T, the slack, decay, jail and absences.
    /// @return turns For ever.
    function turnSettings() external view returns (TurnSettings memory turns);

    /// @notice Whether a height was judged.
    /// @param blockNumber The block.
    /// @return judged True after `reportMissed`.
    function isJudged(uint256 blockNumber) external view returns (bool judged);

    /// @notice What a candidate's score is now.
    /// @param candidate The candidate.
    /// @return score Missed turns less those that decayed.
    function scoreOf(uint16 candidate) external view returns (uint256 score);

    /// @notice When a candidate may ask back in.
    /// @param candidate The candidate.
    /// @return untilSeconds Unix seconds; 0 if never jailed.
    function jailedUntil(uint16 candidate) external view returns (uint256 untilSeconds);

    /// @notice The absence that a candidate announced last.
    /// @param candidate The candidate.
    /// @return fromBlock First block.
    /// @return toBlock Last block; 0 if none was announced.
    function absenceOf(uint16 candidate) external view returns (uint256 fromBlock, uint256 toBlock);
}
