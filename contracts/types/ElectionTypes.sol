// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IFederation} from "../interfaces/IFederation.sol";

/// @notice Why the set of validators changed, or a seat became free.
enum SetCause {
    Founding,
    Election,
    Jail,
    Resignation,
    Standing,
    NodeChange
}

/// @notice How turns are judged.
/// @param timeoutSeconds T, the chain's request timeout: round r ends after T x 2^r.
/// @param slackSeconds What a block may be late beyond its rounds before the whole network counts as slow.
/// @param decayBlocks A score loses one point in so many blocks.
/// @param jailSeconds How long a jail lasts at least.
/// @param absenceBlocks Blocks of announced absence that a candidate has in a period.
/// @param absenceEpochs Epochs of such a period.
struct TurnSettings {
    uint16 timeoutSeconds;
    uint16 slackSeconds;
    uint32 decayBlocks;
    uint32 jailSeconds;
    uint32 absenceBlocks;
    uint16 absenceEpochs;
}

/// @notice What an election is deployed with, for ever but `seats`.
/// @param federation Who is admitted, as what, on this chain.
/// @param credit The currency that stake and deposits are in; zero on a chain without: members' equal votes.
/// @param epochBlocks Blocks of an epoch.
/// @param seats Accountants wanted, 4 to 101; COUNCIL changes it.
/// @param turnoutFloorBps Votes below which the set stays, hundredths of a percent of the circulating credits; on a
/// chain without credits, of the members.
/// @param unlockSeconds From the end of a ballot, or of a candidacy, to when its credits can be taken out: at least two
/// epochs of 2-second blocks.
/// @param trustingSeconds The light nodes' trusting period plus the time for evidence; `unlockSeconds` is no less.
/// @param minimumDepositMicro What a candidate leaves, micro-credits; 0 on a chain without credits.
/// @param founderWeight What each founder weighs until founders lapse, in the unit of ballots' shares.
struct ElectionSettings {
    IFederation federation;
    IERC20 credit;
    uint32 epochBlocks;
    uint16 seats;
    uint16 turnoutFloorBps;
    uint32 unlockSeconds;
    uint32 trustingSeconds;
    uint64 minimumDepositMicro;
    uint88 founderWeight;
}

/// @notice An accountant that the chain starts with.
/// @param member Its account.
/// @param node The address of the key that its node seals with.
struct Founder {
    address member;
    address node;
}

/// @notice Who a candidate is, and what it weighs.
/// @param member Its account.
/// @param node The address that its blocks are sealed by.
/// @param depositMicro Its own credits in the election's keeping, micro-credits.
/// @param leftAt When it last resigned, or, having resigned, left its seat, Unix seconds; 0 if never.
/// @param word Its votes and flags; see `candidateWords`.
/// @param countedWeight Votes that count in this epoch, founder's weight included.
struct CandidateInfo {
    address member;
    address node;
    uint64 depositMicro;
    uint256 leftAt;
    uint256 word;
    uint256 countedWeight;
}

/// @notice Whom a ballot names, ascending: see `CandidateLists`.
/// @param first The first 25.
/// @param more The others, at most five.
struct Names {
    uint256 first;
    uint256 more;
}

/// @notice All that is kept of a voter.
/// @param stakeMicro Credits locked, micro-credits.
/// @param unlockAt When stake without a ballot can be taken out, Unix seconds; 0 while a ballot stands, and if none
/// ever stood.
/// @param unlockBlock The first block in which it can, likewise.
/// @param share What each candidate of the ballot gets; 0 without a ballot.
/// @param castEpoch The epoch in which the ballot was cast; it counts from the next one.
/// @param candidates Whom the ballot names, ascending.
/// @param backedRemoval The candidate whose removal the voter backs; 0: none.
struct VoterInfo {
    uint256 stakeMicro;
    uint256 unlockAt;
    uint256 unlockBlock;
    uint256 share;
    uint256 castEpoch;
    uint16[] candidates;
    uint16 backedRemoval;
}
