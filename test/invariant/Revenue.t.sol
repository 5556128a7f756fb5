// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CandidateWords} from "../../contracts/libraries/CandidateWords.sol";
import {VoterInfo} from "../../contracts/types/ElectionTypes.sol";
import {ElectionFixture} from "../utils/ElectionFixture.sol";

/// @dev Fees are booked while ballots come and go, seats are left, deposits slashed and everybody claims. Beside it a
/// model that shares out each fee by itself, in 2^-64 of a micro-credit, with no accumulator.
contract RevenueHandler is ElectionFixture {
    using CandidateWords for uint256;

    uint256 public constant MEMBERS = 6;
    uint256 public constant VOTERS = 5;
    uint256 private constant VOTER_BPS = 4_000;

    /// @notice Micro-credits: what was booked or slashed, what was paid into the revenue's accounts, what it paid out.
    uint256 public bookedMicro;
    uint256 public cashMicro;
    uint256 public paidMicro;
    /// @notice How often something was rounded.
    uint256 public roundings;
    /// @notice Claims that paid something, so that the run shows it did something.
    uint256 public payments;

    mapping(address account => uint256 scaled) private _earned; // micro-credits times 2^64; zero address: the pool
    mapping(address account => uint256 amountMicro) private _received;

    constructor() {
        deployElection(4, 4);
        for (uint256 i = 5; i <= MEMBERS; ++i) register(i);
        for (uint256 i = 1; i <= VOTERS; ++i) {
            issue(admitVoter(i), SUPPLY);
            vm.startPrank(voter(i));
            credit.approve(address(votes), SUPPLY);
            votes.lock(uint64((SUPPLY / 20) * i));
            vm.stopPrank();
        }
        for (uint256 i = 1; i <= 4; ++i) leaveDeposit(i);
    }

    // -------------------- what happens

    function book(uint256 who, uint256 fee, uint256 paysBps) external {
        address coinbase = node(1 + (who % (MEMBERS + 1))); // the last is nobody's
        fee = bound(fee, 0, 1e12);
        (uint16 candidate, address earner, uint256 live) = election.bookingOf(coinbase);
        uint256 voters = candidate == 0 ? 0 : (fee * VOTER_BPS) / 10_000;
        _earned[earner] += (fee - voters) << 64;
        if (live == 0) _earned[address(0)] += voters << 64;
        else _share(candidate, voters, live);
        bookedMicro += fee;
        revenue.book(coinbase, uint64(fee));
        _pay((fee * (paysBps % 10_001)) / 10_000); // utilities may be behind
    }

    function catchUp() external {
        _pay(bookedMicro - cashMicro);
    }

    function vote(uint256 who, uint256 picked) external {
        uint256[] memory names = new uint256[](MEMBERS);
        uint256 count;
        for (uint16 i = 1; i <= MEMBERS; ++i) if (picked & (1 << i) != 0) names[count++] = i;
        assembly ("memory-safe") {
            mstore(names, count) // shortens, never lengthens
        }
        vm.prank(_voter(who));
        try votes.vote(names) {
            ++roundings;
        } catch {}
    }

    function unvote(uint256 who) external {
        vm.prank(_voter(who));
        try votes.unvote() {
            ++roundings;
        } catch {}
    }

    function claimVotes(uint256 who) external {
        _claim(_voter(who), true);
    }

    function claim(uint256 who) external {
        uint256 place = who % (MEMBERS + VOTERS);
        _claim(place < MEMBERS ? member(1 + place) : voter(1 + place - MEMBERS), false);
    }

    function assignPool(uint256 who, uint256 amountMicro) external {
        uint64 pool = revenue.dueOf(address(0));
        uint64 given = uint64(bound(amountMicro, 0, pool));
        address account = member(1 + (who % MEMBERS));
        revenue.assignPool(account, given);
        _earned[address(0)] -= uint256(given) << 64;
        _earned[account] += uint256(given) << 64;
    }

    function slash(uint256 who, uint256 amountMicro) external {
        uint16 candidate = uint16(1 + (who % MEMBERS));
        uint256 deposit = election.candidateInfo(candidate).depositMicro;
        if (deposit == 0) return;
        uint64 taken = uint64(bound(amountMicro, 1, deposit));
        vm.prank(address(court));
        election.freeze(candidate);
        election.slash(candidate, taken);
        _earned[address(0)] += uint256(taken) << 64;
        bookedMicro += taken;
        cashMicro += taken;
    }

    function jailOrRelease(uint256 who) external {
        uint16 candidate = uint16(1 + (who % MEMBERS));
        bool jailed = election.wordOf(candidate).has(CandidateWords.JAILED);
        vm.prank(address(court));
        if (jailed) election.release(candidate);
        else election.jail(candidate);
    }

    function expelVoter(uint256 who) external {
        if (who % 8 != 0) return; // seldom: nobody comes back
        address account = _voter(who / 8);
        if (federation.isMember(account)) federation.expel(account);
        try votes.dropBallot(account) {
            ++roundings;
        } catch {}
    }

    function closeEpoch() external {
        nextEpoch();
        elect();
    }

    // -------------------- what must hold

    /// What an account has, has had, and could have at once is what its fees make, rounded down.
    function checkEarnings() external view {
        uint256 all = _checkEarning(address(0));
        for (uint256 i = 1; i <= MEMBERS; ++i) all += _checkEarning(member(i));
        for (uint256 i = 1; i <= VOTERS; ++i) all += _checkEarning(voter(i));
        assertTrue(all <= bookedMicro, "no more than was booked");
        assertTrue(bookedMicro - all <= roundings, "nor much less");
    }

    /// Credits in are credits out, and those that are still there.
    function checkCredits() external view {
        uint256 here = credit.balanceOf(address(revenue)) + escrow.withdrawableOf(address(revenue));
        assertEq(here + paidMicro, cashMicro);
    }

    function _checkEarning(address account) private view returns (uint256 amountMicro) {
        amountMicro = _received[account] + revenue.dueOf(account) + revenue.rewardOf(account);
        uint256 earnedMicro = _earned[account] >> 64;
        assertTrue(amountMicro <= earnedMicro, "nothing twice");
        assertTrue(earnedMicro - amountMicro <= roundings, "nothing lost but by rounding");
    }

    // -------------------- the model

    function _share(uint16 candidate, uint256 amountMicro, uint256 live) private {
        ++roundings;
        for (uint256 i = 1; i <= VOTERS; ++i) {
            VoterInfo memory info = votes.voterInfo(voter(i));
            for (uint256 j = 0; j < info.candidates.length; ++j) {
                if (info.candidates[j] == candidate) _earned[voter(i)] += ((amountMicro << 64) * info.share) / live;
            }
        }
    }

    function _claim(address account, bool withVotes) private {
        uint256 before = credit.balanceOf(account);
        if (withVotes) {
            try revenue.claimVotes(account) {
                ++roundings;
            } catch {}
        } else {
            try revenue.claim(account) {} catch {}
        }
        uint256 got = credit.balanceOf(account) - before;
        _received[account] += got;
        paidMicro += got;
        if (got != 0) ++payments;
    }

    function _pay(uint256 amountMicro) private {
        if (amountMicro == 0) return;
        issue(address(this), amountMicro);
        credit.approve(address(escrow), amountMicro);
        escrow.depositFor(address(revenue), uint64(amountMicro));
        cashMicro += amountMicro;
    }

    function _voter(uint256 who) private pure returns (address) {
        return voter(1 + (who % VOTERS));
    }
}

