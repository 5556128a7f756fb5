// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {SetChange} from "../../contracts/libraries/SetChange.sol";
import {VoterInfo} from "../../contracts/types/ElectionTypes.sol";
import {ElectionFixture} from "../utils/ElectionFixture.sol";

/// @dev Members and voters do everything, in any order; what does not fit is refused and skipped.
contract AccountantsHandler is ElectionFixture {
    using CandidateWords for uint256;

    uint256 public constant MEMBERS = 12;
    uint256 public constant VOTERS = 6;

    /// @notice Elections held, so that the run shows it did something.
    uint256 public elections;
    /// @notice Epochs in which more than f left or entered but for jail.
    uint256 public broken;

    uint256 private countedEpoch;
    address[] private atStart;
    uint256 private jailedSince;

    constructor() {
        deployElection(7, 7);
        federation.bindObserver(election);
        for (uint256 i = 8; i <= MEMBERS; ++i) register(i);
        for (uint256 i = 1; i <= VOTERS; ++i) {
            issue(admitVoter(i), SUPPLY);
            vm.prank(voter(i));
            credit.approve(address(votes), SUPPLY);
        }
        for (uint256 i = 1; i <= 7; ++i) {
            issue(member(i), DEPOSIT);
            vm.prank(member(i));
            credit.approve(address(election), DEPOSIT);
        }
        atStart = election.getValidators();
        countedEpoch = election.epoch();
    }

    function lock(uint256 who, uint64 amountMicro) external {
        vm.prank(voter(1 + (who % VOTERS)));
        try votes.lock(amountMicro % (SUPPLY / 10)) {} catch {}
    }

    function vote(uint256 who, uint256 picked) external {
        uint256[] memory names = new uint256[](MEMBERS);
        uint256 count;
        for (uint16 i = 1; i <= MEMBERS; ++i) if (picked & (1 << i) != 0) names[count++] = i;
        assembly ("memory-safe") {
            mstore(names, count) // shortens, never lengthens
        }
        vm.prank(voter(1 + (who % VOTERS)));
        try votes.vote(names) {} catch {}
    }

    function unvote(uint256 who) external {
        vm.prank(voter(1 + (who % VOTERS)));
        try votes.unvote() {} catch {}
    }

    function withdrawStake(uint256 who) external {
        vm.prank(voter(1 + (who % VOTERS)));
        try votes.withdrawStake() {} catch {}
    }

    function backRemoval(uint256 who, uint256 candidate) external {
        vm.prank(voter(1 + (who % VOTERS)));
        try votes.backRemoval(uint16(1 + (candidate % MEMBERS))) {} catch {}
    }

    function addDeposit(uint256 who) external {
        vm.prank(member(1 + (who % 7)));
        try election.addDeposit(DEPOSIT) {} catch {}
    }

    function resignOrStand(uint256 who) external {
        address account = member(1 + (who % MEMBERS));
        bool resigned = election.wordOf(election.candidateOf(account)).has(CandidateWords.RESIGNED);
        vm.prank(account);
        if (resigned) try election.stand() {} catch {}
        else try election.resign() {} catch {}
        _count();
    }

    function withdrawDeposit(uint256 who) external {
        vm.prank(member(1 + (who % MEMBERS)));
        try election.withdrawDeposit() {} catch {}
    }

    function suspendOrReinstate(uint256 who) external {
        address account = member(1 + (who % MEMBERS));
        if (federation.isActive(account)) federation.suspend(account, type(uint48).max);
        else federation.reinstate(account);
        _count();
    }

    function changeNode(uint256 who, uint256 fresh) external {
        uint256 number = 1 + (who % MEMBERS);
        uint256 key = 100 + (fresh % 1_000_000);
        bytes memory signature = claimSignature(member(number), node(key), nodeKey(key));
        vm.prank(member(number));
        try election.changeNode(node(key), signature) {} catch {}
        _count();
    }

    function jail(uint256 who) external {
        uint16 candidate = uint16(1 + (who % MEMBERS));
        if (election.wordOf(candidate).has(CandidateWords.JAILED)) {
            vm.prank(address(court));
            election.release(candidate);
            return;
        }
        _count();
        vm.prank(address(court));
        election.jail(candidate);
        // what jail changed is not of the epoch's bound: count on from here
        if (!_same(atStart, election.getValidators())) jailedSince += 1;
    }

    function setSeats(uint256 count) external {
        election.setSeats(uint16(4 + (count % 8)));
    }

    function vacate(uint256 who) external {
        try election.vacate(uint16(1 + (who % MEMBERS))) {} catch {}
        _count();
    }

    function closeEpoch() external {
        nextEpoch();
        _open();
        elect();
        ++elections;
        _count();
    }

    // -------------------- what must hold

    function checkSet() external view {
        assertSetIsValid();
        uint256 seats_;
        for (uint16 i = 1; i <= MEMBERS; ++i) if (seated(i)) ++seats_;
        assertEq(seats_, election.getValidators().length, "one seat a member");
    }

    function checkVotes() external view {
        uint256[] memory sums = new uint256[](MEMBERS + 1);
        uint256 all;
        for (uint256 i = 1; i <= VOTERS; ++i) {
            VoterInfo memory info = votes.voterInfo(voter(i));
            for (uint256 j = 0; j < info.candidates.length; ++j) sums[info.candidates[j]] += info.share;
            all += info.share * info.candidates.length;
            assertTrue(info.share * info.candidates.length <= info.stakeMicro, "no more than its stake");
        }
        for (uint16 i = 1; i <= MEMBERS; ++i) assertEq(election.wordOf(i).live(), sums[i]);
        (, uint256 live) = election.totalWeight();
        assertEq(live, all);
    }

    function checkCredits() external view {
        uint256 stakes;
        for (uint256 i = 1; i <= VOTERS; ++i) stakes += votes.voterInfo(voter(i)).stakeMicro;
        assertEq(credit.balanceOf(address(votes)), stakes);
        uint256 deposits;
        for (uint16 i = 1; i <= MEMBERS; ++i) deposits += election.candidateInfo(i).depositMicro;
        assertEq(credit.balanceOf(address(election)), deposits);
    }

    // -------------------- counting

    function _open() private {
        countedEpoch = election.epoch();
        atStart = election.getValidators();
        jailedSince = 0;
    }

    /// At most f of the epoch's first set have left it, and at most f new ones are there, but for those by jail.
    function _count() private {
        if (election.epoch() != countedEpoch) _open();
        address[] memory present = election.getValidators();
        uint256 left;
        for (uint256 i = 0; i < atStart.length; ++i) if (!_isIn(atStart[i], present)) ++left;
        uint256 entered;
        for (uint256 i = 0; i < present.length; ++i) if (!_isIn(present[i], atStart)) ++entered;
        uint256 bound_ = SetChange.faultBound(atStart.length) + jailedSince;
        if (left > bound_ || entered > bound_) ++broken;
    }

    function _isIn(address who, address[] memory set) private pure returns (bool) {
        for (uint256 i = 0; i < set.length; ++i) if (set[i] == who) return true;
        return false;
    }

    function _same(address[] memory a, address[] memory b) private pure returns (bool) {
        return keccak256(abi.encode(a)) == keccak256(abi.encode(b));
    }
}

contract AccountantsInvariants is ElectionFixture {
    AccountantsHandler private handler;

    function setUp() public {
        handler = new AccountantsHandler();
        targetContract(address(handler));
    }

    function invariant_TheSetIsValid() public view {
        handler.checkSet();
    }

    function invariant_TheSetChangesByTheBound() public view {
        assertEq(handler.broken(), 0);
    }

    function invariant_VotesAreTheSharesOfBallots() public view {
        handler.checkVotes();
    }

    function invariant_StakeAndDepositsAreConserved() public view {
        handler.checkCredits();
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerReachesWhatItShould() public {
        for (uint256 i = 0; i < 6; ++i) {
            handler.lock(i, 90_000_000_000);
            handler.vote(i, 0x1f00);
        }
        for (uint256 i = 0; i < 4; ++i) handler.closeEpoch();
        assertEq(handler.elections(), 4);
        handler.resignOrStand(8);
        handler.suspendOrReinstate(9);
        handler.jail(10);
        handler.backRemoval(1, 11);
        handler.checkSet();
        handler.checkVotes();
        handler.checkCredits();
        assertEq(handler.broken(), 0);
    }
}
