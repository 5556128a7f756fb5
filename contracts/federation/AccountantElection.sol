// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IElectionCandidates} from "../interfaces/IElectionCandidates.sol";
import {IElectionParts} from "../interfaces/IElectionParts.sol";
import {CandidateWords} from "../libraries/CandidateWords.sol";
import {NodeWords} from "../libraries/NodeWords.sol";
import {CandidateInfo, ElectionSettings, Founder} from "../types/ElectionTypes.sol";
import {Elections} from "./election/Elections.sol";
import {ElectionStore} from "./election/ElectionStore.sol";
import {ValidatorSet} from "./election/ValidatorSet.sol";

/// @title AccountantElection
/// @notice Who produces the chain's blocks: Besu's QBFT asks it after each block. See IAccountantElection.
/// @dev Its parts, one job each: ValidatorSet (slots 0 to 5), ElectionStore, Shares, Seats, Candidates, Elections. It
/// may stand in a genesis: its code has the settings, its storage the founders.
contract AccountantElection is ValidatorSet, Elections {
    using CandidateWords for uint256;
    using NodeWords for uint256;

    /// @notice Founds the chain's set.
    /// @param initialAuthority The AccessManager that says who has the roles COUNCIL and ISSUER.
    /// @param settings For ever but `seats`.
    /// @param founders The first set, 4 to 101, ascending by node address; members may be admitted later.
    constructor(
        address initialAuthority,
        ElectionSettings memory settings,
        Founder[] memory founders
    ) AccessManaged(initialAuthority) ElectionStore(settings, founders) Elections(settings) {}

    /// @inheritdoc IElectionCandidates
    function candidateInfo(uint16 candidate) external view returns (CandidateInfo memory info) {
        uint256 word = _wordOf(candidate);
        Accountant storage who = _accountants[candidate];
        (info.member, info.depositMicro, info.word) = (who.member, who.depositMicro, word);
        info.node = _nodeByNumber(who.nodeNumber).nodeOf();
        info.leftAt = _conducts[candidate].leftAt;
        info.countedWeight = word.counted(epoch()) + _founderWeight(word);
    }

    /// @inheritdoc IElectionCandidates
    function candidateOfNode(address node) external view returns (uint16 candidate) {
        return _nodeWord(node).candidateOf();
    }

    /// @inheritdoc IElectionParts
    function bookingOf(address coinbase) external view returns (uint16 candidate, address member, uint256 liveWeight) {
        candidate = _nodeWord(coinbase).candidateOf();
        if (candidate == 0) return (0, address(0), 0);
        uint256 word = _words[candidate].value;
        uint256 barring = CandidateWords.KEPT | CandidateWords.JAILED | CandidateWords.RESIGNED;
        if (!word.has(CandidateWords.SEATED) || word.has(barring)) return (0, address(0), 0);
        return (candidate, _accountants[candidate].member, word.live());
    }
}
