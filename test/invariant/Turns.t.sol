// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {SetChange} from "../../contracts/libraries/SetChange.sol";
import {TurnFixture} from "../utils/TurnFixture.sol";

/// @dev Accountants miss turns and seal twice, in any pattern, while seats are left and given. What must hold after a
/// report is checked in the step.
contract TurnsHandler is TurnFixture {
    using CandidateWords for uint256;

    uint256 public constant MEMBERS = 14;
    bytes32 private constant GRANDPARENT = keccak256("what block N - 1 stands on");

    /// @notice Reports after which more than f of the set were within their delay, one of them newly.
    uint256 public overfull;
    /// @notice Accountants whose score rose, or who were jailed, and who had not been passed over.
    uint256 public wronglyBlamed;
    /// @notice Jails, so that the run shows it did something.
    uint256 public jails;

    // before a report
    mapping(uint256 candidate => uint256 score) private _scores;
    mapping(uint256 candidate => uint256 untilSeconds) private _jailedUntil;
    mapping(uint256 candidate => bool passed) private _passed;

    constructor() {
        deployElection(10, 10);
        for (uint256 i = 11; i <= MEMBERS; ++i) register(i);
        for (uint256 i = 1; i <= 10; ++i) leaveDeposit(i);
        for (uint16 i = 1; i <= MEMBERS; ++i) voteFor(i, SUPPLY / 20 + i, i);
        vm.roll(START + 2); // the founding set seals from START + 1 on
    }

    /// Block after block: `passed` are passed over after the parent of the one at `place`.
    function report(uint256 place, uint256 passed, uint256 lateSeconds) external {
        vm.roll(block.number + 1);
        uint256 number = block.number - 1;
        address[] memory set = election.validatorsFor(number);
        uint256 n = set.length;
        passed = bound(passed, 0, n);
        _note();
        for (uint256 i = 0; i < passed; ++i) _passed[election.candidateOfNode(set[((place % n) + 1 + i) % n])] = true;
        uint256 gap = 2 + 4 * ((1 << passed) - 1) + (lateSeconds % 4); // up to 2 s of slack are forgiven
        bytes memory parent = headerOf(GRANDPARENT, set[place % n], number - 1, block.timestamp, hex"");
        address maker = set[((place % n) + 1 + passed) % n];
        bytes memory header = headerOf(keccak256(parent), maker, number, block.timestamp + gap, hex"");
        vm.setBlockhash(number, keccak256(header));
        uint256 before = _within();
        n = election.getValidators().length; // the bound is the present set's: it may have grown since the block
        court.reportMissed(parent, header);
        _check(before, n);
    }

    function sealTwice(uint256 who) external {
        vm.roll(block.number + 1);
        uint256 number = 1 + (who % MEMBERS);
        _note();
        _passed[numberOf(number)] = true;
        (bytes memory first, bytes memory second) = doubleSeal(number, block.number - 1);
        uint256 before = _within();
        uint256 n = election.getValidators().length;
        try court.reportDoubleSeal(first, second) {} catch {}
        _check(before, n);
    }

    function askBack(uint256 who) external {
        vm.prank(member(1 + (who % MEMBERS)));
        try court.unjail() {} catch {}
    }

    function resignOrStand(uint256 who) external {
        address account = member(1 + (who % MEMBERS));
        bool resigned = election.wordOf(election.candidateOf(account)).has(CandidateWords.RESIGNED);
        vm.prank(account);
        if (resigned) election.stand();
        else election.resign();
    }

    function wait_(uint256 seconds_) external {
        skip(seconds_ % 2_000);
    }

    function closeEpoch() external {
        nextEpoch();
        elect();
    }

    function _note() private {
        for (uint16 i = 1; i <= MEMBERS; ++i) {
            (_scores[i], _jailedUntil[i], _passed[i]) = (court.scoreOf(i), court.jailedUntil(i), false);
        }
    }

    /// Candidates within their jail delay.
    function _within() private view returns (uint256 count) {
        for (uint16 i = 1; i <= MEMBERS; ++i) if (court.jailedUntil(i) > block.timestamp) ++count;
    }

    function _check(uint256 before, uint256 size) private {
        uint256 within = _within();
        if (within > before) {
            jails += within - before;
            if (within > SetChange.faultBound(size)) ++overfull;
        }
        for (uint16 i = 1; i <= MEMBERS; ++i) {
            bool blamed = court.scoreOf(i) > _scores[i] || court.jailedUntil(i) > _jailedUntil[i];
            if (blamed && !_passed[i]) ++wronglyBlamed;
        }
    }
}

contract TurnsInvariants is TurnFixture {
    TurnsHandler private handler;

    function setUp() public {
        handler = new TurnsHandler();
        targetContract(address(handler));
    }

    function invariant_AtMostFAreWithinTheirJailDelay() public view {
        assertEq(handler.overfull(), 0);
    }

    function invariant_NobodyIsBlamedWhoWasNotPassedOver() public view {
        assertEq(handler.wronglyBlamed(), 0);
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerJailsAndFillsThePlaces() public {
        for (uint256 i = 0; i < 40; ++i) handler.report(i * 3, 1 + (i % 3), i % 3);
        handler.sealTwice(4);
        handler.closeEpoch();
        assertEq(handler.jails(), 2, "f of the nine that are left after the first");
        assertEq(handler.overfull() + handler.wronglyBlamed(), 0);
    }
}