contract RevenueInvariants is ElectionFixture {
    RevenueHandler private handler;

    function setUp() public {
        handler = new RevenueHandler();
        targetContract(address(handler));
    }

    function invariant_NoRevenueIsEarnedTwice() public view {
        handler.checkEarnings();
    }

    function invariant_RevenuesCreditsInAreCreditsOut() public view {
        handler.checkCredits();
    }

    /// @dev The handler reaches the deep states: else the invariants above would say little.
    function test_TheHandlerBooksSharesAndPays() public {
        for (uint256 i = 0; i < 5; ++i) handler.vote(i, 6 << i);
        handler.book(0, 1_000_003, 10_000);
        handler.book(1, 7_777, 5_000);
        handler.closeEpoch();
        handler.book(2, 999_999, 0);
        handler.unvote(1);
        handler.slash(3, 1_000_000);
        handler.jailOrRelease(2);
        handler.book(6, 50_000, 0);
        handler.claimVotes(0);
        handler.claimVotes(0);
        handler.catchUp();
        for (uint256 i = 0; i < 12; ++i) handler.claim(i);
        for (uint256 i = 0; i < 5; ++i) handler.claimVotes(i);
        handler.checkEarnings();
        handler.checkCredits();
        assertTrue(handler.payments() >= 4);
    }
}
